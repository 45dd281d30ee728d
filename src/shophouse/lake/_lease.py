"""Who may write a table: one process, by a lock of the operating system, which falls when its holder dies."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from shophouse.errors import LockedError

__all__ = ["lease"]


@contextmanager
def lease(path: Path, what: str, wait: float = 0) -> Iterator[None]:
    """Hold the lock at `path` for the block. Waits up to `wait` seconds; raises LockedError saying who holds it."""
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".holder")
    lock = filelock.FileLock(path, timeout=wait)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise LockedError(
            f"{what} is being written by another process",
            holder=_told(holder),
            hint="wait until it is done; when it died, the lock is free by itself",
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        part = holder.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        part.replace(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _told(holder: Path) -> str | None:
    try:
        said = json.loads(holder.read_text())
        return f"process {said['pid']} on {said['host']} since {said['since']}"
    except (OSError, ValueError, KeyError):
        return None
