"""The parts that pages are made of. Each calculates its content for a view; none knows how it is drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from shophouse.errors import ConfigError
from shophouse.metrics import Catalogue, CompiledQuery, MetricQuery, compile_query
from shophouse.metrics.conditions import Condition
from shophouse.metrics.query import first_day, next_period, periods
from shophouse.serve.dashboard.contents import Chart, ChartKind, Column, Content, Figure, Figures, Series, Table
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.periods import Period
from shophouse.serve.dashboard.published import Published, Rows
from shophouse.serve.dashboard.view import FILTERS, View

__all__ = ["Block", "Context", "Ranking", "RowOfFigures", "SqlChart", "SqlTable", "Trend", "label_of"]

_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Context:
    """What content is calculated from."""

    published: Published
    catalogue: Catalogue
    formats: Formats
    view: View

    def ask(self, query: MetricQuery) -> tuple[Rows, CompiledQuery, tuple[str, ...]]:
        """The rows of metrics under the view's filters; those that a metric can't be split by are left out and told."""
        usable, notes = self.usable(query.metrics, query)
        compiled = compile_query(self.catalogue, replace(query, where=usable))
        return self.published.query(compiled.sql, compiled.parameters), compiled, notes

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


class Block(Protocol):
    """A part of a page."""

    @property
    def title(self) -> str: ...

    @property
    def width(self) -> int:
        """How many of the twelve columns of a page it takes."""

    def content(self, context: Context) -> Content: ...


@dataclass(frozen=True)
class RowOfFigures:
    """Metrics as large numbers, with the change against the compared period and the trend within the period."""

    metrics: tuple[str, ...]
    title: str = "At a glance"
    width: int = 12

    def content(self, context: Context) -> Figures:
        notes: list[str] = []
        figures: list[Figure] = []
        statements: list[str] = []
        for name in self.metrics:
            figure, compiled, left_out = self._figure(context, name)
            figures.append(figure)
            statements.append(compiled.text)
            notes += [f"{figure.label}: {note}" for note in left_out]
        return Figures(self.title, ";\n\n".join(statements), tuple(dict.fromkeys(notes)), figures=tuple(figures))

    def _figure(self, context: Context, name: str) -> tuple[Figure, CompiledQuery, tuple[str, ...]]:
        view, metric = context.view, context.catalogue.metric(name)
        period, grain = view.period, view.grain
        notes: tuple[str, ...] = ()
        if context.catalogue.grain(name) == "month":
            period, grain = _whole_months(period), "month" if grain in ("day", "week") else grain
            notes = ("whole months",)
        asked = MetricQuery((name,), start=period.start, end=period.end)
        rows, compiled, left_out = context.ask(asked)
        now = rows.rows[0][0] if rows.rows else None
        before = None
        compared = view.before
        if compared is not None:
            if notes:
                compared = _whole_months(compared)
            earlier, _, _ = context.ask(MetricQuery((name,), start=compared.start, end=compared.end))
            before = earlier.rows[0][0] if earlier.rows else None
        over, _, _ = context.ask(replace(asked, grain=grain))
        by_period: dict[date, Any] = {row[0]: row[1] for row in over.rows}
        trend = tuple(
            None if by_period.get(day) is None else float(by_period[day])
            for day in periods(period.start, period.end, grain)
        )
        is_good = None
        if now is not None and before is not None and now != before:
            is_good = (now > before) == (metric.better == "up")
        definition = f"{metric.description} {metric.formula}. Counted by {metric.basis}. Not in it: {metric.excludes}."
        figure = Figure(
            name,
            metric.label,
            definition,
            metric.unit,
            now,
            before,
            context.formats.change(now, before, metric.unit),
            is_good,
            trend,
        )
        return figure, compiled, notes + left_out


@dataclass(frozen=True)
class Trend:
    """A metric over the periods of the view, with the compared period behind it, or split by a dimension."""

    metric: str
    title: str = ""
    by: str | None = None
    kind: ChartKind = "line"
    width: int = 6
    series: int = 6
    """The most series of a split; the rest is one."""

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
            grain, notes = "month" if grain in ("day", "week") else grain, ("by month",)
        if notes or context.catalogue.grain(self.metric) == "month":
            period = _whole_months(period)
        asked = MetricQuery((self.metric,), grain, by, start=period.start, end=period.end)
        rows, compiled, left_out = context.ask(asked)
        days = list(periods(period.start, period.end, grain))
        labels = tuple(formats.period(day, grain) for day in days)
        links = tuple(_link_to(view, day, grain, period) for day in days)
        if self.by:
            series = _split(rows, days, self.series)
        else:
            now: dict[Any, Any] = {row[0]: row[1] for row in rows.rows}
            series = (Series(metric.label, tuple(now.get(day) for day in days)),)
            before = view.before
            if before is not None and view.comparison != "none":
                series += (self._compared(context, asked, before, len(days)),)
        columns = (
            Column("period", "Period", "day"),
            *((Column(self.by, label_of(self.by)),) if self.by else ()),
            Column(self.metric, metric.label, metric.unit),
        )
        return Chart(
            self.title,
            compiled.text,
            notes + left_out,
            metric.description,
            kind=self.kind,
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
            before = _whole_months(before)
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
    link: str = ""
    """Where a click leads, with {value} in it; by itself to the same page, filtered."""

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", f"{label_of(self.metric)} by {label_of(self.by).lower()}")

    def content(self, context: Context) -> Chart:
        metric = context.catalogue.metric(self.metric)
        view = context.view
        period, notes = view.period, ()
        asked = MetricQuery((self.metric,), None, (self.by,), (), period.start, period.end, largest_first=True)
        try:
            compile_query(context.catalogue, asked)
        except ConfigError:
            period, notes = _whole_months(period), ("whole months",)  # type: ignore[assignment]
            asked = replace(asked, start=period.start, end=period.end)
        rows, compiled, left_out = context.ask(asked)
        shown = [row for row in rows.rows if row[1] is not None][: self.limit]
        values = [str(row[0]) for row in shown]
        links: tuple[str, ...] = ()
        if self.link:
            links = tuple(self.link.replace("{value}", value) for value in values)
        elif self.by in FILTERS:
            links = tuple(view.with_(filters={**view.filters, self.by: (value,)}).address("") for value in values)
        return Chart(
            self.title,
            compiled.text,
            notes + left_out,
            metric.description,
            kind="ranking",
            unit=metric.unit,
            labels=tuple(values),
            series=(Series(metric.label, tuple(row[1] for row in shown)),),
            links=links,
            columns=(Column(self.by, label_of(self.by)), Column(self.metric, metric.label, metric.unit)),
            rows=rows.rows,
        )


@dataclass(frozen=True)
class _OfSql:
    """A query in a file beside the page, with $start, $end and the like.

    `{filters}` in it is where the view's filters go: `dimensions` gives the column of each that its rows have. Filters
    without one are left out, and told.
    """

    title: str
    file: Path
    dimensions: Mapping[str, str] = field(default_factory=dict)
    definition: str = ""
    width: int = 6
    follows_period: bool = True
    """Whether its rows are those of the view's period; else it is told that they are not."""

    _none: ClassVar[str] = "1 = 1"

    @cached_property
    def text(self) -> str:
        return self.file.read_text("utf-8").strip().removesuffix(";")

    def _asked(self, context: Context) -> tuple[Rows, str, tuple[str, ...]]:
        view = context.view
        notes = [] if self.follows_period else ["all time"]
        given: dict[str, Any] = {
            "start": view.period.start,
            "end": view.period.end,
            "first_month": first_day(view.period.start, "month"),
            "grain": view.grain,
            "before_start": view.before.start if view.before else None,
            "before_end": view.before.end if view.before else None,
        }
        tests: list[str] = []
        for condition in view.conditions:
            column = self.dimensions.get(condition.dimension)
            if column is None or "{filters}" not in self.text:
                notes.append(f"not filtered by {FILTERS[condition.dimension].lower()}")
                continue
            names = [f"{condition.dimension}_{number}" for number in range(len(condition.values))]
            given |= dict(zip(names, condition.values, strict=True))
            tests.append(f"cast({column} as varchar) in ({', '.join(f'${name}' for name in names)})")
        sql = self.text.replace("{filters}", " and ".join(tests) or self._none)
        used = set(_NAME.findall(sql))
        parameters = {name: value for name, value in given.items() if name in used}
        shown = _NAME.sub(lambda found: _quoted(given[found[1]]), sql)
        return context.published.query(sql, parameters), shown, tuple(notes)


