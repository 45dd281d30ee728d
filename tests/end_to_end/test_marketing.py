"""The numbers of marketing on the synthetic shop, counted another way: from its files, or touch by touch in Python."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from requirements import requirement
from shophouse.demo.shops import make_demo
from shophouse.shop import Shop

from .shops import rows, value

pytestmark = pytest.mark.slow

STEPS = ("page_viewed", "product_viewed", "product_added_to_cart", "checkout_started", "checkout_completed")
COUNTS = "sum(session_count), sum(product_view_count), sum(cart_count), sum(checkout_count), sum(order_count)"
CONCEPT = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "attribution.md"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Credit is shared, so that orders are split over channels."""
    project = make_demo("shop", into=tmp_path_factory.mktemp("marketing") / "shop", orders=400, days=150)
    file = project.folder / "shophouse.yml"
    file.write_text(file.read_text("utf-8") + "\nattribution: {model: linear}\n", "utf-8")
    shop = Shop.open(project.folder)
    shop.run()
    return shop


def of_files(shop: Shop, sql: str) -> list[tuple[object, ...]]:
    """`{name}` in the query is all files of a table."""
    data = shop.project.folder / "data"

    def read(found: re.Match[str]) -> str:
        file = next(iter(sorted(data.glob(f"{found[1]}[-.]*"))))
        return f"read_{file.suffix[1:]}('{data}/{found[1]}[-.]*')"

    return duckdb.sql(re.sub(r"\{(\w+)\}", read, sql)).fetchall()


@requirement("S2-26")
def test_users_products_campaigns_ad_events_and_conversions_are_those_of_the_files(shop: Shop) -> None:
    for table, key, dimension in (
        ("users", "user_id", "dim_customer"),
        ("products", "product_id", "dim_product"),
        ("campaigns", "campaign_id", "dim_campaign"),
    ):
        told = of_files(shop, f"select count(distinct {key}) from {{{table}}}")
        known = f"select count(*) from core.{dimension} where source <> 'unknown' and not is_inferred"
        assert rows(shop, known) == told, table
    told = of_files(
        shop, "select platform, kind, count(distinct touch_id) from {touchpoints} group by all order by all"
    )
    assert {kind for _, kind, _ in told} == {"impression", "click"}
    found = "select platform, touch_kind, count(*) from core.fct_touchpoints group by all order by all"
    assert rows(shop, found) == told
    told = of_files(
        shop,
        # one total is a word, which goes to quarantine
        "select count(*), sum(total) from (select order_id, max(try_cast(total_amount as decimal(18, 4))) as total"
        " from {orders} where try_cast(total_amount as decimal(18, 4)) is not null group by order_id)"
        " where order_id::varchar in"
        " (select order_id::varchar from {events} where event_name = 'checkout_completed')",
    )
    conversions = "select order_key from core.fct_events where order_key <> 0"
    converted = f"select count(*), sum(control_total_amount) from core.fct_orders where order_key in ({conversions})"
    assert rows(shop, converted) == told
    assert int(str(told[0][0])) > 100


