"""The sources of a stream: their readers are kept open, and one that fails holds up no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shophouse.errors import LockedError, SourceError
from shophouse.ingestion import close, readers
from shophouse.settings import FilesSource as Files
from shophouse.sources import Source, Table
from shophouse.steps import Run, Steps

__all__ = ["Feeds"]

_LONGEST_WAIT = 60.0
_LOOKED_AT_EVERY = 30.0


@dataclass
class _Feed:
    """A source, how often it failed in a row, why, and when it is tried again."""

    tables: list[tuple[Source, Table]] = field(default_factory=list)
    failures: int = 0
    why: str = ""
    again_at: float = 0.0


class Feeds:
    """Reads the sources of a shop again and again."""

    def __init__(self, steps: Steps, full_reads_every: timedelta, notice: Callable[[str], None]) -> None:
        self.steps = steps
        self.full_reads_every = full_reads_every.total_seconds()
        self.notice = notice
        self._feeds = {name: _Feed() for name in steps.project.sources}
        self._read_at: dict[tuple[str, str], float] = {}

    @property
    def tables(self) -> list[tuple[str, str]]:
        """Those that have been read."""
        return [(name, table.name) for name, feed in self._feeds.items() for _, table in feed.tables]

    def ingest(self, run: Run) -> None:
        """Load what arrived. A source that fails is told once, and tried again later and later."""
        loads: list[dict[str, Any]] = []
        for name, feed in self._feeds.items():
            began = time.monotonic()
            if began < feed.again_at or not self._is_looked_at(name):
                continue
            try:
                self.steps.ingest(run, [name], self._due)
            except (SourceError, LockedError) as error:
                feed.failures += 1
                wait = min(_LONGEST_WAIT, 2.0 ** min(feed.failures - 1, 6))
                feed.again_at = time.monotonic() + wait
                if feed.why != error.what:
                    feed.why = error.what
                    self.notice(f"{error.render().removeprefix('error: ')}\n  source {name} is tried again")
                # what was due is due still
                self._read_at = {key: at for key, at in self._read_at.items() if key[0] != name or at < began}
                self._let_go(feed)
                continue
            loads += run.record.loads
            if feed.failures:
                self.notice(f"source {name} is read again")
                feed.failures, feed.why = 0, ""
        run.record.loads = loads

    def waiting(self) -> int:
        """How many rows wait, as far as sources can tell without reading them; 0 where one does not answer."""
        try:
            return sum(
                self._waiting(source, table) or 0
                for feed in self._feeds.values()
                for source, table in (() if feed.failures else feed.tables)
            )
        except SourceError:
            return 0

    def _waiting(self, source: Source, table: Table) -> int | None:
        count = getattr(source, "waiting", None)
        return None if count is None else int(count(table, self.steps.lake.position(table.source, table.name)))

    def close(self) -> None:
        """Let go of the readers. Whoever goes on opens them again, and looks anew at what another loader keeps."""
        self._read_at = {key: at for key, at in self._read_at.items() if key[1]}
        for feed in self._feeds.values():
            self._let_go(feed)

    def _due(self, name: str) -> list[tuple[Source, Table]]:
        """The tables of a source that are to be read now, with readers that stay, but for those of files.

        These hold nothing open, and know only the files of a bucket, and the tables, that there were at first.
        """
        feed = self._feeds[name]
        if not feed.tables or isinstance(self.steps.project.sources[name], Files):
            tell = self.steps.listener
            feed.tables = readers(self.steps.project, name, progress=tell.progress, notice=self.notice)
        return [(source, table) for source, table in feed.tables if self._is_due(source, table)]

    def _is_due(self, source: Source, table: Table) -> bool:
        key, now = (table.source, table.name), time.monotonic()
        reads_changes = getattr(source, "reads_changes", None)
        every = 0.0
        if reads_changes is not None and not reads_changes(table):
            every = self.full_reads_every
        elif self._waiting(source, table) == 0:
            # a load that finds nothing costs more than asking, but only a read sees that a topic is another one now
            every = _LOOKED_AT_EVERY
        if now - self._read_at.get(key, float("-inf")) < every:
            return False
        self._read_at[key] = now
        return True

    def _is_looked_at(self, name: str) -> bool:
        """Tables that another loader keeps are looked at whole, and a change of theirs builds everything anew."""
        now = time.monotonic()
        if name not in self.steps.existing.sources:
            return True
        if now - self._read_at.get((name, ""), float("-inf")) < self.full_reads_every:
            return False
        self._read_at[name, ""] = now
        return True

    def _let_go(self, feed: _Feed) -> None:
        close(feed.tables)
        feed.tables = []
