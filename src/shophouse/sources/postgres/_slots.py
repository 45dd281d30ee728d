"""Replication slots: how far one is, what it keeps on the server, and whether changes can go on from it.

A source has one slot for all of its tables, so that the server reads its log once and all tables come to the same
moment. Each table's rows are committed by themselves, so the slot follows the table that is furthest behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.sources.postgres._database import Database
from shophouse.sources.postgres._replication import lsn_text

if TYPE_CHECKING:
    import psycopg

__all__ = ["PLUGIN", "Slot", "advance", "blockers", "drop", "find", "listed", "refuse_if_lost", "refuse_without_log"]

PLUGIN = "pgoutput"


@dataclass(frozen=True)
class Slot:
    """A logical slot of the database. Places are bytes of the log; None where the server says none.

    `behind_bytes` is what was written since the last change that was confirmed, `kept_bytes` what the server keeps on
    its disk for the slot, `safe_bytes` how much more may be written until it is lost (None: no limit is set).
    `wal_status` is reserved, extended, unreserved or lost; `idle_since` when it was last read (PostgreSQL 17).
    """

    name: str
    plugin: str
    is_active: bool
    wal_status: str
    confirmed: int | None
    behind_bytes: int | None
    kept_bytes: int | None
    safe_bytes: int | None
    idle_since: datetime | None

    @property
    def is_lost(self) -> bool:
        return self.wal_status == "lost"


def listed(connection: psycopg.Connection[Any]) -> list[Slot]:
    """The logical slots of this database, by name."""
    idle = "inactive_since" if connection.info.server_version >= 170000 else "null::timestamptz"
    now = "case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end"
    rows = connection.execute(
        "select slot_name::text, plugin::text, active, coalesce(wal_status, 'lost'),"
        " (confirmed_flush_lsn - '0/0')::bigint,"
        f" ({now} - confirmed_flush_lsn)::bigint, ({now} - restart_lsn)::bigint, safe_wal_size, {idle}"
        " from pg_catalog.pg_replication_slots"
        " where slot_type = 'logical' and database = current_database() and not temporary order by 1"
    ).fetchall()
    return [Slot(*row) for row in rows]


def find(connection: psycopg.Connection[Any], database: Database, name: str) -> Slot | None:
    """The slot of that name. Raises SourceMismatch where it is another database's: the server has each name once."""
    found = next((slot for slot in listed(connection) if slot.name == name), None)
    if found is None:
        row = connection.execute(
            "select coalesce(database::text, 'a standby') from pg_catalog.pg_replication_slots where slot_name = %s",
            [name],
        ).fetchone()
        if row is not None:
            raise SourceMismatch(
                f"the slot {name} is there already",
                where=database.place,
                why=f"it is one of {row[0]}, and a server has each name once",
                hint=f"write another under sources.{database.source} in shophouse.yml:   slot: another_name",
            )
    return found


def refuse_without_log(connection: psycopg.Connection[Any], database: Database) -> None:
    """Raise SourceMismatch where the server's log has no rows, or the server is a standby."""
    row = connection.execute("select current_setting('wal_level'), pg_is_in_recovery()").fetchone()
    assert row is not None
    level, is_standby = row
    if is_standby:
        raise SourceMismatch(
            "the database is a standby",
            where=database.place,
            why="changes are read from the primary, where the slot and the publication are",
            hint=f"set {database.dsn.variable} to the primary, or write   read: full",
        )
    if level != "logical":
        raise SourceMismatch(
            f"the database's log has no rows: wal_level is {level}",
            where=database.place,
            why="read: changes needs wal_level = logical",
            hint=[
                "alter system set wal_level = logical;   and start the database again",
                "(Amazon RDS: rds.logical_replication = 1 in its parameter group)",
            ],
        )


def refuse_if_lost(slot: Slot | None, name: str, lsn: int, table: str, database: Database) -> None:
    """Raise SourceMismatch unless the slot still has all changes from `lsn` on, up to which `table` was read."""
    source = database.source
    hint = [
        f"read all of its tables anew, what is gone will be deleted:   shophouse slots restart {source}",
        "then   shophouse run",
    ]
    if slot is None:
        raise SourceMismatch(
            f"the slot {name} is gone",
            where=database.place,
            why="changes since the last read can't be told; it was dropped, or the primary is another since",
            hint=hint,
        )
    if slot.is_lost:
        raise SourceMismatch(
            f"the slot {name} is lost",
            where=database.place,
            why="the server removed the log that it needed: it kept more than max_slot_wal_keep_size allows",
            hint=hint,
        )
    if slot.plugin != PLUGIN:
        raise SourceMismatch(
            f"the slot {name} is of the plugin {slot.plugin}",
            where=database.place,
            why=f"changes come by {PLUGIN}",
            hint=f"name another under sources.{source}.slot in shophouse.yml",
        )
    if slot.confirmed is not None and slot.confirmed > lsn:
        raise SourceMismatch(
            f"the slot {name} is ahead of the lake",
            where=database.place,
            why=[
                f"it begins at {lsn_text(slot.confirmed)}, but {table} was read up to {lsn_text(lsn)}",
                "another shop reads it, it was made anew, the lake is an older one,",
                "or the table was left out of the source for a time",
            ],
            hint=[f"where it is this table alone:   shophouse slots restart {source}.{table}", *hint],
        )


def blockers(connection: psycopg.Connection[Any]) -> str:
    """The oldest transactions that write, in words."""
    rows = connection.execute(
        "select pid, usename::text, coalesce(application_name, ''), now() - xact_start from pg_catalog.pg_stat_activity"
        " where backend_xid is not null and pid <> pg_backend_pid() order by xact_start limit 3"
    ).fetchall()
    said = [f"process {pid} of {user} ({what}) since {str(age).split('.')[0]}" for pid, user, what, age in rows]
    return "; ".join(said) or "they may be prepared transactions: see pg_prepared_xacts"


def advance(connection: psycopg.Connection[Any], database: Database, name: str, lsn: int) -> None:
    """Let the server forget the log before `lsn`. Does nothing where the slot is in use, gone or further."""
    from psycopg import errors

    slot = find(connection, database, name)
    if slot is None or slot.is_lost or slot.is_active or slot.confirmed is None or slot.confirmed >= lsn:
        return
    # in use since: then who uses it, or the next run, will do it
    try:
        connection.execute("select pg_replication_slot_advance(%s, %s::pg_lsn)", [name, lsn_text(lsn)])
    except errors.ObjectInUse:
        return


def drop(connection: psycopg.Connection[Any], database: Database, name: str) -> None:
    """Drop a slot. Raises SourceMismatch where there is none of that name."""
    present = listed(connection)
    if name not in [slot.name for slot in present]:
        raise SourceMismatch(
            f"there is no slot {name}",
            where=database.place,
            why=f"slots of this database: {', '.join(slot.name for slot in present) or 'none'}",
        )
    connection.execute("select pg_drop_replication_slot(%s)", [name])
