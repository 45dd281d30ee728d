"""Run records into schema ops, where SQL and the health marts find them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shophouse.engines import Engine
from shophouse.run_log import RunRecord

__all__ = ["record_runs"]


def record_runs(engine: Engine, runs: Iterable[RunRecord]) -> None:
    """Bring ops.runs, phases, model_runs, test_results and freshness in step with the records.

    Of several records of one run the last one counts.
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
                "success" if run.status == "running" else run.status,
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
        [(run.run_id, t.test, t.status, t.failures, t.seconds, t.message) for run in found for t in run.tests],
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


def _utc(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None
