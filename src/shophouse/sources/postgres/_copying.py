"""Rows out of PostgreSQL's COPY into one Parquet file, in chunks, so that memory stays flat."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import select
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.sources import LINEAGE, Rejected
from shophouse.sources._tolerance import USUAL_REJECTED_RATE, is_refused
from shophouse.sources.postgres._catalog import Field

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

__all__ = ["Writer", "arrow_type", "chunks", "typed"]

_CHUNK_BYTES = 16 << 20
_MOST_REJECTED = 100_000
_FAULTY_RAW = 2_000


def chunks(connection: psycopg.Connection[Any], query: str) -> Generator[tuple[bytes, int], None, None]:
    """The result as CSV in parts of whole rows, each with the bytes of its longest row.

    Closed before its end, it closes the connection. Raises what psycopg does.
    """
    parts: list[bytes] = []
    size = longest = 0
    # psycopg's own loop takes as long for a row as the server
    for row in _rows(connection, f"copy ({query}) to stdout (format csv)"):
        parts.append(row)
        length = len(row)
        size += length
        if length > longest:
            longest = length
        if size >= _CHUNK_BYTES:
            yield b"".join(parts), longest
            parts, size, longest = [], 0, 0
    if parts:
        yield b"".join(parts), longest


def _rows(connection: psycopg.Connection[Any], copy: str) -> Generator[bytes, None, None]:
    """One message of the protocol is one row."""
    from psycopg import errors, pq

    server = connection.pgconn
    result = server.exec_(copy.encode())
    if result.status != pq.ExecStatus.COPY_OUT:
        raise errors.error_from_result(result)
    is_over = False
    try:
        while True:
            length, row = server.get_copy_data(1)
            if length > 0:
                yield bytes(row)
            elif length == 0:
                select.select([server.socket], [], [])
                server.consume_input()
            else:
                break
        while (end := server.get_result()) is not None:
            if end.status != pq.ExecStatus.COMMAND_OK:
                raise errors.error_from_result(end)
        is_over = True
    finally:
        if not is_over:
            connection.close()


@dataclass
class Writer:
    """Writes rows with their lineage to `path`, which is only there when rows came. `label` is their `_source_file`.

    `extras` are columns that are read after those of `fields` and are not written. `size` counts the bytes that came.
    """

    fields: Sequence[Field]
    extras: Sequence[str]
    path: Path
    label: str
    load_id: int
    loaded_at: datetime
    where: str
    max_rejected_rate: float = USUAL_REJECTED_RATE
    rows: int = 0
    size: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    _writer: Any = None
    _seen: int = 0

    def write(self, part: bytes, longest: int, keep: Callable[[pa.Table], pa.Table] | None = None) -> None:
        """Add a chunk, without the rows that `keep` leaves out. It gets the columns as text and the extras.

        Raises SourceMismatch when too many rows can't be read.
        """
        import pyarrow as pa

        self.digest.update(part)
        self.size += len(part)
        table = self._parsed(part, longest)
        if keep is not None:
            table = keep(table)
        if table.num_rows == 0:
            return
        numbers = pa.array(range(self._seen + 1, self._seen + table.num_rows + 1), pa.int64())
        self._seen += table.num_rows
        columns = [self._column(table, index, at) for index, at in enumerate(self.fields)]
        bad: dict[int, tuple[str, str]] = {}
        for (_, wrong), at in zip(columns, self.fields, strict=True):
            for row, value in wrong.items():
                bad.setdefault(row, (at.name, f"{value!r} is no {at.type}"))
        arrays = [values for values, _ in columns] + self._lineage(numbers)
        result = pa.Table.from_arrays(arrays, schema=self._schema)
        if bad:
            self._reject(table, numbers, bad)
            import numpy as np

            mask = np.ones(table.num_rows, dtype=bool)
            mask[list(bad)] = False
            result = result.filter(pa.array(mask))
        if result.num_rows:
            self._store(result)
        if len(self.rejected) > _MOST_REJECTED:
            self._refuse_if_broken()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> None:
        """Close the file. Raises SourceMismatch when too many rows could not be read."""
        self.close()
        self._refuse_if_broken()

    @property
    def _schema(self) -> Any:
        import pyarrow as pa

        own = [(at.name, arrow_type(at.type)) for at in self.fields]
        return pa.schema([*own, *((name, arrow_type(kind)) for name, kind in LINEAGE.items())])

    def _parsed(self, part: bytes, longest: int) -> pa.Table:
        import pyarrow as pa
        from pyarrow import csv as arrow

        names = [f"c{index}" for index, at in enumerate(self.fields) if at.sql is not None] + list(self.extras)
        try:
            return arrow.read_csv(
                pa.BufferReader(part),
                arrow.ReadOptions(column_names=names, block_size=max(1 << 20, 2 * longest)),
                arrow.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                arrow.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            raise SourceMismatch(
                "text that is no UTF-8", where=self.where, why=str(error), hint="mend the rows in the database"
            ) from None

    def _column(self, table: pa.Table, index: int, at: Field) -> tuple[Any, dict[int, str]]:
        import pyarrow as pa

        if at.sql is None:
            return pa.nulls(table.num_rows, arrow_type(at.type)), {}
        return typed(table.column(f"c{index}"), at.type)

    def _lineage(self, numbers: Any) -> list[Any]:
        import pyarrow as pa

        count = len(numbers)
        loaded_at = pa.scalar(self.loaded_at.replace(tzinfo=None), pa.timestamp("us"))
        return [
            pa.repeat(pa.scalar(self.load_id, pa.int64()), count),
            pa.repeat(loaded_at, count),
            pa.repeat(pa.scalar(self.label), count),
            numbers,
            pa.repeat(pa.scalar("insert"), count),
        ]

    def _store(self, result: pa.Table) -> None:
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self._schema, compression="zstd")
        self._writer.write_table(result)
        self.rows += result.num_rows

    def _reject(self, table: pa.Table, numbers: Any, bad: dict[int, tuple[str, str]]) -> None:
        for row, (column, reason) in sorted(bad.items()):
            line = io.StringIO()
            values = [table.column(name)[row].as_py() for name in table.column_names if name not in self.extras]
            csv.writer(line, lineterminator="").writerow(values)
            raw = line.getvalue()[:_FAULTY_RAW]
            self.rejected.append(Rejected(self.label, numbers[row].as_py(), column, reason[:500], raw))

    def _refuse_if_broken(self) -> None:
        bad, rows = len(self.rejected), self.rows + len(self.rejected)
        if is_refused(bad, self.rows, self.max_rejected_rate):
            first = self.rejected[0]
            raise SourceMismatch(
                f"{bad:,} of {rows:,} rows can't be read",
                where=f"{self.where}, first at row {first.line}: {(first.raw or '')[:200]!r}",
                why=[
                    f"{first.column_name}: {first.reason}",
                    f"more than max_rejected_rate ({self.max_rejected_rate:g}) allows; nothing was loaded",
                ],
                hint="declare the column otherwise in shophouse.yml, text takes everything; or raise max_rejected_rate",
            )


def arrow_type(kind: str) -> Any:
    """The type of Arrow of a column type of the lake."""
    import pyarrow as pa

    if found := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
        return pa.decimal128(int(found[1]), int(found[2]))
    return {
        "text": pa.string(),
        "bigint": pa.int64(),
        "integer": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[kind]


def typed(text: Any, kind: str) -> tuple[Any, dict[int, str]]:
    """A column of text as a column type of the lake: nulls where it can't be, and what stands there, by row."""
    import pyarrow as pa

    if kind == "text":
        return text, {}
    wrong: dict[int, str] = {}
    whole = text.combine_chunks()
    return pa.chunked_array(list(_cast(whole, arrow_type(kind), 0, wrong)), arrow_type(kind)), wrong


def _cast(text: Any, kind: Any, start: int, wrong: dict[int, str]) -> Iterator[Any]:
    """The values in parts, nulls in place of those that can't be of the type, which are put into `wrong` by row."""
    import pyarrow as pa

    try:
        yield _plainly(text, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(text) == 1:
            wrong[start] = text[0].as_py()
            yield pa.nulls(1, kind)
            return
        middle = len(text) // 2
        yield from _cast(text.slice(0, middle), kind, start, wrong)
        yield from _cast(text.slice(middle), kind, start + middle, wrong)


def _plainly(text: Any, kind: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(kind):
        # PostgreSQL writes t and f
        named = pc.replace_with_mask(text, pc.fill_null(pc.equal(text, "t"), False), pa.scalar("true"))
        text = pc.replace_with_mask(named, pc.fill_null(pc.equal(named, "f"), False), pa.scalar("false"))
    return text.cast(kind)
