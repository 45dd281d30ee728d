"""One more day of a storefront: new orders, and what happened to older ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from shophouse.demo import catalogue as catalogues
from shophouse.demo import events, orders, people
from shophouse.demo.catalogue import DAY, Catalogue
from shophouse.demo.orders import Batch, Placed
from shophouse.demo.people import People
from shophouse.demo.state import CATALOGUE, CHUNK, DELTA, PEOPLE, State, base, midnight, tables, write_all
from shophouse.demo.tables import NEVER, Bools, Ints

Gather = Callable[[Iterable[tuple[str, Any]]], None]


@dataclass(frozen=True)
class Delta:
    """One day's files, and the ids of the orders in them by what was done to each.

    `new` were placed that day and `late` weeks before, none seen until now; `progressed` were paid, shipped, delivered,
    cancelled or refunded; `repriced` have a dearer first line, `shortened` lost their last line; `resent` came
    unchanged. Rows of `repeated` stand twice in the files. `products` are those with another price, or new; `users`
    likewise.
    """

    day: date
    files: tuple[str, ...]
    rows: dict[str, int]
    new: tuple[int, ...]
    late: tuple[int, ...]
    progressed: tuple[int, ...]
    repriced: tuple[int, ...]
    shortened: tuple[int, ...]
    resent: tuple[int, ...]
    repeated: tuple[int, ...]
    products: tuple[int, ...]
    users: tuple[int, ...]


def _new_day(
    state: State, number: int, crowd: People, goods: Catalogue, index: int
) -> tuple[Batch, Catalogue, Ints, People, Ints, int]:
    """The orders first seen on the day of a delta (the late ones last), prices, the new accounts, and those that
    moved."""
    today = state.deltas[number]
    rng = np.random.default_rng([today.seed, DELTA, number])
    day_start = midnight(date.fromisoformat(today.day))
    goods, changed = goods.repriced(rng, day_start + 6 * 3600)
    if goods.launched < len(goods.label):
        changed = np.append(changed, goods.launched)
    goods = goods.launch(day_start)

    size = today.orders
    late = max(1, size // 100)
    at = np.sort(day_start + 60 + (rng.beta(2.2, 1.4, size) * (DAY - 120)).astype(np.int64))
    arrived = at.copy()
    at[-late:] -= rng.integers(5 * DAY, 40 * DAY, late)
    newcomer = rng.random(size) < 0.4
    joined = int(newcomer.sum())
    known = crowd.user[rng.integers(len(crowd.user) // 2, len(crowd.user), size)]
    moved = np.unique(known[known >= 0][: max(3, size // 50)])
    before = len(crowd.person)
    crowd = crowd.joined(rng, at[newcomer] - 300)
    user = known
    user[newcomer] = before + np.arange(joined)
    placed = Placed(
        index=index + np.arange(size),
        at=at,
        user=user,
        place=np.where(user < 0, people.places(rng, size), crowd.place[user]),
        is_first=newcomer,
        arrived=arrived,
    )
    return orders.draw(rng, placed, goods, newest=True), goods, changed, crowd, moved, late


def one_day_more(folder: Path, state: State) -> Delta:
    goods = catalogues.build(state.rng(CATALOGUE), state.products, state.start, state.stop)
    crowd = people.populate(state.rng(PEOPLE), state.orders, state.start, state.days)
    first_goods, first_crowd = goods, crowd
    index = state.orders
    batches: list[Batch] = []
    users_before = 0
    for number in range(len(state.deltas)):
        users_before = len(crowd.person)
        batch, goods, products, crowd, moved, late = _new_day(state, number, crowd, goods, index)
        batches.append(batch)
        index += len(batch.placed.at)
    fresh = batches.pop()
    days = [midnight(date.fromisoformat(one.day)) + DAY for one in state.deltas]
    since, now = days[-2] if len(days) > 1 else state.stop, days[-1]

    chunks = -(-state.orders // CHUNK)
    turn = len(days)
    recent = int(np.searchsorted(first_crowd.ordered_at, since - orders.SETTLED_DAYS * DAY)) // CHUNK
    old = turn * 7 % chunks
    parts: dict[str, list[Any]] = {}

    def gather(tables: Iterable[tuple[str, Any]]) -> None:
        for name, table in tables:
            parts.setdefault(name, []).append(table)

    planted: dict[str, tuple[int, ...]] = {}
    progressed: list[int] = []
    gather(tables(fresh, -NEVER, now))
    for number in sorted({old, *range(min(recent, chunks - 1), chunks)}):
        batch = base(state, first_crowd, first_goods, number)
        progressed += _gather_progress(batch, since, now, gather)
        if number == old:
            planted = _gather_planted(batch, since, now, turn, len(fresh.placed.at), gather)
    for batch in batches:
        progressed += _gather_progress(batch, since, now, gather)
    twice = orders.take(fresh, np.arange(len(fresh.placed.at)) % max(2, len(fresh.placed.at) // 5) == 1)
    gather([("orders", orders.order_table(twice, now)), ("order_items", orders.line_table(twice))])

    accounts = np.concatenate((moved, np.arange(users_before, len(crowd.person))))
    has_moved = accounts < users_before
    updated = np.where(has_moved, now - 3600, crowd.created[accounts])
    gather([("users", crowd.users(accounts, has_moved, updated)), ("products", goods.products(products))])
    whole = [(name, pa.concat_tables(some)) for name, some in parts.items()]
    tally = write_all(folder, f"-{state.deltas[-1].day}", state, [(name, table) for name, table in whole if len(table)])
    ids = fresh.order_id
    return Delta(
        day=date.fromisoformat(state.deltas[-1].day),
        files=tuple(tally.files),
        rows=dict(tally.rows),
        new=tuple(ids[:-late].tolist()),
        late=tuple(ids[-late:].tolist()),
        progressed=tuple(progressed),
        repeated=tuple(twice.order_id.tolist()),
        products=tuple((products + 1).tolist()),
        users=tuple((accounts + 1).tolist()),
        **planted,
    )


def _gather_progress(batch: Batch, since: int, now: int, gather: Gather) -> list[int]:
    """Orders to which something happened from `since` until `now`."""
    updated = batch.updated(now)
    changed = orders.take(batch, (updated >= since) & (updated < now))
    gather(tables(changed, since, now))
    ids: list[int] = changed.order_id.tolist()
    # A lost parcel is not news of the order, and one that arrives may be an early half: look at all.
    quiet = orders.take(batch, ~((updated >= since) & (updated < now)))
    gather([("shipments", events.shipment_table(quiet, since, now))])
    return ids


def _gather_planted(
    batch: Batch, since: int, now: int, turn: int, size: int, gather: Gather
) -> dict[str, tuple[int, ...]]:
    """Old, settled orders that come again: dearer, without their last line, and as they were. Never one twice."""
    several = np.diff(np.flatnonzero(np.diff(batch.order, prepend=-1, append=-1))) > 1
    candidates = np.flatnonzero(batch.is_settled(since) & several & (batch.placed.index % 61 == turn % 61))
    each = max(1, min(len(candidates) // 3, size // 60))

    def some(nth: int) -> Bools:
        chosen = np.zeros(len(several), dtype=np.bool_)
        chosen[candidates[nth * each : (nth + 1) * each]] = True
        return chosen

    dearer = orders.repriced(orders.take(batch, some(0)), now - 7200)
    shorter = orders.without_last_line(orders.take(batch, some(1)), now - 7200)
    same = orders.take(batch, some(2))
    gather(tables(dearer, since, now))
    gather(tables(shorter, since, now))
    gather([("orders", orders.order_table(same, now)), ("order_items", orders.line_table(same))])
    return {
        "repriced": tuple(dearer.order_id.tolist()),
        "shortened": tuple(shorter.order_id.tolist()),
        "resent": tuple(same.order_id.tolist()),
    }
