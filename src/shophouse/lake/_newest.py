"""The newest row of each key among Parquet files of one table, as delivery upsert means it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.quoting import identifier

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["newest"]

_AT_ONCE = 100_000


def newest(
    files: Sequence[Path],
    stored: Mapping[str, str],
    key: Sequence[str],
    columns: Sequence[str],
    among: pa.Table | None,
    absent_from: Sequence[Path],
    spill: Path,
) -> Iterator[pa.RecordBatch]:
    """Yield `columns` of the newest row of each key that was not deleted; see shophouse.sources.Newest.

    `stored` are the table's column types; a column that is in no file is null. `spill` is a folder for what does not
    fit into memory, removed at the end.
    """
    import duckdb

    if not files:
        return
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "2GB", "temp_directory": str(spill)}
    try:
        with duckdb.connect(":memory:", config=config) as database:
            read = _read(files)
            present = {row[0] for row in database.execute(f"describe select * from {read}").fetchall()}
            if not present.issuperset(key):
                return
            keys = ", ".join(identifier(name) for name in key)
            place = f"{keys}, _load_id, _row_number"
            wanted = ""
            if among is not None:
                database.register("wanted_keys", among)
                wanted = f" semi join wanted_keys using ({keys})"
            absent = f" anti join {_read(absent_from)} as present using ({keys})" if absent_from else ""
            # the newest rows are found by narrow columns, for others may be large
            database.execute(
                f"create temp table places as select {place} from ("
                f"select {place}, _operation from {read} as versions{wanted}"
                f" qualify row_number() over (partition by {keys} order by _load_id desc, _row_number desc) = 1"
                f") as newest{absent} where _operation <> 'delete'"
            )
            selected = ", ".join(_column(name, stored, present) for name in columns)
            result = database.execute(f"select {selected} from {read} as versions semi join places using ({place})")
            yield from result.to_arrow_reader(_AT_ONCE)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _read(files: Sequence[Path]) -> str:
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{names}], union_by_name = true)"


def _column(name: str, stored: Mapping[str, str], present: set[str]) -> str:
    kind = stored.get(name, "text")
    absent = f"cast(null as {'varchar' if kind == 'text' else kind})"
    return f"{identifier(name) if name in present else absent} as {identifier(name)}"
