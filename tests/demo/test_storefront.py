"""The synthetic storefront: the same again, its sums, and what a day more brings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shophouse.demo.storefront import Delta, Summary, delta, generate, orders_for_lines
from shophouse.errors import ConfigError

ORDERS = 6_000
TABLES = (
    "users",
    "products",
    "categories",
    "orders",
    "order_items",
    "payments",
    "refunds",
    "refund_items",
    "shipments",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return generate(tmp_path_factory.mktemp("shop"), orders=ORDERS, days=400)


@pytest.fixture(scope="module")
def base(shop: Summary) -> duckdb.DuckDBPyConnection:
    return attach(shop.folder)


def attach(folder: Path, suffix: str = "") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for table in TABLES:
        con.execute(f"create table {table} as from read_csv('{folder}/{table}{suffix}.csv', header = true)")
    return con


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = con.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_the_same_settings_give_the_same_bytes(shop: Summary, tmp_path: Path) -> None:
    again = generate(tmp_path / "again", orders=ORDERS, days=400)
    assert again.files == shop.files
    for file in shop.files:
        assert (tmp_path / "again" / file).read_bytes() == (shop.folder / file).read_bytes(), file
    other = generate(tmp_path / "other", orders=ORDERS, days=400, seed=8)
    assert other.totals != shop.totals


def test_exactly_the_orders_asked_for_within_the_days_asked_for(shop: Summary, base: duckdb.DuckDBPyConnection) -> None:
    assert shop.rows["orders"] == ORDERS == one(base, "select count(distinct order_id) from orders")
    first, last = base.execute("select min(ordered_at)::date, max(ordered_at)::date from orders").fetchall()[0]
    assert shop.start <= first
    assert last <= shop.end == date(2025, 12, 31)
    assert one(base, "select count(*) from orders where greatest(ordered_at, updated_at) >= '2026-01-01'") == 0


def test_rows_and_sums_of_the_summary_are_those_of_the_files(shop: Summary, base: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        assert shop.rows[table] == one(base, f"select count(*) from {table}")
    for name, amount in shop.totals.items():
        table, column = name.split(".")
        if column not in ("gross", "captured"):
            assert amount == one(base, f"select sum(cast({column} as decimal(18, 2))) from {table}"), name
    gross = "select sum(quantity * cast(unit_price as decimal(18, 2))) from order_items"
    assert shop.totals["order_items.gross"] == one(base, gross)
    persons = """
        select count(*), count(*) filter (orders > 1) from (
            select coalesce(lower(email), user_id::varchar, 'order ' || order_id) as person, count(*) as orders
            from orders left join users using (user_id) group by person
        )
    """
    assert base.execute(persons).fetchall() == [(shop.persons, shop.persons_with_several_orders)]


ORDER_TOTALS = """
    select o.order_id, o.paid_at, cast(o.total_amount as decimal(18, 2)) as total,
        i.amount + cast(o.shipping_amount + o.tax_amount - o.discount_amount as decimal(18, 2)) as parts,
        coalesce(p.captured, 0) as captured, coalesce(r.refunded, 0) as refunded
    from orders o
    join (
        select order_id, sum(cast(quantity * unit_price - discount_amount + tax_amount as decimal(18, 2))) as amount
        from order_items group by order_id
    ) i using (order_id)
    left join (
        select order_id, sum(cast(amount as decimal(18, 2))) as captured
        from payments where status = 'succeeded' and kind in ('sale', 'capture') group by order_id
    ) p using (order_id)
    left join (
        select order_id, sum(cast(amount as decimal(18, 2))) as refunded from refunds group by order_id
    ) r using (order_id)