@dataclass(frozen=True)
class SqlTable(_OfSql):
    """A table from a query. `columns` give label and unit of its columns, in order; others are not shown.

    `link` leads from each row: a path with {name} of a column in it.
    """

    columns: tuple[Column, ...] = ()
    link: str = ""
    shown: int = 25

    def content(self, context: Context) -> Table:
        rows, sql, notes = self._asked(context)
        wanted = self.columns or tuple(Column(name, label_of(name)) for name in rows.columns)
        at = [rows.columns.index(column.name) for column in wanted]
        links = tuple(_filled(self.link, row) for row in rows.dicts()) if self.link else ()
        return Table(
            self.title,
            sql,
            notes,
            self.definition,
            columns=wanted,
            rows=tuple(tuple(row[i] for i in at) for row in rows.rows),
            links=links,
            shown=self.shown,
        )


@dataclass(frozen=True)
class SqlChart(_OfSql):
    """A chart from a query whose first column is the axis; each further column of `columns` is a series.

    A heat map has three columns: row, column, value.
    """

    kind: ChartKind = "line"
    unit: str = "count"
    columns: tuple[Column, ...] = ()
    link: str = ""

    def content(self, context: Context) -> Chart:
        rows, sql, notes = self._asked(context)
        wanted = self.columns or tuple(Column(name, label_of(name)) for name in rows.columns)
        at = [rows.columns.index(column.name) for column in wanted]
        chosen = tuple(tuple(row[i] for i in at) for row in rows.rows)
        across: tuple[str, ...] = ()
        if self.kind == "heatmap":
            labels = tuple(dict.fromkeys(self._label(context, row[0]) for row in chosen))
            across = tuple(str(column) for column in dict.fromkeys(row[1] for row in chosen))
            cells = {(self._label(context, row[0]), str(row[1])): row[2] for row in chosen}
            series = tuple(Series(label, tuple(cells.get((label, column)) for column in across)) for label in labels)
        else:
            labels = tuple(self._label(context, row[0]) for row in chosen)
            series = tuple(
                Series(column.label, tuple(row[number] for row in chosen))
                for number, column in enumerate(wanted)
                if number > 0
            )
        links = tuple(_filled(self.link, row) for row in rows.dicts()) if self.link else ()
        return Chart(
            self.title,
            sql,
            notes,
            self.definition,
            kind=self.kind,
            unit=self.unit,
            labels=labels,
            series=series,
            links=links,
            columns=wanted,
            rows=chosen,
            columns_across=across,
        )

    def _label(self, context: Context, value: Any) -> str:
        if isinstance(value, date):
            is_month = self.columns and self.columns[0].unit == "month"
            return context.formats.period(value, "month") if is_month else context.formats.day(value)
        return "" if value is None else str(value)


