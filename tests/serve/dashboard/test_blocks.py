from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from shophouse.serve.dashboard.blocks import Context, Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column, Figures, Target
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page, pages
from shophouse.serve.dashboard.sql_blocks import SqlTable
from shophouse.shop import Shop

Of = Callable[..., Context]


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.name)
@pytest.mark.parametrize(
    "parameters",
    [{}, {"period": ["all"], "channel": ["web"], "country": ["DE", "US"], "category": ["Audio"], "store": ["x"]}],
    ids=["as it is", "filtered"],
)
def test_every_block_of_every_page_has_sql_that_runs(
    context: Of, shop: Shop, page: Page, parameters: dict[str, list[str]]
) -> None:
    about = {"metric": "orders", "mart": "sales_monthly"}
    of = context(**parameters, **({"name": [about[page.name]]} if page.name in about else {}))
    for block in page.blocks:
        content = block.content(of)
        assert content.title
        if not content.sql:
            continue
        for statement in content.sql.split(";\n\n"):
            assert shop.sql(statement) is not None, content.title


def test_figures_are_what_the_marts_say(context: Of, shop: Shop) -> None:
    of = context(period=["all"], compare=["none"])
    content = RowOfFigures(("net_sales", "orders", "average_order_value")).content(of)
    assert isinstance(content, Figures)
    [[net, orders]] = shop.sql("select sum(net_sales_amount), sum(order_count) from sales_daily").fetchall()
    assert [figure.value for figure in content.figures] == [net, orders, round(net / orders, 4)]


def test_a_figure_is_compared_with_the_days_before(context: Of, shop: Shop) -> None:
    of = context(period=["30d"])
    [figure] = RowOfFigures(("returns",)).content(of).figures
    before = of.view.before
    assert before is not None
    sql = "select sum(return_amount) from sales_daily where date_day between ? and ?"
    assert [(figure.before,)] == shop.sql(sql, [before.start, before.end]).fetchall()
    assert figure.is_good is None or figure.is_good == (figure.value < figure.before)


def test_a_trend_adds_up_to_its_figure_also_where_it_is_split(context: Of) -> None:
    of = context(period=["90d"])
    whole = Trend("net_sales").content(of)
    split = Trend("net_sales", by="country", series=2).content(of)
    total = sum(value or 0 for value in whole.series[0].values)
    assert total == sum(value or 0 for series in split.series for value in series.values) != 0
    assert len(split.series) == 2
    assert whole.series[1].is_quiet
    assert len(whole.labels) == len(whole.links) == len(whole.series[0].values)


def test_a_filter_narrows_or_is_told_to_do_nothing(context: Of, shop: Shop) -> None:
    of = context(period=["all"], channel=["web"])
    by_country = Ranking("net_sales", "country").content(of)
    [[web]] = shop.sql("select sum(net_sales_amount) from sales_daily where channel = 'web'").fetchall()
    assert sum(row[1] for row in by_country.rows) == web
    assert by_country.notes == ()
    assert "not filtered by channel" in Ranking("net_sales", "product").content(of).notes


def test_a_category_filters_money_by_day_and_orders_not_at_all(context: Of, shop: Shop) -> None:
    of = context(period=["30d"], category=["Audio"], channel=["web"])
    row = RowOfFigures(("net_sales", "orders")).content(of)
    [[net]] = shop.sql(
        "select sum(net_sales_amount_reporting) from core.fct_sales_ledger "
        "join core.dim_product using (product_key) join core.dim_category using (category_key) "
        "join core.dim_channel using (channel_key) "
        "where category_name = 'Audio' and channel = 'web' and event_date between ? and ?",
        [of.view.period.start, of.view.period.end],
    ).fetchall()
    assert row.figures[0].value == net > 0
    assert row.notes == ("Orders: not filtered by category",)


def test_a_month_that_is_not_over_is_compared_with_none(context: Of, shop: Shop) -> None:
    [[last]] = shop.sql("select max(date_day) from sales_daily").fetchall()
    first = last.replace(day=1)
    running = {"from_": [first.isoformat()], "to": [last.isoformat()]}
    before = first - timedelta(days=1)
    whole = {"from_": [before.replace(day=1).isoformat()], "to": [before.isoformat()]}
    row = RowOfFigures(("attributed_sales",))
    assert row.content(context(**whole)).figures[0].change is not None
    if (last + timedelta(days=1)).month == last.month:
        assert row.content(context(**running)).figures[0].change is None


def test_whole_months_are_compared_with_as_many_whole_months(context: Of, shop: Shop) -> None:
    days = {"from_": ["2025-10-02"], "to": ["2025-10-31"]}
    row = RowOfFigures(("attributed_sales",))
    figure = row.content(context(**days)).figures[0]
    before = row.content(context(from_=["2025-09-01"], to=["2025-09-30"])).figures[0]
    assert figure.value == row.content(context(from_=["2025-10-01"], to=["2025-10-31"])).figures[0].value
    assert figure.before == before.value > 0
    year = row.content(context(**days, compare=["year"])).figures[0]
    assert year.before != figure.before


