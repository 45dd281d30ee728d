"""Files in a bucket: listed by what comes before the first wildcard, and copied into the load's folder to be read.

A copy is of exactly the object that was listed: each request names its etag, so one that is replaced meanwhile is left
to the next run, never half read. What is uploaded is not there before it is whole: unlike a folder's files, these are
not waited for.

Large objects come in parts, several at a time, and copies run a little ahead of reading: the disk holds that much of
them, and memory only what is on its way. Once they are here, they go the way of local files, with all its proofs.
"""

from __future__ import annotations

import io
import re
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.object_store import connect, refusal
from shophouse.sources._place import Arrived, File
from shophouse.sources._retries import Retries, retried

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore import ObjectMeta, ReadableFile
    from obstore.store import ObjectStore

    from shophouse.settings import StorageSettings

__all__ = ["Bucket"]

_CONNECTIONS = 8
_PART_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
_AHEAD_BYTES = 256 << 20
_AHEAD_FILES = 64
# a connection that breaks off in the middle; a server that does not answer at all is for the run to try again
_PART_RETRIES = Retries(times=2, first_pause=0.5)


class _Reader(io.RawIOBase):
    """obstore's reader as Python's own files are, which pyarrow asks for."""

    def __init__(self, reader: ReadableFile) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        found = bytes(self._reader.read(len(view)))
        view[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()


class _Changed(Exception):
    """The object is no longer what was listed."""


@dataclass
class _Copy:
    file: File
    path: Path
    parts: list[Future[None]] = field(default_factory=list)


class Bucket:
    """The objects of one bucket whose URL matches `pattern`, as `s3://bucket/shop/**/*.csv.gz`."""

    is_remote = True

    def __init__(self, source: str, pattern: str, storage: StorageSettings) -> None:
        scheme, _, rest = pattern.partition("://")
        bucket, _, keys = rest.partition("/")
        self.source = source
        self.pattern = pattern
        self.url = f"{scheme}://{bucket}"
        self.storage = storage
        self._pattern = keys
        self._keys = re.compile(_expression(keys), re.DOTALL)
        self._opened: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            self._opened = connect(self.url, self.storage)
        return self._opened

    def files(self) -> list[File]:
        with self._told(self.pattern, is_listing=True):
            listed = self._listed()
        folders = {meta["path"].rpartition("/")[0] for meta in listed if meta["size"]}
        return [
            File(
                f"{self.url}/{meta['path']}",
                meta["size"],
                int(meta["last_modified"].timestamp() * 1e9),
                self,
                etag=meta["e_tag"],
            )
            for meta in listed
            # consoles show an empty object as a folder
            if self._keys.fullmatch(meta["path"]) and not (meta["size"] == 0 and meta["path"] in folders)
        ]

    def _listed(self) -> list[ObjectMeta]:
        """What may match: as little as can be asked for, which is a folder with or without those below."""
        import obstore

        fixed, *rest = re.split(r"[*?\[]", self._pattern, maxsplit=1)
        folder = fixed.rpartition("/")[0]
        if not rest:
            # the listing below tells a missing bucket from a missing object, which this does not
            with suppress(FileNotFoundError):
                return [obstore.head(self._store, self._pattern)]
        if "/" in self._pattern[len(folder) + 1 if folder else 0 :] or "**" in self._pattern:
            return [meta for page in obstore.list(self._store, prefix=folder or None) for meta in page]
        return list(obstore.list_with_delimiter(self._store, prefix=folder or None)["objects"])

    def open(self, file: File) -> BinaryIO:
        import obstore

        try:
            with self._told(file.label):
                return io.BufferedReader(_Reader(obstore.open_reader(self._store, self._key(file))))
        except _Changed:
            raise SourceUnreachable(f"{file.label} is no longer there") from None

    def at_hand(self, files: Sequence[File], into: Path, arrived: Arrived) -> Generator[tuple[File, Path | None]]:
        into.mkdir(parents=True, exist_ok=True)
        waiting = deque(enumerate(files, 1))
        copies: deque[_Copy] = deque()
        ahead = 0
        stopped = threading.Event()
        pool = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="copy")
        try:
            while waiting or copies:
                while waiting and (
                    not copies or (ahead + waiting[0][1].size <= _AHEAD_BYTES and len(copies) < _AHEAD_FILES)
                ):
                    number, file = waiting.popleft()
                    copies.append(self._copy(pool, file, into / f"{number}{_ending(file)}", arrived, stopped))
                    ahead += file.size
                copy = copies.popleft()
                yield copy.file, self._finished(copy)
                ahead -= copy.file.size
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)

    def _copy(
        self, pool: ThreadPoolExecutor, file: File, path: Path, arrived: Arrived, stopped: threading.Event
    ) -> _Copy:
        copy = _Copy(file, path)
        path.touch()
        for start in range(0, file.size, _PART_BYTES):
            work = partial(self._part, copy, start, min(start + _PART_BYTES, file.size), arrived, stopped)
            copy.parts.append(pool.submit(retried, work, _PART_RETRIES, about=file.label))
        return copy

    @staticmethod
    def _finished(copy: _Copy) -> Path | None:
        try:
            for part in copy.parts:
                part.result()
        except _Changed:
            return None
        return copy.path

    def _part(self, copy: _Copy, start: int, end: int, arrived: Arrived, stopped: threading.Event) -> None:
        import obstore

        at = start
        try:
            with self._told(copy.file.label), copy.path.open("r+b") as out:
                out.seek(start)
                found = obstore.get(self._store, self._key(copy.file), options=self._options(copy.file, start, end))
                # a server may not know the condition
                if copy.file.etag and _bare(found.meta["e_tag"]) != _bare(copy.file.etag):
                    raise _Changed
                for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                    if stopped.is_set():
                        return
                    out.write(chunk)
                    at += len(chunk)
                    arrived(len(chunk))
            if at != end:
                raise SourceUnreachable(f"{copy.file.label} broke off", why=f"byte {at:,} of {end:,} was the last")
        except OSError as error:
            arrived(start - at)
            raise SourceUnreachable(
                f"{copy.file.label} can't be copied to this machine", where=str(copy.path.parent), why=str(error)
            ) from error
        except BaseException:
            arrived(start - at)
            raise

    @staticmethod
    def _options(file: File, start: int, end: int) -> Any:
        if file.etag is not None:
            return {"range": (start, end), "if_match": file.etag}
        return {"range": (start, end), "if_unmodified_since": datetime.fromtimestamp(file.mtime_ns / 1e9, UTC)}

    def _key(self, file: File) -> str:
        return file.label[len(self.url) + 1 :]

    @contextmanager
    def _told(self, label: str, is_listing: bool = False) -> Iterator[None]:
        """Say what a person can do about what a request met."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError, PermissionError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                # of this machine, not of the bucket
                raise
            found = refusal(error)
            where = [f"source {self.source}, {label}", *([self.storage.endpoint] if self.storage.endpoint else [])]
            if found.kind in ("changed", "missing") and not is_listing:
                raise _Changed from error
            if found.kind == "unreachable":
                raise SourceUnreachable(
                    f"{self.url} can't be reached", where=where, why=found.why, hint=found.hint
                ) from error
            what = {"forbidden": "refuses", "wrong": "can't be asked like this"}.get(found.kind, "does not exist")
            raise SourceMismatch(f"{self.url} {what}", where=where, why=found.why, hint=found.hint) from error


def _bare(etag: str | None) -> str | None:
    """Azure's lists have none of the quotes that its answers have."""
    return etag and etag.removeprefix("W/").strip('"')


def _ending(file: File) -> str:
    """What DuckDB needs of a name; anything else of it could be a wildcard."""
    return ".parquet" if file.kind == "parquet" else ""


def _expression(pattern: str) -> str:
    """What a glob means for keys, alike to glob.glob's recursive one for paths."""
    parts = pattern.split("/")
    expression = ""
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            expression += r"(?:[^./][^/]*/)*" + (r"[^./][^/]*" if is_last else "")
            continue
        expression += r"(?!\.)" if part[:1] in ("*", "?", "[") else ""
        for found in re.finditer(r"\*+|\?|\[(!?)(\]?[^\]]*)\]|.", part, re.DOTALL):
            text = found[0]
            if text[0] == "*":
                expression += "[^/]*"
            elif text == "?":
                expression += "[^/]"
            elif found[2] is not None:
                letters = found[2].replace("\\", r"\\").replace("^", r"\^").replace("[", r"\[")
                letters = "\\" + letters if letters.startswith("]") else letters
                expression += f"[{'^/' if found[1] else ''}{letters}]"
            else:
                expression += re.escape(text)
        expression += "" if is_last else "/"
    return expression
