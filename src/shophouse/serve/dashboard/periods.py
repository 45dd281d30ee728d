"""Periods that people ask for by name, what they are compared with, and the grain that fits them."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shophouse.metrics.query import Grain

__all__ = ["COMPARISONS", "PRESETS", "Comparison", "Period", "compared_with", "fitting_grain", "of_preset"]

PRESETS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "12m": "Last 12 months",
    "mtd": "Month to date",
    "qtd": "Quarter to date",
    "ytd": "Year to date",
    "all": "All time",
}
"""The names of periods as they stand in the address, and as people read them."""

Comparison = Literal["previous", "year", "none"]
COMPARISONS: dict[Comparison, str] = {
    "previous": "Previous period",
    "year": "Same period last year",
    "none": "No comparison",
}


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both inclusive."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def of_preset(preset: str, last: date, first: date) -> Period:
    """The period of that name, seen from the day `last`; `first` is the first day that there is data of."""
    if preset == "today":
        return Period(last, last)
    if preset == "yesterday":
        return Period(last - timedelta(days=1), last - timedelta(days=1))
    if preset == "all":
        return Period(min(first, last), last)
    if preset == "12m":
        return Period(_years_before(last, 1) + timedelta(days=1), last)
    if preset.endswith("d") and preset[:-1].isdigit():
        return Period(last - timedelta(days=int(preset[:-1]) - 1), last)
    month = {"mtd": last.month, "qtd": (last.month - 1) // 3 * 3 + 1, "ytd": 1}[preset]
    return Period(date(last.year, month, 1), last)


def compared_with(period: Period, comparison: Comparison) -> Period | None:
    """The period that it is compared with: as many days right before it, or the same days of the year before."""
    if comparison == "none":
        return None
    if comparison == "year":
        return Period(_years_before(period.start, 1), _years_before(period.end, 1))
    return Period(period.start - timedelta(days=period.days), period.start - timedelta(days=1))


def fitting_grain(period: Period) -> Grain:
    """Days up to three months, weeks up to a year, months beyond."""
    if period.days <= 92:
        return "day"
    return "week" if period.days <= 366 else "month"


def _years_before(day: date, years: int) -> date:
    last = calendar.monthrange(day.year - years, day.month)[1]
    return day.replace(year=day.year - years, day=min(day.day, last))
