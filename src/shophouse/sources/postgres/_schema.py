"""The tables of an unknown database: columns, keys, comments, and a few rows of each. Nothing is written there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.quoting import identifier
from shophouse.sources.postgres import _catalog
from shophouse.sources.postgres._database import Database
from shophouse.sources.schema import SAMPLED_ROWS, ForeignKey, Sample, SourceColumn, SourceTable

if TYPE_CHECKING:
    import psycopg

    from shophouse.values import Secret

__all__ = ["PostgresSchema"]

_LARGE = 50_000
_SAMPLE_SECONDS = 10


class PostgresSchema:
    """The tables and views of one schema that may be read."""

    def __init__(self, name: str, dsn: Secret, schema: str = "public") -> None:
        self.database = Database(name, dsn)
        self.schema = schema

    @property
    def place(self) -> str:
        return f"{self.database.place}, schema {self.schema}"

    def tables(self) -> Sequence[SourceTable]:
        """See SchemaReader. Raises SourceMismatch when the schema has no table that may be read."""
        with self.database.connection() as connection, self.database.snapshot(connection, None):
            connection.execute(f"set local statement_timeout = '{_SAMPLE_SECONDS}s'")
            names = _catalog.names_in(connection, self.schema)
            if not names:
                others = connection.execute(
                    "select n.nspname::text from pg_catalog.pg_namespace n join pg_catalog.pg_class c"
                    " on c.relnamespace = n.oid where c.relkind in ('r', 'p', 'v', 'm')"
                    " and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'"
                    " and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')"
                    " group by 1 order by count(*) desc, 1"
                ).fetchall()
                raise SourceMismatch(
                    f"the schema {self.schema} has no table that may be read",
                    where=self.database.place,
                    why=f"schemas with tables: {', '.join(name for (name,) in others) or 'none'}",
                    hint=f"name another:   --schema {others[0][0]}" if others else "grant select on its tables",
                )
            return [self._table(connection, name) for name in names]

    def _table(self, connection: psycopg.Connection[Any], name: str) -> SourceTable:
        relation = _catalog.find(connection, self.database, self.schema, name, "")
        assert relation is not None
        rows = _catalog.column_rows(connection, relation.oid)
        described = connection.execute(
            "select a.attname::text, a.attnotnull, format_type(a.atttypid, a.atttypmod),"
            " coalesce(col_description(a.attrelid, a.attnum), '')"
            " from pg_catalog.pg_attribute a where a.attrelid = %s and a.attnum > 0 and not a.attisdropped",
            [relation.oid],
        ).fetchall()
        facts = {column: (is_required, native, comment) for column, is_required, native, comment in described}
        estimate, comment = connection.execute(
            "select greatest(reltuples, -1)::bigint, coalesce(obj_description(oid, 'pg_class'), '')"
            " from pg_catalog.pg_class where oid = %s",
            [relation.oid],
        ).fetchone() or (-1, "")
        samples = self._samples(connection, relation, [(row[0], row[1]) for row in rows], estimate)
        columns = [
            SourceColumn(
                name=row[0],
                type=_type(row),
                native=facts[row[0]][1],
                is_required=facts[row[0]][0],
                is_binary=row[1] == "bytea",
                comment=" ".join(facts[row[0]][2].split()),
                sample=samples[row[0]],
            )
            for row in rows
        ]
        looked_at = max((sample.rows for sample in samples.values()), default=0)
        unique = self._unique(connection, relation.oid)
        return SourceTable(
            name=name,
            columns=tuple(columns),
            primary_key=next((tuple(key) for key, is_primary in unique if is_primary), ()),
            unique=tuple(tuple(key) for key, is_primary in unique if not is_primary),
            foreign_keys=self._foreign_keys(connection, relation.oid),
            # a table that was never analyzed has no estimate
            rows=looked_at if estimate <= 0 and looked_at < SAMPLED_ROWS else estimate,
            is_view=relation.kind in "vm",
            comment=" ".join(comment.split()),
        )

    def _samples(
        self,
        connection: psycopg.Connection[Any],
        relation: _catalog.Relation,
        columns: Sequence[tuple[str, str]],
        estimate: int,
    ) -> dict[str, Sample]:
        import psycopg

        texts = [
            "null"
            if kind == "bytea"
            else f"left({identifier(name)}{'::numeric' if kind == 'money' else ''}::text, 200)"
            for name, kind in columns
        ]
        some = ""
        if estimate > _LARGE and relation.kind == "r":
            # pages from all over the table, the same ones each time
            some = f" tablesample system ({min(100.0, 100.0 * 20 * SAMPLED_ROWS / estimate):.6f}) repeatable (1)"
        query = f"select {', '.join(texts) or 'null'} from {relation.quoted}{some} limit {SAMPLED_ROWS}"
        try:
            with connection.transaction():
                rows = connection.execute(query).fetchall()
        except (psycopg.errors.QueryCanceled, psycopg.errors.DataError):
            # a view that takes long, or fails: its columns are known, its values aren't
            rows = []
        return {
            name: Sample(tuple(row[index] for row in rows if row[index] is not None), len(rows))
            for index, (name, _) in enumerate(columns)
        }

    def _unique(self, connection: psycopg.Connection[Any], oid: int) -> list[tuple[list[str], bool]]:
        rows = connection.execute(
            "select array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum)),"
            " bool_or(i.indisprimary)"
            " from pg_catalog.pg_index i"
            " join pg_catalog.pg_attribute a on a.attrelid = i.indrelid"
            " and a.attnum = any(i.indkey[:i.indnkeyatts - 1])"
            " where i.indrelid = %s and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null"
            " group by i.indexrelid order by bool_or(i.indisprimary) desc, 1",
            [oid],
        ).fetchall()
        return [(list(names), bool(is_primary)) for names, is_primary in rows]

    def _foreign_keys(self, connection: psycopg.Connection[Any], oid: int) -> tuple[ForeignKey, ...]:
        rows = connection.execute(
            "select c.conname::text, to_.relname::text, to_space.nspname::text,"
            " (select array_agg(a.attname::text order by k.place) from unnest(c.conkey)"
            " with ordinality as k(number, place)"
            " join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number),"
            " (select array_agg(a.attname::text order by k.place) from unnest(c.confkey)"
            " with ordinality as k(number, place)"
            " join pg_catalog.pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.number)"
            " from pg_catalog.pg_constraint c join pg_catalog.pg_class to_ on to_.oid = c.confrelid"
            " join pg_catalog.pg_namespace to_space on to_space.oid = to_.relnamespace"
            " where c.conrelid = %s and c.contype = 'f' order by 4, 1",
            [oid],
        ).fetchall()
        return tuple(
            ForeignKey(tuple(columns), table, tuple(to))
            for _, table, space, columns, to in rows
            if space == self.schema
        )


def _type(row: Sequence[Any]) -> str:
    """The type to declare: the one that the reader takes by itself, else one that loses nothing."""
    kind = row[1]
    if kind == "money":
        return "decimal(18,4)"
    if kind == "numeric" and _catalog.lake_type(row) == "text":
        return "decimal(38,12)"
    return _catalog.lake_type(row) or "text"
