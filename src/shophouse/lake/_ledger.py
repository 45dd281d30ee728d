"""The ledger: how far a table has been read, which loads brought what, and which files hold it.

It stands in a file of its own beside the data, named by a property that is set in the same commit as the data. In the
snapshots' summaries it would vanish with `expire`, in the properties themselves a thousand file names would be written
anew with every commit.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import LakeError
from shophouse.sources import FileRead, Position

if TYPE_CHECKING:
    from shophouse.lake._catalog import Head

__all__ = ["DataFile", "Ledger", "LoadFile", "LoadRecord", "sync", "write_atomically"]

_KEPT = 3


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
            sequence=self.sequence + bool(data),
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

    def write(self, folder: Path, commit: int) -> str:
        """Store it for commit number `commit` and return the name that the table's property gets."""
        name = f"ledger-{commit:08}.json.gz"
        write_atomically(folder / "ledger" / name, {"version": 1, **asdict(self)})
        return name

    @classmethod
    def of(cls, head: Head) -> Ledger:
        """The ledger of a table as of `head`. Raises LakeError when its file is lost or damaged."""
        return cls.at(head.folder, head)

    @classmethod
    def at(cls, folder: Path, head: Head) -> Ledger:
        """The same, of a table that lies in another folder than its metadata says."""
        name = head.properties.get("shophouse.ledger")
        if name is None:
            return cls()
        path = folder / "ledger" / name
        try:
            stored = json.loads(gzip.decompress(path.read_bytes()))
        except (OSError, EOFError, ValueError) as error:
            raise LakeError(
                f"the ledger {path} can't be read",
                why=str(error),
                hint="rebuild it from the rows: shophouse lake repair",
            ) from error
        ledger = cls(
            position=stored["position"],
            loads=stored["loads"],
            files=[(load, path, rows, bad, by) for load, path, rows, bad, by in stored["files"]],
            data=[DataFile(**file) for file in stored["data"]],
            sequence=stored["sequence"],
        )
        touched = _touched(path)
        if touched.exists():
            ledger.position = json.loads(gzip.decompress(touched.read_bytes()))
        return ledger

    @staticmethod
    def touch(head: Head, position: Position) -> None:
        """Note a position that means the same data as the committed one: if it is lost, files are hashed again."""
        write_atomically(
            _touched(head.folder / "ledger" / head.properties["shophouse.ledger"]),
            position,
        )

    @staticmethod
    def clean(folder: Path, commit: int) -> None:
        """Remove what no reader can be looking at: ledgers of commits that never came, or were long ago."""
        for path in (folder / "ledger").glob("*"):
            number = path.name.split("-")[1].split(".")[0] if "-" in path.name else ""
            if not number.isdigit() or not commit - _KEPT < int(number) <= commit:
                path.unlink(missing_ok=True)


def _touched(ledger: Path) -> Path:
    return ledger.with_name(ledger.name.replace("ledger-", "touched-"))


def write_atomically(path: Path, content: Any) -> None:
    """Write gzipped JSON so that a reader, or a machine that lost its power, finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(
        json.dumps(content, default=str, separators=(",", ":")).encode(),
        compresslevel=5,
        mtime=0,
    )
    part = path.with_name(f"part{os.getpid()}")
    part.write_bytes(packed)
    sync(part)
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file or a folder on the disk itself. Does nothing for folders where the system can't."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
