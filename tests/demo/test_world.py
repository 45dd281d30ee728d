"""The synthetic shop with its truth: the same again, sums that add up, and what is delivered day by day."""

from __future__ import annotations

from pathlib import Path

import pytest

from shophouse.demo.world.deliveries import next_day, write_world
from shophouse.demo.world.settings import Settings
from shophouse.errors import ConfigError

from .worlds import FOLLOWING, World

SMALL = Settings(orders=3_000, days=200, ahead=5, defects=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, SMALL)
    for _ in range(FOLLOWING):
        next_day(folder)
    return World(folder)


def test_the_same_settings_give_the_same_bytes(world: World, tmp_path: Path) -> None:
    write_world(tmp_path, SMALL)
    for _ in range(FOLLOWING):
        next_day(tmp_path)
    files = sorted(file.relative_to(tmp_path) for file in tmp_path.rglob("*.*"))
    assert files == sorted(file.relative_to(world.folder) for file in world.folder.rglob("*.*"))
    assert len(files) > 80
    for file in files:
        assert (tmp_path / file).read_bytes() == (world.folder / file).read_bytes(), file


def test_another_seed_gives_another_world(world: World, tmp_path: Path) -> None:
    write_world(tmp_path, Settings(orders=3_000, days=200, ahead=5, seed=8, defects=False))
    assert (tmp_path / "data/orders.csv").read_bytes() != (world.folder / "data/orders.csv").read_bytes()


def test_about_the_orders_asked_for_in_the_days_asked_for(world: World) -> None:
    told = world.one(f"select count(distinct order_id) from {world.first('orders')}")
    assert abs(told - SMALL.orders) < SMALL.orders * 0.15
    first, last = world.rows(f"select min(ordered_at)::date, max(ordered_at)::date from {world.first('orders')}")[0]
    assert SMALL.first_day <= first
    assert last <= SMALL.end


LINES = """
    select order_id, sum(quantity * unit_price - discount_amount)::decimal(18, 2) as net,
        sum(tax_amount)::decimal(18, 2) as tax
    from {lines} group by order_id
"""


def test_an_order_is_the_sum_of_its_lines_to_the_cent_with_taxes_in_or_out(world: World) -> None:
    orders, lines = world.first("orders"), LINES.format(lines=f"{world.first('order_items')}")
    known = world.one("select count(distinct order_id) from truth_orders where arrived_at < '2026-01-01'")
    wrong = f"""
        select count(*), count(*) filter (abs(total_amount - (net - discount_amount + shipping_amount
            + if(taxes_included, 0, tax + tax_amount))) > 0.001)
        from {orders} join ({lines}) using (order_id)
    """
    assert world.rows(wrong) == [(known, 0)]
    assert {row[0] for row in world.rows(f"select distinct taxes_included from {orders}")} == {True, False}
    included = (
        f"select count(*) from ({lines}) join {orders} using (order_id) where taxes_included and tax > net * 0.17"
    )
    assert world.one(included) == 0


def test_what_was_captured_is_the_total_and_refunds_are_within_it(world: World) -> None:
    orders = world.first("orders")
    sums = f"""
        select o.order_id, o.total_amount, o.paid_at, p.captured, coalesce(r.amount, 0) as refunded
        from {orders} o
        left join (
            select order_id, sum(amount) as captured from {world.first("payments")}
            where kind in ('sale', 'capture') and status = 'succeeded' group by order_id
        ) p using (order_id)
        left join (select order_id, sum(amount) as amount from {world.first("refunds")} group by order_id) r
            using (order_id)
    """
    assert world.one(f"select count(*) from ({sums}) where paid_at is not null") > 2_000
    unequal = "coalesce(captured, 0) - if(paid_at is null, 0, total_amount)"
    assert world.one(f"select count(*) from ({sums}) where abs({unequal}) > 0.001") == 0
    assert world.one(f"select count(*) from ({sums}) where refunded > total_amount + 0.001") == 0
    assert world.one(f"select count(*) from ({sums}) where refunded > 0") > 50


