"""Which days a report is of: the words of a person, read as of what is published and never as of the clock."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_skeleton

from shophouse.errors import ConfigError
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.periods import PRESETS, Period, of_preset

__all__ = ["Days", "NothingIsOver", "file_part", "heading", "read_period"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-[qQ]([1-4])")
_YEAR = re.compile(r"\d{4}")
_HINT = [
    'write it as "last month", 2025-09, 2025-Q3, 2025 or 2025-09-01..2025-09-30',
    f"or as in the dashboard: {', '.join(PRESETS)}",
]


class NothingIsOver(ConfigError):
    """The first month (week, quarter, year) of what is published still runs."""


@dataclass(frozen=True)
class Days:
    """The first day that a published version has anything of, the last with an order, the last with anything at all.

    `run` is the day at the shop on which the run began that published it.
    """

    first: date
    last: date
    until: date
    run: date


def read_period(words: str, days: Days) -> Period:
    """The days that the words mean. Raises ConfigError for words that mean none, and for days without any data.

    "last month" (week, quarter, year) is the newest that is over: that whose last day has an order, seen from a later
    day, or else the one before. So a version means the same days whenever it is asked.
    """
    text = words.strip()
    period = _by_name(text, days) or _by_dates(text)
    if period is None:
        raise ConfigError(f"the period {words!r} is not understood", hint=_HINT)
    if period.end < days.first or period.start > days.until:
        raise ConfigError(
            f"there is nothing of {period.start} to {period.end}",
            why=f"what is published has {days.first} to {days.until}",
            hint=f"--period {days.first}..{days.last}",
        )
    return period


def heading(period: Period, formats: Formats) -> str:
    """The days as people read them: September 2025, 2025 Q3, or the first and the last."""
    unit = _unit(period)
    if unit == "month":
        return str(format_skeleton("yMMMM", period.start, locale=formats.locale))
    if unit is not None:
        return formats.period(period.start, "quarter" if unit == "quarter" else "year")
    if period.days == 1:
        return formats.day(period.start)
    return f"{formats.day(period.start)} – {formats.day(period.end)}"


def file_part(period: Period) -> str:
    """The days in a file's name, in an order that sorts: 2025-09, 2025-Q3, 2025, 2025-09-01_2025-09-14."""
    start = period.start
    unit = _unit(period)
    if unit == "month":
        return f"{start:%Y-%m}"
    if unit == "quarter":
        return f"{start:%Y}-Q{(start.month + 2) // 3}"
    if unit == "year":
        return f"{start:%Y}"
    return f"{start}" if period.days == 1 else f"{start}_{period.end}"


def _by_name(text: str, days: Days) -> Period | None:
    low = " ".join(text.lower().split())
    preset = next((name for name, label in PRESETS.items() if low in (name, label.lower())), None)
    if preset is not None:
        return of_preset(preset, days.until if preset == "all" else days.last, days.first)
    if not low.startswith("last "):
        return None
    unit = low.removeprefix("last ")
    if unit != "week" and unit not in _MONTHS:
        return None
    newest = _around(unit, days.last)
    if newest.end == days.last and days.run > newest.end:
        return newest
    before = _around(unit, newest.start - timedelta(days=1))
    if before.end < days.first:
        raise NothingIsOver(f"no {unit} is over yet", why=f"what is published begins on {days.first}", hint=_HINT)
    return before


def _by_dates(text: str) -> Period | None:
    start, dots, end = (part.strip() for part in text.partition(".."))
    try:
        if dots:
            period = Period(date.fromisoformat(start), date.fromisoformat(end))
        elif found := _MONTH.fullmatch(text):
            period = _around("month", date(int(found[1]), int(found[2]), 1))
        elif found := _QUARTER.fullmatch(text):
            period = _around("quarter", date(int(found[1]), int(found[2]) * 3, 1))
        elif _YEAR.fullmatch(text):
            period = _around("year", date(int(text), 1, 1))
        else:
            period = Period(date.fromisoformat(text), date.fromisoformat(text))
    except ValueError:
        return None
    if period.end < period.start:
        raise ConfigError(
            f"the period ends on {period.end}, before it begins on {period.start}",
            hint=f"--period {period.end}..{period.start}",
        )
    return period


def _around(unit: str, day: date) -> Period:
    """The week (from Monday), month, quarter or year that a day lies in."""
    if unit == "week":
        start = day - timedelta(days=day.weekday())
        return Period(start, start + timedelta(days=6))
    months = _MONTHS[unit]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1]))


def _unit(period: Period) -> str | None:
    return next((unit for unit in _MONTHS if _around(unit, period.start) == period), None)
