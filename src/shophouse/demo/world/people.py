"""Who hears of the shop, who of them buys, and when; and the accounts that they have.

A prospect's journey ends in a first order or in nothing. Each channel that touches a prospect may be the cause, and
some come by themselves. Of each prospect who is held out, one paid channel knows nothing. A first order makes a person,
who then buys by BG/NBD whatever the channels do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import NEVER, Bools, Ints
from shophouse.demo.world.clock import Clock, Floats
from shophouse.demo.world.places import Places
from shophouse.demo.world.settings import PEOPLE, Settings
from shophouse.demo.world.truths import Truths

MAIN, GUEST, SECOND = range(3)
BY_THEMSELVES = 1
"""The bit of `causes` for those who came by themselves; that of channel n is 2 << n."""


@dataclass(frozen=True)
class Prospects:
    """Arrays by prospect, in no order of time. `exposed` and `causes` are bits by channel; `held_out` is a channel or
    −1; `person` is −1 for those who never bought; `ended` is when the journey was over, in seconds."""

    market: npt.NDArray[np.int8]
    exposed: npt.NDArray[np.uint8]
    causes: npt.NDArray[np.uint8]
    held_out: npt.NDArray[np.int8]
    person: Ints
    even: Floats
    ended: Ints


@dataclass(frozen=True)
class Crowd:
    """Everybody who bought (the first `buyers` persons) or only has an account; their accounts, sorted by creation; and
    all orders up to the horizon, sorted by time.

    `account` of an order is −1 where it names nobody, though `person` says who it was. `sequence` counts a person's
    orders from 0. `spend` is what an order of the person costs on average, in cents of a dollar; `left` whether
    the person has left by the horizon, after the last order; `only_guest` persons have no account to log in to.
    """

    prospects: Prospects
    buyers: int
    prospect: Ints
    market: npt.NDArray[np.int8]
    place: npt.NDArray[np.int16]
    rate: Floats
    leaving: Floats
    spend: Floats
    left: Bools
    only_guest: Bools
    account_person: Ints
    account_kind: npt.NDArray[np.int8]
    account_created: Ints
    main_account: Ints
    ordered_at: Ints
    person: Ints
    sequence: npt.NDArray[np.int16]
    account: Ints

    @property
    def is_guest(self) -> Bools:
        """By account: made by a guest checkout, without a login."""
        found: Bools = (self.account_kind == GUEST) | self.only_guest[self.account_person]
        return found


def populate(settings: Settings, places: Places, offsets: Ints, truths: Truths) -> Crowd:
    """`offsets` are the stores' seconds to add to UTC, by store and day."""
    rng = settings.rng(PEOPLE)
    span = float(settings.span)
    clocks = [Clock.of(settings.start, settings.span, offsets[store], settings.stop) for store in places.online]
    wanted = round(settings.orders / _orders_each(rng, settings, truths) / truths.conversion)
    prospects = _prospects(rng, wanted, span, places, truths)
    prospects = _dated(prospects, clocks)

    born = np.flatnonzero(prospects.person >= 0)
    buyers = len(born)
    rate = rng.gamma(truths.buying.r, 1 / truths.buying.alpha, buyers)
    leaving = rng.beta(truths.buying.a, truths.buying.b, buyers)
    who, even, sequence, left = _lives(rng, prospects.even[born], rate, leaving, span)
    at = np.empty(len(who), dtype=np.int64)
    market_of = prospects.market[born][who]
    for number, clock in enumerate(clocks):
        there = np.flatnonzero(market_of == number)
        at[there] = clock.at(even[there])
    # Rounds come one after the other, so that a person's orders within one second keep their sequence.
    sort = np.argsort(at, kind="stable")
    at, who, sequence = at[sort], who[sort], sequence[sort]

    onlookers = _onlookers(rng, prospects, buyers // 16)
    prospect = np.concatenate((born, onlookers))
    market = prospects.market[prospect]
    spend = 100 * truths.spending.p / rng.gamma(truths.spending.q, 1 / truths.spending.gamma, buyers)
    crowd = Crowd(
        prospects=prospects,
        buyers=buyers,
        prospect=prospect,
        market=market,
        place=places.draw(rng, market.astype(np.int64)),
        rate=rate,
        leaving=leaving,
        spend=spend,
        left=left,
        only_guest=(rng.random(len(prospect)) < truths.identity.guests) & (np.arange(len(prospect)) < buyers),
        account_person=np.zeros(0, dtype=np.int64),
        account_kind=np.zeros(0, dtype=np.int8),
        account_created=np.zeros(0, dtype=np.int64),
        main_account=np.zeros(0, dtype=np.int64),
        ordered_at=at,
        person=who,
        sequence=sequence,
        account=np.zeros(0, dtype=np.int64),
    )
    return _with_accounts(rng, crowd, settings, truths)


def _orders_each(rng: np.random.Generator, settings: Settings, truths: Truths) -> float:
    """How many orders a person places within the first delivery's days, on average."""
    size = 20_000
    first = _arrivals(rng, size, settings.span, truths)
    rate = rng.gamma(truths.buying.r, 1 / truths.buying.alpha, size)
    leaving = rng.beta(truths.buying.a, truths.buying.b, size)
    _, even, _, _ = _lives(rng, first, rate, leaving, settings.span)
    return int((even < settings.days).sum()) / size


def _arrivals(rng: np.random.Generator, size: int, span: float, truths: Truths) -> Floats:
    growth = truths.growth_a_year / 365
    return np.asarray(np.log1p(rng.random(size) * np.expm1(growth * span)) / growth)


def _prospects(rng: np.random.Generator, size: int, span: float, places: Places, truths: Truths) -> Prospects:
    size = max(size, 8)
    channels = len(truths.channels)
    held_out = np.where(rng.random(size) < truths.held_out, rng.integers(0, channels, size), -1).astype(np.int8)
    exposed = np.zeros(size, dtype=np.uint8)
    causes = (rng.random(size) < truths.by_themselves).astype(np.uint8) * BY_THEMSELVES
    for number, channel in enumerate(truths.channels):
        seen = (rng.random(size) < channel.reach) & (held_out != number)
        moved = seen & (rng.random(size) < channel.effect)
        exposed |= seen.astype(np.uint8) << number
        causes |= moved.astype(np.uint8) << (number + 1)
    buys = causes > 0
    person = np.where(buys, np.cumsum(buys) - 1, -1)
    market = np.searchsorted(np.cumsum(places.share)[:-1], rng.random(size), side="right").astype(np.int8)
    even = _arrivals(rng, size, span, truths)
    return Prospects(market, exposed, causes, held_out, person, even, np.zeros(size, dtype=np.int64))


def _dated(prospects: Prospects, clocks: list[Clock]) -> Prospects:
    for number, clock in enumerate(clocks):
        there = np.flatnonzero(prospects.market == number)
        prospects.ended[there] = clock.at(prospects.even[there])
    return prospects


def _lives(
    rng: np.random.Generator, first: Floats, rate: Floats, leaving: Floats, until: float
) -> tuple[Ints, Floats, npt.NDArray[np.int16], Bools]:
    """The orders of persons by their first one: who, when and the how many-th, round after round; and who has left."""
    who: Ints = np.arange(len(first))
    at = first
    left = np.zeros(len(first), dtype=np.bool_)
    found = [(who, at, np.zeros(len(who), dtype=np.int16))]
    while len(who):
        # BG/NBD lets nobody leave before having come back once.
        leaves = (rng.random(len(who)) < leaving[who]) & (len(found) > 1)
        left[who[leaves]] = True
        who, at = who[~leaves], at[~leaves]
        at = at + rng.exponential(1.0, len(who)) / np.maximum(rate[who], 1e-12)
        within = at < until
        who, at = who[within], at[within]
        found.append((who, at, np.full(len(who), len(found), dtype=np.int16)))
    persons, times, rounds = zip(*found, strict=True)
    return np.concatenate(persons), np.concatenate(times), np.concatenate(rounds), left


def _onlookers(rng: np.random.Generator, prospects: Prospects, size: int) -> Ints:
    """Prospects who never bought and have an account all the same."""
    none = np.flatnonzero(prospects.person < 0)
    return np.sort(rng.choice(none, min(size, len(none)), replace=False))


def _with_accounts(rng: np.random.Generator, crowd: Crowd, settings: Settings, truths: Truths) -> Crowd:
    everyone, orders = len(crowd.prospect), len(crowd.person)
    identity = truths.identity
    first_at = crowd.prospects.ended[crowd.prospect]
    only_guest = crowd.only_guest
    made = np.where(only_guest, first_at, first_at - 600 - rng.exponential(3 * DAY, everyone).astype(np.int64))
    main = np.maximum(made, np.where(only_guest, first_at, settings.start - 60 * DAY))

    repeats = np.bincount(crowd.person, minlength=everyone) > 1
    second = np.flatnonzero(repeats & ~only_guest & (rng.random(everyone) < identity.second))
    second_at = np.full(everyone, NEVER, dtype=np.int64)
    second_at[second] = first_at[second] + ((settings.horizon - first_at[second]) * rng.random(len(second))).astype(
        np.int64
    )
    as_guest = ~only_guest[crowd.person] & (second_at[crowd.person] == NEVER)
    as_guest &= rng.random(orders) < identity.as_guest
    guest_at = np.full(everyone, NEVER, dtype=np.int64)
    np.minimum.at(guest_at, crowd.person[as_guest], crowd.ordered_at[as_guest])
    guests = np.flatnonzero(guest_at < NEVER)

    person = np.concatenate((np.arange(everyone), guests, second))
    kind = np.repeat(np.array([MAIN, GUEST, SECOND], dtype=np.int8), [everyone, len(guests), len(second)])
    created = np.concatenate((main, guest_at[guests], second_at[second]))
    sort = np.lexsort((kind, person, created))
    position = np.empty(len(sort), dtype=np.int64)
    position[sort] = np.arange(len(sort))
    guest_account = np.full(everyone, -1, dtype=np.int64)
    guest_account[guests] = position[everyone : everyone + len(guests)]
    second_account = np.full(everyone, -1, dtype=np.int64)
    second_account[second] = position[everyone + len(guests) :]

    account = position[crowd.person]
    account = np.where(crowd.ordered_at >= second_at[crowd.person], second_account[crowd.person], account)
    account = np.where(as_guest, guest_account[crowd.person], account)
    account[(rng.random(orders) < identity.nobody) & (as_guest | only_guest[crowd.person])] = -1
    return replace(
        crowd,
        account_person=person[sort],
        account_kind=kind[sort],
        account_created=created[sort],
        main_account=position[:everyone],
        account=account,
    )
