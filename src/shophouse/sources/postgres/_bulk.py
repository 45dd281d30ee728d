"""A whole table through DuckDB's extension for PostgreSQL: binary, typed on the way, by several connections at once.

Each connection imports the snapshot of the transaction that the read is in, and copies a range of the table's pages to
a Parquet file of its own. What the extension reads otherwise than COPY gives it is cast on the server, or refused: it
takes NaN of a numeric for 0, a numeric without precision for a double, and a date beyond those of the lake as it is.
Whatever goes wrong here, a read by COPY in the same snapshot is right, and says what is wrong with the table.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.quoting import identifier, literal
from shophouse.sources._parquet import parquet_options
from shophouse.sources.postgres._catalog import Field, Relation
from shophouse.sources.postgres._database import SETTINGS, Database

if TYPE_CHECKING:
    import duckdb

__all__ = ["Bulk", "Refused", "extension", "parts_of"]

_SMALL_PAGES = 2_000
_PART_PAGES = 131_072
_MOST_CONNECTIONS = 4
_MEMORY = "2GB"
_TUPLE_BYTES = 28
"""The least that a row takes of a page."""
_FIRST_DAY, _LAST_MOMENT = "0001-01-01", "9999-12-31 23:59:59.999999"
_BEYOND = "a time is beyond what the lake takes"
_NUMBERS = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT"}
_AS_TEXT = frozenset(
    (
        *("bpchar", "numeric", "date", "timestamp", "timestamptz", "time", "timetz", "interval", "bytea"),
        *("int2", "int4", "int8", "float4", "float8"),
    )
)


class Refused(Exception):
    """The table can't be read this way; nothing of it is left. The message says why, and holds no secret."""


def extension() -> Path | None:
    """The file of DuckDB's extension for PostgreSQL, for `load`; None where it is not installed."""
    spec = importlib.util.find_spec("duckdb_extension_postgres_scanner")
    return next(Path(spec.origin).parent.rglob("*.duckdb_extension"), None) if spec and spec.origin else None


@dataclass(frozen=True)
class Part:
    """A range of pages, the last open at its end; and a number that is above those of all rows before it."""

    condition: str
    rows_before: int = 0


