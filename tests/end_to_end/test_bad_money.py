"""What files say wrongly about money, days and states, and what the command line says of it: no silent zero."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from shophouse.scaffold import init_project
from shophouse.shop import Shop

from .shops import rows, shophouse, value

pytestmark = pytest.mark.slow

ORDERS = "order_id,user_id,store_id,status,currency,ordered_at"
LINES = "order_id,line_number,product_id,quantity,unit_price"


class Folder:
    """A shop of one good product and one good order, with files to add to it."""

    def __init__(self, folder: Path) -> None:
        init_project(
            folder,
            name="shop",
            staging="storefront",
            timezone="America/New_York",
            currency="USD",
            source_timezone="UTC",
        )
        self.folder = folder
        self.write("users", "user_id,email", "1,a@b.test")
        self.write("products", "product_id,name,price,cost", "1,Cup,10,4")
        self.write("orders", ORDERS, "1,1,,paid,USD,2025-03-01 12:00:00")
        self.write("order_items", LINES, "1,1,1,1,10")

    def write(self, table: str, head: str, *lines: str) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "data" / f"{table}.csv").write_text("\n".join([head, *lines]) + "\n")

    def order(self, number: int, *, store: str = "", status: str = "paid", currency: str = "USD", day: str) -> None:
        self.write(f"orders-{number}", ORDERS, f"{number},1,{store},{status},{currency},{day}")
        self.write(f"order_items-{number}", LINES, f"{number},1,1,2,10")

    def run(self) -> tuple[int, str]:
        done = shophouse("run", folder=self.folder)
        return done.returncode, done.stdout + done.stderr

    @property
    def shop(self) -> Shop:
        return Shop.open(self.folder)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "shop")


def rate(folder: Folder, file: str, *lines: str) -> None:
    folder.write(f"exchange_rates-{file}", "rate_date,from_currency,to_currency,rate", *lines)


def test_a_missing_exchange_rate_fails_the_run_until_it_comes(folder: Folder) -> None:
    folder.order(2, currency="EUR", day="2025-03-12 12:00:00")
    folder.order(3, currency="EUR", day="2025-03-20 12:00:00")
    rate(folder, "1", "2025-03-01,EUR,USD,1.10")
    code, said = folder.run()
    assert code == 9
    assert "fct_orders_has_rates" in said
    assert "currency_code EUR, first_day 2025-03-12, last_day 2025-03-20, row_count 2, amount 40.0000" in said
    assert "no rate within 7 days before: add EUR to USD in exchange_rates" in said
    assert "nothing was published" in said

    rate(folder, "2", "2025-03-05,EUR,USD,1.20", "2025-03-19,EUR,USD,1.30")
    code, said = folder.run()
    assert code == 0, said
    totals = rows(folder.shop, "select order_id, total_amount_reporting from core.fct_orders order by order_id")
    assert totals == [("1", Decimal("10.0000")), ("2", Decimal("24.0000")), ("3", Decimal("26.0000"))]


def test_two_currencies_never_meet_in_one_sum(folder: Folder) -> None:
    """Without any rate the run fails; with one, marts have a single currency and refunds the rate of their order."""
    folder.order(2, currency="EUR", day="2025-03-01 12:00:00")
    code, said = folder.run()
    assert code == 9
    assert "fct_orders_has_rates" in said and "currency_code EUR" in said and "amount 20.0000" in said

    rate(folder, "1", "2025-02-28,EUR,USD,1.10")
    rate(folder, "2", "2025-03-02,EUR,USD,1.50")
    folder.write("refunds", "refund_id,order_id,amount,product_amount,refunded_at", "1,2,5,5,2025-03-02 12:00:00")
    code, said = folder.run()
    assert code == 0, said
    total = value(folder.shop, "select sum(total_sales_amount) from marts.sales_daily")
    assert total == Decimal("10") + Decimal("1.1") * (20 - 5)
    assert value(folder.shop, "select count(distinct currency_code) from marts.sales_daily") == 1


def test_a_currency_that_is_none_is_counted_and_told(folder: Folder) -> None:
    folder.order(2, currency="XXQ", day="2025-03-01 12:00:00")
    code, said = folder.run()
    assert code == 0, said
    assert "rejected   1 row of order_items: no such orders" in said
    assert "1 row of orders: currency_code is not a currency of ISO 4217: XXQ" in said
    assert 'see them:   shophouse query "from ops.rejected_rows"' in said

    folder.order(2, currency="USD", day="2025-03-01 12:00:00")
    code, said = folder.run()
    assert code == 0 and "rejected" not in said, said
    assert value(folder.shop, "select sum(gross_amount) from marts.sales_daily") == 30


def test_an_unknown_status_is_counted_and_told(folder: Folder) -> None:
    folder.order(2, status="flying", day="2025-03-01 12:00:00")
    code, said = folder.run()
    assert code == 0, said
    assert "1 row of orders: unknown status: flying" in said
    assert value(folder.shop, "select sum(gross_amount) from marts.sales_daily") == 10


def test_a_store_without_a_zone_is_told_and_has_the_shops_days(folder: Folder) -> None:
    folder.write("stores", "store_id,name,timezone,currency", "1,Tokyo,,USD")
    folder.order(2, store="1", day="2025-03-01 16:00:00")
    code, said = folder.run()
    assert code == 0, said
    assert "rejected   1 row of stores: timezone is missing" in said
    day = "select cast(order_date as varchar) from core.fct_orders where order_id = '2'"
    assert value(folder.shop, day) == "2025-03-01"

    folder.write("stores-2", "store_id,name,timezone,currency", "1,Tokyo,Asia/Tokyo,USD")
    code, said = folder.run()
    assert code == 0 and "rejected" not in said, said
    assert value(folder.shop, day) == "2025-03-02"


def test_overlapping_costs_fail_the_run_with_their_kind_and_days(folder: Folder) -> None:
    head = "cost_id,kind,basis,amount,valid_from,valid_to,scope"
    folder.write("costs", head, "1,rent,period,100,2025-01-01,,", "2,rent,period,200,2025-02-27,,")
    code, said = folder.run()
    assert code == 9
    assert "law_10_cost_rules_do_not_overlap" in said
    assert "cost_kind rent" in said and "starts_on 2025-02-27" in said and "overlaps the next" in said
    folder.write("costs-2", head, "1,rent,period,100,2025-01-01,2025-02-26,")
    code, said = folder.run()
    assert code == 0, said
