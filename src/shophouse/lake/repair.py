"""What a person needs when a lake was moved, a ledger lost, or a table is to start anew."""

from __future__ import annotations

import re
import secrets
import shutil
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import LakeError
from shophouse.lake._catalog import QUARANTINE, Head
from shophouse.lake._ledger import DataFile, Ledger
from shophouse.lake._storage import Lease
from shophouse.lake.load import QUARANTINE_COLUMNS, committing, number_of

if TYPE_CHECKING:
    from shophouse.lake import Lake

__all__ = ["drop", "move", "rebuild_ledger"]


def drop(lake: Lake, source: str, table: str) -> None:
    from shophouse.lake._iceberg import forget

    storage = lake.storage
    for name in (table, table + QUARANTINE):
        # the catalog first: a table without an entry is not there, whatever files are left
        forget(lake.catalog, (source, name))
        folder = lake.location(source, name)
        if storage.is_shared:
            storage.delete([file.location for file in storage.list(folder)])
        shutil.rmtree(storage.local(folder), ignore_errors=True)


def move(lake: Lake) -> int:
    from shophouse.lake._iceberg import commit

    moved = 0
    with lake.catalog.anew() as fresh:
        for (source, table), location in lake.catalog.heads().items():
            folder = lake.location(source, table)
            file = re.split(r"[/\\]", location)[-1]
            here = Head(f"{folder}/metadata/{file}", lake.storage)
            properties = {key: value for key, value in here.properties.items() if key.startswith("shophouse.")}
            columns = QUARANTINE_COLUMNS
            if table.endswith(QUARANTINE):
                files = _quarantine_files(lake, folder, here)
            else:
                ledger = Ledger.current(here, folder)
                if here.metadata.get("last-sequence-number", 0) != ledger.sequence:
                    raise LakeError(
                        f"table {source}.{table} was changed by another program and can't be moved",
                        hint="put the lake back where it was and run: shophouse lake repair",
                    )
                ledger.sequence = int(bool(ledger.data) or lake.storage.is_shared)
                properties["shophouse.commit"] = str(here.commit + 1)
                token = secrets.token_hex(4) if lake.storage.is_shared else ""
                properties["shophouse.ledger"] = ledger.write(lake.storage, folder, here.commit + 1, token)
                columns, files = here.schema, [f"{folder}/{file.path}" for file in ledger.data]
                moved += 1
            commit(fresh, lake.storage, (source, table), folder, columns, properties, expected=None, add=files)
    return moved


def rebuild_ledger(lake: Lake, source: str, table: str, lease: Lease) -> None:
    import duckdb

    from shophouse.lake._iceberg import commit
    from shophouse.lake.maintenance import planned_files, quarantined
    from shophouse.sources.files import position_of

    head = lake.head(source, table)
    if head is None:
        raise LakeError(f"the lake has no table {source}.{table}")
    locations = planned_files(lake, source, table)
    paths = [str(path) for path in lake.storage.fetch(locations)]
    ledger = Ledger(sequence=head.metadata.get("last-sequence-number", 0) + lake.storage.is_shared)
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
            for location, path in zip(locations, paths, strict=True):
                rows, first, last = db.execute(
                    "select count(*), min(_load_id), max(_load_id) from read_parquet($1)",
                    [path],
                ).fetchall()[0]
                inside = location.removeprefix(f"{head.folder}/")
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
        "shophouse.ledger": ledger.write(lake.storage, head.folder, number, lease.token),
    }
    with committing(lease):
        commit(lake.catalog, lake.storage, (source, table), head.folder, {}, properties, expected=head.location)


def _quarantine_files(lake: Lake, folder: str, head: Head) -> list[str]:
    """Those of committed loads, as they lie at the new place."""
    files = [file.location for file in lake.storage.list(f"{folder}/data") if file.location.endswith(".parquet")]
    return [file for file in files if (number_of(file, "load") or 0) <= head.load_id]
