"""Which changes of a table the server tells, and whether they can be told apart: publication and replica identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.quoting import identifier
from shophouse.sources import Table
from shophouse.sources.postgres._catalog import Relation
from shophouse.sources.postgres._database import Database

if TYPE_CHECKING:
    import psycopg

__all__ = ["Publication", "refuse_without_identity"]


@dataclass(frozen=True)
class Publication:
    """The publication `name`, which is made, or given a table, where the user may."""

    database: Database
    name: str

    def ensure(self, connection: psycopg.Connection[Any], relation: Relation, *, generated: bool) -> None:
        """Have all changes of the table published. `generated`: those of stored generated columns too (PostgreSQL 18).

        Raises SourceMismatch with what an owner has to type where the user may not.
        """
        options = self._options(connection, generated=generated)
        row = self._row(connection)
        name = identifier(self.name)
        if row is None:
            self._run(connection, f"create publication {name} for table {relation.quoted} with ({options})")
            return
        publishes_all, is_root, has_generated = row
        wanted = []
        if not publishes_all:
            wanted.append("publish = 'insert, update, delete, truncate'")
        if relation.kind == "p" and not is_root:
            wanted.append("publish_via_partition_root = true")
        if generated and not has_generated:
            wanted.append("publish_generated_columns = stored")
        if wanted:
            self._run(connection, f"alter publication {name} set ({', '.join(wanted)})")
        if not self._has(connection, relation):
            self._run(connection, f"alter publication {name} add table {relation.quoted}")
        self._refuse_part(connection, relation)

    def identity(self, connection: psycopg.Connection[Any], relation: Relation) -> list[int]:
        """The publication's number and that of the table's place in it; others when one was taken out and put back.

        Empty where the table's changes are not all published now.
        """
        row = connection.execute(
            "select p.oid::bigint, coalesce((select r.oid::bigint from pg_catalog.pg_publication_rel r"
            "  where r.prpubid = p.oid and r.prrelid = %s), 0)"
            " from pg_catalog.pg_publication p where p.pubname = %s"
            " and p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate",
            [relation.oid, self.name],
        ).fetchone()
        return list(row) if row is not None and self._has(connection, relation) else []

    def _options(self, connection: psycopg.Connection[Any], *, generated: bool) -> str:
        options = "publish = 'insert, update, delete, truncate', publish_via_partition_root = true"
        return f"{options}, publish_generated_columns = stored" if generated else options

    def _row(self, connection: psycopg.Connection[Any]) -> tuple[bool, bool, bool] | None:
        generated = "pubgencols = 's'" if connection.info.server_version >= 180000 else "false"
        return connection.execute(
            f"select pubinsert and pubupdate and pubdelete and pubtruncate, pubviaroot, {generated}"
            " from pg_catalog.pg_publication where pubname = %s",
            [self.name],
        ).fetchone()

    def _has(self, connection: psycopg.Connection[Any], relation: Relation) -> bool:
        found = connection.execute(
            "select 1 from pg_catalog.pg_publication_tables where pubname = %s and schemaname = %s and tablename = %s",
            [self.name, relation.schema, relation.name],
        ).fetchone()
        return found is not None

    def _refuse_part(self, connection: psycopg.Connection[Any], relation: Relation) -> None:
        if connection.info.server_version < 150000:
            return
        row = connection.execute(
            "select r.prqual is not null, r.prattrs is not null from pg_catalog.pg_publication_rel r"
            " join pg_catalog.pg_publication p on p.oid = r.prpubid where p.pubname = %s and r.prrelid = %s",
            [self.name, relation.oid],
        ).fetchone()
        if row is not None and any(row):
            raise SourceMismatch(
                f"the publication {self.name} tells only some {'rows' if row[0] else 'columns'} of {relation.name}",
                where=self.database.place,
                why="the rest would be missing in the lake, and a row that comes into the filter would look new",
                hint=[
                    "publish it whole:",
                    f"alter publication {identifier(self.name)} drop table {relation.quoted};",
                    f"alter publication {identifier(self.name)} add table {relation.quoted};",
                ],
            )

    def _run(self, connection: psycopg.Connection[Any], statement: str) -> None:
        from psycopg import errors

        try:
            connection.execute("begin read write")
            connection.execute(statement)
            connection.execute("commit")
        except errors.InsufficientPrivilege as error:
            raise SourceMismatch(
                f"the publication {self.name} does not tell all that is read",
                where=self.database.place,
                why=f"and the user may not change it: {error.diag.message_primary}",
                hint=["as an owner of the table and of the publication:", f"{statement};"],
            ) from None
        except errors.DuplicateObject:
            # another run was quicker
            pass
        finally:
            connection.rollback()


def refuse_without_identity(
    connection: psycopg.Connection[Any], database: Database, relation: Relation, table: Table, key: Sequence[str]
) -> None:
    """Raise SourceMismatch unless each update and delete tells the key of the row that it takes away.

    To publish a table without it would make the shop's own updates and deletes fail.
    """
    where = f"{database.place}, {relation.schema}.{relation.name}"
    setting = f"sources.{table.source}.tables.{table.name}"
    if relation.kind not in "rp":
        raise SourceMismatch(
            f"{table.name}: only a table has changes",
            where=where,
            why="views and foreign tables are not in the log",
            hint=f"write   read: full   under {setting}, or name the table below the view",
        )
    row = connection.execute(
        "select c.relreplident::text, (select array_agg(a.attname::text order by a.attnum)"
        "  from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)"
        "  where i.indrelid = c.oid and (case c.relreplident when 'i' then i.indisreplident else i.indisprimary end)),"
        " c.relpersistence::text, exists (select from pg_catalog.pg_inherits h where h.inhparent = c.oid),"
        " not exists (select from pg_catalog.pg_inherits h join pg_catalog.pg_class p on p.oid = h.inhrelid"
        "  where h.inhparent = c.oid and p.relkind <> 'p' and p.relreplident <> c.relreplident)"
        " from pg_catalog.pg_class c where c.oid = %s",
        [relation.oid],
    ).fetchone()
    assert row is not None
    identity, columns, persistence, has_children, is_alike = row
    if persistence != "p":
        raise SourceMismatch(
            f"{table.name}: the table is not in the log",
            where=where,
            why="it is unlogged or temporary",
            hint=f"alter table {relation.quoted} set logged;   or write   read: full   under {setting}",
        )
    if relation.kind == "r" and has_children:
        raise SourceMismatch(
            f"{table.name}: other tables inherit from it",
            where=where,
            why="their changes are told as their own",
            hint=f"write   read: full   under {setting}",
        )
    told = {name.lower() for name in columns or ()} if identity in "di" else set()
    if identity == "f" or (told and told >= {name.lower() for name in key}):
        if is_alike:
            return
        why = "its partitions have another replica identity"
    elif identity == "n":
        why = "its replica identity is nothing"
    else:
        why = f"its replica identity has {', '.join(columns) if columns else 'no column: there is no primary key'}"
    raise SourceMismatch(
        f"{table.name}: a deleted row would not say which one it was",
        where=where,
        why=[why, f"the key is {', '.join(key)}"],
        hint=[
            f"alter table {relation.quoted} replica identity {'default' if identity == 'n' else 'full'};",
            f"or write   read: full   under {setting}",
        ],
    )
