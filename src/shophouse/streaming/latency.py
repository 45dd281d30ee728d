"""How long rows take from their event to the published version that has them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from shophouse.lake import Lake
    from shophouse.project import Project

__all__ = ["Latencies", "measure", "since_when"]

_STEP = math.log(1.02)
_LEAST = 0.001
BROKER = "_timestamp"
LOADED = "_loaded_at"


@dataclass
class Latencies:
    """Counts of latencies by size, so that those of many rounds add up. A percentile is right to two per cent."""

    counts: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0
    older: int = 0
    """Rows that had waited before the stream began: they tell nothing of how quick it is."""

    @property
    def rows(self) -> int:
        return self.counts.total()

    def add(self, other: Latencies) -> None:
        self.counts.update(other.counts)
        self.longest = max(self.longest, other.longest)
        self.older += other.older

    def percentile(self, share: float) -> float | None:
        """Seconds within which this share (0 to 1) of the rows became visible; None without rows."""
        if not self.counts:
            return None
        left = math.ceil(share * self.rows)
        for step in sorted(self.counts):
            left -= self.counts[step]
            if left <= 0:
                return min(math.exp((step + 1) * _STEP), self.longest)
        return self.longest

    def figures(self) -> dict[str, float | int | None]:
        """Rows, and seconds: p50, p95, p99 and max."""

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 3)

        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        found = {name: rounded(self.percentile(share)) for name, share in shares.items()}
        return {
            "rows": self.rows,
            "older_rows": self.older,
            **found,
            "max": rounded(self.longest) if self.counts else None,
        }


def since_when(project: Project, lake: Lake, source: str, table: str) -> str:
    """The column from which the latency of a table's rows counts.

    The broker's timestamp; else the column by which changes are read, where it is a time; else when rows were loaded.
    """
    columns = lake.schema(source, table)
    if columns.get(BROKER) == "timestamp":
        return BROKER
    own = project.sources[source].tables.get(table)
    cursor = getattr(own, "cursor", None)
    return cursor if cursor is not None and columns.get(cursor) == "timestamp" else LOADED


def measure(
    project: Project,
    lake: Lake,
    arrived: Mapping[tuple[str, str], tuple[int, int]],
    visible_at: datetime,
    began_at: datetime,
) -> Latencies:
    """The latencies of rows that became visible at a moment, by a stream that began at another.

    `arrived` gives for each table the load after which they came, and the last of them.
    """
    import duckdb

    found = Latencies()
    with duckdb.connect(":memory:") as db:
        for (source, table), (after, last) in arrived.items():
            files = lake.files_after(source, table, after)
            if not files:
                continue
            column = since_when(project, lake, source, table)
            # the broker and the lake know UTC; a table's own times are those of its source
            zone = UTC if column in (BROKER, LOADED) else ZoneInfo(project.timezone_of(source))
            moment = visible_at.astimezone(zone).replace(tzinfo=None)
            longest = (visible_at - began_at).total_seconds()
            rows: list[tuple[Any, ...]] = db.execute(
                f"""with waited as (
                        select greatest(epoch(cast($moment as timestamp) - "{column}"), {_LEAST}) as seconds
                        from read_parquet($files, union_by_name = true)
                        where _load_id > $after and _load_id <= $last and "{column}" is not null
                    )
                    select
                        case when seconds <= $longest then cast(floor(ln(seconds) / {_STEP}) as integer) end,
                        count(*),
                        max(seconds)
                    from waited group by 1""",
                {"moment": moment, "files": files, "after": after, "last": last, "longest": longest},
            ).fetchall()
            for step, count, most in rows:
                found.add(Latencies(older=count) if step is None else Latencies(Counter({step: count}), most))
    return found
