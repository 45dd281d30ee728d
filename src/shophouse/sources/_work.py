"""One read of one table of files: what changed, what goes together, what came out."""

from __future__ import annotations

import glob
import itertools
import os
import re
import shutil
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, SourceMismatch
from shophouse.sources import Batch, FileRead, Position, Rejected, Table
from shophouse.sources._fingerprint import compression_of, fingerprint, is_plain_utf8
from shophouse.sources._header import Header, match_columns, read_header
from shophouse.sources._place import File
from shophouse.sources._tolerance import is_refused

if TYPE_CHECKING:
    from shophouse.sources._reading import Reader, Result
    from shophouse.sources.files import FilesSource

__all__ = ["Work"]

_GROUP_BYTES = 64 << 20
_LEAST_GROUP_BYTES = 4 << 20
_GROUP_FILES = 500
# each has its part of the memory
_MOST_READERS = 8
# how far the clocks of a bucket and of this machine may be apart: beyond that S3 refuses
_CLOCKS_APART_NS = 15 * 60 * 10**9


@dataclass(frozen=True)
class Ready:
    """A file that was hashed, and where DuckDB is to read it. `shape` says what may be read together with it.

    `original` are its bytes as they are, on this machine.
    """

    file: File
    sha256: str
    original: Path
    path: Path
    shape: Any


@dataclass(frozen=True)
class Reading:
    """Files that are being read together, by a thread of its own."""

    group: Sequence[Ready]
    reader: Reader
    result: Future[Result]


