"""Orders worked out by hand, in `orders.yml`, against the facts, the ledger and rows of marts."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse.plain import PlainShop

pytestmark = pytest.mark.slow

GOLDEN = yaml.safe_load(Path(__file__).with_name("orders.yml").read_text("utf-8"))
ORDERS: dict[str, dict[str, Any]] = GOLDEN["orders"]
AMOUNTS = ("gross", "discount", "return", "cancellation", "shipping", "tax", "other")


def exact(value: object) -> object:
    """Numbers as decimals, for what is written by hand has no binary fractions."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


def line_of(order: str, number: int, text: str) -> dict[str, Any]:
    """`cup 2 x 11.90 tax 3.80` as a row of order_items."""
    product, quantity, _, price, *rest = text.split()
    amounts = {f"{name}_amount": Decimal(value) for name, value in zip(rest[::2], rest[1::2], strict=True)}
    named = {"order_id": order, "line_number": number, "product_id": product}
    return {**named, "quantity": Decimal(quantity), "unit_price": Decimal(price), **amounts}


def rows_of(order: str, told: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows["orders"].append({"order_id": order, "status": "paid", "currency_code": "USD", **told["order"]})
    rows["order_items"] = [line_of(order, number, text) for number, text in enumerate(told["lines"], 1)]
    for number, payment in enumerate(told.get("payments", []), 1):
        rows["payments"].append({"payment_id": f"{order}-{number}", "order_id": order, **payment})
    for number, parcel in enumerate(told.get("shipments", []), 1):
        rows["shipments"].append({"shipment_id": f"{order}-{number}", "order_id": order, **parcel})
    for number, refund in enumerate(told.get("refunds", []), 1):
        refund_id = f"{order}-{number}"
        amounts = {key: value for key, value in refund.items() if key not in ("line", "quantity")}
        rows["refunds"].append({"refund_id": refund_id, "order_id": order, **amounts})
        if "line" in refund:
            of_line = {"refund_id": refund_id, "refund_item_id": "1", "order_id": order, "line_number": refund["line"]}
            product = rows["order_items"][refund["line"] - 1]["product_id"]
            money = {"quantity": refund["quantity"], "amount": refund["product_amount"]}
            rows["refund_items"].append({**of_line, "product_id": product, **money})
    return rows


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> PlainShop:
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in ("stores", "products", "customers"):
        tables[name] = GOLDEN[name]
    for order, told in ORDERS.items():
        for table, rows in rows_of(order, told).items():
            tables[table] += rows
    tables["refunds"] += [{"refund_id": "of nobody", **refund} for refund in GOLDEN.get("refunds_of_nobody", [])]
    folder = tmp_path_factory.mktemp("golden") / "shop"
    shop = PlainShop(folder, tables, timezone="America/New_York", currency="USD")
    shop.rows(tables)
    shop.build_all()
    failed = [result.name for result in shop.test() if result.failed]
    assert failed == []
    return shop


def unlike(row: dict[str, Any], expected: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """What differs, as (the warehouse's, the hand's)."""
    return {
        name: (row[name], value) for name, value in expected.items() if exact(row[name]) != exact(value)
    }  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_what_it_is_by_hand(shop: PlainShop, order: str) -> None:
    told = ORDERS[order]
    (row,) = shop.query(f"select * from core.fct_orders where order_id = '{order}'")
    assert unlike(row, told["expected"]) == {}, told["words"]
    lines = shop.query(f"select * from core.fct_order_items where order_id = '{order}' order by line_number")
    assert len(lines) == len(told["lines"])
    for line, expected in zip(lines, told.get("lines_expected", [{}] * len(lines)), strict=True):
        assert unlike(line, expected) == {}, told["words"]


@pytest.mark.parametrize("order", ORDERS)
def test_the_ledger_of_an_order_is_what_it_is_by_hand(shop: PlainShop, order: str) -> None:
    names = {"tax": "tax_amount", "shipping": "shipping_amount"}
    sums = ", ".join(f"sum(ledger.{names.get(name, name + '_amount')}) as {name}_sum" for name in AMOUNTS)
    found = shop.query(
        f"select ledger.event_kind as kind, cast(ledger.event_date as varchar) as day, {sums} "
        "from core.fct_sales_ledger as ledger join core.fct_orders as orders on ledger.order_key = orders.order_key "
        f"where orders.order_id = '{order}' group by all"
    )
    booked = {(row["kind"], row["day"]): tuple(exact(row[f"{name}_sum"]) for name in AMOUNTS) for row in found}
    expected = {}
    for text in ORDERS[order]["ledger"]:
        kind, day, *rest = text.split()
        amounts = {name: Decimal(value) for name, value in zip(rest[::2], rest[1::2], strict=True)}
        expected[kind, day] = tuple(amounts.get(name, Decimal(0)) for name in AMOUNTS)
    assert booked == expected, ORDERS[order]["words"]


@pytest.mark.parametrize("number", range(len(GOLDEN["marts"])))
def test_a_row_of_a_mart_is_what_it_is_by_hand(shop: PlainShop, number: int) -> None:
    told = GOLDEN["marts"][number]
    (row,) = shop.query(told["query"])
    assert unlike(row, told["row"]) == {}, told["words"]