def test_nothing_names_what_is_not_there(world: World) -> None:
    orders, lines = (
        world.newest("orders", "order_id", "updated_at"),
        world.newest("order_items", "order_id, line_number"),
    )
    users, products = world.newest("users", "user_id"), world.newest("products", "product_id")
    missing = {
        "user": f"{orders} o anti join {users} u using (user_id) where o.user_id is not null",
        "store": f"{orders} o anti join {world.first('stores')} s using (store_id)",
        "employee": f"{orders} o anti join {world.first('employees')} e using (employee_id) where employee_id > 0",
        "order": f"{lines} l anti join {orders} o using (order_id)",
        "product": f"{lines} l anti join {products} p using (product_id)",
        "seller": f"{lines} l anti join {world.first('sellers')} s using (seller_id)",
        "payment": f"{world.newest('payments', 'payment_id')} p anti join {orders} o using (order_id)",
        "parcel": f"{world.newest('shipments', 'shipment_id')} s anti join {orders} o using (order_id)",
        "place": f"{world.first('shipments')} s anti join {world.first('locations')} l using (location_id)",
        "refund": f"{world.newest('refunds', 'refund_id')} r anti join {orders} o using (order_id)",
        "review": f"{world.newest('reviews', 'review_id')} r anti join {orders} o using (order_id)",
        "visit": f"{world.parquet('events')} e anti join {world.parquet('sessions')} s using (session_id)",
        "bought": f"{world.parquet('events')} e anti join {orders} o using (order_id) where e.order_id is not null",
        "campaign": f"{world.parquet('touchpoints')} t anti join {world.parquet('campaigns')} c using (campaign_id)",
        "spend": f"{world.parquet('ad_spend')} t anti join {world.parquet('campaigns')} c using (campaign_id)",
        "member": f"{world.first('subscriptions')} s anti join {users} u using (user_id)",
        "identity": f"{world.first('identities')} i anti join {users} u using (user_id)",
        "goods": f"{world.first('stock_movements')} m anti join {products} p using (product_id)",
    }
    counts = {name: world.one(f"select count(*) from {query}") for name, query in missing.items()}
    assert {name: count for name, count in counts.items() if count} == {}


def test_yen_are_whole(world: World) -> None:
    yen = f"select * from {world.first('orders')} where currency = 'JPY'"
    assert world.one(f"select count(*) from ({yen})") > 100
    assert world.one(f"select count(*) from ({yen}) where total_amount <> floor(total_amount)") == 0
    assert world.one(f"select count(*) from ({yen}) semi join {world.first('refunds')} r using (order_id)") > 0
    refunds = f"select amount from {world.first('refunds')} semi join ({yen}) o using (order_id)"
    assert world.one(f"select count(*) from ({refunds}) where amount <> floor(amount)") == 0


SHOWN = {
    "orders of guests who name nobody": "{orders} where user_id is null",
    "orders in stores": "{orders} where channel = 'store' and employee_id is not null",
    "orders with codes": "{orders} where discount_code is not null and discount_amount > 0",
    "cancelled orders": "{orders} where status = 'cancelled'",
    "orders on their way": "{orders} where status = 'shipped'",
    "gift cards": "{order_items} join {products} p using (product_id) where p.is_gift_card",
    "paid with gift cards": "{payments} where method = 'gift_card'",
    "failed payments": "{payments} where status = 'failed'",
    "late parcels": "{shipments} where delivered_at > estimated_delivery_at",
    "perishables": "{products} where is_perishable and shelf_life_days > 0",
    "waste": "{stock_movements} where kind = 'waste'",
    "transfers": "{stock_movements} where kind = 'transfer'",
    "returns": "{stock_movements} where kind = 'return'",
    "promotions in season": "{promotions} where ends_at is not null",
    "cancelled memberships": "{subscription_events} where kind = 'cancelled'",
}


@pytest.mark.parametrize("what", SHOWN)
def test_the_world_has(world: World, what: str) -> None:
    tables = (
        "orders",
        "order_items",
        "products",
        "payments",
        "shipments",
        "stock_movements",
        "promotions",
        "subscription_events",
    )
    query = SHOWN[what].format(**{table: world.first(table) for table in tables})
    assert world.one(f"select count(*) from {query}") > 0


def test_four_currencies_have_a_rate_for_each_day(world: World) -> None:
    told = world.newest("exchange_rates", "rate_date, from_currency")
    query = f"select from_currency, count(*), min(rate) > 0 from {told} group by 1 order by 1"
    days = SMALL.days + FOLLOWING
    assert world.rows(query) == [("EUR", days, True), ("GBP", days, True), ("JPY", days, True)]
    currencies = f"select distinct currency from {world.first('orders')} order by 1"
    assert [row[0] for row in world.rows(currencies)] == ["EUR", "GBP", "JPY", "USD"]


def test_a_day_more_tells_of_that_day_and_of_what_came_late(world: World) -> None:
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        orders = world.day("orders", day)
        newer = f"select count(*) from {orders} where ordered_at >= timestamp '{day}' + interval 1 day"
        assert world.one(newer) == 0
        news = f"select count(distinct order_id) from {orders} where ordered_at >= '{day}'"
        truth = f"select count(*) from truth_orders where ordered_at >= '{day}' and arrived_at < date '{day}' + 1"
        assert world.one(news) == world.one(truth)


def test_a_world_is_not_written_over_and_comes_to_its_end(world: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is a world already"):
        write_world(world.folder, SMALL)
    with pytest.raises(ConfigError, match="no world here"):
        next_day(tmp_path)
    with pytest.raises(ConfigError, match="there is no shape"):
        write_world(tmp_path, SMALL, "amazon")
    with pytest.raises(ConfigError, match="there is no market FR"):
        Settings(markets=("US", "FR"))
    write_world(tmp_path / "short", Settings(orders=200, days=40, ahead=0))
    with pytest.raises(ConfigError, match="the world ends"):
        next_day(tmp_path / "short")
