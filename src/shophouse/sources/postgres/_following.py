"""Tables read by their changes: a snapshot first, then the log from exactly there on.

What is kept where, so that nothing is lost and nothing repeated:

1. A temporary slot gives a snapshot and the place in the log that it is of: transactions that committed before that
   place are in it, others are not. The table is copied from it, and its position is that place.
2. Later loads bring the transactions that committed from the position on, whole, in the order of their commits, up to
   one place that is the same for all tables. The new position is committed with their rows.
3. One lasting slot keeps the log on the server. It is moved when all tables have committed, to the smallest of their
   positions. What it gives again after a crash lies before a table's position and is left out.

A position that the slot can't go on from (it is ahead, lost, or gone) is an error: a person decides to read anew. A
table whose definition changed so that old rows did is read anew at once (`_shape`). What was read before stays in the
lake: the snapshot follows it, and then a delete of each key that the snapshot does not have.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import ShophouseError, SourceMismatch, SourceUnreachable
from shophouse.sources import Batch, Newest, Position, Table
from shophouse.sources.postgres import _catalog, _slots
from shophouse.sources.postgres._applying import Applied
from shophouse.sources.postgres._backlog import Backlog, Spool
from shophouse.sources.postgres._catalog import Field, Relation
from shophouse.sources.postgres._publication import Publication, refuse_without_identity
from shophouse.sources.postgres._replication import replication
from shophouse.sources.postgres._shape import Shape
from shophouse.sources.postgres._whole import copy_whole
from shophouse.sources.postgres._window import Moment

if TYPE_CHECKING:
    import psycopg

    from shophouse.sources.postgres import PostgresSource

__all__ = ["AGAIN", "Following"]

AGAIN: Position = {"read": "changes", "again": True}
"""The position of a table that is to be read anew."""
_FAR = 16 << 20


@dataclass(frozen=True)
class _Definition:
    """A table as it is now. `key` are names of the lake."""

    table: Table
    relation: Relation
    shape: Shape
    fields: Sequence[Field]
    key: tuple[str, ...]


class Following:
    """What a source does for its tables with `read: changes`. `slot` is also the name of the publication."""

    def __init__(self, source: PostgresSource, slot: str, scratch: Path | None) -> None:
        self._source = source
        self._database = source.database
        self._scratch = scratch
        self._backlog: Backlog | None = None
        self._reached: dict[str, int | None] = {}
        self.slot = slot
        self.newest: Newest = _nothing

    @property
    def tables(self) -> list[Table]:
        """The tables that are read so."""
        return [table for table in self._source.declared if self._source.follows(table)]

    def examine(self, connection: psycopg.Connection[Any], relation: Relation, table: Table) -> list[Field]:
        """The columns that a read would give. Raises what it would raise before its first row, but for the slot."""
        _slots.refuse_without_log(connection, self._database)
        return list(self._define(connection, relation, table).fields)

    def slots(self) -> list[_slots.Slot]:
        """The logical slots of the database."""
        with self._database.connection() as connection:
            return _slots.listed(connection)

    def drop(self, name: str) -> None:
        """Drop a slot. Raises SourceMismatch where there is none, or it is in use."""
        with self._database.connection() as connection:
            _slots.drop(connection, self._database, name)

    def read(
        self,
        connection: psycopg.Connection[Any],
        relation: Relation,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield one batch: a snapshot, or the changes after `since`; or nothing."""
        _slots.refuse_without_log(connection, self._database)
        definition = self._define(connection, relation, table)
        why = self._why_anew(connection, definition, since)
        batch = None
        if why is None and since is not None:
            try:
                spool = self._spool(connection, relation)
                # the definition must be later than what was read, or a new column's values would be left out
                definition = self._define(connection, relation, table)
                why = self._why_anew(connection, definition, since)
                if why is None:
                    why, batch = self._changes(definition, spool, since, into, load_id, loaded_at)
                spool.close()
            except BaseException:
                self.close()
                raise
        if why is not None:
            if since is not None:
                self._source.tell(f"{table.source}.{table.name}: all rows are read again: {why}")
            batch = self._snapshot(connection, definition, into, load_id, loaded_at, is_first=since is None)
        if batch is not None:
            yield batch

    def acknowledge(self, table: Table, position: Position | None) -> None:
        """Note what the lake has of a table; when it has all of them, let the server forget what lies before."""
        is_reached = position is not None and position.get("slot") == self.slot
        self._reached[table.name] = position["lsn"] if position is not None and is_reached else None
        if not self._reached.keys() >= {one.name for one in self.tables}:
            return
        reached = [lsn for lsn in self._reached.values() if lsn is not None]
        self._reached.clear()
        self.close()
        if not reached:
            return
        try:
            with self._database.connection() as connection:
                _slots.advance(connection, self._database, self.slot, min(reached))
        except ShophouseError as error:
            # the rows are committed: the next run moves it
            self._source.tell(f"{self._source.name}: the slot {self.slot} was not moved on: {error.what}")

    def _define(self, connection: psycopg.Connection[Any], relation: Relation, table: Table) -> _Definition:
        where = f"{self._database.place}, {relation.schema}.{relation.name}"
        shape = Shape.of(connection, relation)
        fields = shape.told(self._source.fields(connection, relation, table))
        _catalog.refuse_without_key(connection, self._database, relation, table)
        names = {at.column.lower(): at.name for at in fields if at.column is not None}
        if absent := {name.lower() for name in table.required} & {name.lower() for name in shape.untold()}:
            raise SourceMismatch(
                f"{table.name}: changes don't have the required {', '.join(sorted(absent))}",
                where=where,
                why="it is a generated column, which this database does not tell",
                hint=f"take it out of `required`, or write   read: full   under sources.{table.source}"
                f".tables.{table.name}",
            )
        wanted = table.key or _catalog.primary_key(connection, relation)
        lacking = [name for name in wanted if name.lower() not in names]
        if lacking:
            raise SourceMismatch(
                f"{table.name}: changes don't have {', '.join(lacking)} of the key",
                where=where,
                why="it is a generated column, which this database does not tell",
                hint=f"name another key under sources.{table.source}.tables.{table.name}, or write   read: full",
            )
        refuse_without_identity(connection, self._database, relation, table, wanted)
        for at in fields:
            if at.kind == "money" and at.type != "text":
                raise SourceMismatch(
                    f"{table.name}: changes have {at.column} as text, as $1,234.56",
                    where=where,
                    hint=f"write   columns: {{{at.name}: text}}   under sources.{table.source}.tables.{table.name}",
                )
        return _Definition(table, relation, shape, fields, tuple(names[name.lower()] for name in wanted))

    def _why_anew(
        self, connection: psycopg.Connection[Any], definition: _Definition, since: Position | None
    ) -> str | None:
        """Why the table has to be copied; None where changes can go on.

        Raises SourceMismatch where a person has to decide.
        """
        if since is None:
            return "it never was"
        if since.get("read") != "changes":
            return f"it was read by {since.get('read', 'another source')} until now"
        if since.get("again"):
            return "as it was asked for"
        if since["slot"] != self.slot:
            return f"the slot was {since['slot']} until now"
        cluster = Moment.of(connection).cluster
        if cluster != since["cluster"]:
            raise SourceMismatch(
                "the database is another, or was restored, or its standby took over",
                where=self._database.place,
                why=f"{definition.table.name} was read from {since['cluster']}, and this is {cluster}",
                hint=[
                    "read all tables anew, what is gone will be deleted:"
                    f"   shophouse slots restart {self._source.name}",
                    "then   shophouse run",
                ],
            )
        slot = _slots.find(connection, self._database, self.slot)
        _slots.refuse_if_lost(slot, self.slot, since["lsn"], definition.table.name, self._database)
        if self._publication.identity(connection, definition.relation) != since["published"]:
            return f"it was taken out of the publication {self.slot}, or that was made anew"
        return definition.shape.why_again(since)

    @property
    def _publication(self) -> Publication:
        return Publication(self._database, self.slot)

    def _snapshot(
        self,
        connection: psycopg.Connection[Any],
        definition: _Definition,
        into: Path,
        load_id: int,
        loaded_at: datetime,
        *,
        is_first: bool,
    ) -> Batch:
        table, relation = definition.table, definition.relation
        self._publication.ensure(connection, relation, generated=definition.shape.has_generated)
        published = self._publication.identity(connection, relation)
        if untold := definition.shape.untold():
            self._source.tell(f"{table.source}.{table.name}: changes don't have the generated {', '.join(untold)}")
        cluster = Moment.of(connection).cluster
        with ExitStack() as reserved:
            log = reserved.enter_context(replication(self._database))
            slot = _slots.find(connection, self._database, self.slot)
            if slot is None:
                log.create_slot(self.slot, blockers=lambda: _slots.blockers(connection))
            else:
                _slots.refuse_if_lost(slot, self.slot, slot.confirmed or 0, table.name, self._database)
            with self._database.connection() as other:
                lsn, exported = log.create_slot(
                    f"{self.slot[:40]}_snapshot_{os.getpid()}",
                    temporary=True,
                    blockers=lambda: _slots.blockers(other),
                )
            with self._database.snapshot(connection, relation.quoted, exported):
                definition = self._define(connection, relation, table)
                if not definition.shape.is_seen_whole(connection):
                    raise SourceUnreachable(
                        f"{table.name} was rewritten at this moment",
                        where=self._database.place,
                        hint="run again",
                    )
                reserved.close()
                applied = self._copied(connection, definition, into, load_id, loaded_at)
        if not is_first:
            names = [at.name for at in definition.fields]
            applied.delete(self.newest(definition.key, names, absent_from=tuple(applied.parts)))
        position = self._position(definition, cluster, published, lsn)
        return applied.batch(position)

    def _copied(
        self,
        connection: psycopg.Connection[Any],
        definition: _Definition,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Applied:
        """The table's rows as the transaction of the connection sees them."""
        table, relation = definition.table, definition.relation
        total = _catalog.size(connection, _catalog.relations(connection, relation))
        whole = copy_whole(
            self._database,
            connection,
            relation,
            definition.fields,
            into,
            load_id,
            loaded_at,
            max_rejected_rate=self._source.rejected_rate(table),
            progress=lambda done: self._source.tell_progress(table, done, total),
        )
        self._source.tell_progress(table, total, total)
        applied = self._applied(definition, into, load_id, loaded_at)
        applied.begin(whole)
        return applied

    def _spool(self, connection: psycopg.Connection[Any], relation: Relation) -> Spool:
        """The table's part of what was read for all tables, or of what is read now."""
        spool = self._backlog.take(relation.oid) if self._backlog is not None else None
        if spool is None:
            self.close()
            self._backlog = self._read_backlog(connection)
            spool = self._backlog.take(relation.oid)
        assert spool is not None
        return spool

    def _changes(
        self,
        definition: _Definition,
        spool: Spool,
        since: Position,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> tuple[str | None, Batch | None]:
        """Why the table has to be copied after all, or what the changes brought."""
        assert self._backlog is not None
        reached = max(self._backlog.reached, since["lsn"])
        applied = self._applied(definition, into, load_id, loaded_at)
        applied.take(spool, since["lsn"])
        known = {column.name for column in definition.shape.columns} | {name for name, *_ in since["columns"].values()}
        if unknown := sorted(applied.names - known):
            applied.discard()
            return f"the column {', '.join(unknown)} came and went, or is just being added", None
        position = self._position(definition, since["cluster"], since["published"], reached)
        if applied.rows or applied.rejected:
            return None, applied.batch(position)
        # nothing came: a new position is only worth keeping where the server can forget a good deal
        return None, Batch(position) if reached - since["lsn"] >= _FAR else None

    def _read_backlog(self, connection: psycopg.Connection[Any]) -> Backlog:
        oids = []
        for table in self.tables:
            relation = self._source.relation(connection, table, None)
            if relation is not None:
                oids.append(relation.oid)
        row = connection.execute("select (pg_current_wal_flush_lsn() - '0/0')::bigint").fetchone()
        assert row is not None
        backlog = Backlog(oids, self._scratch)
        try:
            backlog.read(self._database, self.slot, self.slot, row[0])
        except BaseException:
            backlog.close()
            raise
        if not backlog.is_whole:
            self._source.tell(f"{self._source.name}: more changes are waiting than are read at a time: run again")
        return backlog

    def close(self) -> None:
        """Let go of changes that were read from the server and not asked for."""
        if self._backlog is not None:
            self._backlog.close()
            self._backlog = None

    def _applied(self, definition: _Definition, into: Path, load_id: int, loaded_at: datetime) -> Applied:
        relation = definition.relation
        return Applied(
            definition.fields,
            definition.key,
            into,
            relation.label,
            load_id,
            loaded_at,
            f"{self._database.place}, {relation.schema}.{relation.name}",
            self._source.rejected_rate(definition.table),
            self.newest,
        )

    def _position(self, definition: _Definition, cluster: str, published: Any, lsn: int) -> Position:
        return {
            "read": "changes",
            "cluster": cluster,
            "slot": self.slot,
            "lsn": lsn,
            "published": published,
            **definition.shape.position(),
        }


def _nothing(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())
