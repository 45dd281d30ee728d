"""A table of a package on its way into the lake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from shophouse.sources import Batch, FileRead, Position, Table
from shophouse.sources._frames import Frames
from shophouse.sources._typing import fitted
from shophouse.sources.dlt._package import Package

__all__ = ["read_table"]

_ROWS = 50_000


def read_table(
    package: Package,
    table: Table,
    since: Position | None,
    into: Path,
    load_id: int,
    loaded_at: datetime,
    *,
    rate: float,
    zone_is_utc: bool,
) -> Iterator[Batch]:
    """Its rows as one load at the package's position; a position alone where dlt went on and brought nothing."""
    if table.name not in package.tables:
        if since is not None:
            yield Batch(package.position(table.name, since.get("types", {})))
        return
    is_append = table.delivery == "append"
    label = f"{table.name}-{package.generation}" if is_append else table.name
    frames = Frames(
        table,
        into,
        label,
        load_id,
        loaded_at,
        f"resource {package.resource}",
        rate,
        zone_is_utc,
        dict((since or {}).get("types", {})),
        hashes=False,
    )
    try:
        for part in _rows(package, table.name, had_rows=since is not None):
            frames.add(part)
        position = package.position(table.name, frames.types)
        # a load without rows says that there are none: of a snapshot, or in place of those that an extraction brought
        says = table.delivery == "snapshot" or (since or {}).get("generation") == package.generation
        if frames.rows or frames.rejected:
            batches = list(frames.batches(position))
        elif says:
            batches = [Batch(position, [], dict(frames.types), [FileRead(label, 0, 0, 0)])]
        else:
            batches = [Batch(position)]
    except BaseException:
        frames.discard()
        raise
    yield from batches


def _rows(package: Package, name: str, *, had_rows: bool) -> Iterator[Any]:
    """The table's rows as dlt has them, without its load id; after them what says that rows are gone."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    root = package.root(name)
    is_nested_merge = package.disposition(name) == "merge" and root != name
    replaced = _replaced(package, root) if is_nested_merge else pa.array([], pa.string())
    for file in package.files(name):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(_ROWS):
                rows = pa.Table.from_batches([batch])
                if len(replaced):
                    rows = rows.filter(pc.invert(pc.is_in(rows.column("_dlt_root_id"), replaced)))
                yield _plain(package, name, rows)
    if is_nested_merge and had_rows:
        yield from _childless(package, name, root, replaced)


def _plain(package: Package, name: str, rows: Any) -> Any:
    """Rows without what only dlt needs: variants are put back, to be told as what they are, and deletes are said."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = package.tables[name]
    for variant, column in table["variants"].items():
        if variant not in rows.column_names:
            continue
        values = fitted(rows.column(variant).combine_chunks(), "text")[0]
        rows = rows.drop_columns([variant])
        if column in rows.column_names and values.null_count < len(values):
            own, _ = fitted(rows.column(column).combine_chunks(), "text")
            rows = rows.set_column(rows.column_names.index(column), column, pc.coalesce(own, values))
    mark = table["hard_delete"]
    if mark in rows.column_names:
        gone = rows.column(mark)
        is_gone = gone if pa.types.is_boolean(gone.type) else pc.is_valid(gone)
        said = pc.if_else(pc.fill_null(is_gone, False), "delete", "insert")
        rows = rows.append_column("_operation", said)
    return rows.drop_columns([column for column in ("_dlt_load_id",) if column in rows.column_names])


def _files(package: Package, name: str) -> str:
    return f"read_parquet([{_paths(package, name)}], union_by_name = true, filename = true, file_row_number = true)"


def _paths(package: Package, name: str) -> str:
    return ", ".join("'" + str(path).replace("'", "''") + "'" for path in package.files(name))


def _replaced(package: Package, root: str) -> Any:
    """The ids of rows of the resource of which a later version is in the same package."""
    import duckdb
    import pyarrow as pa

    if not package.files(root):
        return pa.array([], pa.string())
    key = ", ".join(f'"{column}"' for column in package.tables[root]["primary_key"])
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select _dlt_id from {_files(package, root)}"
            f" qualify row_number() over (partition by {key}"
            f" order by list_position([{_paths(package, root)}], filename) desc, file_row_number desc) > 1"
        ).to_arrow_table()
    return found.column("_dlt_id").combine_chunks()


def _childless(package: Package, name: str, root: str, replaced: Any) -> Iterator[Any]:
    """For each row of the resource that has none in this table: that those which it may have had are gone."""
    import duckdb
    import pyarrow as pa

    if not package.files(root):
        return
    columns = ", ".join(f'"{column}" as "_root_{column}"' for column in package.tables[root]["primary_key"])
    own = (
        f"select _dlt_root_id from {_files(package, name)}"
        if package.files(name)
        else "select null as _dlt_root_id where false"
    )
    with duckdb.connect() as connection:
        connection.register("replaced", pa.table({"_dlt_id": replaced}))
        gone = connection.execute(
            f"select {columns}, 'delete' as _operation from {_files(package, root)} as root"
            " where not exists (select 1 from replaced where replaced._dlt_id = root._dlt_id)"
            f" and not exists (select 1 from ({own}) as own where own._dlt_root_id = root._dlt_id)"
        ).to_arrow_reader(_ROWS)
        for batch in gone:
            yield pa.Table.from_batches([batch])
