"""What a slot has for the tables of a source, read once and kept in unnamed files until each table takes its part.

Unnamed, so that a process that is killed leaves nothing behind; files, so that memory stays flat whatever waits.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from shophouse.sources.postgres import _pgoutput as pgoutput
from shophouse.sources.postgres._database import Database
from shophouse.sources.postgres._pgoutput import Bytes, Numbers
from shophouse.sources.postgres._replication import replication

__all__ = ["MOST_BYTES", "Backlog", "Spool"]

MOST_BYTES = 4 << 30
"""So much is read at a time; the rest waits for the next run."""
_BLOCK_BYTES = 8 << 20
_ENTRY = np.dtype([("length", "<u4"), ("lsn", "<u8")])
_PACKED = struct.Struct("<IQ")


class Spool:
    """The messages of one table, in the order of their transactions' commits."""

    def __init__(self, folder: Path | None) -> None:
        self._data: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=1 << 20)  # noqa: SIM115
        self._index: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=1 << 16)  # noqa: SIM115
        self.messages = 0
        self.bytes = 0

    def add(self, message: bytes, lsn: int) -> None:
        """Keep a message of the transaction whose commit lies at `lsn`."""
        self._data.write(message)
        self._index.write(_PACKED.pack(len(message), lsn))
        self.messages += 1
        self.bytes += len(message)

    def blocks(self, since: int, size: int = _BLOCK_BYTES) -> Iterator[tuple[Bytes, Numbers]]:
        """Parts of about `size` bytes: the messages, and where each begins; of transactions from `since` on alone.

        Messages R come whatever transaction they were in, for they say what later rows are.
        """
        self._data.seek(0)
        self._index.seek(0)
        left = b""
        while entries := left + self._index.read(_ENTRY.itemsize << 16):
            index = np.frombuffer(entries, _ENTRY)
            ends = np.cumsum(index["length"], dtype=np.int64)
            count = max(1, int(np.searchsorted(ends, size, side="right")))
            left = entries[count * _ENTRY.itemsize :]
            data = np.frombuffer(self._data.read(int(ends[count - 1])), np.uint8)
            starts = ends[:count] - index["length"][:count]
            wanted = (index["lsn"][:count] >= since) | (data[starts] == pgoutput.RELATION)
            if wanted.any():
                yield data, starts[wanted]

    def close(self) -> None:
        self._data.close()
        self._index.close()


class Backlog:
    """What one read of a slot brought. `reached` is how far in the log that is, for all tables."""

    def __init__(self, oids: Iterable[int], folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._spools = {oid: Spool(folder) for oid in oids}
        self._lsn = 0
        self._bytes = 0
        self.reached = 0
        self.is_whole = True

    def read(self, database: Database, slot: str, publication: str, until: int) -> None:
        """Fill it with the transactions that committed before `until`. Nothing is confirmed to the server."""
        with replication(database) as connection:
            self.reached = connection.stream(slot, publication, until, self._take)
        self.is_whole = self.reached >= until

    def take(self, oid: int) -> Spool | None:
        """The part of a table, once."""
        return self._spools.pop(oid, None)

    def close(self) -> None:
        for spool in self._spools.values():
            spool.close()
        self._spools.clear()

    def _take(self, message: bytes) -> bool:
        kind = message[0]
        if kind in pgoutput.CHANGES or kind == pgoutput.RELATION:
            self._keep(pgoutput.relation_of(message), message)
        elif kind == pgoutput.BEGIN:
            self._lsn = pgoutput.begun(message)
        elif kind == pgoutput.TRUNCATE:
            for oid in pgoutput.truncated(message):
                self._keep(oid, message)
        return kind == pgoutput.COMMIT and self._bytes > MOST_BYTES

    def _keep(self, oid: int, message: bytes) -> None:
        spool = self._spools.get(oid)
        if spool is not None:
            spool.add(message, self._lsn)
            self._bytes += len(message)
