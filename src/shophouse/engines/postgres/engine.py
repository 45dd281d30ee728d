"""The PostgreSQL engine: a database of the shop's own on a server, into which the lake's rows are loaded once.

What is built stands in the schemas that the models name; what is published, in others: see `publish`. DuckDB moves
rows in bulk and reads what is published, so that queries and exports are the same as with the engine DuckDB.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from shophouse.engines import RawTable, Relation, Seen, plan
from shophouse.engines.ops import OPS_TABLES, WAREHOUSE_VERSION, ops_statements
from shophouse.engines.postgres import existing, loading, publish
from shophouse.engines.postgres.database import Database, name
from shophouse.engines.postgres.views import restore, views
from shophouse.errors import ConfigError, LockedError
from shophouse.project import PostgresEngine as Settings
from shophouse.project import Project
from shophouse.quoting import literal

if TYPE_CHECKING:
    import duckdb
    import psycopg
    import pyarrow as pa

    from shophouse.engines import OnNode
    from shophouse.engines.plan import CompiledModel, CompiledTest, NodeResult

__all__ = ["PostgresEngine"]

_LOCK = 0x73686F70686F7573
_LAYERS = ("staging", "input", "changes", "core", "aggregates", "marts", "analytics", "reference", "main")
_OURS = ("raw", "lake", "ops", "snapshots", *_LAYERS)
_OLDEST = 160000
_EXACTLY_COUNTED = 1_000_000


class PostgresEngine:
    """See `shophouse.engines.Engine` for what each method promises."""

    def __init__(self, project: Project) -> None:
        assert isinstance(project.engine, Settings)
        self.project = project
        self.settings = project.engine
        self.database = Database(project.engine)

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        import psycopg

        with self.database.connect(
            autocommit=True, called=f"{what}, process {os.getpid()} on {socket.gethostname()}"
        ) as holder:
            row = holder.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
            if not (row and row[0]):
                raise LockedError(
                    "the warehouse is being written",
                    where=self.database.place,
                    why=self.writer() or "another process is starting or ending",
                    hint="try again when it is done",
                )
            try:
                yield
            finally:
                # closing the connection gives it back too, as does a process that dies, but the server takes its time
                with suppress(psycopg.Error):
                    holder.execute("select pg_advisory_unlock(%s)", [_LOCK])

    def writer(self) -> str | None:
        with self.database.connect(autocommit=True) as connection:
            row = connection.execute(
                "select a.application_name || ' since '"
                " || to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')"
                " from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid"
                " join pg_catalog.pg_database d on d.oid = l.database and d.datname = current_database()"
                " where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
                " and (cast(l.classid as bigint) << 32) | cast(l.objid as bigint) = %s",
                [_LOCK],
            ).fetchone()
            return str(row[0]) if row else None

    def prepare(self) -> bool:
        with self.database.connect() as connection:
            self._refuse_strangers(connection)
            for schema in ("shophouse", "raw", "lake", "ops"):
                connection.execute(f"create schema if not exists {schema}")
            connection.execute(loading.BOOKKEEPING)
            connection.execute(publish.BOOKKEEPING)
            for statement in ops_statements():
                connection.execute(statement)
            found = dict(connection.execute("select name, value from ops.warehouse").fetchall())
            version = found.get("version")
            if version is not None and version != str(WAREHOUSE_VERSION):
                _empty(connection)
                version = None
            if version is None:
                connection.execute("delete from ops.warehouse")
                connection.execute(
                    "insert into ops.warehouse values ('version', %s), ('shop', %s)",
                    [str(WAREHOUSE_VERSION), self.project.name],
                )
            row = connection.execute("select count(*) from ops.model_watermarks").fetchone()
            return row is None or row[0] == 0

    def _refuse_strangers(self, connection: psycopg.Connection[Any]) -> None:
        """Raise ConfigError where models would come out otherwise, or something of somebody else's would be lost."""
        where = self.database.place
        if connection.info.server_version < _OLDEST:
            raise ConfigError(
                f"PostgreSQL {connection.info.server_version // 10000} is too old", where=where, why="16 is needed"
            )
        row = connection.execute(
            "select pg_encoding_to_char(encoding) = 'UTF8' and 'B' < 'a' and lower('É') = 'é'"
            " from pg_catalog.pg_database where datname = current_database()"
        ).fetchone()
        if not (row and row[0]):
            raise ConfigError(
                "the database's locale is not C.UTF-8",
                where=where,
                why="numbers would depend on how it orders text and what it takes for capitals",
                hint="create database shop template template0 encoding 'UTF8'"
                " locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'",
            )
        rows = connection.execute(
            "select nspname, exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid)"
            " or exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid) from pg_catalog.pg_namespace n"
        ).fetchall()
        if "shophouse" not in {schema for schema, _ in rows}:
            # an empty one may have been made for the shop, with a grant or a comment
            if strangers := sorted({schema for schema, is_used in rows if is_used} & set(_OURS)):
                raise ConfigError(
                    "the database is in use",
                    where=where,
                    why=f"it has schemas that shophouse would write to: {', '.join(strangers)}",
                    hint="give the shop a database of its own",
                )
            return
        row = connection.execute("select value from ops.warehouse where name = 'shop'").fetchone()
        if row and row[0] != self.project.name:
            raise ConfigError(
                f"the database is the shop {row[0]}'s",
                where=where,
                why=f"this one is called {self.project.name}",
                hint="give each shop a database of its own; if it was renamed, drop this one and run again",
            )

    def reset(self) -> None:
        with self.database.connect() as connection:
            _empty(connection)

    def examine(self, relations: Sequence[Relation]) -> list[Seen | None]:
        if strange := sorted(existing.schemas(self.project) & set(_OURS)):
            raise ConfigError(
                f"the schema {strange[0]} is shophouse's own", hint="name the loader's under database_schema"
            )
        with self.database.connect(autocommit=True) as connection:
            return existing.examine(connection, relations)

    def attach(self, tables: Sequence[RawTable]) -> None:
        loading.attach(self.database, tables)

    def environment(self) -> AbstractContextManager[None]:
        return self.database.environment()

    def session(self) -> AbstractContextManager[None]:
        # a connection costs some milliseconds, and one that is kept would have to be looked after
        return nullcontext()

    @contextmanager
    def dbt(self) -> Iterator[None]:
        with self.database.connect(autocommit=True) as connection:
            theirs = existing.schemas(self.project)
            before = [view for view in views(connection) if view.schema not in theirs]
        with self.database.environment():
            yield
        # a table that dbt builds alone takes along the views above it, which it would build only with the rest
        with self.database.connect(autocommit=True) as connection:
            restore(connection, before)

    def replace(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        self._write(table, rows, empty=True)

    def append(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        self._write(table, rows, empty=False)

    def _write(self, table: str, rows: Iterable[Sequence[Any]], *, empty: bool) -> None:
        columns = ", ".join(OPS_TABLES[table])
        with self.database.connect() as connection:
            if empty:
                connection.execute(f"delete from ops.{table}")
            with connection.cursor().copy(f"copy ops.{table} ({columns}) from stdin") as copy:
                for row in rows:
                    copy.write_row([_plain(value) for value in row])
            connection.execute(f"analyze ops.{table}")

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        import pyarrow as pa

        with self.database.connect() as connection:
            cursor = connection.execute(sql, list(parameters) or None)
            rows = cursor.fetchall()
            names = [column.name for column in cursor.description or ()]
        return pa.table({column: pa.array([row[i] for row in rows]) for i, column in enumerate(names)})

    def build(
        self,
        models: Sequence[CompiledModel],
        tests: Sequence[CompiledTest],
        on_node: OnNode,
        *,
        anew: bool = False,
        few: bool = False,
    ) -> list[NodeResult]:
        import psycopg

        def make(session: plan.Session, model: CompiledModel) -> None:
            session.execute("begin")
            if anew:
                _build_anew(session.execute, model)
            elif model.sql:
                _build(session.execute, model)
            else:
                session.execute(f"create schema if not exists {name(model.schema)}")
                _drop(session.execute, model)
                _build_anew(session.execute, model)
            session.execute("commit")

        with self._sessions() as sessions:
            for schema in sorted({model.schema for model in models} if anew else ()):
                sessions[0].execute(f"create schema if not exists {name(schema)}")
            return plan.build(models, tests, sessions, make, psycopg.Error, on_node, anew=anew)

    def drop(self, models: Sequence[CompiledModel]) -> None:
        with self.database.connect(autocommit=True) as connection:
            for model in models:
                _drop(connection.execute, model)

    @contextmanager
    def _sessions(self) -> Iterator[list[plan.Session]]:
        with ExitStack() as stack:
            connections = [stack.enter_context(self.database.connect(autocommit=True)) for _ in range(plan.AT_A_TIME)]
            yield [plan.Session(connection.execute, connection.cancel) for connection in connections]

    def sizes(self, models: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
        found: dict[tuple[str, str], tuple[int, int]] = {}
        with self.database.connect(autocommit=True) as connection:
            for schema, table in models:
                row = connection.execute(
                    "select pg_total_relation_size(oid), reltuples from pg_catalog.pg_class"
                    " where oid = to_regclass(%s) and relkind in ('r', 'p', 'm')",
                    [name(schema, table)],
                ).fetchone()
                if row is None:
                    continue
                size, rows = int(row[0]), int(row[1])
                if rows < _EXACTLY_COUNTED:
                    counted = connection.execute(f"select count(*) from {name(schema, table)}").fetchone()
                    rows = int(counted[0]) if counted else 0
                found[schema, table] = (rows, size)
        return found

    def publish(self) -> int:
        return publish.publish(self.database, self.settings.readers, existing.schemas(self.project))

    def published(self) -> int | None:
        with self.database.connect(autocommit=True) as connection:
            return publish.newest(connection)

    def reader(self) -> duckdb.DuckDBPyConnection:
        return publish.connect(self.database)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        connection = self.reader()
        return connection.sql(sql, params=list(parameters)) if parameters else connection.sql(sql)

    def place(self) -> str:
        return f"{self.database.place}   (PostgreSQL: schemas published_marts, published_core …)"


def _build_anew(execute: Callable[[str], Any], model: CompiledModel) -> None:
    if model.materialized == "ephemeral":
        return
    if model.materialized == "view":
        execute(f"create view {model.relation} as\n{model.full_sql}")
        return
    # what is calculated has no number of digits, what is declared has
    if model.columns:
        typed = ", ".join(f"{name(column)} {type_}" for column, type_ in model.columns)
        columns = ", ".join(name(column) for column, _ in model.columns)
        execute(f"create table {model.relation} ({typed})")
        execute(f"insert into {model.relation} ({columns}) select {columns} from ({model.full_sql}) as built")
    elif model.decimals:
        source, types = f"(\n{model.full_sql}\n) as built", dict(model.decimals)
        cells = ", ".join(
            f"cast({name(column)} as {types[column]}) as {name(column)}" if column in types else name(column)
            for column in _columns(execute, source)
        )
        execute(f"create table {model.relation} as select {cells} from {source}")
    else:
        execute(f"create table {model.relation} as\n{model.full_sql}")
    execute(f"analyze {model.relation}")


_KINDS = {"v": "view", "m": "materialized view", "r": "table", "p": "table"}


def _drop(execute: Callable[[str], Any], model: CompiledModel) -> None:
    """With the views that stand on it, which are to be made anew, too."""
    found = f"select relkind from pg_catalog.pg_class where oid = to_regclass({literal(model.relation)})"
    for (kind,) in execute(found).fetchall():
        execute(f"drop {_KINDS[kind]} {model.relation} cascade")


def _build(execute: Callable[[str], Any], model: CompiledModel) -> None:
    """Views stand on the tables, so these are filled anew and never replaced. Columns meet by name."""
    source = f"(\n{model.sql}\n) as built"
    if model.key or model.relation in model.sql:
        # read before anything is deleted: a model may look at its own rows as they are
        execute(f"create temp table replacing on commit drop as select * from {source}")
        source = "replacing"
    if model.key:
        execute(f"delete from {model.relation} where {model.key} in (select {model.key} from {model.affected})")
    columns = ", ".join(name(column) for column in _columns(execute, source))
    if model.materialized == "table":
        execute(f"truncate {model.relation}")
    execute(f"insert into {model.relation} ({columns}) select {columns} from {source}")
    execute(f"analyze {model.relation}")


def _columns(execute: Callable[[str], Any], source: str) -> list[str]:
    return [column.name for column in execute(f"select * from {source} limit 0").description or ()]


def _empty(connection: psycopg.Connection[Any]) -> None:
    for schema in _LAYERS:
        connection.execute(f"drop schema if exists {schema} cascade")
    rows = connection.execute(
        "select c.relname, c.relkind from pg_catalog.pg_class c"
        " where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'v') and c.relname <> all(%s)",
        [list(OPS_TABLES)],
    ).fetchall()
    for relation, kind in rows:
        connection.execute(f"drop {'view' if kind == 'v' else 'table'} if exists {name('ops', relation)} cascade")
    connection.execute("delete from ops.model_watermarks")


def _plain(value: Any) -> Any:
    # a text of PostgreSQL holds every character but this
    return value.replace("\0", "") if isinstance(value, str) else value
