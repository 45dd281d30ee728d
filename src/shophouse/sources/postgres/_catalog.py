"""What a table of PostgreSQL is: its kind, its columns, and the types that they get in the lake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, SourceMismatch
from shophouse.quoting import identifier
from shophouse.sources import LINEAGE, Table
from shophouse.sources.postgres._database import Database

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "Field",
    "Relation",
    "column_rows",
    "fields",
    "find",
    "lake_type",
    "names_in",
    "primary_key",
    "refuse_without_key",
]

_TYPES = {
    "bool": "boolean",
    "int2": "integer",
    "int4": "integer",
    "int8": "bigint",
    "oid": "bigint",
    "float4": "double",
    "float8": "double",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
}
_TEXTS = frozenset(
    (
        *("text", "varchar", "bpchar", "char", "name", "citext", "uuid", "json", "jsonb", "xml"),
        *("time", "timetz", "interval", "inet", "cidr", "macaddr", "macaddr8"),
    )
)


@dataclass(frozen=True)
class Relation:
    oid: int
    kind: str
    """As in pg_class: r a table, p a partitioned one, v a view, m a materialized view, f a foreign table."""
    schema: str
    name: str

    @property
    def quoted(self) -> str:
        return identifier(self.schema, self.name)

    @property
    def label(self) -> str:
        return f"postgres:{self.schema}.{self.name}"

    @property
    def lock(self) -> str | None:
        return self.quoted if self.kind in "rpv" else None


@dataclass(frozen=True)
class Field:
    """A column of the lake's table, its type there, and the SQL that gives it; None where the table has no such."""

    name: str
    type: str
    sql: str | None
    column: str | None = None
    """Its name in the database."""
    kind: str = ""
    """PostgreSQL's own type, below all domains."""
    category: str = ""
    """As in pg_type: E an enum, A an array."""
    modifier: int = -1
    """As in pg_attribute; see `digits`."""

    @property
    def digits(self) -> tuple[int, int] | None:
        """Precision and scale of a numeric; None where it has any number of digits."""
        return _digits(self.modifier)


