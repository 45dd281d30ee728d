"""The parts that pages are made of. Each calculates its content for a view; none knows how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol

from shophouse.errors import ConfigError
from shophouse.metrics import Catalogue, CompiledQuery, Grain, Metric, MetricQuery, compile_query
from shophouse.metrics.conditions import Condition
from shophouse.metrics.query import first_day, next_period, periods
from shophouse.serve.dashboard.contents import Chart, ChartKind, Column, Content, Figure, Figures, Series, Target
from shophouse.serve.dashboard.formats import Formats, spoken
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.periods import Period, compared_with
from shophouse.serve.dashboard.published import Published, Rows
from shophouse.serve.dashboard.view import FILTERS, View
from shophouse.serve.described import Described

__all__ = [
    "Block",
    "Context",
    "Ranking",
    "RowOfFigures",
    "Trend",
    "defined",
    "label_of",
    "meaning",
    "place_of",
    "whole_months",
]


_WITHOUT = "Without"


@dataclass(frozen=True)
class Context:
    """What content is calculated from."""

    published: Published
    catalogue: Catalogue
    formats: Formats
    view: View
    marts: Callable[[], Mapping[str, Described]] = dict
    """What the models of marts say of themselves."""

    def ask(self, query: MetricQuery) -> tuple[Rows, CompiledQuery, tuple[str, ...]]:
        """The rows of metrics under the view's filters; those that a metric can't be split by are left out and told."""
        usable, notes = self.usable(query.metrics, query)
        rows, compiled = self.answer(replace(query, where=usable))
        return rows, compiled, notes

    def answer(self, query: MetricQuery) -> tuple[Rows, CompiledQuery]:
        """The rows of metrics under the query's own conditions, and no other."""
        compiled = compile_query(self.catalogue, query)
        return self.published.query(compiled.sql, compiled.parameters), compiled

    def usable(self, metrics: Sequence[str], query: MetricQuery) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
        """The view's filters that these metrics can all be narrowed by together, and a line on each other."""
        usable: tuple[Condition, ...] = ()
        notes: list[str] = []
        for condition in self.view.conditions:
            try:
                compile_query(self.catalogue, replace(query, metrics=tuple(metrics), where=(*usable, condition)))
            except ConfigError:
                notes.append(f"not filtered by {FILTERS[condition.dimension].lower()}")
            else:
                usable = (*usable, condition)
        return usable, tuple(notes)

    def of_months(self, period: Period) -> str:
        """Which whole months stand for a period."""
        months = whole_months(period)
        first, last = (self.formats.period(day, "month") for day in (months.start, months.end))
        return f"whole months: {first}" if first == last else f"whole months: {first} – {last}"

    def year(self, period: Period) -> Period:
        """The whole months of a period, and as many before them as make a year."""
        months = whole_months(period)
        last = first_day(months.end, "month")
        return Period(min(months.start, date(last.year - (last.month < 12), last.month % 12 + 1, 1)), months.end)

    def defined(self, column: Column, marts: Collection[str] = ()) -> Column:
        """A column of `marts` with what the catalogue says of it, where it has no definition of its own."""
        return defined(self.catalogue, column, marts)


class Block(Protocol):
    """A part of a page."""

    @property
    def title(self) -> str: ...

    @property
    def width(self) -> int:
        """How many of the twelve columns of a page it takes."""

    @property
    def needs(self) -> Need | None:
        """Data that it is left out without."""

    def content(self, context: Context) -> Content: ...


