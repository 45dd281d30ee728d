from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from shophouse.metrics.personal import personal_columns
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Chart, Content, Figures, Table
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page, laid_out, pages
from shophouse.serve.dashboard.published import Published, WithoutPersonal
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlTable
from shophouse.shop import Shop

Of = Callable[..., Context]


def content(page: str, title: str, of: Context) -> Content:
    return next(block for block in pages()[page].blocks if block.title == title).content(of)


def rows(page: str, title: str, of: Context) -> dict[Any, tuple[Any, ...]]:
    """The rows of a chart or a table by their first column."""
    found = content(page, title, of)
    assert isinstance(found, Chart | Table)
    return {row[0]: row[1:] for row in found.rows}


def figures(page: str, title: str, of: Context) -> dict[str, Any]:
    found = content(page, title, of)
    assert isinstance(found, Figures)
    return {figure.metric: figure.value for figure in found.figures}


def asked(shop: Shop, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return shop.sql(sql, list(values)).fetchall()


def test_pages_are_in_order_and_pages_of_one_thing_lie_under_another() -> None:
    shown = [page.name for page in pages().values() if not page.under]
    assert shown == [
        *("overview", "sales", "customers", "products", "inventory", "marketing", "operations", "health"),
    ]
    for page in pages().values():
        assert bool(page.under) == bool(page.about) == bool(page.heading)
        assert not page.under or page.under in shown


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.name)
def test_every_column_and_chart_says_what_it_is(page: Page) -> None:
    assert len({block.title for block in page.blocks}) == len(page.blocks)
    for block in page.blocks:
        if isinstance(block, SqlTable):
            assert block.definition and block.columns, block.title


def test_rows_of_blocks_end_without_a_hole() -> None:
    def of(*widths: int) -> list[int]:
        return laid_out([SqlTable("t", __file__, width=width) for width in widths])  # type: ignore[arg-type]

    assert of(8, 4, 6, 6) == [8, 4, 6, 6]
    assert of(4, 4, 12) == [6, 6, 12]
    assert of(8, 12, 3) == [12, 12, 12]
    assert of(6, 4) == [6, 6]


def test_a_page_leaves_out_what_the_shop_lacks_and_says_so(published: Published) -> None:
    lacked = Need("select 1 as there where 1 = 0", "Moons", "a source with moons")
    silent = Need("select 1 as there where 1 = 0")
    there = Need("select 1 as there")
    blocks = tuple(SqlTable(str(n), __file__, needs=need) for n, need in enumerate((None, lacked, silent, there)))  # type: ignore[arg-type]
    shown, lacking = Page("p", "P", "x", 1, blocks).shown(published)
    assert [block.title for block in shown] == ["0", "3"]
    assert lacking == (lacked,)


def test_retention_is_that_of_orders(context: Of, shop: Shop) -> None:
    of = context()
    found = {(row[0], row[1]): row[2] for row in content("customers", "Customers who come back", of).rows}  # type: ignore[union-attr]
    expected = asked(
        shop,
        "with firsts as (select person_key, date_trunc('month', min(order_date)) as m from core.fct_orders "
        "where is_valid and person_key <> 0 group by 1) "
        "select m::date, datediff('month', m, order_date) as k, count(distinct person_key) / "
        "(select count(*) from firsts f where f.m = firsts.m) from core.fct_orders join firsts using (person_key) "
        "where is_valid group by 1, 2, m",
    )
    checked = [(found[month, k], rate) for month, k, rate in expected if (month, k) in found]
    assert len(checked) > 10
    assert all(rate == pytest.approx(other) for rate, other in checked)


