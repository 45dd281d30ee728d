"""Who buys at the synthetic shop, and when.

Buying follows BG/NBD: while alive a person buys at a rate drawn from Gamma(R, ALPHA days), and after each order
leaves with a probability drawn from Beta(A, B). Time runs faster on busy hours, days and seasons: the process lives
in an even time that is bent afterwards, so that rates and seasons don't meddle with each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shophouse.demo import names
from shophouse.demo.tables import Bools, Ints, numbers, times, words

DAY = 86_400
R, ALPHA, A, B = 0.8, 45.0, 0.9, 2.6
GROWTH_A_YEAR = 0.35
ZIPS = 20

Floats = npt.NDArray[np.float64]

_WEEKDAY = np.array([1.06, 1.02, 1.0, 0.98, 0.93, 0.9, 1.11])
_HOUR_UTC = np.array([11, 12, 12, 10, 7, 4, 2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 8, 8, 8, 8, 8, 8, 9, 10], dtype=np.float64)
_STATES = sorted({state for _, state, *_ in names.CITIES})

CITY = pa.array([city for city, *_ in names.CITIES])
STATE = pa.array([state for _, state, *_ in names.CITIES])
POSTAL_CODE = pa.array([f"{first + 3 * n:05d}" for _, _, first, *_ in names.CITIES for n in range(ZIPS)])
TAX_BASIS_POINTS: Ints = np.array([tax for *_, tax, _, _ in names.CITIES], dtype=np.int64)
TRANSIT_DAYS: Ints = np.array([far for *_, far in names.CITIES], dtype=np.int64)
_CITY_WEIGHT = np.cumsum([weight for *_, weight, _ in names.CITIES])


def places(rng: np.random.Generator, size: int) -> npt.NDArray[np.int16]:
    """Where people live: an index into POSTAL_CODE, and by `// ZIPS` into CITY and STATE."""
    city = np.searchsorted(_CITY_WEIGHT, rng.integers(0, _CITY_WEIGHT[-1], size), side="right")
    return (city * ZIPS + rng.integers(0, ZIPS, size)).astype(np.int16)


def is_campaign(day: Ints) -> Bools:
    """Whether a day (days since 1970) is one of the year's campaign days: a few in spring, summer and late November."""
    dates = day.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    found: Bools = np.isin(of_year, (44, 129, 130, 195, 196, 328, 329, 330, 331, 332, 345))
    return found


def _clock(start: int, days: int) -> tuple[Floats, Floats]:
    """Knots of even time (in days) and of seconds since 1970: hours where more is bought take more of the even time."""
    day = start // DAY + np.arange(days)
    dates = day.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    weekday = (day + 3) % 7
    yearly = 1 + 0.18 * np.cos(2 * np.pi * (of_year - 340) / 365.25)
    busy = _WEEKDAY[weekday] * yearly * np.where(is_campaign(day), 2.4, 1.0)
    hourly = (busy[:, None] * _HOUR_UTC[None, :]).ravel()
    even = np.concatenate(([0.0], np.cumsum(hourly)))
    return even * (days / even[-1]), start + 3600.0 * np.arange(days * 24 + 1, dtype=np.float64)


def _lives(rng: np.random.Generator, persons: int, days: int) -> tuple[Ints, Floats]:
    """The orders of so many persons: who, and when in even days; not sorted."""
    growth = GROWTH_A_YEAR / 365
    first = np.log1p(rng.random(persons) * np.expm1(growth * days)) / growth
    rate = rng.gamma(R, 1 / ALPHA, persons)
    leaving = rng.beta(A, B, persons)
    who: Ints = np.arange(persons)
    at = first
    all_who, all_at = [who], [at]
    while len(who):
        stays = rng.random(len(who)) >= leaving[who]
        who, at = who[stays], at[stays]
        at = at + rng.exponential(1.0, len(who)) / np.maximum(rate[who], 1e-9)
        within = at < days
        who, at = who[within], at[within]
        all_who.append(who)
        all_at.append(at)
    return np.concatenate(all_who), np.concatenate(all_at)


