"""What a program hands over as rows (data frames, Arrow, dictionaries), on the way to the lake's Parquet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.sources import LINEAGE, Batch, FileRead, Position, Rejected, Table
from shophouse.sources._tolerance import is_refused
from shophouse.sources._typing import arrow_type, fitted, lake_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["OPERATIONS", "Frames", "is_frame", "tables_of"]

OPERATIONS = ("insert", "update", "delete")

_ROWS = 50_000
_MOST_REJECTED = 100_000
_RAW = 2_000


def is_frame(value: object) -> bool:
    """Whether `tables_of` takes it."""
    if isinstance(value, dict):
        return True
    if isinstance(value, list):
        return all(isinstance(row, Mapping) for row in value)
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__") or hasattr(value, "collect")


def tables_of(frame: Any) -> Iterator[pa.Table]:
    """A frame as tables of Arrow: pandas, Polars (lazy too), Arrow's tables, batches and readers, dictionaries.

    Anything with Arrow's PyCapsule interface is one. Values of a column that are of several types become text.
    """
    import pyarrow as pa

    if isinstance(frame, Mapping):
        frame = [frame]
    if isinstance(frame, list):
        for start in range(0, len(frame), _ROWS):
            yield _of_rows(frame[start : start + _ROWS])
        if not frame:
            yield pa.table({})
        return
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    elif type(frame).__module__.partition(".")[0] == "pandas":
        frame = _of_pandas(frame)
    elif not hasattr(frame, "__arrow_c_stream__") and hasattr(frame, "collect"):
        frame = frame.collect()
    if isinstance(frame, pa.Table):
        yield frame
        return
    reader = pa.RecordBatchReader.from_stream(frame)
    empty = True
    for batch in reader:
        empty = False
        yield pa.Table.from_batches([batch])
    if empty:
        yield reader.schema.empty_table()


def _of_rows(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    named = [{str(name): value for name, value in row.items()} for row in rows]
    return pa.table({name: _array([row.get(name) for row in named]) for name in names})


def _of_pandas(frame: Any) -> pa.Table:
    import pyarrow as pa

    arrays: dict[str, Any] = {}
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        if str(name) in arrays:
            raise SourceMismatch(f"two columns of a frame are called {name}", hint="rename one of them")
        is_object = column.dtype == object
        arrays[str(name)] = _array(column.tolist()) if is_object else pa.Array.from_pandas(column)
    return pa.table(arrays)


def _array(values: list[Any]) -> Any:
    """Python's values as an array: of their type where they have one, else as text."""
    import pyarrow as pa

    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        array = None
    except UnicodeEncodeError as error:
        raise SourceMismatch("text that is no Unicode", why=str(error)) from None
    if array is None or (pa.types.is_timestamp(array.type) and _has_both(values)):
        return pa.array([_shown(value) for value in values], pa.string())
    return array


def _has_both(values: Iterable[Any]) -> bool:
    """Whether some times have a zone and some have none: Arrow would take all as of one kind."""
    zones = {value.tzinfo is None for value in values if isinstance(value, datetime)}
    return len(zones) > 1


