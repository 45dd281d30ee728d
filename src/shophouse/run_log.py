"""What ran: one record a run, written to `logs/runs/` whatever becomes of the run, and from there into schema ops.

The record is the file; ops is filled from it, so that a warehouse that is rebuilt, or that could not be opened, loses
no history.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

__all__ = ["FreshnessResult", "ModelRun", "RunLog", "RunRecord", "TestResult", "close_records", "records"]

_log = logging.getLogger("shophouse")
_LARGEST_LOG = 20_000_000
_LOOKED_AT = 20


@dataclass(frozen=True)
class ModelRun:
    """One model of one run. `rows` and `bytes` are those of the table afterwards, None for a view."""

    model: str
    schema: str
    status: str
    seconds: float
    rows: int | None = None
    bytes: int | None = None
    message: str = ""


@dataclass(frozen=True)
class TestResult:
    """One test of one run. `failures` is the number of rows that the test found."""

    __test__ = False  # pytest takes the name for a test of its own

    test: str
    status: str
    failures: int
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class FreshnessResult:
    """How old a raw table's newest load is, in seconds, against what it may be."""

    source: str
    table: str
    checked_at: str
    newest_load_at: str | None
    age_seconds: float | None
    warn_after_seconds: float | None
    error_after_seconds: float | None
    status: str
    """fresh, warn, error, or unknown where nothing arrived yet or no limit is set."""


@dataclass
class RunRecord:
    """One run of a command. Times are UTC, ISO 8601."""

    run_id: str
    command: str
    started_at: str
    version: str
    ended_at: str | None = None
    status: str = "running"
    """running, success, nothing new, failed, or stopped (killed, or by Ctrl-C)."""
    message: str = ""
    is_full_refresh: bool = False
    published: int | None = None
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds by phase."""
    loads: list[dict[str, Any]] = field(default_factory=list)
    models: list[ModelRun] = field(default_factory=list)
    tests: list[TestResult] = field(default_factory=list)
    freshness: list[FreshnessResult] = field(default_factory=list)
    stream: dict[str, Any] = field(default_factory=dict)
    """Of a stream: its rounds, the latency of its rows, and a line for each minute. Models and tests are those of its
    last whole round, or of one that failed since."""

    @property
    def seconds(self) -> float:
        return sum(self.phases.values())

    @classmethod
    def of(cls, data: dict[str, Any]) -> RunRecord:
        known = {
            **data,
            "models": [ModelRun(**row) for row in data.get("models", ())],
            "tests": [TestResult(**row) for row in data.get("tests", ())],
            "freshness": [FreshnessResult(**row) for row in data.get("freshness", ())],
        }
        return cls(**{name: value for name, value in known.items() if name in cls.__dataclass_fields__})


class RunLog:
    """The record of the run that is going on, and the log file beside it."""

    def __init__(self, folder: Path, command: str, version: str) -> None:
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self.folder = folder / "runs"
        self.record = RunRecord(run_id, command, now.isoformat(timespec="microseconds"), version)
        self._file = self.folder / f"{run_id}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._handler = RotatingFileHandler(
            folder / "shophouse.log", maxBytes=_LARGEST_LOG, backupCount=3, encoding="utf-8"
        )
        self._handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {run_id} %(message)s"))
        _log.addHandler(self._handler)
        _log.setLevel(logging.INFO)
        # dbt gives the root logger a handler that prints
        _log.propagate = False
        _log.info("%s starts", command)

    @contextmanager
    def phase(self, name: str, record: RunRecord | None = None) -> Iterator[None]:
        """Times a phase of the run, or of a part of it that has a record of its own and is not told in the log."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            phases = (record or self.record).phases
            phases[name] = round(phases.get(name, 0.0) + seconds, 3)
            if record is None:
                _log.info("%s took %.3f s", name, seconds)

    def note(self, line: str, *, is_error: bool = False) -> None:
        """A line of the log."""
        _log.log(logging.ERROR if is_error else logging.INFO, "%s", line)

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self._file, self.record)

    def end(self, status: str, message: str = "") -> None:
        self.record.status = status
        self.record.message = message
        self.record.ended_at = datetime.now(UTC).isoformat(timespec="microseconds")
        _log.log(logging.ERROR if status == "failed" else logging.INFO, "%s: %s", status, message or "done")
        self.save()
        _log.removeHandler(self._handler)
        self._handler.close()


def records(folder: Path, newest: int | None = None) -> list[RunRecord]:
    """The runs of a shop's `logs` folder, oldest first; only the newest ones when a number is given."""
    files = sorted((folder / "runs").glob("*.json"))
    found = []
    for file in files[-newest:] if newest else files:
        try:
            found.append(RunRecord.of(json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            _log.warning("%s is no run record", file)
    return found


def close_records(folder: Path, command: str, but: RunRecord) -> None:
    """Say of records of a command that are still running that it was killed: nothing else does, and it runs alone."""
    for record in records(folder, _LOOKED_AT):
        if record.command == command and record.status == "running" and record.run_id != but.run_id:
            record.status, record.message = "stopped", "it was killed"
            _write(folder / "runs" / f"{record.run_id}.json", record)


def _write(file: Path, record: RunRecord) -> None:
    incoming = file.with_suffix(".tmp")
    incoming.write_text(json.dumps(asdict(record), indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(incoming, file)