@dataclass(frozen=True)
class People:
    """Accounts by index (user_id − 1), sorted by creation, and the orders of the time, sorted by it."""

    person: Ints
    place: npt.NDArray[np.int16]
    created: Ints
    guest: Bools
    second: Bools
    first_name: npt.NDArray[np.uint8]
    last_name: npt.NDArray[np.uint8]
    ordered_at: Ints
    user: Ints
    is_first: Bools

    def joined(self, rng: np.random.Generator, created: Ints) -> People:
        """The people with new persons, one account each."""
        size = len(created)
        number = int(self.person.max()) + 1 + np.arange(size)
        none = np.zeros(size, dtype=np.bool_)
        return replace(
            self,
            person=np.concatenate((self.person, number)),
            place=np.concatenate((self.place, places(rng, size))),
            created=np.concatenate((self.created, created)),
            guest=np.concatenate((self.guest, rng.random(size) < 0.1)),
            second=np.concatenate((self.second, none)),
            first_name=np.concatenate((self.first_name, rng.integers(0, len(names.FIRST_NAMES), size, dtype=np.uint8))),
            last_name=np.concatenate((self.last_name, rng.integers(0, len(names.LAST_NAMES), size, dtype=np.uint8))),
        )

    def users(self, which: Ints, moved: Bools | None = None, updated: Ints | None = None) -> Any:
        """The rows of the accounts `which`; those `moved` live in the next city and no longer accept mail."""
        number = self.person[which]
        first = words(names.FIRST_NAMES, self.first_name[number])
        last = words(names.LAST_NAMES, self.last_name[number])
        domain = words(names.EMAIL_DOMAINS, number % len(names.EMAIL_DOMAINS))
        email = pc.binary_join_element_wise(
            pc.binary_join_element_wise(first, last, numbers(number).cast(pa.string()), "."), domain, "@"
        )
        # A second account is one that was typed anew: the same address, written as names are.
        email = pc.if_else(pa.array(self.second[which]), email, pc.ascii_lower(email))
        phone = pc.binary_join_element_wise(
            "+1555", numbers(1_000_000 + number * 7919 % 9_000_000).cast(pa.string()), ""
        )
        place = self.place[which].astype(np.int64)
        accepts = (number * 31 + which) % 5 < 2
        if moved is not None:
            place = np.where(moved, (place + ZIPS) % len(POSTAL_CODE), place)
            accepts = accepts & ~moved
        created = self.created[which]
        return pa.table(
            {
                "user_id": numbers(which + 1),
                "email": _without(email, number % 211 == 17),
                "phone": _without(phone, number % 5 == 3),
                "first_name": first,
                "last_name": last,
                "city": words(CITY, place // ZIPS),
                "state": words(STATE, place // ZIPS),
                "postal_code": words(POSTAL_CODE, place),
                "country_code": pa.repeat("US", len(which)),
                "accepts_marketing": pa.array(accepts),
                "is_guest": pa.array(self.guest[which]),
                "created_at": times(created),
                "updated_at": times(created if updated is None else updated),
            }
        )


def _without(column: Any, null: Bools) -> Any:
    return pc.if_else(pa.array(null), pa.scalar(None, pa.string()), column)


def has_email(person: Ints) -> Bools:
    known: Bools = person % 211 != 17
    return known


def populate(rng: np.random.Generator, orders: int, start: int, days: int) -> People:
    """Exactly `orders` orders between `start` and `days` later, and the accounts that place them."""
    sample = max(2_000, min(20_000, orders))
    pilot = len(_lives(np.random.default_rng(rng.integers(1 << 62)), sample, days)[0]) / sample
    who, even = _lives(rng, int(orders / pilot * 1.05) + 200, days)
    while len(who) < orders:
        more_who, more_even = _lives(rng, int(orders / pilot * 0.1) + 200, days)
        who, even = np.concatenate((who, more_who + who.max() + 1)), np.concatenate((even, more_even))
    by_person = np.argsort(who, kind="stable")[:orders]
    who, even = who[by_person], even[by_person]
    persons = int(who[-1]) + 1
    knots, seconds = _clock(start, days)
    at = np.interp(even, knots, seconds).astype(np.int64)
    order = np.lexsort((who, at))
    who, at = who[order], at[order]

    first_at = np.full(persons, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(first_at, who, at)
    is_first = at == first_at[who]
    guest = rng.random(persons) < 0.1
    joined = np.where(
        guest, first_at, np.maximum(first_at - rng.exponential(4 * DAY, persons).astype(np.int64), start - 60 * DAY)
    )
    lurkers = persons // 15
    end = start + days * DAY
    counts = np.bincount(who, minlength=persons)
    again = np.flatnonzero((counts > 1) & (rng.random(persons) < 0.06))
    again_at = first_at[again] + ((end - first_at[again]) * rng.random(len(again))).astype(np.int64)

    person = np.concatenate((np.arange(persons), again, persons + np.arange(lurkers)))
    created = np.concatenate((joined, again_at, start + (rng.random(lurkers) * days * DAY).astype(np.int64)))
    kind = np.concatenate((np.zeros(persons, np.int8), np.ones(len(again), np.int8), np.full(lurkers, 2, np.int8)))
    sort = np.lexsort((person, created))
    index = np.empty(len(sort), dtype=np.int64)
    index[sort] = np.arange(len(sort))
    user = index[who]
    second_at = np.full(persons, np.iinfo(np.int64).max, dtype=np.int64)
    second_at[again] = again_at
    second_user = np.zeros(persons, dtype=np.int64)
    second_user[again] = index[persons : persons + len(again)]
    user = np.where(at >= second_at[who], second_user[who], user)
    # Some just type their address at the till: no account at all.
    user[rng.random(orders) < 0.03] = -1

    everyone = persons + lurkers
    return People(
        person=person[sort],
        place=places(rng, everyone)[person[sort]],
        created=created[sort],
        guest=np.concatenate((guest, np.zeros(len(again) + lurkers, np.bool_)))[sort],
        second=(kind == 1)[sort],
        first_name=rng.integers(0, len(names.FIRST_NAMES), everyone, dtype=np.uint8),
        last_name=rng.integers(0, len(names.LAST_NAMES), everyone, dtype=np.uint8),
        ordered_at=at,
        user=user,
        is_first=is_first,
    )
