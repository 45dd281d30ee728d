from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from requirements import requirement
from shophouse.demo.lookalikes import OlistAnswers, olist_lookalike
from shophouse.errors import CheckFailed

from .example import Example, copy_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Built by the three lines of the README."""
    example = copy_of("olist-analytics", tmp_path_factory.mktemp("olist"))
    said = [example.shell(line) for line in example.three_lines()]
    assert len(said) == 3
    assert "revenue_date" in said[2]
    return example


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> OlistAnswers:
    return olist_lookalike(tmp_path_factory.mktemp("files"), orders=2_000)


@requirement("S1-07")
def test_stg_orders_is_a_typed_view_of_every_order_as_it_arrived(olist: Example, answers: OlistAnswers) -> None:
    (kind,) = olist.built("select table_type from information_schema.tables where table_name = 'stg_orders'")
    assert kind["table_type"] == "VIEW"
    columns = olist.built(
        "select column_name, data_type from information_schema.columns where table_name = 'stg_orders'"
    )
    types = {row["column_name"]: row["data_type"] for row in columns}
    assert types["purchased_at"].startswith("TIMESTAMP")
    assert types["order_status"] == "VARCHAR"
    assert olist.built("select count(*) as orders from staging.stg_orders") == [{"orders": answers.orders}]


@requirement("S1-08")
def test_fact_orders_has_one_row_per_order(olist: Example, answers: OlistAnswers) -> None:
    assert olist.one("select count(*), count(distinct order_id) from fact_orders") == (answers.orders, answers.orders)
    assert olist.one("select count(*) from fact_orders where is_valid") == answers.valid_orders


@requirement("S1-09", "S1-10")
def test_price_and_freight_of_each_order_are_the_sums_of_its_lines(olist: Example, answers: OlistAnswers) -> None:
    here = olist.rows("select order_id, total_price, freight_amount from fact_orders where item_count > 0 order by all")
    there = olist.files(
        "select order_id, sum(cast(price as decimal(18, 4))), sum(cast(freight_value as decimal(18, 4)))"
        " from {olist_order_items} group by order_id order by all"
    )
    assert here == there
    assert (sum(row[1] for row in here), sum(row[2] for row in here)) == (answers.price, answers.freight)
    assert olist.one("select sum(total_price + freight_amount) from fact_orders where item_count = 0") == 0


@requirement("S1-11")
def test_payments_of_each_order_are_those_of_the_file_in_all_and_by_type(olist: Example, answers: OlistAnswers) -> None:
    here = olist.rows("select order_id, payment_amount from fact_orders where payment_amount > 0 order by order_id")
    there = olist.files(
        "select order_id, sum(cast(payment_value as decimal(18, 4))) as paid from {olist_order_payments}"
        " group by order_id having paid > 0 order by order_id"
    )
    assert here == there
    assert sum(row[1] for row in here) == answers.payment_value
    for kind in ("credit_card", "boleto", "voucher", "debit_card"):
        assert olist.one(f"select sum({kind}_amount) from fact_orders") == answers.payment_value_by_type[kind], kind


@requirement("S1-12")
def test_products_of_each_order_are_counted(olist: Example, answers: OlistAnswers) -> None:
    here = olist.rows("select order_id, product_count, cast(item_count as bigint) from fact_orders order by order_id")
    there = olist.files(
        "select orders.order_id, count(distinct product_id), count(product_id) from {olist_orders} as orders"
        " left join {olist_order_items} as items using (order_id) group by all order by orders.order_id"
    )
    assert here == there
    assert sum(row[2] for row in here) == answers.items


@requirement("S1-13")
def test_dim_customers_has_one_row_per_person_not_per_account(olist: Example, answers: OlistAnswers) -> None:
    assert answers.persons < answers.accounts
    here = olist.rows("select customer_unique_id from dim_customers order by 1")
    there = olist.files("select distinct customer_unique_id from {olist_customers} order by 1")
    assert here == there
    assert len(here) == answers.persons


@requirement("S1-14")
def test_the_place_of_a_customer_is_that_of_the_latest_order(olist: Example) -> None:
    there = olist.files(
        "select customer_unique_id, arg_max(customer_state, order_purchase_timestamp) from {olist_customers}"
        " join {olist_orders} using (customer_id) group by all order by 1"
    )
    assert olist.rows("select customer_unique_id, state_code from dim_customers order by 1") == there
    assert olist.one("select count(*) from dim_customers where city = 'unknown' or city is null") == 0


@requirement("S1-15", "S1-22")
def test_lifetime_orders_of_each_customer_are_those_of_the_files(olist: Example, answers: OlistAnswers) -> None:
    here = olist.rows("select customer_unique_id, lifetime_order_count from dim_customers order by 1")
    there = olist.files(
        "select customer_unique_id, count(*) from {olist_customers} join {olist_orders} using (customer_id)"
        " group by all order by 1"
    )
    assert here == there
    several = olist.one("select count(*) from dim_customers where lifetime_valid_order_count > 1")
    assert several == answers.persons_with_several_valid_orders


@requirement("S1-16", "S1-20")
def test_daily_revenue_has_one_row_per_date_and_state_and_sums_to_what_was_sold(
    olist: Example, answers: OlistAnswers
) -> None:
    rows, keys, orders, gross, revenue = olist.one(
        "select count(*), count(distinct revenue_date || state_code), sum(order_count),"
        " sum(gross_revenue), sum(revenue) from agg_daily_revenue"
    )
    assert rows == keys
    assert orders == answers.valid_orders
    assert (gross, revenue) == (answers.price, answers.valid_price)
    by_state = dict(olist.rows("select state_code, sum(gross_revenue) from agg_daily_revenue group by all"))
    for state, price in olist.files(
        """select customer_state, sum(cast(price as decimal(18, 4))) from {olist_order_items}
        join {olist_orders} using (order_id) join {olist_customers} using (customer_id) group by all"""
    ):
        assert by_state[state] == price, state


@requirement("S1-21", "S1-24")
def test_the_average_order_and_the_share_of_freight_are_in_the_tables(olist: Example) -> None:
    for revenue, orders, average in olist.rows(
        "select revenue, order_count, average_order_value from agg_daily_revenue where order_count > 0"
    ):
        assert abs(revenue / orders - average) <= Decimal("0.0001")
    assert olist.one("select count(*) from fact_orders where total_price > 0"
                     " and abs(freight_rate - freight_amount / total_price) > 1e-9") == 0  # fmt: skip


@requirement("S1-17", "S1-18", "S1-19")
def test_a_repeated_key_a_missing_value_and_a_lost_customer_are_each_found(olist: Example, tmp_path: Path) -> None:
    spoilt = copy_of("olist-analytics", tmp_path)
    olist_lookalike(spoilt.folder / "data", orders=300)
    spoilt.shell("shophouse run")
    spoilt.plant(
        "insert into marts.dim_customers select * replace (0 as person_key) from marts.dim_customers limit 1",
        "update marts.fact_orders set total_price = null"
        " where order_id = (select min(order_id) from marts.fact_orders)",
        "delete from marts.dim_customers where customer_unique_id ="
        " (select min(customer_unique_id) from marts.fact_orders where customer_unique_id <>"
        " (select customer_unique_id from marts.dim_customers where person_key = 0))",
    )
    with pytest.raises(CheckFailed) as caught:
        spoilt.shop.check()
    said = caught.value.render()
    assert "unique_dim_customers_customer_unique_id: 1 row" in said
    assert "not_null_fact_orders_total_price: 1 row" in said
    assert "relationships_fact_orders_customer_unique_id__customer_unique_id__ref_dim_customers_" in said


@pytest.mark.real_data
@requirement("S1-28")
def test_the_real_files_give_the_known_figures(tmp_path: Path, shophouse_data: Callable[[str], Path]) -> None:
    example = copy_of("olist-analytics", tmp_path)
    file = example.folder / "shophouse.yml"
    written = file.read_text("utf-8")
    assert "path: data/*.csv*" in written
    file.write_text(written.replace("path: data/*.csv*", f"path: {shophouse_data('olist')}/*.csv*"), "utf-8")
    example.shell("shophouse run")
    assert example.one(
        "select count(*), sum(item_count), sum(total_price), sum(freight_amount), sum(payment_amount) from fact_orders"
    ) == (99_441, 112_650, Decimal("13591643.70"), Decimal("2251909.54"), Decimal("16008872.12"))
    assert example.one("select count(*), sum(cast(lifetime_order_count > 1 as integer)),"
                       " sum(cast(lifetime_valid_order_count > 1 as integer)) from dim_customers") == (
        96_096, 2_997, 2_887
    )  # fmt: skip
    assert example.one("select sum(gross_revenue) from agg_daily_revenue") == Decimal("13591643.70")
