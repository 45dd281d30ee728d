"""What is remembered of a stream: one record a day, with a line for each of its minutes.

A stream of ten minutes has hundreds of rounds. A record of each would be what a stream writes most of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shophouse.streaming.latency import Latencies

if TYPE_CHECKING:
    from shophouse.run_log import RunRecord

__all__ = ["LASTS", "Rounds"]

LASTS = timedelta(days=1)
"""After so long, a stream begins a new record."""


@dataclass
class Rounds:
    """Counts rounds into the record of a stream."""

    record: RunRecord
    all_of_it: Latencies = field(default_factory=Latencies)
    _minute: Latencies = field(default_factory=Latencies)

    def __post_init__(self) -> None:
        self.record.stream = {"rounds": 0, "whole_rounds": 0, "failed_rounds": 0, "latency": None, "minutes": []}

    @property
    def is_over(self) -> bool:
        return datetime.now(UTC) - datetime.fromisoformat(self.record.started_at) > LASTS

    def published(self, run: RunRecord, seconds: float, latencies: Latencies, *, is_whole: bool) -> None:
        """A round went through."""
        self._count(seconds, run, "rounds", *(("whole_rounds",) if is_whole else ()))
        self.record.published = run.published
        self.all_of_it.add(latencies)
        self._minute.add(latencies)
        self._now()["latency"] = self._minute.figures()
        self._now()["version"] = run.published
        self.record.stream["latency"] = self.all_of_it.figures()
        self.record.stream["trouble"] = None
        if is_whole:
            self.record.models, self.record.tests = run.models, run.tests
            self.record.freshness = run.freshness

    def failed(self, run: RunRecord, seconds: float, what: str) -> None:
        """A round published nothing."""
        self._count(seconds, run, "failed_rounds")
        self.record.stream["trouble"] = what
        if run.models or run.tests:
            self.record.models, self.record.tests = run.models, run.tests

    def idle(self, run: RunRecord) -> None:
        """Nothing arrived."""
        self._phases(run)

    def _count(self, seconds: float, run: RunRecord, *what: str) -> None:
        minute = self._now()
        for name in what:
            self.record.stream[name] += 1
            minute[name] += 1
        minute["rows"] += sum(load["rows"] for load in run.loads)
        minute["seconds"] = round(minute["seconds"] + seconds, 3)
        minute["longest_seconds"] = round(max(minute["longest_seconds"], seconds), 3)
        self._phases(run)
        known = {(load["source"], load["table"]): load for load in self.record.loads}
        for load in run.loads:
            before = known.setdefault((load["source"], load["table"]), {**load, **dict.fromkeys(_SUMS, 0)})
            before |= {name: round(before[name] + load[name], 3) for name in _SUMS} | {"load_id": load["load_id"]}
        self.record.loads = list(known.values())

    def _phases(self, run: RunRecord) -> None:
        for name, seconds in run.phases.items():
            self.record.phases[name] = round(self.record.phases.get(name, 0.0) + seconds, 3)

    def _now(self) -> dict[str, Any]:
        minutes: list[dict[str, Any]] = self.record.stream["minutes"]
        minute = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
        if not minutes or minutes[-1]["minute"] != minute:
            self._minute = Latencies()
            empty = dict.fromkeys(("rounds", "whole_rounds", "failed_rounds", "rows"), 0)
            minutes.append({"minute": minute, **empty, "seconds": 0.0, "longest_seconds": 0.0})
        return minutes[-1]


_SUMS = ("files", "rows", "rejected_rows", "bytes", "seconds")
