"""A delivery as files: the span of time that it tells of, what is written, and what was counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from shophouse.demo.catalogue import DAY
from shophouse.demo.state import Tally
from shophouse.demo.world.defects import Labels
from shophouse.demo.world.sales import World
from shophouse.demo.world.truth import Truth

Tables = Iterable[tuple[str, Any]]
Put = Callable[["Out", str, Any, str], None]

_WORKERS = 2
_FREE_TEXT = {
    "name",
    "first_name",
    "last_name",
    "body",
    "Address",
    "FirstName",
    "LastName",
    "ProductName",
    "review_comment_message",
}


@dataclass(frozen=True)
class Span:
    """What a delivery tells: what happened from `since` until `now`. `turn` counts deliveries from 0; the first has
    `truth` to write to."""

    data: Path
    world: World
    since: int
    now: int
    turn: int
    truth: Truth | None
    labels: Labels = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", Labels(self.last.isoformat()))

    @property
    def is_first(self) -> bool:
        return self.turn == 0

    @property
    def first(self) -> date:
        return self.world.settings.first_day if self.is_first else _day(self.since)

    @property
    def last(self) -> date:
        return _day(self.now - 1)

    @property
    def days(self) -> tuple[int, int]:
        """The first day and the one after the last, counted from the world's first."""
        start = self.world.settings.start
        return 0 if self.is_first else (self.since - start) // DAY, (self.now - start) // DAY

    @property
    def suffix(self) -> str:
        return "" if self.is_first else f"-{self.last}"

    def out(self) -> Out:
        return Out(self.data, self.suffix)


def _day(second: int) -> date:
    return date(1970, 1, 1) + timedelta(days=second // DAY)


class Out:
    """A folder that tables are written to. Not to be shared between threads: `add` joins what another wrote."""

    def __init__(self, folder: Path, suffix: str = "") -> None:
        self.folder, self.suffix = folder, suffix
        self.tally = Tally()

    def csv(self, name: str, table: Any, part: str = "") -> None:
        # Only what people write may hold a comma or a quote, and quoting everything costs half as much again.
        quoting = "needed" if _FREE_TEXT & set(table.column_names) else "none"
        file = f"{name}{part}{self.suffix}.csv"
        pa.csv.write_csv(table, self.folder / file, pa.csv.WriteOptions(quoting_style=quoting, quoting_header="none"))
        self.count(name, table, file)

    def parquet(self, name: str, table: Any, part: str = "") -> None:
        file = f"{name}{part}{self.suffix}.parquet"
        # Trying a dictionary on ids costs half of the time, and space.
        texts = [column.name for column in table.schema if pa.types.is_string(column.type)]
        pa.parquet.write_table(table, self.folder / file, compression="zstd", use_dictionary=texts)
        self.count(name, table, file)

    def count(self, name: str, table: Any, file: str) -> None:
        self.tally.files.append(file)
        self.tally.count(name, table)

    def add(self, other: Out) -> None:
        self.tally.add(other.tally)


def joined(tables: Tables) -> Tables:
    """The tables of each name as one, those without a row left out."""
    parts: dict[str, list[Any]] = {}
    for name, table in tables:
        if len(table):
            parts.setdefault(name, []).append(table)
    return [(name, pa.concat_tables(several)) for name, several in parts.items()]


def write_parts(
    span: Span, out: Out, make: Callable[[int, Labels], Tables], parts: int, put: Put, mark: str = ""
) -> None:
    """Make all parts, two at a time, and write them: in the first delivery each to files of its own, as there may be
    many; later all together."""

    def one(number: int) -> tuple[Out, list[tuple[str, Any]], Labels]:
        labels = Labels(span.labels.delivery)
        mine = span.out()
        tables = make(number, labels)
        if not span.is_first:
            return mine, list(tables), labels
        part = mark + (f"-{number + 1:04d}" if parts > 1 else "")
        for name, table in joined(tables):
            put(mine, name, table, part)
        return mine, [], labels

    gathered: list[tuple[str, Any]] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for mine, tables, labels in pool.map(one, range(parts)):
            out.add(mine)
            span.labels.rows += labels.rows
            gathered += tables
    for name, table in joined(gathered):
        put(out, name, table, mark)


def as_stands(table: Any, **values: Any) -> Any:
    """The table with one value in all rows of some columns; times in seconds since 1970."""
    for name, value in values.items():
        position = table.schema.get_field_index(name)
        kind = table.schema.field(name).type
        column = pa.array([value] * len(table))
        column = column.cast(pa.int64()).cast(kind) if name.endswith("_at") else column.cast(kind)
        table = table.set_column(position, name, column)
    return table
