"""The tables of a shop's PostgreSQL: whole, by what changed since the last read, or by every change.

`full` reads a table whole, as one snapshot that replaces the one before; a row that is missing in it was deleted. It is
loaded only if it differs from the last one. `cursor` reads the versions of rows that the last read did not see, as
upserts; `_window` says why none is lost. Each read is of one consistent state of the database, in a transaction that
writes nothing. Deleted rows are not noticed by `cursor`, nor is a key that was changed (the old one stays). `changes`
follows the log of the database, see `_following`.

A row that a type of the lake can't hold (`infinity`, `NaN` of a numeric, a year before 1) goes to quarantine.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse import settings as described
from shophouse.errors import SourceMismatch
from shophouse.quoting import identifier
from shophouse.settings import PostgresTable
from shophouse.sources import Batch, Newest, Notice, Position, Progress, Table
from shophouse.sources._tolerance import USUAL_REJECTED_RATE
from shophouse.sources.postgres import _catalog
from shophouse.sources.postgres._catalog import Field, Relation
from shophouse.sources.postgres._copying import Writer, chunks
from shophouse.sources.postgres._database import Database
from shophouse.sources.postgres._running import Running
from shophouse.sources.postgres._unread import CURSOR_TYPES, EXTRAS, Unread
from shophouse.sources.postgres._whole import Whole, copy_whole
from shophouse.sources.postgres._window import Moment, Window, wait_until_durable

if TYPE_CHECKING:
    import psycopg

    from shophouse.project import Project
    from shophouse.sources.postgres._following import Following
    from shophouse.values import Secret

__all__ = ["PostgresSource"]

_log = logging.getLogger(__name__)


class PostgresSource:
    """The tables of the database that `dsn` refers to.

    `tables` are declared ones; without any, each table and view of `schema` is one, by its name. `own` says of a table
    where it lies and how it is read; what it does not name is read whole. A declared table that `own` does not name and
    that never had rows may be missing. `timezone` is the zone that the source's times are said to be of.
    `max_rejected_rate` is the share of a read's rows that may go to quarantine before the load is refused, where `own`
    says no other; ten always may, except at 0. `slot` is the replication slot and the publication of tables that are
    read by their changes; these are kept in the folder `scratch` until they are loaded.
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
        slot: str | None = None,
        scratch: Path | None = None,
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
        self._slot = slot or f"shophouse_{name}"
        self._scratch = scratch

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
            slot=settings.slot,
            scratch=project.generated_folder / "changes",
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
            relation = self.relation(connection, table, since=None)
            if relation is None:
                return None
            if self.follows(table):
                return self.following.examine(connection, relation, table)
            with self.database.snapshot(connection, relation.lock):
                return self.fields(connection, relation, table)

    def follows(self, table: Table) -> bool:
        """Whether a read brings every change, deletes too."""
        return self._own(table).read == "changes"

    def reads_changes(self, table: Table) -> bool:
        """Whether a read brings the rows that changed, not the whole table."""
        return self._own(table).read != "full"

    @cached_property
    def following(self) -> Following:
        """What reads the changes of all tables that are read so; it needs numpy, which others don't wait for."""
        from shophouse.sources.postgres._following import Following

        return Following(self, self._slot, self._scratch)

    def recall(self, table: Table, newest: Newest) -> None:
        """See Follower."""
        if self.follows(table):
            self.following.newest = newest

    def committed(self, table: Table, position: Position | None) -> None:
        """See Listening: the slot is moved when all tables are read."""
        if self.follows(table):
            self.following.acknowledge(table, position)

    def close(self) -> None:
        """See Listening."""
        if any(self.follows(table) for table in self.declared):
            self.following.close()

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
            relation = self.relation(connection, table, since)
            if relation is None:
                return
            if self.follows(table):
                yield from self.following.read(connection, relation, table, since, into, load_id, loaded_at)
                return
            before = Moment.of(connection) if self.reads_changes(table) else None
            running = Running.of(connection) if self._own(table).late_by is not None else Running(None)
            with self.database.snapshot(connection, relation.lock):
                fields = self.fields(connection, relation, table)
                total = _catalog.size(connection, _catalog.relations(connection, relation))
                one = _One(connection, relation, table, fields, since, into, load_id, loaded_at, total)
                moment = None
                if before is None:
                    batch = self._full(one)
                else:
                    moment, batch = self._changed(one, before, running)
            if batch is not None and moment is not None:
                wait_until_durable(connection, moment, self.database.place)
        self.tell_progress(table, total, total)
        if batch is not None:
            yield batch

    def _own(self, table: Table) -> PostgresTable:
        return self.own.get(table.name) or PostgresTable()

    def relation(self, connection: psycopg.Connection[Any], table: Table, since: Position | None) -> Relation | None:
        schema, _, name = (self._own(table).table or f"{self.schema}.{table.name}").rpartition(".")
        setting = f"sources.{self.name}.tables.{table.name}.table"
        may_be_missing = table.name not in self.own and since is None and bool(self.declared)
        return _catalog.find(
            connection, self.database, schema or self.schema, name, None if may_be_missing else setting
        )

    def fields(self, connection: psycopg.Connection[Any], relation: Relation, table: Table) -> list[Field]:
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
        if self._own(table).late_by is not None and found.type not in ("timestamp", "date"):
            raise SourceMismatch(
                f"{table.name}: the cursor {cursor} is of type {found.type}, and no time",
                where=where,
                why="late_by says how long before its transaction the cursor's time may lie",
                hint=f"leave late_by out under {setting}",
            )

    def _full(self, one: _One) -> Batch | None:
        since = one.since or {}
        whole = self._whole(one, by_copy=bool(since.get("rejected")))
        position = {
            "read": "full",
            "relation": one.relation.label,
            "shape": one.shape,
            "digest": whole.digest(),
            "rejected": bool(whole.rejected),
        }
        if since == position:
            whole.discard()
            return None
        return whole.batch(position)

    def _whole(self, one: _One, by_copy: bool = False) -> Whole:
        return copy_whole(
            self.database,
            one.connection,
            one.relation,
            one.fields,
            one.into,
            one.load_id,
            one.loaded_at,
            max_rejected_rate=self.rejected_rate(one.table),
            by_copy=by_copy,
            progress=lambda done: self.tell_progress(one.table, done, one.total),
        )

    def rejected_rate(self, table: Table) -> float:
        """The share of a read's rows that may go to quarantine."""
        own = self._own(table).max_rejected_rate
        return self.max_rejected_rate if own is None else own

    def _changed(self, one: _One, before: Moment, running: Running) -> tuple[Moment, Batch | None]:
        table, since = one.table, one.since
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
        moment = Moment.of(one.connection)
        window = Window.after(since, before, moment, _catalog.relations(one.connection, one.relation), one.shape)
        if window.why is not None:
            self.tell(f"{self.name}.{table.name}: all rows are read again: {window.why}")
        cursor = (self._own(table).cursor or "").lower()
        unread = Unread(window, next(i for i, at in enumerate(one.fields) if at.name.lower() == cursor), one.fields)
        if window.since is None:
            read = self._whole(one)
            try:
                unread.take_all(one.connection, one.relation.quoted, read.parquet)
                self._refuse_nulls(one, unread)
            except BaseException:
                read.discard()
                raise
        else:
            read = self._unread(one, unread)
        position = window.position(unread.written, unread.highest, running.began)
        if read.rows or read.rejected or window.since is None:
            if running.why:
                self.tell(f"{self.name}.{table.name}: the next read passes over the whole table: {running.why}")
            return moment, read.batch(position)
        # nothing came: a new position is only worth keeping if it spares work
        spares_pass = window.began is None and running.began is not None
        return moment, Batch(position) if unread.left_out or window.is_far or spares_pass else None

    def _unread(self, one: _One, unread: Unread) -> Whole:
        is_indexed = _catalog.is_indexed(one.connection, one.relation, unread.field.column or "")
        late_by = self._own(one.table).late_by
        if late_by is not None and not is_indexed:
            self._refuse_without_index(one, unread.field)
        query = unread.query(one.relation.quoted, is_indexed, late_by, self.timezone or "UTC")
        writer = Writer(
            one.fields,
            EXTRAS,
            one.into / "part-00001.parquet",
            one.relation.label,
            one.load_id,
            one.loaded_at,
            one.where(self.database),
            self.rejected_rate(one.table),
        )
        with writer.closing_or_nothing(), closing(chunks(one.connection, query)) as parts:
            for part, longest in parts:
                writer.write(part, longest, unread.keep)
                self.tell_progress(one.table, writer.size, one.total)
            writer.finish()
            self._refuse_nulls(one, unread)
        return Whole.of(writer)

    def _refuse_without_index(self, one: _One, cursor: Field) -> None:
        raise SourceMismatch(
            f"{one.table.name}: no index begins with the cursor {cursor.name}",
            where=one.where(self.database),
            why="late_by has rows looked up by it",
            hint=[
                f"create index concurrently on {one.relation.quoted} ({identifier(cursor.column or cursor.name)});",
                f"or leave late_by out under sources.{self.name}.tables.{one.table.name}",
            ],
        )

    def _refuse_nulls(self, one: _One, unread: Unread) -> None:
        if unread.nulls:
            raise SourceMismatch(
                f"{one.table.name}: the cursor {unread.field.name} is null in {unread.nulls:,} of the rows read",
                where=one.where(self.database),
                why="the column must be set by each insert and update",
                hint=f"fill it there and make it   not null,   or write   read: full   under"
                f" sources.{self.name}.tables.{one.table.name}",
            )

    def tell_progress(self, table: Table, done: int, total: int) -> None:
        if self.progress:
            self.progress(f"{self.name}.{table.name}", min(done, total) if total else done, total or done)

    def tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)


@dataclass(frozen=True)
class _One:
    """One read of one table, within the snapshot that it is of. `total` is its size in bytes."""

    connection: psycopg.Connection[Any]
    relation: Relation
    table: Table
    fields: Sequence[Field]
    since: Position | None
    into: Path
    load_id: int
    loaded_at: datetime
    total: int

    @property
    def shape(self) -> str:
        """Another one when the columns are others."""
        return hashlib.sha256("\n".join(f"{at.name} {at.type} {at.sql}" for at in self.fields).encode()).hexdigest()

    def where(self, database: Database) -> str:
        return f"{database.place}, {self.relation.schema}.{self.relation.name}"
