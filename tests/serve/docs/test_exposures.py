"""dbt's exposures are what the pages of the dashboard read, as DuckDB's own parser sees it."""

from __future__ import annotations

import re

import duckdb
import pytest
import yaml

from shophouse.metrics import Catalogue
from shophouse.project import package_warehouse
from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.pages import Page, pages
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

MODELS = package_warehouse() / "models"
EXPOSED = {
    exposure["name"]: exposure
    for exposure in yaml.safe_load((MODELS / "_exposures.yml").read_text("utf-8"))["exposures"]
}


def tables(sql: str) -> set[str]:
    """Those of schemas; what has none is a step of the query."""
    found = duckdb.get_table_names(re.sub(r"\$\w+", "null", sql.replace("{filters}", "1 = 1")), qualified=True)
    return {name.partition(" AS ")[0].replace('"', "") for name in found if "." in name}


FIXED = {name: page for name, page in pages().items() if name not in ("metric", "mart")}
"""A page of any metric or mart reads what it is asked for."""


def test_every_page_of_the_dashboard_is_an_exposure() -> None:
    assert set(EXPOSED) == {f"dashboard_{name}" for name in FIXED}


@pytest.mark.parametrize("page", FIXED.values(), ids=lambda page: page.name)
def test_an_exposure_depends_on_what_the_page_reads(page: Page) -> None:
    read = tables(page.heading) if page.heading and isinstance(page.heading, str) else set()
    if page.needs is not None:
        read |= tables(page.needs.query)
    catalogue = Catalogue.packaged()
    for block in page.blocks:
        read |= tables(block.needs.query) if block.needs is not None and block.needs.query else set()
        metrics: tuple[str, ...] = ()
        if isinstance(block, SqlChart | SqlFigures | SqlTable):
            read |= tables(block.statement(sees_personal=True))
        elif isinstance(block, RowOfFigures):
            metrics = (*block.metrics, *block.spare)
            read |= {"core.fct_targets_daily"}.union(*(tables(need.query) for need in block.only_with.values()))
        elif isinstance(block, Trend | Ranking):
            metrics = (block.metric,)
        else:
            raise AssertionError(f"a block that the exposures do not know: {type(block).__name__}")
        leaves = [catalogue.metrics[leaf] for metric in metrics for leaf in catalogue.leaves(metric)]
        read |= {catalogue.semantic_models[name].model for leaf in leaves for name in leaf.expressions}
    exposure = EXPOSED[f"dashboard_{page.name}"]
    assert read
    models = {re.sub(r"ref\('(\w+)'\)", r"\1", ref) for ref in exposure["depends_on"]}
    records = set(exposure["config"]["meta"]["reads_records"])
    known = {file.stem for file in MODELS.rglob("*.sql")}
    assert records == {name for name in read if name.partition(".")[2] not in known}
    assert models == {name.partition(".")[2] for name in read - records}
