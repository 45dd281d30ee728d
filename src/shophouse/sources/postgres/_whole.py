"""A whole table as of one snapshot: in bulk where that gives what COPY gives, else by COPY."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.quoting import identifier, literal
from shophouse.sources import Batch, FileRead, Position, Rejected
from shophouse.sources._tolerance import USUAL_REJECTED_RATE
from shophouse.sources.postgres import _catalog
from shophouse.sources.postgres._bulk import Bulk, Refused, extension, parts_of
from shophouse.sources.postgres._catalog import Field, Relation
from shophouse.sources.postgres._copying import Writer, chunks
from shophouse.sources.postgres._database import Database

if TYPE_CHECKING:
    import psycopg

__all__ = ["Whole", "copy_whole"]

_log = logging.getLogger(__name__)
_LITTLE_BYTES = 4 << 20


@dataclass(frozen=True)
class Whole:
    """What was copied: Parquet files in the order of their rows. `bytes` is how much was read."""

    fields: Sequence[Field]
    label: str
    parquet: list[Path]
    rows: int
    bytes: int
    rejected: Sequence[Rejected]
    in_bulk: bool = False

    @classmethod
    def of(cls, writer: Writer) -> Whole:
        """What a writer wrote."""
        files = [writer.path] if writer.rows else []
        return cls(writer.fields, writer.label, files, writer.rows, writer.size, writer.rejected)

    def batch(self, position: Position) -> Batch:
        """The batch of a read that brought just this."""
        read = FileRead(self.label, self.rows, len(self.rejected), self.bytes)
        columns = {at.name: at.type for at in self.fields}
        return Batch(position, self.parquet, columns, [read], self.rejected)

    def digest(self) -> str:
        """A number that is another when a row is another, in whatever order they came and in which way.

        It adds up a hash of 64 bits of each row: that a changed table has the same is as likely as 1 in 10^19. 0 and -0
        are the same double.
        """
        import duckdb

        rejected = sum(_number(f"{row.column_name}\n{row.reason}\n{row.raw}") for row in self.rejected)
        found = 0
        if self.parquet:
            columns = ", ".join(identifier(at.name) for at in self.fields)
            paths = ", ".join(literal(str(path)) for path in self.parquet)
            with duckdb.connect() as db:
                (found,) = db.execute(f"select sum(hash(hash({columns}))) from read_parquet([{paths}])").fetchone() or (
                    0,
                )
        return f"{self.rows}-{found:x}-{rejected:x}"

    def discard(self) -> None:
        """Remove the files."""
        for path in self.parquet:
            path.unlink(missing_ok=True)


def copy_whole(
    database: Database,
    connection: psycopg.Connection[Any],
    relation: Relation,
    fields: Sequence[Field],
    into: Path,
    load_id: int,
    loaded_at: datetime,
    *,
    max_rejected_rate: float = USUAL_REJECTED_RATE,
    by_copy: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Whole:
    """The rows that `connection` sees, which is within `Database.snapshot`, as Parquet files in the folder `into`.

    Rows have the columns of `fields` and their lineage. `by_copy` says that the other way is known to end nowhere, as
    for a table with values that the lake can't hold. `progress` is called with the bytes done.

    Raises SourceMismatch when too many rows can't be read, and what psycopg does; no file is left then.
    """
    tell = progress or (lambda done: None)
    # the order in which parallel workers bring rows is another each time
    connection.execute("set local max_parallel_workers_per_gather = 0")
    size = _catalog.size(connection, _catalog.relations(connection, relation))
    if not by_copy and extension() is not None and (size >= _LITTLE_BYTES or relation.kind in "vf"):
        try:
            return _in_bulk(database, connection, relation, fields, into, load_id, loaded_at, size, tell)
        except Refused as refused:
            _log.info("%s, %s is read by COPY: %s", database.place, relation.label, refused)
    writer = Writer(
        fields,
        (),
        into / "part-00001.parquet",
        relation.label,
        load_id,
        loaded_at,
        f"{database.place}, {relation.schema}.{relation.name}",
        max_rejected_rate,
    )
    select = ", ".join(at.sql for at in fields if at.sql is not None)
    with writer.closing_or_nothing(), closing(chunks(connection, f"select {select} from {relation.quoted}")) as read:
        for part, longest in read:
            writer.write(part, longest)
            tell(writer.size)
        writer.finish()
    return Whole.of(writer)


def _in_bulk(
    database: Database,
    connection: psycopg.Connection[Any],
    relation: Relation,
    fields: Sequence[Field],
    into: Path,
    load_id: int,
    loaded_at: datetime,
    size: int,
    tell: Callable[[int], None],
) -> Whole:
    row = connection.execute(
        "select current_setting('server_encoding'), current_setting('block_size')::integer,"
        " count(*), coalesce(max(pg_relation_size(oid)), 0)::bigint, pg_export_snapshot()"
        " from unnest(%s::oid[]) as found(oid)",
        [_catalog.relations(connection, relation)],
    ).fetchone()
    assert row is not None
    encoding, page_bytes, relations, largest, snapshot = row
    if encoding == "SQL_ASCII":
        raise Refused("nothing there says which bytes are text")
    pages = largest // page_bytes if relation.kind in "rpm" else 0
    parts = parts_of(pages, page_bytes, relations, connection.info.server_version)
    bulk = Bulk(database, relation, fields, into, load_id, loaded_at)
    files, rows = bulk.copy(snapshot, parts, lambda done: tell(size * done // len(parts)))
    read = size or sum(path.stat().st_size for path in files)
    return Whole(fields, relation.label, files, rows, read, (), True)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
