"""Journeys: the impressions, clicks and visits of prospects, and the visits in which orders are placed.

Ids are made of the prospect's or the order's position, so that batches know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import Bools, Ints
from shophouse.demo.world.clock import Floats
from shophouse.demo.world.people import BY_THEMSELVES
from shophouse.demo.world.sales import STORE, Sales, World
from shophouse.demo.world.settings import CHUNK, JOURNEYS, Settings
from shophouse.demo.world.truths import PLATFORM_WINDOW_DAYS, UNPAID

IMPRESSION, CLICK = range(2)
STEPS = ("page_viewed", "product_viewed", "product_added_to_cart", "checkout_started", "checkout_completed")
_STEP_SECONDS: Ints = np.array([0, 25, 90, 160, 240], dtype=np.int64)
_SLOTS = 32


@dataclass(frozen=True)
class Visits:
    """Sessions: `origin` is a channel's position, or after those of the channels the position in UNPAID. `steps` of the
    funnel were taken; `order` is the position of the order placed, or −1; `account` −1 where nobody logged in."""

    session: Ints
    visitor: Ints
    at: Ints
    origin: Ints
    market: Ints
    account: Ints
    product: Ints
    steps: Ints
    order: Ints
    value: Ints


@dataclass(frozen=True)
class Touches:
    """Impressions, and clicks after which no page was seen."""

    touch: Ints
    visitor: Ints
    at: Ints
    channel: Ints
    kind: Ints


class Claims:
    """By channel and day (UTC): what the platforms report."""

    def __init__(self, settings: Settings, channels: int) -> None:
        self.settings = settings
        self._lock = Lock()
        shape = (channels, settings.span)
        self.impressions = np.zeros(shape, dtype=np.int64)
        self.clicks = np.zeros(shape, dtype=np.int64)
        self.conversions = np.zeros(shape, dtype=np.int64)
        self.revenue = np.zeros(shape, dtype=np.int64)

    def day(self, at: Ints) -> Ints:
        return np.clip((at - self.settings.start) // DAY, 0, self.settings.span - 1)

    def count(self, what: npt.NDArray[np.int64], channel: Any, at: Ints, amount: Any = 1) -> None:
        with self._lock:
            np.add.at(what, (channel, self.day(at)), amount)


def batches(world: World) -> int:
    """Of prospects."""
    return -(-len(world.crowd.prospects.person) // CHUNK)


def of_prospects(world: World, number: int, values: Ints, claims: Claims) -> tuple[Visits, Touches]:
    """What led to the first orders, or to nothing. `values` are those of the persons' first orders, in cents of a
    dollar."""
    prospects, truths = world.crowd.prospects, world.truths
    rng = world.settings.rng(JOURNEYS, 2 * number)
    which = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(prospects.person)))
    ended, exposed, causes = prospects.ended[which], prospects.exposed[which], prospects.causes[which]
    person = prospects.person[which]
    slot = np.zeros(len(which), dtype=np.int64)
    seen: list[tuple[Ints, Ints, Ints, Ints]] = []
    came: list[tuple[Ints, Ints, Ints]] = []
    for number_, channel in enumerate(truths.channels):
        reached = np.flatnonzero((exposed >> number_) & 1)
        moved = ((causes[reached] >> (number_ + 1)) & 1) == 1
        newest = np.full(len(which), -1, dtype=np.int64)
        if channel.impressions:
            times = 1 + rng.poisson(channel.impressions - 1, len(reached))
            shown = np.repeat(reached, times)
            at = ended[shown] - 60 - _before(rng, len(shown))
            seen.append((shown, at, np.full(len(shown), number_), np.zeros(len(shown), dtype=np.int64)))
            claims.count(claims.impressions, number_, at)
            np.maximum.at(newest, shown, at)
        clicked = reached[rng.random(len(reached)) < np.where(moved, 0.85, 0.45)]
        at = ended[clicked] - 60 - _before(rng, len(clicked))
        claims.count(claims.clicks, number_, at)
        np.maximum.at(newest, clicked, at)
        lost = rng.random(len(clicked)) < 0.08
        seen.append((clicked[lost], at[lost], np.full(int(lost.sum()), number_), np.ones(int(lost.sum()), np.int64)))
        came.append((clicked[~lost], at[~lost], np.full(int((~lost).sum()), number_)))
        if channel.platform:
            claimed = (person >= 0) & (newest >= 0) & (ended - newest <= PLATFORM_WINDOW_DAYS * DAY)
            claims.count(claims.conversions, number_, ended[claimed])
            claims.count(claims.revenue, number_, ended[claimed], values[person[claimed]])
    by_themselves = rng.poisson(np.where(causes & BY_THEMSELVES, 1.0, 0.35))
    alone = np.repeat(np.arange(len(which)), by_themselves)
    origin = len(truths.channels) + _unpaid(rng, len(alone))
    came.append((alone, ended[alone] - 60 - _before(rng, len(alone)), origin))

    row, at, origin = (np.concatenate(column) for column in zip(*came, strict=True))
    slot = _slots(row, len(which))
    touched, touched_at, channel_, kind = (np.concatenate(column) for column in zip(*seen, strict=True))
    visits = Visits(
        session=(which[row] * _SLOTS + slot) * 2,
        visitor=_visitor(rng, which[row]),
        at=at,
        origin=origin,
        market=prospects.market[which[row]].astype(np.int64),
        account=np.full(len(row), -1, dtype=np.int64),
        product=rng.integers(0, world.goods.catalogue.early, len(row)),
        steps=1 + np.searchsorted(np.array([0.4, 0.8, 0.94]), rng.random(len(row))),
        order=np.full(len(row), -1, dtype=np.int64),
        value=np.zeros(len(row), dtype=np.int64),
    )
    touches = Touches(
        touch=which[touched] * _SLOTS * 2 + _slots(touched, len(which)),
        visitor=_visitor(rng, which[touched]),
        at=touched_at,
        channel=channel_,
        kind=kind,
    )
    return visits, touches


def of_orders(world: World, batch: Sales, number: int, claims: Claims) -> Visits:
    """The visits in which the orders of a batch were placed, by web or app."""
    crowd, truths = world.crowd, world.truths
    rng = world.settings.rng(JOURNEYS, 2 * number + 1)
    which = np.flatnonzero(batch.channel < STORE)
    person, at = batch.person[which], batch.placed.at[which]
    channels = len(truths.channels)
    cause = _one_cause(rng, crowd.prospects.causes[crowd.prospect[person]], channels)
    again = np.cumsum([channel.again for channel in truths.channels])
    later = np.searchsorted(again, rng.random(len(which)), side="right")
    origin = np.where(batch.placed.is_first[which], np.where(rng.random(len(which)) < 0.7, cause, channels), later)
    origin = np.where(origin < channels, origin, channels + _unpaid(rng, len(which)))
    pays = np.array([channel.platform is not None for channel in truths.channels] + [False] * len(UNPAID))
    claimed = pays[origin] & ~batch.placed.is_first[which]
    claims.count(claims.clicks, origin[claimed], at[claimed])
    claims.count(claims.conversions, origin[claimed], at[claimed])
    claims.count(claims.revenue, origin[claimed], at[claimed], batch.value[which][claimed])
    user = batch.placed.user[which]
    guest = crowd.is_guest[np.maximum(user, 0)] | (user < 0)
    return Visits(
        session=batch.placed.index[which] * 2 + 1,
        visitor=_visitor(rng, crowd.prospect[person]),
        at=at - _STEP_SECONDS[-1],
        origin=origin,
        market=batch.market[which],
        account=np.where(guest, -1, user),
        product=batch.product[np.flatnonzero(np.diff(batch.order, prepend=-1))][which],
        steps=np.full(len(which), len(STEPS)),
        order=which,
        value=batch.total[which],
    )


def events(visits: Visits) -> tuple[Ints, Ints, Ints]:
    """Each event's visit (a position), step and time."""
    row = np.repeat(np.arange(len(visits.at)), visits.steps)
    first = np.cumsum(visits.steps) - visits.steps
    step = np.arange(len(row)) - first[row]
    return row, step, visits.at[row] + _STEP_SECONDS[step]


