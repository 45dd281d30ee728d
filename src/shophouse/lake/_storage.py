"""Where the lake's files are: a folder of this machine, or a bucket that several machines may write.

A file is named by its location, as Iceberg's metadata has it: an absolute path, or `s3://bucket/prefix/…`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shophouse.errors import LockedError
from shophouse.lake._lease import lease

__all__ = ["Lease", "LocalStorage", "Storage", "Stored", "TakenOver", "sync"]


@dataclass(frozen=True)
class Stored:
    """A file that is there, and its bytes."""

    location: str
    size: int


class TakenOver(LockedError):
    """Another writer came in between: nothing of what was to be committed is there, nor will be."""

    def __init__(self, what: str, *, holder: str | None = None, why: str | None = None) -> None:
        super().__init__(
            f"{what} was written by another process meanwhile",
            holder=holder,
            why=why,
            hint="nothing of this was kept, and nothing is lost: run it again",
        )


class Lease(Protocol):
    """The right to write a table, while its `with` block lasts."""

    token: str
    """Part of the name of each file that is written under this lease; empty where names can't meet."""
    taken_over: bool
    """Whether the holder before did not end well, and may still be at work without knowing that it lost the lease."""
    settled: bool
    """False while it is not known whether a commit went through. A lease that ends so counts as not ended well."""

    def renew(self) -> None:
        """Prove that nobody else held the lease up to now. Raises TakenOver."""


class Storage(Protocol):
    """The files of a lake below the location `base`."""

    base: str
    is_shared: bool
    """Whether other machines may write it. Names must then never be used twice, and each commit is a new snapshot."""

    def local(self, location: str) -> Path:
        """Where the file is on this machine, or is to be written before keep(); it need not be there."""

    def keep(self, location: str, paths: Sequence[Path]) -> None:
        """Have these files, written below local(location), in the storage for good when this returns."""

    def fetch(self, locations: Sequence[str]) -> list[Path]:
        """These files on this machine. They never change. Raises FileNotFoundError."""

    def read(self, location: str) -> bytes:
        """A file as it is now, which may be another one later. Raises FileNotFoundError."""

    def write(self, location: str, content: bytes) -> None:
        """Replace the file, so that a reader finds the old or the new one."""

    def list(self, location: str, after: str = "") -> list[Stored]:
        """All files below a folder; with `after` only those whose names there come after it, as text."""

    def delete(self, locations: Sequence[str]) -> None:
        """Those that are not there are no mistake."""

    def lease(self, name: str, what: str, wait: float = 0) -> AbstractContextManager[Lease]:
        """Be the only writer. Waits up to `wait` seconds; raises LockedError that says who holds it."""

    def is_exclusive(self) -> bool:
        """Whether a lease keeps others out here, found out by writing. Raises LakeError where writing is refused."""

    def properties(self) -> dict[str, str]:
        """What a catalog of pyiceberg needs to know to reach the same files."""


class _Held:
    token = ""
    taken_over = False
    settled = True

    def renew(self) -> None:
        """The operating system's lock can't be lost."""


class LocalStorage:
    """A folder of this machine. Leases are locks of the operating system, which fall when their holder dies."""

    is_shared = False

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.base = self.folder.as_posix()

    def local(self, location: str) -> Path:
        return Path(location.removeprefix("file://"))

    def keep(self, location: str, paths: Sequence[Path]) -> None:
        for path in paths:
            sync(path)
        sync(self.local(location))

    def fetch(self, locations: Sequence[str]) -> list[Path]:
        return [self.local(location) for location in locations]

    def read(self, location: str) -> bytes:
        return self.local(location).read_bytes()

    def write(self, location: str, content: bytes) -> None:
        path = self.local(location)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"part{os.getpid()}")
        part.write_bytes(content)
        sync(part)
        part.replace(path)
        sync(path.parent)

    def list(self, location: str, after: str = "") -> list[Stored]:
        folder = self.local(location)
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        return [
            Stored(path.as_posix(), path.stat().st_size)
            for path in found
            if path.relative_to(folder).as_posix() > after
        ]

    def delete(self, locations: Sequence[str]) -> None:
        folders = set()
        for location in locations:
            path = self.local(location)
            path.unlink(missing_ok=True)
            folders.add(path.parent)
        for folder in folders:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    @contextmanager
    def lease(self, name: str, what: str, wait: float = 0) -> Iterator[Lease]:
        with lease(self.folder / "locks" / f"{name}.lock", what, wait):
            yield _Held()

    def is_exclusive(self) -> bool:
        return True

    def properties(self) -> dict[str, str]:
        return {}


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