def shares(shop: Shop) -> list[tuple[date, str, str, str, Fraction, Fraction]]:
    """Month, channel, campaign, category, credit and net sales of each touch and category, without rounding."""
    sales: dict[int, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for order, category, amount in rows(
        shop,
        "select l.order_key, coalesce(c.category_name, 'unknown'), l.net_sales_amount_reporting"
        " from core.fct_sales_ledger l left join core.dim_product p using (product_key)"
        " left join core.dim_category c on p.category_key = c.category_key",
    ):
        sales[order][category] += Fraction(amount)
    touched = rows(
        shop,
        "select order_key, date_trunc('month', order_date)::date, marketing_channel, campaign_key, linear_weight"
        " from core.fct_order_touches",
    )
    weights: Counter[int] = Counter()
    for order, _, _, _, weight in touched:
        weights[order] += weight
    return [
        (
            month,
            channel,
            campaign,
            category,
            Fraction(weight, weights[order]),
            Fraction(weight, weights[order]) * amount,
        )
        for order, month, channel, campaign, weight in touched
        for category, amount in sales[order].items()
    ]


@requirement("S2-26")
def test_channels_by_category_are_the_orders_shared_out_by_hand(shop: Shop) -> None:
    told: dict[tuple[date, str, str], Fraction] = defaultdict(Fraction)
    parts: Counter[tuple[date, str, str]] = Counter()
    for month, channel, _, category, _, amount in shares(shop):
        told[month, channel, category] += amount
        parts[month, channel, category] += 1
    found = {
        tuple(key): amount
        for *key, amount in rows(
            shop,
            "select month_start_date, marketing_channel, category_name, sum(net_sales_amount)"
            " from marts.attribution_by_category_month group by all",
        )
    }
    several = "select count(*) from (select order_key from marts.attribution_credits where attribution_model = 'linear'"
    assert value(shop, f"{several} group by 1 having count(distinct marketing_channel) > 1)") > 20
    assert {category for _, _, category in found} > {"unknown"} or len({category for *_, category in found}) > 3
    assert {key for key in told if told[key]} <= set(found)
    off = {key: float(abs(Fraction(found[key]) - told[key])) for key in told if key in found}
    # each order's credit is rounded to the cent
    assert {key: by for key, by in off.items() if by > 0.02 * parts[key]} == {}
    credited = rows(
        shop,
        "select date_trunc('month', date_day)::date as month, marketing_channel, sum(net_sales_amount)"
        " from marts.attribution_by_channel_day where book = 'cash' and attribution_model = 'linear'"
        " and marketing_channel <> 'unattributed' group by all order by all",
    )
    by_channel: dict[tuple[object, object], Decimal] = defaultdict(Decimal)
    for (month, channel, _), amount in found.items():
        by_channel[month, channel] += amount
    assert by_channel == {(month, channel): amount for month, channel, amount in credited}


@requirement("S2-26")
def test_rates_of_campaigns_are_those_of_the_files(shop: Shop) -> None:
    told = {
        (month, campaign): (shown, clicked)
        for month, campaign, shown, clicked in of_files(
            shop,
            "select date_trunc('month', spend_date::date)::date, campaign_id::varchar, sum(impressions), sum(clicks)"
            " from (select distinct * from {ad_spend}) group by all",
        )
    }
    credit: dict[tuple[date, str], Fraction] = defaultdict(Fraction)
    money: dict[tuple[date, str], Fraction] = defaultdict(Fraction)
    campaigns = dict(rows(shop, "select campaign_key, campaign_id from core.dim_campaign"))
    for month, _, campaign, _, _, amount in shares(shop):
        money[month, campaigns[campaign]] += amount
    weights = rows(
        shop,
        "select date_trunc('month', order_date)::date, campaign_key, 1, touch_count from core.fct_order_touches",
    )
    for month, campaign, part, whole in weights:
        credit[month, campaigns[campaign]] += Fraction(part, whole)
    found = rows(
        shop,
        "select month_start_date, campaign_id, click_through_rate, click_order_rate, revenue_per_click,"
        " revenue_per_thousand from marts.campaign_performance where impression_count > 0 and click_count > 0"
        " and order_credit > 0",
    )
    assert len(found) > 3
    for month, campaign, *rates in found:
        shown, clicked = (int(str(number)) for number in told[month, campaign])
        orders, revenue = credit[month, campaign], money[month, campaign]
        expected = [Fraction(clicked, shown), orders / clicked, revenue / clicked, 1000 * revenue / shown]
        assert rates == pytest.approx([float(rate) for rate in expected], rel=0.002), (month, campaign)
    channels = rows(
        shop,
        "select sum(c.net_sales_amount) / sum(c.click_count), 1000 * sum(c.net_sales_amount) / sum(c.impression_count),"
        " any_value(c.revenue_per_click), any_value(c.revenue_per_thousand) from marts.channel_performance c"
        " where c.impression_count > 0 and c.click_count > 0 and c.order_credit > 0"
        " group by month_start_date, marketing_channel",
    )
    assert channels and all(row[:2] == pytest.approx(row[2:]) for row in channels)


@requirement("S2-26")
def test_the_value_of_an_order_is_that_of_its_lines(shop: Shop) -> None:
    told = rows(
        shop,
        "select count(distinct order_key), sum(net_sales_amount_reporting) from core.fct_sales_ledger",
    )
    found = rows(shop, "select sum(order_count), sum(net_sales_amount) from marts.executive_daily")
    assert told[0][1] == found[0][1]
    days = rows(
        shop,
        "select average_order_amount, net_sales_amount, order_count from marts.executive_daily where order_count > 0",
    )
    assert len(days) > 50
    assert all(float(average) == pytest.approx(float(amount) / count, abs=0.0001) for average, amount, count in days)


@requirement("S2-26")
def test_the_funnel_overall_by_channel_by_week_and_by_month_is_that_of_the_events(shop: Shop) -> None:
    furthest = dict.fromkeys((key for (key,) in rows(shop, "select session_id from core.fct_sessions")), 0)
    for session, name in of_files(shop, "select distinct session_id::varchar, event_name from {events}"):
        if session in furthest and name in STEPS:
            furthest[str(session)] = max(furthest[str(session)], STEPS.index(str(name)))
    days = rows(shop, "select session_id, session_date, marketing_channel from core.fct_sessions")

    def counted(group: dict[str, object]) -> dict[object, tuple[int, ...]]:
        found: dict[object, list[int]] = defaultdict(lambda: [0] * len(STEPS))
        for session, name in group.items():
            for step in range(furthest[session] + 1):
                found[name][step] += 1
        return {name: tuple(steps) for name, steps in found.items()}

    assert rows(shop, f"select {COUNTS} from marts.funnel_daily") == list(
        counted(dict.fromkeys(furthest, "all")).values()
    )
    channels = {
        row[0]: row[1:] for row in rows(shop, f"select marketing_channel, {COUNTS} from marts.funnel_daily group by 1")
    }
    assert channels == counted({session: channel for session, _, channel in days})
    assert len(channels) > 3

    (query,) = re.findall(r"```sql\n(.*?)```", CONCEPT.read_text("utf-8"), re.DOTALL)
    weeks = {week: counts for week, *counts, _ in rows(shop, query)}
    by_week = counted({session: day - timedelta(days=day.weekday()) for session, day, _ in days})
    assert {week: tuple(counts) for week, counts in weeks.items()} == by_week
    months = {month: counts for month, *counts, _ in rows(shop, query.replace("week_start_date", "month_start_date"))}
    by_month = counted({session: day.replace(day=1) for session, day, _ in days})
    assert {month: tuple(counts) for month, counts in months.items()} == by_month