def _before(rng: np.random.Generator, size: int) -> Ints:
    """Seconds before the end of a journey: most within days."""
    waited: Ints = np.minimum(rng.exponential(4.0 * DAY, size), 20.0 * DAY).astype(np.int64)
    return waited


def _visitor(rng: np.random.Generator, prospect: Ints) -> Ints:
    """A prospect's first device, or now and then the second one."""
    other: Bools = rng.random(len(prospect)) < 0.15
    return prospect * 2 + other


def _unpaid(rng: np.random.Generator, size: int) -> Ints:
    shares: Floats = np.cumsum([share for *_, share in UNPAID])
    return np.searchsorted(shares[:-1], rng.random(size), side="right")


def _one_cause(rng: np.random.Generator, causes: npt.NDArray[np.uint8], channels: int) -> Ints:
    """One of the channels that caused the first order; `channels` where none did."""
    chosen = np.full(len(causes), channels, dtype=np.int64)
    for number in rng.permutation(channels).tolist():
        chosen[(causes >> (number + 1)) & 1 == 1] = number
    return chosen


def _slots(row: Ints, size: int) -> Ints:
    """A number of its own for each occurrence of a row, from 0."""
    sort = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=size)
    first = np.cumsum(counts) - counts
    slot = np.empty(len(row), dtype=np.int64)
    slot[sort] = np.arange(len(row)) - first[row[sort]]
    return slot
