from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from shophouse.serve.dashboard.blocks import Context, Ranking, RowOfFigures, SqlTable, Trend
from shophouse.serve.dashboard.contents import Figures
from shophouse.serve.dashboard.pages import Page, pages
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
    of = context(**parameters)
    for block in page.blocks:
        content = block.content(of)
        assert content.title
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


def test_a_click_on_a_ranking_filters_the_page(context: Of) -> None:
    content = Ranking("orders", "channel").content(context(period=["all"]))
    assert content.links[0] == f"/?period=all&channel={content.labels[0]}"


def test_values_of_an_address_are_never_read_as_sql(context: Of, tmp_path: object) -> None:
    evil = "x') or 1 = 1 --"
    of = context(period=["all"], channel=[evil])
    assert Ranking("net_sales", "country").content(of).rows == ()
    table = pages()["sales"].blocks[-1]
    assert isinstance(table, SqlTable)
    assert table.content(of).rows == ()


def test_money_stays_exact(context: Of) -> None:
    content = Trend("net_sales").content(context(period=["all"]))
    assert all(isinstance(row[-1], Decimal) for row in content.rows)
