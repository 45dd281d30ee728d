"""A load: rows of one table on their way into the lake, visible all at once or not at all."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import LakeError
from shophouse.lake._catalog import QUARANTINE, Head
from shophouse.lake._ledger import DataFile, Ledger, LoadRecord, LostLedger
from shophouse.lake._storage import Lease, Storage, TakenOver
from shophouse.sources import LINEAGE, Batch, FileRead, Position, Rejected

if TYPE_CHECKING:
    import pyarrow as pa

    from shophouse.lake import Lake

__all__ = ["QUARANTINE_COLUMNS", "Load", "beyond", "committing", "number_of", "recover"]

QUARANTINE_COLUMNS = {
    "_load_id": "bigint",
    "_loaded_at": "timestamp",
    "_source_file": "text",
    "line": "bigint",
    "column_name": "text",
    "reason": "text",
    "raw": "text",
}


def number_of(location: str, prefix: str) -> int | None:
    """The number of the folder `<prefix>-<n>`, or `<prefix>-<n>-<token>`, that a data file is in."""
    found = re.search(rf"/data/{prefix}-(\d+)(-\w+)?/", location)
    return int(found[1]) if found else None


def beyond(storage: Storage, folder: str, prefix: str, number: int) -> list[str]:
    """Files of a table in folders of data whose number is above `number`: nothing committed is in them."""
    found = storage.list(f"{folder}/data", after=f"{prefix}-{number:08}")
    return [file.location for file in found if (number_of(file.location, prefix) or 0) > number]


def sweep(lake: Lake, source: str, table: str, head: Head | None, lease: Lease) -> None:
    """Remove what was written for commits after `head` that never came."""
    storage = lake.storage
    load, commit = (head.load_id, head.commit) if head else (0, 0)
    for name, prefix, number in (
        (table, "load", load),
        (table + QUARANTINE, "load", load),
        (table, "compact", commit),
    ):
        folder = lake.location(source, name)
        for path in (storage.local(folder) / "data").glob(f"{prefix}-*"):
            if (number_of(f"{path.as_posix()}/", prefix) or 0) > number:
                shutil.rmtree(path)
        if storage.is_shared and (left := beyond(storage, folder, prefix, number)):
            # what was listed before the lease was proved to be ours can't be of a writer after us
            lease.renew()
            storage.delete(left)


def recover(lake: Lake, source: str, table: str, lease: Lease) -> None:
    """Make up for a writer that did not end well, and may sleep and not be dead.

    After a commit of nothing none that it prepared can go through, so that its files are of no use to anybody.
    """
    from shophouse.lake._iceberg import commit

    head = lake.head(source, table)
    folder = head.folder if head else lake.location(source, table)
    properties: dict[str, str] = {}
    with committing(lease):
        with suppress(LostLedger):
            ledger, number = Ledger.current(head) if head else Ledger(), (head.commit if head else 0) + 1
            ledger.sequence += 1
            stored = ledger.write(lake.storage, folder, number, lease.token)
            properties = {"shophouse.commit": str(number), "shophouse.ledger": stored}
        name, expected = (source, table), head.location if head else None
        commit(lake.catalog, lake.storage, name, folder, {}, properties, expected=expected)
        withdraw(lake, source, table, lake.head(source, table + QUARANTINE), head.load_id if head else 0)
    sweep(lake, source, table, head, lease)


def withdraw(lake: Lake, source: str, table: str, rejected: Head | None, committed: int) -> Head:
    """Take out of the quarantine, as it is now, what loads put there that came no further."""
    from shophouse.lake._iceberg import commit
    from shophouse.lake.maintenance import planned_files

    name, storage = (source, table + QUARANTINE), lake.storage
    folder = rejected.folder if rejected else lake.location(*name)
    gone: list[str] = []
    if rejected and storage.is_shared:
        gone = [file for file in planned_files(lake, *name) if (number_of(file, "load") or 0) > committed]
    elif rejected:
        gone = beyond(storage, folder, "load", committed)
    properties = {"shophouse.load_id": str(committed)}
    expected = rejected.location if rejected else None
    location = commit(
        lake.catalog, storage, name, folder, QUARANTINE_COLUMNS, properties, expected=expected, remove=gone
    )
    return Head(location, storage)


@contextmanager
def committing(lease: Lease) -> Iterator[None]:
    """A commit in this block either came to an end, or leaves the lease to whoever makes sure that it never will."""
    lease.settled = False
    try:
        yield
    except TakenOver:
        lease.settled = True
        raise
    lease.settled = True


class Load:
    """One table's next load, while its lease is held.

    Write Parquet into `folder`, `load_id` and `loaded_at` in every row; `position` is how far the table was read
    before, None at first. Then commit. Without a commit nothing of it stays.
    """

    def __init__(self, lake: Lake, source: str, table: str, run_id: str | None, lease: Lease) -> None:
        self.source = source
        self.table = table
        self.loaded_at = datetime.now(UTC)
        self._lake = lake
        self._storage = lake.storage
        self._lease = lease
        self._run_id = run_id
        self._started = time.monotonic()
        self._head = lake.head(source, table)
        self._ledger = Ledger.current(self._head) if self._head else Ledger()
        self._root = lake.location(source, table)
        committed = self._head.load_id if self._head else 0
        self.load_id = committed + 1
        self._rejected = lake.head(source, table + QUARANTINE)
        self._clean(committed)
        self._part = f"data/load-{self.load_id:08}{lease.token and '-'}{lease.token}"
        self.folder = self._storage.local(f"{self._root}/{self._part}")
        self.folder.mkdir(parents=True)

    @property
    def position(self) -> Position | None:
        return self._ledger.position

    def newest(
        self,
        key: Sequence[str],
        columns: Sequence[str],
        *,
        among: pa.Table | None = None,
        later: Sequence[Path] = (),
        absent_from: Sequence[Path] = (),
    ) -> Iterator[pa.RecordBatch]:
        """What the table has before this load and in its files `later`; see shophouse.sources.Newest."""
        from shophouse.lake._newest import newest

        files = [Path(file) for file in self._lake.data_files(self.source, self.table)]
        stored = self._head.schema if self._head else {}
        return newest([*files, *later], stored, key, columns, among, absent_from, self.folder / "spill")

    def commit(self, batches: Iterable[Batch]) -> LoadRecord | None:
        """Take all batches into one commit and return its record; None when nothing arrived.

        Quarantined rows are committed first, the data and the position last and together. Raises LakeError when a
        column changed its type, and whatever `batches` raises; nothing is visible then.
        """
        stored = self._head.schema if self._head else {}
        columns = dict(stored)
        arrived: list[Batch] = []
        for batch in batches:
            columns = self._merged(columns, batch.columns)
            arrived.append(batch)
        if not arrived:
            return None
        files = [file for batch in arrived for file in batch.files]
        data = [path for batch in arrived for path in batch.parquet]
        if not files and not data:
            if self._head:
                Ledger.touch(self._head, arrived[-1].position)
            return None
        for name, kind in LINEAGE.items():
            columns.setdefault(name, kind)
        rejected = [row for batch in arrived for row in batch.rejected]
        written = [self._data_file(path) for path in data]
        self._storage.keep(f"{self._root}/{self._part}", data)
        if rejected:
            self._quarantine(rejected)
        record = self._record(files, written, len(rejected))
        if self._storage.is_shared:
            # each is a request, so not before there is something to commit
            self._clean_ledgers()
        makes_snapshot = bool(data) or self._storage.is_shared
        ledger = self._ledger.with_load(record, files, written, arrived[-1].position, makes_snapshot)
        commit = (self._head.commit if self._head else 0) + 1
        properties = {
            "shophouse.load_id": str(self.load_id),
            "shophouse.commit": str(commit),
            "shophouse.ledger": ledger.write(self._storage, self._root, commit, self._lease.token),
            "shophouse.rows": str(sum(file.rows for file in ledger.data)),
        }
        self._commit(self.table, self._head, columns, properties, add=self._locations(self._root, data))
        self._committed = True
        return record

    _committed = False

    def _commit(
        self,
        table: str,
        head: Head | None,
        columns: Mapping[str, str],
        properties: Mapping[str, str],
        *,
        add: Iterable[str] = (),
    ) -> Head:
        from shophouse.lake._iceberg import commit

        with committing(self._lease):
            location = commit(
                self._lake.catalog,
                self._storage,
                (self.source, table),
                self._lake.location(self.source, table),
                columns,
                properties,
                expected=head.location if head else None,
                add=list(add),
            )
        return Head(location, self._storage)

    def _locations(self, folder: str, paths: Iterable[Path]) -> list[str]:
        base = self._storage.local(folder)
        return [f"{folder}/{path.relative_to(base).as_posix()}" for path in paths]

    def close(self) -> None:
        """Leave nothing of a load that was not committed."""
        if self._committed or (self._storage.is_shared and not self._lease.settled):
            return
        head = self._lake.head(self.source, self.table)
        # the commit may have gone through although what followed it failed
        if head is not None and head.load_id >= self.load_id and not self._storage.is_shared:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._storage.is_shared:
            left = self._storage.list(f"{self._root}/{self._part}")
            self._storage.delete([file.location for file in left])

    def _clean(self, committed: int) -> None:
        """Remove what loads left that were killed before their commit."""
        if self._rejected and self._rejected.load_id > committed:
            with committing(self._lease):
                self._rejected = withdraw(self._lake, self.source, self.table, self._rejected, committed)
        if not self._storage.is_shared:
            sweep(self._lake, self.source, self.table, self._head, self._lease)
            self._clean_ledgers()

    def _clean_ledgers(self) -> None:
        Ledger.clean(self._storage, self._root, self._head.commit if self._head else 0, self._lease)

    def _quarantine(self, rejected: list[Rejected]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = self._lake.location(self.source, self.table + QUARANTINE)
        folder = self._storage.local(f"{place}/{self._part}")
        folder.mkdir(parents=True, exist_ok=True)
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
        loaded_at = self.loaded_at.replace(tzinfo=None)
        rows = pa.Table.from_arrays(
            [
                pa.array([self.load_id] * len(rejected), pa.int64()),
                pa.array([loaded_at] * len(rejected), pa.timestamp("us")),
                pa.array([row.source_file for row in rejected], pa.string()),
                pa.array([row.line for row in rejected], pa.int64()),
                pa.array([row.column_name for row in rejected], pa.string()),
                pa.array([row.reason for row in rejected], pa.string()),
                pa.array([row.raw for row in rejected], pa.string()),
            ],
            schema=schema,
        )
        path = folder / "rejected.parquet"
        pq.write_table(rows, path, compression="zstd")
        self._storage.keep(f"{place}/{self._part}", [path])
        self._rejected = self._commit(
            self.table + QUARANTINE,
            self._rejected,
            QUARANTINE_COLUMNS,
            {"shophouse.load_id": str(self.load_id)},
            add=self._locations(place, [path]),
        )

    def _merged(self, columns: dict[str, str], arriving: dict[str, str]) -> dict[str, str]:
        merged = dict(columns)
        lower = {name.lower(): name for name in columns}
        for name, kind in arriving.items():
            if lower.get(name.lower(), name) != name:
                raise LakeError(
                    f"column {name} is called {lower[name.lower()]} in the lake",
                    where=f"table {self.source}.{self.table}",
                    why="two columns can't differ in upper and lower case alone",
                    hint=f"declare it as {lower[name.lower()]}",
                )
            if name in merged and merged[name] != kind:
                from shophouse.lake._iceberg import widened

                try:
                    merged[name] = widened(name, merged[name], kind)
                except LakeError as error:
                    error.where = (f"table {self.source}.{self.table}",)
                    raise
            else:
                merged[name] = kind
        return merged

    def _data_file(self, path: Path) -> DataFile:
        import pyarrow.parquet as pq

        rows = pq.read_metadata(path).num_rows
        return DataFile(
            f"{self._part}/{path.relative_to(self.folder).as_posix()}",
            rows,
            path.stat().st_size,
            self.load_id,
            self.load_id,
        )

    def _record(self, files: list[FileRead], data: list[DataFile], rejected: int) -> LoadRecord:
        return LoadRecord(
            source=self.source,
            table=self.table,
            load_id=self.load_id,
            run_id=self._run_id,
            loaded_at=self.loaded_at,
            files=len(files),
            rows=sum(file.rows for file in data),
            rejected_rows=rejected,
            bytes=sum(file.bytes for file in files),
            seconds=round(time.monotonic() - self._started, 3),
        )
