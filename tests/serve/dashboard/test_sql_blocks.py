from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable
from shophouse.shop import Shop

Of = Callable[..., Context]


@pytest.fixture
def sql(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "query.sql"
        file.write_text(text, "utf-8")
        return file

    return write


def test_figures_are_compared_with_the_column_of_before(context: Of, sql: Callable[[str], Path]) -> None:
    file = sql("select 12 as late, 10 as late_before, 3 as others")
    columns = (Column("late", "Late", "count"), Column("others", "Others", "count"))
    late, others = SqlFigures("F", file, columns=columns, better={"late": "down"}).content(context()).figures
    assert (late.value, late.before, late.change, late.is_good) == (12, 10, "+20.0%", False)
    assert (others.before, others.change, others.is_good) == (None, None, None)


def test_a_column_means_what_the_catalogue_says_of_it(context: Of, sql: Callable[[str], Path]) -> None:
    columns = (Column("net_sales_amount", "Net sales", "money"), Column("own", "Own", "text", "Its own words."))
    table = SqlTable("T", sql("select 1 as net_sales_amount, 'a' as own"), columns=columns).content(context())
    net_sales = context().catalogue.metric("net_sales")
    assert table.columns[0].definition == net_sales.definition != ""
    assert table.columns[1].definition == "Its own words."


def test_a_spread_chart_has_a_series_for_each_value_of_its_second_column(
    context: Of, sql: Callable[[str], Path]
) -> None:
    file = sql("select * from (values ('a', 'x', 1), ('a', 'y', 2), ('b', 'y', 3)) as t (label, series, value)")
    content = SqlChart("S", file, is_spread=True).content(context())
    assert content.labels == ("a", "b")
    assert [(one.name, one.values) for one in content.series] == [("x", (1, None)), ("y", (2, 3))]


def test_rows_of_a_heat_map_lead_on_with_the_choices_of_the_view(context: Of, sql: Callable[[str], Path]) -> None:
    file = sql("select * from (values ('a b', 1, 5), ('a b', 2, 1), ('c', 1, 2)) as t (label, later, value)")
    content = SqlChart("H", file, kind="heatmap", link="/people?segment={label}").content(context(channel=["web"]))
    assert content.links == ("/people?segment=a%20b&channel=web", "/people?segment=c&channel=web")
    assert content.columns_across == ("1", "2")
    assert content.series[1].values == (2, None)


def test_steps_of_a_waterfall_that_stand_on_the_ground_are_told(context: Of, sql: Callable[[str], Path]) -> None:
    file = sql("select * from (values ('in', 5, true), ('off', -2, false), ('left', 3, true)) as t (s, v, is_total)")
    columns = (Column("s", "Step"), Column("v", "Value", "money"))
    assert SqlChart("W", file, kind="waterfall", columns=columns).content(context()).totals == (0, 2)


@pytest.mark.parametrize("evil", ["x' or 1 = 1 --", "1); drop table marts.sales_daily; --", "abc"])
def test_what_a_page_is_about_is_never_read_as_sql(
    context: Of, shop: Shop, sql: Callable[[str], Path], evil: str
) -> None:
    file = sql("select product_name from marts.product_performance where product_id = $key")
    content = SqlTable("T", file).content(context(key=[evil]))
    assert content.rows == ()
    shop.sql(content.sql)
    assert shop.sql("select count(*) from sales_daily").fetchall()[0][0] > 0


def test_it_is_told_which_days_rows_are_of(context: Of, sql: Callable[[str], Path]) -> None:
    file, of = sql("select 1 as one"), context(from_=["2025-03-10"], to=["2025-04-02"])
    all_of = ("period", "months", "year", "x")
    notes = {covers: SqlTable("T", file, covers=covers).content(of).notes for covers in all_of}
    assert notes == {
        "period": (),
        "months": ("whole months: Mar 2025 – Apr 2025",),
        "year": ("whole months: May 2024 – Apr 2025",),
        "x": ("x",),
    }
