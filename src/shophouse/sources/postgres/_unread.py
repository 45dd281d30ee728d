"""The rows of a window that no read had before, told from the columns that are read beside the table's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shophouse.quoting import identifier, literal
from shophouse.sources.postgres._catalog import Field
from shophouse.sources.postgres._copying import typed
from shophouse.sources.postgres._window import ROUND, Window

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

__all__ = ["CURSOR_TYPES", "EXTRAS", "Unread"]

CURSOR_TYPES = ("timestamp", "date", "bigint", "integer")
EXTRAS = ("writer", "is_sure")
"""The transaction that wrote the row's version, and whether the row is new whoever wrote it."""


class Unread:
    """Leaves out what was read before, and notes what the next position needs.

    `cursor` is the cursor's place in `fields`. `written` are the transactions of the window whose rows were seen,
    `highest` is the highest cursor as text, `nulls` counts rows without one, `left_out` those that were left out.
    """

    def __init__(self, window: Window, cursor: int, fields: Sequence[Field]) -> None:
        self.window = window
        self.fields = fields
        self.field = fields[cursor]
        self.written: set[int] = set()
        self.highest = window.cursor
        self.nulls = 0
        self.left_out = 0
        self._name = f"c{cursor}"

    def query(self, table: str, is_indexed: bool, late_by: timedelta | None = None, zone: str = "UTC") -> str:
        """The rows that may be new, with EXTRAS. `is_indexed`: the cursor finds rows without a scan.

        `late_by` is how long before its transaction a row's time may lie, `zone` that of times which name none.
        """
        own = ", ".join(at.sql for at in self.fields if at.sql is not None)
        condition, is_sure = self.window.condition()
        query = f"select {own}, xmin, {is_sure} from {table} where {condition}"
        if late_by is not None and is_indexed and self.window.began is not None and not self.window.new_relations:
            return f"{query} and {self._beyond(late_by, zone)}"
        if self.window.cursor is None or not is_indexed:
            return query
        # the column itself, not what is read of it: else no index serves
        column = identifier(self.field.column or self.field.name)
        passed = f"{column} > {literal(self.window.cursor)}"
        if self.field.type in ("timestamp", "date"):
            # what no date of the lake can hold is in quarantine, and would pass every time
            passed += f" and {column} < '9999-12-31'"
        return f"{query} union all select {own}, xmin, true from {table} where {passed} and not ({condition})"

    def _beyond(self, late_by: timedelta, zone: str) -> str:
        """The condition of rows that transactions may have stamped which the last snapshot did not see."""
        column = identifier(self.field.column or self.field.name)
        assert self.window.began is not None
        moment = datetime.fromisoformat(self.window.began).replace(tzinfo=UTC) - late_by
        first = moment.isoformat()
        if self.field.kind != "timestamptz":
            if zone != "UTC":
                # an hour comes twice where clocks are set back
                moment -= timedelta(hours=1)
            first = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(sep=" ")
        # a row without a time is to be refused, not passed over
        return f"({column} >= {literal(first)} or {column} is null)"

    def keep(self, rows: pa.Table) -> pa.Table:
        """The rows of a chunk that were not read before."""
        import pyarrow as pa
        import pyarrow.compute as pc

        moment = self.window.moment
        writers = rows.column("writer").cast(pa.int64())
        distance = pc.bit_wise_and(pc.subtract(writers, moment.xmin), ROUND - 1)
        recent = pc.unique(distance.filter(pc.less(distance, moment.xmax - moment.xmin)))
        self.written.update(moment.xmin + number for number in recent.to_pylist())
        if self.window.seen:
            read = pa.array(sorted(number % ROUND for number in self.window.seen), pa.int64())
            again = pc.and_(pc.is_in(writers, read), pc.not_equal(rows.column("is_sure"), "t"))
            self.left_out += pc.sum(again).as_py() or 0
            rows = rows.filter(pc.invert(again))
        column = rows.column(self._name)
        self.nulls += column.null_count
        highest = pc.max(typed(column, self.field.type)[0]).as_py()
        if highest is not None:
            self._raise(str(highest))
        return rows

    def take_all(self, connection: psycopg.Connection[Any], table: str, parquet: Sequence[Path]) -> None:
        """Note what the next position needs of a read of all rows, which are in these files."""
        import duckdb

        moment = self.window.moment
        if moment.xmax > moment.xmin:
            written, _ = replace(self.window, since=moment.xmin, new_relations=()).condition()
            for (writer,) in connection.execute(f"select distinct xmin::text::bigint from {table} where {written}"):
                distance = (writer - moment.xmin) % ROUND
                if distance < moment.xmax - moment.xmin:
                    self.written.add(moment.xmin + distance)
        if parquet:
            name, paths = identifier(self.field.name), ", ".join(literal(str(path)) for path in parquet)
            with duckdb.connect() as db:
                row = db.execute(
                    f"select count(*) - count({name}), max({name}) from read_parquet([{paths}])"
                ).fetchone()
            assert row is not None
            self.nulls += row[0]
            if row[1] is not None:
                self._raise(str(row[1]))

    def _raise(self, value: str) -> None:
        before = self.highest
        if before is None or (int(value) > int(before) if value.lstrip("-").isdigit() else value > before):
            self.highest = value
