"""PostgreSQL's replication protocol, as far as a read of changes needs it, over libpq.

A slot's stream is read up to a place in the log and given back: nothing is confirmed here, so that the server keeps all
of it until the lake has it. psycopg has no such connection, but libpq, which it wraps, has.
"""

from __future__ import annotations

import select
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceError, SourceMismatch, SourceUnreachable
from shophouse.quoting import identifier
from shophouse.sources.postgres import _pgoutput as pgoutput
from shophouse.sources.postgres._database import Database, waiting

if TYPE_CHECKING:
    from psycopg import Error
    from psycopg.pq.abc import PGconn, PGresult

__all__ = ["Replication", "lsn_of", "lsn_text", "replication"]

_POLL_SECONDS = 0.02
_STATUS_SECONDS = 5.0
_IN_USE_SECONDS = 15.0
_HEADER = 25
_SNAPSHOT_SECONDS = 300.0
_OBJECT_IN_USE = b"55006"


def lsn_of(text: str) -> int:
    """A place in the log, written as PostgreSQL does, as a number."""
    high, low = text.split("/")
    return (int(high, 16) << 32) | int(low, 16)


def lsn_text(lsn: int) -> str:
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


@contextmanager
def replication(database: Database) -> Iterator[Replication]:
    """A connection for replication. Errors of PostgreSQL inside come out as SourceErrors."""
    from psycopg import Error, OperationalError, pq

    server = pq.PGconn.connect(database.conninfo(replication="database").encode())
    try:
        if server.status != pq.ConnStatus.OK:
            raise OperationalError(server.get_error_message())
        yield Replication(server, database)
    except Error as error:
        raise _told(database, error) from None
    finally:
        server.finish()


def _told(database: Database, error: Error) -> SourceError:
    from psycopg import errors

    told = database.told(error)
    why = " ".join(told.why)
    role = identifier(database.user) if database.user else "the_user"
    if isinstance(error, errors.InsufficientPrivilege) or "REPLICATION" in why or "WAL sender" in why:
        return SourceMismatch(
            "the database's user may not read the log",
            where=told.where,
            why=told.why,
            hint=[
                f"as an administrator:   alter role {role} replication;",
                f"on Amazon RDS:   grant rds_replication to {role};",
            ],
        )
    if isinstance(error, errors.ConfigurationLimitExceeded):
        return SourceMismatch(
            "the database has no place for another slot",
            where=told.where,
            why=told.why,
            hint=[
                "see which there are:   shophouse slots list",
                "or raise max_replication_slots and max_wal_senders, and start the database again",
            ],
        )
    return told