def names_in(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """The tables and views of a schema that may be read, by name."""
    rows = connection.execute(
        "select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition"
        " and has_schema_privilege(n.oid, 'usage')"
        " and has_table_privilege(c.oid, 'select') order by 1",
        [schema],
    ).fetchall()
    return [str(name) for (name,) in rows]


def find(
    connection: psycopg.Connection[Any], database: Database, schema: str, name: str, setting: str | None
) -> Relation | None:
    """The relation of that name; None where there is none and `setting`, which would name another, is None.

    Raises SourceMismatch when it must be there and is not, with the nearest right name, and when it may not be read.
    """
    row = connection.execute(
        "select c.oid::bigint, c.relkind::text, has_schema_privilege(n.oid, 'usage'),"
        " has_table_privilege(c.oid, 'select'), current_user::text from pg_catalog.pg_class c"
        " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f')",
        [schema, name],
    ).fetchone()
    if row is not None:
        oid, kind, may_enter, may_read, user = row
        relation = Relation(int(oid), str(kind), schema, name)
        if not (may_enter and may_read):
            raise SourceMismatch(
                f"the user {user} may not read {schema}.{name}",
                where=database.place,
                why="a grant on some columns is not enough: to hide the others, grant a view without them",
                hint=[
                    *([] if may_enter else [f"grant usage on schema {identifier(schema)} to {identifier(user)};"]),
                    *([] if may_read else [f"grant select on {relation.quoted} to {identifier(user)};"]),
                ],
            )
        return relation
    if setting is None:
        return None
    present = names_in(connection, schema)
    elsewhere = connection.execute(
        "select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where c.relname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not like 'pg\\_%%' order by 1",
        [name],
    ).fetchone()
    near = f"{elsewhere[0]}.{name}" if elsewhere else next(iter(get_close_matches(name, present, 1, 0.6)), None)
    raise SourceMismatch(
        f"there is no table {schema}.{name}",
        where=database.place,
        why=f"the schema {schema} has: {', '.join(present[:30]) or 'nothing that you may read'}",
        hint=f"{setting}: {near}" if near else f"name it in shophouse.yml:   {setting}: schema.table",
    )


def relations(connection: psycopg.Connection[Any], relation: Relation) -> list[int]:
    """The table's oid, and those of all its partitions and children."""
    rows = connection.execute(
        "with recursive below(oid) as (select %s::oid union"
        " select i.inhrelid from pg_catalog.pg_inherits i join below on i.inhparent = below.oid)"
        " select below.oid::bigint from below order by below.oid <> %s::oid, 1",
        [relation.oid, relation.oid],
    ).fetchall()
    return [int(oid) for (oid,) in rows]


def size(connection: psycopg.Connection[Any], oids: Sequence[int]) -> int:
    """Bytes of the tables' rows on disk."""
    row = connection.execute(
        "select coalesce(sum(pg_table_size(oid)), 0)::bigint from unnest(%s::oid[]) as found(oid)", [list(oids)]
    ).fetchone()
    return int(row[0]) if row else 0


def column_rows(connection: psycopg.Connection[Any], oid: int) -> list[Any]:
    """Of each column its name, and its type's name, kind, category and modifier; a domain's are those of its base."""
    return connection.execute(
        "with recursive typed as ("
        " select a.attnum, a.attname, a.atttypid as typid, a.atttypmod as typmod from pg_catalog.pg_attribute a"
        " where a.attrelid = %s and a.attnum > 0 and not a.attisdropped"
        " union all select typed.attnum, typed.attname, t.typbasetype, t.typtypmod from typed"
        " join pg_catalog.pg_type t on t.oid = typed.typid and t.typtype = 'd')"
        " select typed.attname, t.typname, t.typtype::text, t.typcategory::text, typed.typmod"
        " from typed join pg_catalog.pg_type t on t.oid = typed.typid and t.typtype <> 'd' order by typed.attnum",
        [oid],
    ).fetchall()


def is_indexed(connection: psycopg.Connection[Any], relation: Relation, column: str) -> bool:
    """Whether an index of all rows begins with the column."""
    row = connection.execute(
        "select exists (select from pg_catalog.pg_index i join pg_catalog.pg_attribute a"
        " on a.attrelid = i.indrelid and a.attnum = i.indkey[0]"
        " join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_am m on m.oid = c.relam"
        " where i.indrelid = %s and a.attname = %s and m.amname = 'btree' and i.indisvalid and i.indpred is null)",
        [relation.oid, column],
    ).fetchone()
    return bool(row and row[0])


def fields(
    connection: psycopg.Connection[Any], database: Database, relation: Relation, table: Table, timezone: str | None
) -> list[Field]:
    """The columns of the lake's table: declared ones first, then what else the table has.

    Raises SourceMismatch when a required one is missing or a type has no counterpart, and ConfigError when moments
    would be read in another time zone than theirs.
    """
    rows = column_rows(connection, relation.oid)
    found = {row[0]: row for row in rows}
    where = f"{database.place}, {relation.schema}.{relation.name}"
    by_lower = _by_lower(table, found, where)
    _refuse_missing(table, found, where)
    result: list[Field] = []
    for column in table.columns or ():
        name = by_lower.pop(column.name.lower(), None)
        if name is None:
            result.append(Field(column.name, column.type, None))
            continue
        _refuse_moments(table, name, found[name][1], column.type, timezone)
        result.append(_field(column.name, column.type, found[name]))
    for name in by_lower.values():
        kind = lake_type(found[name])
        if kind is None:
            setting = f"sources.{table.source}.tables.{table.name}.columns"
            raise SourceMismatch(
                f"{table.name}: the type {found[name][1]} of {name} has no counterpart",
                where=where,
                why="the lake has text, bigint, integer, decimal(p,s), double, boolean, date and timestamp",
                hint=f"declare it in shophouse.yml as it is written:   {setting}: {{{name}: text}}",
            )
        _refuse_moments(table, name, found[name][1], kind, timezone)
        result.append(_field(name, kind, found[name]))
    if not any(field.sql for field in result):
        raise SourceMismatch(
            f"{table.name}: none of its columns is there",
            where=where,
            hint=f"has it the right table? Name it as   sources.{table.source}.tables.{table.name}.table: schema.table",
        )
    return result


def _by_lower(table: Table, names: Iterable[str], where: str) -> dict[str, str]:
    by_lower: dict[str, str] = {}
    for name in names:
        if name.lower() in LINEAGE:
            raise SourceMismatch(
                f"{table.name}: the column {name} has the name of a lineage column",
                where=where,
                hint="read a view of the table that calls it otherwise",
            )
        if by_lower.setdefault(name.lower(), name) != name:
            raise SourceMismatch(
                f"{table.name}: {by_lower[name.lower()]} and {name} differ in upper and lower case alone",
                where=where,
                hint="read a view of the table that renames one of them",
            )
    return by_lower


def _refuse_missing(table: Table, found: Iterable[str], where: str) -> None:
    names = list(found)
    for required in table.required:
        if required.lower() in (name.lower() for name in names):
            continue
        near = next(iter(get_close_matches(required, names, 1, 0.6)), None)
        raise SourceMismatch(
            f"{table.name}: the required column {required} is missing",
            where=where,
            why=f"it has: {', '.join(names) or 'no columns'}",
            hint=f"is it now called {near}? Rename it there, or change `required` and the staging model"
            if near
            else f"add it there, or take it out of `required` of sources.{table.source}.tables.{table.name}",
        )


def lake_type(row: Sequence[Any]) -> str | None:
    """The type in the lake of a row of `column_rows`; None when it has no counterpart there."""
    _, name, kind, category, modifier = row
    if name in _TYPES:
        return _TYPES[name]
    if name == "numeric":
        precision, scale = _digits(modifier) or (0, 0)
        return f"decimal({precision},{scale})" if 1 <= precision <= 38 and 0 <= scale <= precision else "text"
    return "text" if name in _TEXTS or kind == "e" or category == "A" else None


def _digits(modifier: int) -> tuple[int, int] | None:
    if modifier < 4:
        return None
    return (modifier - 4) >> 16 & 0xFFFF, (((modifier - 4) & 0x7FF) ^ 1024) - 1024


def _field(name: str, kind: str, row: Sequence[Any]) -> Field:
    column, own, _, category, modifier = row
    return Field(name, kind, _sql(column, own, kind), column, own, category, modifier)


def _sql(column: str, kind: str, wanted: str) -> str:
    quoted = identifier(column)
    if kind == "timestamptz" and wanted != "text":
        return f"{quoted} at time zone 'UTC'"
    if kind == "money" and wanted != "text":
        return f"{quoted}::numeric"
    return f"{quoted}::text" if kind == "bpchar" else quoted


def _refuse_moments(table: Table, column: str, kind: str, wanted: str, timezone: str | None) -> None:
    if kind == "timestamptz" and wanted == "timestamp" and timezone not in (None, "UTC"):
        raise ConfigError(
            f"{table.name}: {column} is a timestamptz, and comes in UTC",
            where=f"source {table.source}",
            why=f"the times of this source are said to be of {timezone}",
            hint=[
                f"write   timezone: UTC   under sources.{table.source} in shophouse.yml,",
                f"or declare the column as text: tables.{table.name}.columns: {{{column}: text}}",
            ],
        )


def primary_key(connection: psycopg.Connection[Any], relation: Relation) -> tuple[str, ...]:
    """The columns of the table's primary key, in its order; none where there is none."""
    rows = connection.execute(
        "select a.attname::text from pg_catalog.pg_index i, unnest(i.indkey) with ordinality as k(attnum, place)"
        " join pg_catalog.pg_attribute a on a.attnum = k.attnum"
        " where i.indrelid = %s and i.indisprimary and a.attrelid = i.indrelid and k.place <= i.indnkeyatts"
        " order by k.place",
        [relation.oid],
    ).fetchall()
    return tuple(name for (name,) in rows)


def refuse_without_key(
    connection: psycopg.Connection[Any], database: Database, relation: Relation, table: Table
) -> None:
    """Raise SourceMismatch unless the table's key names each row once."""
    rows = connection.execute(
        "select array_agg(a.attname::text order by a.attnum), bool_or(i.indisprimary), bool_and(a.attnotnull)"
        " from pg_catalog.pg_index i"
        " join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey[:i.indnkeyatts - 1])"
        " where i.indrelid = %s and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null"
        " group by i.indexrelid",
        [relation.oid],
    ).fetchall()
    wanted = {name.lower() for name in table.key}
    for names, is_primary, is_filled in rows:
        if is_filled and (wanted >= {name.lower() for name in names} if wanted else is_primary):
            return
    unique = "; ".join(", ".join(names) for names, _, is_filled in rows if is_filled)
    raise SourceMismatch(
        f"{table.name}: {'nothing keeps ' + ', '.join(table.key) + ' unique' if wanted else 'there is no primary key'}",
        where=f"{database.place}, {relation.schema}.{relation.name}",
        why=[
            "changed rows take the place of those with the same key",
            f"unique there: {unique or 'nothing'}",
        ],
        hint=f"add a primary key there, or write   read: full   under sources.{table.source}.tables.{table.name}",
    )
