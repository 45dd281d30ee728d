"""Tables that another loader keeps in schemas of the shop's database.

A view over such a table would keep its loader from dropping it or changing a column's type. The raw views read
functions instead, of whose text PostgreSQL knows no dependencies, and which it opens up when it plans.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shophouse.engines.existing import (
    Held,
    Relation,
    Seen,
    Spelling,
    absent,
    columns_of,
    judged,
    looked_at,
    rows_of,
)
from shophouse.errors import SourceMismatch
from shophouse.project import Project
from shophouse.quoting import identifier
from shophouse.settings import ExistingSource

if TYPE_CHECKING:
    import psycopg

__all__ = ["examine", "forget_others", "schemas", "shown"]

_PREFIX = "existing_"


def schemas(project: Project) -> set[str]:
    """The schemas of other loaders, which are theirs."""
    found: set[str] = set()
    for settings in project.sources.values():
        if isinstance(settings, ExistingSource):
            found.add(settings.database_schema)
            tables = (table.table for table in settings.tables.values())
            found |= {name.rpartition(".")[0] for name in tables if name and "." in name}
    return found


def examine(connection: psycopg.Connection[Any], relations: Sequence[Relation]) -> list[Seen | None]:
    """Raises SourceMismatch."""
    return [_examined(connection, relation) for relation in relations]


def _examined(connection: psycopg.Connection[Any], relation: Relation) -> Seen | None:
    known = connection.execute(
        "select n.nspname, c.relname, c.oid, c.relkind::text,"
        " has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')"
        " from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema$)'"
    ).fetchall()
    mine = {name: rest for schema, name, *rest in known if schema == relation.schema}
    if relation.name not in mine:
        if mine and not relation.expected:
            return None
        raise absent(relation, mine, {schema for schema, *_ in known})
    oid, kind, may_read = mine[relation.name]
    if not may_read:
        schema, user = identifier(relation.schema), identifier(connection.info.user)
        raise SourceMismatch(
            f"{relation.label}: {relation.place} may not be read",
            where=f"user {connection.info.user} of database {connection.info.dbname}",
            hint=[
                f"grant usage on schema {schema} to {user};",
                f"grant select on all tables in schema {schema} to {user};",
                f"alter default privileges for role <loader> in schema {schema} grant select on tables to {user};",
            ],
        )
    columns = connection.execute(
        "select a.attname, format_type(coalesce(nullif(t.typbasetype, 0), t.oid),"
        " case when t.typbasetype <> 0 then t.typtypmod else a.atttypmod end), t.typtype = 'c'"
        " from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid"
        " where a.attrelid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum",
        [oid],
    ).fetchall()
    kinds = {name: "nested" if is_composite else _kind(type_) for name, type_, is_composite in columns}
    return _judged(connection, columns_of(relation, kinds, is_table=kind in ("r", "m")), oid, kind)


def _judged(connection: psycopg.Connection[Any], seen: Seen, oid: int, kind: str) -> Seen:
    """The relation with its head.

    Of a table's rows their places and the transactions that wrote them are looked at: whoever writes a row gives it
    another of either. That is a tenth of the work of reading what is in them, which only views need.
    """
    is_stored = kind in ("r", "p", "m")
    version = (
        "tableoid::bigint # hashtidextended(ctid, xmin::text::bigint)"
        if is_stored
        else "hashtextextended(shophouse_row::text, 0)"
    )
    content = f"coalesce({'bit_xor' if is_stored else 'sum'}({version}), 0)::text"
    asked = looked_at(seen, _SPELLING, identifier(seen.relation.schema, seen.relation.name), content)
    answer = connection.execute(asked.sql).fetchone()
    # a column that is added with a default writes no row
    shape = connection.execute(
        "select md5(string_agg(concat_ws(' ', attname, atttypid, atttypmod, attmissingval), ',' order by attnum))"
        " from pg_catalog.pg_attribute where attrelid = %s",
        [oid],
    ).fetchone()
    assert shape is not None
    found = judged(seen, asked, answer, f"{oid}:{shape[0]}:" if is_stored else "")
    return replace(found, tells_writes=is_stored)


def shown(connection: psycopg.Connection[Any], held: Held) -> str:
    """Make the function that gives a relation's rows, and return its call."""
    relation = held.seen.relation
    # a place is a number of a page and one in the page
    place = "(shophouse_row.ctid::text::point)[0]::bigint * 65536 + (shophouse_row.ctid::text::point)[1]::bigint"
    number = place if held.seen.is_table else "row_number() over ()"
    body = rows_of(held, f"{identifier(relation.schema, relation.name)} as shophouse_row", number, _SPELLING)
    columns = ", ".join(f"{identifier(name)} {_SPELLING.type(type_)}" for name, type_ in held.seen.types.items())
    digest = hashlib.sha256(f"{columns}{body}".encode()).hexdigest()[:24]
    function = identifier("lake", _PREFIX + digest)
    quote = f"${_PREFIX}{digest}$"
    connection.execute(
        f"create or replace function {function}() returns table ({columns}) language sql stable as {quote}{body}{quote}"
    )
    return f"{function}()"


def forget_others(connection: psycopg.Connection[Any], calls: Iterable[str]) -> None:
    """Drop the functions that no raw view calls any more."""
    rows = connection.execute(
        "select proname from pg_catalog.pg_proc where pronamespace = 'lake'::regnamespace and proname ~ %s",
        [f"^{_PREFIX}"],
    ).fetchall()
    kept = set(calls)
    for (name,) in rows:
        function = f"{identifier('lake', name)}()"
        if function not in kept:
            connection.execute(f"drop function {function}")


_SPELLING = Spelling(
    types={"text": "varchar", "double": "double precision"},
    to_utc=lambda value: f"{value} at time zone 'UTC'",
    from_epoch=lambda value: f"to_timestamp(cast({value} as double precision)) at time zone 'UTC'",
    as_json=lambda value: f"cast(to_json({value}) as varchar)",
    matches=lambda value, pattern: f"{value} ~ {pattern}",
    fits=lambda value, type_: f"pg_input_is_valid({value}, '{type_}')",
)

_KINDS: Mapping[str, str] = {
    "boolean": "boolean",
    "bigint": "bigint",
    "integer": "integer",
    "smallint": "integer",
    "double precision": "double",
    "real": "double",
    "date": "date",
    "numeric": "decimal(38,9)",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "text": "text",
    "character varying": "text",
    "character": "text",
    "json": "text",
    "jsonb": "text",
}


def _kind(type_: str) -> str:
    if type_.endswith("[]"):
        return "nested"
    if found := re.fullmatch(r"numeric\((\d+),(\d+)\)", type_):
        return f"decimal({found[1]},{found[2]})" if int(found[1]) <= 38 else "decimal(38,9)"
    return _KINDS.get(re.sub(r"\(\d+\)", "", type_), "other")
