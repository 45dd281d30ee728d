"""What each page of the dashboard reads, as exposures of dbt: its lineage then ends where people look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from shophouse.metrics import Catalogue
from shophouse.project import package_warehouse
from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.pages import Page, pages
from shophouse.serve.dashboard.sql_blocks import OfSql

__all__ = ["exposures", "statements"]

_NOTE = "# Written by docs/generate.py: changes here are lost.\n"


def exposures() -> str:
    """The yml of an exposure for each page of the dashboard, but for those that read whatever they are asked for."""
    models = {file.stem for file in (package_warehouse() / "models").rglob("*.sql")}
    listed = [_exposure(page, models) for page in pages().values() if any(statements(page))]
    return _NOTE + yaml.safe_dump({"exposures": listed}, sort_keys=False, width=140, allow_unicode=True)


def _exposure(page: Page, models: set[str]) -> dict[str, Any]:
    read = sorted({table for statement in statements(page) for table in _tables(statement)})
    titles = ", ".join(dict.fromkeys(block.title for block in page.blocks))
    return {
        "name": f"dashboard_{page.name}",
        "label": f"Dashboard: {page.title}",
        "type": "dashboard",
        "maturity": "high",
        "description": f"The page /{page.name} of `shophouse serve`. It shows: {titles}.",
        "owner": {"name": "shophouse"},
        "depends_on": [f"ref('{table}')" for schema, table in read if table in models],
        "config": {
            "meta": {"reads_records": [f"{schema}.{table}" for schema, table in read if table not in models]},
        },
    }


def statements(page: Page) -> Iterator[str]:
    """The SQL that a page may run: of its blocks, of what it needs and is headed by, and on its metrics' tables."""
    catalogue = Catalogue.packaged()
    yield from filter(
        None, [page.heading if isinstance(page.heading, str) else "", page.needs.query if page.needs else ""]
    )
    for block in page.blocks:
        if block.needs is not None and block.needs.query:
            yield block.needs.query
        metrics: tuple[str, ...] = ()
        if isinstance(block, OfSql):
            yield block.statement(sees_personal=True)
        elif isinstance(block, Trend | Ranking):
            metrics = (block.metric,)
        elif isinstance(block, RowOfFigures):
            metrics = (*block.metrics, *block.spare)
            yield from (need.query for need in block.only_with.values())
            yield "select * from core.fct_targets_daily"
        for metric in metrics:
            for leaf in catalogue.leaves(metric):
                for name in catalogue.metrics[leaf].expressions:
                    yield f"select * from {catalogue.semantic_models[name].model}"


def _tables(statement: str) -> Iterator[tuple[str, str]]:
    import sqlglot
    from sqlglot import exp

    for table in sqlglot.parse_one(statement, dialect="duckdb").find_all(exp.Table):
        if table.db:
            yield table.db, table.name
