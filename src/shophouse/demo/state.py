"""What a storefront's folder was made from, and the batches and files that follow from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shophouse.demo import events, orders, people
from shophouse.demo.catalogue import DAY, Catalogue
from shophouse.demo.orders import Batch, Placed
from shophouse.demo.people import People
from shophouse.demo.tables import Compress, Format, extension, write
from shophouse.errors import ConfigError

# Orders in one file. Part of what is generated: each file's orders are drawn from a seed of their own.
CHUNK = 200_000
STATE = "storefront.json"
CATALOGUE, PEOPLE, ORDERS, DELTA = range(4)


@dataclass(frozen=True)
class Day:
    day: str
    seed: int
    orders: int


@dataclass(frozen=True)
class State:
    """What the folder's files were made from: enough to make them, and what follows, again."""

    seed: int
    end: str
    days: int
    orders: int
    products: int
    format: Format
    compress: Compress
    deltas: tuple[Day, ...] = field(default=())

    @property
    def start(self) -> int:
        return midnight(date.fromisoformat(self.end)) - (self.days - 1) * DAY

    @property
    def stop(self) -> int:
        return midnight(date.fromisoformat(self.end)) + DAY

    def save(self, folder: Path) -> None:
        (folder / STATE).write_text(json.dumps(asdict(self), indent=2) + "\n")

    def rng(self, stage: int, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, stage, number])


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def read_state(folder: Path) -> State:
    try:
        known = json.loads((folder / STATE).read_text())
    except FileNotFoundError:
        raise ConfigError(
            "no storefront here", where=str(folder / STATE), why="a delta continues what generate() wrote"
        ) from None
    return State(**{**known, "deltas": tuple(Day(**one) for one in known["deltas"])})


def base(state: State, crowd: People, goods: Catalogue, number: int) -> Batch:
    index = np.arange(number * CHUNK, min((number + 1) * CHUNK, state.orders))
    rng = state.rng(ORDERS, number)
    at, user = crowd.ordered_at[index], crowd.user[index]
    placed = Placed(
        index=index,
        at=at,
        user=user,
        place=np.where(user < 0, people.places(rng, len(index)), crowd.place[user]),
        is_first=crowd.is_first[index],
        arrived=at,
    )
    return orders.draw(rng, placed, goods)


def tables(batch: Batch, since: int, now: int) -> Iterator[tuple[str, Any]]:
    yield "orders", orders.order_table(batch, now)
    yield "order_items", orders.line_table(batch)
    yield from _events(batch, since, now)


def _events(batch: Batch, since: int, now: int) -> Iterator[tuple[str, Any]]:
    yield "payments", events.payment_table(batch, since, now)
    refunds, refund_items = events.refund_tables(batch, since, now)
    yield "refunds", refunds
    yield "refund_items", refund_items
    yield "shipments", events.shipment_table(batch, since, now)


class Tally:
    """Files, rows and sums of what was written."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.rows: Counter[str] = Counter()
        self.totals: dict[str, Decimal] = {}
        self.statuses: Counter[str] = Counter()

    def count(self, name: str, table: Any) -> None:
        self.rows[name] += len(table)
        for column in table.schema:
            if pa.types.is_decimal(column.type) and name != "products":
                self.put(f"{name}.{column.name}", pc.sum(table[column.name]).as_py())
        if name == "order_items":
            gross = pc.multiply(table["quantity"], table["unit_price"].cast(pa.decimal128(9, 2)))
            self.put("order_items.gross", pc.sum(gross).as_py())
        if name == "payments":
            money_in = pc.and_(
                pc.is_in(table["kind"], pa.array(["sale", "capture"])), pc.equal(table["status"], "succeeded")
            )
            self.put("payments.captured", pc.sum(table["amount"].filter(money_in)).as_py())
        if name == "orders":
            for one in pc.value_counts(table["status"]).to_pylist():
                self.statuses[one["values"]] += one["counts"]

    def put(self, name: str, amount: Decimal | None) -> None:
        self.totals[name] = self.totals.get(name, Decimal("0.00")) + (amount or Decimal("0.00"))

    def add(self, other: Tally) -> None:
        self.files += other.files
        self.rows.update(other.rows)
        self.statuses.update(other.statuses)
        for name, amount in other.totals.items():
            self.put(name, amount)


def write_all(folder: Path, suffix: str, state: State, tables: Iterable[tuple[str, Any]]) -> Tally:
    tally = Tally()
    for name, table in tables:
        file = f"{name}{suffix}{extension(state.format, state.compress)}"
        write(table, folder / file, state.format, state.compress)
        tally.files.append(file)
        tally.count(name, table)
    return tally
