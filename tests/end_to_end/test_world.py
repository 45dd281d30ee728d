"""Shops made of the synthetic world build, day by day, and count each fault that was planted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from requirements import requirement
from shophouse.demo.shops import make_demo
from shophouse.demo.world.deliveries import next_day
from shophouse.demo.world.reporting import MOVEMENTS
from shophouse.shop import Shop

from .shops import rows, value

pytestmark = pytest.mark.slow


def planted(shop: Shop, kind: str) -> int:
    labels = shop.project.folder / "truth" / "defects*.parquet"
    return int(value(shop, f"select count(*) from '{labels}' where kind = '{kind}'"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """After the first delivery."""
    shop = Shop(make_demo("shop", into=tmp_path_factory.mktemp("world") / "shop", orders=1_000, days=200))
    shop.run()
    return shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """After the first delivery and two days more."""
    shop = Shop(make_demo("shop", into=tmp_path_factory.mktemp("days") / "shop", orders=1_000, days=200))
    shop.run()
    for _ in range(2):
        next_day(shop.project.folder)
        shop.run()
    return shop


def test_every_order_of_the_truth_is_there_once(shop: Shop) -> None:
    truth = shop.project.folder / "truth" / "orders.parquet"
    told = f"select order_id from '{truth}' where arrived_at < '2026-01-03'"
    assert value(shop, "select count(*) from core.fct_orders") == value(shop, f"select count(*) from ({told})")
    missing = f"select count(*) from ({told}) t anti join core.fct_orders o on o.order_id = t.order_id::varchar"
    assert value(shop, missing) == 0


def test_what_cant_be_read_is_in_quarantine_and_what_breaks_the_contract_is_rejected(shop: Shop) -> None:
    assert value(shop, "select count(*) from ops.quarantine") == planted(shop, "malformed")
    rejected = value(shop, "select count(distinct entity || row_id) from ops.rejected_rows")
    assert rejected == planted(shop, "rejected")


def test_deleted_orders_are_no_sales_and_stale_ones_change_nothing(shop: Shop) -> None:
    labels = shop.project.folder / "truth" / "defects*.parquet"
    of = f"core.fct_orders o join (select distinct key from '{labels}' where kind = '{{}}') l on o.order_id = l.key"
    reasons = rows(shop, f"select distinct invalid_reason from {of.format('deleted')}")
    assert reasons == [("deleted",)]
    assert rows(shop, f"select distinct order_status from {of.format('stale')}") == [("delivered",)]


def test_all_that_the_shop_has_reaches_its_entity(shop: Shop) -> None:
    entities = (
        "stores locations employees sellers promotions reviews customer_identities costs targets campaigns ad_spend "
        "sessions events touchpoints inventory_movements inventory_snapshots subscriptions subscription_events"
    )
    built = shop.project.warehouse_folder / "build" / "shop.duckdb"
    with duckdb.connect(str(built), read_only=True) as connection:
        counts = {
            one: connection.execute(f"select count(*) from input.input_{one}").fetchall() for one in entities.split()
        }
    assert {one: count for one, count in counts.items() if count == [(0,)]} == {}


def test_what_orders_are_worth_is_what_the_truth_says_in_dollars(first: Shop) -> None:
    """Four currencies, six zones. An order's parts are rounded, the truth rounds its total."""
    truth = first.project.folder / "truth" / "orders.parquet"
    assert value(first, "select count(distinct currency_code) from core.fct_orders") == 4
    compared = f"""
        core.fct_orders o join '{truth}' t on o.order_id = t.order_id::varchar
        where o.control_total_amount = o.total_amount and t.order_date <= date '2025-12-31'
    """
    assert value(first, f"select count(*) from {compared}") > 900
    columns = "o.order_date <> t.order_date or o.currency_code <> t.currency_code or o.exchange_rate <> t.exchange_rate"
    assert rows(first, f"select o.order_id, o.order_date, t.order_date from {compared} and ({columns})") == []
    off = "abs(o.total_amount_reporting - t.total_amount_usd) > 0.0001 * (4 * o.line_count + 1)"
    assert (
        rows(first, f"select o.order_id, o.total_amount_reporting, t.total_amount_usd from {compared} and {off}") == []
    )


