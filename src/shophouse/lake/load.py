"""A load: rows of one table on their way into the lake, visible all at once or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import LakeError
from shophouse.lake._catalog import QUARANTINE, Head
from shophouse.lake._ledger import DataFile, Ledger, LoadRecord, sync
from shophouse.sources import LINEAGE, Batch, FileRead, Position, Rejected

if TYPE_CHECKING:
    import pyarrow as pa

    from shophouse.lake import Lake

__all__ = ["QUARANTINE_COLUMNS", "Load", "loads_beyond"]

QUARANTINE_COLUMNS = {
    "_load_id": "bigint",
    "_loaded_at": "timestamp",
    "_source_file": "text",
    "line": "bigint",
    "column_name": "text",
    "reason": "text",
    "raw": "text",
}


def loads_beyond(folder: Path, prefix: str, number: int) -> list[Path]:
    """The folders `<prefix>-<n>` of a table's data whose number is above `number`: nothing committed is in them."""
    found = (path for path in (folder / "data").glob(f"{prefix}-*") if path.name.rpartition("-")[2].isdigit())
    return [path for path in found if int(path.name.rpartition("-")[2]) > number]


class Load:
    """One table's next load, while its lease is held.

    Write Parquet into `folder`, `load_id` and `loaded_at` in every row; `position` is how far the table was read
    before, None at first. Then commit. Without a commit nothing of it stays.
    """

    def __init__(self, lake: Lake, source: str, table: str, run_id: str | None) -> None:
        self.source = source
        self.table = table
        self.loaded_at = datetime.now(UTC)
        self._lake = lake
        self._run_id = run_id
        self._started = time.monotonic()
        self._head = lake.head(source, table)
        self._ledger = Ledger.of(self._head) if self._head else Ledger()
        self._root = lake.folder(source, table)
        committed = self._head.load_id if self._head else 0
        self.load_id = committed + 1
        self._clean(committed)
        self.folder = self._root / "data" / f"load-{self.load_id:08}"
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
        for path in data:
            sync(path)
        sync(self.folder)
        if rejected:
            self._quarantine(rejected)
        record = self._record(files, written, len(rejected))
        ledger = self._ledger.with_load(record, files, written, arrived[-1].position)
        commit = (self._head.commit if self._head else 0) + 1
        properties = {
            "shophouse.load_id": str(self.load_id),
            "shophouse.commit": str(commit),
            "shophouse.ledger": ledger.write(self._root, commit),
            "shophouse.rows": str(sum(file.rows for file in ledger.data)),
        }
        from shophouse.lake._iceberg import commit as commit_to_iceberg

        commit_to_iceberg(
            self._lake.root,
            self.source,
            self.table,
            self._root,
            columns,
            properties,
            add=data,
        )
        self._committed = True
        return record

    _committed = False

    def close(self) -> None:
        """Leave nothing of a load that was not committed."""
        if not self._committed:
            head = self._lake.head(self.source, self.table)
            # the commit may have gone through although what followed it failed
            if head is None or head.load_id < self.load_id:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _clean(self, committed: int) -> None:
        """Remove what loads left that were killed before their commit."""
        quarantine = self._lake.head(self.source, self.table + QUARANTINE)
        place = self._lake.folder(self.source, self.table + QUARANTINE)
        if quarantine and quarantine.load_id > committed:
            self._empty_quarantine(quarantine, committed)
        for folder in (
            *loads_beyond(self._root, "load", committed),
            *loads_beyond(place, "load", committed),
        ):
            shutil.rmtree(folder)
        Ledger.clean(self._root, self._head.commit if self._head else 0)
        for folder in loads_beyond(self._root, "compact", self._head.commit if self._head else 0):
            shutil.rmtree(folder)

    def _empty_quarantine(self, head: Head, committed: int) -> None:
        from shophouse.lake._iceberg import commit

        place = head.folder
        gone = [
            str(path.relative_to(place))
            for folder in loads_beyond(place, "load", committed)
            for path in folder.glob("*.parquet")
        ]
        commit(
            self._lake.root,
            self.source,
            self.table + QUARANTINE,
            place,
            QUARANTINE_COLUMNS,
            {"shophouse.load_id": str(committed)},
            remove=gone,
        )

    def _quarantine(self, rejected: list[Rejected]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = self._lake.folder(self.source, self.table + QUARANTINE)
        folder = place / "data" / f"load-{self.load_id:08}"
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
        sync(path)
        from shophouse.lake._iceberg import commit

        commit(
            self._lake.root,
            self.source,
            self.table + QUARANTINE,
            place,
            QUARANTINE_COLUMNS,
            {"shophouse.load_id": str(self.load_id)},
            add=[path],
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
            path.relative_to(self._root).as_posix(),
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
