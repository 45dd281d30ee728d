"""What keeps a table quick and small: its history, merging small files, forgetting old snapshots."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import LakeError
from shophouse.lake._catalog import QUARANTINE, Head
from shophouse.lake._ledger import DataFile, Ledger
from shophouse.lake._storage import Lease, Stored
from shophouse.lake.load import committing, number_of
from shophouse.sources._parquet import parquet_options

if TYPE_CHECKING:
    import pyarrow as pa

    from shophouse.lake import Lake

__all__ = [
    "Change",
    "Compaction",
    "Expiry",
    "compact",
    "expire",
    "history",
    "planned_files",
    "quarantined",
    "small_files",
]

_SMALL = 64 << 20
_MERGED = 256 << 20


@dataclass(frozen=True)
class Change:
    """A snapshot: what a commit did to the rows. Counts are None where the writer told none."""

    snapshot_id: int
    committed_at: datetime
    operation: str
    rows_added: int | None
    rows: int | None
    files: int | None
    current: bool


@dataclass(frozen=True)
class Compaction:
    files_before: int
    files_after: int


@dataclass(frozen=True)
class Expiry:
    """How many snapshots were forgotten, and the files and bytes deleted from the disk."""

    snapshots: int
    files: int
    bytes: int


def _head(lake: Lake, source: str, table: str) -> Head:
    head = lake.head(source, table)
    if head is None:
        known = ", ".join(".".join(key) for key in lake.tables()) or "none"
        raise LakeError(f"the lake has no table {source}.{table}", why=f"tables: {known}")
    return head


def history(lake: Lake, source: str, table: str) -> list[Change]:
    metadata = _head(lake, source, table).metadata
    current = metadata.get("current-snapshot-id")

    def count(summary: dict[str, str], key: str) -> int | None:
        return int(summary[key]) if key in summary else None

    return [
        Change(
            snapshot_id=snapshot["snapshot-id"],
            committed_at=datetime.fromtimestamp(snapshot["timestamp-ms"] / 1000, UTC),
            operation=snapshot.get("summary", {}).get("operation", "unknown"),
            rows_added=count(snapshot.get("summary", {}), "added-records"),
            rows=count(snapshot.get("summary", {}), "total-records"),
            files=count(snapshot.get("summary", {}), "total-data-files"),
            current=snapshot["snapshot-id"] == current,
        )
        for snapshot in sorted(
            metadata.get("snapshots", []),
            key=lambda snapshot: snapshot["sequence-number"],
        )
    ]


def planned_files(lake: Lake, source: str, table: str) -> list[str]:
    """The locations of the current snapshot's data files as Iceberg's manifests have them."""
    with lake.catalog.opened() as catalog:
        tasks = catalog.load_table(lake.catalog.identifier((source, table))).scan().plan_files()
        return sorted(task.file.file_path.removeprefix("file://") for task in tasks)


def quarantine_files(lake: Lake, source: str, table: str) -> list[str]:
    """The locations of the files with rejected rows, of committed loads, oldest first."""
    head, rejected = lake.head(source, table), lake.head(source, table + QUARANTINE)
    committed = head.load_id if head else 0
    if lake.storage.is_shared:
        # a folder may hold what a load wrote that lost its lease
        found = planned_files(lake, source, table + QUARANTINE) if rejected else []
    else:
        found = [file.location for file in lake.storage.list(f"{lake.location(source, table + QUARANTINE)}/data")]
    return [file for file in found if file.endswith(".parquet") and (number_of(file, "load") or 0) <= committed]


def quarantined(lake: Lake, source: str, table: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = lake.storage.fetch(quarantine_files(lake, source, table))
    schema = pa.schema(
        [
            ("_load_id", pa.int64()),
            ("_loaded_at", pa.timestamp("us")),
            ("_source_file", pa.string()),
            ("line", pa.int64()),
            ("column_name", pa.string()),
            ("reason", pa.string()),
            ("raw", pa.string()),
        ]
    )
    return pa.concat_tables([schema.empty_table(), *(pq.read_table(file, schema=schema) for file in files)])


def small_files(lake: Lake, source: str, table: str) -> int:
    """How many small files loads brought that were not merged yet."""
    head = lake.head(source, table)
    files = Ledger.of(head).data if head else []
    return sum(file.bytes < _SMALL and file.first_load == file.last_load for file in files)


def compact(lake: Lake, source: str, table: str, lease: Lease, *, newest: bool = False) -> Compaction:
    head = _head(lake, source, table)
    ledger = Ledger.current(head)
    if head.metadata.get("last-sequence-number", 0) != ledger.sequence:
        raise LakeError(
            f"table {source}.{table} was changed by another program",
            why="its files are not those that the ledger lists",
            hint="repair the ledger first: shophouse lake repair",
        )
    storage, folder, commit = lake.storage, head.folder, head.commit + 1
    part = f"data/compact-{commit:08}{lease.token and '-'}{lease.token}"
    target = storage.local(f"{folder}/{part}")
    shutil.rmtree(target, ignore_errors=True)
    kept: list[DataFile] = []
    removed: list[DataFile] = []
    added: list[Path] = []
    for run in _newest(ledger.data) if newest else _runs(ledger.data):
        if len(run) == 1:
            kept.append(run[0])
            continue
        path = target / f"part-{len(added) + 1:05}.parquet"
        rows = _merge(storage.fetch([f"{folder}/{file.path}" for file in run]), head.schema, path, target)
        if rows != sum(file.rows for file in run):
            shutil.rmtree(target)
            raise LakeError(f"merging files of {source}.{table} gave {rows} rows for {sum(file.rows for file in run)}")
        added.append(path)
        removed += run
        first, last = (
            min(file.first_load for file in run),
            max(file.last_load for file in run),
        )
        kept.append(
            DataFile(
                f"{part}/{path.name}",
                rows,
                path.stat().st_size,
                first,
                last,
            )
        )
    if not added:
        return Compaction(len(ledger.data), len(ledger.data))
    storage.keep(f"{folder}/{part}", added)
    before = len(ledger.data)
    ledger.data, ledger.sequence = kept, ledger.sequence + 1
    properties = {
        "shophouse.commit": str(commit),
        "shophouse.ledger": ledger.write(storage, folder, commit, lease.token),
    }
    from shophouse.lake._iceberg import commit as commit_to_iceberg

    with committing(lease):
        commit_to_iceberg(
            lake.catalog,
            storage,
            (source, table),
            folder,
            {},
            properties,
            expected=head.location,
            add=[f"{folder}/{part}/{path.name}" for path in added],
            remove=[f"{folder}/{file.path}" for file in removed],
        )
    return Compaction(before, len(kept))


def _runs(files: list[DataFile]) -> list[list[DataFile]]:
    """Neighbours that become one file. Their order stays, so that a file's loads remain a narrow range."""
    runs: list[list[DataFile]] = []
    for file in files:
        fits = runs and file.bytes < _SMALL and runs[-1][-1].bytes < _SMALL
        if fits and sum(other.bytes for other in runs[-1]) + file.bytes <= _MERGED:
            runs[-1].append(file)
        else:
            runs.append([file])
    return runs