class Work:
    """One read of one table.

    Groups of delimited files are read beside each other, each on one core, and come out in their order.
    """

    def __init__(
        self,
        source: FilesSource,
        table: Table,
        into: Path,
        load_id: int,
        loaded_at: datetime,
        known: dict[str, dict[str, Any]],
        names: dict[str, str],
        files: Sequence[File],
        vanished: Sequence[str] = (),
    ) -> None:
        self._source = source
        self._table = table
        self._into = into
        self._scratch = into / "scratch"
        self._load_id = load_id
        self._loaded_at = loaded_at
        self._known = known
        self._names = names
        self._files = files
        self._vanished = vanished
        # a file is looked at twice here, and comes from afar before
        self._total = sum(file.size * (2 if file.path else 3) for file in files)
        self._arrived = 0
        self._telling = threading.RLock()
        self._done = 0
        self._parts = itertools.count(1)
        self._cores = min(source.threads or os.cpu_count() or 1, _MOST_READERS)
        self._share = sum(file.size for file in files) / self._cores
        # small enough that no core waits long for the last group
        self._group_bytes = min(_GROUP_BYTES, max(_LEAST_GROUP_BYTES, self._share / 2))
        self._touched = False
        self._readers: list[Reader] = []
        self._free: list[Reader] = []

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @cached_property
    def _reader(self) -> Reader:
        """For what is read alone."""
        return self._new_reader(self._source.memory_limit, self._source.threads)

    def _new_reader(self, memory_limit: str, threads: int | None) -> Reader:
        from shophouse.sources._reading import Reader

        reader = Reader(
            self._scratch / f"reader-{len(self._readers)}",
            self._load_id,
            self._loaded_at,
            self._refuse_if_broken,
            memory_limit,
            threads,
            self._table.operation,
        )
        self._readers.append(reader)
        return reader

    def batches(self) -> Iterator[Batch]:
        with closing(self._groups()) as groups:
            yield from self._read(groups)
        if self._vanished:
            yield self._removal()
        elif self._touched:
            yield Batch(self._position())

    def _read(self, groups: Iterator[list[Ready]]) -> Iterator[Batch]:
        begun: deque[Reading] = deque()
        pool = ThreadPoolExecutor(self._cores)
        try:
            for group in groups:
                alone = not self._is_read_beside(group)
                while begun and (alone or len(begun) > self._cores):
                    yield from self._ended(begun.popleft())
                if alone:
                    yield from self._settled(group, self._result(group, self._columns(group), self._reader))
                    continue
                reader = self._free.pop() if self._free else self._new_reader(self._memory_beside(), 1)
                result = pool.submit(self._result, group, self._columns(group), reader)
                begun.append(Reading(group, reader, result))
            while begun:
                yield from self._ended(begun.popleft())
        finally:
            for reading in begun:
                reading.result.cancel()
                reading.reader.stop()
            pool.shutdown()

    def _groups(self) -> Generator[list[Ready]]:
        """What is read together, in the order of the files; nothing of those that are as they were."""
        group: list[Ready] = []
        with closing(self._at_hand()) as at_hand:
            for file, original in at_hand:
                ready = self._prepared(file, original)
                if ready is None:
                    continue
                before = self._known.get(file.label)
                if before is not None and self._unchanged(before, ready):
                    self._known[file.label] = {**before, **_identity(file), "sha256": ready.sha256}
                    self._touched = True
                    self._credit(file)
                    self._clear(ready)
                    continue
                size = sum(other.file.size for other in group) + file.size
                full = size > self._group_bytes or len(group) >= _GROUP_FILES
                if group and (full or group[0].shape != ready.shape):
                    yield group
                    group = []
                group.append(ready)
        if group:
            yield group

    def _is_read_beside(self, group: Sequence[Ready]) -> bool:
        """Whether one core reads it, and not all: the columns of other kinds are known only while they are read.

        A file that is more than a core's share of all would be waited for.
        """
        if not isinstance(group[0].shape, Header):
            return False
        return group[0].file.size <= max(_GROUP_BYTES, self._share)

    def _memory_beside(self) -> str:
        amount = re.fullmatch(r"([\d.]+)(.*)", self._source.memory_limit)
        return f"{float(amount[1]) / self._cores}{amount[2]}" if amount else self._source.memory_limit

    def _ended(self, reading: Reading) -> Iterator[Batch]:
        result = reading.result.result()
        self._free.append(reading.reader)
        yield from self._settled(reading.group, result)

    def _at_hand(self) -> Generator[tuple[File, Path]]:
        """The files of each place, in order, with their bytes on this machine."""
        for place, files in itertools.groupby(self._files, key=lambda file: file.place):
            with closing(place.at_hand(list(files), self._scratch / "copies", self._arrive)) as found:
                for file, original in found:
                    if original is None:
                        self._tell_being_written(file)
                    else:
                        yield file, original

    def _arrive(self, count: int) -> None:
        with self._telling:
            self._arrived += count
        self._tell_progress()

    def _removal(self) -> Batch:
        """What the vanished files have now: nothing."""
        for label in self._vanished:
            self._known.pop(label, None)
        return Batch(self._position(), files=[FileRead(label, 0, 0, 0) for label in self._vanished])

    def _position(self) -> Position:
        return {"files": dict(self._known), "columns": dict(self._names)}

    @staticmethod
    def _unchanged(before: Mapping[str, Any], ready: Ready) -> bool:
        # a position that was rebuilt from the rows knows no hash, only that nothing older than this was missed
        if before["sha256"] is None:
            margin = 0 if ready.file.path else _CLOCKS_APART_NS
            return bool(ready.file.mtime_ns <= before["mtime_ns"] - margin)
        return bool(before["sha256"] == ready.sha256)

    def _prepared(self, file: File, original: Path, newlines: bool = False) -> Ready | None:
        """The file hashed and, where needed, unpacked; None when it changed meanwhile."""
        source = self._source
        compression = source.compression or compression_of(file.name)
        text = file.kind != "parquet"
        plain = compression == "none" and not glob.has_magic(str(original)) and not newlines
        copy = None
        if not plain or (text and not is_plain_utf8(source.encoding)):
            copy = self._scratch / "unpacked" / f"{next(self._parts)}{'' if text else '.parquet'}"
            if glob.has_magic(str(copy)):
                raise ConfigError(
                    f"the lake's folder {self._into} has one of *?[ in its name",
                    hint="give it another name",
                )
        started = self._done

        def read(count: int) -> None:
            self._done = started + count
            self._tell_progress()

        digest = fingerprint(
            original,
            f"source {source.name}: {file.label}",
            compression=compression,
            encoding=source.encoding if text else "utf-8",
            copy=copy,
            newlines=newlines,
            # what is mended was counted before
            done=read if source.progress and not newlines else None,
        )
        if not file.stands_still():
            self._tell_being_written(file)
            return None
        path = copy or original
        return Ready(file, digest, original, path, self._shape(file, path))

    def _shape(self, file: File, path: Path) -> Any:
        if path.stat().st_size == 0:
            return None
        if file.kind == "csv":
            return read_header(
                path,
                file.label,
                self._table,
                self._source.delimiter,
                self._source.header,
            )
        if file.kind == "parquet":
            from shophouse.sources._reading import Part

            return (
                "parquet",
                tuple(self._reader.parquet_columns(Part(file.label, path)).items()),
            )
        return "json"

    def _settled(self, group: Sequence[Ready], result: Result) -> Iterator[Batch]:
        """The group's batch, without those files that changed while they were read."""
        while True:
            still = [ready for ready in group if ready.file.stands_still()]
            if len(still) == len(group):
                yield self._batch(group, result)
                return
            for ready in group:
                if ready not in still:
                    self._tell_being_written(ready.file)
            if result.parquet:
                result.parquet.unlink()
            if not still:
                return
            group, result = still, self._result(still, self._columns(still), self._reader)

    def _columns(self, group: Sequence[Ready]) -> dict[str, str | None]:
        """What the files of a group have for the table's columns, where that is known before they are read."""
        shape = group[0].shape
        if isinstance(shape, Header):
            return self._matched(group[0], shape.names)
        return self._matched(group[0], [name for name, _ in shape[1]]) if isinstance(shape, tuple) else {}

    def _result(
        self, group: Sequence[Ready], columns: dict[str, str | None], reader: Reader, again: bool = False
    ) -> Result:
        """What reading the group gave; in any thread, as long as it has a reader of its own."""
        from shophouse.sources._reading import MixedNewlines, Part, Result

        parts = [Part(ready.file.label, ready.path) for ready in group]
        into = self._into / f"part-{next(self._parts):05}.parquet"
        shape = group[0].shape
        types = self._table.types
        try:
            if shape is None:
                for part in parts:
                    self._source.tell(f"{self._source.name}.{self._table.name}: {part.label} is empty")
                return Result(dict(types), {part.label: 0 for part in parts})
            if isinstance(shape, Header):
                return reader.csv(parts, shape.names, columns, types, self._csv_options(shape), into)
            if shape == "json":
                return reader.json(
                    parts,
                    lambda label, keys: match_columns(self._table, label, keys, self._names),
                    types,
                    into,
                )
            return reader.parquet(parts, columns, types, dict(shape[1]), into)
        except MixedNewlines as error:
            if again:
                raise SourceMismatch(f"{parts[0].label} can't be parsed", hint="is it a delimited file?") from error
            into.unlink(missing_ok=True)
            mended = [self._prepared(ready.file, ready.original, newlines=True) for ready in group]
            return self._result([ready for ready in mended if ready is not None], columns, reader, again=True)

    def _matched(self, first: Ready, names: Sequence[str]) -> dict[str, str | None]:
        return match_columns(self._table, first.file.label, names, self._names)

    def _csv_options(self, header: Header) -> str:
        from shophouse.quoting import literal

        source = self._source
        nulls = ", ".join(literal(value) for value in source.null_values)
        return (
            f"header = {str(source.header).lower()}, delim = {literal(header.delimiter)}, "
            f"quote = {literal(source.quote)}, "
            f"escape = {literal(source.escape)}, nullstr = [{nulls}], "
            f"decimal_separator = {literal(source.decimal_separator)}"
        )

    def _batch(self, group: Sequence[Ready], result: Result) -> Batch:
        rejected: dict[str, list[Rejected]] = {}
        for row in result.rejected:
            rejected.setdefault(row.source_file, []).append(row)
        files = []
        for ready in group:
            file, rows, bad = (
                ready.file,
                result.rows[ready.file.label],
                rejected.get(ready.file.label, []),
            )
            files.append(FileRead(file.label, rows, len(bad), file.size))
            self._known[file.label] = {
                **_identity(file),
                "sha256": ready.sha256,
                "load_id": self._load_id,
                "rows": rows,
                "rejected": len(bad),
            }
            self._credit(file)
            self._clear(ready)
        parquet = [result.parquet] if result.parquet else []
        return Batch(self._position(), parquet, result.columns, files, result.rejected)

    @staticmethod
    def _clear(ready: Ready) -> None:
        """Give the disk back what was copied there."""
        for path in {ready.original, ready.path} - {ready.file.path}:
            path.unlink(missing_ok=True)

    def _refuse_if_broken(self, label: str, rows: int, bad: int, first: Rejected) -> None:
        rate = self._source.max_rejected_rate
        if is_refused(bad, rows, rate):
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

    def _tell_being_written(self, file: File) -> None:
        name = f"{self._source.name}.{self._table.name}"
        self._source.tell(f"{name}: {file.label} is being written, it is left to the next run")

    def _credit(self, file: File) -> None:
        self._done += file.size
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._source.progress:
            # copies come in other threads
            with self._telling:
                self._source.progress(
                    f"{self._source.name}.{self._table.name}",
                    min(self._done + self._arrived, self._total),
                    self._total,
                )


def _identity(file: File) -> dict[str, Any]:
    identity: dict[str, Any] = {"size": file.size, "mtime_ns": file.mtime_ns}
    return identity if file.etag is None else {**identity, "etag": file.etag}
