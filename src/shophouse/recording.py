"""Run records into schema ops, where SQL and the health marts find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shophouse.engines import Engine
from shophouse.run_log import RunRecord

__all__ = ["record_runs"]


def record_runs(engine: Engine, runs: Iterable[RunRecord], laws: Mapping[str, int]) -> None:
    """Bring ops.runs, phases, model_runs, test_results, freshness and stream_minutes in step with the records.

    Of several records of one run the last one counts. `laws` are the tests that prove one, with its number.
    """
    by_id = {run.run_id: run for run in runs}
    found = list(by_id.values())
    engine.replace(
        "runs",
        [
            (
                run.run_id,
                _utc(run.started_at),
                _utc(run.ended_at),
                run.command,
                # a run is written before it is published, which is its end; a stream goes on
                "success" if run.status == "running" and run.command != "stream" else run.status,
                run.message,
                run.version,
                run.is_full_refresh,
                run.seconds,
            )
            for run in found
        ],
    )
    engine.replace("phases", [(run.run_id, name, seconds) for run in found for name, seconds in run.phases.items()])
    engine.replace(
        "model_runs",
        [
            (run.run_id, m.model, m.schema, m.status, m.seconds, m.rows, m.bytes, m.message)
            for run in found
            for m in run.models
        ],
    )
    engine.replace(
        "test_results",
        [
            (run.run_id, t.test, t.status, t.failures, t.seconds, t.message, laws.get(t.test))
            for run in found
            for t in run.tests
        ],
    )
    engine.replace(
        "freshness",
        [
            (
                run.run_id,
                f.source,
                f.table,
                _utc(f.checked_at),
                _utc(f.newest_load_at),
                f.age_seconds,
                f.warn_after_seconds,
                f.error_after_seconds,
                f.status,
            )
            for run in found
            for f in run.freshness
        ],
    )
    engine.replace(
        "stream_minutes", [_minute(run, minute) for run in found for minute in run.stream.get("minutes", ())]
    )


def _minute(run: RunRecord, minute: Mapping[str, Any]) -> tuple[Any, ...]:
    latency = minute.get("latency") or {}
    counts = ("rounds", "whole_rounds", "failed_rounds", "rows", "seconds", "longest_seconds")
    return (
        run.run_id,
        _utc(minute["minute"]),
        *(minute[name] for name in counts),
        minute.get("version"),
        latency.get("rows", 0),
        *(latency.get(name) for name in ("p50", "p95", "p99", "max")),
    )


def _utc(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None
