"""The DuckDB engine: one database file that is built, and numbered copies of it that are read.

`warehouse/build/shop.duckdb` is written by one process at a time. Publishing copies it and puts the copy in place by
a rename, so that readers never meet the writer and never see half a build. The catalog is called `shop` in all of
them, so that a view finds its tables in whichever file it is read.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from shophouse.engines import RawSource, RawTable, Relation, Seen, plan
from shophouse.engines.duckdb import existing, publish, statements
from shophouse.engines.ops import OPS_TABLES, WAREHOUSE_VERSION, ops_statements
from shophouse.errors import LockedError
from shophouse.project import Project
from shophouse.sources import LINEAGE

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from shophouse.engines import OnNode
    from shophouse.engines.plan import CompiledModel, CompiledTest, NodeResult

__all__ = ["DuckdbEngine"]

_TYPES = {"text": "varchar", "double": "double precision"}
_KEPT = ("ops", "raw", "snapshots")


@dataclass(frozen=True)
class _Rows:
    """Rows for an ops table, which may be none, and whether they replace those that are there."""

    table: str
    rows: pa.Table | None
    empty: bool

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.begin()
        if self.empty:
            connection.execute(f"delete from ops.{self.table}")
        if self.rows is not None:
            connection.register("incoming", self.rows)
            names = ", ".join(self.rows.column_names)
            connection.execute(f"insert into ops.{self.table} ({names}) select {names} from incoming")
            connection.unregister("incoming")
        connection.commit()


@dataclass
class _Session:
    """What is known as long as the file is held open, and nobody else changes what is in it."""

    known: dict[str, str] = field(default_factory=dict)
    """See `statements.build`."""
    copy: Future[None] | None = None
    """Done when there is a copy to publish of the file as it is now, but for the watermarks and what was `written`."""
    written: list[_Rows] = field(default_factory=list)
    """What was written to schema ops since it was copied."""
    is_prepared: bool = False
    views: dict[str, str] = field(default_factory=dict)
    """The SQL of the raw tables, by name."""
    _read: object = None

    def reads(self, columns: object) -> None:
        """Tells what columns the raw tables have: what queries give follows from them."""
        if self._read != columns:
            self.known = {}
        self._read = columns


class DuckdbEngine:
    """See `shophouse.engines.Engine` for what each method promises."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.warehouse_folder
        self.file = self.folder / "build" / "shop.duckdb"
        self._held: duckdb.DuckDBPyConnection | None = None
        self._beside: ThreadPoolExecutor | None = None
        self._threads = 0
        """How many a query that passes many rows on may use; 0 before the file was held open."""
        self._session = _Session()

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.file.with_name("lock"))
        holder = self.file.with_name("lock.json")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise _locked(self.folder, holder) from None
        try:
            holder.write_text(
                json.dumps(
                    {
                        "what": what,
                        "pid": os.getpid(),
                        "host": socket.gethostname(),
                        "since": datetime.now(UTC).isoformat(timespec="seconds"),
                    }
                )
            )
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def writer(self) -> str | None:
        try:
            held = json.loads(self.file.with_name("lock.json").read_text("utf-8"))
            return f"{held['what']}, process {held['pid']} on {held['host']} since {held['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def dbt(self) -> Iterator[None]:
        # dbt opens the file with other settings, which DuckDB refuses while somebody has it open
        was_held = self._held is not None
        self._release()
        try:
            yield
        finally:
            # dbt-duckdb keeps the database open after a run, and nobody else could open it then
            from dbt.adapters.duckdb.connections import DuckDBConnectionManager

            DuckDBConnectionManager.close_all_connections()
            if was_held:
                self._hold()

    def environment(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def session(self) -> Iterator[None]:
        self._hold()
        try:
            yield
        finally:
            self._release()

    def _hold(self) -> None:
        """As long as one connection is open, others to the same file share its catalog and what it has in memory."""
        import duckdb

        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._held = duckdb.connect(str(self.file), config=self._config())
        self._threads = _threads(self._held)
        self._beside = ThreadPoolExecutor(1)

    def _release(self) -> None:
        if self._held is not None and self._beside is not None:
            self._beside.shutdown()
            self._held.close()
            self._held = self._beside = None
            publish.forget(self.folder)
        self._session = _Session()

    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        connection = duckdb.connect(str(self.file), config=self._config())
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _connect_with_others(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that sees the files of other loaders, too, which they can't write to as long as it is open."""
        with self._connect() as connection:
            existing.attach(connection, self.project)
            try:
                yield connection
            finally:
                # a connection that is held open would keep them
                existing.detach(connection, self.project)

    def _config(self) -> dict[str, Any]:
        return {**getattr(self.project.engine, "config", {}), "temp_directory": str(self.file.parent / "temp")}

    def prepare(self) -> bool:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._forget_copy()
        with self._connect() as connection:
            if not self._session.is_prepared:
                _prepare(connection)
                self._session.is_prepared = self._held is not None
            row = connection.execute("select count(*) from ops.model_watermarks").fetchone()
            return row is None or row[0] == 0

    def reset(self) -> None:
        self._forget_copy()
        self._session = _Session()
        with self._connect() as connection:
            _empty(connection, {row[0] for row in connection.execute(_SCHEMAS).fetchall()})

    def examine(self, relations: Sequence[Relation]) -> list[Seen | None]:
        import duckdb

        # not in the shop's file, which another process may be writing
        with duckdb.connect(":memory:") as connection:
            existing.attach(connection, self.project)
            return existing.examine(connection, self.project, relations)

    def attach(self, tables: Sequence[RawTable]) -> None:
        self._forget_copy()
        self._session.reads({table.identifier: _columns(table) for table in tables})
        with self._connect_with_others() as connection:
            wanted = {table.identifier: _raw_view(table, self._rows) for table in tables}
            present = {
                row[0]
                for row in connection.execute(
                    "select view_name from duckdb_views() where database_name = 'shop' and schema_name = 'raw'"
                ).fetchall()
            }
            connection.begin()
            for name, sql in wanted.items():
                if self._session.views.get(name) != sql:
                    connection.execute(f'create or replace view raw."{name}" as {sql}')
            for name in present - wanted.keys():
                connection.execute(f'drop view raw."{name}"')
            connection.commit()
            if self._held is not None:
                self._session.views = wanted

    def _rows(self, source: RawSource) -> str:
        """Where the rows of a source's share of a raw table come from."""
        if source.held is not None:
            return f"({existing.rows(self.project, source.held)})"
        files = ", ".join(_text(file) for file in source.files)
        return f"read_parquet([{files}], union_by_name = true)"

    def replace(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        self._write(table, rows, empty=True)

    def append(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        self._write(table, rows, empty=False)

    def _write(self, table: str, rows: Iterable[Sequence[Any]], *, empty: bool) -> None:
        import pyarrow as pa

        columns = list(OPS_TABLES[table])
        listed = [list(row) for row in rows]
        arrow = pa.table({name: [row[i] for row in listed] for i, name in enumerate(columns)}) if listed else None
        written = _Rows(table, arrow, empty)
        with self._connect() as connection:
            written.write(connection)
        if self._session.copy is not None and table != "model_watermarks":
            self._session.written.append(written)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        with self._connect_with_others() as connection:
            return connection.execute(sql, list(parameters)).to_arrow_table()

    def build(
        self,
        models: Sequence[CompiledModel],
        tests: Sequence[CompiledTest],
        on_node: OnNode,
        *,
        anew: bool = False,
        few: bool = False,
    ) -> list[NodeResult]:
        import duckdb

        self._forget_copy()
        known = {} if self._held is None or anew else self._session.known

        def make(session: plan.Session, model: CompiledModel) -> None:
            session.execute("begin")
            statements.build(session, model, anew=anew, known=known)
            session.execute("commit")

        with (
            self._connect_with_others() as connection,
            self._copying() as copy,
        ):
            self._share_cores(connection, few=few)
            # publishing writes everything from the log to the file once, not each model after the other
            connection.execute("set checkpoint_threshold = '16GB'")
            for schema in sorted({model.schema for model in models} if anew else ()):
                connection.execute(f"create schema if not exists {schema}")
            build = partial(plan.build, make=make, refusal=duckdb.Error, on_node=on_node, anew=anew)
            sessions = _sessions(connection, plan.AT_A_TIME)
            if not anew:
                results = build(models, tests, sessions, when_made=copy)
            else:
                # all rows keep all cores busy, and two models at a time would need the memory of both
                results = build(models, (), sessions[:1])
                if not any(result.failed for result in results):
                    results += build((), tests, sessions, when_made=copy)
        if any(result.failed for result in results):
            self._forget_copy()
        return results

    def _share_cores(self, connection: duckdb.DuckDBPyConnection, *, few: bool) -> None:
        """Where `few` rows changed, one for each query: to hand parts of it to others costs more than they do.

        A session stays with it until more rows change, for to start and end threads gives back all free memory.
        """
        current = _threads(connection)
        wanted = 1 if few else self._threads or current
        if wanted != current:
            connection.execute(f"set threads = {wanted}")

    def drop(self, models: Sequence[CompiledModel]) -> None:
        self._forget_copy()
        with self._connect() as connection:
            for model in models:
                statements.drop(plan.Session(connection.execute, connection.interrupt), model)

    @contextmanager
    def _copying(self) -> Iterator[Callable[[], None]]:
        """Gives what begins to copy what a session publishes, beside the tests in this block, which waits for the copy.

        Outside of a session, which ends with what it publishes, nothing is copied.
        """
        begun: list[Future[None]] = []

        def begin() -> None:
            if self._beside is not None:
                begun.append(self._beside.submit(self._copy))

        try:
            yield begin
        finally:
            wait(begun)
        # why a copy failed is told by the next, which nothing else can have disturbed
        if self._beside is not None and [copying.exception() for copying in begun] == [None]:
            self._session.copy = self._beside.submit(self._trim)
        self._session.written = []

    def _copy(self) -> None:
        with self._connect() as connection:
            publish.copy(connection, self.file, self.folder)

    def _trim(self) -> None:
        with self._connect() as connection:
            publish.trim(connection, self.folder)

    def _forget_copy(self) -> None:
        copy, self._session.copy = self._session.copy, None
        if copy is not None:
            wait([copy])
            publish.forget(self.folder)

    def sizes(self, models: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
        with self._connect() as connection:
            row = connection.execute("select block_size from pragma_database_size()").fetchone()
            block_size = int(row[0]) if row else 0
            tables = {
                (schema, name): rows
                for schema, name, rows in connection.execute(
                    "select schema_name, table_name, estimated_size from duckdb_tables() where database_name = 'shop'"
                ).fetchall()
            }
            found = {}
            for schema, name in models:
                if (schema, name) not in tables:
                    continue
                blocks = connection.execute(
                    "select count(distinct block_id) from pragma_storage_info(?) where block_id >= 0",
                    [f"{schema}.{name}"],
                ).fetchone()
                found[schema, name] = (int(tables[schema, name]), int(blocks[0]) * block_size if blocks else 0)
            return found

    def publish(self) -> int:
        copy, self._session.copy = self._session.copy, None
        if copy is not None and copy.exception() is None:
            with self._connect() as connection:
                return publish.put_in_place(connection, self.folder, [rows.write for rows in self._session.written])
        return publish.publish(self.file, self.folder, self._config())

    def published(self) -> int | None:
        versions = publish.versions(self.folder)
        return versions[-1] if versions else None

    def reader(self) -> duckdb.DuckDBPyConnection:
        return publish.connect(self.folder)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        connection = self.reader()
        return connection.sql(sql, params=list(parameters)) if parameters else connection.sql(sql)

    def place(self) -> str:
        file = self.folder / "shop.duckdb"
        near = os.path.relpath(file)
        return f"{file if near.startswith(os.path.join('..', '..')) else near}   (for any tool that reads DuckDB)"


def _threads(connection: duckdb.DuckDBPyConnection) -> int:
    # all rows, for a result that is not read to its end is a transaction
    ((threads,),) = connection.execute("select current_setting('threads')").fetchall()
    return int(threads)


def _sessions(connection: duckdb.DuckDBPyConnection, number: int) -> list[plan.Session]:
    cursors = [connection.cursor() for _ in range(number)]
    return [plan.Session(cursor.execute, cursor.interrupt) for cursor in cursors]


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    schemas = {row[0] for row in connection.execute(_SCHEMAS).fetchall()}
    for schema in ("raw", "ops"):
        connection.execute(f"create schema if not exists {schema}")
    for statement in ops_statements():
        connection.execute(statement)
    found = connection.execute("select value from ops.warehouse where name = 'version'").fetchone()
    if (found is None and "core" in schemas) or (found is not None and found[0] != str(WAREHOUSE_VERSION)):
        _empty(connection, schemas)
        found = None
    if found is None:
        connection.execute("delete from ops.warehouse where name = 'version'")
        connection.execute("insert into ops.warehouse values ('version', ?)", [str(WAREHOUSE_VERSION)])


def _empty(connection: duckdb.DuckDBPyConnection, schemas: set[str]) -> None:
    connection.begin()
    for schema in schemas - {"main", *_KEPT}:
        connection.execute(f"drop schema {schema} cascade")
    models = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = 'shop' and schema_name = 'ops' and not list_contains(?, table_name)",
        [list(OPS_TABLES)],
    ).fetchall()
    for (name,) in models:
        connection.execute(f'drop table ops."{name}"')
    connection.execute("delete from ops.model_watermarks")
    connection.commit()


_SCHEMAS = "select schema_name from duckdb_schemas() where database_name = 'shop' and not internal"


def _columns(table: RawTable) -> dict[str, str]:
    columns = dict(table.columns)
    for source in table.sources:
        for name, type_ in source.columns.items():
            if name not in LINEAGE:
                columns.setdefault(name, type_)
    return columns


def _raw_view(table: RawTable, rows: Callable[[RawSource], str]) -> str:
    columns = _columns(table)
    selects = []
    for source in table.sources:
        cells = [
            f"cast({_name(name)} as {_type(type_)}) as {_name(name)}"
            if name in source.columns
            else f"cast(null as {_type(type_)}) as {_name(name)}"
            for name, type_ in columns.items()
        ]
        cells = [f"{_text(source.source)} as _source", f"{_text(source.timezone)} as _timezone", *cells, *LINEAGE]
        selects.append(f"select {', '.join(cells)} from {rows(source)}")
    if not selects:
        empty = {"_source": "text", "_timezone": "text", **columns, **LINEAGE}
        cells = [f"cast(null as {_type(type_)}) as {_name(name)}" for name, type_ in empty.items()]
        selects.append(f"select {', '.join(cells)} where false")
    return " union all ".join(selects)


def _type(name: str) -> str:
    return _TYPES.get(name, name)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _locked(folder: Path, holder: Path) -> LockedError:
    try:
        who = json.loads(holder.read_text())
        why = f"{who['what']} is running: process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError):
        why = "another process is starting or ending"
    return LockedError("the warehouse is being written", where=str(folder), why=why, hint="try again when it is done")