@dataclass(frozen=True)
class RowOfFigures:
    """Metrics as large numbers, with the change against the compared period and the trend within the period.

    `only_with` says of a metric what data it has to have; one without them leaves its place to the next of `spare`.
    """

    metrics: tuple[str, ...]
    title: str = "At a glance"
    width: int = 12
    only_with: Mapping[str, Need] = field(default_factory=dict)
    spare: tuple[str, ...] = ()
    needs: Need | None = None

    def content(self, context: Context) -> Figures:
        asked = [_Asked.of(context, name) for name in self.shown(context.published)]
        together: dict[tuple[Any, ...], list[str]] = {}
        for one in asked:
            together.setdefault(one.alike, []).append(one.name)
        answers: dict[str, _Answer] = {}
        for one in asked:
            if one.name not in answers:
                answers |= one.answered(context, together[one.alike])
        notes = [f"{context.catalogue.metric(one.name).label}: {note}" for one in asked for note in one.notes]
        figures = tuple(one.figure(context, answers[one.name]) for one in asked)
        statements = [one.sql(context) for one in asked]
        return Figures(self.title, ";\n\n".join(statements), tuple(dict.fromkeys(notes)), figures=figures)

    def shown(self, published: Published) -> list[str]:
        """The metrics that the shop has the data of, as many as there are places."""
        there = [
            name
            for name in (*self.metrics, *self.spare)
            if name not in self.only_with or self.only_with[name].is_met(published)
        ]
        return there[: len(self.metrics)]


@dataclass(frozen=True)
class _Answer:
    """What a metric was in the period, in the one that it is compared with, and over the period."""

    now: Any
    before: Any
    over: Mapping[date, Any]


@dataclass(frozen=True)
class _Asked:
    """A metric as a figure asks for it. Those that are `alike` are asked for together, so that a table is read once."""

    name: str
    period: Period
    compared: Period | None
    grain: Grain
    where: tuple[Condition, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, context: Context, name: str) -> _Asked:
        view = context.view
        period, compared, grain = view.period, view.before, view.grain
        notes: tuple[str, ...] = ()
        if context.catalogue.grain(name) == "month":
            period, grain = whole_months(period), "month" if grain in ("day", "week") else grain
            # a month that is not over is less than one that is
            is_over = period.end <= (view.until or view.last)
            compared = compared_with(period, view.comparison) if compared is not None and is_over else None
            notes = (context.of_months(period),)
        usable, left_out = context.usable((name,), MetricQuery((name,), start=period.start, end=period.end))
        return cls(name, period, compared, grain, usable, notes + left_out)

    @property
    def alike(self) -> tuple[Any, ...]:
        return self.period, self.compared, self.grain, self.where

    def answered(self, context: Context, names: Sequence[str]) -> dict[str, _Answer]:
        """The answers of this metric and of others that are alike."""
        asked = replace(self._query, metrics=tuple(names))
        now = context.answer(asked)[0].first
        before: dict[str, Any] = {}
        if self.compared is not None:
            before = context.answer(replace(asked, start=self.compared.start, end=self.compared.end))[0].first
        over = context.answer(replace(asked, grain=self.grain))[0].dicts()
        return {
            name: _Answer(now.get(name), before.get(name), {row["period"]: row[name] for row in over}) for name in names
        }

    def sql(self, context: Context) -> str:
        return compile_query(context.catalogue, self._query).text

    @property
    def _query(self) -> MetricQuery:
        return MetricQuery((self.name,), where=self.where, start=self.period.start, end=self.period.end)

    def figure(self, context: Context, answer: _Answer) -> Figure:
        metric = context.catalogue.metric(self.name)
        now, before = answer.now, answer.before
        trend = tuple(
            None if answer.over.get(day) is None else float(answer.over[day])
            for day in periods(self.period.start, self.period.end, self.grain)
        )
        is_good = None
        if now is not None and before is not None and now != before:
            is_good = (now > before) == (metric.better == "up")
        return Figure(
            self.name,
            metric.label,
            meaning(metric),
            metric.unit,
            now,
            before,
            context.formats.change(now, before, metric.unit),
            is_good,
            trend,
            _target(context, self.name, now, self.period),
        )


