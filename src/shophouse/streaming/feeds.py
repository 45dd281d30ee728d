"""The sources of a stream: their readers are kept open, and one that fails holds up no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shophouse.errors import LockedError, SourceError
from shophouse.ingestion import close, readers
from shophouse.sources import Source, Table
from shophouse.steps import Run, Steps

__all__ = ["Feeds"]

_LONGEST_WAIT = 60.0


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
        self._read_whole_at: dict[tuple[str, str], float] = {}

    @property
    def tables(self) -> list[tuple[str, str]]:
        """Those that have been read."""
        return [(name, table.name) for name, feed in self._feeds.items() for _, table in feed.tables]

    def ingest(self, run: Run) -> None:
        """Load what arrived. A source that fails is told once, and tried again later and later."""
        loads: list[dict[str, Any]] = []
        for name, feed in self._feeds.items():
            if time.monotonic() < feed.again_at:
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
                self._let_go(feed)
                continue
            loads += run.record.loads
            if feed.failures:
                self.notice(f"source {name} is read again")
                feed.failures, feed.why = 0, ""
        run.record.loads = loads

    def waiting(self) -> int:
        """How many rows wait, as far as sources can tell without reading them."""
        rows = 0
        for feed in self._feeds.values():
            for source, table in feed.tables if not feed.failures else ():
                count = getattr(source, "waiting", None)
                if count is not None:
                    rows += count(table, self.steps.lake.position(table.source, table.name))
        return rows

    def close(self) -> None:
        for feed in self._feeds.values():
            self._let_go(feed)

    def _due(self, name: str) -> list[tuple[Source, Table]]:
        """The tables of a source that are to be read now, with readers that stay."""
        feed = self._feeds[name]
        if not feed.tables:
            tell = self.steps.listener
            feed.tables = readers(self.steps.project, name, progress=tell.progress, notice=self.notice)
        return [(source, table) for source, table in feed.tables if self._is_due(source, table)]

    def _is_due(self, source: Source, table: Table) -> bool:
        reads_changes = getattr(source, "reads_changes", None)
        if reads_changes is None or reads_changes(table):
            return True
        key, now = (table.source, table.name), time.monotonic()
        if now - self._read_whole_at.get(key, float("-inf")) < self.full_reads_every:
            return False
        self._read_whole_at[key] = now
        return True

    def _let_go(self, feed: _Feed) -> None:
        close(feed.tables)
        feed.tables = []
