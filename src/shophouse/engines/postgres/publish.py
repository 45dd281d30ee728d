"""Published versions: schemas `v<n>_<schema>` with copies of what was built, of which two are kept.

`published_<schema>` are views that always show the newest version, for other programs. Publishing copies the tables
and exchanges these views' schemas by renaming, in one transaction, for renaming waits for no reader. What is old is
dropped afterwards, unless somebody still reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from shophouse.engines.postgres.database import ATTACHED, Database, name
from shophouse.errors import BuildError

if TYPE_CHECKING:
    import duckdb
    import psycopg

__all__ = ["BOOKKEEPING", "INTERNAL", "KEPT_VERSIONS", "connect", "newest", "publish"]

BOOKKEEPING = "create table if not exists shophouse.versions (number bigint primary key, published_at timestamptz)"
KEPT_VERSIONS = 2
INTERNAL = ("raw", "lake", "incoming", "staging", "input", "changes", "shophouse", "public", "information_schema")
_SHOWN = "published_"


def newest(connection: psycopg.Connection[Any]) -> int | None:
    """Number of the newest published version; None before the first."""
    row = connection.execute("select to_regclass('shophouse.versions') is not null").fetchone()
    if not (row and row[0]):
        return None
    row = connection.execute("select max(number) from shophouse.versions").fetchone()
    return int(row[0]) if row and row[0] is not None else None


def publish(database: Database, readers: Sequence[str] = (), others: Collection[str] = ()) -> int:
    """Publish a copy of what was built, for the roles `readers` too, and return its number. Raises BuildError.

    The schemas `others` are somebody else's.
    """
    import psycopg

    with database.connect(autocommit=True) as connection:
        number = (newest(connection) or 0) + 1
        schemas = [schema for schema in _built(connection) if schema not in others]
        try:
            with connection.transaction():
                _copy_tables(connection, schemas, number)
                _copy_views(connection, schemas, number)
                for schema in schemas:
                    _show(connection, schema, number, readers)
                connection.execute("insert into shophouse.versions values (%s, now())", [number])
        except psycopg.Error as error:
            raise BuildError("publishing failed", where=database.place, why=str(error).strip()) from error
        _tidy(connection, number)
    return number


def connect(database: Database) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that reads the newest version, under the names that it was built with.

    Raises BuildError when nothing was published yet.
    """
    with database.connect(autocommit=True) as connection:
        number = newest(connection)
        tables = [] if number is None else _relations(connection, _version_pattern(number), "rpv")
    if number is None:
        raise BuildError("nothing is published yet", where=database.place, hint="shophouse run")
    reader = database.duckdb(read_only=True)
    reader.execute("attach ':memory:' as shop")
    prefix = _prefix(number)
    for schema in sorted({"marts", *(schema.removeprefix(prefix) for schema, _ in tables)}):
        reader.execute(f"create schema shop.{name(schema)}")
    for schema, table in tables:
        view = name("shop", schema.removeprefix(prefix), table)
        reader.execute(f"create view {view} as select * from {name(ATTACHED, schema, table)}")
    reader.execute("use shop.marts")
    return reader


def _prefix(number: int) -> str:
    return f"v{number}_"


def _version_pattern(number: int) -> str:
    return f"^{_prefix(number)}"


def _built(connection: psycopg.Connection[Any]) -> list[str]:
    """The schemas that are published, whatever a shop adds to them."""
    rows = connection.execute(
        "select nspname from pg_catalog.pg_namespace"
        " where nspname !~ '^(pg_|published_|v[0-9]+_|old[0-9]+_)' and nspname <> all(%s) order by nspname",
        [list(INTERNAL)],
    ).fetchall()
    return [row[0] for row in rows]


def _relations(connection: psycopg.Connection[Any], pattern: str, kinds: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        "select n.nspname, c.relname from pg_catalog.pg_class c"
        " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname ~ %s and c.relkind = any(%s) order by c.oid",
        [pattern, list(kinds)],
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def _only(schemas: Sequence[str]) -> str:
    return "^(" + "|".join(schemas) + ")$"


def _copy_tables(connection: psycopg.Connection[Any], schemas: Sequence[str], number: int) -> None:
    for schema in schemas:
        connection.execute(f"create schema {name(_prefix(number) + schema)}")
    for schema, table in _relations(connection, _only(schemas), "rpm"):
        copy = name(_prefix(number) + schema, table)
        connection.execute(f"create table {copy} as table {name(schema, table)}")
        connection.execute(f"analyze {copy}")


def _copy_views(connection: psycopg.Connection[Any], schemas: Sequence[str], number: int) -> None:
    """Views over what is published read the copies; one over anything else is published as a table."""
    copies = [_prefix(number) + schema for schema in schemas]
    for schema, view in _relations(connection, _only(schemas), "v"):
        # under the build's path the view is written without schemas, and read under the copies' it means the copies
        _set_path(connection, schemas)
        row = connection.execute("select pg_catalog.pg_get_viewdef(to_regclass(%s))", [name(schema, view)]).fetchone()
        _set_path(connection, copies)
        copy = name(_prefix(number) + schema, view)
        connection.execute(f"create view {copy} as {row[0] if row else ''}")
        _set_path(connection, ())
        if _reads_other_than(connection, copy, copies):
            connection.execute(f"drop view {copy}")
            connection.execute(f"create table {copy} as table {name(schema, view)}")


def _set_path(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> None:
    path = ", ".join(name(schema) for schema in schemas) or "''"
    connection.execute(f"set local search_path to {path}")


def _reads_other_than(connection: psycopg.Connection[Any], view: str, schemas: Sequence[str]) -> bool:
    row = connection.execute(
        "select count(*) from pg_catalog.pg_rewrite r"
        " join pg_catalog.pg_depend d on d.objid = r.oid and d.refclassid = 'pg_catalog.pg_class'::regclass"
        " join pg_catalog.pg_class c on c.oid = d.refobjid"
        " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where r.ev_class = to_regclass(%s) and c.oid <> r.ev_class and n.nspname <> all(%s)",
        [view, list(schemas)],
    ).fetchone()
    return bool(row and row[0])


def _show(connection: psycopg.Connection[Any], schema: str, number: int, readers: Sequence[str]) -> None:
    shown, version = _SHOWN + schema, _prefix(number) + schema
    row = connection.execute("select to_regnamespace(%s) is not null", [name(shown)]).fetchone()
    if row and row[0]:
        connection.execute(f"alter schema {name(shown)} rename to {name(f'old{number}_{schema}')}")
    connection.execute(f"create schema {name(shown)}")
    for _, table in _relations(connection, _only([version]), "rpv"):
        connection.execute(f"create view {name(shown, table)} as select * from {name(version, table)}")
    for role in readers:
        connection.execute(f"grant usage on schema {name(shown)} to {name(role)}")
        connection.execute(f"grant select on all tables in schema {name(shown)} to {name(role)}")


def _tidy(connection: psycopg.Connection[Any], number: int) -> None:
    """Drop what is older than the kept versions; what somebody reads at this moment is left for the next time."""
    import psycopg

    rows = connection.execute(
        "select nspname, (regexp_match(nspname, '^v([0-9]+)_'))[1]::bigint from pg_catalog.pg_namespace"
        " where nspname ~ '^(v|old)[0-9]+_' order by nspname"
    ).fetchall()
    for schema, version in rows:
        if version is not None and version > number - KEPT_VERSIONS:
            continue
        try:
            with connection.transaction():
                connection.execute("set local lock_timeout = '200ms'")
                connection.execute(f"drop schema {name(schema)} cascade")
        except psycopg.errors.LockNotAvailable:
            continue