def _newest(files: list[DataFile]) -> list[list[DataFile]]:
    """The newest files as one, with older ones that are not much larger: so no row is written again very often."""
    run: list[DataFile] = []
    rows = size = 0
    for file in reversed(files):
        was_merged = file.first_load < file.last_load
        if file.bytes >= _SMALL or (was_merged and file.rows > 2 * rows) or size + file.bytes > _MERGED:
            break
        run.insert(0, file)
        rows += file.rows
        size += file.bytes
    rest = [[file] for file in files[: len(files) - len(run)]]
    return [*rest, run] if run else rest


def _merge(files: list[Path], schema: dict[str, str], into: Path, spill: Path) -> int:
    import duckdb

    into.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "2GB",
        "temp_directory": str(spill / "spill"),
        "preserve_insertion_order": True,
    }
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    with duckdb.connect(":memory:", config=config) as db:
        source = f"read_parquet([{names}], union_by_name = true)"
        present = {row[0] for row in db.execute(f"describe select * from {source}").fetchall()}

        def column(name: str, kind: str) -> str:
            wanted = "varchar" if kind == "text" else kind
            quoted = '"' + name.replace('"', '""') + '"'
            return f"cast({quoted if name in present else 'null'} as {wanted}) as {quoted}"

        selected = ", ".join(column(name, kind) for name, kind in schema.items())
        target = str(into).replace("'", "''")
        written = db.execute(
            f"copy (select {selected} from {source}) to '{target}' (format parquet, {parquet_options(schema.values())})"
        ).fetchall()
    shutil.rmtree(spill / "spill", ignore_errors=True)
    return int(written[0][0])


