"""A shop known by its order events alone has the sales, payments and refunds of the same shop known by its tables."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from incremental.comparison import differences
from requirements import requirement
from shophouse.demo.shops import make_demo
from shophouse.demo.world.deliveries import next_day
from shophouse.scaffold import init_project
from shophouse.shop import Shop

from .shops import money, row, rows, value

pytestmark = pytest.mark.slow

Event = dict[str, Any]

TOTALS = {
    "orders": "select count(*), count(*) filter (where is_valid), sum(total_amount), sum(discount_amount), "
    "sum(shipping_amount), sum(tax_amount), sum(payment_amount) from core.fct_orders",
    "states of orders": "select order_status, invalid_reason, count(*), sum(total_amount) from core.fct_orders "
    "group by all order by all",
    "lines": "select count(*), sum(quantity), sum(gross_amount), sum(discount_amount), sum(net_amount), "
    "sum(tax_amount), sum(cost_amount), sum(refunded_quantity), sum(refunded_amount) from core.fct_order_items",
    "payments": "select payment_kind, payment_status, payment_method, count(*), sum(payment_amount) "
    "from core.fct_payments group by all order by all",
    "refunds": "select count(*), sum(refund_amount), min(refunded_at), max(refunded_at) from core.fct_refunds",
    "refunded lines": "select count(*), sum(quantity), sum(refund_amount), sum(is_restocked::int) "
    "from core.fct_refund_items",
    "months": "select month_start_date, channel, sum(order_count), sum(gross_amount), sum(discount_amount), "
    "sum(net_sales_amount), sum(total_sales_amount) from marts.sales_monthly group by all order by all",
}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shop]:
    """One world in two shapes, after the first delivery."""
    made = {}
    for shape in ("storefront", "order-events"):
        folder = tmp_path_factory.mktemp("world") / shape
        made[shape] = Shop(make_demo("shop", into=folder, orders=500, days=200, shape=shape, markets=("US",)))
        assert made[shape].run().status == "success"
    return made


def amount(number: Any) -> Decimal:
    return Decimal(str(number))


def told(shop: Shop) -> dict[str, Event]:
    """The events of the shop's files, each once."""
    events: dict[str, Event] = {}
    for file in sorted((shop.project.folder / "data").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            event = json.loads(line, parse_float=Decimal)
            events[event["event_id"]] = event
    return events


@pytest.mark.parametrize("what", TOTALS)
def test_totals_are_those_of_the_same_shops_tables(shops: dict[str, Shop], what: str) -> None:
    of_tables, of_events = (rows(shops[shape], TOTALS[what]) for shape in ("storefront", "order-events"))
    assert of_events == of_tables
    assert of_events and all(cell is not None for cell in of_events[0][-2:])


def test_totals_are_those_of_the_events(shops: dict[str, Shop]) -> None:
    shop, events = shops["order-events"], told(shops["order-events"]).values()
    created = [event for event in events if event["event_type"] == "order_created"]
    lines = [(event, item) for event in created for item in event["items"]]
    sold = [(event, item) for event, item in lines if not event["is_test"] and not item["is_gift_card"]]
    gross = sum(item["quantity"] * item["unit_price"] for _, item in sold)
    gift_cards = [item for _, item in lines if item["is_gift_card"]]
    assert len(gift_cards) > 0
    assert row(shop, "select count(*), count(distinct order_key) from core.fct_order_items") == (
        len(lines),
        len(created),
    )
    assert value(shop, "select sum(gross_amount) from marts.sales_monthly") == money(gross)
    discounts = sum(item["discount_amount"] for _, item in lines) + sum(event["discount_amount"] for event in created)
    assert value(shop, "select sum(discount_amount) from core.fct_order_items") == money(discounts)

    paid: Counter[tuple[str, str]] = Counter()
    payments = [payment for event in events for payment in event["payments"] or []]
    for payment in payments:
        paid[payment["kind"], payment["status"]] += payment["amount"]
    built = rows(shop, "select payment_kind, payment_status, sum(payment_amount) from core.fct_payments group by all")
    assert {(kind, status): number for kind, status, number in built} == {key: money(one) for key, one in paid.items()}
    refunds = [event["refund"] for event in events if event["event_type"] == "order_refunded"]
    assert row(shop, "select count(*), sum(refund_amount) from core.fct_refunds") == (
        len(refunds),
        money(sum(refund["amount"] for refund in refunds)),
    )


def test_totals_are_those_of_the_truth(shops: dict[str, Shop]) -> None:
    shop = shops["order-events"]
    truth = f"from '{shop.project.folder}/truth/orders.parquet' where arrived_at < '2026-01-01'"
    true = rows(
        shop, f"select order_id::varchar, ordered_at::timestamp, round(total_amount::decimal(18, 4), 2) {truth}"
    )
    built = rows(shop, "select order_id, ordered_at, total_amount from core.fct_orders")
    assert Counter((one, at, money(total)) for one, at, total in built) == Counter(
        (one, at, money(total)) for one, at, total in true
    )


@requirement("S1-07")
def test_the_base_view_is_a_typed_row_for_each_event_as_it_arrived(shops: dict[str, Shop]) -> None:
    shop = shops["order-events"]
    lines = [
        json.loads(line, parse_float=Decimal)
        for line in (shop.project.folder / "data" / "order_events.jsonl").read_text().splitlines()
    ]
    built = shop.project.warehouse_folder / "build" / "shop.duckdb"
    with duckdb.connect(str(built), read_only=True) as connection:
        found = connection.execute(
            "select event_id, event_type, cast(occurred_at as varchar), order_id, total_amount, taxes_included "
            "from staging.base_order_events__order_events order by _row_number"
        ).fetchall()
    assert found == [
        (
            str(event["event_id"]),
            event["event_type"],
            event["occurred_at"],
            str(event["order_id"]),
            event["total_amount"],
            event["taxes_included"],
        )
        for event in lines
    ]
    assert len(told(shop)) < len(lines), "no event came twice"


@requirement("S0-15", "S0-16")
def test_day_by_day_is_the_same_as_all_at_once(tmp_path: Path) -> None:
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=400, days=60, shape="order-events"))
    shop.run()
    before = value(shop, "select count(*) from core.fct_orders")
    for _ in range(3):
        next_day(shop.project.folder)
        run = shop.run()
    assert not run.record.is_full_refresh
    assert value(shop, "select count(*) from core.fct_orders") > before
    assert_full_refresh_changes_nothing(shop, tmp_path)


