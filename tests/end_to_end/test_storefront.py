"""A storefront's questions, answered by marts and exports as its CSV files answer them."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from requirements import requirement
from shophouse.shop import Shop

from .shops import KeptShop, rows, value

pytestmark = pytest.mark.slow

HERE = ZoneInfo("America/New_York")


@dataclass
class Expected:
    """Counted line by line from the files. Days are New York's, gift cards and test orders are no sales."""

    gross: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    orders: Counter[date] = field(default_factory=Counter)
    buyers: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    product_gross: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    lines: dict[tuple[str, int], tuple[Decimal, Decimal]] = field(default_factory=dict)


def _read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _day(text: str) -> date:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(HERE).date()


@dataclass(frozen=True)
class Storefront:
    shop: Shop
    expected: Expected

    def by_day(self, column: str, mart: str = "sales_daily") -> dict[date, Any]:
        found = rows(self.shop, f"select date_day, sum({column}) from marts.{mart} group by 1")
        return {day: number for day, number in found if number}

    def exported(self, name: str) -> list[dict[str, str]]:
        file = self.shop.project.reports_folder / "csv" / f"{name}.csv"
        with file.open(newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))


@pytest.fixture
def front(kept_storefront: KeptShop) -> Storefront:
    shop = kept_storefront.back()
    folder = shop.project.folder / "data"
    expected = Expected()
    orders = {order["order_id"]: order for order in _read(folder, "orders")}
    email = {user["user_id"]: user["email"].strip().lower() for user in _read(folder, "users")}
    gift_cards = {product["product_id"] for product in _read(folder, "products") if product["is_gift_card"] == "true"}
    goods: set[str] = set()
    for line in _read(folder, "order_items"):
        order = orders[line["order_id"]]
        quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
        expected.lines[line["order_id"], int(line["line_number"])] = quantity, price
        if line["product_id"] in gift_cards:
            continue
        goods.add(line["order_id"])
        if order["is_test"] == "false":
            expected.gross[_day(order["ordered_at"])] += quantity * price
            expected.product_gross[line["product_id"]] += quantity * price
    for number in goods:
        order = orders[number]
        if order["is_test"] == "true" or order["status"] == "cancelled":
            continue
        day, user = _day(order["ordered_at"]), order["user_id"]
        expected.orders[day] += 1
        expected.buyers[day].add(email.get(user) or (f"user {user}" if user else f"order {number}"))
    return Storefront(shop, expected)


@requirement("S3-05", "S3-06", "S3-18")
def test_revenue_of_every_line_is_quantity_times_price(front: Storefront) -> None:
    found = rows(
        front.shop, "select order_id, line_number, quantity, unit_price, gross_amount from core.fct_order_items"
    )
    assert {(order, line): (quantity, price) for order, line, quantity, price, _ in found} == front.expected.lines
    assert all(gross == quantity * price for _, _, quantity, price, gross in found)


@requirement("S3-18", "S3-19", "S0-26")
def test_revenue_per_day(front: Storefront) -> None:
    assert len(front.expected.gross) > 60
    assert front.by_day("gross_amount") == dict(front.expected.gross)
    assert front.by_day("gross_amount", "executive_daily") == dict(front.expected.gross)


@requirement("S3-18", "S3-20")
def test_orders_per_day(front: Storefront) -> None:
    assert front.by_day("order_count") == dict(front.expected.orders)


@requirement("S3-18", "S3-22")
def test_active_users_per_day(front: Storefront) -> None:
    assert front.by_day("dau_purchasing", "active_customers_daily") == {
        day: len(persons) for day, persons in front.expected.buyers.items()
    }
    # over a month nobody counts twice
    last = max(front.expected.buyers)
    month = set().union(*(people for day, people in front.expected.buyers.items() if (last - day).days < 30))
    assert value(
        front.shop, f"select mau_purchasing from marts.active_customers_daily where date_day = '{last}'"
    ) == len(month)


@requirement("S3-18", "S3-21", "S0-31")
def test_revenue_of_each_product(front: Storefront) -> None:
    found = rows(front.shop, "select product_id, gross_amount from marts.product_performance where gross_amount <> 0")
    assert dict(found) == dict(front.expected.product_gross)


@requirement("S0-27")
def test_revenue_and_orders_of_each_month(front: Storefront) -> None:
    gross: dict[date, Decimal] = defaultdict(Decimal)
    orders: Counter[date] = Counter()
    for day, amount in front.expected.gross.items():
        gross[day.replace(day=1)] += amount
    for day, number in front.expected.orders.items():
        orders[day.replace(day=1)] += number
    found = rows(
        front.shop, "select month_start_date, sum(gross_amount), sum(order_count) from marts.sales_monthly group by 1"
    )
    assert {month: (amount, number) for month, amount, number in found if amount or number} == {
        month: (gross[month], orders[month]) for month in gross
    }


@requirement("S3-23")
def test_the_daily_revenue_trend_is_written_day_by_day_with_what_came_before(front: Storefront) -> None:
    trend = front.exported("daily_revenue_trend")
    net = {date.fromisoformat(day["date_day"]): Decimal(day["net_sales_amount"]) for day in trend}
    assert {day: amount for day, amount in net.items() if amount} == front.by_day("net_sales_amount")
    first = min(net)
    # no day is left out, and none is out of order
    assert list(net) == [first + timedelta(days=number) for number in range(len(trend))]
    for day in trend:
        today = date.fromisoformat(day["date_day"])
        assert int(day["order_count"]) == front.expected.orders[today]
        week = sum((amount for other, amount in net.items() if 0 <= (today - other).days < 7), Decimal())
        assert Decimal(day["trailing_7_days_net_sales_amount"]) == week
        month = sum(
            (a for other, a in net.items() if other.replace(day=1) == today.replace(day=1) and other <= today),
            Decimal(),
        )
        assert Decimal(day["month_to_date_net_sales_amount"]) == month


@requirement("S3-24")
def test_the_top_10_products_by_revenue_are_written_best_first(front: Storefront) -> None:
    top = front.exported("top_10_products_by_revenue")
    net = rows(
        front.shop,
        "select product_id, sum(net_sales_amount) as net from core.fct_sales_ledger join core.dim_product "
        "using (product_key) where product_key <> 0 group by 1 order by net desc, product_id limit 10",
    )
    assert [(product["product_id"], Decimal(product["net_sales_amount"])) for product in top] == net
    assert [int(product["net_sales_rank"]) for product in top] == list(range(1, 11))
    assert all(product["product_name"] for product in top)


@requirement("S3-26")
def test_every_mart_is_written_as_csv_with_all_of_its_rows(front: Storefront) -> None:
    marts = rows(front.shop, "select table_name from information_schema.tables where table_schema = 'marts' order by 1")
    assert len(marts) > 25
    for (mart,) in marts:
        file = front.shop.project.reports_folder / "csv" / f"{mart}.csv"
        with file.open(newline="", encoding="utf-8") as handle:
            head, *lines = csv.reader(handle)
        assert head == [
            column
            for (column,) in rows(
                front.shop,
                "select column_name from information_schema.columns where table_schema = 'marts' "
                f"and table_name = '{mart}' order by ordinal_position",
            )
        ]
        assert len(lines) == value(front.shop, f"select count(*) from marts.{mart}"), mart
