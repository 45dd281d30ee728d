"""Sales by what was true when they were made, accounts that are one person, and the laws of both on their bugs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from requirements import requirement

from .plain import PlainShop
from .planted import Bug

pytestmark = pytest.mark.slow

MOVED = datetime(2025, 2, 1)
FIRST = datetime(2025, 1, 1, 12)
CATEGORY = {"p1": ("1", "2"), "p2": ("2", "2"), "p3": (None, None)}
"""Category until `MOVED` and since."""


def orders() -> list[dict[str, Any]]:
    """Sixty orders, one a day; the 7th of each ten is cancelled a day later, the 3rd is sent back a month later."""
    return [
        {
            "number": number,
            "ordered_at": FIRST + timedelta(days=number),
            "channel": ("web", "app")[number % 2],
            "product": f"p{number % 3 + 1}",
            "price": Decimal(10 + number),
            "is_cancelled": number % 10 == 7,
            "is_returned": number % 10 == 3,
        }
        for number in range(60)
    ]


def tables() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("orders", "order_items", "refunds", "refund_items")}
    for order in orders():
        number, at = order["number"], order["ordered_at"]
        key = {"order_id": f"o{number}"}
        found["orders"].append(
            {
                **key,
                "ordered_at": at,
                "status": "cancelled" if order["is_cancelled"] else "paid",
                "cancelled_at": at + timedelta(days=1) if order["is_cancelled"] else None,
                "currency_code": "USD",
                "customer_id": f"c{number % 8}",
                "channel": order["channel"],
            }
        )
        line = {**key, "line_number": 1, "product_id": order["product"]}
        found["order_items"].append({**line, "quantity": 1, "unit_price": order["price"]})
        if order["is_returned"]:
            refund = {"refund_id": f"r{number}"}
            back = {**refund, **key, "refunded_at": at + timedelta(days=31), "amount": 5, "product_amount": 5}
            found["refunds"].append(back)
            found["refund_items"].append({**refund, "refund_item_id": "1", **line, "quantity": 1, "amount": 5})
    found["products"] = [
        {"product_id": "p1", "category_id": "1", "list_price": 10, "updated_at": FIRST},
        {"product_id": "p1", "category_id": "2", "list_price": 12, "updated_at": MOVED},
        {"product_id": "p2", "category_id": "2", "list_price": 20, "updated_at": FIRST},
    ]
    found["categories"] = [{"category_id": number, "category_name": f"category {number}"} for number in ("1", "2")]
    # c0 and c1 are one by a source, c2 and c3 by their address; c7 is named by orders alone
    known = {"acquisition_source": "ad", "updated_at": FIRST}
    emails = {"c2": "a@shop.test", "c3": " A@Shop.test", "c4": "b@shop.test"}
    found["customers"] = [
        {"customer_id": f"c{number}", "email": emails.get(f"c{number}"), **known} for number in range(7)
    ]
    found["customers"].append({"customer_id": "c4", "email": emails["c4"], "updated_at": MOVED})
    found["customer_identities"] = [
        {"customer_id": f"c{number}", "person_id": "one", "match_method": "crm", "confidence": confidence}
        for number, confidence in ((0, 0.9), (1, 0.7))
    ]
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> PlainShop:
    rows = tables()
    declared = {name: {"version": "updated_at"} for name in ("products", "customers")}
    shop = PlainShop(tmp_path_factory.mktemp("history") / "shop", rows, declared=declared)
    shop.rows(rows)
    shop.build_all()
    return shop


@pytest.fixture(scope="module")
def laws(history: PlainShop) -> Mapping[str, str]:
    results = history.test()
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []
    return {result.name: (history.folder / result.compiled).read_text("utf-8") for result in results}


@pytest.fixture
def spoiled(history: PlainShop) -> Iterator[PlainShop]:
    saved = history.save()
    yield history
    history.restore(saved)


@requirement("S4-76")
def test_sales_are_in_the_category_that_the_product_was_in(history: PlainShop) -> None:
    expected: Counter[tuple[str, str, str]] = Counter()
    moved: Counter[tuple[str, str, str]] = Counter()
    for order in orders():
        before, since = CATEGORY[order["product"]]
        category = (before if order["ordered_at"] < MOVED else since) or "unknown"
        name = f"category {category}" if category != "unknown" else category

        def cell(at: datetime, channel: str = order["channel"], category: str = name) -> tuple[str, str, str]:
            return f"{at:%Y-%m}", channel, category

        at = order["ordered_at"]
        expected[cell(at)] += order["price"]
        if before != since and at < MOVED:
            moved[cell(at)] += order["price"]
        if order["is_cancelled"]:
            expected[cell(at + timedelta(days=1))] -= order["price"]
        if order["is_returned"]:
            expected[cell(at + timedelta(days=31))] -= 5
    rows = history.query("select * from marts.category_sales_as_sold")
    key = {(f"{row['month_start_date']:%Y-%m}", row["channel"], row["category_name"]): row for row in rows}
    assert {cell: row["net_sales_amount"] for cell, row in key.items() if row["net_sales_amount"]} == {
        cell: amount for cell, amount in expected.items() if amount
    }
    assert {cell: row["moved_gross_amount"] for cell, row in key.items() if row["moved_gross_amount"]} == dict(moved)
    assert moved


def test_a_line_has_the_list_price_of_its_day(history: PlainShop) -> None:
    rows = history.query(
        "select distinct ordered_at < timestamp '2025-02-01' as is_before, list_price, "
        "product_version_key = product_key as is_first "
        "from core.fct_order_items_as_sold where list_price between 10 and 12"
    )
    found = {(row["is_before"], row["list_price"], row["is_first"]) for row in rows}
    assert found == {(True, Decimal(10), True), (False, Decimal(12), False)}


def test_accounts_that_are_one_person_are_reported_with_their_rule(history: PlainShop) -> None:
    rows = history.query("select * from marts.identity_merges order by match_method")
    assert [(r["match_method"], r["match_confidence"], r["account_count"], r["first_source"]) for r in rows] == [
        ("crm", 0.7, 2, "plain"),
        ("email", 1.0, 2, "plain"),
    ]
    # c0 and c1, c2 and c3, c4, c5, c6, c7
    persons = history.one("select count(*) from core.dim_person where account_count > 0")
    assert persons + sum(row["merged_account_count"] for row in rows) == 8


FOLLOW = "law_10_product_versions_follow_each_other"
VERSIONS = "core.product_versions"
FIRST_VERSION = "version_number = 1"
BUGS = {
    "a version that begins before the last ended": Bug(
        FOLLOW,
        f"update {VERSIONS} set valid_to = valid_to + interval '1' day where {FIRST_VERSION}",
        "problem",
        "overlaps the one before",
    ),
    "days without a version": Bug(
        FOLLOW,
        f"update {VERSIONS} set valid_to = valid_to - interval '1' day where {FIRST_VERSION}",
        "problem",
        "a gap to the one before",
    ),
    "a first version that is not back-dated": Bug(
        FOLLOW,
        f"update {VERSIONS} set valid_from = timestamp '2025-01-01' where {FIRST_VERSION}",
        "problem",
        "nothing before the first",
    ),
    "a last version that ends": Bug(
        FOLLOW,
        f"update {VERSIONS} set valid_to = timestamp '2026-01-01' where is_current",
        "problem",
        "nothing after the last",
    ),
    "two current versions": Bug(
        FOLLOW, f"update {VERSIONS} set is_current = true", "problem", "current, but not the last"
    ),
    "no current version": Bug(
        FOLLOW, f"update {VERSIONS} set is_current = false", "problem", "the last is not current"
    ),
    "a version that changes nothing": Bug(
        FOLLOW,
        f"update {VERSIONS} set category_key = (select min(category_key) from core.dim_category), list_price = 1",
        "problem",
        "as the one before",
    ),
    "versions of which one was left out": Bug(
        FOLLOW, f"delete from {VERSIONS} where {FIRST_VERSION}", "problem", "nothing before the first"
    ),
    "a product without its current version": Bug(
        "law_10_products_are_their_current_versions",
        f"delete from {VERSIONS} where is_current",
        "product_key",
    ),
    "a product that says what its current version doesn't": Bug(
        "law_10_products_are_their_current_versions",
        "update core.dim_product set list_price = list_price + 1 where product_id = 'p1'",
        "list_price",
    ),
    "an account whose place is not its current version's": Bug(
        "law_10_customers_are_their_current_versions",
        "update core.dim_customer set acquisition_source = 'ad' where customer_id = 'c4'",
        "customer_key",
    ),
    "a line from a day without a version": Bug(
        "law_10_lines_join_one_product_version",
        f"update {VERSIONS} set valid_to = valid_to - interval '9' day where {FIRST_VERSION}",
        "version_count",
        0,
    ),
    "a line that finds two versions": Bug(
        "law_10_lines_join_one_product_version",
        f"update {VERSIONS} set valid_to = valid_to + interval '9' day where {FIRST_VERSION}",
        "version_count",
        2,
    ),
    "an order of an account without versions": Bug(
        "law_10_orders_join_one_customer_version",
        "delete from core.dim_customer where customer_id = 'c7'",
        "version_count",
        0,
    ),
    "sales in today's category": Bug(
        "category_sales_as_sold_is_its_versions",
        "update marts.category_sales_as_sold set category_key = (select max(category_key) from core.dim_category)",
        "category_key",
    ),
    "a channel's sales in another": Bug(
        "category_sales_as_sold_is_its_channels",
        "update marts.category_sales_as_sold "
        "set channel_key = (select min(channel_key) from marts.category_sales_as_sold)",
        "channel_key",
    ),
    "a merge that is not told": Bug(
        "identity_merges_and_persons_are_accounts",
        "delete from marts.identity_merges where match_method = 'crm'",
        "measure",
        "persons and merges",
    ),
    "an account that counts for two persons": Bug(
        "identity_merges_and_persons_are_accounts",
        "update core.dim_person set account_count = account_count + 1 where account_count = 2",
        "measure",
        "persons whose accounts are not theirs",
    ),
}


@pytest.mark.parametrize("what", BUGS)
def test_a_law_fails_on_its_bug(spoiled: PlainShop, laws: Mapping[str, str], what: str) -> None:
    BUGS[what].is_seen(spoiled, laws)
