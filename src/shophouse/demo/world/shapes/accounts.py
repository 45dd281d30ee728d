"""Accounts as the shop's database has them: names, addresses, and what changes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shophouse.demo import names
from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import NEVER, Bools, Ints, blank, numbers, times, words
from shophouse.demo.world.named import pool
from shophouse.demo.world.people import GUEST, MAIN, SECOND
from shophouse.demo.world.places import ZIPS
from shophouse.demo.world.sales import World
from shophouse.demo.world.settings import NAMES

_MOVES = 0.04


class Accounts:
    """The accounts of a world with what is drawn for them alone. `moved` is when one was given another address and its
    owner no longer wanted mail; NEVER for most."""

    def __init__(self, world: World) -> None:
        self.world = world
        crowd = world.crowd
        rng = world.settings.rng(NAMES)
        everyone, accounts = len(crowd.prospect), len(crowd.account_person)
        self.first = rng.integers(0, 1 << 30, everyone)
        self.last = rng.integers(0, 1 << 30, everyone)
        self.accepts = rng.random(accounts) < 0.4
        moves = (rng.random(accounts) < _MOVES) & (crowd.account_kind == MAIN) & ~crowd.is_guest
        at = crowd.account_created + DAY + (rng.random(accounts) * 300 * DAY).astype(np.int64)
        self.moved = np.where(moves & (at < world.settings.horizon), at, NEVER)

    def without_email(self, person: Ints) -> Bools:
        without: Bools = person % 211 == 17
        return without

    def changed(self, until: int) -> Ints:
        """When each account was last changed before `until`; NEVER where it is not there yet."""
        created = self.world.crowd.account_created
        last = np.where(self.moved < until, self.moved, created)
        return np.where(created < until, last, NEVER)

    def place(self, which: Ints, until: int) -> Ints:
        """Where the owners live just before `until`: who moves goes to the next place of the same country."""
        crowd, places = self.world.crowd, self.world.places
        place = crowd.place[crowd.account_person[which]].astype(np.int64)
        market = places.market_of_city[place // ZIPS]
        after = (place + ZIPS) % len(places.postal_code)
        same = places.market_of_city[after // ZIPS] == market
        first_city = np.searchsorted(places.market_of_city, market)
        after = np.where(same, after, first_city * ZIPS + place % ZIPS)
        return np.where(self.moved[which] < until, after, place)

    def table(self, which: Ints, until: int) -> Any:
        """The rows of the accounts `which` as they stand just before `until`."""
        crowd, places = self.world.crowd, self.world.places
        person, kind = crowd.account_person[which], crowd.account_kind[which]
        first, last, email = self.names(person, kind)
        place = self.place(which, until)
        phone = pc.binary_join_element_wise(
            "+1555", numbers(1_000_000 + person * 7919 % 9_000_000).cast(pa.string()), ""
        )
        gone = self.moved[which] < until
        return pa.table(
            {
                "user_id": numbers(which + 1),
                "email": blank(email, self.without_email(person)),
                "phone": blank(phone, person % 5 == 3),
                "first_name": first,
                "last_name": last,
                "city": words(places.city, place // ZIPS),
                "state": words(places.state, place // ZIPS),
                "postal_code": words(places.postal_code, place),
                "country_code": words(places.country, crowd.market[person]),
                "accepts_marketing": pa.array(self.accepts[which] & ~gone),
                "is_guest": pa.array(crowd.is_guest[which]),
                "created_at": times(crowd.account_created[which]),
                "updated_at": times(self.changed(until)[which]),
            }
        )

    def names(self, person: Ints, kind: Any) -> tuple[Any, Any, Any]:
        """First names, last names and addresses. A guest types the same address with capitals; a second account has
        another one."""
        markets = self.world.places.markets
        market = self.world.crowd.market[person]
        parts, rows = [], []
        for number, one in enumerate(markets):
            known = pool(one.locale, self.world.settings.seed)
            row = np.flatnonzero(market == number)
            first = self.first[person[row]] % len(known.first)
            last = self.last[person[row]] % len(known.last)
            columns = {
                "first": words(known.first, first),
                "last": words(known.last, last),
                "first_mail": words(known.first_mail, first),
                "last_mail": words(known.last_mail, last),
            }
            parts.append(pa.table(columns))
            rows.append(row)
        position = np.empty(len(person), dtype=np.int64)
        position[np.concatenate(rows)] = np.arange(len(person))
        table = pa.concat_tables(parts).combine_chunks().take(pa.array(position))
        domain = words(names.EMAIL_DOMAINS, (person + 2 * (kind == SECOND)) % len(names.EMAIL_DOMAINS))
        number = numbers(person).cast(pa.string())
        local = pc.binary_join_element_wise(table["first_mail"], table["last_mail"], number, ".")
        local = pc.if_else(pa.array(kind == SECOND), pc.binary_join_element_wise("my", local, "."), local)
        email = pc.binary_join_element_wise(local, domain, "@")
        email = pc.if_else(pa.array(kind == GUEST), email, pc.ascii_lower(email))
        return table["first"], table["last"], email

    def identities(self, since: int, until: int) -> Any:
        """What the loyalty card says of accounts made in a span of time: two accounts of one person."""
        crowd = self.world.crowd
        second = np.flatnonzero(crowd.account_kind == SECOND)
        made = crowd.account_created[second]
        second = second[(made >= since) & (made < until)]
        person = crowd.account_person[second]
        account = np.stack((crowd.main_account[person], second), axis=1).ravel()
        card = pc.binary_join_element_wise("card", numbers(100_000 + np.repeat(person, 2)).cast(pa.string()), "-")
        return pa.table(
            {
                "user_id": numbers(account + 1),
                "person_id": card,
                "match_method": pa.repeat("loyalty_card", len(account)),
                "confidence": pa.repeat(0.97, len(account)),
            }
        )