@dataclass(frozen=True)
class Trend:
    """A metric over the periods of the view, with the compared period behind it, or split by a dimension."""

    metric: str
    title: str = ""
    by: str | None = None
    kind: ChartKind = "line"
    width: int = 6
    series: int = 6
    """The most series of a split; the rest is one, or left out where the metric's values don't add up."""
    needs: Need | None = None

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", label_of(self.metric))

    def content(self, context: Context) -> Chart:
        metric = context.catalogue.metric(self.metric)
        view, formats = context.view, context.formats
        period, grain = view.period, view.grain
        notes: tuple[str, ...] = ()
        by = (self.by,) if self.by else ()
        try:
            compile_query(context.catalogue, MetricQuery((self.metric,), grain, by))
        except ConfigError:
            grain = "month" if grain in ("day", "week") else grain
            period = context.year(period)
            notes = (context.of_months(period),)
        if context.catalogue.grain(self.metric) == "month":
            period = whole_months(period)
        asked = MetricQuery((self.metric,), grain, by, start=period.start, end=period.end)
        rows, compiled, left_out = context.ask(asked)
        days = list(periods(period.start, period.end, grain))
        labels = tuple(formats.period(day, grain) for day in days)
        links = tuple(_link_to(view, day, grain, period) for day in days)
        if self.by:
            series, rest = _split(rows, days, self.series, adds_up=context.catalogue.adds_up(self.metric))
            notes += (f"without {rest} others",) if rest else ()
        else:
            now: dict[Any, Any] = {row[0]: row[1] for row in rows.rows}
            series = (Series(metric.label, tuple(now.get(day) for day in days)),)
            before = compared_with(period, view.comparison) if view.before is not None else None
            if before is not None:
                compared = self._compared(context, asked, before, len(days))
                # a line of nothing would only stand in the legend
                series += (compared,) if any(value is not None for value in compared.values) else ()
        columns = (
            Column("period", "Period", "day"),
            *((Column(self.by, label_of(self.by)),) if self.by else ()),
            Column(self.metric, metric.label, metric.unit, metric.definition),
        )
        return Chart(
            self.title,
            compiled.text,
            notes + left_out,
            metric.description,
            # a line through one point can't be seen
            kind="bar" if len(labels) == 1 else self.kind,
            unit=metric.unit,
            labels=labels,
            series=series,
            links=links,
            columns=columns,
            rows=rows.rows,
        )

    def _compared(self, context: Context, asked: MetricQuery, before: Period, count: int) -> Series:
        assert asked.grain is not None
        if context.catalogue.grain(self.metric) == "month":
            before = whole_months(before)
        rows, _, _ = context.ask(replace(asked, start=before.start, end=before.end))
        values = {row[0]: row[1] for row in rows.rows}
        days = list(periods(before.start, before.end, asked.grain))[:count]
        label = "Previous period" if context.view.comparison == "previous" else "Last year"
        return Series(label, tuple(values.get(day) for day in days), is_quiet=True)


@dataclass(frozen=True)
class Ranking:
    """The largest values of a metric by a dimension; a click filters by it where pages can be filtered so."""

    metric: str
    by: str
    title: str = ""
    width: int = 6
    limit: int = 10
    needs: Need | None = None

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", f"{label_of(self.metric)} by {label_of(self.by).lower()}")

    def content(self, context: Context) -> Chart:
        metric = context.catalogue.metric(self.metric)
        view = context.view
        notes: tuple[str, ...] = ()
        period = view.period
        asked = MetricQuery((self.metric,), None, (self.by,), (), period.start, period.end, largest_first=True)
        try:
            compile_query(context.catalogue, asked)
        except ConfigError:
            notes = (context.of_months(period),)
            period = whole_months(period)
            asked = replace(asked, start=period.start, end=period.end)
        rows, compiled, left_out = context.ask(asked)
        shown = [row for row in rows.rows if row[1]][: self.limit]
        # a filter by nothing finds what has no value
        values = ["" if row[0] is None else str(row[0]) for row in shown]
        links: tuple[str, ...] = ()
        if self.by in FILTERS:
            links = tuple(view.with_(filters={**view.filters, self.by: (value,)}).address("") for value in values)
        return Chart(
            self.title,
            compiled.text,
            notes + left_out,
            metric.description,
            kind="ranking",
            unit=metric.unit,
            labels=tuple(spoken(value) or _WITHOUT for value in values),
            series=(Series(metric.label, tuple(row[1] for row in shown)),),
            links=links,
            columns=(
                Column(self.by, label_of(self.by)),
                Column(self.metric, metric.label, metric.unit, metric.definition),
            ),
            rows=rows.rows,
        )