def _shown(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


@dataclass
class Frames:
    """Writes what arrives of one table into Parquet files in the folder `into`, a few thousand rows at a time.

    `label` is the rows' `_source_file`. `types` are column types known from before: a column keeps the type that it
    had at first. `zone_is_utc` says that times without a zone are in UTC. `rows` and `rejected` count as they come.
    """

    table: Table
    into: Path
    label: str
    load_id: int
    loaded_at: datetime
    where: str
    max_rejected_rate: float
    zone_is_utc: bool
    types: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    hashes: bool = True
    """Whether rows count in `hexdigest`, which takes time."""
    came: bool = False
    """Whether anything came, if only a frame without rows."""
    _digest: Any = field(default_factory=hashlib.sha256)
    _seen: int = 0
    _pending: list[Any] = field(default_factory=list)
    _waiting: int = 0
    _writer: Any = None
    _columns: dict[str, str] = field(default_factory=dict)
    _parts: list[tuple[Path, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.types = {**self.types, **self.table.types}

    def add(self, arrived: pa.Table) -> None:
        """Take a table of any columns. Raises SourceMismatch where columns can't be taken, or too many rows."""
        import pyarrow as pa

        self.came = True
        if arrived.num_columns == 0:
            return
        names = self._names(arrived)
        for name in names.values():
            if name not in self.types and name != "_operation":
                position = list(names.values()).index(name)
                if (kind := lake_type(arrived.column(position).type)) is not None:
                    self.types[name] = kind
        self._refuse_without_required(arrived, names)
        self._refuse_zones(arrived, names)
        if any(kind is not None and name not in self._columns for name, kind in self.types.items()):
            self._next_part()
        for batch in arrived.to_batches(max_chunksize=_ROWS):
            self._take(pa.Table.from_batches([batch]), list(names.values()))

    def batches(self, position: Position) -> Iterator[Batch]:
        """What was written, all of it at one position. Raises SourceMismatch when too much could not be read."""
        self.close()
        self._refuse_if_broken()
        size = sum(path.stat().st_size for path, _ in self._parts)
        read = FileRead(self.label, self.rows, len(self.rejected), size)
        for path, columns in self._parts[:-1]:
            yield Batch(position, [path], columns)
        parquet, columns = ([self._parts[-1][0]], self._parts[-1][1]) if self._parts else ([], dict(self.types))
        yield Batch(position, parquet, columns, [read], self.rejected)

    def hexdigest(self) -> str:
        """A digest of all rows, and of what was rejected, in whatever frames they came."""
        self.close()
        digest = self._digest.copy()
        digest.update(repr([(row.line, row.column_name, row.raw) for row in self.rejected]).encode())
        return str(digest.hexdigest())

    def close(self) -> None:
        """Write what waits and close the file."""
        self._flush(whole=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def discard(self) -> None:
        """Leave no file behind."""
        self._pending, self._waiting = [], 0
        self.close()
        for path, _ in self._parts:
            path.unlink(missing_ok=True)

    def _names(self, arrived: pa.Table) -> dict[str, str]:
        """What each column of the frame is called in the lake."""
        known = {name.lower(): name for name in self.types}
        names: dict[str, str] = {}
        for name in arrived.column_names:
            lower = name.lower()
            if not name.strip() or (lower in LINEAGE and lower != "_operation"):
                why = "the name is taken by a lineage column" if name.strip() else "it has no name"
                raise SourceMismatch(
                    f"{self.table.name}: a column can't be called {name!r}", where=self.where, why=why, hint="rename it"
                )
            names[name] = "_operation" if lower == "_operation" else known.setdefault(lower, name)
        if len(set(names.values())) < arrived.num_columns:
            raise SourceMismatch(
                f"{self.table.name}: two columns have one name",
                where=self.where,
                why=f"the frame has: {', '.join(arrived.column_names)}",
                hint="rename one; upper and lower case alone don't tell them apart",
            )
        return names

    def _refuse_without_required(self, arrived: pa.Table, names: Mapping[str, str]) -> None:
        import pyarrow.compute as pc

        present = {name.lower() for name in names.values()}
        missing = [name for name in self.table.required if name.lower() not in present]
        said = [arrived.column(name) for name, called in names.items() if called == "_operation"]
        # a row that is gone has only its key
        if missing and not (said and pc.all(pc.equal(said[0], "delete")).as_py()):
            raise SourceMismatch(
                f"{self.table.name}: {', '.join(missing)} is missing",
                where=self.where,
                why=f"the frame has: {', '.join(arrived.column_names)}",
                hint="it is required: give it, or leave it out of required",
            )

    def _refuse_zones(self, arrived: pa.Table, names: Mapping[str, str]) -> None:
        import pyarrow as pa

        for name, column in zip(names.values(), arrived.columns, strict=True):
            is_zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
            if is_zoned and not self.zone_is_utc and self.types.get(name) in ("timestamp", "date"):
                raise SourceMismatch(
                    f"{self.table.name}: the times of {name} have a zone",
                    where=self.where,
                    why="without one, the lake would take them as of the source's time zone",
                    hint=f"write   timezone: UTC   under sources.{self.table.source} in shophouse.yml",
                )

    def _next_part(self) -> None:
        self.close()
        self._columns = {name: kind for name, kind in self.types.items() if kind is not None}

    def _take(self, arrived: pa.Table, names: list[str]) -> None:
        import pyarrow as pa

        count = arrived.num_rows
        numbers = pa.array(range(self._seen + 1, self._seen + count + 1), pa.int64())
        self._seen += count
        bad: dict[int, tuple[str, str]] = {}
        given = {name: _whole(arrived.column(position)) for position, name in enumerate(names)}
        arrays = []
        for name, kind in self._columns.items():
            if name not in given:
                arrays.append(pa.nulls(count, arrow_type(kind)))
                continue
            values, wrong = fitted(given[name], kind)
            arrays.append(values)
            for row, value in wrong.items():
                bad.setdefault(row, (name, f"not a {kind}: {value}"))
        operations = self._operations(given.get("_operation"), count, bad)
        loaded_at = pa.scalar(self.loaded_at.replace(tzinfo=None), pa.timestamp("us"))
        lineage = [
            pa.repeat(pa.scalar(self.load_id, pa.int64()), count),
            pa.repeat(loaded_at, count),
            pa.repeat(pa.scalar(self.label), count),
            numbers,
            operations,
        ]
        result = pa.Table.from_arrays([*arrays, *lineage], schema=self._schema())
        if bad:
            for row, (column, reason) in sorted(bad.items()):
                raw = json.dumps({name: given[name][row].as_py() for name in names}, default=str, ensure_ascii=False)
                number = numbers[row].as_py()
                self.rejected.append(Rejected(self.label, number, column, reason[:500], raw[:_RAW]))
            result = result.filter(pa.array([row not in bad for row in range(count)]))
            if len(self.rejected) > _MOST_REJECTED:
                self._refuse_if_broken()
        self.rows += result.num_rows
        self._pending.append(result)
        self._waiting += result.num_rows
        self._flush()

    @staticmethod
    def _operations(given: Any, count: int, bad: dict[int, tuple[str, str]]) -> Any:
        import pyarrow as pa

        if given is None:
            return pa.repeat(pa.scalar("insert"), count)
        words, _ = fitted(given, "text")
        said = [word if word is None else word.strip().lower() for word in words.to_pylist()]
        for row, word in enumerate(said):
            if word is not None and word not in OPERATIONS:
                bad.setdefault(row, ("_operation", f"not one of {', '.join(OPERATIONS)}: {word}"))
        return pa.array([word or "insert" for word in said], pa.string())

    def _schema(self) -> Any:
        import pyarrow as pa

        return pa.schema([(name, arrow_type(kind)) for name, kind in {**self._columns, **LINEAGE}.items()])

    def _flush(self, *, whole: bool = False) -> None:
        """Write in parts of one size, so that the digest does not depend on the size of frames."""
        import pyarrow as pa

        while self._waiting >= _ROWS or (whole and self._waiting):
            waiting = pa.concat_tables(self._pending)
            part, rest = waiting.slice(0, _ROWS).combine_chunks(), waiting.slice(_ROWS)
            self._pending, self._waiting = ([rest] if rest.num_rows else []), rest.num_rows
            self._store(part)

    def _store(self, part: pa.Table) -> None:
        import pyarrow.parquet as pq

        if self._writer is None:
            path = self.into / f"part-{len(self._parts) + 1:05}.parquet"
            self._parts.append((path, dict(self._columns)))
            self._writer = pq.ParquetWriter(path, self._schema(), compression="zstd")
        self._writer.write_table(part)
        if not self.hashes:
            return
        told = [*self._columns, "_operation"]
        self._digest.update(repr(told).encode())
        for name in told:
            self._digest.update(repr(part.column(name).to_pylist()).encode())

    def _refuse_if_broken(self) -> None:
        if not is_refused(len(self.rejected), self.rows, self.max_rejected_rate):
            return
        first = self.rejected[0]
        raise SourceMismatch(
            f"{self.table.name}: {len(self.rejected):,} of {self.rows + len(self.rejected):,} rows can't be taken",
            where=f"{self.where}, first row {first.line}: {(first.raw or '')[:200]}",
            why=[
                f"{first.column_name}: {first.reason}",
                f"more than max_rejected_rate ({self.max_rejected_rate:g}) allows; nothing was loaded",
            ],
            hint="declare the column otherwise in shophouse.yml, text takes everything; or raise max_rejected_rate",
        )


def _whole(column: Any) -> Any:
    """A column as one array."""
    import pyarrow as pa

    whole = column.combine_chunks()
    return (pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.nulls(0)) if hasattr(whole, "chunks") else whole
