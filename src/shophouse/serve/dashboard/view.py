"""What a viewer has chosen: period, comparison, grain and filters. A link shares it, for it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from shophouse.metrics import GRAINS, Grain
from shophouse.metrics.conditions import Condition
from shophouse.serve.dashboard.periods import (
    COMPARISONS,
    PRESETS,
    Comparison,
    Period,
    compared_with,
    fitting_grain,
    of_preset,
)
from shophouse.yamlfile import did_you_mean

__all__ = ["FILTERS", "View", "read_view"]

FILTERS = {"store": "Store", "channel": "Channel", "country": "Country", "category": "Category"}
"""The dimensions that every page can be filtered by, and what people read."""

_DEFAULT = "30d"
_EARLIEST, _LATEST = date(1970, 1, 1), date(2199, 12, 31)
# more than a chart can show, or a query should be asked
_MOST_POINTS, _MOST_VALUES, _LONGEST_VALUE, _MOST_PROBLEMS = 4000, 100, 200, 5
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


@dataclass(frozen=True)
class View:
    """What a page shows.

    `first` and `last` are the days that there are orders of; a period by name is seen from `last`. `until` is the last
    day on which anything moved, as a refund after the last order: all time ends with it. `about` is what a page
    of one thing is about, as {"day": "2026-11-21"}. `problems` say what of an address was not understood, and was left
    out.
    """

    first: date
    last: date
    preset: str = _DEFAULT
    own: Period | None = None
    comparison: Comparison = "previous"
    chosen_grain: Grain | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    until: date | None = None
    problems: tuple[str, ...] = ()

    @property
    def period(self) -> Period:
        seen_from = self.until or self.last if self.preset == "all" else self.last
        return self.own or of_preset(self.preset, seen_from, self.first)

    @property
    def before(self) -> Period | None:
        """The period that it is compared with; before all time there was none."""
        if self.preset == "all" and self.own is None:
            return None
        return compared_with(self.period, self.comparison)

    @property
    def grain(self) -> Grain:
        if self.chosen_grain is None or self.period.days / _DAYS[self.chosen_grain] > _MOST_POINTS:
            return fitting_grain(self.period)
        return self.chosen_grain

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(Condition(name, values) for name, values in self.filters.items() if values)

    @property
    def query(self) -> str:
        """What stands in the address after the question mark; empty where all is as it is by itself."""
        words: list[tuple[str, str]] = []
        if self.own is not None:
            words += [("from", self.own.start.isoformat()), ("to", self.own.end.isoformat())]
        elif self.preset != _DEFAULT:
            words.append(("period", self.preset))
        if self.comparison != "previous":
            words.append(("compare", self.comparison))
        if self.chosen_grain is not None:
            words.append(("by", self.chosen_grain))
        words += [(name, value) for name, values in self.filters.items() for value in values]
        return urlencode(words)

    def address(self, page: str) -> str:
        """The address of another page with the same choices; of the same page, and what it is about, for ""."""
        about = "" if page else urlencode(self.about)
        query = "&".join(part for part in (about, self.query) if part)
        return f"/{page}" + (f"?{query}" if query else "")

    def led_by(self, link: str) -> str:
        """A link to another page, which takes the same choices with it."""
        return f"{link}{'&' if '?' in link else '?'}{self.query}" if self.query else link

    def with_(self, **changes: Any) -> View:
        """Another view, in which this is chosen otherwise."""
        return replace(self, problems=(), **changes)


def read_view(
    parameters: Mapping[str, list[str]], first: date, last: date, about: Sequence[str] = (), until: date | None = None
) -> View:
    """The view of an address. What is not understood is left out and told in `problems`, never guessed.

    `about` names the parameters that say what the page is about.
    """
    problems: list[str] = []
    view = View(first, last, until=until)
    known = {"from", "to", "period", "compare", "by", *FILTERS, *about}
    for name in parameters:
        if name not in known:
            near = did_you_mean(name, known) if len(name) <= _LONGEST_VALUE else None
            problems.append(f"there is no filter {_told(name)}" + (f": {near}" if near else ""))
    if "period" in parameters:
        preset = parameters["period"][-1]
        if preset in PRESETS:
            view = replace(view, preset=preset)
        else:
            problems.append(f"there is no period {_told(preset)}; there are {', '.join(PRESETS)}")
    if "from" in parameters or "to" in parameters:
        start = _day(parameters, "from", first, problems)
        end = _day(parameters, "to", last, problems)
        if start is not None and end is not None:
            if start <= end:
                view = replace(view, own=Period(start, end))
            else:
                problems.append(f"the period ends on {end}, before it begins on {start}")
    if "compare" in parameters:
        comparison = parameters["compare"][-1]
        found = next((name for name in COMPARISONS if name == comparison), None)
        if found is not None:
            view = replace(view, comparison=found)
        else:
            problems.append(f"nothing can be compared with {_told(comparison)}; there are {', '.join(COMPARISONS)}")
    if "by" in parameters:
        wanted = parameters["by"][-1]
        grain = next((grain for grain in GRAINS if grain == wanted), None)
        if grain is not None:
            view = replace(view, chosen_grain=grain)
            if view.grain != grain:
                problems.append(f"{view.period.days:,} days are too many to be shown by {grain}")
        else:
            problems.append(f"there is no grain {_told(wanted)}; there are {', '.join(GRAINS)}")
    filters = {name: _values(name, parameters[name], problems) for name in FILTERS if parameters.get(name)}
    filters = {name: values for name, values in filters.items() if values}
    things = {name: parameters[name][-1][:_LONGEST_VALUE] for name in about if parameters.get(name)}
    if len(problems) > _MOST_PROBLEMS:
        problems[_MOST_PROBLEMS:] = [f"and {len(problems) - _MOST_PROBLEMS:,} more that are not understood"]
    return replace(view, filters=filters, about=things, problems=tuple(problems))


def _values(name: str, given: Sequence[str], problems: list[str]) -> tuple[str, ...]:
    """What a page is filtered by. None has a value that is longer, or so many of them."""
    values = tuple(value for value in dict.fromkeys(given) if len(value) <= _LONGEST_VALUE)
    if len(values) < len(set(given)):
        problems.append(f"a value of {name} is longer than {_LONGEST_VALUE} characters")
    if len(values) > _MOST_VALUES:
        problems.append(f"{name} has {len(values):,} values; the first {_MOST_VALUES} are taken")
    return values[:_MOST_VALUES]


def _told(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _day(parameters: Mapping[str, list[str]], name: str, default: date, problems: list[str]) -> date | None:
    if name not in parameters:
        return default
    text = parameters[name][-1]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        problems.append(f"{name}={_told(text)} is no day; write it as {default}")
        return None
    if not _EARLIEST <= day <= _LATEST:
        problems.append(f"{name}={day} is not between {_EARLIEST} and {_LATEST}")
        return None
    return day
