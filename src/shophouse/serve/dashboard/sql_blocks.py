"""The parts of pages that a query in a file beside the page fills."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from shophouse.errors import ConfigError
from shophouse.metrics.query import first_day
from shophouse.serve.dashboard.blocks import Context, label_of
from shophouse.serve.dashboard.contents import Chart, ChartKind, Column, Figure, Figures, Series, Table
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.published import Rows
from shophouse.serve.dashboard.view import FILTERS
from shophouse.yamlfile import did_you_mean

__all__ = ["OfSql", "SqlChart", "SqlFigures", "SqlTable"]

_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")
_MART = re.compile(r"\bmarts\.([a-z0-9_]+)")


@dataclass(frozen=True)
class OfSql:
    """A query in a file beside the page.

    Its parameters are $start and $end (the first and the last day of the view), $first_month and $last_month (of its
    whole months), $year_start (of at least a year of months), $before_start and $before_end (the days that it is
    compared with, or null), $grain, and what the page is about ($day of /orders?day=…, or null).

    `{filters}` in it is where the view's filters go: `dimensions` gives the column of each that its rows have. Filters
    without one are left out, and told. `personal` gives what stands for {name} in it: for those who may see personal
    data, and for the others. `covers` says which days its rows are of: those of the view's period, its whole
    months, at least a year of them, or what it says.
    """

    title: str
    file: Path
    dimensions: Mapping[str, str] = field(default_factory=dict)
    definition: str = ""
    width: int = 6
    covers: str = "period"
    columns: tuple[Column, ...] = ()
    needs: Need | None = None
    personal: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    _none: ClassVar[str] = "1 = 1"

    @cached_property
    def text(self) -> str:
        try:
            return self.file.read_text("utf-8").strip().removesuffix(";")
        except OSError as error:
            raise ConfigError(
                f"the query of {self.title} can't be read",
                where=str(self.file),
                why=error.strerror or str(error),
                hint=f"write it into {self.file.name}, beside the page, or name another file there",
            ) from error

    @cached_property
    def marts(self) -> frozenset[str]:
        """The marts that it reads."""
        return frozenset(_MART.findall(self.text))

    def statement(self, conditions: Sequence[str] = (), *, sees_personal: bool) -> str:
        """The query where all of these hold, for those who may see personal data or for the others."""
        sql = self.text.replace("{filters}", " and ".join(conditions) or self._none)
        for name, (seen, unseen) in self.personal.items():
            sql = sql.replace("{" + name + "}", seen if sees_personal else unseen)
        return sql

    def _asked(self, context: Context) -> tuple[Rows, str, tuple[str, ...]]:
        view = context.view
        notes: list[str] = []
        year = context.year(view.period)
        if self.covers == "months":
            notes.append(context.of_months(view.period))
        elif self.covers == "year":
            notes.append(context.of_months(year))
        elif self.covers != "period":
            notes.append(self.covers)
        given: dict[str, Any] = {
            "start": view.period.start,
            "end": view.period.end,
            "first_month": first_day(view.period.start, "month"),
            "year_start": year.start,
            "last_month": year.end,
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
        sql = self.statement(tests, sees_personal=not context.published.personal)
        parameters = {name: given[name] if name in given else view.about.get(name) for name in _NAME.findall(sql)}
        shown = _NAME.sub(lambda found: _quoted(parameters[found[1]]), sql)
        return context.published.query(sql, parameters), shown, tuple(notes)

    def given(self, names: Sequence[str]) -> tuple[Column, ...]:
        """The columns that are shown of those that the query gives. Raises ConfigError where it lacks one."""
        for column in self.columns:
            if column.name not in names:
                raise ConfigError(
                    f"the query of {self.title} gives no column {column.name}",
                    where=str(self.file),
                    why=f"it gives {', '.join(names)}",
                    hint=did_you_mean(column.name, names) or "select it, or leave it out of the page's columns",
                )
        return self.columns or tuple(Column(name, label_of(name)) for name in names)

    def _columns(self, context: Context, rows: Rows) -> tuple[Column, ...]:
        """The columns that are shown; what the catalogue knows of one is its definition where it has none."""
        wanted = self.given(rows.columns)
        return tuple(context.defined(column, self.marts) for column in wanted)


@dataclass(frozen=True)
class SqlFigures(OfSql):
    """The row of a query as large numbers. A column `<name>_before` is what `<name>` is compared with."""

    width: int = 12
    better: Mapping[str, str] = field(default_factory=dict)
    """Of the columns that are compared: whether up or down is good news."""

    def content(self, context: Context) -> Figures:
        rows, sql, notes = self._asked(context)
        row = rows.first
        figures = []
        for column in self._columns(context, rows):
            now, before = row.get(column.name), row.get(f"{column.name}_before")
            better = self.better.get(column.name)
            is_good = None
            if better is not None and now is not None and before is not None and now != before:
                is_good = (now > before) == (better == "up")
            figures.append(
                Figure(
                    column.name,
                    column.label,
                    column.definition,
                    column.unit,
                    now,
                    before,
                    context.formats.change(now, before, column.unit),
                    is_good,
                )
            )
        return Figures(self.title, sql, notes, self.definition, figures=tuple(figures))


@dataclass(frozen=True)
class SqlTable(OfSql):
    """A table from a query. `columns` give label and unit of its columns, in order; others are not shown.

    `link` leads from each row: a path with {name} of a column in it.
    """

    link: str = ""
    shown: int = 10
    empty: str = "Nothing in this period."

    def content(self, context: Context) -> Table:
        rows, sql, notes = self._asked(context)
        wanted = self._columns(context, rows)
        at = [rows.columns.index(column.name) for column in wanted]
        return Table(
            self.title,
            sql,
            notes,
            self.definition,
            columns=wanted,
            rows=tuple(tuple(row[i] for i in at) for row in rows.rows),
            links=_links(context, self.link, rows),
            shown=self.shown,
            empty=self.empty,
        )


@dataclass(frozen=True)
class SqlChart(OfSql):
    """A chart from a query whose first column is the axis; each further column of `columns` is a series.

    A heat map has three columns: row, column, value; its `link` is that of each row. A chart that is `spread` has
    them too: label, series, value. A waterfall has a third column `is_total`: whether a step stands on the ground. A
    scatter has name, across, up.
    """

    kind: ChartKind = "line"
    unit: str = "count"
    link: str = ""
    is_labelled: bool = False
    is_spread: bool = False
    second_unit: str = ""

    def content(self, context: Context) -> Chart:
        rows, sql, notes = self._asked(context)
        wanted = self._columns(context, rows)
        at = [rows.columns.index(column.name) for column in wanted]
        chosen = tuple(tuple(row[i] for i in at) for row in rows.rows)
        written = [self._written(context, row[0], wanted[0]) for row in chosen]
        labels = tuple(written)
        across: tuple[str, ...] = ()
        links = _links(context, self.link, rows)
        if self.kind == "heatmap" or self.is_spread:
            labels = tuple(dict.fromkeys(written))
            second = [self._written(context, row[1], wanted[1]) for row in chosen]
            others = tuple(dict.fromkeys(second))
            cells = {(label, other): row[2] for label, other, row in zip(written, second, chosen, strict=True)}
            if self.kind == "heatmap":
                across = others
                series = tuple(Series(label, tuple(cells.get((label, one)) for one in others)) for label in labels)
            else:
                series = tuple(Series(one, tuple(cells.get((label, one)) for label in labels)) for one in others)
            by_label = dict(zip(reversed(written), reversed(links), strict=False))
            links = tuple(by_label[label] for label in labels) if links else ()
        else:
            series = tuple(
                Series(column.label, tuple(row[number] for row in chosen))
                for number, column in enumerate(wanted)
                if number > 0
            )
        totals = tuple(at for at, row in enumerate(rows.dicts()) if row["is_total"]) if self.kind == "waterfall" else ()
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
            is_labelled=self.is_labelled,
            totals=totals,
            second_unit=self.second_unit,
        )

    def _written(self, context: Context, value: Any, column: Column) -> str:
        return "" if value is None else context.formats.value(value, column.unit)


def _links(context: Context, link: str, rows: Rows) -> tuple[str, ...]:
    """Where each row leads, with the choices of the view."""
    return tuple(context.view.led_by(_filled(link, row)) for row in rows.dicts()) if link else ()


def _filled(link: str, row: Mapping[str, Any]) -> str:
    for name, value in row.items():
        link = link.replace("{" + name + "}", quote(str(value)))
    return link


def _quoted(value: Any) -> str:
    if value is None:
        return "null"
    text = str(value).replace("'", "''")
    return f"date '{text}'" if isinstance(value, date) else f"'{text}'"
