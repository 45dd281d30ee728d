"""Where files lie: a folder of this machine here, a bucket in `_bucket`. Both find files, and have them at hand."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from shophouse.errors import SourceUnreachable

__all__ = ["Arrived", "File", "Folder", "Place", "same_stat"]

Arrived: TypeAlias = Callable[[int], None]
"""Told how many more bytes have come from afar; less than zero when some have to come again."""


@dataclass(frozen=True)
class File:
    """A file that was found. `label` is its name in the lake.

    One in a bucket has no `path`; its `etag` is another one when other bytes are written.
    """

    label: str
    size: int
    mtime_ns: int
    place: Place
    path: Path | None = None
    etag: str | None = None

    @property
    def name(self) -> str:
        return self.label.rpartition("/")[2]

    @property
    def kind(self) -> Literal["csv", "parquet", "json"]:
        endings = [ending.lower() for ending in Path(self.name).suffixes[-2:]]
        if ".parquet" in endings[-1:]:
            return "parquet"
        return "json" if {".json", ".jsonl", ".ndjson"} & set(endings) else "csv"

    def open(self) -> BinaryIO:
        """Its bytes, to look at their first or last ones. Raises SourceUnreachable or SourceMismatch."""
        return self.place.open(self)

    def stands_still(self) -> bool:
        """Whether it is still what was found; of a bucket's file only that is read, so it always is."""
        if self.path is None:
            return True
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns)


class Place(Protocol):
    is_remote: bool

    def files(self) -> list[File]:
        """What matches the pattern. Raises SourceUnreachable, or SourceMismatch when a person must act."""

    def open(self, file: File) -> BinaryIO:
        """See File.open."""

    def at_hand(self, files: Sequence[File], into: Path, arrived: Arrived) -> Generator[tuple[File, Path | None]]:
        """Each of the files, in order, with where it can be read; None when it is no longer what was found.

        What has to be copied is put into the folder `into`, and a little ahead of what is asked for. Raises as files().
        """


class Folder:
    """The files of a glob, relative to `folder` or absolute; `**` goes into folders."""

    is_remote = False

    def __init__(self, source: str, folder: Path, pattern: str, settle_seconds: float) -> None:
        self.source = source
        self.folder = folder
        self.pattern = pattern
        self.settle_seconds = settle_seconds

    def files(self) -> list[File]:
        pattern = self.pattern
        full = os.path.join(glob.escape(str(self.folder)), pattern) if not os.path.isabs(pattern) else pattern
        fixed = (
            Path(re.split(r"[*?\[]", pattern, maxsplit=1)[0] + "x").parent
            if glob.has_magic(pattern)
            else Path(pattern).parent
        )
        if not (self.folder / fixed).is_dir():
            raise SourceUnreachable(
                f"source {self.source}: the folder {self.folder / fixed} is not there",
                hint=f"make it, or change `path: {pattern}` of the source in shophouse.yml",
            )
        found = []
        for name in glob.iglob(full, recursive=True):
            path = Path(name)
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                label = (path.relative_to(self.folder) if path.is_relative_to(self.folder) else path).as_posix()
                found.append(File(label, stat.st_size, stat.st_mtime_ns, self, path))
        return found

    def open(self, file: File) -> BinaryIO:
        assert file.path is not None
        try:
            return file.path.open("rb")
        except OSError as error:
            raise SourceUnreachable(f"{file.label} can't be read", why=str(error)) from error

    def at_hand(self, files: Sequence[File], into: Path, arrived: Arrived) -> Generator[tuple[File, Path | None]]:
        self._settle(files)
        for file in files:
            yield file, file.path

    def _settle(self, files: Sequence[File]) -> None:
        """Wait for the newest to be `settle_seconds` old."""
        age = time.time() - max(file.mtime_ns for file in files) / 1e9
        if 0 <= age < self.settle_seconds:
            time.sleep(self.settle_seconds - age)


def same_stat(file: File, known: Mapping[str, Any] | None) -> bool:
    """Whether the file was read as it is, as far as can be told without its bytes."""
    if known is None or known["sha256"] is None:
        return False
    if file.etag is not None:
        return (known["size"], known.get("etag")) == (file.size, file.etag)
    return (known["size"], known["mtime_ns"]) == (file.size, file.mtime_ns)
