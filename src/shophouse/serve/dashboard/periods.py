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

    @property
    def months(self) -> int | None:
        """How many months it is; None of one that begins or ends within a month."""
        if self.start.day != 1 or (self.end + timedelta(days=1)).day != 1:
            return None
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1


def of_preset(preset: str, last: date, first: date) -> Period:
    """The period of that name, seen from the day `last`; `first` is the first day that there is data of."""
    if preset == "today":
        return Period(last, last)
    if preset == "yesterday":
        return Period(last - timedelta(days=1), last - timedelta(days=1))
    if preset == "all":
        return Period(min(first, last), last)
    if preset == "12m":
        return Period(_months_before(last, 12) + timedelta(days=1), last)
    if preset.endswith("d") and preset[:-1].isdigit():
        return Period(last - timedelta(days=int(preset[:-1]) - 1), last)
    month = {"mtd": last.month, "qtd": (last.month - 1) // 3 * 3 + 1, "ytd": 1}[preset]
    return Period(date(last.year, month, 1), last)


def compared_with(period: Period, comparison: Comparison) -> Period | None:
    """The period that it is compared with: the one right before it, or the same days of the year before.

    Before whole months are as many whole months, before other days as many days.
    """
    if comparison == "none":
        return None
    if comparison == "previous" and period.months is None:
        return Period(period.start - timedelta(days=period.days), period.start - timedelta(days=1))
    months = 12 if comparison == "year" else period.months or 0
    end = _months_before(period.end, months)
    if period.months is not None:
        end = end.replace(day=calendar.monthrange(end.year, end.month)[1])
    return Period(_months_before(period.start, months), end)


def fitting_grain(period: Period) -> Grain:
    """Days up to three months, weeks up to a year, months beyond."""
    if period.days <= 92:
        return "day"
    return "week" if period.days <= 366 else "month"


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
