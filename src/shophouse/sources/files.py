"""Files that a shop's systems leave in a folder: CSV, Parquet and newline-delimited JSON, plain or packed.

A file is known by its path. New ones and those whose bytes changed are read; size and time are looked at first, so that
nothing is opened when nothing happened. A path that vanished keeps its rows. What is missing in a changed file is for
the table's delivery to judge.

What can't be noticed: a plain CSV that was cut inside a number, and an unclosed quote that a later quote closes. An
offset in a timestamp is dropped by the type `timestamp`, and a decimal read as bigint is rounded: declare such columns
as text or decimal.
"""

from __future__ import annotations

import glob
import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from shophouse.errors import ConfigError, SourceUnreachable
from shophouse.sources import Batch, Notice, Position, Progress, Table
from shophouse.sources._fingerprint import Compression, is_plain_utf8
from shophouse.sources._tolerance import USUAL_REJECTED_RATE
from shophouse.sources._work import File, Work, same_stat

__all__ = ["FilesSource", "position_of", "table_name"]

_log = logging.getLogger(__name__)

_ENDINGS = r"(\.(csv|tsv|txt|parquet|jsonl|ndjson|json|gz|gzip|zst|zstd))+$"


def table_name(path: str) -> str:
    """The table that a file belongs to where nothing is declared: its stem in snake_case."""
    stem = re.sub(_ENDINGS, "", Path(path).name, flags=re.IGNORECASE)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem)
    name = re.sub(r"\W+", "_", words).strip("_").lower() or "file"
    return f"_{name}" if name[0].isdigit() else name


def position_of(
    files: Sequence[tuple[str, int, int, datetime | None, int]],
) -> Position:
    """The position told from rows: of each path's newest load (path, load_id, rows, loaded_at in UTC, rejected rows).

    It knows no hashes: a file that has not changed since it was loaded is taken as read.
    """
    return {
        "files": {
            path: {
                "size": None,
                "mtime_ns": int(at.replace(tzinfo=UTC).timestamp() * 1e9) if at else 0,
                "sha256": None,
                "load_id": load_id,
                "rows": rows,
                "rejected": rejected,
            }
            for path, load_id, rows, at, rejected in files
        },
        "columns": {},
    }


class FilesSource:
    """The files of one or several globs, relative to `folder` or absolute; `**` goes into folders.

    `tables` are declared ones; without any, each file is a table named after it. `max_rejected_rate` is the share of a
    file's rows that may go to quarantine before the load is refused, though ten always may, except at 0.
    `compression` is told from a file's ending unless it is given. A file that changed within the last
    `settle_seconds` is waited for, and left to the next run when it changes while it is read.
    `null_values`, `quote`, `escape` and `decimal_separator` concern delimited files.
    """

    def __init__(
        self,
        name: str,
        folder: Path | str,
        path: str | Sequence[str],
        *,
        tables: Sequence[Table] = (),
        delimiter: str | None = None,
        encoding: str = "utf-8",
        header: bool = True,
        compression: Compression | None = None,
        null_values: Sequence[str] = ("",),
        decimal_separator: str = ".",
        quote: str = '"',
        escape: str = '"',
        max_rejected_rate: float = USUAL_REJECTED_RATE,
        settle_seconds: float = 0.5,
        memory_limit: str = "2GB",
        threads: int | None = None,
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> None:
        self.name = name
        self.folder = Path(folder).absolute()
        self.paths = (path,) if isinstance(path, str) else tuple(path)
        self.declared = tuple(tables)
        self.delimiter = delimiter
        self.encoding = encoding
        self.header = header
        self.compression = compression
        self.null_values = tuple(dict.fromkeys(("", *null_values)))
        self.decimal_separator = decimal_separator
        self.quote = quote
        self.escape = escape
        self.max_rejected_rate = max_rejected_rate
        self.settle_seconds = settle_seconds
        self.memory_limit = memory_limit
        self.threads = threads
        self.progress = progress
        self._notice = notice
        try:
            is_plain_utf8(encoding)
        except LookupError as error:
            raise ConfigError(
                f"source {name}: unknown encoding {encoding!r}",
                hint="utf-8, utf-16, latin-1, cp1252 …",
            ) from error

    def tables(self) -> list[Table]:
        """The declared tables, else one for each file found, by name."""
        if self.declared:
            return list(self.declared)
        names = sorted({table_name(file.label) for file in self._found()})
        return [Table(self.name, name) for name in names]

    def ignored(self) -> list[str]:
        """The files of the globs that belong to no declared table, as paths like `_source_file`."""
        if not self.declared:
            return []
        return [file.label for file in self._found() if not any(self._belongs(file, table) for table in self.declared)]

    def read(
        self,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield a batch for every few small files or one big one, in the order of their paths.

        Besides what Source.read says, raises SourceMismatch when too much of a file can't be read.
        """
        known: dict[str, dict[str, Any]] = dict((since or {}).get("files", {}))
        names: dict[str, str] = dict((since or {}).get("columns", {}))
        files = [file for file in self._files_of(table) if not same_stat(file, known.get(file.label))]
        if not files:
            return
        files = self._settled(files)
        work = Work(
            self,
            table,
            into,
            load_id,
            loaded_at,
            known,
            names,
            sum(file.size for file in files),
        )
        try:
            yield from work.batches(files)
        finally:
            work.close()

    def tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)

    def _files_of(self, table: Table) -> list[File]:
        found = self._found()
        if not self.declared:
            return [file for file in found if table_name(file.label) == table.name]
        mine = [file for file in found if self._belongs(file, table)]
        for other in self.declared:
            twice = [file.label for file in mine if other.name != table.name and self._belongs(file, other)]
            if twice:
                raise ConfigError(
                    f"source {self.name}: {twice[0]} belongs to two tables, {table.name} and {other.name}",
                    why=f"it matches both {table.files or '*'} and {other.files or '*'}",
                    hint="make one of the `files` patterns narrower",
                )
        return mine

    @staticmethod
    def _belongs(file: File, table: Table) -> bool:
        return table.files is None or fnmatchcase(file.path.name, table.files)

    def _found(self) -> list[File]:
        found: dict[str, File] = {}
        for pattern in self.paths:
            full = os.path.join(glob.escape(str(self.folder)), pattern) if not os.path.isabs(pattern) else pattern
            fixed = (
                Path(re.split(r"[*?\[]", pattern, maxsplit=1)[0] + "x").parent
                if glob.has_magic(pattern)
                else Path(pattern).parent
            )
            if not (self.folder / fixed).is_dir():
                raise SourceUnreachable(
                    f"source {self.name}: the folder {self.folder / fixed} is not there",
                    hint=f"make it, or change `path: {pattern}` of the source in shophouse.yml",
                )
            for name in glob.iglob(full, recursive=True):
                path = Path(name)
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue
                if path.is_file():
                    label = (
                        path.relative_to(self.folder).as_posix()
                        if path.is_relative_to(self.folder)
                        else path.as_posix()
                    )
                    found[label] = File(label, path, stat.st_size, stat.st_mtime_ns)
        return [found[label] for label in sorted(found)]

    def _settled(self, files: Sequence[File]) -> list[File]:
        """The files, after waiting for the newest to be `settle_seconds` old."""
        age = time.time() - max(file.mtime_ns for file in files) / 1e9
        if 0 <= age < self.settle_seconds:
            time.sleep(self.settle_seconds - age)
        return list(files)
