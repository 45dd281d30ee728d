from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shophouse.errors import ConfigError
from shophouse.metrics import GRAINS, Catalogue, Grain, MetricQuery, compile_query
from shophouse.metrics.conditions import Condition, parse_conditions
from shophouse.metrics.query import first_day, next_period, periods
from shophouse.shop import Shop

Ask = Callable[[MetricQuery], list[tuple[Any, ...]]]

_LEDGER = "select sum({}) from core.fct_sales_ledger"
# each metric that has an expression of its own, from the facts
FROM_FACTS = {
    "gross_sales": _LEDGER.format("gross_amount_reporting"),
    "discounts": _LEDGER.format("-discount_amount_reporting"),
    "returns": _LEDGER.format("-return_amount_reporting"),
    "cancellations": _LEDGER.format("-cancellation_amount_reporting"),
    "net_sales": _LEDGER.format("net_sales_amount_reporting"),
    "net_sales_by_order_date": _LEDGER.format("net_sales_amount_reporting"),
    "shipping_charged": _LEDGER.format("shipping_amount_reporting"),
    "taxes": _LEDGER.format("tax_amount_reporting"),
    "total_sales": _LEDGER.format("total_sales_amount_reporting"),
    "orders": "select count(*) from core.fct_orders where is_valid",
    "orders_placed": "select count(*) from core.fct_orders",
    "cancelled_orders": "select count(*) from core.fct_orders where is_cancelled",
    "units_sold": _LEDGER.format("quantity"),
    "new_customers": "select count(distinct person_key) from core.fct_orders where is_valid",
    "returning_orders": "select count(*) - count(distinct person_key) from core.fct_orders where is_valid",
    "active_customers": "select count(distinct person_key) from core.fct_orders where is_valid",
    "first_time_customers": "select count(distinct person_key) from core.fct_orders where is_valid",
    "repeat_customers": "select count(distinct person_key) from core.fct_orders where order_sequence = 2",
    "cost_of_goods": "select sum(cost_amount_reporting) from core.fct_goods_costs",
    "contribution_1": """
        select (select sum(net_sales_amount_reporting) from core.fct_sales_ledger)
            - (select sum(cost_amount_reporting) from core.fct_goods_costs)""",
    "contribution_2": """
        select sum(net_sales_amount - goods_cost_amount - shipping_cost_amount - fulfilment_cost_amount
            - payment_fee_cost_amount - returns_handling_cost_amount) from aggregates.profit_and_loss_by_day""",
    "contribution_3": """
        select sum(net_sales_amount - goods_cost_amount - shipping_cost_amount - fulfilment_cost_amount
            - payment_fee_cost_amount - returns_handling_cost_amount - ad_spend_cost_amount - marketing_cost_amount)
        from aggregates.profit_and_loss_by_day""",
    "operating_profit": """
        select sum(net_sales_amount - goods_cost_amount - shipping_cost_amount - fulfilment_cost_amount
            - payment_fee_cost_amount - returns_handling_cost_amount - ad_spend_cost_amount - marketing_cost_amount
            - overhead_cost_amount)
        from aggregates.profit_and_loss_by_day""",
    "spend": "select sum(spend_amount_reporting) from core.fct_ad_spend_daily",
    "impressions": "select sum(impression_count) from core.fct_ad_spend_daily",
    "clicks": "select sum(click_count) from core.fct_ad_spend_daily",
    "claimed_revenue": "select sum(claimed_revenue_amount_reporting) from core.fct_ad_spend_daily",
    "attributed_sales": "select sum(net_sales_amount) from marts.attribution_comparison where {chosen}",
    "attributed_spend": "select sum(spend_amount_reporting) from core.fct_ad_spend_daily",
    "sessions": "select count(*) from core.fct_sessions",
    "sessions_with_cart": "select count(*) from core.fct_sessions where has_cart",
    "sessions_with_checkout": "select count(*) from core.fct_sessions where has_checkout",
    "sessions_with_order": "select count(*) from core.fct_sessions where has_order",
    "parcels": "select sum(parcel_count) from marts.delivery_performance",
    "parcels_delivered": "select sum(delivered_count) from marts.delivery_performance",
    "parcels_late": "select sum(late_count) from marts.delivery_performance",
    "days_in_delivery": "select sum(delivered_date - order_date) from core.fct_shipments",
    "reviews": "select sum(review_count) from marts.review_drivers",
    "review_score_total": "select sum(review_score_sum) from marts.review_drivers",
    "payments": "select count(*) from core.fct_payments where captured_amount > 0",
    "stock_value": """
        select sum(stock_value_amount) from core.fct_inventory_daily
        where inventory_date = (select max(inventory_date) from core.fct_inventory_daily)""",
    "stock_units": """
        select sum(closing_quantity) from core.fct_inventory_daily
        where inventory_date = (select max(inventory_date) from core.fct_inventory_daily)""",
    "product_days": "select count(*) from core.fct_inventory_daily",
    "stock_out_days": "select count(*) from core.fct_inventory_daily where closing_quantity <= 0",
    "monthly_recurring_revenue": "select sum(mrr_change_amount) from core.fct_subscription_events",
    "new_recurring_revenue": """
        select sum(mrr_change_amount) from core.fct_subscription_events where movement_kind = 'new'""",
}


