"""Connections to a shop's PostgreSQL, and its errors in the words of shophouse. The DSN goes into no message."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, SourceMismatch, SourceUnreachable
from shophouse.quoting import literal
from shophouse.values import Secret

if TYPE_CHECKING:
    import psycopg

__all__ = ["SETTINGS", "Database", "waiting"]

_OLDEST = 130000
_NO_TRUST = "the server's certificate can't be trusted"
_AUTHORITY = "name its authority in {variable}:   sslmode=verify-full&sslrootcert=/path/ca.pem"
_REFUSALS = (
    # what libpq and the server say, what it means, what helps; {variable} holds the DSN
    ("authentication failed", "the password or the user is wrong", "set {variable} right"),
    ("no password supplied", "the server wants a password", "put it into {variable}, or into ~/.pgpass"),
    ("no encryption", "the server takes encrypted connections only", "add   ?sslmode=verify-full   to {variable}"),
    ("pg_hba.conf", "the server takes no such connection", "ask who runs it for an entry in pg_hba.conf"),
    ("does not support SSL", "the server does not encrypt", "set it up there, or take sslmode out of {variable}"),
    ("certificate", _NO_TRUST, _AUTHORITY),
    # by an authority of the same name
    ("signature failure", _NO_TRUST, _AUTHORITY),
    ("does not exist", "there is no such database or user", "set {variable} right"),
    ("permission denied", "the user may not connect to the database", "grant connect on database … to …;"),
    ("not permitted", "the user may not log in", "alter role … login;"),
)
SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "30s",
    # to compile the condition takes longer than to work it out
    "jit": "off",
    # rows come in the order they lie in, so that the same table reads the same
    "synchronize_seqscans": "off",
}


def waiting(seconds: float) -> Iterator[None]:
    """Steps of a wait of so many seconds in all, at growing distances."""
    end, pause = time.monotonic() + seconds, 0.005
    while True:
        yield
        if time.monotonic() >= end:
            return
        time.sleep(pause)
        pause = min(2 * pause, 0.2)


class Database:
    """The database that `dsn` refers to, read by the source `source`."""

    def __init__(self, source: str, dsn: Secret) -> None:
        self.source = source
        self.dsn = dsn
        if importlib.util.find_spec("psycopg") is None:
            raise ConfigError(
                f"source {source}: the kind postgres is not installed", hint='pip install "shophouse[postgres]"'
            )

    @cached_property
    def _parameters(self) -> dict[str, str]:
        import psycopg.conninfo

        try:
            given = psycopg.conninfo.conninfo_to_dict(self.dsn.resolve().get_secret_value())
        except psycopg.ProgrammingError:
            # the message would quote the DSN
            raise ConfigError(
                f"source {self.source}: {self.dsn.reference} is no DSN of PostgreSQL",
                hint="postgresql://user:password@host:5432/database?sslmode=verify-full",
            ) from None
        return {key: str(value) for key, value in given.items() if value is not None}

    @property
    def place(self) -> str:
        """Source, host and name of the database."""
        found = self._parameters
        host, port = found.get("host", "localhost"), found.get("port", "5432")
        return f"source {self.source}, {host}:{port}/{found.get('dbname', found.get('user', ''))}"

    @property
    def user(self) -> str | None:
        """The role that the DSN names; None where the environment does."""
        return self._parameters.get("user")

    def without_secrets(self, text: str) -> str:
        for key in ("password", "sslpassword"):
            if secret := self._parameters.get(key):
                text = text.replace(secret, "***")
        return text.strip()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that commits each statement; errors of PostgreSQL inside come out as SourceErrors."""
        import psycopg

        parameters: dict[str, Any] = {"connect_timeout": 10, "application_name": "shophouse", **self._parameters}
        try:
            connection = psycopg.connect(autocommit=True, prepare_threshold=None, **parameters)
        except psycopg.OperationalError as error:
            raise self._not_connected(str(error)) from None
        with connection:
            try:
                if connection.info.server_version < _OLDEST:
                    version = connection.info.server_version // 10000
                    raise SourceMismatch(
                        f"PostgreSQL {version} is too old", where=self.place, why="the source needs 13 or newer"
                    )
                yield connection
            except psycopg.Error as error:
                raise self.told(error) from None

    def conninfo(self, **more: str) -> str:
        """The DSN with what a connection needs to write values as `snapshot` does. It holds the password."""
        import psycopg.conninfo

        said = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in SETTINGS.items())
        given = {"connect_timeout": "10", "application_name": "shophouse", **self._parameters, **more}
        given["options"] = f"{given.get('options', '')} {said}".strip()
        return psycopg.conninfo.make_conninfo("", **given)

    def _not_connected(self, said: str) -> SourceMismatch | SourceUnreachable:
        message = self.without_secrets(said)
        for words, meaning, hint in _REFUSALS:
            if words in message:
                what = f"the database refuses: {meaning}"
                return SourceMismatch(what, where=self.place, why=message, hint=hint.format(variable=self.dsn.variable))
        return SourceUnreachable(
            "the database can't be reached",
            where=self.place,
            why=message,
            hint=f"start the server, or set {self.dsn.variable} right",
        )

    @property
    def attachable(self) -> str:
        """What another library connects with. It holds the password."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo("", **{"connect_timeout": "10", "application_name": "shophouse", **self._parameters})

    @contextmanager
    def snapshot(
        self, connection: psycopg.Connection[Any], lock: str | None, exported: str | None = None
    ) -> Iterator[None]:
        """One consistent state, read only: the one that `exported` names, else that of now.

        `lock` is a table whose definition stays as it is meanwhile. It is locked before the snapshot is taken: a table
        that is rewritten between the two looks empty.
        """
        steps = ["begin isolation level repeatable read read only"]
        if exported is not None:
            steps.append(f"set transaction snapshot {literal(exported)}")
        steps += [f"set local {name} = {literal(value)}" for name, value in SETTINGS.items()]
        if lock is not None:
            steps.append(f"lock table {lock} in access share mode")
        try:
            # in one message: each answer takes a way over the network
            connection.execute("; ".join(steps))
            yield
        finally:
            if not connection.closed:
                connection.rollback()

    def told(self, error: psycopg.Error) -> SourceMismatch | SourceUnreachable:
        """An error of PostgreSQL in the words of shophouse."""
        from psycopg import errors

        why = self.without_secrets(error.diag.message_primary or str(error))
        if isinstance(error, errors.InsufficientPrivilege):
            return SourceMismatch(
                "the database's user may not do this",
                where=self.place,
                why=why,
                hint=f"grant it to the user of {self.dsn.reference}, or give it another",
            )
        if isinstance(error, errors.LockNotAvailable):
            return SourceUnreachable(
                "the table is locked", where=self.place, why=why, hint="run again when its change is done"
            )
        if isinstance(error, errors.QueryCanceled):
            return SourceUnreachable(
                "the server stopped the query",
                where=self.place,
                why=why,
                hint="someone cancelled it, or a timeout did: look at the server's log, then run again",
            )
        # what libpq says itself, of a connection that ended, is of no narrower class and has no code
        if isinstance(error, _gone()) or (error.sqlstate is None and type(error) is errors.DatabaseError):
            return SourceUnreachable(
                "the connection to the database was lost", where=self.place, why=why, hint="run again: nothing is lost"
            )
        return SourceMismatch("the database can't read this", where=self.place, why=why)


def _gone() -> tuple[type[Exception], ...]:
    """Errors that another try may not meet: the server ended, or a standby had to go on."""
    from psycopg import OperationalError, errors

    return (OperationalError, errors.SerializationFailure)