def test_customers_of_a_cohort_are_those_of_the_heat_map(context: Of, shop: Shop) -> None:
    chart = content("customers", "Lifetime value so far", context())
    assert isinstance(chart, Chart)
    month = chart.rows[0][0]
    assert chart.links[0] == f"/people?cohort={month}"
    of = context(cohort=[str(month)])
    found = figures("people", "At a glance", of)
    sql = (
        "select count(*), sum(valid_order_count), max(cohort_month) from core.dim_person "
        "where cohort_month = ? and person_key <> 0"
    )
    [[persons, orders, _]] = asked(shop, sql, month)
    assert (found["person_count"], found["valid_order_count"]) == (persons, orders)
    table = content("people", "Customers", of)
    assert isinstance(table, Table)
    assert sum(row[4] for row in table.rows) == found["net_sales_amount"]
    assert pages()["people"].named(of) == f"Customers who first ordered in {month:%B %Y}"
    assert pages()["people"].named(context()) is None


def test_no_page_of_customers_shows_who_they_are(context: Of, shop: Shop) -> None:
    [[name]] = asked(shop, "select min(email) from core.dim_customer where email is not null")
    table = content("people", "Customers", context(segment=["champions"]))
    assert isinstance(table, Table)
    assert not {column.name for column in table.columns} & {"email", "phone", "first_name", "last_name", "birth_date"}
    assert name not in str(table.rows)


def test_segments_and_bands_hold_each_customer_once(context: Of, shop: Shop) -> None:
    [[persons]] = asked(shop, "select count(distinct person_key) from core.fct_orders where is_valid")
    bands = rows("customers", "Days since the last order", context())
    assert sum(once + more for once, more in bands.values()) == persons
    rhythm = rows("customers", "Customers against their own rhythm", context())
    [[often]] = asked(
        shop,
        "select count(*) from (select person_key from core.fct_orders where is_valid group by 1 having count(*) >= 3)",
    )
    assert sum(row[0] for row in rhythm.values()) == often


def test_top_products_are_those_of_the_ledger(context: Of, shop: Shop) -> None:
    of = context(from_=["2025-10-01"], to=["2025-12-31"])
    found = rows("products", "Top products", of)
    [[name, net, before]] = asked(
        shop,
        "select product_name, sum(net_sales_amount_reporting) filter (event_date >= date '2025-10-01') as net, "
        "sum(net_sales_amount_reporting) filter (event_date < date '2025-10-01') from core.fct_sales_ledger "
        "join core.dim_product using (product_key) where event_date between date '2025-07-01' and date '2025-12-31' "
        "group by product_key, product_name order by net desc nulls last limit 1",
    )
    _, _, _, net_sales, _, change, _, _ = found[name]
    assert net_sales == net
    assert change == pytest.approx(float(net) / float(before) - 1)


def test_a_product_has_a_page_of_its_own(context: Of, shop: Shop) -> None:
    table = content("products", "Top products", context())
    assert isinstance(table, Table)
    key = table.links[0].removeprefix("/product?key=")
    of = context(key=[key])
    assert pages()["product"].named(of) == table.rows[0][0]
    found = figures("product", "At a glance", of)
    sql = "select sum(net_sales_amount_reporting), sum(quantity) from core.fct_sales_ledger where product_key = ?"
    assert (found["net_sales_amount"], found["quantity"]) == asked(shop, sql, int(key))[0]
    months = rows("product", "Net sales by month", of)
    assert sum(net for [net] in months.values()) == found["net_sales_amount"]
    assert pages()["product"].named(context(key=["abc"])) is None


def test_orders_of_a_day_are_all_that_were_placed(context: Of, shop: Shop, published: Published) -> None:
    [[day, orders]] = asked(
        shop, "select order_date, count(*) from core.fct_orders group by 1 order by 2 desc, 1 limit 1"
    )
    of = context(day=[str(day)])
    table = content("orders", "Orders", of)
    assert isinstance(table, Table)
    assert len(table.rows) == orders
    found = figures("orders", "At a glance", of)
    [[valid, net]] = asked(
        shop,
        "select sum(order_count), sum(gross_amount - discount_amount) from sales_daily_by_order_date "
        "where date_day = ?",
        day,
    )
    cancelled = sum(row[10] for row in table.rows if row[3] == "cancelled")
    assert (found["orders"], found["net"] + cancelled) == (valid, net)
    hours = rows("orders", "Orders by hour", of)
    assert list(hours) == [str(hour) for hour in range(24)]
    assert sum(count for [count] in hours.values()) == orders
    web = context(day=[str(day)], channel=["web"])
    assert figures("orders", "At a glance", web)["orders"] < found["orders"]
    assert pages()["orders"].named(context(day=["yesterday"])) is None


