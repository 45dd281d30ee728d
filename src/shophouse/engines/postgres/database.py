"""Connections to the shop's database: psycopg for SQL, DuckDB's extension for rows in bulk, libpq's variables for dbt.

The DSN is read from the environment whenever a connection is made, and goes into no message.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import BuildError, ConfigError
from shophouse.project import PostgresEngine

if TYPE_CHECKING:
    import duckdb
    import psycopg

__all__ = ["ATTACHED", "Database", "name", "text"]

ATTACHED = "warehouse"
"""What the database is called in a DuckDB connection."""
_INSTALL = 'pip install "shophouse[postgres]"'
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
}


class Database:
    """The database that `engine.dsn` refers to."""

    def __init__(self, settings: PostgresEngine) -> None:
        self.settings = settings
        if importlib.util.find_spec("psycopg") is None:
            raise ConfigError("the engine postgres is not installed", hint=_INSTALL)

    @cached_property
    def _parameters(self) -> dict[str, str]:
        import psycopg.conninfo

        reference = self.settings.dsn.reference
        try:
            given = psycopg.conninfo.conninfo_to_dict(self.settings.dsn.resolve().get_secret_value())
        except psycopg.ProgrammingError:
            # the message would quote the DSN
            raise ConfigError(
                f"{reference} is no DSN of PostgreSQL", hint="postgresql://user:password@host:5432/database"
            ) from None
        found = {key: str(value) for key, value in given.items() if value is not None}
        settings = {
            "TimeZone": "UTC",
            "jit": "off",
            # what a process that was killed left running ends, so that the next run doesn't wait for it
            "client_connection_check_interval": "2s",
            # what views calculate is taken for one row where it is millions, and a loop over them never ends
            "enable_nestloop": "off",
            "work_mem": self.settings.work_mem.replace(" ", ""),
            "client_min_messages": "warning",
        }
        own = " ".join(f"-c {key}={value}" for key, value in settings.items())
        return {**found, "options": f"{found.get('options', '')} {own}".strip()}

    @property
    def place(self) -> str:
        """Host and name of the database."""
        found = self._parameters
        return (
            f"{found.get('host', 'localhost')}:{found.get('port', '5432')}/{found.get('dbname', found.get('user', ''))}"
        )

    def connect(self, *, autocommit: bool = False, called: str = "shophouse") -> psycopg.Connection[Any]:
        """A connection of psycopg. Raises BuildError when the server can't be reached or refuses."""
        import psycopg

        parameters: dict[str, Any] = {"connect_timeout": 10, **self._parameters, "application_name": called[:63]}
        try:
            # a statement that comes again may mean another table: what is temporary, or was made anew
            return psycopg.connect(autocommit=autocommit, prepare_threshold=None, **parameters)
        except psycopg.OperationalError as error:
            raise BuildError(
                "the database can't be reached",
                where=f"{self.settings.dsn.reference}: {self.place}",
                why=str(error).strip(),
                hint=f"start the server, or set {self.settings.dsn.variable} right",
            ) from None

    def duckdb(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection in memory in which the database is attached as `warehouse`.

        A transaction in it is one of PostgreSQL. Raises BuildError when the server can't be reached or refuses.
        """
        import duckdb

        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"load {text(str(_extension()))}")
            known = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "database"}
            given = self._parameters
            parts = [f"{known[key]} {text(value)}" for key, value in given.items() if key in known]
            connection.execute(f"create secret shophouse (type postgres, {', '.join(parts)})")
            rest = " ".join(f"{key}={_conninfo(value)}" for key, value in given.items() if key not in known)
            options = "type postgres, secret shophouse" + (", read_only" if read_only else "")
            connection.execute(f"attach {text(rest)} as {ATTACHED} ({options})")
        except duckdb.Error as error:
            connection.close()
            raise BuildError("the database can't be read", where=self.place, why=str(error)) from None
        return connection

    @contextmanager
    def environment(self) -> Iterator[None]:
        """libpq's variables set to where the database is, for dbt in this process."""
        values = {_VARIABLES[key]: value for key, value in self._parameters.items() if key in _VARIABLES}
        with _environment(values):
            yield


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _extension() -> Path:
    from shophouse.sources.postgres._bulk import extension

    found = extension()
    if found is None:
        raise ConfigError("DuckDB's extension for PostgreSQL is not installed", hint=_INSTALL)
    return found


def _conninfo(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def name(*parts: str) -> str:
    """A quoted name, as "raw"."shop__orders"."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def text(value: str) -> str:
    """A literal."""
    return "'" + value.replace("'", "''") + "'"
