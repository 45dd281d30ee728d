"""The definition of a table, as far as changes depend on it, and whether the lake's rows still fit it.

A change tells a row's values under the columns of its own time. That goes on where a column was dropped (later rows
have null in it) or added empty. Everything else alters rows without a word in the stream: a default fills them, another
type rewrites them, another name moves their values. Then the table is read again whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.sources.postgres import _catalog
from shophouse.sources.postgres._catalog import Field, Relation

if TYPE_CHECKING:
    import psycopg

__all__ = ["Column", "Shape"]


@dataclass(frozen=True)
class Column:
    number: int
    name: str
    type: str
    generated: str
    """Empty, or as in pg_attribute: s is stored, v is worked out when it is read."""
    is_filled: bool
    """Whether rows that were there before it have a value in it."""


@dataclass(frozen=True)
class Shape:
    relation: Relation
    columns: tuple[Column, ...]
    files: tuple[tuple[int, int], ...]
    """The table and each of its partitions, with the number of its file: another after all rows were rewritten."""
    tells_generated: bool = False
    """Whether changes have the values of stored generated columns: from PostgreSQL 18 on."""

    @classmethod
    def of(cls, connection: psycopg.Connection[Any], relation: Relation) -> Shape:
        rows = connection.execute(
            "select attnum::integer, attname::text, format_type(atttypid, atttypmod), attgenerated::text,"
            " attgenerated <> '' or atthasdef or atthasmissing or attidentity <> ''"
            " from pg_catalog.pg_attribute where attrelid = %s and attnum > 0 and not attisdropped order by attnum",
            [relation.oid],
        ).fetchall()
        files = connection.execute(
            "select oid::bigint, coalesce(pg_relation_filenode(oid), 0)::bigint from unnest(%s::oid[]) as found(oid)"
            " order by 1",
            [_catalog.relations(connection, relation)],
        ).fetchall()
        return cls(
            relation,
            tuple(Column(*row) for row in rows),
            tuple((oid, file) for oid, file in files),
            connection.info.server_version >= 180000,
        )

    def told(self, fields: Sequence[Field]) -> list[Field]:
        """The fields without those that changes don't have."""
        untold = self.untold()
        return [at for at in fields if at.column not in untold]

    def untold(self) -> list[str]:
        """The generated columns that changes don't have."""
        return [column.name for column in self.columns if column.generated and not self._tells(column)]

    @property
    def has_generated(self) -> bool:
        """Whether the publication has to be asked for generated columns."""
        return any(column.generated and self._tells(column) for column in self.columns)

    def _tells(self, column: Column) -> bool:
        return column.generated == "s" and self.tells_generated

    def position(self) -> dict[str, Any]:
        """What a position keeps of it."""
        return {
            "relation": self.relation.oid,
            "columns": {str(column.number): [column.name, column.type, column.generated] for column in self.columns},
            "files": [list(pair) for pair in self.files],
        }

    def why_again(self, position: Mapping[str, Any]) -> str | None:
        """Why the table has to be read again whole after a read that left `position`; None where it has not."""
        if position["relation"] != self.relation.oid:
            return "the table was made anew"
        files = [list(pair) for pair in self.files]
        if self.relation.kind == "p" and files != position["files"]:
            return "its partitions are others, or were rewritten"
        before = {int(number): column for number, column in position["columns"].items()}
        names = {name: number for number, (name, _, _) in before.items()}
        for column in self.columns:
            if column.generated and not self._tells(column):
                continue
            if column.number in before:
                name, kind, generated = before[column.number]
                if name != column.name:
                    return f"the column {name} is now called {column.name}"
                if kind != column.type or generated != column.generated:
                    return f"the column {name} was {kind} and is {column.type}"
            elif column.name in names:
                return f"the column {column.name} was made anew"
            elif column.is_filled or files != position["files"]:
                return f"the column {column.name} is new, and older rows may have a value in it"
        return None

    def is_seen_whole(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the snapshot of this transaction knows the files that the table has now: else it looks empty."""
        oids = [oid for oid, _ in self.files]
        rows = connection.execute(
            "select oid::bigint, relfilenode::bigint from pg_catalog.pg_class where oid = any(%s::oid[]) order by 1",
            [oids],
        ).fetchall()
        return tuple((oid, file) for oid, file in rows) == self.files
