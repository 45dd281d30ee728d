"""How long rows take from their event to the published version that has them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from shophouse.lake import Lake
    from shophouse.project import Project

__all__ = ["Latencies", "measure", "since_when", "waited"]

_STEP = math.log(1.02)
_LEAST = 0.001
BROKER = "_timestamp"
LOADED = "_loaded_at"
_LOAD = "_load_id"


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
    found = Latencies()
    longest = (visible_at - began_at).total_seconds()
    for (source, table), (after, last) in arrived.items():
        column = since_when(project, lake, source, table)
        # the broker and the lake know UTC; a table's own times are those of its source
        zone = UTC if column in (BROKER, LOADED) else ZoneInfo(project.timezone_of(source))
        moment = visible_at.astimezone(zone).replace(tzinfo=None)
        for file in lake.files_after(source, table, after):
            found.add(waited(file, column, after, last, moment, longest=longest))
    return found


def waited(file: str, column: str, after: int, last: int, moment: datetime, *, longest: float) -> Latencies:
    """How long the rows of these loads in a Parquet file waited until a moment; `column` says since when.

    By Arrow alone: a DuckDB of its own takes longer to open than to answer, and gives back all free memory of the
    process when it closes, which the next round has to ask for again.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as parquet:
        if column not in parquet.schema_arrow.names:
            return Latencies()
        rows = parquet.read(columns=list({column, _LOAD}))
    since = rows.filter((pc.field(_LOAD) > after) & (pc.field(_LOAD) <= last))[column].drop_null()
    microseconds = pc.subtract(pa.scalar(moment, pa.timestamp("us")), since.cast(pa.timestamp("us"), safe=False))
    seconds = pc.max_element_wise(pc.divide(microseconds.cast(pa.int64()).cast(pa.float64()), 1e6), _LEAST)
    counted = seconds.filter(pc.less_equal(seconds, longest))
    steps = pc.floor(pc.divide(pc.ln(counted), _STEP)).cast(pa.int64()).value_counts().to_pylist()
    counts = Counter({step["values"]: step["counts"] for step in steps})
    return Latencies(counts, pc.max(counted).as_py() or 0.0, len(seconds) - len(counted))
