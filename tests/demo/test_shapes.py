"""The same kind of world in Olist's files, a grocery chain's, and as order events."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from requirements import requirement
from shophouse.demo.world.deliveries import next_day, write_world
from shophouse.demo.world.settings import Settings

SMALL = Settings(orders=2_000, days=200, ahead=5)
TAKEN = (("sale", "succeeded"), ("capture", "succeeded"))


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("olist")
    write_world(folder, SMALL, "olist")
    return folder


@pytest.fixture(scope="module")
def grocery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grocery")
    write_world(folder, SMALL, "grocery")
    next_day(folder)
    return folder


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    write_world(folder, SMALL, "order_events")
    next_day(folder)
    return folder


@requirement("S1-28")
def test_olists_nine_files_have_its_columns(olist: Path) -> None:
    headers = {file.name: file.read_text().splitlines()[0] for file in (olist / "data").iterdir()}
    assert len(headers) == 9
    assert headers["olist_order_items_dataset.csv"] == (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value"
    )
    assert headers["olist_order_payments_dataset.csv"] == (
        "order_id,payment_sequential,payment_type,payment_installments,payment_value"
    )


def test_olists_prices_and_freight_are_what_was_paid(olist: Path) -> None:
    data = olist / "data"
    sums = f"""
        select round(i.total, 2) = round(p.total, 2) from (
            select order_id, sum(price + freight_value) as total from '{data}/olist_order_items_dataset.csv' group by 1
        ) i join (
            select order_id, sum(payment_value) as total from '{data}/olist_order_payments_dataset.csv' group by 1
        ) p using (order_id)
    """
    assert Counter(row[0] for row in duckdb.sql(sums).fetchall()).keys() == {True}
    orders = duckdb.sql(f"select count(*), count(distinct order_id) from '{data}/olist_orders_dataset.csv'").fetchall()
    assert orders[0][0] == orders[0][1] > 1_500
    true = duckdb.sql(f"""
        select count(*) from '{data}/olist_orders_dataset.csv'
        join (select i.order_id, round(total_amount, 2) as total from '{olist}/truth/orders.parquet' o
            positional join '{olist}/truth/ids.parquet' i) t using (order_id)
        join (select order_id, round(sum(price + freight_value), 2) as told
            from '{data}/olist_order_items_dataset.csv' group by 1) using (order_id)
        where total <> told
    """).fetchall()
    assert true == [(0,)]


@requirement("S4-01", "S4-02", "S4-03", "S4-04", "S4-05", "S4-06", "S4-07")
def test_the_grocery_chains_files_have_headers_and_times_with_thousandths(grocery: Path) -> None:
    names = ("categories", "cities", "countries", "customers", "employees", "products", "sales")
    lines = {name: (grocery / "data" / f"{name}.csv").read_text().splitlines() for name in names}
    assert lines["sales"][0] == (
        "SalesID,SalesPersonID,CustomerID,ProductID,Quantity,Discount,TotalPrice,SalesDate,TransactionNumber"
    )
    assert lines["products"][0] == (
        "ProductID,ProductName,Price,CategoryID,Class,ModifyDate,Resistant,IsAllergic,VitalityDays"
    )
    moment = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
    dates = [line.split(",")[7] for line in lines["sales"][1:]]
    assert sum(bool(moment.fullmatch(one)) for one in dates) > 1_500
    keys = ("CategoryID", "CityID", "CountryID", "CustomerID", "EmployeeID", "ProductID", "SalesID")
    for name, key in zip(names, keys, strict=True):
        rows = duckdb.sql(f"select count(*), count(distinct {key}) from '{grocery}/data/{name}.csv'").fetchall()
        assert rows[0][0] == rows[0][1] == len(lines[name]) - 1


def test_sales_that_name_nothing_are_labelled(grocery: Path) -> None:
    sales = f"read_csv('{grocery}/data/sales*.csv', header = true)"
    labels = f"from '{grocery}/truth/defects*.parquet' where kind"
    undated = {row[0] for row in duckdb.sql(f"select SalesID::varchar from {sales} where SalesDate is null").fetchall()}
    assert undated == {row[0] for row in duckdb.sql(f"select key {labels} = 'rejected'").fetchall()}
    orphans = f"select SalesID::varchar from {sales} anti join '{grocery}/data/products.csv' using (ProductID)"
    planted = {row[0] for row in duckdb.sql(f"select key {labels} = 'orphan'").fetchall()}
    assert {row[0] for row in duckdb.sql(orphans).fetchall()} == planted
    assert undated
    assert planted


def test_a_sale_is_quantity_times_price_less_its_discount(grocery: Path) -> None:
    query = f"""
        select count(*) from '{grocery}/data/sales.csv'
        where abs(TotalPrice / Quantity / (1 - Discount) - round(TotalPrice / Quantity / (1 - Discount), 2)) > 0.0001
    """
    assert duckdb.sql(query).fetchall() == [(0,)]


def test_order_events_tell_an_orders_life_and_some_are_sent_twice(stream: Path) -> None:
    events = [json.loads(line) for line in (stream / "data/order_events.jsonl").read_text().splitlines()]
    created = {event["order_id"]: event for event in events if event["event_type"] == "order_created"}
    paid: dict[int, Decimal] = {}
    assert len(created) > 1_500
    for event in created.values():
        net = sum(
            Decimal(str(item["quantity"])) * Decimal(str(item["unit_price"])) - Decimal(str(item["discount_amount"]))
            for item in event["items"]
        )
        tax = sum(Decimal(str(item["tax_amount"])) for item in event["items"])
        charged = net - Decimal(str(event["discount_amount"])) + Decimal(str(event["shipping_amount"]))
        if not event["taxes_included"]:
            charged += tax + Decimal(str(event["shipping_tax_amount"]))
        assert charged == Decimal(str(event["total_amount"]))
        paid[event["order_id"]] = -Decimal(str(event["total_amount"]))
    assert {event["order_id"] for event in events} == set(created)
    for event in {event["event_id"]: event for event in events}.values():
        taken = [one for one in event["payments"] if (one["kind"], one["status"]) in TAKEN]
        paid[event["order_id"]] += sum(Decimal(str(one["amount"])) for one in taken)
        assert not taken or event["event_type"] == "order_paid"
        if event["event_type"] == "order_refunded":
            (back,) = event["payments"]
            assert back["kind"] == "refund" and back["amount"] == event["refund"]["amount"]
            goods = sum(Decimal(str(item["amount"])) for item in event["refund_items"])
            assert goods in (0, Decimal(str(event["refund"]["product_amount"])))
    settled = {event["order_id"] for event in events if event["event_type"] == "order_paid"}
    assert {paid[order] for order in settled} == {0}
    assert [event["sent_at"] for event in events] == sorted(event["sent_at"] for event in events)
    twice = {str(event) for event, count in Counter(event["event_id"] for event in events).items() if count > 1}
    first = SMALL.end.isoformat()
    labels = f"select key from '{stream}/truth/defects.parquet' where kind = 'repeated' and delivery = '{first}'"
    assert twice == {row[0] for row in duckdb.sql(labels).fetchall()}
    day = json.loads((stream / "data/order_events-2026-01-01.jsonl").read_text().splitlines()[0])
    assert date.fromisoformat(day["sent_at"][:10]) == date(2026, 1, 1)
