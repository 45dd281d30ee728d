"""Faults planted in the files, each with a label.

A label says in which delivery and table, of which kind, and by which key the row is found; of what can't be read at
all, the file and the line. Rows that are wrong in themselves have keys of their own, from 900,000,000 on, and never
come right: what the shop really sold is what all other rows say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from shophouse.demo import orders
from shophouse.demo.tables import Bools, Ints
from shophouse.demo.world.sales import Sales
from shophouse.demo.world.settings import SETTLED_DAYS

Kind = Literal["late", "repeated", "changed", "deleted", "stale", "orphan", "malformed", "rejected"]
OWN_KEYS = 900_000_000


@dataclass(frozen=True)
class Wrong:
    """A row like a good one, but for `text` in a column: malformed where it can't be read as its type, rejected where
    it breaks the contract."""

    table: str
    column: str
    text: str
    kind: Kind
    detail: str


_WRONG = (
    Wrong("orders", "ordered_at", "2025-13-45 99:00:00", "malformed", "no such day"),
    Wrong("orders", "total_amount", "twelve", "malformed", "not a number"),
    Wrong("orders", "status", "zzz", "rejected", "unknown status"),
    Wrong("order_items", "unit_price", "12,x", "malformed", "not a number"),
    Wrong("order_items", "quantity", "many", "malformed", "not a number"),
    Wrong("order_items", "tax_amount", "0", "rejected", "no such order"),
    Wrong("order_items", "product_id", "", "rejected", "product_id missing"),
    Wrong("payments", "amount", "#REF!", "malformed", "not a number"),
    Wrong("payments", "kind", "barter", "rejected", "unknown kind"),
)


@dataclass
class Labels:
    """What was planted. Not to be shared between threads."""

    delivery: str
    rows: list[tuple[str, str, str, str, str | None, int | None]] = field(default_factory=list)

    def add(self, table: str, kind: Kind, keys: Iterable[Any], detail: str = "") -> None:
        self.rows += [(table, kind, str(key), detail, None, None) for key in keys]

    def add_line(self, table: str, kind: Kind, key: str, detail: str, file: str, line: int) -> None:
        self.rows.append((table, kind, key, detail, file, line))

    def save(self, path: Path) -> None:
        pa.parquet.write_table(self._table(), path)

    def _table(self) -> Any:
        columns = list(zip(*self.rows, strict=True)) or [()] * 6
        kinds = (pa.string(), pa.string(), pa.string(), pa.string(), pa.string(), pa.int64())
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        names = ["table_name", "kind", "key", "detail", "file", "line"]
        return pa.table([pa.array([self.delivery] * len(self.rows), pa.string()), *arrays], ["delivery", *names])


def repeated(batch: Sales) -> Bools:
    """The orders whose rows stand twice in their file."""
    found: Bools = batch.placed.index % 401 == 7
    return found


def twice(table: Any, keys: Ints, column: str) -> Any:
    """The table with the rows of some keys once more at its end."""
    again = np.isin(table[column].to_numpy(), keys)
    return pa.concat_tables([table, table.filter(pa.array(again))])


@dataclass(frozen=True)
class Changed:
    """Old orders that come again: dearer, without their last line, as they were, deleted, and in a version that was
    overtaken long ago."""

    dearer: Sales
    shorter: Sales
    same: Sales
    deleted: Sales
    stale: Sales


def change(batch: Sales, since: int, now: int, turn: int) -> Changed:
    """Choose among a batch's orders to which nothing happens any more; never one in two deliveries."""
    several = np.diff(np.flatnonzero(np.diff(batch.order, prepend=-1, append=-1))) > 1
    old = batch.is_settled(since) & (batch.placed.arrived < since) & several & (batch.parcels > 0)
    old &= batch.placed.at < now - SETTLED_DAYS // 4 * 86_400
    candidates = np.flatnonzero(old & (batch.placed.index % 37 == turn % 37))
    each = max(1, min(len(candidates) // 5, 40))

    def some(nth: int) -> Sales:
        chosen = np.zeros(len(several), dtype=np.bool_)
        chosen[candidates[nth * each : (nth + 1) * each]] = True
        return orders.take(batch, chosen)

    return Changed(
        dearer=orders.repriced(some(0), now - 7200),
        shorter=orders.without_last_line(some(1), now - 7200),
        same=some(2),
        deleted=some(3),
        stale=some(4),
    )


def spoil(folder: Path, table: str, file: str, example: Any, labels: Labels, turn: int) -> None:
    """Append rows that are wrong in themselves to a CSV file of a table, made from one good row of it, whose first
    column is its key. `turn` makes their keys differ from those of other deliveries."""
    good = {name: "" if value is None else str(value) for name, value in example.slice(0, 1).to_pylist()[0].items()}
    path = folder / file
    lines = path.read_bytes().count(b"\n")
    added: list[str] = []
    for number, wrong in enumerate(_WRONG):
        if wrong.table == table:
            key = str(OWN_KEYS + turn * 100 + number)
            row = good | {example.column_names[0]: key, wrong.column: wrong.text}
            added.append(",".join(f'"{text}"' if "," in text else text for text in row.values()))
            labels.add_line(table, wrong.kind, key, wrong.detail, file, lines + len(added))
    with path.open("a", encoding="utf-8") as sink:
        sink.writelines(f"{line}\n" for line in added)