def test_every_metric_is_what_the_facts_say(ask: Ask, shop: Shop, catalogue: Catalogue) -> None:
    own = {name for name, metric in catalogue.metrics.items() if metric.aggregation is not None}
    assert own == set(FROM_FACTS)
    chosen = "attribution_model = 'last_non_direct'"
    for name, sql in FROM_FACTS.items():
        [[value]] = ask(MetricQuery((name,)))
        [[expected]] = shop.sql(sql.replace("{chosen}", chosen)).fetchall()
        assert value == expected, name


@pytest.mark.parametrize("grain", GRAINS)
def test_periods_of_a_sum_add_up(ask: Ask, catalogue: Catalogue, grain: Grain) -> None:
    for name, metric in catalogue.metrics.items():
        if metric.sum is None or (grain in ("day", "week") and catalogue.grain(name) == "month"):
            continue
        [[total]] = ask(MetricQuery((name,)))
        assert sum(row[1] for row in ask(MetricQuery((name,), grain)) if row[1] is not None) == (total or 0), name


def test_dimensions_of_a_sum_add_up(ask: Ask, catalogue: Catalogue) -> None:
    for name, metric in catalogue.metrics.items():
        if metric.sum is None:
            continue
        [[total]] = ask(MetricQuery((name,)))
        for dimension in catalogue.dimensions(name):
            rows = ask(MetricQuery((name,), by=(dimension,)))
            assert sum(row[1] for row in rows if row[1] is not None) == (total or 0), (name, dimension)


def test_a_ratio_divides_sums(ask: Ask) -> None:
    query = MetricQuery(("average_order_value", "net_sales", "orders", "return_rate"), "month", ("channel",))
    rows = ask(query)
    assert len(rows) > 4
    for _, _, average, net, orders, _ in rows:
        assert average is None if not orders else average == round(Decimal(net) / orders, 4)


def test_metrics_of_several_models_stand_side_by_side(ask: Ask) -> None:
    both = {row[0]: row[1:] for row in ask(MetricQuery(("net_sales", "active_customers", "spend"), "month"))}
    for number, name in enumerate(("net_sales", "active_customers", "spend")):
        alone: dict[Any, Any] = dict(ask(MetricQuery((name,), "month")))
        assert {month: row[number] for month, row in both.items() if row[number] is not None} == alone


def test_conditions_and_days_narrow(ask: Ask, shop: Shop) -> None:
    [[first, last]] = shop.sql("select min(date_day) + 10, max(date_day) - 10 from sales_daily").fetchall()
    query = MetricQuery(("net_sales",), where=parse_conditions("channel not in ('web', 'x')"), start=first, end=last)
    expected = shop.sql(
        "select sum(net_sales_amount) from sales_daily where channel <> 'web' and date_day between ? and ?",
        [first, last],
    ).fetchall()
    assert ask(query) == expected
    assert expected[0][0] is not None


def test_the_shown_sql_gives_the_same(ask: Ask, shop: Shop, catalogue: Catalogue) -> None:
    query = MetricQuery(
        ("net_sales", "active_customers"), "month", where=(Condition("channel", ("it's", "web")),), end=date(2099, 1, 1)
    )
    assert shop.sql(compile_query(catalogue, query).text).fetchall() == ask(query)


def test_a_value_is_never_read_as_sql(ask: Ask, shop: Shop) -> None:
    evil = Condition("channel", ("'; drop schema marts cascade; --",))
    assert ask(MetricQuery(("net_sales",), where=(evil,))) == [(None,)]
    assert shop.sql("select count(*) from sales_daily").fetchall()[0][0] > 0


def test_the_largest_come_first(ask: Ask) -> None:
    rows = ask(MetricQuery(("net_sales",), by=("brand",), largest_first=True, limit=3))
    assert len(rows) == 3
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (MetricQuery(()), "no metric is named"),
        (MetricQuery(("net_sales",), by=("chanel",)), "did you mean channel"),
        (MetricQuery(("net_sales",), by=("brand", "channel")), "each alone is possible"),
        (MetricQuery(("net_sales",), "day", ("brand",)), "known by month where it is split by brand"),
        (MetricQuery(("return_on_ad_spend",), "week"), "known by month"),
        (MetricQuery(("return_on_ad_spend",), start=date(2025, 1, 2)), "known by month"),
        (MetricQuery(("net_sales",), start=date(2025, 1, 2), end=date(2025, 1, 1)), "before it begins"),
        (MetricQuery(("sales",)), "there is no metric 'sales'"),
    ],
)
def test_what_can_not_be_asked_is_told(catalogue: Catalogue, query: MetricQuery, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        compile_query(catalogue, query)
    assert said in error.value.render()


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 900), st.sampled_from(GRAINS))
def test_periods_follow_each_other(start: date, days: int, grain: Grain) -> None:
    end = start + timedelta(days)
    found = list(periods(start, end, grain))
    assert found[0] <= start
    assert found[-1] <= end < next_period(found[-1], grain)
    assert all(next_period(a, grain) == b for a, b in pairwise(found))
    assert all(first_day(day, grain) == day for day in found)


def test_a_question_mark_in_quotes_is_no_parameter(catalogue: Catalogue) -> None:
    model = catalogue.semantic_models["sales_by_day"]
    asked = model.model_copy(update={"dimensions": {**model.dimensions, "is_web": "regexp_matches(channel, 'we?b')"}})
    own = catalogue.model_copy(update={"semantic_models": {**catalogue.semantic_models, "sales_by_day": asked}})
    query = MetricQuery(("net_sales",), by=("is_web",), where=(Condition("channel", ("it's?", "web")),))
    text = compile_query(own, query).text
    assert "'we?b'" in text and "in ('it''s?', 'web')" in text
