"""The lake's tables as tables of schema `lake`, and over them the views of schema `raw`.

Rows are loaded once: what a table has is told by the highest `_load_id` that it holds, so that rows which a compaction
wrote into other files don't come twice. DuckDB writes what is new into schema `incoming`; one transaction then moves
it into place with its bookkeeping. What a crash leaves in `incoming` is dropped by the next load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.engines import RawSource, RawTable
from shophouse.engines.postgres import existing
from shophouse.engines.postgres.database import ATTACHED, Database, name, text
from shophouse.engines.postgres.views import View, restore, views
from shophouse.errors import BuildError
from shophouse.sources import LINEAGE

if TYPE_CHECKING:
    import duckdb
    import psycopg

__all__ = ["BOOKKEEPING", "attach"]

BOOKKEEPING = """
create table if not exists shophouse.lake_tables (
    source varchar not null,
    table_name varchar not null,
    relation varchar not null,
    identity varchar not null,
    files varchar not null,
    load_id bigint not null,
    row_count bigint not null,
    columns varchar not null,
    primary key (source, table_name)
)
"""
_TYPES = {"text": "varchar", "double": "double precision"}
_LONGEST = 63


@dataclass(frozen=True)
class _Loaded:
    """What is known of a table of the lake that was loaded."""

    relation: str
    identity: str
    files: str
    load_id: int
    row_count: int
    columns: str


@dataclass(frozen=True)
class _Incoming:
    """Rows of a table of the lake that wait in schema `incoming`: all of them, or those that are new."""

    key: tuple[str, str]
    source: RawSource
    relation: str
    waiting: str
    is_whole: bool
    loaded: _Loaded


def attach(database: Database, tables: Sequence[RawTable]) -> None:
    """Load what is new and make these tables, and no others, visible in schema raw. Raises BuildError."""
    for table in tables:
        if len(table.identifier.encode()) > _LONGEST:
            raise BuildError(
                f"the name {table.identifier} is too long", why=f"a name of PostgreSQL has at most {_LONGEST} bytes"
            )
    wanted = {
        (source.source, table.name): source for table in tables for source in table.sources if source.held is None
    }
    with database.connect(autocommit=True) as connection:
        known = _known(connection)
        changed = [key for key, source in wanted.items() if not _is_loaded(known.get(key), source)]
        incoming = _receive(database, connection, known, {key: wanted[key] for key in changed}) if changed else []
        with connection.transaction():
            aside: list[View] = []
            for arrived in incoming:
                aside += _move(connection, arrived)
            for key in known.keys() - wanted.keys():
                aside += _drop(connection, known[key].relation)
                connection.execute("delete from shophouse.lake_tables where source = %s and table_name = %s", list(key))
            places = {key: name("lake", loaded.relation) for key, loaded in _known(connection).items()}
            held = {
                (source.source, table.name): existing.shown(connection, source.held)
                for table in tables
                for source in table.sources
                if source.held is not None
            }
            for table in tables:
                aside += _show(connection, table, places | held)
            _hide_others(connection, {table.identifier for table in tables})
            existing.forget_others(connection, held.values())
            restore(connection, list(dict.fromkeys(aside)))
            connection.execute("drop schema if exists incoming cascade")


def _known(connection: psycopg.Connection[Any]) -> dict[tuple[str, str], _Loaded]:
    rows = connection.execute(
        "select source, table_name, relation, identity, files, load_id, row_count, columns from shophouse.lake_tables"
    ).fetchall()
    return {(source, table): _Loaded(*rest) for source, table, *rest in rows}


def _is_loaded(loaded: _Loaded | None, source: RawSource) -> bool:
    return loaded is not None and (loaded.identity, loaded.files, loaded.columns) == (
        source.identity,
        _digest(source.files),
        json.dumps(dict(source.columns)),
    )


def _digest(files: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()


def _spec(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name(column)} {_type(kind)}" for column, kind in columns.items())


def _type(kind: str) -> str:
    return _TYPES.get(kind, kind)


def _receive(
    database: Database,
    connection: psycopg.Connection[Any],
    known: Mapping[tuple[str, str], _Loaded],
    changed: Mapping[tuple[str, str], RawSource],
) -> list[_Incoming]:
    """Put what is new, or all of a table whose past is another, into schema `incoming`."""
    import duckdb

    connection.execute("drop schema if exists incoming cascade")
    connection.execute("create schema incoming")
    taken = {loaded.relation for loaded in known.values()}
    found = []
    reader = database.duckdb(read_only=False)
    try:
        for number, (key, source) in enumerate(changed.items()):
            waiting = f"table_{number}"
            relation = known[key].relation if key in known else _relation(key, taken)
            taken.add(relation)
            try:
                found.append(_receive_table(reader, known.get(key), key, source, relation, waiting))
            except duckdb.Error as error:
                raise BuildError(
                    f"{'.'.join(key)} can't be loaded from the lake", where=database.place, why=str(error)
                ) from error
    finally:
        reader.close()
    return found


def _relation(key: tuple[str, str], taken: set[str]) -> str:
    plain = "__".join(key)
    if len(plain.encode()) <= _LONGEST and plain not in taken:
        return plain
    return f"{plain.encode()[:46].decode(errors='ignore')}_{hashlib.sha256('.'.join(key).encode()).hexdigest()[:16]}"


def _receive_table(
    reader: duckdb.DuckDBPyConnection,
    loaded: _Loaded | None,
    key: tuple[str, str],
    source: RawSource,
    relation: str,
    waiting: str,
) -> _Incoming:
    files = ", ".join(text(file) for file in source.files)
    ((total,),) = reader.execute(f"select sum(num_rows) from parquet_file_metadata([{files}])").fetchall()
    target = f"{ATTACHED}.incoming.{waiting}"
    reader.execute(f"create table {target} ({_spec(source.columns)})")
    rows = f"from read_parquet([{files}], union_by_name = true)"
    columns = ", ".join(f"cast({name(column)} as {_type(kind)})" for column, kind in source.columns.items())

    def insert(above: int) -> tuple[int, int]:
        reader.execute(f"insert into {target} select {columns} {rows} where _load_id > {above}")
        ((count, newest),) = reader.execute(
            f"select count(*), coalesce(max(_load_id), {above}) {rows} where _load_id > {above}"
        ).fetchall()
        return int(count), int(newest)

    widens = loaded is not None and _is_wider(loaded.columns, source.columns)
    if loaded is not None and loaded.identity == source.identity and widens:
        count, newest = insert(loaded.load_id)
        # a row that was taken out of the lake, or one that came under an old number, is only seen by counting
        if loaded.row_count + count == total:
            state = _state(source, relation, newest, int(total))
            return _Incoming(key, source, relation, waiting, False, state)
        reader.execute(f"delete from {target}")
    insert(0)
    ((newest,),) = reader.execute(f"select coalesce(max(_load_id), 0) {rows}").fetchall()
    return _Incoming(key, source, relation, waiting, True, _state(source, relation, int(newest), int(total)))


def _state(source: RawSource, relation: str, load_id: int, rows: int) -> _Loaded:
    return _Loaded(relation, source.identity, _digest(source.files), load_id, rows, json.dumps(dict(source.columns)))


def _is_wider(loaded: str, columns: Mapping[str, str]) -> bool:
    """Whether the loaded columns are among `columns`, of the same types."""
    before: dict[str, str] = json.loads(loaded)
    return all(columns.get(column) == kind for column, kind in before.items())


def _move(connection: psycopg.Connection[Any], arrived: _Incoming) -> list[View]:
    """Put what waits in its place, and return the views that went with the table that was there."""
    place, waiting = name("lake", arrived.relation), name("incoming", arrived.waiting)
    aside: list[View] = []
    if arrived.is_whole:
        aside = _drop(connection, arrived.relation)
        connection.execute(f"alter table {waiting} set schema lake")
        connection.execute(f"alter table {name('lake', arrived.waiting)} rename to {name(arrived.relation)}")
    else:
        for column, kind in arrived.source.columns.items():
            connection.execute(f"alter table {place} add column if not exists {name(column)} {_type(kind)}")
        columns = ", ".join(name(column) for column in arrived.source.columns)
        connection.execute(f"insert into {place} ({columns}) select {columns} from {waiting}")
    connection.execute(f"analyze {place}")
    state = arrived.loaded
    connection.execute(
        "insert into shophouse.lake_tables values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (source, table_name) do update set relation = excluded.relation, identity = excluded.identity,"
        " files = excluded.files, load_id = excluded.load_id, row_count = excluded.row_count,"
        " columns = excluded.columns",
        [*arrived.key, state.relation, state.identity, state.files, state.load_id, state.row_count, state.columns],
    )
    return aside


def _drop(connection: psycopg.Connection[Any], relation: str) -> list[View]:
    aside = views(connection, name("lake", relation))
    connection.execute(f"drop table if exists {name('lake', relation)} cascade")
    return aside


def _show(connection: psycopg.Connection[Any], table: RawTable, places: Mapping[tuple[str, str], str]) -> list[View]:
    """Make or replace the view of a raw table; returns the views that had to be dropped for it."""
    import psycopg

    view = name("raw", table.identifier)
    before = connection.execute(
        "select attname from pg_catalog.pg_attribute where attrelid = to_regclass(%s) and attnum > 0 order by attnum",
        [view],
    ).fetchall()
    sql = _view(table, places, [row[0] for row in before])
    try:
        # what stands on a view stays where only columns are added, at its end
        with connection.transaction():
            connection.execute(f"create or replace view {view} as {sql}")
        return []
    except (psycopg.errors.InvalidTableDefinition, psycopg.errors.FeatureNotSupported):
        aside = views(connection, view)
        connection.execute(f"drop view {view} cascade")
        connection.execute(f"create view {view} as {sql}")
        return aside


def _view(table: RawTable, places: Mapping[tuple[str, str], str], before: Sequence[str]) -> str:
    columns = dict(table.columns)
    for source in table.sources:
        for column, kind in source.columns.items():
            if column not in LINEAGE:
                columns.setdefault(column, kind)
    every = {"_source": "text", "_timezone": "text", **columns, **LINEAGE}
    order = [*(column for column in before if column in every), *(column for column in every if column not in before)]
    selects = []
    for source in table.sources:
        own = {"_source": text(source.source), "_timezone": text(source.timezone)}
        own |= {column: name(column) for column in source.columns}
        cells = [f"cast({own.get(column, 'null')} as {_type(every[column])}) as {name(column)}" for column in order]
        selects.append(f"select {', '.join(cells)} from {places[source.source, table.name]}")
    if not selects:
        cells = [f"cast(null as {_type(every[column])}) as {name(column)}" for column in order]
        selects.append(f"select {', '.join(cells)} where false")
    return " union all ".join(selects)


def _hide_others(connection: psycopg.Connection[Any], wanted: set[str]) -> None:
    present = connection.execute("select viewname from pg_catalog.pg_views where schemaname = 'raw'").fetchall()
    for (view,) in present:
        if view not in wanted:
            connection.execute(f"drop view {name('raw', view)} cascade")
