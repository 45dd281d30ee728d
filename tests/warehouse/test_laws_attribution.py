"""The laws of attribution and of the funnel fail on bugs of their own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from requirements import requirement

from .plain import PlainShop
from .planted import Bug
from .subjects import Subjects

LAW_5 = "law_5_credits_of_an_order_are_the_order"
CREDITS = "core.fct_order_credits"
MANY = f"order_key = (select min(order_key) from {CREDITS} where touch_count > 2)"

BUGS = {
    "a revenue that is credited to every touch": Bug(
        LAW_5,
        f"update {CREDITS} set credit = 1, net_sales_amount = (select sum(ledger.net_sales_amount) "
        f"from core.fct_sales_ledger as ledger where ledger.order_key = fct_order_credits.order_key) where {MANY}",
        "problem",
        "credits are not 1",
    ),
    "shares that are rounded each for itself": Bug(
        LAW_5,
        f"update {CREDITS} set credit = round(credit, 4) where attribution_model = 'time_decay'",
        "problem",
        "credits are not 1",
    ),
    "a cent that is lost in the split": Bug(
        LAW_5,
        f"update {CREDITS} set net_sales_amount = net_sales_amount - 0.01 where {MANY} and touch_position = 1",
        "problem",
        "credited net sales are not those of the order",
    ),
    "a refund that comes after the credit": Bug(
        LAW_5,
        f"update core.fct_order_items set gross_amount = gross_amount - 1 where line_number = 1 and {MANY}",
        "problem",
        "credited net sales are not those of the order",
    ),
    "credit to a visit after the order": Bug(
        LAW_5,
        "update core.fct_order_touches set touched_at = ordered_at + interval '1' hour "
        "where touch_position = touch_count",
        "problem",
        "credit to a touch that is not before the order",
    ),
    "orders of direct visits that the model without direct leaves out": Bug(
        LAW_5,
        f"delete from {CREDITS} where attribution_model = 'last_non_direct' and marketing_channel = 'direct'",
        "problem",
        "orders with a touch are not credited",
    ),
    "a day's unattributed sales that are forgotten": Bug(
        "law_5_credited_and_unattributed_is_all",
        "delete from marts.attribution_by_channel_day where marketing_channel = 'unattributed'",
        "total_name",
        "sum(net_sales_amount)",
    ),
    "an order that counts for two channels": Bug(
        "law_5_credited_and_unattributed_orders_are_all",
        "insert into marts.attribution_by_channel_day select * replace ('other' as marketing_channel) "
        "from marts.attribution_by_channel_day where order_credit > 0 limit 1",
        "total_name",
        "sum(order_credit)",
    ),
    "a category with a hundredth of a cent too much": Bug(
        "law_5_categories_of_a_channel_are_its_credit",
        "update marts.attribution_by_category_month set net_sales_amount = net_sales_amount + 0.0001 "
        "where marketing_channel = 'email'",
        "marketing_channel",
        "email",
    ),
    "a channel whose categories are forgotten": Bug(
        "law_5_categories_of_a_channel_are_its_credit",
        "delete from marts.attribution_by_category_month where marketing_channel = 'email'",
        "marketing_channel",
        "email",
    ),
    "credits twice in their mart": Bug(
        "attribution_credits_are_the_orders_credits",
        "insert into marts.attribution_credits select * from marts.attribution_credits limit 1",
        "total_name",
        "sum(credit)",
    ),
    "a channel's spend that is missing in one model": Bug(
        "attribution_comparison_has_each_spend_once",
        "update marts.attribution_comparison set spend_amount = 0 where attribution_model = 'linear'",
        "attribution_model",
        "linear",
    ),
    "a path that lost its orders": Bug(
        "conversion_paths_are_the_orders_with_touches",
        "delete from marts.conversion_paths where order_count = 1",
        "total_name",
        "sum(order_count)",
    ),
    "an order in a visit without a checkout": Bug(
        "law_8_visits_reach_each_step_before_the_next",
        "update core.fct_sessions set has_checkout = false where has_order",
        "step",
        "case when has_order then 1 else 0 end",
    ),
    "more carts than products seen": Bug(
        "law_8_each_step_is_within_the_one_before",
        "update marts.funnel_daily set cart_count = product_view_count + 1",
        "step_before",
        "product_view_count",
    ),
    "a visit that is counted once for each event": Bug(
        "funnel_daily_is_visits",
        "update marts.funnel_daily set session_count = 2 * session_count",
        "total_name",
        "sum(session_count)",
    ),
    "orders that visits don't know": Bug(
        "fct_sessions_are_their_events", "update core.fct_sessions set has_order = false", "total_name"
    ),
    "spend without a rate": Bug(
        "fct_ad_spend_daily_has_rates",
        "update core.fct_ad_spend_daily set spend_amount_reporting = null where spend_date = date '2025-01-10'",
        "currency_code",
        "EUR",
    ),
    "spend that a join doubles": Bug(
        "channel_performance_is_spend",
        "update marts.channel_performance set spend_amount = 2 * spend_amount",
        "total_name",
        "sum(spend_amount)",
    ),
    "a campaign that is left out": Bug(
        "campaign_performance_is_spend",
        "delete from marts.campaign_performance where campaign_id = 'c1'",
        "total_name",
        "sum(spend_amount)",
    ),
    "a claim that is counted once for each order": Bug(
        "overclaim_is_claims",
        "update marts.overclaim set claimed_order_count = claimed_order_count * 2",
        "total_name",
        "sum(claimed_order_count)",
    ),
    "spend that vanished between raw and core": Bug(
        "law_12_ad_spend_is_accounted_for",
        "delete from core.fct_ad_spend_daily where spend_date = date '2025-01-10'",
        "measure",
        "amount",
    ),
    "a visit that vanished": Bug(
        "law_12_sessions_are_accounted_for",
        "delete from core.fct_sessions where session_key = (select min(session_key) from core.fct_sessions)",
        "measure",
        "rows",
    ),
    "an event that vanished": Bug(
        "law_12_events_are_accounted_for",
        "delete from core.fct_events where event_id = (select min(event_id) from core.fct_events)",
        "measure",
        "rows",
    ),
    "a touch that vanished": Bug(
        "law_12_touchpoints_are_accounted_for",
        "delete from core.fct_touchpoints where touch_id = (select min(touch_id) from core.fct_touchpoints)",
        "measure",
        "rows",
    ),
}


@pytest.mark.parametrize("what", BUGS)
def test_a_law_of_attribution_fails_on_its_bug(spoiled: PlainShop, subject_laws: Mapping[str, str], what: str) -> None:
    BUGS[what].is_seen(spoiled, subject_laws)


@requirement("S2-08")
def test_models_differ_and_agree_on_the_total(subjects: PlainShop) -> None:
    rows = subjects.query(
        "select attribution_model, marketing_channel, sum(net_sales_amount) as amount "
        "from marts.attribution_by_channel_day where book = 'cash' group by all order by all"
    )
    by_model: dict[str, list[tuple[str, Decimal]]] = {}
    for row in rows:
        by_model.setdefault(row["attribution_model"], []).append((row["marketing_channel"], row["amount"]))
    assert len(by_model) == 9
    assert len({str(parts) for parts in by_model.values()}) >= 7
    net_sales = subjects.one("select sum(net_sales_amount) as amount from core.fct_sales_ledger")
    assert {sum(amount for _, amount in parts) for parts in by_model.values()} == {net_sales}


def test_the_books_differ_in_days_alone(subjects: PlainShop) -> None:
    books = {
        book: subjects.query(
            "select attribution_model, marketing_channel, sum(order_credit) as credit from "
            f"marts.attribution_by_channel_day where book = '{book}' group by all order by all"
        )
        for book in ("cash", "accrual")
    }
    assert books["cash"] == books["accrual"]
    assert subjects.one("select min(date_day) from marts.attribution_by_channel_day where book = 'accrual'") < (
        subjects.one("select min(date_day) from marts.attribution_by_channel_day where book = 'cash'")
    )


@pytest.mark.slow
def test_settings_reach_the_models(tmp_path: Path) -> None:
    tables = Subjects(orders=40).tables
    settings = "attribution: {lookback_days: 1, impressions: true, model: linear}\n"
    shop = PlainShop(tmp_path / "shop", tables, settings=settings)
    shop.rows(tables)
    shop.build_all()
    assert shop.one("select max(date_diff('day', touched_at, ordered_at)) from core.fct_order_touches") <= 1
    assert shop.one("select distinct attribution_model from marts.channel_performance") == "linear"
    assert shop.one("select count(*) from core.fct_order_touches where touch_kind = 'impression'") > 0


@pytest.mark.slow
def test_a_shop_without_such_data_has_empty_marts_and_holds_every_law(tmp_path: Path) -> None:
    tables = {name: Subjects(orders=20).tables[name] for name in ("customers", "products", "orders", "order_items")}
    shop = PlainShop(tmp_path / "shop")
    shop.rows(tables)
    shop.build_all()
    results = shop.test()
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []
    subjects = Path(__file__).parents[2] / "src/shophouse/warehouse/models/marts"
    for mart in [*(subjects / "marketing").glob("*.sql"), *(subjects / "inventory").glob("*.sql")]:
        assert shop.one(f"select count(*) from marts.{mart.stem}") == 0, mart.stem
