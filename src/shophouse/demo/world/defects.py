"""Faults planted in the files, each with a label.

A label says in which delivery and table, of which kind, and by which key the row is found; of what can't be read at
all, the file and the line. Rows that are wrong in themselves have keys of their own, from 900,000,000 on, and never
come right: what the shop really sold is what all other rows say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

# table, column, what stands in it: can't be read as its type.
_MALFORMED = (
    ("orders", "ordered_at", "2025-13-45 99:00:00"),
    ("orders", "total_amount", "twelve"),
    ("order_items", "unit_price", "12,x"),
    ("order_items", "quantity", "many"),
    ("payments", "amount", "#REF!"),
)
# table, column, what stands in it, why it is not passed on: can be read, but breaks the contract.
_REJECTED = (
    ("orders", "status", "zzz", "unknown status"),
    ("order_items", "order_id", str(OWN_KEYS + 99), "order missing"),
    ("order_items", "product_id", "", "product_id missing"),
    ("payments", "kind", "barter", "unknown kind"),
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


def spoil(folder: Path, table: str, file: str, example: Any, labels: Labels, start: int) -> None:
    """Append rows that are wrong in themselves to a CSV file of a table, made from one good row of it. `start` makes
    their keys differ from those in other files."""
    values = ["" if value is None else str(value) for value in example.slice(0, 1).to_pylist()[0].values()]
    names = example.column_names
    path = folder / file
    lines = path.read_bytes().count(b"\n")
    added: list[str] = []
    planted: Sequence[tuple[str, str, str, str, Kind]] = [
        *((*one, "malformed") for one in ((t, c, v, f"{c} is {v!r}") for t, c, v in _MALFORMED)),
        *((*one, "rejected") for one in _REJECTED),
    ]
    for number, (of, column, value, detail, kind) in enumerate(planted):
        if of != table:
            continue
        row = dict(zip(names, values, strict=True))
        key = str(OWN_KEYS + start * 100 + number)
        row[names[0]] = key
        if kind == "rejected" and table == "order_items" and column != "order_id":
            row["order_id"] = key
        row[column] = value
        added.append(",".join(_cell(one) for one in row.values()))
        labels.add_line(table, kind, row[names[0]], detail, file, lines + len(added))
    with path.open("a", encoding="utf-8") as sink:
        sink.writelines(f"{line}\n" for line in added)


def _cell(text: str) -> str:
    return f'"{text}"' if "," in text else text
