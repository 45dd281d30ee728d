"""How old each raw table's newest load is, against what `freshness` allows it to be."""

from __future__ import annotations

from datetime import UTC, datetime

from shophouse.declarations import source_declaration
from shophouse.lake import Lake
from shophouse.project import Project
from shophouse.run_log import FreshnessResult

__all__ = ["freshness"]


def freshness(project: Project, lake: Lake, now: datetime | None = None) -> list[FreshnessResult]:
    """One result a declared table, in the order of the project file. `now` is UTC, the present by default."""
    moment = now or datetime.now(UTC)
    results = []
    for source in project.sources:
        tables = source_declaration(source, project).tables
        for name in dict.fromkeys([*tables, *(table for owner, table in lake.tables() if owner == source)]):
            limits = tables[name].freshness if name in tables else None
            loads = lake.loads(source, name)
            newest = loads[-1].loaded_at if loads else None
            warn = limits.warn_after.total_seconds() if limits and limits.warn_after is not None else None
            error = limits.error_after.total_seconds() if limits and limits.error_after is not None else None
            age = (moment - newest).total_seconds() if newest else None
            results.append(
                FreshnessResult(
                    source=source,
                    table=name,
                    checked_at=moment.isoformat(timespec="microseconds"),
                    newest_load_at=newest.isoformat(timespec="microseconds") if newest else None,
                    age_seconds=age,
                    warn_after_seconds=warn,
                    error_after_seconds=error,
                    status=_status(age, warn, error),
                )
            )
    return results


def _status(age: float | None, warn: float | None, error: float | None) -> str:
    if age is None or (warn is None and error is None):
        return "unknown"
    if error is not None and age > error:
        return "error"
    if warn is not None and age > warn:
        return "warn"
    return "fresh"
