"""What a table's rows are that a read before did not see.

A column like `updated_at` alone can't tell: its value is taken before the transaction commits, so that a row may appear
with a time that was passed long ago. PostgreSQL says it exactly, for it keeps with each version of a row the number of
the transaction that wrote it (`xmin`):

1. A snapshot sees all that a transaction wrote, or nothing. So a version that is visible now and was not before was
   written by a transaction that the snapshot before did not see.
2. Each transaction numbered below a snapshot's own `xmin`, the oldest one running then, had ended. What that snapshot
   did not see, subtransactions too, has a number from there on. So reading all versions from that number on loses
   nothing, whatever their `updated_at` says, in whatever order they committed, and however many have the same time.
3. Of these, the versions of transactions that the snapshot before saw were read. Their numbers are kept (`seen`; only
   those from `xmin` on, so mostly none) and their rows left out: nothing is repeated.
4. Numbers are given once, but a server that crashes gives those again whose end was not yet on disk. So a position
   holds only when the log is on disk up to where it was after the snapshot.

Where the project says that the cursor is a time of the database's clock (`late_by`), an index of it finds what may be
new. A row that the last snapshot did not see was written by a transaction that was running then, or began later, so its
time is not before the start of the oldest one (`began`, see `_running`) by more than `late_by`. The numbers then tell
which of the rows found are new. That trusts whoever writes the column, and nothing else here does. Where `began` is not
known, the read passes over the table.

The cursor is a second net, where an index makes it cheap: a row beyond its last value is read whatever its number. (On
a scan of the table, to look at a column takes longer than the rest.) What gives rows without new numbers
makes everything be read again: another cluster or timeline (a backup restored), a log that is shorter than before,
another table under the name, other columns, and of a partition attached all its rows. Numbers kept with rows have 32
bits: a distance of half of that reads everything, and where the counter has ever gone round, an old row may look as
written by a running transaction, so nothing is kept as seen and such rows come again, which does no harm to an upsert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceUnreachable
from shophouse.sources.postgres._database import waiting

if TYPE_CHECKING:
    import psycopg

__all__ = ["Moment", "Window", "wait_until_durable"]

ROUND = 1 << 32
_FAR = 1 << 31
_PATIENCE_SECONDS = 30.0

_MOMENT = """
select
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
    (select system_identifier::text from pg_control_system())
    || '/' || case when pg_is_in_recovery() then (select to_hex(timeline_id) from pg_control_checkpoint())
        else to_hex(('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer) end
    || '/' || (select oid::text from pg_catalog.pg_database where datname = current_database()),
    pg_is_in_recovery(),
    (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end - '0/0')::bigint,
    current_setting('wal_block_size')::bigint,
    pg_size_bytes(current_setting('wal_segment_size'))
"""


@dataclass(frozen=True)
class Moment:
    """A snapshot, as far as it matters later. `log` is the log's length in bytes after it was taken."""

    xmin: int
    xmax: int
    cluster: str
    in_recovery: bool
    log: int

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> Moment:
        """The moment of the transaction that the connection is in, or of a snapshot of its own outside of one."""
        row = connection.execute(_MOMENT).fetchone()
        assert row is not None
        xmin, xmax, cluster, in_recovery, log, block, segment = row
        return cls(xmin, xmax, cluster, in_recovery, log if in_recovery else end_of_record(log, block, segment))


def end_of_record(log: int, block: int, segment: int) -> int:
    """Where the last record ends, of a place where the next is written: before the header of a page that is begun."""
    if log % segment == 40:
        return log - 40
    return log - 24 if log % block == 24 and log % segment != 24 else log


def wait_until_durable(connection: psycopg.Connection[Any], moment: Moment, place: str) -> None:
    """Wait until what the snapshot saw can't be lost by a crash. On a standby it can't. Raises SourceUnreachable."""
    if moment.in_recovery:
        return
    for step, _ in enumerate(waiting(_PATIENCE_SECONDS)):
        row = connection.execute("select (pg_current_wal_flush_lsn() - '0/0')::bigint").fetchone()
        if row and row[0] >= moment.log:
            return
        if step == 0:
            # records of running transactions may stay in memory as long as nothing ends: this ends, with a number
            connection.execute("select pg_current_xact_id()")
    raise SourceUnreachable(
        "the database does not write its log to disk",
        where=place,
        why=f"waited {_PATIENCE_SECONDS:.0f} seconds for what was read to be safe from a crash",
        hint="look at the server's disk, then run again",
    )


@dataclass(frozen=True)
class Window:
    """The versions to read: those of transactions from number `since` on; everything when `since` is None.

    `why` says why everything is read again, where that is so.
    """

    moment: Moment
    relations: tuple[int, ...]
    shape: str
    since: int | None = None
    seen: frozenset[int] = frozenset()
    new_relations: tuple[int, ...] = ()
    cursor: str | None = None
    began: str | None = None
    """No transaction that the snapshot before did not see began before this time, in UTC."""
    why: str | None = None

    @classmethod
    def after(
        cls, position: Mapping[str, Any] | None, before: Moment, moment: Moment, relations: Iterable[int], shape: str
    ) -> Window:
        """What has to be read at `moment` after `position`; `before` is a moment that was over when it was taken.

        Raises SourceUnreachable when a standby is not as far as the last read was.
        """
        oids = tuple(relations)
        everything = cls(moment, oids, shape)
        if position is None or position.get("read") != "cursor":
            return everything
        why = None
        if position["cluster"] != moment.cluster:
            why = "the database is another, or was restored"
        elif position["relations"][0] != oids[0]:
            why = "the table was made anew"
        elif position["shape"] != shape:
            why = "its columns changed"
        elif before.log < position["log"]:
            if moment.in_recovery:
                raise SourceUnreachable(
                    "the standby is behind what was read last",
                    why=f"{position['log'] - before.log:,} bytes of the log are still to come",
                    hint="run again when it has caught up, or read from the primary",
                )
            why = "the database was restored"
        elif moment.xmax - position["xmin"] >= _FAR:
            why = "the last read is too long ago"
        if why is not None:
            return cls(moment, oids, shape, why=why)
        return cls(
            moment,
            oids,
            shape,
            since=position["xmin"],
            seen=frozenset(position["seen"]),
            new_relations=tuple(sorted(set(oids) - set(position["relations"]))),
            cursor=position["cursor"],
            began=position.get("began"),
        )

    def condition(self) -> tuple[str, str]:
        """Two conditions in SQL: which rows may be new, and which of them are new whoever wrote them."""
        if self.since is None:
            return "true", "true"
        sure = "false"
        if self.new_relations:
            sure = f"tableoid = any('{{{','.join(map(str, self.new_relations))}}}'::oid[])"
        # age() compares numbers of 32 bits as distances; a subselect is worked out once
        youngest, oldest = (f"(select age('{number % ROUND}'::xid))" for number in (self.moment.xmax, self.since))
        # the one that most rows fail comes first
        written = f"age(xmin) <= {oldest} and age(xmin) >= {youngest}"
        return written if sure == "false" else f"({written} or {sure})", sure

    def position(self, seen: Iterable[int], cursor: str | None, began: str | None = None) -> dict[str, Any]:
        """The position after a read in which rows of the transactions `seen` came.

        `began` is what the next window has of it.
        """
        moment = self.moment
        kept: set[int] = set()
        if moment.xmax < ROUND:
            kept = {number for number in (*self.seen, *seen) if moment.xmin <= number < moment.xmax}
        return {
            "read": "cursor",
            "cluster": moment.cluster,
            "log": moment.log,
            "relations": list(self.relations),
            "shape": self.shape,
            "xmin": moment.xmin,
            "seen": sorted(kept),
            "cursor": cursor,
            "began": began,
        }

    @property
    def is_far(self) -> bool:
        """Whether the last position is so old that a new one should be kept even if nothing came."""
        return self.since is not None and self.moment.xmin - self.since > 1_000_000