"""


def test_an_order_is_the_sum_of_its_parts_and_captured_where_it_is_paid(base: duckdb.DuckDBPyConnection) -> None:
    assert one(base, f"select count(*) from ({ORDER_TOTALS})") == ORDERS
    assert one(base, f"select count(*) from ({ORDER_TOTALS}) where total <> parts") == 0
    assert one(base, f"select count(*) from ({ORDER_TOTALS}) where captured <> if(paid_at is null, 0, total)") == 0


def test_refunds_are_within_what_was_captured_and_ordered(base: duckdb.DuckDBPyConnection) -> None:
    assert one(base, f"select count(*) from ({ORDER_TOTALS}) where refunded > captured") == 0
    assert one(base, f"select count(*) from ({ORDER_TOTALS}) where refunded > 0 and refunded < captured") > 50
    too_much = """
        select count(*) from refund_items r left join order_items i using (order_id, line_number, product_id)
        where i.quantity is null or r.quantity > i.quantity
            or r.amount > i.quantity * i.unit_price - i.discount_amount + 0.001
    """
    assert one(base, too_much) == 0
    parts = "select count(*) from refunds where abs(amount - product_amount - tax_amount - shipping_amount) > 0.001"
    assert one(base, parts) == 0
    items = """
        select count(*) from refunds join (select refund_id, sum(amount) as goods from refund_items group by 1)
        using (refund_id) where abs(goods - product_amount) > 0.001
    """
    assert one(base, items) == 0
    assert one(base, "select count(*) from refunds anti join refund_items using (refund_id)") > 0


def test_nothing_is_sold_before_it_exists_or_to_nobody(base: duckdb.DuckDBPyConnection) -> None:
    early = (
        "from order_items join orders using (order_id) join products using (product_id) where created_at > ordered_at"
    )
    assert one(base, f"select count(*) {early}") == 0
    assert one(base, "select count(*) from order_items anti join products using (product_id)") == 0
    assert one(base, "select count(*) from products anti join categories using (category_id)") == 0
    assert one(base, "select count(*) from orders join users using (user_id) where created_at > ordered_at") == 0
    unordered = """
        select count(*) from orders o join shipments s using (order_id)
        where s.shipped_at < o.paid_at or s.delivered_at < s.shipped_at or o.status = 'cancelled'
    """
    assert one(base, unordered) == 0


REPRICED_PRODUCTS = """
    select count(*) from (select 1 from order_items group by product_id having count(distinct unit_price) > 1)
