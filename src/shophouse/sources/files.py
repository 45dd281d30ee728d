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
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from shophouse.errors import ConfigError, SourceMismatch, SourceUnreachable
from shophouse.sources import Batch, FileRead, Notice, Position, Progress, Rejected, Table
from shophouse.sources._fingerprint import Compression, compression_of, fingerprint, is_plain_utf8
from shophouse.sources._header import Header, match_columns, read_header

__all__ = ["FilesSource", "position_of", "table_name"]

_log = logging.getLogger(__name__)

_GROUP_BYTES = 64 << 20
_GROUP_FILES = 500
_FEW_REJECTED = 10
_ENDINGS = r"(\.(csv|tsv|txt|parquet|jsonl|ndjson|json|gz|gzip|zst|zstd))+$"


def table_name(path: str) -> str:
    """The table that a file belongs to where nothing is declared: its stem in snake_case."""
    stem = re.sub(_ENDINGS, "", Path(path).name, flags=re.IGNORECASE)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem)
    name = re.sub(r"\W+", "_", words).strip("_").lower() or "file"
    return f"_{name}" if name[0].isdigit() else name


def position_of(files: Sequence[tuple[str, int, int, datetime | None, int]]) -> Position:
    """The position told from rows: (source_file, load_id, rows, loaded_at in UTC, rejected rows) of each path's newest load.

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


@dataclass(frozen=True)
class _File:
    label: str
    path: Path
    size: int
    mtime_ns: int

    @property
    def kind(self) -> Literal["csv", "parquet", "json"]:
        endings = [ending.lower() for ending in self.path.suffixes[-2:]]
        if ".parquet" in endings[-1:]:
            return "parquet"
        return "json" if {".json", ".jsonl", ".ndjson"} & set(endings) else "csv"


@dataclass(frozen=True)
class _Ready:
    """A file that was hashed, and where DuckDB is to read it. `shape` says what may be read together with it."""

    file: _File
    sha256: str
    path: Path
    shape: Any


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
        max_rejected_rate: float = 0.1,
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
                f"source {name}: unknown encoding {encoding!r}", hint="utf-8, utf-16, latin-1, cp1252 …"
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
        self, table: Table, since: Position | None, into: Path, load_id: int, loaded_at: datetime
    ) -> Iterator[Batch]:
        """Yield a batch for every few small files or one big one, in the order of their paths.

        Besides what Source.read says, raises SourceMismatch when too much of a file can't be read.
        """
        known: dict[str, dict[str, Any]] = dict((since or {}).get("files", {}))
        names: dict[str, str] = dict((since or {}).get("columns", {}))
        files = [file for file in self._files_of(table) if not _same_stat(file, known.get(file.label))]
        if not files:
            return
        files = self._settled(files)
        work = _Work(self, table, into, load_id, loaded_at, known, names, sum(file.size for file in files))
        try:
            yield from work.batches(files)
        finally:
            work.close()

    def tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)

    def _files_of(self, table: Table) -> list[_File]:
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
    def _belongs(file: _File, table: Table) -> bool:
        return table.files is None or fnmatchcase(file.path.name, table.files)

    def _found(self) -> list[_File]:
        found: dict[str, _File] = {}
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
                    found[label] = _File(label, path, stat.st_size, stat.st_mtime_ns)
        return [found[label] for label in sorted(found)]

    def _settled(self, files: Sequence[_File]) -> list[_File]:
        """The files, after waiting for the newest to be `settle_seconds` old."""
        age = time.time() - max(file.mtime_ns for file in files) / 1e9
        if 0 <= age < self.settle_seconds:
            time.sleep(self.settle_seconds - age)
        return list(files)


class _Work:
    """One read of one table."""

    def __init__(
        self,
        source: FilesSource,
        table: Table,
        into: Path,
        load_id: int,
        loaded_at: datetime,
        known: dict[str, dict[str, Any]],
        names: dict[str, str],
        total: int,
    ) -> None:
        from shophouse.sources._reading import Reader

        self._source = source
        self._table = table
        self._into = into
        self._scratch = into / "scratch"
        self._load_id = load_id
        self._known = known
        self._names = names
        self._total = 2 * total
        self._done = 0
        self._parts = 0
        self._reader = Reader(
            self._scratch, load_id, loaded_at, self._refuse_if_broken, source.memory_limit, source.threads
        )

    def close(self) -> None:
        self._reader.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def batches(self, files: Sequence[_File]) -> Iterator[Batch]:
        group: list[_Ready] = []
        touched = False
        for file in files:
            ready = self._prepared(file)
            if ready is None:
                continue
            before = self._known.get(file.label)
            if before is not None and self._unchanged(before, ready):
                self._known[file.label] = {
                    **before,
                    "size": file.size,
                    "mtime_ns": file.mtime_ns,
                    "sha256": ready.sha256,
                }
                touched = True
                self._credit(file)
                continue
            full = sum(other.file.size for other in group) + file.size > _GROUP_BYTES or len(group) >= _GROUP_FILES
            if group and (full or group[0].shape != ready.shape):
                yield from self._read(group)
                group = []
            group.append(ready)
        if group:
            yield from self._read(group)
        if touched:
            yield Batch(self._position())

    def _position(self) -> Position:
        return {"files": dict(self._known), "columns": dict(self._names)}

    @staticmethod
    def _unchanged(before: Mapping[str, Any], ready: _Ready) -> bool:
        # a position that was rebuilt from the rows knows no hash, only that nothing older than this was missed
        if before["sha256"] is None:
            return bool(ready.file.mtime_ns <= before["mtime_ns"])
        return bool(before["sha256"] == ready.sha256)

    def _prepared(self, file: _File, newlines: bool = False) -> _Ready | None:
        """The file hashed and, where needed, unpacked; None when it changed meanwhile."""
        source = self._source
        compression = source.compression or compression_of(file.path)
        text = file.kind != "parquet"
        plain = compression == "none" and not glob.has_magic(str(file.path)) and not newlines
        copy = None
        if not plain or (text and not is_plain_utf8(source.encoding)):
            self._parts += 1
            copy = self._scratch / "unpacked" / f"{self._parts}{'' if text else '.parquet'}"
            if glob.has_magic(str(copy)):
                raise ConfigError(
                    f"the lake's folder {self._into} has one of *?[ in its name", hint="give it another name"
                )
        started = self._done

        def read(count: int) -> None:
            self._done = started + count
            self._tell_progress()

        digest = fingerprint(
            file.path,
            f"source {source.name}: {file.label}",
            compression=compression,
            encoding=source.encoding if text else "utf-8",
            copy=copy,
            newlines=newlines,
            done=read if source.progress else None,
        )
        if not _stands_still(file):
            source.tell(f"{source.name}.{self._table.name}: {file.label} is being written, it is left to the next run")
            return None
        path = copy or file.path
        return _Ready(file, digest, path, self._shape(file, path))

    def _shape(self, file: _File, path: Path) -> Any:
        if path.stat().st_size == 0:
            return None
        if file.kind == "csv":
            return read_header(path, file.label, self._table, self._source.delimiter, self._source.header)
        if file.kind == "parquet":
            from shophouse.sources._reading import Part

            return ("parquet", tuple(self._reader.parquet_columns(Part(file.label, path)).items()))
        return "json"

    def _read(self, group: Sequence[_Ready]) -> Iterator[Batch]:
        """The group's batch, without those files that changed while they were read."""
        while group:
            result = self._result(group)
            still = [ready for ready in group if _stands_still(ready.file)]
            if len(still) == len(group):
                yield self._batch(group, result)
                return
            for ready in group:
                if ready not in still:
                    self._source.tell(
                        f"{self._source.name}.{self._table.name}: {ready.file.label} is being written, it is left to the next run"
                    )
            if result.parquet:
                result.parquet.unlink()
            group = still

    def _result(self, group: Sequence[_Ready]) -> Any:
        from shophouse.sources._reading import MixedNewlines, Part, Result

        parts = [Part(ready.file.label, ready.path) for ready in group]
        self._parts += 1
        into = self._into / f"part-{self._parts:05}.parquet"
        shape = group[0].shape
        types = self._table.types
        try:
            if shape is None:
                for part in parts:
                    self._source.tell(f"{self._source.name}.{self._table.name}: {part.label} is empty")
                return Result(dict(types), {part.label: 0 for part in parts})
            if isinstance(shape, Header):
                columns = self._matched(parts, shape.names)
                return self._reader.csv(parts, shape.names, columns, types, self._csv_options(shape), into)
            if shape == "json":
                return self._reader.json(
                    parts, lambda label, keys: match_columns(self._table, label, keys, self._names), types, into
                )
            found = dict(shape[1])
            return self._reader.parquet(parts, self._matched(parts, list(found)), types, found, into)
        except MixedNewlines:
            again = [self._prepared(ready.file, newlines=True) for ready in group]
            return self._result([ready for ready in again if ready is not None])

    def _matched(self, parts: Sequence[Any], names: Sequence[str]) -> dict[str, str | None]:
        return match_columns(self._table, parts[0].label, names, self._names)

    def _csv_options(self, header: Header) -> str:
        from shophouse.sources._reading import literal

        source = self._source
        nulls = ", ".join(literal(value) for value in source.null_values)
        return (
            f"header = {str(source.header).lower()}, delim = {literal(header.delimiter)}, quote = {literal(source.quote)}, "
            f"escape = {literal(source.escape)}, nullstr = [{nulls}], decimal_separator = {literal(source.decimal_separator)}"
        )

    def _batch(self, group: Sequence[_Ready], result: Any) -> Batch:
        rejected: dict[str, list[Rejected]] = {}
        for row in result.rejected:
            rejected.setdefault(row.source_file, []).append(row)
        files = []
        for ready in group:
            file, rows, bad = ready.file, result.rows[ready.file.label], rejected.get(ready.file.label, [])
            files.append(FileRead(file.label, rows, len(bad), file.size))
            self._known[file.label] = {
                "size": file.size,
                "mtime_ns": file.mtime_ns,
                "sha256": ready.sha256,
                "load_id": self._load_id,
                "rows": rows,
                "rejected": len(bad),
            }
            self._credit(file)
            if ready.path != file.path:
                ready.path.unlink(missing_ok=True)
        parquet = [result.parquet] if result.parquet else []
        return Batch(self._position(), parquet, result.columns, files, result.rejected)

    def _refuse_if_broken(self, label: str, rows: int, bad: int, first: Rejected) -> None:
        rate = self._source.max_rejected_rate
        if bad > (max(_FEW_REJECTED, rate * (rows + bad)) if rate > 0 else 0):
            raise SourceMismatch(
                f"{self._table.name}: {bad:,} of {rows + bad:,} rows of {label} can't be read",
                where=f"source {self._source.name}, first at line {first.line}: {(first.raw or '')[:200]!r}",
                why=[
                    first.reason,
                    f"more than max_rejected_rate ({rate:g}) allows; nothing of {self._table.name} was loaded",
                ],
                hint="are delimiter, encoding, decimal_separator, header and types right? "
                f"Else raise max_rejected_rate of source {self._source.name}",
            )

    def _credit(self, file: _File) -> None:
        self._done += file.size
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._source.progress:
            self._source.progress(f"{self._source.name}.{self._table.name}", min(self._done, self._total), self._total)


def _same_stat(file: _File, known: Mapping[str, Any] | None) -> bool:
    return (
        known is not None
        and known["sha256"] is not None
        and (known["size"], known["mtime_ns"]) == (file.size, file.mtime_ns)
    )


def _stands_still(file: _File) -> bool:
    try:
        stat = file.path.stat()
    except FileNotFoundError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (file.size, file.mtime_ns)