class Replication:
    """An open connection for replication. It gives what psycopg raises."""

    def __init__(self, server: PGconn, database: Database) -> None:
        self._server = server
        self._database = database

    def create_slot(self, name: str, *, temporary: bool = False, blockers: Callable[[], str]) -> tuple[int, str | None]:
        """Make a slot, and return from where on it has the log, with the name of a snapshot of what lies before.

        The snapshot (of a temporary slot only) can be taken until the next command here. It waits for transactions
        that write now: for five minutes, then raises SourceUnreachable with what `blockers` says of them.
        """
        words = "TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT" if temporary else "LOGICAL pgoutput NOEXPORT_SNAPSHOT"
        result = self._execute(f'CREATE_REPLICATION_SLOT "{name}" {words}', blockers)
        snapshot = result.get_value(0, 2)
        return lsn_of(_decoded(result.get_value(0, 1))), _decoded(snapshot) if snapshot else None

    def stream(self, slot: str, publication: str, until: int, take: Callable[[bytes], bool]) -> int:
        """Hand each message of whole transactions to `take` until the log is read up to `until`; returns how far it is.

        `take` is called with each message of pgoutput. Where it returns True of a commit, reading ends there.
        """
        self._start(slot, publication)
        reached = 0
        is_open = False
        told = time.monotonic()
        server = self._server
        while True:
            length, data = server.get_copy_data(1)
            if length > 0:
                message = bytes(data)
                if message[0] == 0x77:
                    payload = message[_HEADER:]
                    kind = payload[0]
                    if kind == pgoutput.BEGIN:
                        is_open = True
                    elif kind == pgoutput.COMMIT:
                        is_open = False
                        reached = max(reached, pgoutput.committed(payload))
                    if take(payload) or (not is_open and reached >= until):
                        break
                elif message[0] == 0x6B:
                    if not is_open:
                        reached = max(reached, struct.unpack_from(">Q", message, 1)[0])
                        if reached >= until:
                            break
                    if message[17]:
                        self._tell(reached, wants_answer=False)
            elif length == 0:
                # asked too often, it does nothing else
                if time.monotonic() - told > _POLL_SECONDS or reached == 0:
                    told = time.monotonic()
                    self._tell(reached, wants_answer=True)
                self._wait(_POLL_SECONDS)
            else:
                self._raise_end()
            if length > 0 and time.monotonic() - told > _STATUS_SECONDS:
                told = time.monotonic()
                self._tell(reached, wants_answer=False)
        self._stop()
        return reached

    def _start(self, slot: str, publication: str) -> None:
        from psycopg import errors, pq

        quoted = publication.replace('"', '""').replace("'", "''")
        command = f"START_REPLICATION SLOT \"{slot}\" LOGICAL 0/0 (proto_version '1', publication_names '\"{quoted}\"')"
        for _ in waiting(_IN_USE_SECONDS):
            result = self._server.exec_(command.encode())
            if result.status == pq.ExecStatus.COPY_BOTH:
                return
            # a reader that was killed holds it until the server notices
            if result.error_field(pq.DiagnosticField.SQLSTATE) != _OBJECT_IN_USE:
                raise errors.error_from_result(result)
        raise SourceUnreachable(
            f"the slot {slot} is in use",
            where=self._database.place,
            why=(result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace"),
            hint=[
                "wait until the other run is done. Where it is another shop that reads this database,",
                f"give each a slot of its own:   sources.{self._database.source}.slot: another_name",
            ],
        )

    def _tell(self, reached: int, *, wants_answer: bool) -> None:
        """Say that we are there. What was confirmed stays as it is: zero means nothing new."""
        status = struct.pack(">cQQQqB", b"r", reached, 0, 0, 0, wants_answer)
        self._server.put_copy_data(status)
        self._server.flush()

    def _wait(self, seconds: float) -> None:
        select.select([self._server.socket], [], [], seconds)
        self._server.consume_input()

    def _stop(self) -> None:
        """End the stream, and wait until the server has given the slot back."""
        server = self._server
        server.put_copy_end()
        server.flush()
        while True:
            length, _ = server.get_copy_data(1)
            if length == 0:
                self._wait(1)
            elif length < 0:
                break
        while server.get_result() is not None:
            pass

    def _raise_end(self) -> None:
        from psycopg import OperationalError, errors, pq

        result = self._server.get_result()
        if result is not None and result.status == pq.ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)
        raise OperationalError("the server ended the stream")

    def _execute(self, command: str, blockers: Callable[[], str]) -> PGresult:
        from psycopg import errors, pq

        server = self._server
        server.send_query(command.encode())
        server.flush()
        end = time.monotonic() + _SNAPSHOT_SECONDS
        while True:
            self._wait(0.2)
            if not server.is_busy():
                break
            if time.monotonic() > end:
                why = blockers()
                server.get_cancel().cancel()
                raise SourceUnreachable(
                    "the database does not get to a moment at which nothing is half written",
                    where=self._database.place,
                    why=[f"waited {_SNAPSHOT_SECONDS:.0f} seconds for the transactions that write", why],
                    hint="end them, then run again",
                )
        result = server.get_result()
        if result is None or result.status != pq.ExecStatus.TUPLES_OK:
            raise errors.error_from_result(result) if result else errors.OperationalError("no answer")
        while server.get_result() is not None:
            pass
        return result


def _decoded(value: Any) -> str:
    return bytes(value).decode()
