"""What other programs are to show: the pages of the dashboard as questions in SQL, with what each means.

They follow from the pages, their queries and the metrics catalogue, and say nothing of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from sqlglot.errors import SqlglotError

from shophouse.errors import ConfigError, ShophouseError
from shophouse.metrics import Catalogue, MetricQuery, compile_query
from shophouse.metrics.conditions import Condition
from shophouse.quoting import literal
from shophouse.serve.bi.sql import CHOICES, FILTERS, Dialect, any_of, choices_of, chosen, filled, translated
from shophouse.serve.dashboard.blocks import Block, Ranking, RowOfFigures, Trend, defined, label_of, meaning
from shophouse.serve.dashboard.contents import ChartKind, Column
from shophouse.serve.dashboard.pages import Page, laid_out, pages, placed
from shophouse.serve.dashboard.published import Published
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

__all__ = ["Dashboard", "Kind", "Question", "dashboards"]

Kind = ChartKind | str
_FIRST, _LAST = date(2001, 1, 2), date(2001, 12, 30)
_FIRST_OF_MONTH, _LAST_OF_MONTH = date(2001, 1, 1), date(2001, 12, 31)
_STANDS_FOR = {
    _FIRST: chosen("start"),
    _LAST: chosen("end"),
    _FIRST_OF_MONTH: chosen("first_month"),
    _LAST_OF_MONTH: chosen("last_month"),
}
_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Question:
    """One thing that is shown. `name` is its own for ever: page/title, in small letters.

    `sql` is for `shophouse.serve.bi.sql.filled`; `choices` are what it follows. `columns` are those that are shown, in
    order. `kind` is how it is shown: figure, table, or a kind of chart.
    """

    name: str
    title: str
    description: str
    sql: str
    kind: Kind
    columns: tuple[Column, ...]
    width: int = 6
    unit: str = "text"
    is_spread: bool = False
    """Whether label, series and value stand in three columns."""

    @property
    def choices(self) -> tuple[str, ...]:
        return choices_of(self.sql)


@dataclass(frozen=True)
class Dashboard:
    """A page: questions in the order in which they are read."""

    name: str
    title: str
    description: str
    questions: tuple[Question, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        found = {choice for question in self.questions for choice in question.choices}
        return tuple(choice for choice in CHOICES if choice in found)


def dashboards(catalogue: Catalogue, published: Published, dialect: Dialect) -> tuple[Dashboard, ...]:
    """The pages that stand in the dashboard's navigation, with what this shop has the data of.

    Raises BuildError when nothing is published, and ConfigError or QueryFailed for a block that can't be shown.
    """
    return tuple(
        _Maker(catalogue, published, dialect, page).dashboard()
        for page in pages().values()
        if not page.under and (page.needs is None or page.needs.is_met(published))
    )


class _Maker:
    """Makes the questions of one page."""

    def __init__(self, catalogue: Catalogue, published: Published, dialect: Dialect, page: Page) -> None:
        self._catalogue = catalogue
        self._published = published
        self._dialect = dialect
        self._page = page

    def dashboard(self) -> Dashboard:
        blocks, _ = self._page.shown(self._published)
        questions: list[Question] = []
        for block, width in zip(blocks, laid_out(blocks), strict=True):
            try:
                questions += self._questions(block, width)
            except ShophouseError as error:
                raise placed(error, self._page, block) from error
        return Dashboard(self._page.name, self._page.title, self._page.description, tuple(questions))

    def _questions(self, block: Block, width: int) -> Iterator[Question]:
        match block:
            case RowOfFigures():
                yield from self._figures(block)
            case Trend():
                yield self._trend(block, width)
            case Ranking():
                yield self._ranking(block, width)
            case SqlFigures():
                yield from self._sql_figures(block)
            case SqlTable() | SqlChart():
                yield self._of_sql(block, width)
            case _:
                # a new kind of block on a page of the navigation needs its question here
                kinds = (RowOfFigures, Trend, Ranking, SqlFigures, SqlTable, SqlChart)
                raise ConfigError(
                    f"there is no question for a block of kind {type(block).__name__}",
                    why=f"there is for {', '.join(kind.__name__ for kind in kinds)}",
                    hint="make it of one of these, or put it on a page under another one, which BI tools don't get",
                )

    def _named(self, title: str) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        return f"{self._page.name}/{words}"

    def _figures(self, block: RowOfFigures) -> Iterator[Question]:
        for name in block.shown(self._published):
            metric = self._catalogue.metric(name)
            sql, _ = self._asked(MetricQuery((name,)))
            column = Column(name, metric.label, metric.unit, metric.description)
            yield Question(
                self._named(f"figure {metric.label}"),
                metric.label,
                meaning(metric),
                sql,
                "figure",
                (column,),
                3,
                metric.unit,
            )

    def _trend(self, block: Trend, width: int) -> Question:
        metric = self._catalogue.metric(block.metric)
        by = (block.by,) if block.by else ()
        sql, covers = self._asked(MetricQuery((block.metric,), "day", by))
        columns = (
            Column("period", "Period", "day"),
            *((Column(block.by, label_of(block.by)),) if block.by else ()),
            Column(block.metric, metric.label, metric.unit, metric.description),
        )
        return Question(
            self._named(block.title),
            block.title,
            " ".join(filter(None, (meaning(metric), covers))),
            sql,
            block.kind,
            columns,
            width,
            metric.unit,
            is_spread=bool(by),
        )

    def _ranking(self, block: Ranking, width: int) -> Question:
        metric = self._catalogue.metric(block.metric)
        sql, covers = self._asked(MetricQuery((block.metric,), by=(block.by,), largest_first=True, limit=block.limit))
        return Question(
            self._named(block.title),
            block.title,
            " ".join(filter(None, (meaning(metric), covers))),
            sql,
            "ranking",
            (Column(block.by, label_of(block.by)), Column(block.metric, metric.label, metric.unit, metric.description)),
            width,
            metric.unit,
        )

    def _asked(self, query: MetricQuery) -> tuple[str, str]:
        """The SQL of a metric over what is chosen, and what it covers where that is whole months."""
        asked = replace(query, start=_FIRST, end=_LAST)
        if self._catalogue.grain(query.metrics[0]) == "month" or not self._compiles(asked):
            asked = replace(query, start=_FIRST_OF_MONTH, end=_LAST_OF_MONTH, grain=query.grain and "month")
        for name in FILTERS:
            narrowed = replace(asked, where=(*asked.where, Condition(name, (any_of(name),))))
            if self._compiles(narrowed):
                asked = narrowed
        compiled = compile_query(self._catalogue, asked)
        sql = compiled.filled(_standing_for)
        if asked.grain == "day":
            sql = sql.replace("date_trunc('day', ", f"date_trunc({chosen('grain')}, ")
        return translated(sql, self._dialect), "" if asked.start == _FIRST else "Over whole months."

    def _compiles(self, query: MetricQuery) -> bool:
        try:
            compile_query(self._catalogue, query)
        except ConfigError:
            return False
        return True

    def _covers(self, block: SqlFigures | SqlTable | SqlChart) -> str:
        words = {"period": "", "months": "Over whole months.", "year": "Over a year of months, or more."}
        return words.get(block.covers, f"{block.covers[:1].upper()}{block.covers[1:]}.")

    def _sql_figures(self, block: SqlFigures) -> Iterator[Question]:
        for column in self._columns(block):
            sql = f"select {column.name} from (\n{self._text(block)}\n) as figures"
            yield Question(
                self._named(f"figure {column.label}"),
                column.label,
                " ".join(filter(None, (column.definition, self._covers(block)))),
                translated(sql, self._dialect),
                "figure",
                (column,),
                3,
                column.unit,
            )

    def _of_sql(self, block: SqlTable | SqlChart, width: int) -> Question:
        return Question(
            self._named(block.title),
            block.title,
            " ".join(filter(None, (block.definition, self._covers(block)))),
            translated(self._text(block), self._dialect),
            block.kind if isinstance(block, SqlChart) else "table",
            tuple(defined(self._catalogue, column, block.marts) for column in self._columns(block)),
            width,
            block.unit if isinstance(block, SqlChart) else "text",
            isinstance(block, SqlChart) and (block.is_spread or block.kind == "heatmap"),
        )

    def _columns(self, block: SqlFigures | SqlTable | SqlChart) -> tuple[Column, ...]:
        """The columns that are shown, of those that the query gives without a choice."""
        try:
            sql = filled(translated(self._text(block), "duckdb"), {})
        except SqlglotError as error:
            why = str(error).splitlines()[0]
            raise ConfigError(
                f"the query of {block.title} is not understood", where=str(block.file), why=why
            ) from error
        return block.given(self._published.query(f"select * from (\n{sql}\n) as given limit 0").columns)

    def _text(self, block: SqlFigures | SqlTable | SqlChart) -> str:
        tests = [
            f"cast({block.dimensions[name]} as varchar) in ({literal(any_of(name))})"
            for name in FILTERS
            if name in block.dimensions
        ]
        sql = block.statement(tests, sees_personal=False)
        return _NAME.sub(lambda found: chosen(found[1]), sql)


def _standing_for(value: object) -> str:
    """SQL for a parameter of a metric's query: what is chosen, for the days that stand for it."""
    return _STANDS_FOR[value] if isinstance(value, date) else literal(str(value))
