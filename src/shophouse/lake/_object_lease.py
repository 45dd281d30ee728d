"""Who may write a table of a lake in a bucket: who last wrote its lock object, and says so every few seconds.

The lock is a courtesy: it tells writers of each other, so that they don't work in vain. It can't stop a process that
slept while its time ran out. What does is the catalog: whoever takes a lease over makes a commit of its own first, and
each commit fails when the table is not the one that its load began with.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import LockedError, ShophouseError
from shophouse.lake._storage import TakenOver

if TYPE_CHECKING:
    from shophouse.lake._objects import ObjectStorage

__all__ = ["ObjectLease"]

LASTS = timedelta(seconds=60)
"""How long a holder that says nothing still counts as alive."""


class ObjectLease:
    """See `shophouse.lake._storage.Lease`."""

    def __init__(self, storage: ObjectStorage, location: str, what: str) -> None:
        self.token = secrets.token_hex(4)
        self.taken_over = False
        self.settled = True
        self._storage = storage
        self._location = location
        self._what = what
        self._since = datetime.now(UTC)
        self._version: Any = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._beating: threading.Thread | None = None

    def acquire(self, wait: float) -> None:
        end = time.monotonic() + wait
        while True:
            found, version = self._read()
            if _is_free(found):
                self.taken_over = version is not None and not (found and found["ended_well"])
                self._version = self._storage.put(self._location, self._record(), version)
                if self._version is not None:
                    break
            elif time.monotonic() >= end:
                raise self._taken(found)
            time.sleep(min(0.5, max(0.05, end - time.monotonic())))
        self._beating = threading.Thread(target=self._beat, daemon=True, name="lease")
        self._beating.start()

    def renew(self) -> None:
        with self._lock:
            version = self._storage.put(self._location, self._record(), self._version)
            if version is None:
                found, _ = self._read()
                raise TakenOver(self._what, holder=_holder(found))
            self._version = version

    def release(self) -> None:
        """Let others in. Where that can't be told, the lease runs out by itself."""
        self._ended.set()
        if self._beating is not None:
            self._beating.join()
        if self.settled:
            try:
                self._storage.put(self._location, self._record(released=True), self._version)
            except (ShophouseError, FileNotFoundError):
                return

    def _beat(self) -> None:
        while not self._ended.wait(LASTS.total_seconds() / 4):
            try:
                self.renew()
            except LockedError:
                return
            except (ShophouseError, FileNotFoundError):
                # it may answer again before the lease runs out, and if not, the commit will tell
                continue

    def _read(self) -> tuple[dict[str, Any] | None, Any]:
        try:
            content, version = self._storage.get(self._location)
        except FileNotFoundError:
            return None, None
        try:
            found = json.loads(content)
            return (found if isinstance(found, dict) and _is_whole(found) else None), version
        except ValueError:
            return None, version

    def _record(self, *, released: bool = False) -> bytes:
        now = datetime.now(UTC)
        return json.dumps(
            {
                "token": self.token,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "machine": _machine(),
                "since": self._since.isoformat(timespec="seconds"),
                "until": (now if released else now + LASTS).isoformat(),
                "ended_well": released,
            }
        ).encode()

    def _taken(self, found: dict[str, Any] | None) -> LockedError:
        until = f"without news of it, its lease ends at {found['until'][11:19]} UTC" if found else None
        return LockedError(
            f"{self._what} is being written by another process",
            holder=_holder(found),
            where=self._location,
            why=until,
            hint="wait until it is done; when it died, the lease runs out by itself",
        )


def _holder(found: dict[str, Any] | None) -> str | None:
    return f"process {found['pid']} on {found['host']} since {found['since']}" if found else None


def _is_whole(found: dict[str, Any]) -> bool:
    return {"pid", "host", "machine", "since", "until", "ended_well"} <= found.keys()


def _is_free(found: dict[str, Any] | None) -> bool:
    if found is None or found["ended_well"]:
        return True
    if found["machine"] == _machine() and not _is_alive(found["pid"]):
        return True
    return datetime.fromisoformat(found["until"]) < datetime.now(UTC)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _machine() -> str:
    """Another one wherever a process id means another process; containers may share their host's name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()
