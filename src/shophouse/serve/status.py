"""A shop at a glance: what ran, what is published, how old the data is. Nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shophouse.errors import ShophouseError
from shophouse.existing import Landed
from shophouse.quality.freshness import freshness

if TYPE_CHECKING:
    from shophouse.shop import Shop

__all__ = ["status"]

_LOOKED_AT = 50
_MINUTES = 10


def status(shop: Shop, newest: int = 8) -> dict[str, Any]:
    """Plain values, as `shophouse status --json` prints them; runs newest first, times UTC in ISO 8601."""
    project, lake = shop.project, Landed.of(shop.project)
    fresh = {(result.source, result.table): result for result in freshness(project, lake)}
    tables = []
    for source, table in dict.fromkeys([*fresh, *lake.tables()]):
        loads = lake.loads(source, table)
        result = fresh.get((source, table))
        tables.append(
            {
                "source": source,
                "table": table,
                "loads": len(loads),
                "rows": lake.rows(source, table),
                "rejected_rows": sum(load.rejected_rows for load in loads),
                "newest_load_at": result.newest_load_at if result else None,
                "freshness": result.status if result else "unknown",
                "warn_after_seconds": result.warn_after_seconds if result else None,
                "error_after_seconds": result.error_after_seconds if result else None,
            }
        )
    return {
        "shop": project.name,
        "folder": str(project.folder),
        "published": shop.engine.published(),
        "writing": shop.engine.writer(),
        "stream": _stream(shop),
        "runs": [
            {
                "run_id": run.run_id,
                "command": run.command,
                "started_at": run.started_at,
                "ended_at": run.ended_at,
                "status": run.status,
                "message": run.message,
                "seconds": round(run.seconds, 3),
                "rows": sum(load["rows"] for load in run.loads),
                "rejected_rows": sum(load["rejected_rows"] for load in run.loads),
                "models": len(run.models),
                "tests": len(run.tests),
                "failed_tests": sum(test.status in ("fail", "error") for test in run.tests),
                "published": run.published,
                "rounds": run.stream.get("rounds"),
            }
            for run in reversed(shop.runs(newest))
        ],
        "tables": tables,
        "slots": list(_slots(shop)),
    }


def _slots(shop: Shop) -> Iterator[dict[str, Any]]:
    """How far behind the sources are whose tables are read by their changes; no database is asked where none is."""
    for name, settings in shop.project.sources.items():
        if not any(getattr(table, "read", None) == "changes" for table in settings.tables.values()):
            continue
        from shophouse.slots import states

        try:
            found = states(shop.project, [name])
        except ShophouseError as error:
            yield {"source": name, "error": error.what}
            continue
        yield from (asdict(state) for state in found if state.use in ("reads", "missing"))


def _stream(shop: Shop) -> dict[str, Any] | None:
    """The newest stream: its rounds, what fails, and how long rows take from their event to the published marts."""
    newest = next((run for run in reversed(shop.runs(_LOOKED_AT)) if run.command == "stream" and run.stream), None)
    if newest is None:
        return None
    counts = {name: newest.stream[name] for name in ("rounds", "whole_rounds", "failed_rounds")}
    minutes = newest.stream["minutes"]
    return {
        "run_id": newest.run_id,
        "status": newest.status,
        "started_at": newest.started_at,
        **counts,
        "trouble": newest.stream.get("trouble"),
        "latency": newest.stream["latency"],
        "minutes": minutes[-_MINUTES:],
    }