"""


@pytest.mark.parametrize(
    ("least", "query"),
    [
        (100, "select count(*) from orders where user_id is null"),
        (1, "select count(*) from orders where is_test"),
        (500, "select count(*) from orders where discount_code is not null"),
        (1, "select count(*) from orders where discount_code is not null and discount_amount = 0"),
        (50, "select count(*) from orders where status = 'cancelled' and cancelled_at is not null"),
        (1, "select count(*) from orders where status = 'pending'"),
        (100, "select count(*) from orders where shipping_amount > 0 and tax_amount > 0"),
        (100, "select count(*) from order_items where discount_amount > 0"),
        (10, "select count(*) from order_items where unit_cost is null"),
        (5, "select count(*) from order_items join products using (product_id) where is_gift_card"),
        (50, REPRICED_PRODUCTS),
        (20, "select count(*) from payments where status = 'failed'"),
        (5, "select count(*) from payments where kind = 'void'"),
        (100, "select count(*) from payments where kind = 'capture'"),
        (50, "select count(*) from payments where method = 'gift_card'"),
        (100, "select count(*) from payments where installments > 1"),
        (100, "select count(*) from shipments where delivered_at > estimated_delivery_at"),
        (5, "select count(*) from shipments where status = 'lost'"),
        (50, "select count(*) from (select 1 from shipments group by order_id having count(*) > 1)"),
        (100, "select count(*) from users where is_guest"),
        (3, "select count(*) from users where email is null"),
        (20, "select count(*) from (select 1 from users group by lower(email) having count(distinct email) > 1)"),
        (20, "select count(*) from categories where parent_category_id is not null"),
    ],
)
def test_the_shop_has(base: duckdb.DuckDBPyConnection, least: int, query: str) -> None:
    assert one(base, query) >= least


def test_money_has_two_decimals_and_times_no_zone(shop: Summary) -> None:
    header, line = (shop.folder / "orders.csv").read_text().splitlines()[:2]
    row = dict(zip(header.split(","), line.split(","), strict=True))
    assert row["total_amount"].partition(".")[2].isdigit()
    assert len(row["total_amount"].partition(".")[2]) == 2
    assert len(row["ordered_at"]) == len("2024-01-02 03:04:05")


def test_parquet_and_compressed_files_hold_the_same(shop: Summary, tmp_path: Path) -> None:
    for kind in ({"format": "parquet"}, {"compress": "gz"}, {"compress": "zst"}):
        folder = tmp_path / "-".join(kind.values())
        other = generate(folder, orders=ORDERS, days=400, **kind)  # type: ignore[arg-type]
        assert (other.rows, other.totals) == (shop.rows, shop.totals)
        file = next(file for file in other.files if file.startswith("order_items"))
        count = duckdb.sql(f"select count(*), sum(unit_price)::decimal(18, 2) from '{folder / file}'").fetchall()
        assert count == [(shop.rows["order_items"], shop.totals["order_items.unit_price"])]


def test_many_orders_come_in_numbered_files(tmp_path: Path) -> None:
    summary = generate(tmp_path, orders=200_100, days=30)
    assert {"orders-0001.csv", "orders-0002.csv", "order_items-0002.csv", "products.csv"} <= set(summary.files)
    ids = duckdb.sql(f"select count(*), count(distinct order_id) from '{tmp_path}/orders-*.csv'").fetchall()
    assert ids == [(200_100, 200_100)]
    payments = duckdb.sql(f"select count(*) - count(distinct payment_id) from '{tmp_path}/payments-*.csv'").fetchall()
    assert payments == [(0,)]


def test_lines_wanted_are_lines_got(shop: Summary) -> None:
    assert abs(orders_for_lines(shop.rows["order_items"]) - ORDERS) < ORDERS * 0.03


def test_a_folder_is_not_written_over_and_a_delta_needs_one(shop: Summary, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is a storefront already"):
        generate(shop.folder, orders=10)
    with pytest.raises(ConfigError, match="no storefront here"):
        delta(tmp_path)
    with pytest.raises(ConfigError, match="at least one day and one order"):
        generate(tmp_path, orders=0)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, Delta, Delta]:
    summary = generate(tmp_path_factory.mktemp("days"), orders=ORDERS, days=400)
    return summary, delta(summary.folder), delta(summary.folder, orders=200)


KEYS = {
    "users": "user_id",
    "products": "product_id",
    "categories": "category_id",
    "orders": "order_id",
    "order_items": "order_id, line_number",
    "payments": "payment_id",
    "refunds": "refund_id",
    "refund_items": "refund_id, line_number",
    "shipments": "shipment_id",
}


def current(folder: Path) -> duckdb.DuckDBPyConnection:
    """The files as a shop's database would stand: the last delivery of an order counts, with exactly its lines."""
    con = duckdb.connect()
    for table, key in KEYS.items():
        con.execute(f"""
            create table {table} as
            select *, regexp_extract(filename, '([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[.]', 1) as day
            from read_csv('{folder}/{table}*.csv', header = true, filename = true)
            qualify row_number() over (partition by {key} order by day desc) = 1
        """)
    con.execute(
        "delete from order_items where (order_id, day) not in (select order_id, max(day) from order_items group by 1)"
    )
    return con


