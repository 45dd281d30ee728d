"""Tables of a DuckDB file that another loader writes: attached, to be read and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

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
from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.project import Project
from shophouse.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

__all__ = ["attach", "detach", "examine", "rows"]


def attach(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Raises SourceUnreachable where the loader is writing to its file, SourceMismatch where there is none."""
    import duckdb

    for path, alias in project.files_of_loaders.items():
        file = project.absolute(path)
        try:
            connection.execute(f"attach if not exists {literal(str(file))} as {identifier(alias)} (read_only)")
        except duckdb.Error as error:
            source = alias.removeprefix("existing_")
            if "lock" in str(error):
                raise SourceUnreachable(
                    f"{source}: the loader is writing to {path}",
                    where=str(file),
                    why=str(error),
                    hint="run shophouse when the loader is done: DuckDB lets one process write, or several read",
                ) from None
            if not file.exists():
                raise SourceMismatch(
                    f"{source}: there is no file {path}",
                    where=str(file),
                    hint=f"let the loader run first, or change path under sources.{source} in shophouse.yml",
                ) from None
            raise SourceMismatch(
                f"{source}: {path} can't be opened",
                where=str(file),
                why=str(error),
                hint="write the file with the DuckDB that shophouse has, or an older one",
            ) from None


def detach(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Let go of the loaders' files."""
    import duckdb

    if project.files_of_loaders:
        # what failed may have left a transaction, in which nothing more can be said
        with suppress(duckdb.Error):
            connection.rollback()
    for alias in project.files_of_loaders.values():
        connection.execute(f"detach database if exists {identifier(alias)}")


def examine(
    connection: duckdb.DuckDBPyConnection, project: Project, relations: Sequence[Relation]
) -> list[Seen | None]:
    """Raises SourceMismatch."""
    names = project.files_of_loaders
    found: list[Seen | None] = []
    for relation in relations:
        alias = names[relation.path]
        listed = connection.execute(
            "select schema_name, table_name, true from duckdb_tables() where database_name = $1 and not internal"
            " union all select schema_name, view_name, false from duckdb_views()"
            " where database_name = $1 and not internal",
            [alias],
        ).fetchall()
        present = {(schema, name): is_table for schema, name, is_table in listed}
        if (relation.schema, relation.name) not in present:
            others = [name for schema, name in present if schema == relation.schema]
            if others and not relation.expected:
                found.append(None)
                continue
            raise absent(relation, others, {schema for schema, _ in present})
        columns = connection.execute(
            "select column_name, data_type from duckdb_columns()"
            " where database_name = ? and schema_name = ? and table_name = ? order by column_index",
            [alias, relation.schema, relation.name],
        ).fetchall()
        seen = columns_of(
            relation,
            {name: _kind(type_) for name, type_ in columns},
            is_table=present[relation.schema, relation.name],
        )
        content = "cast(sum(cast(hash(shophouse_row) as hugeint)) as varchar)"
        asked = looked_at(seen, _SPELLING, identifier(alias, relation.schema, relation.name), content)
        found.append(judged(seen, asked, connection.execute(asked.sql).fetchone()))
    return found


def rows(project: Project, held: Held) -> str:
    """A query for the rows of a relation, with the lineage columns."""
    relation, names = held.seen.relation, project.files_of_loaders
    place = identifier(names[relation.path], relation.schema, relation.name)
    return rows_of(held, place, "rowid" if held.seen.is_table else "row_number() over ()", _SPELLING)


_SPELLING = Spelling(
    types={"text": "varchar", "double": "double precision"},
    to_utc=lambda value: f"make_timestamp(epoch_us({value}))",
    from_epoch=lambda value: f"make_timestamp(cast(round(cast({value} as double) * 1000000) as bigint))",
    as_json=lambda value: f"cast(to_json({value}) as varchar)",
    matches=lambda value, pattern: f"regexp_matches({value}, {pattern})",
    fits=lambda value, type_: f"try_cast({value} as {type_}) is not null",
)

_KINDS = {
    "BOOLEAN": "boolean",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "TINYINT": "integer",
    "USMALLINT": "integer",
    "UTINYINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
    "HUGEINT": "decimal(38,0)",
    "DOUBLE": "double",
    "FLOAT": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "VARCHAR": "text",
    "JSON": "text",
}


def _kind(type_: str) -> str:
    if type_.endswith("]") or type_.startswith(("STRUCT(", "MAP(", "UNION(")):
        return "nested"
    if type_.startswith("DECIMAL("):
        return type_.lower()
    return _KINDS.get(type_, "other")
