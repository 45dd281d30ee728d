"""What a person needs when a lake was moved, a ledger lost, or a table is to start anew."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import LakeError
from shophouse.lake._catalog import QUARANTINE, Head, heads
from shophouse.lake._ledger import DataFile, Ledger
from shophouse.lake.load import QUARANTINE_COLUMNS, loads_beyond

if TYPE_CHECKING:
    from shophouse.lake import Lake

__all__ = ["drop", "move", "rebuild_ledger"]


def drop(lake: Lake, source: str, table: str) -> None:
    from shophouse.lake._iceberg import forget

    for name in (table, table + QUARANTINE):
        # the catalog first: a table without an entry is not there, whatever files are left
        forget(lake.root, source, name)
        shutil.rmtree(lake.folder(source, name), ignore_errors=True)


def move(lake: Lake) -> int:
    from shophouse.lake._iceberg import commit

    catalog = lake.root / "catalog.db"
    fresh = lake.root / "moved.db"
    fresh.unlink(missing_ok=True)
    moved = 0
    for (source, table), old in heads(catalog).items():
        folder = lake.folder(source, table)
        here = Head(str(folder / "metadata" / Path(old.location).name))
        properties = {key: value for key, value in here.properties.items() if key.startswith("shophouse.")}
        if table.endswith(QUARANTINE):
            files = _quarantine_files(folder, here.load_id)
            commit(
                lake.root,
                source,
                table,
                folder,
                QUARANTINE_COLUMNS,
                properties,
                add=files,
                catalog=fresh,
            )
            continue
        ledger = Ledger.at(folder, here)
        if here.metadata.get("last-sequence-number", 0) != ledger.sequence:
            raise LakeError(
                f"table {source}.{table} was changed by another program and can't be moved",
                hint="put the lake back where it was and run: shophouse lake repair",
            )
        ledger.sequence = int(bool(ledger.data))
        properties["shophouse.commit"] = str(here.commit + 1)
        properties["shophouse.ledger"] = ledger.write(folder, here.commit + 1)
        files = [folder / file.path for file in ledger.data]
        commit(
            lake.root,
            source,
            table,
            folder,
            here.schema,
            properties,
            add=files,
            catalog=fresh,
        )
        moved += 1
    if moved:
        fresh.replace(catalog)
    return moved


def rebuild_ledger(lake: Lake, source: str, table: str) -> None:
    import duckdb

    from shophouse.lake._iceberg import commit
    from shophouse.lake.maintenance import planned_files, quarantined
    from shophouse.sources.files import position_of

    head = lake.head(source, table)
    if head is None:
        raise LakeError(f"the lake has no table {source}.{table}")
    paths = planned_files(lake, source, table)
    ledger = Ledger(sequence=head.metadata.get("last-sequence-number", 0))
    rejected: dict[tuple[int, str], int] = {}
    for row in quarantined(lake, source, table).to_pylist():
        key = (row["_load_id"], row["_source_file"])
        rejected[key] = rejected.get(key, 0) + 1
    found: list[tuple[Any, ...]] = []
    if paths:
        with duckdb.connect(":memory:") as db:
            found = db.execute(
                "select _load_id, _source_file, count(*), min(_loaded_at) from read_parquet($1) group by all",
                [paths],
            ).fetchall()
            for path in paths:
                rows, first, last = db.execute(
                    "select count(*), min(_load_id), max(_load_id) from read_parquet($1)",
                    [path],
                ).fetchall()[0]
                inside = Path(path).relative_to(head.folder).as_posix()
                ledger.data.append(DataFile(inside, rows, Path(path).stat().st_size, first, last))
    ledger.data.sort(key=lambda file: (file.first_load, file.path))
    arrived = {(load, path): (rows, at) for load, path, rows, at in found}
    newest: dict[str, int] = {}
    for load, path in sorted({*arrived, *rejected}):
        newest[path] = load
    for load, path in sorted({*arrived, *rejected}):
        rows = arrived.get((load, path), (0, None))[0]
        by = min(
            (other for other, name in {*arrived, *rejected} if name == path and other > load),
            default=None,
        )
        ledger.files.append((load, path, rows, rejected.get((load, path), 0), by))
    for load in sorted({load for load, _ in arrived}):
        of_load = [(path, rows, at) for (number, path), (rows, at) in arrived.items() if number == load]
        ledger.loads.append(
            {
                "load_id": load,
                "run_id": None,
                "loaded_at": min(at for _, _, at in of_load).replace(tzinfo=UTC).isoformat(),
                "files": len(of_load),
                "rows": sum(rows for _, rows, _ in of_load),
                "rejected_rows": sum(count for (number, _), count in rejected.items() if number == load),
                "bytes": 0,
                "seconds": 0.0,
            }
        )
    ledger.position = position_of(
        [
            (
                path,
                load,
                *arrived.get((load, path), (0, None)),
                rejected.get((load, path), 0),
            )
            for path, load in newest.items()
        ]
    )
    number = head.commit + 1
    properties = {
        "shophouse.commit": str(number),
        "shophouse.ledger": ledger.write(head.folder, number),
    }
    commit(lake.root, source, table, head.folder, {}, properties)


def _quarantine_files(folder: Path, committed: int) -> Sequence[Path]:
    waiting = loads_beyond(folder, "load", committed)
    return sorted(path for path in (folder / "data").glob("load-*/*.parquet") if path.parent not in waiting)
