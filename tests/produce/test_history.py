"""A shop that is known by the messages of its history has the orders of the shop that they tell of."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from end_to_end.shops import new_storefront
from requirements import requirement
from shophouse.errors import ConfigError
from shophouse.produce import opened
from shophouse.scaffold import init_project
from shophouse.shop import Shop

pytestmark = pytest.mark.slow

TOTALS = {
    "orders": "select count(*), sum(gross_amount), sum(discount_amount), sum(tax_amount), sum(shipping_amount),"
    " sum(total_amount), sum(payment_amount), sum(refund_amount) from core.fct_orders",
    "states": "select order_status, is_valid, count(*) from core.fct_orders group by all order by all",
    "lines": "select count(*), sum(quantity), sum(net_amount), sum(cost_amount), sum(refunded_amount)"
    " from core.fct_order_items",
    "payments": "select payment_kind, payment_status, count(*), sum(payment_amount), sum(fee_amount)"
    " from core.fct_payments group by all order by all",
    "refunds": "select count(*), sum(refund_amount), sum(product_amount), max(refunded_at) from core.fct_refunds",
    "days": "select date_day, sum(order_count), sum(net_sales_amount) from marts.sales_daily group by all order by all",
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = new_storefront(tmp_path_factory.mktemp("history") / "origin", orders=200)
    assert shop.run().status == "success"
    return shop


@pytest.fixture(scope="module")
def told(origin: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop that reads the messages, here as lines of a file."""
    folder = tmp_path_factory.mktemp("history") / "told"
    init_project(
        folder,
        name="told",
        staging="order_events",
        timezone="America/New_York",
        currency="USD",
        path="data/*.jsonl",
        source_timezone="UTC",
    )
    (folder / "data").mkdir(exist_ok=True)
    with opened("order_events", origin.project.folder) as history:
        lines = [event.value for event in history.read()]
    (folder / "data" / "order_events.jsonl").write_text("\n".join(lines) + "\n")
    shop = Shop.open(folder)
    assert shop.run().status == "success"
    return shop


@requirement("S1-01")
@pytest.mark.parametrize("what", TOTALS)
def test_totals_are_those_of_the_shop_whose_history_it_is(origin: Shop, told: Shop, what: str) -> None:
    assert told.sql(TOTALS[what]).fetchall() == origin.sql(TOTALS[what]).fetchall()


def test_events_are_numbered_in_the_order_in_which_things_happened_and_alike_each_time(origin: Shop) -> None:
    with opened("order_events", origin.project.folder) as one, opened("order_events", origin.project.folder) as other:
        events = list(one.read())
        assert one.digest == other.digest
        assert list(other.read(5)) == events[5:]
    assert [event.number for event in events] == list(range(len(events)))
    assert [event.occurred_at for event in events] == sorted(event.occurred_at for event in events)
    values = [json.loads(event.value) for event in events]
    assert len({value["event_id"] for value in values}) == len(values)
    assert all(event.key == value["order_id"] for event, value in zip(events, values, strict=True))


def test_money_goes_back_after_it_was_taken(origin: Shop) -> None:
    taken: dict[str, Decimal] = defaultdict(Decimal)
    signs = {"sale": 1, "capture": 1, "refund": -1}
    given_back = 0
    with opened("order_events", origin.project.folder) as history:
        for event in history.read():
            for payment in json.loads(event.value)["payments"] or ():
                if payment["status"] == "succeeded":
                    sign = signs.get(payment["kind"], 0)
                    taken[event.key] += sign * Decimal(payment["amount"])
                    given_back += sign < 0
            assert taken[event.key] >= 0, event.value
    assert given_back


def test_a_platform_without_messages_is_told(origin: Shop, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody knows"), opened("storefront", tmp_path):
        pass
    with (
        pytest.raises(ConfigError, match="the source web has no orders"),
        opened("order_events", origin.project.folder, "web"),
    ):
        pass
