"""The end of a demo: what arrived, what was built and proved, some figures, and where to go from there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.existing import Landed
from shophouse.laws import LAWS, laws

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
    yield f"  database   {shop.engine.place()}"
    lake = project.lake.path if project.lake.is_remote else _near(project.lake_folder)
    yield f"  lake       {lake}/   (every row that arrived, as Iceberg tables)"
    yield ""
    yield "  next"
    yield f'    shophouse query "{_EXAMPLE}"{option}'
    yield f"    shophouse status{option}"
    yield f"    shophouse run{option}              nothing arrived, so it ends at once"
    yield "    shophouse init my-shop          a shop of your own"


def _arrived(shop: Shop, run: Run) -> Iterator[str]:
    if run.ingested is None or not run.ingested.loads:
        lake = Landed.of(shop.project)
        rows = sum(lake.rows(source, table) for source, table in lake.tables())
        yield f"  arrived    nothing new; the lake has {rows:,} rows"
        return
    loads = run.ingested.loads
    files = sum(load.files for load in loads)
    where = f"{len(loads)} table{'s' * (len(loads) > 1)} in {files} file{'s' * (files > 1)}"
    yield f"  arrived    {run.ingested.rows:,} rows of {where}" + (
        f"; {run.ingested.rejected_rows:,} rows in quarantine" if run.ingested.rejected_rows else ""
    )
    for load in sorted(loads, key=lambda load: -load.rows):
        yield f"               {load.table:<28} {load.rows:>12,}"


def _proved(shop: Shop, run: Run) -> Iterator[str]:
    record = run.record
    if not record.tests:
        # nothing was built this time: what stands was proved by the run that built it
        record = next((past for past in reversed(shop.runs()) if past.tests and past.status == "success"), record)
    if record.models:
        yield f"  built      {len(record.models)} models in {record.phases.get('build', 0):.1f} s"
    if record.tests:
        passed = sum(test.status in ("pass", "success") for test in record.tests)
        yield f"  proved     {passed} of {len(record.tests)} tests passed; by so many hold the conservation laws"
        numbers = laws(shop.project)
        proving = Counter(numbers[test.test] for test in record.tests if test.test in numbers)
        for number in sorted(proving):
            yield f"               law {number:<2}  {proving[number]:>3}   {LAWS[number]}"
    if run.record.published is not None:
        yield f"  published  version {run.record.published}; {run.record.seconds:.1f} s in all"


def _figures(shop: Shop) -> Iterator[str]:
    currency = shop.project.currency
    month = shop.sql(_LAST_MONTH).fetchall()
    if month:
        yield ""
        yield f"  net sales of {month[0][0]:%B %Y}:   {_money(month[0][1], currency)}"
    products = shop.sql(_TOP_PRODUCTS).fetchall()
    if products:
        yield ""
        yield "  five top products by net sales"
        names = [str(name)[:48] for name, _ in products]
        for name, (_, value) in zip(names, products, strict=True):
            yield f"    {name:<{max(map(len, names))}}   {_money(value, currency):>18}"


# the last month that is over, as far as the data goes; the only one where none is
_LAST_MONTH = """
select month_start_date, sum(net_sales_amount)
from marts.sales_monthly
group by month_start_date
order by bool_and(is_complete) desc, month_start_date desc
limit 1
"""
_EXAMPLE = "select month_start_date, channel, net_sales_amount from sales_monthly order by 1 desc limit 12"
_TOP_PRODUCTS = """
select product_name, net_sales_amount
from marts.top_products
where period = 'all time' and net_sales_rank <= 5
order by net_sales_rank
limit 5
"""


def _money(value: Any, currency: str) -> str:
    return f"{Decimal(value):,.2f} {currency}"


def _near(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.path.join("..", "..")) else relative
