"""The ledger: how far a table has been read, which loads brought what, and which files hold it.

It stands in a file of its own beside the data, named by a property that is set in the same commit as the data. In the
snapshots' summaries it would vanish with `expire`, in the properties themselves a thousand file names would be written
anew with every commit.
"""

from __future__ import annotations

import gzip
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shophouse.errors import LakeError
from shophouse.sources import FileRead, Position

if TYPE_CHECKING:
    from shophouse.lake._catalog import Head
    from shophouse.lake._storage import Lease, Storage

__all__ = ["DataFile", "Ledger", "LoadFile", "LoadRecord", "LostLedger"]

_KEPT = 3


class LostLedger(LakeError):
    """A ledger's file is lost or damaged."""


@dataclass(frozen=True)
class LoadRecord:
    """A load that was committed. `seconds` is its wall time, `bytes` the size of the files read."""

    source: str
    table: str
    load_id: int
    run_id: str | None
    loaded_at: datetime
    files: int
    rows: int
    rejected_rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class LoadFile:
    """What a load brought from a file. `superseded_by` is the next load of the same path, None for the newest."""

    source: str
    table: str
    load_id: int
    source_file: str
    rows: int
    rejected_rows: int
    superseded_by: int | None


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of the current snapshot: its path inside the table's folder, and the loads that it holds."""

    path: str
    rows: int
    bytes: int
    first_load: int
    last_load: int


@dataclass
class Ledger:
    """`sequence` is the Iceberg sequence number of the snapshot that `data` lists: another means foreign commits."""

    position: Position | None = None
    loads: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[int, str, int, int, int | None]] = field(default_factory=list)
    data: list[DataFile] = field(default_factory=list)
    sequence: int = 0

    def with_load(
        self,
        record: LoadRecord,
        files: list[FileRead],
        data: list[DataFile],
        position: Position,
        makes_snapshot: bool,
    ) -> Ledger:
        read = {file.source_file for file in files}
        older = [
            (
                load,
                path,
                rows,
                bad,
                record.load_id if by is None and path in read else by,
            )
            for load, path, rows, bad, by in self.files
        ]
        newer = [(record.load_id, file.source_file, file.rows, file.rejected_rows, None) for file in files]
        entry = {key: value for key, value in asdict(record).items() if key not in ("source", "table")}
        return replace(
            self,
            position=position,
            loads=[*self.loads, {**entry, "loaded_at": record.loaded_at.isoformat()}],
            files=[*older, *newer],
            data=[*self.data, *data],
            sequence=self.sequence + makes_snapshot,
        )

    def load_records(self, source: str, table: str) -> list[LoadRecord]:
        return [
            LoadRecord(
                source,
                table,
                **{**load, "loaded_at": datetime.fromisoformat(load["loaded_at"])},
            )
            for load in self.loads
        ]

    def load_files(self, source: str, table: str) -> list[LoadFile]:
        return [LoadFile(source, table, *file) for file in self.files]

    def write(self, storage: Storage, folder: str, commit: int, token: str = "") -> str:
        """Store it for commit number `commit` and return the name that the table's property gets."""
        name = f"ledger-{commit:08}{token and '-'}{token}.json.gz"
        # not asdict() of all: it copies each load and each file
        content = {**vars(self), "data": [asdict(file) for file in self.data]}
        storage.write(f"{folder}/ledger/{name}", _packed({"version": 1, **content}))
        return name

    @classmethod
    def of(cls, head: Head) -> Ledger:
        """The ledger of a table as of its commit `head`. Raises LostLedger."""
        return cls.at(head.folder, head)

    @classmethod
    def at(cls, folder: str, head: Head) -> Ledger:
        """The same, of a table that lies in another folder than its metadata says."""
        name = head.properties.get("shophouse.ledger")
        if name is None:
            return cls()
        location = f"{folder}/ledger/{name}"
        try:
            stored = json.loads(gzip.decompress(head.storage.fetch([location])[0].read_bytes()))
        except (OSError, EOFError, ValueError) as error:
            raise LostLedger(
                f"the ledger {location} can't be read",
                why=str(error).splitlines()[:1],
                hint="rebuild it from the rows: shophouse lake repair",
            ) from error
        return cls(
            position=stored["position"],
            loads=stored["loads"],
            files=[(load, path, rows, bad, by) for load, path, rows, bad, by in stored["files"]],
            data=[DataFile(**file) for file in stored["data"]],
            sequence=stored["sequence"],
        )

    @classmethod
    def current(cls, head: Head, folder: str | None = None) -> Ledger:
        """The ledger with the position that was noted last, which means the same data as the committed one."""
        folder = folder or head.folder
        ledger = cls.at(folder, head)
        if name := head.properties.get("shophouse.ledger"):
            with suppress(FileNotFoundError):
                ledger.position = json.loads(gzip.decompress(head.storage.read(_touched(folder, name))))
        return ledger

    @staticmethod
    def touch(head: Head, position: Position) -> None:
        """Note a position that means the same data as the committed one: if it is lost, files are hashed again."""
        head.storage.write(_touched(head.folder, head.properties["shophouse.ledger"]), _packed(position))

    @staticmethod
    def clean(storage: Storage, folder: str, commit: int, lease: Lease) -> None:
        """Remove what no reader can be looking at: ledgers of commits that never came, or were long ago."""
        old = []
        for file in storage.list(f"{folder}/ledger"):
            number = re.match(r"[a-z]+-(\d+)", file.location.rpartition("/")[2])
            if number is None or not commit - _KEPT < int(number[1]) <= commit:
                old.append(file.location)
        if old:
            lease.renew()
            storage.delete(old)


def _touched(folder: str, ledger: str) -> str:
    return f"{folder}/ledger/{ledger.replace('ledger-', 'touched-')}"


def _packed(content: Any) -> bytes:
    return gzip.compress(
        json.dumps(content, default=str, separators=(",", ":")).encode(),
        compresslevel=5,
        mtime=0,
    )
