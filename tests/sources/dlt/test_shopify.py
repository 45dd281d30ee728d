"""Shopify's Admin API, as recorded, becomes a warehouse whose numbers are those of ten orders counted by hand.

| order | goods | discount | shipping | tax | what is special |
|---|---|---|---|---|---|
| 1001 | 2 × 20.00 + 35.50 | 4.00 + 3.55 | 5.00 | 2.88 + 2.56 + 0.40 | a code, taxes on top |
| 1002 | 3 × 20.00 | | 0 | 4.80 | one of three given back: 20.00 + 1.60 |
| 1003 | 35.50 | | | 2.84 | cancelled, all given back |
| 1004 | 20.00 | | | | a test |
| 1005 | 119.00 | | 11.90 | of them 19.00 and 1.90 | paid in euros, taxes included |
| 1006 | | | | | a gift card alone |
| 1007 | 35.50 + 4.50 | | | 2.84 + 0.36 | a guest at the till, 2.00 of tip, a line without a product |
| 1008 | 20.00 | | 5.00 | 1.60 + 0.40 | all given back, shipping too |
| 1009 | 2 × 35.50 | 5.00 | 5.00 − 5.00 | 5.28 | not paid yet, shipping for free |
| 1010 | 35.50 | | | 2.84 | beside a gift card, which paid a part |
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from incremental.comparison import differences
from servers.shopify import TOKEN, Shopify, shopify
from shophouse.errors import SourceError, SourceMismatch, SourceUnreachable
from shophouse.scaffold import init_project
from shophouse.shop import Shop

pytestmark = pytest.mark.slow


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shopify]:
    monkeypatch.setenv("SHOPIFY_TOKEN", TOKEN)
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    with shopify() as running:
        yield running


@pytest.fixture(params=["duckdb"])
def shop(api: Shopify, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shop:
    folder = tmp_path / "northlight"
    engine = ""
    if request.param == "postgres":
        monkeypatch.setenv("SHOP_DSN", request.getfixturevalue("postgres").database())
        engine = 'engine: {kind: postgres, dsn: "env:SHOP_DSN"}\n'
    init_project(folder, name="northlight", staging="shopify", timezone="America/New_York", currency="USD")
    (folder / "shophouse.yml").write_text(
        engine + "name: northlight\ntimezone: America/New_York\ncurrency: USD\n"
        "sources:\n  shopify:\n    kind: dlt\n    source: shophouse.sources.dlt.shopify:shopify\n"
        f"    arguments: {{shop_url: '{api.url}', access_token: 'env:SHOPIFY_TOKEN', page_size: 3}}\n"
        "    timezone: UTC\n    staging: shopify\n    retries: 0\n"
    )
    return Shop.open(folder)


def asked(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    return shop.sql(query).fetchall()


def count_ten_orders(shop: Shop, api: Shopify) -> None:
    """Build the warehouse and compare it with what was counted by hand."""
    assert shop.run().status == "success"
    measures = (
        "gross_amount, discount_amount, return_amount, net_sales_amount, shipping_amount, tax_amount, other_amount"
    )
    totals = ", ".join(f"sum({one})" for one in [*measures.split(", "), "total_sales_amount"])
    gross = Decimal("75.50") + 60 + Decimal("35.50") + 100 + 40 + 20 + 71 + Decimal("35.50")
    discounts = Decimal("7.55") + 5
    returns = 20 + Decimal("35.50") + 20
    shipping = Decimal(5) + 10 + 5 - 5
    taxes = Decimal("5.84") + Decimal("3.20") + 0 + 19 + Decimal("3.20") + 0 + Decimal("5.28") + Decimal("2.84")
    other = 2 + Decimal("1.90")
    net = gross - discounts - returns
    assert asked(shop, f"select {totals} from sales_daily") == [
        (gross, discounts, returns, net, shipping, taxes, other, net + shipping + taxes + other)
    ]
    assert asked(shop, "select order_id, invalid_reason from core.fct_orders where not is_valid order by 1") == [
        ("6003", "cancelled"), ("6004", "test"), ("6006", "gift cards alone"),
    ]  # fmt: skip
    assert asked(shop, "select count(*) from core.fct_orders where total_amount is not null") == [(10,)]
    captured = "select sum(captured_amount) from core.fct_payments where captured_amount "
    paid = sum(map(Decimal, ("78.79", "64.80", "38.34", "130.90", "50", "45.20", "27", "50", "38.34")))
    assert asked(shop, captured + "> 0") == [(paid,)]
    assert asked(shop, captured + "< 0") == [(-(Decimal("21.60") + Decimal("38.34") + 27),)]
    stock = "select location_id, product_id, on_hand_quantity from input.input_inventory_snapshots order by 1, 2"
    assert [tuple(row.values()) for row in shop.engine.query(stock).to_pylist()] == [
        ("601", "7001", 40), ("601", "7002", 37), ("601", "7003", 20), ("601", "7004", 9), ("602", "7003", 4),
    ]  # fmt: skip
    refunded = "select refund_id, line_number, product_id, quantity from core.fct_refund_items order by 1"
    assert asked(shop, refunded) == [("811", 1, "7002", 1), ("812", 1, "7003", 1), ("813", 1, "7001", 1)]
    rejected = "select entity, reason from ops.rejected_rows order by 2"
    assert asked(shop, rejected) == [("payments", "change given at a till"), ("payments", "test transaction")]
    asked_first = len(api.asked)
    assert shop.run().status == "nothing new"
    assert not [one for one in api.asked[asked_first:] if "transactions" in one and "6001" in one]


@pytest.mark.server
@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_ten_orders_counted_by_hand_on_postgresql(shop: Shop, api: Shopify) -> None:
    count_ten_orders(shop, api)


def test_ten_orders_counted_by_hand_and_changed_give_what_a_full_rebuild_gives(
    shop: Shop, api: Shopify, tmp_path: Path
) -> None:
    count_ten_orders(shop, api)
    orders = {order["id"]: order for order in api.content["orders"]}
    late = "2025-03-25T12:00:00-04:00"
    # lines and the discount are edited away, and a parcel is cancelled
    first = orders[6001]
    first["line_items"] = first["line_items"][:1]
    first["line_items"][0]["discount_allocations"] = []
    first["fulfillments"][0] |= {"status": "cancelled", "shipment_status": None, "updated_at": late}
    first["discount_codes"] = []
    first["updated_at"] = late
    # another part goes back
    second = orders[6002]
    refund = copy.deepcopy(second["refunds"][0])
    payment = {**refund["transactions"][0], "id": 4999, "created_at": late, "processed_at": late}
    refund |= {"id": 819, "created_at": late, "processed_at": late, "transactions": [payment]}
    refund["refund_line_items"][0]["id"] = 81900
    second["refunds"].append(refund)
    second["updated_at"] = late
    api.content["transactions"].append(payment)
    # a new one, by a customer who was known
    third = copy.deepcopy(orders[6008]) | {"id": 6011, "name": "#1011", "refunds": [], "fulfillments": []}
    third |= {"created_at": late, "processed_at": late, "updated_at": late, "financial_status": "paid"}
    api.content["orders"].append(third)
    api.content["products"][0] |= {"title": "Plainer Tee", "updated_at": late}
    assert shop.run().status == "success"
    gross, returns = asked(shop, "select sum(gross_amount), sum(return_amount) from sales_daily")[0]
    assert (gross, returns) == (Decimal("437.50") - Decimal("35.50") + 20, Decimal("75.50") + 20)
    assert asked(shop, "select discount_amount, item_count from core.fct_orders where order_id = '6001'") == [(0, 2)]
    assert asked(shop, "select count(*) from core.fct_shipments") == [(3,)]
    build = shop.project.warehouse_folder / "build" / "shop.duckdb"
    shutil.copy(build, incremental := tmp_path / "incremental.duckdb")
    shop.build(full_refresh=True)
    assert differences(incremental, build) == {}


def test_an_hour_that_comes_twice_loses_no_order(shop: Shop, api: Shopify) -> None:
    """01:59 of summer is before 01:30 of winter, an hour later."""
    file = shop.project.folder / "shophouse.yml"
    file.write_text(file.read_text() + "    resources: [orders]\n")
    shop = Shop.open(shop.project.folder)
    order = api.content["orders"][0]
    api.content["orders"] = [order | {"id": 1, "updated_at": "2025-11-02T01:59:00-04:00"}]
    shop.ingest(["shopify"])
    api.content["orders"].append(order | {"id": 2, "updated_at": "2025-11-02T01:30:00-05:00"})
    run = shop.ingest(["shopify"])
    assert {load["table"]: load["rows"] for load in run.record.loads}["orders"] == 1


def test_what_the_api_refuses_is_told_without_the_token(
    shop: Shop, api: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.failing = {"products": 503}
    with pytest.raises(SourceUnreachable, match="products: "):
        shop.ingest()
    assert [table for _, table in shop.lake.tables() if table == "customers"] == ["customers"]
    api.failing = {"products": 403}
    with pytest.raises(SourceMismatch, match="look at the credentials"):
        shop.ingest()
    api.failing = {}
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_wrong_9876")
    with pytest.raises(SourceError) as caught:
        shop.ingest()
    assert "401" in caught.value.render() and "shpat_wrong_9876" not in caught.value.render()