def test_the_waterfall_of_costs_ends_with_what_is_left(context: Of, shop: Shop) -> None:
    of = context(period=["all"])
    steps = rows("sales", "From net sales to operating profit", of)
    between = [amount for step, [amount] in steps.items() if step not in ("Net sales", "Operating profit")]
    [[net]] = asked(shop, "select sum(net_sales_amount_reporting) from core.fct_sales_ledger")
    assert steps["Net sales"] == (net,)
    assert net + sum(between) == steps["Operating profit"][0]
    assert len(between) > 3


def test_stock_is_told_as_it_is_on_its_last_day(context: Of, shop: Shop) -> None:
    of = context()
    found = figures("inventory", "To do today", of)
    [[dead]] = asked(
        shop,
        "select sum(closing_quantity * stock.unit_cost) from core.fct_inventory_daily as stock "
        "join inventory_health using (product_key, location_key) "
        "where inventory_date = as_of_date and stock_class = 'dead'",
    )
    assert found["dead_amount"] == dead
    reorder = content("inventory", "To reorder", of)
    assert isinstance(reorder, Table)
    assert found["order_value_amount"] == sum(row[-1] or 0 for row in reorder.rows)
    classes = rows("inventory", "Stocks by health", of)
    assert classes["reorder"][0] + classes["stock-out"][0] == found["to_reorder"]


def test_every_model_credits_the_same_sales_in_its_own_way(context: Of, shop: Shop) -> None:
    of = context(period=["all"])
    chart = content("marketing", "Attribution models side by side", of)
    assert isinstance(chart, Chart)
    by_model: dict[str, Any] = {}
    for _, model, net in chart.rows:
        by_model[model] = by_model.get(model, 0) + net
    expected = asked(
        shop, "select attribution_model, sum(net_sales_amount) from core.fct_order_credits group by attribution_model"
    )
    assert {model: pytest.approx(float(net), abs=0.05) for model, net in expected} == {
        model: float(net) for model, net in by_model.items()
    }


def test_the_funnel_and_the_claims_are_those_of_visits_and_platforms(context: Of, shop: Shop) -> None:
    of = context(period=["all"])
    steps = rows("marketing", "From visit to order", of)
    [[visits, carts, orders]] = asked(
        shop,
        "select count(*), count(*) filter (has_cart), count(*) filter (has_order) from core.fct_sessions "
        "where session_date between ? and ?",
        of.view.period.start,
        of.view.period.end,
    )
    assert (steps["Visits"], steps["Ordered"]) == ((visits,), (orders,))
    assert steps["Put it into the cart"][0] <= carts
    claims = rows("marketing", "Claimed by platforms, credited by the shop", of)
    [[claimed]] = asked(shop, "select sum(claimed_revenue_amount_reporting) from core.fct_ad_spend_daily")
    assert sum(row[0] for row in claims.values()) == claimed


def test_lateness_is_that_of_parcels(context: Of, shop: Shop) -> None:
    of = context(period=["all"])
    outcomes = rows("operations", "How the promise is kept", of)
    [[late, promised]] = asked(
        shop, "select count(*) filter (is_late), count(is_late) from core.fct_shipments where delivered_at is not null"
    )
    assert (outcomes["Late"], outcomes["Arrived, with a promised day"]) == ((late,), (promised,))
    carriers = rows("operations", "Late parcels by carrier", of)
    expected = asked(
        shop,
        "select coalesce(carrier, 'unknown'), count(*) filter (is_late) / count(is_late) from core.fct_shipments "
        "group by 1 having count(is_late) > 0",
    )
    assert {carrier: rate for carrier, [rate] in carriers.items()} == pytest.approx(dict(expected))