def expire(
    lake: Lake,
    source: str,
    table: str,
    keep: int,
    older_than: timedelta | datetime,
    contained: timedelta | None,
    lease: Lease,
) -> Expiry:
    if keep < 1:
        raise LakeError("expire has to keep at least one snapshot", hint="--keep 1")
    _head(lake, source, table)
    now = datetime.now(UTC)
    limit = now - older_than if isinstance(older_than, timedelta) else older_than
    sooner = limit if contained is None else max(limit, now - contained)
    names = [name for name in (table, table + QUARANTINE) if lake.head(source, name)]
    done = [_expire(lake, source, name, keep, limit, sooner, lease) for name in names]
    return Expiry(*(sum(counts) for counts in zip(*((e.snapshots, e.files, e.bytes) for e in done), strict=True)))


def _expire(lake: Lake, source: str, table: str, keep: int, limit: datetime, sooner: datetime, lease: Lease) -> Expiry:
    head = _head(lake, source, table)
    changes = history(lake, source, table)
    gone = [
        change.snapshot_id
        for change, following in list(pairwise(changes))[: max(0, len(changes) - keep)]
        if not change.current and change.committed_at <= (sooner if following.operation == "append" else limit)
    ]
    if gone:
        from shophouse.lake._iceberg import commit

        with committing(lease):
            commit(
                lake.catalog, lake.storage, (source, table), head.folder, {}, {}, expected=head.location, expire=gone
            )
    left = _unreferenced(lake, source, table, lease)
    lake.storage.delete([file.location for file in left])
    return Expiry(len(gone), len(left), sum(file.size for file in left))


def _unreferenced(lake: Lake, source: str, table: str, lease: Lease) -> list[Stored]:
    """Files in the table's folder that no snapshot needs: the lease is held, so nobody is writing one."""
    folder = _head(lake, source, table).folder
    present = [file for part in ("data", "metadata") for file in lake.storage.list(f"{folder}/{part}")]
    # a writer that came after us would be found here, and what it writes is not in the list
    lease.renew()
    with lake.catalog.opened() as catalog:
        found = catalog.load_table(lake.catalog.identifier((source, table)))
        used = {
            found.metadata_location,
            *(entry.metadata_file for entry in found.metadata.metadata_log),
        }
        snapshots = found.snapshots()
        used.update(snapshot.manifest_list for snapshot in snapshots)
        # most snapshots have those of the one before
        manifests = {of.manifest_path: of for snapshot in snapshots for of in snapshot.manifests(found.io)}
        for path, manifest in manifests.items():
            used.add(path)
            used.update(entry.data_file.file_path for entry in manifest.fetch_manifest_entry(found.io))
    needed = {location.removeprefix("file://") for location in used}
    return [file for file in present if file.location not in needed]
