"""The tables of a shop's PostgreSQL: whole, or by what changed since the last read.

`full` reads a table whole, as one snapshot that replaces the one before; a row that is missing in it was deleted. It is
loaded only if it differs from the last one. `cursor` reads the versions of rows that the last read did not see, as
upserts; `_window` says why none is lost. Each read is of one consistent state of the database, in a transaction that
writes nothing. Deleted rows are not noticed by `cursor`, nor is a key that was changed (the old one stays).

A row that a type of the lake can't hold (`infinity`, `NaN` of a numeric, a year before 1) goes to quarantine.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse import settings as described
from shophouse.errors import SourceMismatch
from shophouse.settings import PostgresTable
from shophouse.sources import Batch, FileRead, Notice, Position, Progress, Table
from shophouse.sources._tolerance import USUAL_REJECTED_RATE
from shophouse.sources.postgres import _catalog
from shophouse.sources.postgres._catalog import Field, Relation
from shophouse.sources.postgres._copying import Writer, chunks
from shophouse.sources.postgres._database import Database
from shophouse.sources.postgres._unread import CURSOR_TYPES, EXTRAS, Unread
from shophouse.sources.postgres._window import Moment, Window, wait_until_durable

if TYPE_CHECKING:
    import psycopg

    from shophouse.project import Project
    from shophouse.values import Secret

__all__ = ["PostgresSource"]

_log = logging.getLogger(__name__)


class PostgresSource:
    """The tables of the database that `dsn` refers to.

    `tables` are declared ones; without any, each table and view of `schema` is one, by its name. `own` says of a table
    where it lies and how it is read; what it does not name is read whole. A declared table that `own` does not name and
    that never had rows may be missing. `timezone` is the zone that the source's times are said to be of.
    `max_rejected_rate` is the share of a read's rows that may go to quarantine before the load is refused, where `own`
    says no other; ten always may, except at 0.
    """

    def __init__(
        self,
        name: str,
        dsn: Secret,
        *,
        schema: str = "public",
        tables: Sequence[Table] = (),
        own: Mapping[str, PostgresTable] | None = None,
        timezone: str | None = None,
        max_rejected_rate: float = USUAL_REJECTED_RATE,
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> None:
        self.name = name
        self.database = Database(name, dsn)
        self.schema = schema
        self.declared = tuple(tables)
        self.own = dict(own or {})
        self.timezone = timezone
        self.max_rejected_rate = max_rejected_rate
        self.progress = progress
        self._notice = notice

    @classmethod
    def of(
        cls,
        *,
        name: str,
        project: Project,
        settings: described.PostgresSource,
        tables: Sequence[Table],
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> PostgresSource:
        """The source that a project describes under `name`."""
        rate = settings.max_rejected_rate
        return cls(
            name,
            settings.dsn,
            schema=settings.database_schema,
            tables=tables,
            own=settings.tables,
            timezone=project.timezone_of(name),
            max_rejected_rate=USUAL_REJECTED_RATE if rate is None else rate,
            progress=progress,
            notice=notice,
        )

    def tables(self) -> list[Table]:
        """The declared tables, else those of the schema that may be read and have a name of small letters."""
        if self.declared:
            return list(self.declared)
        with self.database.connection() as connection:
            names = _catalog.names_in(connection, self.schema)
        return [Table(self.name, name, delivery="snapshot") for name in names if re.fullmatch(r"[a-z][a-z0-9_]*", name)]

    def examine(self, table: Table) -> list[Field] | None:
        """The columns that a read of `table` would give, without reading it; None where a read would pass it over.

        Raises what `read` would raise before its first row.
        """
        with self.database.connection() as connection:
            relation = self._relation(connection, table, since=None)
            if relation is None:
                return None
            with self.database.snapshot(connection, relation.lock):
                return self._fields(connection, relation, table)

    def reads_changes(self, table: Table) -> bool:
        """Whether a read brings the rows that changed, not the whole table."""
        return self._own(table).read == "cursor"

    def read(
        self,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield one batch with all that is new, or nothing; see Source.read."""
        with self.database.connection() as connection:
            relation = self._relation(connection, table, since)
            if relation is None:
                return
            by_cursor = self.reads_changes(table)
            own_rate = self._own(table).max_rejected_rate
            before = Moment.of(connection) if by_cursor else None
            with self.database.snapshot(connection, relation.lock):
                columns = self._fields(connection, relation, table)
                total = _catalog.size(connection, _catalog.relations(connection, relation))
                extras = EXTRAS if by_cursor else ()
                writer = Writer(
                    columns,
                    extras,
                    into / "part-00001.parquet",
                    relation.label,
                    load_id,
                    loaded_at,
                    f"{self.database.place}, {relation.schema}.{relation.name}",
                    self.max_rejected_rate if own_rate is None else own_rate,
                )
                try:
                    moment = None
                    if before is None:
                        batch = self._full(connection, relation, table, since, writer, total)
                    else:
                        moment, batch = self._changed(connection, relation, table, since, writer, total, before)
                except BaseException:
                    writer.close()
                    writer.path.unlink(missing_ok=True)
                    raise
            if batch is not None and moment is not None:
                wait_until_durable(connection, moment, self.database.place)
        self._tell_progress(table, total, total)
        if batch is not None:
            yield batch

    def _own(self, table: Table) -> PostgresTable:
        return self.own.get(table.name) or PostgresTable()

    def _relation(self, connection: psycopg.Connection[Any], table: Table, since: Position | None) -> Relation | None:
        schema, _, name = (self._own(table).table or f"{self.schema}.{table.name}").rpartition(".")
        setting = f"sources.{self.name}.tables.{table.name}.table"
        may_be_missing = table.name not in self.own and since is None and bool(self.declared)
        return _catalog.find(
            connection, self.database, schema or self.schema, name, None if may_be_missing else setting
        )

    def _fields(self, connection: psycopg.Connection[Any], relation: Relation, table: Table) -> list[Field]:
        columns = _catalog.fields(connection, self.database, relation, table, self.timezone)
        own = self._own(table)
        if own.read == "cursor":
            self._refuse_cursor(columns, relation, table, own.cursor or "")
            _catalog.refuse_without_key(connection, self.database, relation, table)
        return columns

    def _refuse_cursor(self, columns: Sequence[Field], relation: Relation, table: Table, cursor: str) -> None:
        where = f"{self.database.place}, {relation.schema}.{relation.name}"
        setting = f"sources.{self.name}.tables.{table.name}"
        if relation.kind not in "rp":
            raise SourceMismatch(
                f"{table.name}: only a table can be read by a cursor",
                where=where,
                why="views and foreign tables don't say which transaction wrote a row",
                hint=f"write   read: full   under {setting}, or name the table below the view",
            )
        found = next((at for at in columns if at.name.lower() == cursor.lower() and at.sql is not None), None)
        if found is None:
            present = [at.name for at in columns if at.sql is not None]
            raise SourceMismatch(
                f"{table.name}: the cursor {cursor} is missing",
                where=where,
                why=f"it has: {', '.join(present)}",
                hint=f"name the column that each change sets, as   cursor: updated_at   under {setting}",
            )
        if found.type not in CURSOR_TYPES:
            raise SourceMismatch(
                f"{table.name}: the cursor {cursor} is of type {found.type}",
                where=where,
                why=f"a cursor grows with each change: {', '.join(CURSOR_TYPES)}",
                hint=f"name another under {setting}, or write   read: full",
            )

    def _full(
        self,
        connection: psycopg.Connection[Any],
        relation: Relation,
        table: Table,
        since: Position | None,
        writer: Writer,
        total: int,
    ) -> Batch | None:
        # the order in which parallel workers bring rows is another each time
        connection.execute("set local max_parallel_workers_per_gather = 0")
        writer.digest.update(_shape(writer.fields).encode())
        select = ", ".join(at.sql for at in writer.fields if at.sql is not None)
        with closing(chunks(connection, f"select {select} from {relation.quoted}")) as parts:
            for part, longest in parts:
                writer.write(part, longest)
                self._tell_progress(table, writer.size, total)
        writer.finish()
        position = {"read": "full", "relation": relation.label, "sha256": writer.digest.hexdigest()}
        if since == position:
            writer.path.unlink(missing_ok=True)
            return None
        return _batch(writer, position)

    def _changed(
        self,
        connection: psycopg.Connection[Any],
        relation: Relation,
        table: Table,
        since: Position | None,
        writer: Writer,
        total: int,
        before: Moment,
    ) -> tuple[Moment, Batch | None]:
        if since is not None and since.get("read") == "full":
            raise SourceMismatch(
                f"{table.name} was read whole until now",
                where=f"sources.{self.name}.tables.{table.name} in shophouse.yml",
                why="the lake has rows that were deleted since, and by a cursor they would count again",
                hint=[
                    f"begin anew:   shophouse lake drop {self.name}.{table.name}",
                    "              shophouse run --full-refresh",
                ],
            )
        moment = Moment.of(connection)
        shape = hashlib.sha256(_shape(writer.fields).encode()).hexdigest()
        window = Window.after(since, before, moment, _catalog.relations(connection, relation), shape)
        if window.why is not None:
            self._tell(f"{self.name}.{table.name}: all rows are read again: {window.why}")
        if window.since is None:
            connection.execute("set local max_parallel_workers_per_gather = 0")
        cursor = (self._own(table).cursor or "").lower()
        filter_ = Unread(
            window, next(i for i, at in enumerate(writer.fields) if at.name.lower() == cursor), writer.fields
        )
        condition, is_sure = filter_.conditions()
        select = ", ".join([*(at.sql for at in writer.fields if at.sql is not None), "xmin", is_sure])
        with closing(chunks(connection, f"select {select} from {relation.quoted} where {condition}")) as parts:
            for part, longest in parts:
                writer.write(part, longest, filter_.keep)
                self._tell_progress(table, writer.size, total)
        writer.finish()
        if filter_.nulls:
            raise SourceMismatch(
                f"{table.name}: the cursor {filter_.field.name} is null in {filter_.nulls:,} of the rows read",
                where=f"{self.database.place}, {relation.schema}.{relation.name}",
                why="the column must be set by each insert and update",
                hint=f"fill it there and make it   not null,   or write   read: full   under"
                f" sources.{self.name}.tables.{table.name}",
            )
        position = window.position(filter_.written, filter_.highest)
        if writer.rows or writer.rejected or window.since is None:
            return moment, _batch(writer, position)
        # nothing came: a new position is only worth keeping if it spares work
        return moment, Batch(position) if filter_.left_out or window.is_far else None

    def _tell_progress(self, table: Table, done: int, total: int) -> None:
        if self.progress:
            self.progress(f"{self.name}.{table.name}", min(done, total) if total else done, total or done)

    def _tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)


def _shape(fields: Sequence[Field]) -> str:
    return "\n".join(f"{at.name} {at.type} {at.sql}" for at in fields)


def _batch(writer: Writer, position: Position) -> Batch:
    read = FileRead(writer.label, writer.rows, len(writer.rejected), writer.size)
    columns = {at.name: at.type for at in writer.fields}
    return Batch(position, [writer.path] if writer.rows else [], columns, [read], writer.rejected)
