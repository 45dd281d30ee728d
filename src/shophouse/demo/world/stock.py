"""Stock: what came in, left and was lost, day by day at each store, and what was on the shelf at the end of each day.

Shelves are filled every fortnight with what the next one sells, and a little more. Where a stand-in was sold because a
product had run out, its shelf is empty; stock is never below zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import Ints, money, numbers, times, words
from shophouse.demo.world.sales import Sales, World, in_stock_days
from shophouse.demo.world.settings import STOCK

CYCLE = 14
COUNTED_IN_WEEKS = 4
KINDS = ("receipt", "transfer", "return", "sale", "waste", "adjustment")
RECEIPT, TRANSFER, RETURN, SALE, WASTE, ADJUSTMENT = range(6)
# When in the day a movement of each kind is posted, local time.
_HOUR: Ints = np.array([6, 7, 12, 18, 20, 21], dtype=np.int64)

Units = npt.NDArray[np.int32]


class Flows:
    """What batches of orders take from the shelves and bring back, day × product × store."""

    def __init__(self, world: World) -> None:
        shape = (world.settings.span, world.goods.size, len(world.places.stores))
        self.world = world
        self._lock = Lock()
        self.sold: Units = np.zeros(shape, dtype=np.int32)
        self.back: Units = np.zeros(shape, dtype=np.int32)

    def add(self, batch: Sales) -> None:
        goods = self.world.goods
        product, store, out, back, left, came = in_stock_days(self.world, batch)
        # Who brings goods back while the shelf is empty has them inspected until it is filled again.
        waits = (back >= 0) & goods.is_out(product, store, back)
        back = np.where(waits, goods.out_until[product, store], back)
        comes = (back >= 0) & (back < self.world.settings.span)
        with self._lock:
            np.add.at(self.sold, (out, product, store), left.astype(np.int32))
            np.add.at(self.back, (back[comes], product[comes], store[comes]), came[comes].astype(np.int32))


@dataclass(frozen=True)
class Stock:
    """Units by kind (signed), and on hand at the end of the day: day × product × store."""

    world: World
    moved: tuple[Units, ...]
    on_hand: Units

    def movements(self, first_day: int, until_day: int) -> Any:
        """The movements of the days from `first_day` to before `until_day`."""
        parts = list(self._rows(first_day, until_day))
        day, product, store, kind, units = (np.concatenate(column) for column in zip(*parts, strict=True))
        sort = np.lexsort((kind, store, product, day))
        day, product, store, kind, units = (column[sort] for column in (day, product, store, kind, units))
        size, stores = self.on_hand.shape[1:]
        numbers_ = self.store_numbers[store]
        at = self.world.settings.start + day * DAY + _HOUR[kind] * 3600 - self.world.offsets[store, day]
        return pa.table(
            {
                "movement_id": numbers(((day * size + product) * stores + store) * len(KINDS) + kind + 1),
                "product_id": numbers(product + 1),
                "location_id": numbers(numbers_),
                "kind": words(KINDS, kind),
                "quantity": numbers(units),
                "moved_at": times(at),
            }
        )

    def snapshots(self, first_day: int, until_day: int) -> Any:
        """The counts of each Sunday in these days: a quarter of what the shop has ever had there, in turn."""
        epoch = self.world.settings.start // DAY
        days = np.array([day for day in range(first_day, until_day) if (epoch + day + 3) % 7 == 6], dtype=np.int64)
        seen = np.maximum.accumulate(self.moved[RECEIPT][:, :, :] + self.moved[TRANSFER] > 0, axis=0)[days]
        which, product, store = np.nonzero(seen)
        is_due = ((epoch + days[which]) // 7 + product + store) % COUNTED_IN_WEEKS == 0
        which, product, store = which[is_due], product[is_due], store[is_due]
        day = days[which]
        goods = self.world.goods.catalogue
        period = goods.period(self.world.settings.start + day * DAY)
        return pa.table(
            {
                "product_id": numbers(product + 1),
                "location_id": numbers(self.store_numbers[store]),
                "snapshot_date": pa.array((epoch + day).astype("datetime64[D]")),
                "on_hand_quantity": numbers(self.on_hand[day, product, store]),
                "reserved_quantity": numbers(np.zeros(len(day), dtype=np.int64)),
                "incoming_quantity": numbers(self._incoming(day, product, store)),
                "unit_cost": money(goods.cost[product, period], goods.no_cost[product]),
            }
        )

    def _incoming(self, day: Ints, product: Ints, store: Ints) -> Ints:
        """What the next three days bring."""
        last = len(self.on_hand) - 1
        receipts = self.moved[RECEIPT]
        units: Ints = np.zeros(len(day), dtype=np.int64)
        for ahead in (1, 2, 3):
            units += np.where(day + ahead <= last, receipts[np.minimum(day + ahead, last), product, store], 0)
        return units

    @property
    def store_numbers(self) -> Ints:
        return np.array([store.number for store in self.world.places.stores], dtype=np.int64)

    def _rows(self, first_day: int, until_day: int) -> Iterator[tuple[Ints, ...]]:
        for kind, units in enumerate(self.moved):
            day, product, store = np.nonzero(units[first_day:until_day])
            day = day + first_day
            yield day, product, store, np.full(len(day), kind), units[day, product, store].astype(np.int64)


def build(flows: Flows) -> Stock:
    """The stock that let these sales happen."""
    world, sold, back = flows.world, flows.sold, flows.back
    rng = world.settings.rng(STOCK)
    goods, shape = world.goods, sold.shape
    days = shape[0]
    moved = [np.zeros(shape, dtype=np.int32) for _ in KINDS]
    moved[SALE][:], moved[RETURN][:] = -sold, back
    on_hand = np.zeros(shape, dtype=np.int32)
    until_now = np.concatenate((np.zeros((1, *shape[1:]), dtype=np.int32), np.cumsum(sold, axis=0, dtype=np.int32)))
    phase = (np.arange(shape[1])[:, None] * 5 + np.arange(shape[2])[None, :] * 3) % CYCLE
    by_transfer = _by_transfer(world)
    perishable = goods.perishable[:, None]
    rows, columns = np.indices(shape[1:])
    now = np.zeros(shape[1:], dtype=np.int32)
    for day in range(days):
        fill = ((day + phase) % CYCLE == 0) | (day == goods.out_until) | (day == 0)
        fill &= ~((day >= goods.out_from) & (day < goods.out_until))
        runs_dry = (goods.out_from > day) & (goods.out_from <= day + CYCLE)
        end = np.minimum(np.where(runs_dry, goods.out_from, day + CYCLE), days)
        need = until_now[end, rows, columns] - until_now[day]
        spare = np.where(runs_dry, 0, need // 4 + (need > 0))
        receipt = np.where(fill, np.maximum(need + spare - now, 0), 0).astype(np.int32)
        # What the count finds missing where a shelf is empty all of a sudden.
        missing = np.where(day == goods.out_from, now, 0)
        now = now + receipt + back[day] - sold[day] - missing
        last_of_cycle = ((day + 1 + phase) % CYCLE == 0) & (now > 0)
        waste = np.where(last_of_cycle & perishable, now * 3 // 10, 0)
        counted = last_of_cycle & (rng.random(shape[1:]) < 0.04)
        found = np.where(counted, np.where(rng.random(shape[1:]) < 0.8, -1, 1), 0) * (now > waste)
        now = now - waste + found
        moved[RECEIPT][day] = receipt
        moved[WASTE][day] = -waste
        moved[ADJUSTMENT][day] = found - missing
        on_hand[day] = now
    for shop, warehouse in by_transfer:
        sent = moved[RECEIPT][:, :, shop].copy()
        sent[:, np.arange(shape[1]) % 3 > 0] = 0
        moved[RECEIPT][:, :, shop] -= sent
        moved[TRANSFER][:, :, shop] += sent
        moved[RECEIPT][:, :, warehouse] += sent
        moved[TRANSFER][:, :, warehouse] -= sent
    return Stock(world, tuple(moved), on_hand)


def _by_transfer(world: World) -> list[tuple[int, int]]:
    """Stores to walk into, and the warehouse of the same market that sends them a third of their goods."""
    places = world.places
    return [(first + 1, first) for first, has in zip(places.online.tolist(), places.has_shop, strict=True) if has]
