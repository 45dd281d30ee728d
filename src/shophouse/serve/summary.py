"""The end of a demo: what arrived, what was built and proved, some figures, and where to go from there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shophouse.shop import Run, Shop

__all__ = ["summary"]


def summary(shop: Shop, run: Run) -> Iterator[str]:
    """The lines, plain text."""
    project = shop.project
    yield ""
    yield from _arrived(shop, run)
    yield from _proved(shop, run)
    yield from _figures(shop)
    here = Path.cwd()
    option = "" if project.folder == here else f" -p {_near(project.folder)}"
    yield ""
    yield f"  reports    {_near(project.reports_folder)}/   (exports, and runs.html: what ran)"
    yield f"  database   {_near(project.warehouse_folder / 'shop.duckdb')}   (for any tool that reads DuckDB)"
    yield f"  lake       {_near(project.lake_folder)}/   (every row that arrived, as Iceberg tables)"
    yield ""
    yield "  next"
    yield f'    shophouse query "select * from sales_monthly order by 1 desc limit 12"{option}'
    yield f"    shophouse status{option}"
    yield f"    shophouse run{option}              nothing arrived, so it ends at once"
    yield "    shophouse init my-shop          a shop of your own"


def _arrived(shop: Shop, run: Run) -> Iterator[str]:
    if run.ingested is None or not run.ingested.loads:
        lake = shop.lake
        rows = sum(load.rows for source, table in lake.tables() for load in lake.loads(source, table))
        yield f"  arrived    nothing new; the lake has {rows:,} rows"
        return
    loads = run.ingested.loads
    files = sum(load.files for load in loads)
    yield f"  arrived    {run.ingested.rows:,} rows of {len(loads)} tables in {files} files" + (
        f"; {run.ingested.rejected_rows:,} rows in quarantine" if run.ingested.rejected_rows else ""
    )
    for load in sorted(loads, key=lambda load: -load.rows):
        yield f"               {load.table:<28} {load.rows:>12,}"


def _proved(shop: Shop, run: Run) -> Iterator[str]:
    from shophouse.run_log import records

    record = run.record
    if not record.models:
        built = [past for past in records(shop.project.logs_folder) if past.command == "run" and past.models]
        if not built:
            return
        record = built[-1]
    laws = sum(test.law is not None for test in record.tests) if hasattr(record.tests[0], "law") else 0
    passed = sum(test.status in ("pass", "success") for test in record.tests)
    proved = f"; {laws} of them are conservation laws" if laws else ""
    yield f"  built      {len(record.models)} models in {record.phases.get('build', 0):.1f} s"
    yield f"  proved     {passed} of {len(record.tests)} tests passed{proved}"
    if run.record.published is not None:
        yield f"  published  version {run.record.published}, {run.record.seconds:.1f} s in all"


def _figures(shop: Shop) -> Iterator[str]:
    currency = shop.project.currency
    present = {row[0] for row in shop.sql("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()}
    if "sales_daily" in present:
        month = shop.sql(_LAST_MONTH).fetchall()
        if month and month[0][1] is not None:
            yield ""
            yield f"  net sales of {month[0][0]:%B %Y}   {_money(month[0][1], currency)}"
    if "product_performance" in present:
        products = shop.sql(_TOP_PRODUCTS).fetchall()
        if products:
            yield ""
            yield "  top five products by net sales"
            width = max(len(str(row[0])) for row in products)
            for name, value in products:
                yield f"    {name!s:<{width}}   {_money(value, currency):>18}"


_LAST_MONTH = """
select date_trunc('month', max(date_day)) as month, sum(net_sales_amount)
from marts.sales_daily
"""
_TOP_PRODUCTS = "select product_name, net_sales_amount from marts.product_performance order by 2 desc nulls last, 1 limit 5"


def _money(value: Any, currency: str) -> str:
    return f"{Decimal(value):,.2f} {currency}"


def _near(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.path.join("..", "..")) else relative
