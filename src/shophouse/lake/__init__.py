"""The landing: append-only Apache Iceberg tables, each commit holding data and progress together.

They lie in a folder of this machine or in a bucket. Reading what a local lake holds needs the standard library only;
pyiceberg is imported by what commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import LakeError
from shophouse.lake._catalog import QUARANTINE, Head
from shophouse.lake._ledger import Ledger, LoadFile, LoadRecord
from shophouse.lake._storage import Lease, LocalStorage, Storage
from shophouse.lake.catalogs import Catalog, Pinned, catalog_of
from shophouse.lake.catalogs.sqlite import SqliteCatalog
from shophouse.lake.load import Load
from shophouse.lake.maintenance import Change, Compaction, Expiry
from shophouse.sources import Position

if TYPE_CHECKING:
    import pyarrow as pa

    from shophouse.project import Project

__all__ = ["Change", "Compaction", "Expiry", "Lake", "Load", "LoadFile", "LoadRecord"]


class Lake:
    """Iceberg tables; a table is (source, table). The first load makes what is not there yet.

    `root` is a folder of this machine, and holds the catalog, unless a storage and a catalog are given.
    """

    def __init__(
        self, root: Path | str = "", *, storage: Storage | None = None, catalog: Catalog | None = None
    ) -> None:
        self.storage: Storage = storage or LocalStorage(root)
        self.catalog: Catalog = catalog or SqliteCatalog(self.root / "catalog.db", self.storage)

    @classmethod
    def of(cls, project: Project) -> Lake:
        """The lake that the project file describes. Raises ConfigError for a variable that isn't set."""
        settings = project.lake
        storage: Storage
        if settings.is_remote:
            from shophouse.lake._objects import ObjectStorage

            storage = ObjectStorage(
                settings.path, project.absolute(settings.cache), settings.storage, cache_bytes=settings.cache_size
            )
        else:
            storage = LocalStorage(project.lake_folder)
        return cls(storage=storage, catalog=catalog_of(settings.catalog, storage, project.folder))

    def pinned(self) -> Lake:
        """The lake as it is now, for reading: what others commit meanwhile is not in it."""
        return Lake(storage=self.storage, catalog=Pinned(self.catalog))

    @property
    def root(self) -> Path:
        """The lake's folder on this machine; of a lake in a bucket, the copies'."""
        return self.storage.local(f"{self.storage.base}/x").parent

    def heads(self) -> dict[tuple[str, str], str]:
        """Each table's newest metadata file. Equal heads mean equal tables; costs a millisecond."""
        return {name: place for name, place in self.catalog.heads().items() if not name[1].endswith(QUARANTINE)}

    def tables(self) -> list[tuple[str, str]]:
        return list(self.heads())

    def schema(self, source: str, table: str) -> dict[str, str]:
        """Column names and types, with the lineage columns; empty for a table that never arrived."""
        head = self.head(source, table)
        return head.schema if head else {}

    def identity(self, source: str, table: str) -> str:
        """Another one when the table was dropped and made anew; empty for a table that never arrived."""
        head = self.head(source, table)
        return str(head.metadata["table-uuid"]) if head else ""

    def data_files(self, source: str, table: str) -> list[str]:
        """Absolute paths of the current snapshot's Parquet files on this machine, oldest load first.

        Of a lake in a bucket they are copies, which are made here. Files of older loads lack columns that came later.
        """
        head = self.head(source, table)
        if head is None:
            return []
        ledger = Ledger.of(head)
        if head.metadata.get("last-sequence-number", 0) == ledger.sequence:
            locations = [f"{head.folder}/{file.path}" for file in ledger.data]
        else:
            from shophouse.lake.maintenance import planned_files

            locations = planned_files(self, source, table)
        return [str(path) for path in self.storage.fetch(locations)]

    def files_after(self, source: str, table: str, load_id: int) -> list[str]:
        """Absolute paths of the Parquet files that hold rows of later loads than this one, perhaps beside others."""
        head = self.head(source, table)
        if head is None:
            return []
        later = [f"{head.folder}/{file.path}" for file in Ledger.of(head).data if file.last_load > load_id]
        return [str(path) for path in self.storage.fetch(later)]

    def small_files(self, source: str, table: str) -> int:
        """How many small files loads brought that were not merged yet: what slows readers down."""
        from shophouse.lake.maintenance import small_files

        return small_files(self, source, table)

    def position(self, source: str, table: str) -> Position | None:
        """How far the table has been read, in its source's own terms."""
        head = self.head(source, table)
        return Ledger.current(head).position if head else None

    def loads(self, source: str, table: str) -> list[LoadRecord]:
        """Every load that was committed, oldest first."""
        head = self.head(source, table)
        return Ledger.of(head).load_records(source, table) if head else []

    def load_files(self, source: str, table: str) -> list[LoadFile]:
        """Every (load, file) pair, oldest first, with the newer load of the same path where there is one."""
        head = self.head(source, table)
        return Ledger.of(head).load_files(source, table) if head else []

    def quarantine(self, source: str, table: str) -> pa.Table:
        """The rows that could not be read, of committed loads.

        Columns: _load_id, _loaded_at, _source_file, line, column_name, reason, raw.
        """
        from shophouse.lake.maintenance import quarantined

        return quarantined(self, source, table)

    @contextmanager
    def load(self, source: str, table: str, *, run_id: str | None = None, wait: float = 0) -> Iterator[Load]:
        """The table's next load, under its write lease: ids grow in the order of commits.

        Waits up to `wait` seconds for another writer; raises LockedError that says who it is.
        """
        with self.lease(source, table, wait) as lease:
            load = Load(self, source, table, run_id, lease)
            try:
                yield load
            finally:
                load.close()

    def history(self, source: str, table: str) -> list[Change]:
        """The snapshots that the table still has, oldest first."""
        from shophouse.lake.maintenance import history

        return history(self, source, table)

    def compact(self, source: str, table: str, *, newest: bool = False, wait: float = 0) -> Compaction:
        """Merge small files into bigger ones. Every row, its lineage and its order stay, and so does the position.

        `newest` merges those that came last, and older ones only where they are not much larger: for a table that is
        compacted often.
        """
        from shophouse.lake.maintenance import compact

        with self.lease(source, table, wait) as lease:
            return compact(self, source, table, lease, newest=newest)

    def expire(
        self,
        source: str,
        table: str,
        *,
        keep: int = 1,
        older_than: timedelta | datetime = timedelta(days=7),
        contained: timedelta | None = None,
        wait: float = 0,
    ) -> Expiry:
        """Forget snapshots older than `older_than` but the newest `keep`, and delete the files that only they need.

        With `contained`, those older than this are forgotten, too, whose every row the next one has in the same files.
        Positions, loads and load files stay as they are. A reader that still uses such a file fails, so `older_than`
        has to exceed the longest query and the time between two builds.
        """
        from shophouse.lake.maintenance import expire

        with self.lease(source, table, wait) as lease:
            return expire(self, source, table, keep, older_than, contained, lease)

    def drop(self, source: str, table: str, *, wait: float = 0) -> None:
        """Delete a table with its quarantine, its history and its position: the next load reads everything anew."""
        from shophouse.lake.repair import drop

        with self.lease(source, table, wait):
            drop(self, source, table)

    def set_position(self, source: str, table: str, position: Position, *, wait: float = 0) -> None:
        """Have the next load read from another position on; what the lake has stays.

        Raises LakeError where there is no such table.
        """
        with self.lease(source, table, wait):
            head = self.head(source, table)
            if head is None:
                raise LakeError(f"the lake has no table {source}.{table}")
            Ledger.touch(head, position)

    def repair(self, source: str, table: str, *, wait: float = 0) -> None:
        """Rebuild a lost ledger of a table of files from its rows.

        Files unchanged since they were loaded are not read again; sizes and durations of loads are lost.
        """
        from shophouse.lake.repair import rebuild_ledger

        with self.lease(source, table, wait) as lease:
            rebuild_ledger(self, source, table, lease)

    def move(self) -> int:
        """Make a lake whose folder was moved or restored elsewhere at home where it is; returns the number of tables.

        Rows, positions and loads stay, older snapshots are forgotten. Nothing may be writing meanwhile.
        """
        from shophouse.lake.repair import move

        return move(self)

    def location(self, source: str, table: str) -> str:
        """Where a table is made; an existing one has its own in its metadata."""
        return f"{self.storage.base}/{source}/{table}"

    def folder(self, source: str, table: str) -> Path:
        """The same on this machine."""
        return self.storage.local(self.location(source, table))

    def head(self, source: str, table: str) -> Head | None:
        location = self.catalog.head((source, table))
        return Head(location, self.storage) if location else None

    @contextmanager
    def lease(self, source: str, table: str, wait: float = 0) -> Iterator[Lease]:
        with self.storage.lease(f"{source}.{table}", f"table {source}.{table}", wait) as lease:
            if lease.taken_over:
                from shophouse.lake.load import recover

                recover(self, source, table, lease)
            yield lease
