"""What an incremental run leaves is what a full one would, and the laws hold of both."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shophouse.demo.storefront import delta, generate

from .shops import RawShop

BUILT = (
    "select table_schema || '.' || table_name as name from information_schema.tables "
    "where table_schema in ('core', 'ops') and table_type = 'BASE TABLE' and (table_schema = 'core' "
    "or table_name like 'rejected%') and table_name not like '%dbt%' order by name"
)


def contents(shop: RawShop) -> dict[str, list[str]]:
    """Every row of core and of what was rejected, in some order that depends on the rows alone."""
    return {
        row["name"]: sorted(str(sorted(cells.items())) for cells in shop.query(f"select * from {row['name']}"))
        for row in shop.query(BUILT)
    }


def differences(left: dict[str, list[str]], right: dict[str, list[str]]) -> dict[str, list[str]]:
    assert left.keys() == right.keys()
    return {name: sorted(set(left[name]) ^ set(right[name]))[:3] for name in left if left[name] != right[name]}


def failed(shop: RawShop) -> list[str]:
    return [result.name for result in shop.test() if result.failed]


@pytest.mark.slow
def test_one_day_more_of_a_storefront_is_as_if_all_had_come_at_once(tmp_path: Path) -> None:
    files = tmp_path / "files"
    generate(files, seed=5, days=90, end=date(2025, 12, 31), orders=400, products=40)
    first = set(files.glob("*.csv"))
    delta(files, orders=30)
    shop = RawShop(tmp_path / "storefront", "storefront", timezone="America/New_York")
    for csv in sorted(first):
        shop.load(csv.stem.split("-")[0], csv, file=csv.name)
    shop.arrive()
    shop.build()
    before = contents(shop)
    for csv in sorted(set(files.glob("*.csv")) - first):
        shop.load(csv.stem.split("-")[0], csv, load_id=2, file=csv.name)
    shop.arrive(load_id=2)
    shop.build(full_refresh=False)
    step_by_step = contents(shop)
    assert step_by_step != before
    assert failed(shop) == []
    shop.arrive()
    shop.build()
    assert differences(step_by_step, contents(shop)) == {}


def line(
    invoice: str, code: str, quantity: int, price: str, minute: int, customer: str | None = "17850"
) -> dict[str, object]:
    return {
        "invoiceno": invoice,
        "stockcode": code,
        "description": code.lower(),
        "quantity": quantity,
        "invoicedate": datetime(2011, 3, 1, 9, minute),
        "unitprice": price,
        "customerid": customer,
        "country": "United Kingdom",
    }


@pytest.mark.slow
def test_a_file_that_is_sent_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    shop = RawShop(tmp_path / "retail", "online_retail", timezone="Europe/London", currency="GBP")
    other = [line("536365", "85123A", 6, "2.55", 1), line("C536379", "85123A", -1, "2.55", 30)]
    bad_debt = line("A563185", "B", 1, "11062.06", 50, None)
    shop.load("invoice_lines", other, file="online_retail_a.csv")
    shop.load(
        "invoice_lines",
        [line("536370", "22728", 24, "3.75", 5), line("536370", "22727", 24, "3.75", 5), bad_debt],
        file="online_retail_b.csv",
    )
    shop.arrive()
    shop.build()
    assert failed(shop) == []
    assert shop.one("select sum(gross_amount) from core.fct_sales_ledger") == Decimal("195.30")
    assert shop.one("select sum(amount) from ops.rejected_rows where rejection_kind = 'dropped'") == Decimal("11062.06")
    shop.load("invoice_lines", [line("536370", "22728", 20, "3.75", 5)], load_id=2, file="online_retail_b.csv")
    shop.arrive(load_id=2)
    shop.build(full_refresh=False)
    step_by_step = contents(shop)
    assert failed(shop) == []
    assert shop.one("select sum(gross_amount) from core.fct_sales_ledger") == Decimal("90.30")
    assert shop.one("select count(*) from ops.rejected_rows") == 0
    shop.arrive()
    shop.build()
    assert differences(step_by_step, contents(shop)) == {}