def label_of(name: str) -> str:
    """A column's or dimension's name as people read it: marketing_channel becomes Marketing channel."""
    words = name.removesuffix("_amount").removesuffix("_rate").replace("_", " ")
    return words[:1].upper() + words[1:]


def _split(rows: Rows, days: Sequence[date], most: int) -> tuple[Series, ...]:
    """A series for each of the largest values of the dimension, and one for all others together."""
    values: dict[str, dict[date, Any]] = {}
    for day, name, value in rows.rows:
        if value is not None:
            values.setdefault(str(name), {})[day] = value
    order = sorted(values, key=lambda name: -sum(abs(value) for value in values[name].values()))
    kept, rest = (order, []) if len(order) <= most else (order[: most - 1], order[most - 1 :])
    series = [Series(name, tuple(values[name].get(day) for day in days)) for name in kept]
    if rest:
        others = tuple(sum(values[name].get(day, 0) for name in rest) for day in days)
        series.append(Series(f"{len(rest)} others", others))
    return tuple(series)


def _whole_months(period: Period) -> Period:
    start = first_day(period.start, "month")
    after = next_period(first_day(period.end, "month"), "month")
    return Period(start, date.fromordinal(after.toordinal() - 1))


def _link_to(view: View, day: date, grain: Any, within: Period) -> str:
    """The same page over the days of one period alone; a day leads to its orders."""
    if grain == "day":
        return f"/orders?day={day.isoformat()}"
    last = date.fromordinal(next_period(day, grain).toordinal() - 1)
    return view.with_(own=Period(max(day, within.start), min(last, within.end)), chosen_grain=None).address("")


def _filled(link: str, row: Mapping[str, Any]) -> str:
    for name, value in row.items():
        link = link.replace("{" + name + "}", str(value))
    return link


def _quoted(value: Any) -> str:
    if value is None:
        return "null"
    text = str(value).replace("'", "''")
    return f"date '{text}'" if isinstance(value, date) else f"'{text}'"