def test_all_time_is_compared_with_none_and_one_day_is_drawn_as_a_bar(context: Of) -> None:
    whole = Trend("orders").content(context(period=["all"]))
    assert [series.is_quiet for series in whole.series] == [False]
    day = Trend("orders").content(context(period=["yesterday"]))
    assert (day.kind, len(day.labels), len(day.series)) == ("bar", 1, 2)


def test_rows_without_a_value_are_called_so_and_can_be_chosen(context: Of, shop: Shop) -> None:
    of = context(period=["all"])
    [[without]] = shop.sql("select count(*) from core.fct_orders where is_valid and discount_code is null").fetchall()
    chart = Ranking("orders", "discount_code").content(of)
    at = chart.labels.index("Without")
    assert chart.series[0].values[at] == without > 0
    assert "None" not in chart.labels
    series = Trend("orders", by="discount_code").content(of).series
    assert sum(value or 0 for one in series if one.name == "Without" for value in one.values) == without


def test_a_column_is_defined_by_the_metric_that_it_is(context: Of) -> None:
    of = context()
    column = Column("order_count", "Orders", "count")
    assert of.defined(column, {"sales_daily"}).definition == of.catalogue.metrics["orders"].definition
    # visits that led to an order
    assert of.defined(column, {"funnel_daily"}).definition == ""
    assert of.defined(Column("order_count", "Orders", "count", "My own."), {"sales_daily"}).definition == "My own."


def test_a_click_on_a_ranking_filters_the_page(context: Of) -> None:
    content = Ranking("orders", "channel").content(context(period=["all"]))
    assert content.links[0] == f"/?period=all&channel={content.rows[0][0]}"
    assert content.labels[0] == "Web"


def test_values_of_an_address_are_never_read_as_sql(context: Of, tmp_path: object) -> None:
    evil = "x') or 1 = 1 --"
    of = context(period=["all"], channel=[evil])
    assert Ranking("net_sales", "country").content(of).rows == ()
    table = pages()["sales"].blocks[-1]
    assert isinstance(table, SqlTable)
    assert "net_sales_amount" in table.text
    assert table.content(of).rows == ()


def test_money_stays_exact(context: Of) -> None:
    content = Trend("net_sales").content(context(period=["all"]))
    assert all(isinstance(row[-1], Decimal) for row in content.rows)


def test_a_metric_without_its_data_leaves_its_place_to_a_spare_one(context: Of) -> None:
    of = context(period=["all"], compare=["none"])
    never, always = Need("select 1 as there where 1 = 0"), Need("select 1 as there")
    row = RowOfFigures(("orders", "returns"), only_with={"orders": never, "returns": always}, spare=("taxes", "spend"))
    assert [figure.metric for figure in row.content(of).figures] == ["returns", "taxes"]


def test_a_target_is_that_of_all_days_of_the_period_and_of_the_whole_shop(context: Of, shop: Shop) -> None:
    sql = "select min(period_start), max(period_end), sum(target_value) from target_attainment where target_metric = ?"
    [[start, end, target]] = shop.sql(sql, ["net_sales_amount"]).fetchall()
    days = {"from_": [start.isoformat()], "to": [end.isoformat()]}
    row = RowOfFigures(("net_sales",))
    reached = row.content(context(**days)).figures[0]
    assert reached.target == Target(target, reached.value)
    assert target > 0
    assert row.content(context(**days, channel=["web"])).figures[0].target is None
    late = {"from_": [start.isoformat()], "to": [(end + timedelta(days=1)).isoformat()]}
    found = row.content(context(**late)).figures[0].target
    # days without a target are counted on neither side
    assert found is not None and (found.value, found.reached) == (target, reached.value)
    assert found.days == f"until {Formats('en_US', 'USD').day(end)}"
    never = {"from_": ["2040-01-01"], "to": ["2040-01-31"]}
    assert row.content(context(**never)).figures[0].target is None


def test_what_is_known_by_month_alone_is_shown_over_a_year(context: Of, shop: Shop) -> None:
    of = context(period=["30d"])
    content = Trend("net_sales", by="brand").content(of)
    [[first, last]] = shop.sql(
        "select min(month_start_date), max(month_start_date) from product_performance_monthly "
        "where month_start_date > cast(? as date) - interval 12 month and month_start_date <= ?",
        [of.view.period.end, of.view.period.end],
    ).fetchall()
    assert (content.rows[0][0], content.rows[-1][0]) == (first, last)
    assert content.notes[0].startswith("whole months: ")


def test_values_that_do_not_add_up_are_not_added(context: Of, shop: Shop) -> None:
    of = context(period=["all"], by=["year"])
    chart = Trend("average_order_value", by="state", series=2).content(of)
    [[states]] = shop.sql("select count(distinct state_code) from sales_daily where order_count > 0").fetchall()
    assert len(chart.series) == 2 and not any("others" in series.name for series in chart.series)
    assert chart.notes == (f"without {states - 2} others",)