def test_people_who_sell_sell_what_orders_say(context: Of, shop: Shop) -> None:
    table = content("operations", "Salespeople", context(period=["all"]))
    assert isinstance(table, Table)
    [[orders]] = asked(shop, "select count(*) from core.fct_orders where is_valid and employee_key <> 0")
    assert sum(row[2] for row in table.rows) == orders


def test_who_sells_is_named_to_those_who_may_see_it(context: Of, shop: Shop) -> None:
    of = context(period=["all"])
    viewers = replace(of, published=WithoutPersonal(of.published, personal_columns(shop.project)))
    named, numbered = (content("operations", "Salespeople", one) for one in (of, viewers))
    assert isinstance(named, Table) and isinstance(numbered, Table)
    names = {name for (name,) in asked(shop, "select employee_name from core.dim_employee where employee_key <> 0")}
    assert {row[0] for row in named.rows} <= names
    assert all(re.fullmatch(r"Salesperson \w+", row[0]) for row in numbered.rows)
    assert [row[1:] for row in named.rows] == [row[1:] for row in numbered.rows]


def test_a_metric_has_a_page_with_its_meaning_and_places(context: Of, shop: Shop) -> None:
    of = context(name=["net_sales"])
    assert pages()["metric"].named(of) == "Net sales"
    assert pages()["metric"].named(context(name=["net"])) is None
    assert rows("metric", "What it means", of)["Formula"] == (of.catalogue.metrics["net_sales"].formula,)
    places = content("metric", "Where it is shown", of)
    assert isinstance(places, Table)
    assert ("Table sales_daily", "net_sales_amount") in places.rows
    assert not [row for row in places.rows if row[0] == "Table channel_performance"]
    assert "/overview#net-sales" in places.links


def test_a_table_has_a_page_with_its_columns_and_rows(context: Of, shop: Shop) -> None:
    of = context(name=["sales_monthly"])
    assert pages()["mart"].named(of) == "sales_monthly"
    assert pages()["mart"].named(context(name=["fct_orders"])) is None
    described = rows("mart", "Columns", of)
    columns = asked(shop, "select column_name from information_schema.columns where table_name = 'sales_monthly'")
    assert list(described) == [column for (column,) in columns]
    assert described["net_sales_amount"][1] == "Net sales" and all(said for *_, said in described.values())
    table = content("mart", "Rows", of)
    assert isinstance(table, Table)
    at = [column.name for column in table.columns].index("net_sales_amount")
    [[net]] = asked(shop, "select sum(net_sales_amount) from sales_monthly")
    assert sum(row[at] for row in table.rows) == net


def test_a_customer_has_a_page_of_all_orders(context: Of, shop: Shop) -> None:
    people = content("people", "Customers", context(segment=["champions"]))
    assert isinstance(people, Table)
    key = people.links[0].removeprefix("/person?key=")
    of = context(key=[key])
    [[count, net]] = asked(
        shop, "select count(*), sum(net_amount_reporting) from core.fct_orders where person_key = ?", int(key)
    )
    orders = content("person", "Orders", of)
    assert isinstance(orders, Table)
    assert (len(orders.rows), sum(row[6] for row in orders.rows)) == (count, net)
    valid = figures("person", "At a glance", of)["order_count"]
    assert valid == len([row for row in orders.rows if row[3] is None])
    months = content("person", "Sales by month", of)
    assert isinstance(months, Chart)
    listed = [row[0] for row in months.rows]
    assert [(one.year * 12 + one.month) - (listed[0].year * 12 + listed[0].month) for one in listed] == list(
        range(len(listed))
    )
    assert sum(row[1] for row in months.rows) == sum(row[6] for row in orders.rows if row[3] is None)
    assert pages()["person"].named(context(key=["0"])) is None


