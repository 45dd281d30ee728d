"""The command for metrics: what there are, what they mean, and what they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shophouse.cli.app import LOOK, AsJson, ProjectFolder, command
from shophouse.cli.output import json_text, note, say, table
from shophouse.errors import ConfigError

if TYPE_CHECKING:
    from shophouse.metrics import Catalogue, MetricQuery
    from shophouse.shop import Shop

__all__: list[str] = []


@command(LOOK)
def metric(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="All are listed without one.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="day, week, month, quarter or year, or a dimension as channel; may be given again."),
    ] = None,
    where: Annotated[str | None, typer.Option(help="As   channel = 'email' and country in ('DE', 'AT').")] = None,
    start: Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")] = None,
    end: Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")] = None,
    largest_first: Annotated[bool, typer.Option("--largest-first", help="Order by the first metric.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="The most rows.")] = None,
    show_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL, and run nothing.")] = False,
    describe: Annotated[bool, typer.Option("--describe", help="Print what the metrics mean.")] = False,
    metricflow: Annotated[
        bool, typer.Option("--metricflow", help="Write all as definitions for MetricFlow into the shop's dbt project.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Metrics by period and dimension, as net_sales --by month.

    Each is defined once, in the catalogue: shophouse metric lists them, with --describe what they mean. A metrics.yml
    in the shop's folder adds or overrides metrics.
    """
    from shophouse.cli.look import print_relation
    from shophouse.metrics import Catalogue, compile_query
    from shophouse.metrics.asking import read_query
    from shophouse.shop import Shop

    if as_csv and as_json:
        raise ConfigError("--csv and --json exclude each other")
    shop = Shop.open(project)
    catalogue = Catalogue.load(shop.project)
    if metricflow:
        from shophouse.metrics.metricflow import write_metricflow

        for path in write_metricflow(catalogue, shop.project.folder):
            say(str(path.relative_to(shop.project.folder)))
        note("next: dbt parse --target-path target, then mf query --metrics net_sales --group-by metric_time__month")
        return
    if not names:
        _list(catalogue, as_json=as_json)
        return
    if describe:
        _describe(catalogue, names, as_json=as_json)
        return
    query = read_query(
        names,
        by or (),
        where,
        start.date() if start else None,
        end.date() if end else None,
        largest_first=largest_first,
        limit=limit,
    )
    compiled = compile_query(catalogue, query)
    if show_sql:
        say(compiled.text)
        return
    relation = shop.sql(compiled.sql, list(compiled.parameters))
    print_relation(relation, None, as_csv=as_csv, as_json=as_json)
    # the sum of no rows is a row, of nulls
    if query.where and all(value is None for row in relation.limit(2).fetchall() for value in row):
        _tell_values(shop, catalogue, query)


def _tell_values(shop: Shop, catalogue: Catalogue, query: MetricQuery) -> None:
    """Nothing fits the condition: a value may be misspelt."""
    from shophouse.metrics import MetricQuery, compile_query

    for dimension in dict.fromkeys(condition.dimension for condition in query.where):
        known = compile_query(catalogue, MetricQuery(query.metrics[:1], by=(dimension,), largest_first=True, limit=10))
        values = [str(row[0]) for row in shop.sql(known.sql, list(known.parameters)).fetchall()]
        note(f"no rows; {dimension} is one of {', '.join(values)}{' …' if len(values) == 10 else ''}")


def _list(catalogue: Catalogue, *, as_json: bool) -> None:
    from shophouse.metrics.asking import listed

    rows = listed(catalogue)
    if as_json:
        say(json_text(rows, 1))
        return
    table(
        ["metric", "subject", "finest", "by"],
        [[str(r["metric"]), str(r["subject"]), str(r["finest_period"]), ", ".join(r["dimensions"])] for r in rows],
    )


def _describe(catalogue: Catalogue, names: list[str], *, as_json: bool) -> None:
    metrics = {name: catalogue.metric(name) for name in names}
    if as_json:
        from shophouse.metrics.asking import described

        say(json_text([described(catalogue, name) for name in names], 1))
        return
    for number, (name, metric) in enumerate(metrics.items()):
        if number:
            say()
        say(f"{name}: {metric.label}")
        say(f"  {metric.description}")
        say(f"  formula   {metric.formula}")
        say(f"  counted   by {metric.basis}")
        say(f"  not in it {metric.excludes}")
        dimensions = ", ".join(sorted(catalogue.dimensions(name))) or "nothing"
        say(f"  split by  {dimensions}; by {catalogue.grain(name)} and longer")
        for product, meaning in metric.elsewhere.items():
            say(f"  {product.replace('_', ' ')}: {meaning}")
