"""What the dashboard reads: the newest published version, by parameterised queries that can change nothing.

Every query has a limit of rows and of time. Results are kept as long as the version is the newest one, and a query that
many ask at once runs once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from shophouse.errors import ShophouseError
from shophouse.metrics.personal import names_any
from shophouse.serve.dashboard.kept import Kept, size_of

if TYPE_CHECKING:
    import duckdb

__all__ = ["PersonalData", "Published", "Publishes", "QueryFailed", "Rows", "WithoutPersonal"]

_KEPT_BYTES = 64 * 2**20
_IDLE_CURSORS = 16


class Publishes(Protocol):
    """What is needed of an engine to read what it published."""

    def published(self) -> int | None: ...

    def reader(self) -> duckdb.DuckDBPyConnection: ...


class QueryFailed(ShophouseError):
    """A query of a page did not go through: it took too long, gave too many rows, or what it reads is away."""


class _Broken(QueryFailed):
    """What is read went away while it was read."""


class PersonalData(QueryFailed):
    """A query of personal data, which who asks may not see."""


@dataclass(frozen=True)
class Rows:
    """The result of a query."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def first(self) -> dict[str, Any]:
        """The first row; empty when there is none."""
        return self.dicts()[0] if self.rows else {}


class Published:
    """The newest published version of a shop. Safe for many threads.

    `seconds` and `rows` limit each query. Raises BuildError when nothing is published yet.
    """

    def __init__(self, engine: Publishes, *, seconds: float = 20.0, rows: int = 100_000) -> None:
        self._engine = engine
        self._seconds = seconds
        self._most = rows
        self._lock = threading.Lock()
        self._version: int | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._results: Kept[Rows] = Kept(_KEPT_BYTES, lambda found: size_of(found.rows))

    @property
    def personal(self) -> frozenset[str]:
        """Columns that whoever asks may not see, in small letters; empty for those who may see all."""
        return frozenset()

    def version(self) -> int | None:
        """The number of the newest published version, as it is now; None before the first."""
        return self._engine.published()

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        """The rows of a query, with `?` and a sequence or `$name` and a mapping. Raises QueryFailed, BuildError."""
        values = tuple(parameters.items()) if isinstance(parameters, Mapping) else tuple(parameters)
        version, connection = self._newest()
        return self._results.get((version, sql, values), lambda: self._found(version, connection, sql, parameters))

    def _found(
        self,
        version: int | None,
        connection: duckdb.DuckDBPyConnection,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any],
    ) -> Rows:
        try:
            return self._run(connection, sql, parameters)
        except _Broken:
            # the server was started anew, or the file is gone: what is published now is another connection's
            self._drop(version)
            return self._run(self._newest()[1], sql, parameters)

    def _newest(self) -> tuple[int | None, duckdb.DuckDBPyConnection]:
        version = self._engine.published()
        with self._lock:
            if self._connection is None or version != self._version:
                # those who still read the version before hold cursors of its connection
                self._connection = self._reader()
                self._version = version
                self._idle = []
                self._results.clear()
            return version, self._connection

    def _reader(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            found: duckdb.DuckDBPyConnection = self._engine.reader()
        except duckdb.Error as error:
            raise QueryFailed("what is published can't be read", hint="shophouse publish") from error
        return found

    def _drop(self, version: int | None) -> None:
        with self._lock:
            if self._version == version:
                self._connection = None

    def _cursor(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """A cursor that nobody else uses; making one and choosing its schema takes as long as a small query."""
        with self._lock:
            if connection is self._connection and self._idle:
                return self._idle.pop()
        return connection.cursor().execute("use shop.marts")

    def _run(
        self, connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | Mapping[str, Any]
    ) -> Rows:
        import duckdb

        try:
            columns, rows = self._fetched(self._cursor(connection), connection, sql, parameters)
        except duckdb.InterruptException as error:
            raise QueryFailed(
                f"a query took more than {self._seconds:g} seconds and was stopped", hint="choose a shorter period"
            ) from error
        except (duckdb.IOException, duckdb.ConnectionException, duckdb.FatalException) as error:
            raise _Broken("what is published can't be read", hint="try again in a minute") from error
        except duckdb.Error as error:
            raise QueryFailed("a query failed", why=str(error).splitlines()[0]) from error
        if len(rows) > self._most:
            raise QueryFailed(f"a query gave more than {self._most:,} rows", hint="choose a shorter period")
        return Rows(columns, tuple(rows))

    def _fetched(
        self,
        cursor: duckdb.DuckDBPyConnection,
        connection: duckdb.DuckDBPyConnection,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any],
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        given: Any = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        limit = _TimeLimit(self._seconds, cursor)
        try:
            done = cursor.execute(sql, given)
            columns = tuple(column[0] for column in done.description or ())
            rows = done.fetchmany(self._most + 1)
        except BaseException:
            limit.end()
            cursor.close()
            raise
        limit.end()
        self._give_back(connection, cursor)
        return columns, rows

    def _give_back(self, connection: duckdb.DuckDBPyConnection, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            if connection is self._connection and len(self._idle) < _IDLE_CURSORS:
                self._idle.append(cursor)
                return
        cursor.close()


class _TimeLimit:
    """Interrupts what a cursor runs after some seconds, unless it ended before."""

    def __init__(self, seconds: float, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._has_ended = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._interrupt)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        with self._lock:
            self._has_ended = True
        self._timer.cancel()

    def _interrupt(self) -> None:
        with self._lock:
            # the cursor may run the next query by now
            if not self._has_ended:
                self._cursor.interrupt()


class WithoutPersonal(Published):
    """What `published` has for those who may see no personal data: no query reads or gives one of `columns`."""

    def __init__(self, published: Published, columns: frozenset[str]) -> None:
        self._published = published
        self._columns = columns

    @property
    def personal(self) -> frozenset[str]:
        return self._columns

    def version(self) -> int | None:
        return self._published.version()

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        """As Published; raises PersonalData for that."""
        if names_any(sql, self._columns):
            raise self._refused()
        try:
            found = self._published.query(sql, parameters)
        except QueryFailed as error:
            # the database tells which value it could not read
            raise QueryFailed(error.what, hint=error.hint) from error
        # it may have been asked for as *
        if self._columns & {column.lower() for column in found.columns}:
            raise self._refused()
        return found

    @staticmethod
    def _refused() -> PersonalData:
        return PersonalData("this is personal data, which a viewer does not see", hint="log in as an analyst")