def parts_of(pages: int, page_bytes: int, relations: int, server_version: int) -> list[Part]:
    """The parts to copy a table in that has so many pages of so many bytes in its largest of so many relations."""
    if pages < _SMALL_PAGES or server_version < 140000:
        # an older server reads the whole table for each range
        return [Part("")]
    count = max(_connections(), -(-pages // _PART_PAGES))
    size = -(-pages // count)
    rows = (page_bytes // _TUPLE_BYTES) * relations
    starts = range(0, pages, size)
    return [
        Part(
            f"ctid >= '({start},0)'" + (f" and ctid < '({start + size},0)'" if start + size < pages else ""),
            start * rows,
        )
        for start in starts
    ]


@dataclass(frozen=True)
class _Value:
    """A column: what the server sends and as which type of DuckDB, what becomes of it, what may not be (`guard`)."""

    sent: str | None
    arrives: str
    sql: str
    guard: str | None = None


@dataclass(frozen=True)
class Bulk:
    """Copies a relation whole, as of an exported snapshot, into Parquet files with their lineage in `into`."""

    database: Database
    relation: Relation
    fields: Sequence[Field]
    into: Path
    load_id: int
    loaded_at: datetime

    def copy(self, snapshot: str, parts: Sequence[Part], done: Callable[[int], None]) -> tuple[list[Path], int]:
        """The files, in the order of their rows, and the number of rows. `done` is called with the parts finished.

        Row numbers of several parts have gaps. Raises Refused.
        """
        import duckdb

        values = [_value(at, f"c{index}") for index, at in enumerate(self.fields)]
        file = extension()
        if file is None:
            raise Refused("DuckDB's extension for PostgreSQL is not installed")
        for at, value in zip(self.fields, values, strict=True):
            if value is None:
                raise Refused(f"{at.name} is {at.kind} there, and {at.type} in the lake")
        sure = [value for value in values if value is not None]
        workers = min(len(parts), _connections())
        paths = [self.into / f"part-{number:05}.parquet" for number in range(1, len(parts) + 1)]
        try:
            with duckdb.connect(config={"threads": workers, "memory_limit": _MEMORY, "temp_directory": ""}) as db:
                db.execute(f"load {literal(str(file))}")
                rows = self._side_by_side(db, parts, paths, snapshot, sure, done)
        except BaseException as error:
            for path in paths:
                path.unlink(missing_ok=True)
            if isinstance(error, duckdb.Error):
                why = self.database.without_secrets(str(error)).splitlines() or [type(error).__name__]
                raise Refused(why[0]) from None
            raise
        for path, count in zip(paths, rows, strict=True):
            if count == 0:
                path.unlink()
        return [path for path, count in zip(paths, rows, strict=True) if count], sum(rows)

    def _side_by_side(
        self,
        db: duckdb.DuckDBPyConnection,
        parts: Sequence[Part],
        paths: Sequence[Path],
        snapshot: str,
        values: Sequence[_Value],
        done: Callable[[int], None],
    ) -> list[int]:
        import duckdb

        cursors = [db.cursor() for _ in parts]
        with ThreadPoolExecutor(min(len(parts), _connections())) as pool:
            futures = [
                pool.submit(self._part, cursor, number, part, path, snapshot, values)
                for number, (cursor, part, path) in enumerate(zip(cursors, parts, paths, strict=True))
            ]
            try:
                for finished, future in enumerate(as_completed(futures), 1):
                    future.result()
                    done(finished)
            except BaseException:
                for future, cursor in zip(futures, cursors, strict=True):
                    future.cancel()
                    # what has ended is closed
                    with suppress(duckdb.Error):
                        cursor.interrupt()
                raise
        return [future.result() for future in futures]

    def _part(
        self,
        cursor: duckdb.DuckDBPyConnection,
        number: int,
        part: Part,
        path: Path,
        snapshot: str,
        values: Sequence[_Value],
    ) -> int:
        import duckdb

        name = f"shop{number}"
        cursor.execute(f"attach {literal(self.database.attachable)} as {name} (type postgres, read_only)")
        try:
            cursor.execute("begin")
            self._enter(cursor, name, snapshot)
            rows = f"postgres_query('{name}', {literal(self._query(part, values))})"
            self._refuse_other_types(cursor, rows, values)
            columns = [f"{value.sql} as {identifier(at.name)}" for at, value in zip(self.fields, values, strict=True)]
            lineage = [
                f"cast({self.load_id} as bigint) as _load_id",
                f"timestamp '{self.loaded_at:%Y-%m-%d %H:%M:%S.%f}' as _loaded_at",
                f"{literal(self.relation.label)} as _source_file",
                f"row_number() over () + {part.rows_before} as _row_number",
                "'insert' as _operation",
            ]
            cursor.execute(
                f"copy (select {', '.join([*columns, *lineage])} from {rows}) to {literal(str(path))}"
                f" (format parquet, {parquet_options(at.type for at in self.fields)})"
            )
            (count,) = cursor.fetchone() or (0,)
            return int(count)
        finally:
            with suppress(duckdb.Error):
                cursor.execute("rollback")
            with suppress(duckdb.Error):
                cursor.execute(f"detach {name}")
            cursor.close()

    @staticmethod
    def _enter(cursor: duckdb.DuckDBPyConnection, name: str, snapshot: str) -> None:
        """Begin the transaction on the server: in the snapshot, and with values written as COPY's are."""
        enter = f"set transaction snapshot {literal(snapshot)}"
        cursor.execute(f"call postgres_execute('{name}', {literal(enter)})")
        # whoever waits to change the table waits for the read, and a lock asked for now would wait for them
        settings = {**SETTINGS, "lock_timeout": "2s", "max_parallel_workers_per_gather": "0"}
        chosen = ", ".join(f"set_config({literal(key)}, {literal(value)}, true)" for key, value in settings.items())
        cursor.execute(f"from postgres_query('{name}', {literal(f'select num_nulls({chosen}) as missing')})")

    def _query(self, part: Part, values: Sequence[_Value]) -> str:
        sent = ", ".join(f"{value.sent} as c{index}" for index, value in enumerate(values) if value.sent)
        guards = [value.guard for value in values if value.guard]
        conditions = " and ".join([*([part.condition] if part.condition else []), *guards])
        return f"select {sent} from {self.relation.quoted}" + (f" where {conditions}" if conditions else "")

    @staticmethod
    def _refuse_other_types(cursor: duckdb.DuckDBPyConnection, rows: str, values: Sequence[_Value]) -> None:
        found = {name: kind for name, kind, *_ in cursor.execute(f"describe from {rows}").fetchall()}
        for index, value in enumerate(values):
            if value.sent and found[f"c{index}"] != value.arrives:
                raise Refused(f"{value.sent} arrives as {found[f'c{index}']}, not as {value.arrives}")


def _connections() -> int:
    return min(_MOST_CONNECTIONS, os.cpu_count() or 1)


def _value(at: Field, name: str) -> _Value | None:
    """How a column comes, as `name`; None where it would not be what COPY gives."""
    if at.column is None:
        return _Value(None, "", f"cast(null as {'varchar' if at.type == 'text' else at.type})")
    column = identifier(at.column)
    if at.type == "text":
        return _text(at, column, name)
    if at.type.startswith("decimal"):
        return _decimal(at, column, name)
    if at.kind in _NUMBERS and at.type in ("integer", "bigint", "double"):
        return _Value(column, _NUMBERS[at.kind], f"cast({name} as {at.type})")
    if at.kind == "oid" and at.type == "bigint":
        return _Value(f"{column}::bigint", "BIGINT", name)
    if at.type == "double":
        # the nearest double to the text of a number, as COPY's text is read
        sent = {"float8": column, "float4": f"{column}::text::float8", "numeric": f"{column}::float8"}.get(at.kind)
        return _Value(sent, "DOUBLE", name) if sent else None
    if at.kind == "numeric" and at.type in ("integer", "bigint"):
        whole = at.digits is not None and at.digits[1] == 0 and at.digits[0] <= 38
        sent = f"DECIMAL({at.digits[0]},0)" if whole and at.digits else ""
        return _Value(column, sent, f"cast({name} as {at.type})", _no_nan(column)) if whole else None
    if at.kind == "bool" and at.type == "boolean":
        return _Value(column, "BOOLEAN", name)
    if at.kind == "date" and at.type in ("date", "timestamp"):
        return _Value(column, "DATE", _within(f"cast({name} as {at.type})", name))
    if at.kind == "timestamp" and at.type == "timestamp":
        return _Value(column, "TIMESTAMP", _within(name, name))
    if at.kind == "timestamptz" and at.type == "timestamp":
        utc = _within(f"make_timestamp(epoch_us({name}))", name, "timestamptz", "+00")
        return _Value(column, "TIMESTAMP WITH TIME ZONE", utc)
    return None


def _text(at: Field, column: str, name: str) -> _Value:
    if at.kind in ("text", "varchar", "json", "jsonb"):
        return _Value(column, "VARCHAR", name)
    if at.kind == "uuid":
        return _Value(column, "UUID", f"cast({name} as varchar)")
    if at.kind in _AS_TEXT or at.category in ("A", "E"):
        return _Value(f"{column}::text", "VARCHAR", name)
    # a cast may write it otherwise than COPY does, as of boolean and inet
    return _Value(f"case when num_nulls({column}) = 0 then format('%s', {column}) end", "VARCHAR", name)


def _decimal(at: Field, column: str, name: str) -> _Value | None:
    precision, scale = (int(word) for word in re.findall(r"\d+", at.type))
    cast = f"cast({name} as {at.type})"
    if at.kind in _NUMBERS:
        return _Value(column, _NUMBERS[at.kind], cast)
    if at.kind != "numeric":
        return None
    own = at.digits
    if own is not None and 0 <= own[1] <= min(scale, own[0]) and own[0] - own[1] <= precision - scale:
        return _Value(column, f"DECIMAL({own[0]},{own[1]})", cast, _no_nan(column))
    same = f"{column}::numeric({precision},{scale})"
    # what would be rounded, and NaN, is made to fail
    exact = f"case when {same} <> {column} or {column} = 'NaN' then ({column} * 'NaN')::integer > 0 else true end"
    return _Value(same, f"DECIMAL({precision},{scale})", cast, exact)


def _no_nan(column: str) -> str:
    return f"case when {column} = 'NaN' then {column}::integer > 0 else true end"


def _within(value: str, moment: str, kind: str = "timestamp", zone: str = "") -> str:
    """The value, and an error where the moment is beyond what the lake takes."""
    low, high = f"{kind} '{_FIRST_DAY} 00:00:00{zone}'", f"{kind} '{_LAST_MOMENT}{zone}'"
    is_within = f"{moment} is null or {moment} between {low} and {high}"
    return f"case when {is_within} then {value} else error('{_BEYOND}') end"
