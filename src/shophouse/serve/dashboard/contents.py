"""What stands on a page, as plain data: figures, charts and tables, each with the SQL that it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Chart", "ChartKind", "Column", "Content", "Figure", "Figures", "Series", "Table", "Target"]

ChartKind = Literal["line", "area", "bar", "stacked", "ranking", "heatmap", "waterfall", "funnel", "scatter"]
"""How a chart is drawn. A ranking, a waterfall and a funnel run down the page, one label below the other."""


@dataclass(frozen=True)
class Target:
    """What a figure was to reach, and what was reached; `days` names them where they are not all of the period."""

    value: Any
    reached: Any
    days: str = ""

    @property
    def share(self) -> float:
        """How much of it is reached; 1 is all of it."""
        return float(self.reached or 0) / float(self.value)


@dataclass(frozen=True)
class Figure:
    """One number of a row of figures. `change` is as it is written, `is_good` says whether it is good news."""

    metric: str
    label: str
    definition: str
    unit: str
    value: Any
    before: Any = None
    change: str | None = None
    is_good: bool | None = None
    trend: tuple[float | None, ...] = ()
    target: Target | None = None


@dataclass(frozen=True)
class Series:
    """Values along the axis of a chart. A `quiet` one is what the others are compared with."""

    name: str
    values: tuple[Any, ...]
    is_quiet: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table, in a unit of `Formats.value`."""

    name: str
    label: str
    unit: str = "text"
    definition: str = ""


@dataclass(frozen=True)
class _Content:
    title: str
    sql: str = ""
    notes: tuple[str, ...] = ()
    definition: str = ""


@dataclass(frozen=True)
class Figures(_Content):
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Chart(_Content):
    """A chart: `labels` along its axis, `series` over it; `links` are where a click on each label leads.

    A heat map has its rows in `labels` and its columns in `columns_across`, each series being a row; `is_labelled`
    writes the values into its cells. A waterfall has one series: steps that lie on the sum of those before, but for its
    `totals`, the places of the steps that stand on the ground. A scatter has two series, across and up; the second is
    in `second_unit`.
    """

    kind: ChartKind = "line"
    unit: str = "count"
    labels: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    links: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    """What was calculated, for downloads: all of it, also what the chart leaves out."""
    columns_across: tuple[str, ...] = ()
    is_labelled: bool = False
    totals: tuple[int, ...] = ()
    second_unit: str = ""


@dataclass(frozen=True)
class Table(_Content):
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    links: tuple[str, ...] = ()
    shown: int = 25
    empty: str = "Nothing in this period."


Content = Figures | Chart | Table
