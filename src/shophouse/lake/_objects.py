"""A lake in a bucket: S3 and what speaks its protocol, Azure, Google Cloud, all through obstore.

Nothing is written twice under one name, so what was read once never has to be read again: files are kept in a folder
of this machine, and engines read them there. What a load writes is in that folder already.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import LakeError, LakeUnreachable
from shophouse.lake._storage import Lease, Stored
from shophouse.object_store import connect, refusal
from shophouse.settings import StorageSettings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["ObjectStorage"]

_AT_A_TIME = 8
_DELETED_AT_A_TIME = 1000


class ObjectStorage:
    """Objects below `url`, as `s3://bucket/prefix`, and their copies below the folder `cache`.

    A request that isn't answered is tried again `retries` times with growing pauses, about a minute for ten. The copies
    take `cache_bytes` at most; None is no limit.
    """

    is_shared = True

    def __init__(
        self,
        url: str,
        cache: Path,
        settings: StorageSettings,
        *,
        cache_bytes: int | None = None,
        retries: int = 10,
    ) -> None:
        self.base = url.rstrip("/")
        self.cache = cache
        self.settings = settings
        self.cache_bytes = cache_bytes
        self._retries = retries
        self._used: set[Path] = set()

    @cached_property
    def _store(self) -> ObjectStore:
        return connect(self.base, self.settings, retries=self._retries)

    def local(self, location: str) -> Path:
        return self.cache / self._key(location)

    def keep(self, location: str, paths: Sequence[Path]) -> None:
        import obstore

        base = self.local(location)
        for path in paths:
            name = f"{location}/{path.relative_to(base).as_posix()}"
            with self._told(name):
                obstore.put(self._store, self._key(name), path)
            self._used.add(path)

    def fetch(self, locations: Sequence[str]) -> list[Path]:
        paths = [self.local(location) for location in locations]
        missing = [pair for pair in zip(locations, paths, strict=True) if not _touched(pair[1])]
        self._used.update(paths)
        if len(missing) == 1:
            self._download(*missing[0])
        elif missing:
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                for done in [pool.submit(self._download, *pair) for pair in missing]:
                    done.result()
        if missing:
            self._make_room()
        return paths

    def read(self, location: str) -> bytes:
        content, _ = self.get(location)
        return content

    def get(self, location: str) -> tuple[bytes, Any]:
        """An object and its version, for put()."""
        import obstore

        with self._told(location):
            found = obstore.get(self._store, self._key(location))
            return bytes(found.bytes()), _version(found.meta)

    def write(self, location: str, content: bytes) -> None:
        import obstore

        with self._told(location):
            obstore.put(self._store, self._key(location), content)

    def put(self, location: str, content: bytes, expected: Any) -> Any:
        """Write the object if it is of the version `expected`, None for one that isn't there; gives its new version.

        None when it is another one. The content must never be one that the object had before.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._told(location):
            try:
                done = obstore.put(self._store, self._key(location), content, mode=expected or "create")
            except (AlreadyExistsError, PreconditionError):
                # a request whose answer was lost is sent again, and then meets itself
                found, version = self.get(location)
                return version if found == content else None
            return _version(done)

    def list(self, location: str, after: str = "") -> list[Stored]:
        import obstore

        key = self._key(location)
        with self._told(location):
            found = obstore.list(self._store, key, offset=f"{key}/{after}" if after else None).collect()
        return [Stored(f"{self.base}/{meta['path']}", meta["size"]) for meta in sorted(found, key=lambda m: m["path"])]

    def delete(self, locations: Sequence[str]) -> None:
        import obstore

        for location in locations:
            self.local(location).unlink(missing_ok=True)
        for start in range(0, len(locations), _DELETED_AT_A_TIME):
            some = locations[start : start + _DELETED_AT_A_TIME]
            with self._told(some[0]):
                try:
                    obstore.delete(self._store, [self._key(location) for location in some])
                except FileNotFoundError:
                    for location in some:
                        self._delete(location)

    def _delete(self, location: str) -> None:
        import obstore

        try:
            obstore.delete(self._store, self._key(location))
        except FileNotFoundError:
            return

    @contextmanager
    def lease(self, name: str, what: str, wait: float = 0) -> Iterator[Lease]:
        from shophouse.lake._object_lease import ObjectLease

        lease = ObjectLease(self, f"{self.base}/locks/{name}.json", what)
        lease.acquire(wait)
        try:
            yield lease
        finally:
            lease.release()

    def is_exclusive(self) -> bool:
        probe = f"{self.base}/locks/probe-{secrets.token_hex(8)}.json"
        self.put(probe, b"1", None)
        try:
            return self.put(probe, b"2", None) is None and self.put(probe, b"3", {"e_tag": '"0"'}) is None
        finally:
            self.delete([probe])

    def properties(self) -> dict[str, str]:
        from shophouse.lake import _file_io

        return {"py-io-impl": _file_io.NAME, _file_io.STORAGE: _file_io.known(self)}

    def _key(self, location: str) -> str:
        if not location.startswith(self.base + "/"):
            raise LakeError(
                f"{location} is not in the lake {self.base}",
                why="Iceberg's metadata holds absolute locations: were the objects copied from elsewhere?",
                hint="put them back, or make the lake at home where it is: shophouse lake move",
            )
        return location[len(self.base) + 1 :]

    def _download(self, location: str, path: Path) -> None:
        import obstore

        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with self._told(location), part.open("wb") as file:
                for chunk in obstore.get(self._store, self._key(location)):
                    file.write(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    _room = threading.Lock()

    def _make_room(self) -> None:
        """Remove the copies that were used longest ago, and never one that this process uses."""
        if self.cache_bytes is None:
            return
        with self._room:
            there = [(path.stat(), path) for path in self.cache.rglob("*") if path.is_file()]
            size = sum(stat.st_size for stat, _ in there)
            for stat, path in sorted(there, key=lambda pair: pair[0].st_mtime_ns):
                if size <= self.cache_bytes:
                    return
                if path not in self._used:
                    path.unlink(missing_ok=True)
                    size -= stat.st_size
        if size > self.cache_bytes:
            raise LakeError(
                f"the lake's newest files take {size / 1e9:,.1f} GB of this machine",
                where=str(self.cache),
                why=f"lake.cache_size allows {self.cache_bytes / 1e9:,.1f} GB",
                hint="give it more in shophouse.yml, or name a larger disk with lake.cache",
            )

    @contextmanager
    def _told(self, location: str) -> Iterator[None]:
        """Say what a person can do about what a request met."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            found = refusal(error)
            if found.kind == "missing":
                raise
            where = tuple(line for line in (location, self.settings.endpoint) if line)
            if found.kind == "unreachable":
                raise LakeUnreachable(
                    f"the lake {self.base} can't be reached",
                    where=where,
                    why=found.why,
                    hint=("nothing is lost: try again when it answers", found.hint),
                ) from error
            what = "has no bucket" if found.kind == "no_bucket" else "refuses"
            hint = _RIGHTS if "right to list" in found.hint else found.hint
            raise LakeError(f"the lake {self.base} {what}", where=where, why=found.why, hint=hint) from error


_RIGHTS = "the credentials need the right to list the bucket, and to read, write and delete its objects"


def _version(said: Any) -> dict[str, str]:
    """obstore takes no None."""
    return {name: said[name] for name in ("e_tag", "version") if said[name] is not None}


def _touched(path: Path) -> bool:
    """Whether the file is there; it was used now, then."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