def test_health_counts_what_arrived_and_what_was_held_back(context: Of, shop: Shop) -> None:
    found = figures("health", "Can these numbers be trusted?", context())
    [[last]] = asked(shop, "select max(order_date) from core.fct_orders where is_valid")
    assert found["last_day"] == last
    [[loaded, unread]] = asked(shop, "select sum(row_count), sum(rejected_row_count) from ops.loads")
    [[refused, money]] = asked(shop, "select count(*), sum(amount) from ops.rejected_rows")
    assert (found["rows_loaded"], found["rows_held_back"], found["money_held_back"]) == (
        loaded,
        unread + refused,
        money,
    )
    held = content("health", "Held back", context())
    assert isinstance(held, Table)
    assert sum(row[3] for row in held.rows) == unread + refused
    assert sum(row[4] or 0 for row in held.rows) == money
    laws = rows("health", "Laws", context())
    assert sum(tests for tests, _, _ in laws.values()) == found["passed_tests"] + found["failed_tests"]
    assert {row[2] for row in laws.values()} == {"holds"}


def test_net_sales_are_the_same_wherever_they_are_looked_up(context: Of, shop: Shop) -> None:
    places = rows("health", "The same net sales, wherever you look", context())
    [[net]] = asked(shop, "select sum(net_sales_amount_reporting) from core.fct_sales_ledger")
    assert len(places) >= 9
    assert set(places.values()) == {(net, 0)}


def test_who_may_see_no_personal_data_sees_no_value_that_was_held_back(context: Of, shop: Shop) -> None:
    of = context()
    viewers = replace(of, published=WithoutPersonal(of.published, frozenset({"email"})))
    seen, unseen = content("health", "Held back", of), content("health", "Held back", viewers)
    assert isinstance(seen, Table) and isinstance(unseen, Table)
    assert "unknown status: zzz" in {row[2] for row in seen.rows}
    assert "unknown status" in {row[2] for row in unseen.rows}
    assert sum(row[3] for row in unseen.rows) == sum(row[3] for row in seen.rows)
    # cells out of place: an address where a day should be
    block = next(one for one in pages()["health"].blocks if one.title == "Held back")
    assert isinstance(block, SqlTable)
    unread = block.personal["unread"][1].replace("reason", "'not a date: ann.smith@example.net'")
    assert asked(shop, f"select {unread}") == [("not a date",)]


def test_who_ordered_thrice_on_their_first_and_last_day_is_within_the_usual_gap(context: Of, shop: Shop) -> None:
    block = next(one for one in pages()["customers"].blocks if one.title == "Customers against their own rhythm")
    assert isinstance(block, SqlTable)
    people = "(select 3 as order_count, 0 as days_since_last_order, 0.0 as average_gap_days, 9.5 as net_sales_amount)"
    sql = block.statement(sees_personal=True).replace("marts.customer_360", people)
    assert [row[:2] for row in asked(shop, sql)] == [("Up to their usual gap", 1)]


@pytest.mark.parametrize("end", ["2025-11-01", "2025-11-21", "2025-11-30"])
def test_sell_through_is_that_of_twelve_months(shop: Shop, end: str) -> None:
    block = next(one for one in pages()["inventory"].blocks if one.title == "Sell-through by month")
    assert isinstance(block, SqlChart)
    months = (
        "(select cast(unnest(generate_series(date '2023-01-01', date '2026-12-01', interval 1 month)) as date) as "
        "month_start_date, 1 as sold_quantity, 3 as ending_quantity)"
    )
    sql = block.statement(sees_personal=True).replace("marts.sell_through", months).replace("$end", f"date '{end}'")
    found = asked(shop, sql)
    assert [found[0], found[-1]] == [(date(2024, 12, 1), 0.25), (date(2025, 11, 1), 0.25)]
