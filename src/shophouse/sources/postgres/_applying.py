"""Changes of a table as raw rows in Parquet: each version of a row, deletes with all that was known of what is gone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shophouse.errors import SourceMismatch
from shophouse.sources import LINEAGE, Batch, FileRead, Newest, Position, Rejected
from shophouse.sources._tolerance import is_refused
from shophouse.sources.postgres import _pgoutput as pgoutput
from shophouse.sources.postgres._backlog import Spool
from shophouse.sources.postgres._catalog import Field
from shophouse.sources.postgres._copying import arrow_type, typed
from shophouse.sources.postgres._pgoutput import Bytes, Flags, Layout, Numbers, Rows
from shophouse.sources.postgres._whole import Whole

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Applied"]

_OPERATIONS = {pgoutput.INSERT: "insert", pgoutput.UPDATE: "update", pgoutput.DELETE: "delete"}
_FAULTY_RAW = 2_000
_FILE_BYTES = 128 << 20
_MOST_REJECTED = 100_000


@dataclass
class Applied:
    """One load of a table by its changes. `key` are names among `fields`; `newest` asks what the lake has."""

    fields: Sequence[Field]
    key: Sequence[str]
    into: Path
    label: str
    load_id: int
    loaded_at: datetime
    where: str
    max_rejected_rate: float
    newest: Newest
    rows: int = 0
    size: int = 0
    parts: list[Path] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    seen: int = 0
    names: set[str] = field(default_factory=set)
    """The columns that rows had."""

    def begin(self, whole: Whole) -> None:
        """Add the rows of a snapshot, before all else."""
        import pyarrow.parquet as pq

        self.parts, self.rejected = list(whole.parquet), list(whole.rejected)
        self.rows, self.size = whole.rows, whole.bytes
        self.seen = whole.rows + len(whole.rejected)
        for part in self.parts:
            numbers = pq.read_table(part, columns=["_row_number"]).column(0).to_numpy()
            # files that were written side by side leave gaps between their numbers
            self.seen = max(self.seen, int(numbers.max()))

    def take(self, spool: Spool, since: int) -> None:
        """Add the changes of transactions that committed from `since` on.

        Raises SourceMismatch when too many rows can't be read.
        """
        known: Layout | None = None
        for data, starts in spool.blocks(since):
            self.size += len(data)
            kinds = data[starts]
            first = 0
            apart = np.flatnonzero((kinds == pgoutput.RELATION) | (kinds == pgoutput.TRUNCATE))
            for place in [*apart.tolist(), len(starts)]:
                if place > first:
                    assert known is not None
                    self._add(data, starts[first:place], known)
                if place < len(starts) and kinds[place] == pgoutput.RELATION:
                    end = starts[place + 1] if place + 1 < len(starts) else len(data)
                    known = pgoutput.layout(data[starts[place] : end].tobytes())
                elif place < len(starts):
                    self.delete(self.newest(self.key, self._names, later=tuple(self.parts)))
                first = place + 1
            if len(self.rejected) > _MOST_REJECTED:
                self._refuse_if_broken()
        self._refuse_if_broken()

    def delete(self, gone: Iterator[pa.RecordBatch]) -> None:
        """Add a delete of each of these rows of the lake."""
        import pyarrow as pa

        for batch in gone:
            table = pa.Table.from_batches([batch])
            arrays = [_as(table.column(at.name), arrow_type(at.type)) for at in self.fields]
            self._store(arrays, pa.array(["delete"] * table.num_rows, pa.string()), self._numbered(table.num_rows))

    def discard(self) -> None:
        """Remove the files."""
        for part in self.parts:
            part.unlink(missing_ok=True)
        self.parts = []

    def batch(self, position: Position) -> Batch:
        """What was added, in as few files as it fits into."""
        self._merge()
        columns = {at.name: at.type for at in self.fields}
        read = FileRead(self.label, self.rows, len(self.rejected), self.size)
        return Batch(position, list(self.parts), columns, [read], self.rejected)

    @property
    def _names(self) -> list[str]:
        return [at.name for at in self.fields]

    def _add(self, data: Bytes, starts: Numbers, known: Layout) -> None:
        import pyarrow as pa

        self.names.update(known.names)
        places = {name.lower(): place for place, name in enumerate(known.names)}
        at = [places.get(found.column.lower()) if found.column else None for found in self.fields]
        key = [place for found, place in zip(self.fields, at, strict=True) if found.name in self.key]
        if None in key:
            raise SourceMismatch(
                f"a change of {known.schema}.{known.name} has no {', '.join(self.key)}",
                where=self.where,
                why=f"it had: {', '.join(known.names)}",
                hint="read the table anew:   shophouse slots restart",
            )
        rows = pgoutput.rows(data, starts, len(known.names), tuple(place for place in key if place is not None))
        count = len(rows.operations)
        numbers = self._numbered(count)
        texts = [None if place is None else self._text(rows, place, data, found) for found, place in self._zipped(at)]
        arrays: list[Any] = []
        bad: dict[int, tuple[str, str]] = {}
        for found, text in zip(self.fields, texts, strict=True):
            if text is None:
                arrays.append(pa.nulls(count, arrow_type(found.type)))
                continue
            values, wrong = typed(pa.chunked_array([text]), found.type)
            arrays.append(values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values)
            for row, value in wrong.items():
                # what a deleted row had beside its key does not matter
                if rows.operations[row] != pgoutput.DELETE or found.name in self.key:
                    bad.setdefault(row, (found.name, f"{value!r} is no {found.type}"))
        left_out = [None if place is None else self._left_out(rows, place) for place in at]
        arrays = self._completed(arrays, left_out, rows, bad)
        operations = pa.array(np.array([_OPERATIONS.get(n, "") for n in range(128)])[rows.operations], pa.string())
        if bad:
            self._reject(texts, numbers, bad)
            kept = np.ones(count, np.bool_)
            kept[list(bad)] = False
            mask = pa.array(kept)
            arrays, operations, numbers = [each.filter(mask) for each in arrays], operations.filter(mask), numbers[kept]
        self._store(arrays, operations, numbers)

    def _zipped(self, at: Sequence[int | None]) -> Iterator[tuple[Field, int | None]]:
        return zip(self.fields, at, strict=True)

    def _text(self, rows: Rows, place: int, data: Bytes, found: Field) -> pa.Array:
        """A column as a read of the table would give it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            text = rows.columns[place].text(data)
        except pa.ArrowInvalid as error:
            raise SourceMismatch(
                "text that is no UTF-8", where=self.where, why=str(error), hint="mend the rows in the database"
            ) from None
        if found.kind == "timestamptz" and found.type != "text":
            return pc.replace_substring_regex(text, r"\+00( BC)?$", r"\1")
        return pc.ascii_rtrim(text, " ") if found.kind == "bpchar" else text

    @staticmethod
    def _left_out(rows: Rows, place: int) -> Flags:
        values = rows.columns[place]
        return values.is_unchanged | (rows.is_key_only & values.is_null)

    def _completed(
        self, arrays: list[Any], left_out: list[Flags | None], rows: Rows, bad: dict[int, tuple[str, str]]
    ) -> list[Any]:
        """The columns with what messages leave out: large values that stayed, and all but the key of a deleted row."""
        import pyarrow as pa

        lacking = np.zeros(len(rows.operations), np.bool_)
        for found, flags in zip(self.fields, left_out, strict=True):
            if flags is not None and found.name not in self.key:
                lacking |= flags
        if not lacking.any():
            return arrays
        keys = pa.table({at.name: arrays[n] for n, at in enumerate(self.fields) if at.name in self.key})
        wanted = keys.filter(pa.array(lacking & ~rows.follows)).combine_chunks()
        lent = [at for at, flags in zip(self.fields, left_out, strict=True) if flags is not None and flags.any()]
        older = self._older(wanted, [at for at in self.fields if at.name in self.key or at in lent])
        before = _versions_before(keys, older.select(keys.column_names), rows.follows)
        count, offset = len(lacking), older.num_rows
        unknown = offset + count
        result: list[Any] = []
        for number, (found, flags) in enumerate(zip(self.fields, left_out, strict=True)):
            if flags is None or found.name in self.key or not flags.any():
                result.append(arrays[number])
                continue
            source = np.arange(unknown + 1)
            source[offset:unknown][flags] = before[flags]
            while not np.array_equal(source, farther := source[source]):
                source = farther
            kind = arrow_type(found.type)
            earlier = older.column(found.name).chunks
            pool = pa.chunked_array([*earlier, arrays[number], pa.nulls(1, kind)], kind)
            result.append(pool.combine_chunks().take(pa.array(source[offset:unknown])))
            missing = flags & (source[offset:unknown] == unknown) & (rows.operations != pgoutput.DELETE)
            for row in np.flatnonzero(missing).tolist():
                bad.setdefault(row, (found.name, "the value did not change, and no version of the row before is known"))
        return result

    def _older(self, wanted: pa.Table, fields: Sequence[Field]) -> pa.Table:
        """These columns of the newest rows of these keys that were there before."""
        import pyarrow as pa

        schema = pa.schema([(at.name, arrow_type(at.type)) for at in fields])
        found = []
        for batch in self.newest(self.key, schema.names, among=wanted, later=tuple(self.parts)):
            table = pa.Table.from_batches([batch])
            found.append(pa.table([_as(table.column(at.name), at.type) for at in schema], schema=schema))
        return pa.concat_tables([schema.empty_table(), *found])

    def _numbered(self, count: int) -> Numbers:
        numbers = np.arange(self.seen + 1, self.seen + count + 1)
        self.seen += count
        return numbers

    def _store(self, arrays: list[Any], operations: pa.Array, numbers: Numbers) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        count = len(numbers)
        if count == 0:
            return
        lineage = [
            pa.repeat(pa.scalar(self.load_id, pa.int64()), count),
            pa.repeat(pa.scalar(self.loaded_at.replace(tzinfo=None), pa.timestamp("us")), count),
            pa.repeat(pa.scalar(self.label), count),
            pa.array(numbers, pa.int64()),
            operations,
        ]
        own = [(at.name, arrow_type(at.type)) for at in self.fields]
        schema = pa.schema([*own, *((name, arrow_type(kind)) for name, kind in LINEAGE.items())])
        path = self.into / f"part-{len(self.parts) + 1:05}.parquet"
        pq.write_table(pa.Table.from_arrays([*arrays, *lineage], schema=schema), path, compression="zstd")
        self.parts.append(path)
        self.rows += count

    def _merge(self) -> None:
        """One file of neighbours that are small: blocks and truncates make many."""
        import pyarrow.parquet as pq

        groups: list[list[Path]] = []
        for part in self.parts:
            size = part.stat().st_size
            if groups and size + sum(other.stat().st_size for other in groups[-1]) <= _FILE_BYTES:
                groups[-1].append(part)
            else:
                groups.append([part])
        merged: list[Path] = []
        for group in groups:
            if len(group) > 1:
                whole = group[0].with_suffix(".whole")
                with pq.ParquetWriter(whole, pq.read_schema(group[0]), compression="zstd") as writer:
                    for part in group:
                        for batch in pq.ParquetFile(part).iter_batches():
                            writer.write_batch(batch)
                        part.unlink()
                whole.replace(group[0])
            merged.append(group[0])
        self.parts = merged

    def _reject(self, texts: Sequence[pa.Array | None], numbers: Numbers, bad: Mapping[int, tuple[str, str]]) -> None:
        for row, (column, reason) in sorted(bad.items()):
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow([text[row].as_py() for text in texts if text is not None])
            raw = line.getvalue()[:_FAULTY_RAW]
            self.rejected.append(Rejected(self.label, int(numbers[row]), column, reason[:500], raw))

    def _refuse_if_broken(self) -> None:
        bad = len(self.rejected)
        if is_refused(bad, self.rows, self.max_rejected_rate):
            first = self.rejected[0]
            raise SourceMismatch(
                f"{bad:,} of {self.rows + bad:,} changes can't be read",
                where=f"{self.where}, first at change {first.line}: {(first.raw or '')[:200]!r}",
                why=[
                    f"{first.column_name}: {first.reason}",
                    f"more than max_rejected_rate ({self.max_rejected_rate:g}) allows; nothing was loaded",
                ],
                hint="declare the column otherwise in shophouse.yml, text takes everything; or raise max_rejected_rate",
            )


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The lake's values in the type of this load; null where the two don't fit, which the commit refuses."""
    import pyarrow as pa

    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([pa.nulls(len(column), kind)])


def _versions_before(keys: pa.Table, older: pa.Table, follows: Flags) -> Numbers:
    """For each row of `keys` the place of the version before it, in `older` followed by `keys`; behind both where none.

    A row that follows has the row before it as its version before, whatever its key.
    """
    import duckdb
    import pyarrow as pa

    offset, count = older.num_rows, keys.num_rows
    names = [f"k{number}" for number in range(keys.num_columns)]
    both = pa.concat_tables([older.rename_columns(names), keys.rename_columns(names)])
    both = both.append_column("place", pa.array(np.arange(offset + count)))
    with duckdb.connect(":memory:") as database:
        database.register("versions", both)
        listed = ", ".join(names)
        found = database.execute(
            "select before from (select place, coalesce(lag(place) over"
            f" (partition by {listed} order by place), {offset + count}) as before from versions)"
            f" where place >= {offset} order by place"
        ).to_arrow_table()
    before: Numbers = found.column("before").to_numpy().copy()
    before[follows] = np.flatnonzero(follows) + offset - 1
    return before
