"""One metric: its value, what it means, and where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shophouse.metrics import MetricQuery, compile_query
from shophouse.serve.dashboard.blocks import Block, Context, RowOfFigures, Trend, place_of
from shophouse.serve.dashboard.contents import Column, Content, Table
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.search import shown_on


def _named(context: Context) -> str | None:
    metric = context.catalogue.metrics.get(context.view.about.get("name", ""))
    return metric.label if metric is not None else None


@dataclass(frozen=True)
class _OfMetric:
    """A block of the metric that the page is about."""

    title: str
    width: int
    of: Callable[[str], Block]
    needs: Need | None = None

    def content(self, context: Context) -> Content:
        return replace(self.of(context.view.about["name"]).content(context), title=self.title)


@dataclass(frozen=True)
class _Definition:
    title: str = "What it means"
    width: int = 6
    needs: Need | None = None

    def content(self, context: Context) -> Table:
        name = context.view.about["name"]
        metric = context.catalogue.metric(name)
        said = {
            "Formula": metric.formula,
            "Counted by": metric.basis,
            "Not in it": metric.excludes,
            "Finest period": context.catalogue.grain(name),
            "Split by": ", ".join(sorted(context.catalogue.dimensions(name))) or "nothing",
            "Columns of tables": ", ".join(metric.columns) or "none",
            "Name": name,
            **metric.meant_elsewhere,
        }
        return Table(
            self.title,
            compile_query(context.catalogue, MetricQuery((name,), "month")).text,
            definition="What the catalogue of metrics says; the last lines are what others mean by the word.",
            columns=(Column("what", "What"), Column("said", "In words")),
            rows=tuple(said.items()),
            shown=len(said),
        )


@dataclass(frozen=True)
class _Places:
    title: str = "Where it is shown"
    width: int = 6
    needs: Need | None = None

    def content(self, context: Context) -> Table:
        metric = context.catalogue.metric(context.view.about["name"])
        places = [
            (page.title, block.title, f"{context.view.led_by(f'/{page.name}')}#{place_of(block.title)}")
            for page, block in shown_on(context.catalogue, context.view.about["name"])
            if not page.about and (block.needs is None or block.needs.is_met(context.published))
        ]
        tables = [
            (f"Table {mart}", column, context.view.led_by(f"/mart?name={mart}"))
            for column in metric.columns
            for mart, described in sorted(context.marts().items())
            if column in described.columns and mart not in metric.not_in
        ]
        return Table(
            self.title,
            definition="Pages that show it, and tables that have it as a column. A click leads there.",
            columns=(Column("page", "Page or table"), Column("block", "Block or column")),
            rows=tuple((page, block) for page, block, _ in (*places, *tables)),
            links=tuple(link for *_, link in (*places, *tables)),
            shown=12,
            empty="On no page; shophouse metric and the API give it.",
        )


PAGE = Page(
    name="metric",
    title="Metric",
    icon="functions",
    position=2,
    under="overview",
    about=("name",),
    heading=_named,
    lead=lambda context: context.catalogue.metric(context.view.about["name"]).description,
    blocks=(
        _OfMetric("At a glance", 4, lambda name: RowOfFigures((name,))),
        _OfMetric("Over time", 8, lambda name: Trend(name, kind="area")),
        _Definition(),
        _Places(),
    ),
)
