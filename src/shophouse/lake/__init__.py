"""The landing: append-only Apache Iceberg tables in a folder, each commit holding data and progress together.

Reading what the lake holds needs the standard library only; pyiceberg is imported by what commits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.lake._catalog import QUARANTINE, Head, heads
from shophouse.lake._lease import lease
from shophouse.lake._ledger import Ledger, LoadFile, LoadRecord
from shophouse.lake.load import Load
from shophouse.lake.maintenance import Change, Compaction, Expiry
from shophouse.sources import Position

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Change", "Compaction", "Expiry", "Lake", "Load", "LoadFile", "LoadRecord"]


class Lake:
    """The Iceberg tables under the folder `root`; a table is (source, table). The folder is made by the first load."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(os.path.abspath(root))

    def heads(self) -> dict[tuple[str, str], str]:
        """Each table's newest metadata file. Equal heads mean equal tables; costs a millisecond."""
        return {key: head.location for key, head in self._heads().items()}

    def tables(self) -> list[tuple[str, str]]:
        return list(self._heads())

    def schema(self, source: str, table: str) -> dict[str, str]:
        """Column names and types, with the lineage columns; empty for a table that never arrived."""
        head = self.head(source, table)
        return head.schema if head else {}

    def identity(self, source: str, table: str) -> str:
        """Another one when the table was dropped and made anew; empty for a table that never arrived."""
        head = self.head(source, table)
        return str(head.metadata["table-uuid"]) if head else ""

    def data_files(self, source: str, table: str) -> list[str]:
        """Absolute paths of the current snapshot's Parquet files, oldest load first.

        Files of older loads lack columns that came later.
        """
        head = self.head(source, table)
        if head is None:
            return []
        ledger = Ledger.of(head)
        if head.metadata.get("last-sequence-number", 0) == ledger.sequence:
            return [str(head.folder / file.path) for file in ledger.data]
        from shophouse.lake.maintenance import planned_files

        return planned_files(self, source, table)

    def files_after(self, source: str, table: str, load_id: int) -> list[str]:
        """Absolute paths of the Parquet files that hold rows of later loads than this one, perhaps beside others."""
        head = self.head(source, table)
        if head is None:
            return []
        return [str(head.folder / file.path) for file in Ledger.of(head).data if file.last_load > load_id]

    def small_files(self, source: str, table: str) -> int:
        """How many small files loads brought that were not merged yet: what slows readers down."""
        from shophouse.lake.maintenance import small_files

        return small_files(self, source, table)

    def position(self, source: str, table: str) -> Position | None:
        """How far the table has been read, in its source's own terms."""
        head = self.head(source, table)
        return Ledger.of(head).position if head else None

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
        with self.lease(source, table, wait):
            load = Load(self, source, table, run_id)
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

        with self.lease(source, table, wait):
            return compact(self, source, table, newest=newest)

    def expire(
        self,
        source: str,
        table: str,
        *,
        keep: int = 1,
        older_than: timedelta | datetime = timedelta(days=7),
        wait: float = 0,
    ) -> Expiry:
        """Forget snapshots older than `older_than` but the newest `keep`, and delete the files that only they need.

        Positions, loads and load files stay as they are. A reader that still uses such a file fails, so `older_than`
        has to exceed the longest query and the time between two builds.
        """
        from shophouse.lake.maintenance import expire

        with self.lease(source, table, wait):
            return expire(self, source, table, keep, older_than)

    def drop(self, source: str, table: str, *, wait: float = 0) -> None:
        """Delete a table with its quarantine, its history and its position: the next load reads everything anew."""
        from shophouse.lake.repair import drop

        with self.lease(source, table, wait):
            drop(self, source, table)

    def repair(self, source: str, table: str, *, wait: float = 0) -> None:
        """Rebuild a lost ledger of a table of files from its rows.

        Files unchanged since they were loaded are not read again; sizes and durations of loads are lost.
        """
        from shophouse.lake.repair import rebuild_ledger

        with self.lease(source, table, wait):
            rebuild_ledger(self, source, table)

    def move(self) -> int:
        """Make a lake whose folder was moved or restored elsewhere at home where it is; returns the number of tables.

        Rows, positions and loads stay, older snapshots are forgotten. Nothing may be writing meanwhile.
        """
        from shophouse.lake.repair import move

        return move(self)

    def folder(self, source: str, table: str) -> Path:
        return self.root / source / table

    def head(self, source: str, table: str) -> Head | None:
        return heads(self.root / "catalog.db").get((source, table))

    @contextmanager
    def lease(self, source: str, table: str, wait: float = 0) -> Iterator[None]:
        with lease(
            self.root / "locks" / f"{source}.{table}.lock",
            f"table {source}.{table}",
            wait,
        ):
            yield

    def _heads(self) -> dict[tuple[str, str], Head]:
        return {key: head for key, head in heads(self.root / "catalog.db").items() if not key[1].endswith(QUARANTINE)}