def _target(context: Context, name: str, now: Any, period: Period) -> Target | None:
    """What was to be reached, of the whole shop: in the period, or in those days of it, in one piece, that have one."""
    metric = context.catalogue.metric(name)
    if context.view.conditions or not metric.columns or context.catalogue.grain(name) != "day":
        return None
    found = context.published.query(
        "select sum(day_target_value), count(distinct target_date), min(target_date), max(target_date) "
        "from core.fct_targets_daily "
        "where target_metric = $metric and is_of_the_day and target_date between $start and $end",
        {"metric": metric.columns[0], "start": period.start, "end": period.end},
    )
    [(value, days, start, end)] = found.rows
    if not value or Period(start, end).days != days:
        return None
    if days == period.days:
        return Target(value, now)
    rows, _, _ = context.ask(MetricQuery((name,), start=start, end=end))
    first, last = context.formats.day(start), context.formats.day(end)
    days = f"until {last}" if start == period.start else f"from {first}" if end == period.end else f"{first} – {last}"
    return Target(value, rows.rows[0][0] if rows.rows else None, days)


def place_of(title: str) -> str:
    """The place of a block on its page, as it stands after # in an address."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())


def meaning(metric: Metric) -> str:
    """What a metric means, how it is calculated, by which day, and what is not in it."""
    return f"{metric.description} Formula: {metric.formula}. Counted by {metric.basis}. Not in it: {metric.excludes}."


def defined(catalogue: Catalogue, column: Column, marts: Collection[str] = ()) -> Column:
    """A column of `marts` with what the catalogue says of it, where it has no definition of its own."""
    name = None if column.definition else catalogue.of_column(column.name, marts)
    return replace(column, definition=catalogue.metrics[name].definition) if name else column


def label_of(name: str) -> str:
    """A column's or dimension's name as people read it: marketing_channel becomes Marketing channel."""
    words = name.removesuffix("_amount").removesuffix("_rate").replace("_", " ")
    return words[:1].upper() + words[1:]


def _split(rows: Rows, days: Sequence[date], most: int, *, adds_up: bool) -> tuple[tuple[Series, ...], int]:
    """A series for each of the largest values of the dimension, one for all others together where they add up.

    Otherwise with how many are left out.
    """
    values: dict[str, dict[date, Any]] = {}
    for day, name, value in rows.rows:
        if value is not None:
            values.setdefault("" if name is None else str(name), {})[day] = value
    order = sorted(values, key=lambda name: -sum(abs(value) for value in values[name].values()))
    kept = len(order) if len(order) <= most else most - 1 if adds_up else most
    series = [Series(spoken(name) or _WITHOUT, tuple(values[name].get(day) for day in days)) for name in order[:kept]]
    rest = order[kept:]
    if rest and adds_up:
        others = tuple(sum(values[name].get(day, 0) for name in rest) for day in days)
        series.append(Series(f"{len(rest)} others", others))
        rest = []
    return tuple(series), len(rest)


def whole_months(period: Period) -> Period:
    """The months that a period lies in, from the first day of the first to the last of the last."""
    start = first_day(period.start, "month")
    after = next_period(first_day(period.end, "month"), "month")
    return Period(start, date.fromordinal(after.toordinal() - 1))


def _link_to(view: View, day: date, grain: Any, within: Period) -> str:
    """The same page over the days of one period alone; a day leads to its orders."""
    if grain == "day":
        return view.led_by(f"/orders?day={day.isoformat()}")
    last = date.fromordinal(next_period(day, grain).toordinal() - 1)
    return view.with_(own=Period(max(day, within.start), min(last, within.end)), chosen_grain=None).address("")