def assert_full_refresh_changes_nothing(shop: Shop, folder: Path) -> None:
    built, kept = shop.project.warehouse_folder / "build" / "shop.duckdb", folder / "incremental.duckdb"
    shutil.copyfile(built, kept)
    shop.run(full_refresh=True)
    assert differences(kept, built) == {}


def item(number: int, product: str, quantity: int, price: str, **more: Any) -> dict[str, Any]:
    return {"line_number": number, "product_id": product, "quantity": quantity, "unit_price": price, **more}


def event(event_id: str, kind: str, at: str, order: str, **more: Any) -> Event:
    known: Event = {"event_id": event_id, "event_type": kind, "occurred_at": f"2025-06-{at}", "order_id": order}
    return known | more


def send(shop: Shop, name: str, events: Iterable[Event]) -> None:
    """Deliver the events as a file, and run the shop on it."""
    data = shop.project.folder / "data"
    data.mkdir(exist_ok=True)
    (data / f"order_events-{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events))
    assert shop.run().status == "success"


STATE = """
    select o.order_id, o.order_status, cast(o.paid_at as varchar), o.payment_amount,
        (select sum(i.gross_amount) from core.fct_order_items i where i.order_key = o.order_key)
    from core.fct_orders o order by o.order_id
"""


def states(shop: Shop) -> dict[str, tuple[Any, ...]]:
    return {order: tuple(found) for order, *found in rows(shop, STATE)}


@requirement("S0-15", "S0-16")
def test_events_may_come_late_twice_and_in_any_order(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init_project(folder, name="stream", staging="order_events", currency="EUR", path="data/*.jsonl")
    shop = Shop.open(folder)
    payment = {"payment_id": "p1", "kind": "sale", "status": "succeeded", "amount": 25.0}
    made = event("1", "order_created", "01 10:00:00", "a", items=[item(1, "cup", 2, "10"), item(2, "tea", 1, "5.00")])
    paid = event("2", "order_paid", "01 11:00:00", "a", payments=[payment])
    early = event("4", "order_paid", "02 08:00:00", "b", payments=[{**payment, "payment_id": "p2", "amount": 7}])
    send(shop, "1", [made, made, paid, early])
    assert states(shop) == {"a": ("processing", "2025-06-01 11:00:00", Decimal(25), Decimal(25))}
    refused = "select entity, row_id, reason from ops.rejected_rows order by all"
    assert [found[0] for found in rows(shop, refused)] == ["orders", "payments"]

    # the order that was paid before anybody told of it; the first one again, and its way to the customer, backwards
    send(
        shop,
        "2",
        [
            event("6", "order_delivered", "04 09:00:00", "a"),
            made,
            event("5", "order_shipped", "03 09:00:00", "a"),
            event("3", "order_created", "02 07:00:00", "b", items=[item(1, "cup", 1, "7")]),
            paid,
        ],
    )
    as_delivered = ("delivered", "2025-06-01 11:00:00", Decimal(25), Decimal(25))
    assert states(shop) == {"a": as_delivered, "b": ("processing", "2025-06-02 08:00:00", Decimal(7), Decimal(7))}
    assert rows(shop, refused) == []
    assert value(shop, "select count(*) from core.fct_payments") == 2

    # what the order was before it became what it is, and a cancellation; the second order has become another
    send(
        shop,
        "3",
        [
            event("0", "order_created", "01 09:59:00", "a", items=[item(1, "cup", 9, "10", product_name="Old cup")]),
            event("7", "order_created", "02 07:30:00", "b", items=[item(2, "tea", 3, "2", product_name="Tea")]),
            event("8", "order_cancelled", "05 07:30:00", "b"),
        ],
    )
    assert states(shop) == {"a": as_delivered, "b": ("cancelled", "2025-06-02 08:00:00", Decimal(7), Decimal(6))}
    named = "select product_id, product_name from core.dim_product where product_id in ('cup', 'tea') order by all"
    assert rows(shop, named) == [("cup", "cup"), ("tea", "Tea")]

    # money that goes back, and an event that nobody knows
    refund = event(
        "9",
        "order_refunded",
        "09 10:00:00",
        "a",
        refund={"amount": "10.00", "product_amount": "10.00", "reason": "Broken"},
        refund_items=[{"line_number": 1, "product_id": "cup", "quantity": 1, "amount": 10}],
    )
    send(shop, "4", [refund, event("10", "order_admired", "09 10:00:00", "a")])
    assert states(shop)["a"] == as_delivered
    assert row(shop, "select refund_id, refund_amount from core.fct_refunds") == ("9", Decimal(10))
    lines = "select line_number, refunded_quantity from core.fct_order_items where order_id = 'a' order by all"
    assert rows(shop, lines) == [(1, Decimal(1)), (2, Decimal(0))]
    last = shop.runs()[-1]
    assert not last.is_full_refresh
    assert [found.test for found in last.tests if found.status != "pass"] == ["order_event_types_are_known"]
    assert_full_refresh_changes_nothing(shop, tmp_path)


STAGED = "select table_name from duckdb_tables() where schema_name = 'staging' order by all"


def staged(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables in which events are kept in parts, but when their load was."""
    with duckdb.connect(str(shop.project.warehouse_folder / "build" / "shop.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute(STAGED).fetchall()]
        return {
            name: connection.execute(
                f"select columns(c -> c <> '_loaded_at') from staging.{name} order by all"
            ).fetchall()
            for name in names
        }


def test_loads_of_two_sources_may_have_the_same_number_and_orders_the_same_name(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init_project(folder, name="stream", staging="order_events", currency="EUR", path="web/*.jsonl")
    source = '{{kind: files, path: "{0}/*.jsonl", staging: order_events}}'
    (folder / "shophouse.yml").write_text(
        "name: stream\ntimezone: UTC\ncurrency: EUR\nsources:\n"
        f"  web: {source.format('web')}\n  app: {source.format('app')}\n"
    )
    shop = Shop.open(folder)
    for place in ("web", "app"):
        (folder / place).mkdir()

    def made(order: str, price: str) -> Event:
        return event(f"{order}-{price}", "order_created", "01 10:00:00", order, items=[item(1, "cup", 1, price)])

    def deliver(place: str, number: int, *events: Event) -> None:
        text = "".join(json.dumps(one) + "\n" for one in events)
        (folder / place / f"order_events-{number}.jsonl").write_text(text)

    deliver("web", 1, made("a", "10"), made("b", "20"))
    deliver("app", 1, made("a", "30"))
    assert shop.run().status == "success"
    nameless: Event = {"event_id": "x", "event_type": "order_paid", "occurred_at": "2025-06-01 10:00:00"}
    deliver("app", 2, event("p", "order_paid", "02 10:00:00", "a"), made("c", "40"), nameless)
    assert shop.run().status == "success"
    deliver("web", 2, event("q", "order_cancelled", "03 10:00:00", "a"))
    run = shop.run()
    assert not run.record.is_full_refresh
    found = rows(shop, "select source, order_id, order_status, gross_amount from core.fct_orders order by all")
    assert [(*key, price) for *key, price in found] == [
        ("app", "a", "processing", Decimal(30)),
        ("app", "c", "pending", Decimal(40)),
        ("web", "a", "cancelled", Decimal(10)),
        ("web", "b", "pending", Decimal(20)),
    ]
    assert rows(shop, "select entity, reason from ops.rejected_rows order by all") == [
        ("orders", "order_id is missing")
    ]
    before = staged(shop)
    assert_full_refresh_changes_nothing(shop, tmp_path)
    assert staged(shop) == before
    assert len(before["stg_order_events__events"]) == 7


def test_what_events_tell_of_customers_products_and_stores_is_the_same_load_by_load(tmp_path: Path) -> None:
    """Names that come late, change, change back, are missing, or are told differently at the same time.

    The first event of each delivery names a customer and a store of its own.
    """
    folder = tmp_path / "shop"
    init_project(folder, name="stream", staging="order_events", currency="EUR", path="data/*.jsonl")
    shop = Shop.open(folder)
    draw = Random(7)

    def made(number: int, name: str) -> Event:
        items = [
            item(
                line,
                draw.choice(("cup", "tea")),
                1,
                "10",
                product_name=draw.choice(("Old", "New", name, None)) if number else name,
                is_gift_card=draw.choice((False, False, None)),
            )
            for line in range(1, draw.randint(2, 4))
        ]
        store = draw.choice(("north", "south", name)) if number else name
        at = f"{draw.randint(1, 9):02} 10:00:00"
        return event(
            f"{name}-{number}",
            "order_created",
            at,
            f"{draw.randint(1, 12)}",
            items=items,
            customer_id=draw.choice(("ann", "bob", name, None)) if number else name,
            store_id=store,
            store_name=draw.choice((store, "Shop", None)),
            store_timezone=draw.choice(("Europe/Berlin", None)),
        )

    names = ("a", "b", "c", "d", "e")
    for place, name in enumerate(names):
        before = staged(shop) if name != "a" else {}
        # always called the same, and sold earlier than was known
        jar = [item(1, "jar", 1, "5", product_name="Jar")]
        earlier = event(f"{name}-jar", "order_created", f"{9 - place:02} 09:00:00", f"{name}-jar", items=jar)
        send(shop, name, [*(made(number, name) for number in range(8)), earlier])
        changed = {table for table, found in staged(shop).items() if found != before.get(table)}
        assert {f"stg_order_events__{what}" for what in ("customers", "products", "stores")} <= changed
    before = staged(shop)
    counts = {what: len(before[f"stg_order_events__{what}"]) for what in ("customers", "products", "stores")}
    assert counts["customers"] == 2 + len(names) and counts["products"] > 4 and counts["stores"] > 2 + len(names)
    assert_full_refresh_changes_nothing(shop, tmp_path)
    assert staged(shop) == before


def test_a_wrong_value_within_an_event_is_rejected_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init_project(folder, name="stream", staging="order_events", currency="EUR", path="data/*.jsonl")
    shop = Shop.open(folder)
    good = item(1, "cup", 1, "10")
    wrong: dict[str, list[Event]] = defaultdict(list)
    wrong["lines"] = [{**good, "line_number": 2, "quantity": "many"}, {**good, "line_number": 3, "product_id": None}]
    wrong["payments"] = [
        {"payment_id": "p", "kind": "barter", "amount": 10},
        {"payment_id": "q", "kind": "sale", "amount": "ten"},
    ]
    made = event("1", "order_created", "01 10:00:00", "a", items=[good, *wrong["lines"]], payments=wrong["payments"])
    send(shop, "1", [made, event("2", "order_refunded", "02 10:00:00", "a")])
    reasons = rows(shop, "select entity, reason from ops.rejected_rows order by all")
    assert reasons == [
        ("order_items", "product_id is missing"),
        ("order_items", "quantity is missing"),
        ("payments", "amount is missing"),
        ("payments", "unknown kind: barter"),
        ("refunds", "amount is missing"),
    ]
    assert states(shop)["a"][-1] == Decimal(10)
