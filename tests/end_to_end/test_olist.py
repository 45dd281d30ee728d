"""Olist's files, the real ones and a look-alike: every figure in core and marts is one that the files give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from requirements import requirement
from shophouse.demo.lookalikes import olist_lookalike
from shophouse.demo.shops import make_demo
from shophouse.shop import Run, Shop

from .shops import Files, money, row, rows, shophouse, value

pytestmark = pytest.mark.slow

TABLES = {
    "orders": "olist_orders_dataset",
    "items": "olist_order_items_dataset",
    "payments": "olist_order_payments_dataset",
    "customers": "olist_customers_dataset",
    "reviews": "olist_order_reviews_dataset",
    "products": "olist_products_dataset",
    "translations": "product_category_name_translation",
}


@dataclass(frozen=True)
class Figures:
    """What is known of the files beforehand."""

    orders: int
    statuses: dict[str, int]
    orders_without_lines: int
    lines: int
    price: Decimal
    freight: Decimal
    payments: int
    payment_value: Decimal
    persons: int
    persons_with_several_orders: int
    persons_with_several_valid_orders: int
    canceled_price: Decimal


REAL = Figures(
    orders=99_441,
    statuses={
        "delivered": 96_478,
        "shipped": 1_107,
        "canceled": 625,
        "unavailable": 609,
        "invoiced": 314,
        "processing": 301,
        "created": 5,
        "approved": 2,
    },
    orders_without_lines=775,
    lines=112_650,
    price=Decimal("13591643.70"),
    freight=Decimal("2251909.54"),
    payments=103_886,
    payment_value=Decimal("16008872.12"),
    persons=96_096,
    persons_with_several_orders=2_997,
    persons_with_several_valid_orders=2_887,
    canceled_price=Decimal("95235.27"),
)


@dataclass(frozen=True)
class Olist:
    shop: Shop
    run: Run
    files: Files
    figures: Figures


def _lookalike(folder: Path) -> Figures:
    known = olist_lookalike(folder, orders=1_000)
    return Figures(
        orders=known.orders,
        statuses=known.orders_by_status,
        orders_without_lines=known.orders_without_items,
        lines=known.items,
        price=known.price,
        freight=known.freight,
        payments=known.payments,
        payment_value=known.payment_value,
        persons=known.persons,
        persons_with_several_orders=known.persons_with_several_orders,
        persons_with_several_valid_orders=known.persons_with_several_valid_orders,
        canceled_price=known.canceled_price,
    )


@pytest.fixture(scope="module", params=["lookalike", pytest.param("real", marks=pytest.mark.real_data)])
def olist(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shophouse_data: Callable[[str], Path],
) -> Olist:
    if request.param == "real":
        folder, figures = shophouse_data("olist"), REAL
    else:
        folder = tmp_path_factory.mktemp("olist-files")
        figures = _lookalike(folder)
    project = make_demo("olist", into=tmp_path_factory.mktemp("olist") / "shop", data=folder)
    shop = Shop(project)
    run = shop.run()
    files = Files({name: str(folder / f"{stem}.csv*") for name, stem in TABLES.items()})
    files.connection.execute(
        """
        create table lines as
        select
            orders.*,
            items.order_item_id,
            items.product_id,
            items.price::decimal(18, 2) as price,
            items.freight_value::decimal(18, 2) as freight,
            orders.order_purchase_timestamp::timestamp as ordered_at,
            customers.customer_unique_id as person,
            customers.customer_state as state,
            orders.order_status not in ('canceled', 'unavailable') as is_valid
        from items
        join orders using (order_id)
        join customers using (customer_id)
        """
    )
    return Olist(shop, run, files, figures)


@requirement("S0-05", "S0-06", "S1-28", "S3-04", "S3-06")
def test_core_has_the_orders_lines_and_payments_of_the_files(olist: Olist) -> None:
    known = olist.figures
    assert row(
        olist.shop,
        "select count(*), count(distinct order_id), count(*) filter (line_count = 0) from core.fct_orders",
    ) == (known.orders, known.orders, known.orders_without_lines)
    assert row(olist.shop, "select count(*), sum(gross_amount), sum(shipping_amount) from core.fct_order_items") == (
        known.lines,
        money(known.price),
        money(known.freight),
    )
    assert row(olist.shop, "select count(*), sum(payment_amount) from core.fct_payments") == (
        known.payments,
        money(known.payment_value),
    )
    assert olist.files.row("select count(*), sum(price), sum(freight) from lines") == (
        known.lines,
        known.price,
        known.freight,
    )


@requirement("S0-05", "S3-06")
def test_each_order_carries_the_sums_of_its_own_lines_and_payments(olist: Olist) -> None:
    expected = olist.files.rows(
        """
        select
            orders.order_id,
            count(order_item_id),
            count(distinct product_id),
            coalesce(sum(price), 0)::decimal(18, 4),
            coalesce(sum(freight), 0)::decimal(18, 4),
            coalesce(any_value(paid), 0)::decimal(18, 4)
        from orders
        left join lines using (order_id)
        left join (
            select order_id, sum(payment_value::decimal(18, 2)) as paid from payments group by order_id
        ) as paid using (order_id)
        group by orders.order_id
        order by orders.order_id
        """
    )
    assert expected == rows(
        olist.shop,
        "select order_id, line_count, product_count, gross_amount, shipping_amount, payment_amount "
        "from core.fct_orders order by order_id",
    )


def test_every_order_keeps_its_status(olist: Olist) -> None:
    known = olist.files.rows("select order_status, count(*) from orders group by 1 order by 1")
    assert dict(known) == olist.figures.statuses
    # what the source calls canceled is cancelled here; its other words stand
    expected = {("cancelled" if status == "canceled" else status): count for status, count in known}
    found = rows(olist.shop, "select order_status, count(*) from core.fct_orders group by 1")
    assert sum(count for _, count in found) == olist.figures.orders
    assert {status: count for status, count in found if status in ("cancelled", "unavailable", "delivered")} == {
        status: expected[status] for status in ("cancelled", "unavailable", "delivered")
    }


@requirement("S0-07", "S1-22")
def test_persons_are_those_of_customer_unique_id_with_their_lifetime_orders(olist: Olist) -> None:
    known = olist.figures
    # the first row of a dimension is its unknown member
    assert row(
        olist.shop,
        "select count(*), count(*) filter (order_count > 1), count(*) filter (valid_order_count > 1) "
        "from core.dim_person where person_key <> 0",
    ) == (known.persons, known.persons_with_several_orders, known.persons_with_several_valid_orders)
    expected = olist.files.rows(
        """
        select
            customer_unique_id,
            count(distinct orders.order_id),
            count(distinct lines.order_id) filter (is_valid),
            coalesce(sum(price) filter (is_valid), 0)::decimal(18, 4)
        from customers
        join orders using (customer_id)
        left join lines on orders.order_id = lines.order_id
        group by customer_unique_id
        """
    )
    person_of = dict(rows(olist.shop, "select customer_id, person_key from core.dim_customer where not is_inferred"))
    accounts = olist.files.rows("select customer_unique_id, min(customer_id) from customers group by 1")
    key_of = {person: person_of[account] for person, account in accounts}
    assert len(set(key_of.values())) == known.persons
    found = rows(
        olist.shop,
        "select person_key, all_order_count, order_count, net_sales_amount::decimal(18, 4) from marts.customer_360",
    )
    assert sorted((key_of[person], *numbers) for person, *numbers in expected) == sorted(found)


def test_orders_without_lines_are_there_and_counted_nowhere_as_sales(olist: Olist) -> None:
    without = olist.figures.orders_without_lines
    found = dict(
        rows(olist.shop, "select invalid_reason, count(*) from core.fct_orders where line_count = 0 group by 1")
    )
    assert sum(found.values()) == without
    assert None not in found
    assert (
        value(
            olist.shop,
            "select count(*) from core.fct_sales_ledger where order_key in "
            "(select order_key from core.fct_orders where line_count = 0)",
        )
        == 0
    )
    with_lines = olist.files.value("select count(distinct order_id) from lines where is_valid")
    for mart in ("sales_daily", "daily_revenue_by_state", "executive_daily", "sales_monthly", "store_performance"):
        assert value(olist.shop, f"select sum(order_count) from marts.{mart}") == with_lines, mart
    assert value(olist.shop, "select sum(order_count) from marts.order_hours") == with_lines
    assert value(olist.shop, "select sum(all_order_count) from marts.sales_daily") == olist.figures.orders


NET = (
    "sales_daily",
    "sales_daily_by_order_date",
    "sales_monthly",
    "daily_revenue_by_state",
    "executive_daily",
    "customer_360",
    "product_performance",
    "product_performance_monthly",
    "category_performance",
    "category_sales_daily",
    "seller_performance",
    "store_performance",
    "abc_xyz",
)


@requirement("S0-04", "S0-11", "S0-31", "S0-32")
@pytest.mark.parametrize("mart", NET)
def test_every_marts_net_sales_are_cores_and_cores_are_the_files(olist: Olist, mart: str) -> None:
    expected = money(olist.files.value("select sum(price) from lines where is_valid"))
    assert value(olist.shop, "select sum(net_sales_amount) from core.fct_sales_ledger") == expected
    assert money(value(olist.shop, f"select sum(net_sales_amount) from marts.{mart}")) == expected


@requirement("S0-04")
@pytest.mark.parametrize(
    "mart", [mart for mart in NET if mart not in ("abc_xyz", "sales_daily_by_order_date", "executive_daily")]
)
def test_every_marts_gross_sales_are_the_files_prices_canceled_orders_too(olist: Olist, mart: str) -> None:
    assert money(value(olist.shop, f"select sum(gross_amount) from marts.{mart}")) == money(olist.figures.price)


def test_what_was_canceled_is_in_the_ledger_twice_and_adds_up_to_nothing(olist: Olist) -> None:
    assert value(
        olist.shop,
        "select sum(gross_amount) from core.fct_orders where order_status = 'cancelled'",
    ) == money(olist.figures.canceled_price)
    assert (
        value(
            olist.shop,
            "select sum(total_sales_amount) from core.fct_sales_ledger join core.fct_orders using (order_key) "
            "where is_cancelled",
        )
        == 0
    )


@requirement("S1-20", "S0-26")
def test_revenue_of_each_day_and_state_is_that_of_the_files(olist: Olist) -> None:
    expected = olist.files.rows(
        """
        select
            ordered_at::date,
            state,
            sum(price)::decimal(18, 4),
            sum(freight)::decimal(18, 4),
            count(distinct order_id)
        from lines
        where is_valid
        group by all
        order by all
        """
    )
    assert len(expected) > 300
    assert expected == rows(
        olist.shop,
        "select date_day, state_code, net_sales_amount::decimal(18, 4), shipping_amount::decimal(18, 4), order_count "
        "from marts.daily_revenue_by_state where order_count > 0 order by all",
    )
    # days on which nothing valid was ordered have no revenue either
    assert (
        rows(
            olist.shop,
            "select * from marts.daily_revenue_by_state where order_count = 0 and net_sales_amount <> 0",
        )
        == []
    )


@requirement("S1-21")
def test_the_average_order_is_net_sales_by_valid_order(olist: Olist) -> None:
    expected = olist.files.rows(
        """
        select
            date_trunc('month', ordered_at)::date as month,
            round(sum(price) / count(distinct order_id), 4)
        from lines
        where is_valid
        group by month
        order by month
        """
    )
    found = rows(
        olist.shop,
        "select month_start_date, average_order_amount from marts.sales_monthly where order_count > 0 order by 1",
    )
    assert [month for month, _ in found] == [month for month, _ in expected]
    for (_, mean), (_, known) in zip(found, expected, strict=True):
        assert abs(float(mean) - float(known)) < 0.0002


@requirement("S0-08", "S0-31", "S1-23", "S3-21")
def test_units_and_revenue_of_each_product_are_those_of_the_files(olist: Olist) -> None:
    expected = olist.files.rows(
        """
        select
            product_id,
            count(*) filter (is_valid),
            coalesce(sum(price) filter (is_valid), 0)::decimal(18, 4),
            sum(price)::decimal(18, 4)
        from lines
        group by product_id
        order by product_id
        """
    )
    assert expected == [
        (product, int(units), net, gross)
        for product, units, net, gross in rows(
            olist.shop,
            "select product_id, quantity, net_sales_amount::decimal(18, 4), gross_amount::decimal(18, 4) "
            "from marts.product_performance order by product_id",
        )
    ]
    best = olist.files.rows(
        "select sum(price)::decimal(18, 4) as revenue from lines where is_valid group by product_id "
        "order by revenue desc limit 10"
    )
    assert best == rows(
        olist.shop,
        "select net_sales_amount::decimal(18, 4) from marts.top_products where period = 'all time' "
        "and net_sales_rank <= 10 order by net_sales_rank",
    )


@requirement("S1-23", "S0-32")
def test_revenue_of_each_category_is_that_of_the_files(olist: Olist) -> None:
    expected = olist.files.rows(
        """
        select
            coalesce(product_category_name_english, product_category_name) as category,
            sum(price)::decimal(18, 4)
        from lines
        join products using (product_id)
        left join translations using (product_category_name)
        where is_valid and product_category_name is not null
        group by category
        order by category
        """
    )
    found = dict(
        rows(
            olist.shop,
            "select category_name, sum(net_sales_amount)::decimal(18, 4) from marts.category_performance "
            "group by 1 having sum(net_sales_amount) <> 0",
        )
    )
    named = {name: found.pop(name) for name, _ in expected}
    assert named == dict(expected)
    # what is left are the products that the source puts in no category
    assert sum(found.values()) == money(
        olist.files.value(
            "select coalesce(sum(price), 0) from lines join products using (product_id) "
            "where is_valid and product_category_name is null"
        )
    )


@requirement("S1-24")
def test_freight_and_its_share_of_the_price_are_those_of_the_files(olist: Olist) -> None:
    price, freight = olist.files.row("select sum(price), sum(freight) from lines where is_valid")
    assert row(
        olist.shop,
        "select sum(net_sales_amount), sum(shipping_amount) from marts.daily_revenue_by_state",
    ) == (money(price), money(freight))
    shares = olist.files.rows(
        """
        select ordered_at::date as day, state, (sum(freight) / sum(price))::double
        from lines
        where is_valid
        group by day, state
        order by day, state
        """
    )
    found = rows(
        olist.shop,
        "select date_day, state_code, freight_rate from marts.daily_revenue_by_state "
        "where net_sales_amount <> 0 order by 1, 2",
    )
    assert [place[:2] for place in found] == [place[:2] for place in shares]
    assert [place[2] for place in found] == pytest.approx([place[2] for place in shares], rel=1e-9)


@requirement("S1-28")
def test_reviews_are_those_of_the_files(olist: Olist) -> None:
    expected = olist.files.row("select count(*), sum(review_score::int) from reviews")
    assert row(olist.shop, "select count(*), sum(review_score)::bigint from core.fct_reviews") == expected
    assert (
        row(olist.shop, "select sum(review_count)::bigint, sum(review_score_sum)::bigint from marts.review_drivers")
        == expected
    )
    by_state = olist.files.rows(
        """
        select customer_state, avg(review_score::int)
        from reviews
        join orders using (order_id)
        join customers using (customer_id)
        group by 1
        order by 1
        """
    )
    found = rows(
        olist.shop,
        "select state_code, sum(review_score_sum) / sum(review_count) from marts.review_drivers group by 1 order by 1",
    )
    assert [state for state, _ in found] == [state for state, _ in by_state]
    assert [score for _, score in found] == pytest.approx([score for _, score in by_state])


@requirement("S1-28")
def test_late_parcels_are_those_that_came_after_the_promised_day(olist: Olist) -> None:
    expected = olist.files.row(
        """
        select
            count(*) filter (order_delivered_customer_date is not null),
            count(*) filter (order_delivered_customer_date::date > order_estimated_delivery_date::date)
        from orders
        """
    )
    assert expected == row(
        olist.shop, "select sum(delivered_count)::bigint, sum(late_count)::bigint from marts.delivery_performance"
    )


@requirement("S0-29", "S0-30")
def test_segments_hold_every_buyer_once_and_all_they_spent(olist: Olist) -> None:
    buyers, spent = olist.files.row("select count(distinct person), sum(price) from lines where is_valid")
    assert row(olist.shop, "select count(*), count(distinct person_key) from marts.rfm_segments") == (buyers, buyers)
    bought = (
        "select sum(person_count)::bigint, sum(net_sales_amount) from marts.customer_segments where order_count > 0"
    )
    assert row(olist.shop, bought) == (buyers, money(spent))
    assert value(olist.shop, "select sum(person_count) from marts.customer_segments") == olist.figures.persons


@requirement("S0-28", "S0-34", "S0-30")
def test_cohorts_are_the_months_of_first_orders_and_months_later_who_came_again(olist: Olist) -> None:
    expected = olist.files.rows(
        """
        with months as (
            select distinct person, date_trunc('month', ordered_at)::date as month from lines where is_valid
        ),
        cohorts as (
            select person, min(month) as cohort from months group by person
        )
        select cohort, datediff('month', cohort, month) as later, count(*)
        from months join cohorts using (person)
        -- the month of the last sale of any kind isn't over: nobody knows yet who comes again
        where month = cohort or last_day(month) <= (select max(ordered_at)::date from lines)
        group by cohort, later, month
        order by cohort, later
        """
    )
    assert expected == rows(
        olist.shop,
        "select cohort_month, months_since_first_order, active_person_count from marts.cohort_retention "
        "where active_person_count > 0 order by 1, 2",
    )
    value_to_date = rows(
        olist.shop,
        "select sum(cumulative_net_sales_amount) from (select cumulative_net_sales_amount from "
        "marts.cohort_lifetime_value qualify row_number() over (partition by cohort_month "
        "order by months_since_first_order desc) = 1)",
    )[0][0]
    assert money(value_to_date) == money(olist.files.value("select sum(price) from lines where is_valid"))


@requirement("S1-17", "S1-18", "S1-19", "S3-36")
def test_keys_are_unique_never_null_and_lead_to_a_row(olist: Olist) -> None:
    assert not [test.test for test in olist.run.record.tests if test.status != "pass"]
    assert value(olist.shop, "select count(*) - count(distinct order_key) from core.fct_orders") == 0
    assert (
        value(olist.shop, "select count(*) - count(distinct (order_key, line_number)) from core.fct_order_items") == 0
    )
    for fact, key, dimension in (
        ("fct_order_items", "order_key", "fct_orders"),
        ("fct_order_items", "product_key", "dim_product"),
        ("fct_order_items", "seller_key", "dim_seller"),
        ("fct_orders", "customer_key", "dim_customer"),
        ("fct_orders", "person_key", "dim_person"),
        ("fct_orders", "geography_key", "dim_geography"),
        ("fct_payments", "order_key", "fct_orders"),
        ("fct_reviews", "order_key", "fct_orders"),
        ("fct_shipments", "order_key", "fct_orders"),
    ):
        lost = value(
            olist.shop,
            f"select count(*) from core.{fact} "
            f"where {key} is null or {key} not in (select {key} from core.{dimension})",
        )
        assert lost == 0, (fact, key)


@requirement("S0-15", "S0-16")
def test_a_second_run_finds_nothing_new_and_loads_neither_dbt_nor_duckdb(olist: Olist) -> None:
    folder = olist.shop.project.folder
    before = (folder / "warehouse" / "build" / "shop.duckdb").read_bytes()
    done = shophouse("run", folder=folder, options=["-X", "importtime"])
    assert done.returncode == 0, done.stderr[-2000:]
    assert "nothing arrived" in done.stdout
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "shophouse" in imported
    assert not imported & {"dbt", "duckdb", "_duckdb", "pyiceberg", "pyarrow"}
    assert (folder / "warehouse" / "build" / "shop.duckdb").read_bytes() == before
    assert olist.shop.runs(1)[0].status == "nothing new"
    # a second on an idle machine; what keeps it there is asserted above
    assert olist.shop.runs(1)[0].seconds < 5