def test_marts_total_what_the_truth_says_in_dollars(first: Shop) -> None:
    truth = first.project.folder / "truth" / "orders.parquet"
    told = f"""
        select sum(t.total_amount_usd) from '{truth}' t join core.fct_orders o on o.order_id = t.order_id::varchar
        where o.is_valid
    """
    paid = "gross_amount - discount_amount + shipping_amount + tax_amount"
    gift = f"""
        select sum(round(({paid}) * exchange_rate, 4)) from core.fct_order_items
        where is_gift_card and order_key in (select order_key from core.fct_orders where is_valid)
    """
    ledger = "core.fct_sales_ledger l join core.fct_orders o using (order_key)"
    sold = "o.is_valid and event_kind in ('sale', 'charge')"
    total = value(first, f"select sum(total_sales_amount_reporting) from {ledger} where {sold}")
    lines = value(first, "select count(*) from core.fct_order_items")
    assert abs(total - (value(first, told) - value(first, gift))) < lines / 1000
    every = "select sum(total_sales_amount_reporting) from core.fct_sales_ledger"
    for mart in ("sales_daily", "store_performance", "executive_daily"):
        assert value(first, f"select sum(total_sales_amount) from marts.{mart}") == value(first, every), mart
    assert rows(first, "select distinct currency_code from marts.sales_daily") == [("USD",)]


def test_gift_cards_owed_are_those_of_the_truth(first: Shop) -> None:
    truth = first.project.folder / "truth" / "gift_cards.parquet"
    kinds = dict(rows(first, f"select movement, sum(amount_usd) from '{truth}' group by 1"))
    assert {"issued", "redeemed"} <= set(kinds)
    sums = [f"coalesce(sum(amount_usd) filter (movement = '{kind}'), 0)" for kind in MOVEMENTS]
    of_truth = f"from '{truth}' where date_day <= date '2025-12-31'"
    told = f"select date_day::date, {', '.join(sums)} {of_truth} group by 1 order by 1"
    moved = "issued_amount, refunded_amount, redeemed_amount, restored_amount"
    found = f"""
        select date_day, {moved} from marts.gift_card_liability_daily
        where date_day <= date '2025-12-31' and {moved.replace(", ", " + ")} > 0 order by 1
    """
    assert rows(first, found) == rows(first, told)
    added = "movement in ('issued', 'restored')"
    balance = f"select sum(case when {added} then amount_usd else -amount_usd end) {of_truth}"
    closing = "select closing_amount from marts.gift_card_liability_daily where date_day = date '2025-12-31'"
    assert value(first, closing) == value(first, balance) != 0


@requirement("S4-20", "S4-26")
def test_each_file_of_the_grocery_chain_has_a_staging_view_of_its_own(tmp_path: Path) -> None:
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=300, days=60, shape="grocery"))
    shop.run()
    built = shop.project.warehouse_folder / "build" / "shop.duckdb"
    with duckdb.connect(str(built), read_only=True) as connection:
        views = connection.execute(
            "select view_name, sql from duckdb_views() where schema_name = 'staging' and view_name like 'base_%'"
        ).fetchall()
        names = ["categories", "cities", "countries", "customers", "employees", "products", "sales"]
        assert sorted(name for name, _ in views) == [f"base_grocery__{name}" for name in names]
        for name, _ in views:
            raw = name.replace("base_", "")
            counts = connection.execute(
                f"select (select count(*) from staging.{name}), (select count(*) from raw.{raw})"
            ).fetchall()
            assert counts[0][0] == counts[0][1] > 0


@pytest.mark.parametrize("shape", ["olist", "grocery"])
def test_the_same_world_builds_in_other_files(tmp_path: Path, shape: str) -> None:
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=500, days=100, shape=shape, more=1))
    shop.run()
    truth = shop.project.folder / "truth" / "orders.parquet"
    told = value(shop, f"select count(*) from '{truth}' where arrived_at < '2026-01-02'")
    orders = value(shop, "select count(*) from core.fct_orders")
    assert told * 0.9 < orders <= told