def test_a_day_more_stands_beside_the_first_files(days: tuple[Summary, Delta, Delta]) -> None:
    summary, first, second = days
    assert first.day == date(2026, 1, 1)
    assert second.day == date(2026, 1, 2)
    assert {"orders-2026-01-01.csv", "order_items-2026-01-01.csv", "users-2026-01-01.csv"} <= set(first.files)
    assert len(second.new) + len(second.late) == 200
    for day in (first, second):
        kinds = (day.new, day.late, day.progressed, day.repriced, day.shortened, day.resent, day.repeated)
        assert all(kinds)
        assert day.rows["orders"] == sum(map(len, kinds))
    assert not {*first.repriced, *first.shortened, *first.resent} & {*second.repriced, *second.shortened}
    assert set(first.new) & set(second.progressed), "yesterday's orders go on"
    with pytest.raises(ConfigError, match="not after the last day"):
        delta(summary.folder, day=date(2026, 1, 2))


def test_a_repriced_order_is_dearer_and_a_shortened_one_lost_a_line(days: tuple[Summary, Delta, Delta]) -> None:
    summary, first, _ = days
    folder = summary.folder
    for ids, lines, sign in ((first.repriced, 0, 1), (first.shortened, -1, -1), (first.resent, 0, 0)):
        for order in ids:
            before, after = (
                duckdb.sql(f"""
                    select count(*), any_value(total_amount)::decimal(18, 2), any_value(updated_at)
                    from '{folder}/orders{suffix}.csv' join '{folder}/order_items{suffix}.csv' using (order_id)
                    where order_id = {order}
                """).fetchall()[0]
                for suffix in ("", "-2026-01-01")
            )
            assert after[0] - before[0] == lines
            assert (after[1] > before[1]) - (after[1] < before[1]) == sign
            assert (after[2] > before[2]) == (sign != 0)


def test_late_orders_are_new_and_weeks_old(days: tuple[Summary, Delta, Delta]) -> None:
    summary, first, _ = days
    found = duckdb.sql(f"""
        select count(*) from '{summary.folder}/orders-2026-01-01.csv'
        where order_id in {(*first.late, 0)} and ordered_at < '2025-12-28' and updated_at >= '2026-01-01'
    """).fetchall()
    assert found == [(len(first.late),)]


def test_after_two_days_the_sums_still_hold(days: tuple[Summary, Delta, Delta]) -> None:
    summary, first, second = days
    con = current(summary.folder)
    new = [*first.new, *first.late, *second.new, *second.late]
    assert one(con, "select count(*) from orders") == ORDERS + len(new)
    assert one(con, f"select count(*) from ({ORDER_TOTALS}) where total <> parts") == 0
    paid_back = """
        select order_id, sum(cast(amount as decimal(18, 2))) as paid_back
        from payments where payment_id % 10 = 6 group by order_id
    """
    wrong = f"""
        select count(*) from ({ORDER_TOTALS}) left join ({paid_back}) using (order_id)
        where captured - coalesce(paid_back, 0) <> if(paid_at is null, 0, total) or refunded > captured
    """
    assert one(con, wrong) == 0
    assert one(con, "select count(*) from order_items anti join products using (product_id)") == 0
    assert one(con, "select count(*) from orders o anti join users u using (user_id) where o.user_id is not null") == 0
    assert one(con, "select count(*) from orders join users using (user_id) where created_at > ordered_at") == 0


def test_deltas_give_the_same_bytes_again(days: tuple[Summary, Delta, Delta], tmp_path: Path) -> None:
    summary, first, second = days
    generate(tmp_path, orders=ORDERS, days=400)
    delta(tmp_path)
    delta(tmp_path, orders=200)
    for file in (*first.files, *second.files):
        assert (tmp_path / file).read_bytes() == (summary.folder / file).read_bytes(), file


def test_a_tiny_shop_works_too(tmp_path: Path) -> None:
    summary = generate(tmp_path, orders=3, days=1)
    assert summary.rows["orders"] == 3
    assert sum(summary.statuses.values()) == 3
    assert summary.totals["orders.total_amount"] > Decimal(0)
    assert len(delta(tmp_path).new) >= 3
