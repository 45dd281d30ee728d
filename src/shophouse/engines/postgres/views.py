"""Views that stand on something that is made anew: PostgreSQL drops them with it, and here they are put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.engines.postgres.database import name

if TYPE_CHECKING:
    import psycopg

__all__ = ["View", "restore", "views"]


@dataclass(frozen=True)
class View:
    schema: str
    name: str
    sql: str
    """Every table in it with its schema."""


def views(connection: psycopg.Connection[Any], above: str | None = None) -> list[View]:
    """All views of the build, or those that stand on the relation `above`; each after the views that it reads."""
    with connection.transaction():
        connection.execute("set local search_path to ''")
        rows = connection.execute(_ALL if above is None else _ABOVE, None if above is None else [above]).fetchall()
    return [View(*row) for row in rows]


def restore(connection: psycopg.Connection[Any], kept: Sequence[View]) -> list[View]:
    """Create those of the views that are not there any more; returns the ones that can't be: a column is gone."""
    import psycopg

    left = [view for view in kept if not _exists(connection, view)]
    progress = True
    while left and progress:
        missing = []
        for view in left:
            try:
                with connection.transaction():
                    connection.execute(f"create view {name(view.schema, view.name)} as {view.sql}")
            except psycopg.Error:
                missing.append(view)
        progress, left = len(missing) < len(left), missing
    return left


def _exists(connection: psycopg.Connection[Any], view: View) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [name(view.schema, view.name)]).fetchone()
    return bool(row and row[0])


_ALL = """
select n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'v'
    and n.nspname !~ '^(pg_|information_schema$|public$|published_|v\\d+_|old\\d+_)'
order by c.oid
"""

_ABOVE = """
with recursive above as (
    select r.ev_class as oid, 1 as height
    from pg_catalog.pg_depend d
    join pg_catalog.pg_rewrite r on r.oid = d.objid
    where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        and d.refobjid = pg_catalog.to_regclass(%s)
        and r.ev_class <> d.refobjid
    union
    select r.ev_class, above.height + 1
    from above
    join pg_catalog.pg_depend d
        on d.refobjid = above.oid and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    join pg_catalog.pg_rewrite r on r.oid = d.objid
    where r.ev_class <> d.refobjid
)
select n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid)
from above
join pg_catalog.pg_class c on c.oid = above.oid and c.relkind = 'v'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
group by n.nspname, c.relname, c.oid
order by max(above.height), c.oid
"""
