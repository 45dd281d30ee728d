from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from serve.bi.conftest import NOTHING, SPRING, Chosen
from shophouse.metrics import MetricQuery, compile_query
from shophouse.metrics.conditions import Condition
from shophouse.metrics.personal import personal_columns
from shophouse.serve.bi import SetUp
from shophouse.serve.bi.questions import Question
from shophouse.serve.dashboard.blocks import Context, RowOfFigures
from shophouse.serve.dashboard.contents import Figures
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.pages import pages
from shophouse.serve.dashboard.published import WithoutPersonal
from shophouse.serve.dashboard.view import read_view
from shophouse.shop import Shop

Answers = Callable[[Chosen], dict[str, list[tuple[Any, ...]]]]


def question(set_up: SetUp, name: str) -> Question:
    return next(one for dashboard in set_up.dashboards for one in dashboard.questions if one.name == name)


def plain(value: Any) -> Any:
    return round(float(value), 9) if isinstance(value, Decimal | float) else value


def test_every_page_of_the_navigation_is_a_dashboard_with_all_that_it_shows(set_up: SetUp) -> None:
    names = [one.name for dashboard in set_up.dashboards for one in dashboard.questions]
    assert len(names) == len(set(names)) > 100
    assert [dashboard.name for dashboard in set_up.dashboards] == [p.name for p in pages().values() if not p.under]
    for dashboard in set_up.dashboards:
        page = pages()[dashboard.name]
        shown, _ = page.shown(set_up.published)
        titles = {one.title for one in dashboard.questions}
        assert {block.title for block in shown if "figure" not in type(block).__name__.lower()} <= titles
        assert dashboard.title == page.title and dashboard.description
        assert all(one.description for one in dashboard.questions)


@pytest.mark.parametrize("chosen", [NOTHING, SPRING], ids=["the last 30 days", "months of one channel"])
def test_a_question_answers_what_the_dashboard_shows(
    set_up: SetUp, shop: Shop, answers: Answers, chosen: Chosen
) -> None:
    found = answers(chosen)
    [(first, last, until)] = set_up.published.query(
        "select min(date_day), max(date_day) filter (order_count > 0), max(date_day) from sales_daily"
    ).rows
    words = {"from": chosen.start, "to": chosen.end, "by": chosen.grain, "channel": chosen.channel}
    view = read_view({name: [word] for name, word in words.items() if word}, first, last, until=until)
    assert not view.problems
    published = WithoutPersonal(set_up.published, personal_columns(shop.project))
    context = Context(published, set_up.catalogue, Formats("en_US", set_up.currency), view)
    compared = 0
    for dashboard in set_up.dashboards:
        blocks, _ = pages()[dashboard.name].shown(set_up.published)
        questions = iter(dashboard.questions)
        for block in blocks:
            content = block.content(context)
            if isinstance(content, Figures):
                for figure in content.figures:
                    one = next(questions)
                    assert one.columns[0].name == figure.metric
                    [[value]] = found[one.name]
                    assert plain(value) == plain(figure.value), one.name
                    compared += 1
                continue
            one = next(questions)
            rows, columns = found[one.name], [column.name for column in one.columns]
            shown = [tuple(map(plain, row)) for row in content.rows]
            if not isinstance(block, RowOfFigures) and hasattr(block, "limit"):
                shown = shown[: block.limit]
            names = set_up.published.query(_filled(one, chosen)).columns
            at = [names.index(column) for column in columns]
            assert [tuple(plain(row[i]) for i in at) for row in rows] == shown, one.name
            compared += bool(shown)
    assert compared > 110


def _filled(one: Question, chosen: Chosen) -> str:
    from shophouse.serve.bi.sql import filled

    return filled(one.sql, chosen.sql)


@pytest.mark.parametrize("metric", ["net_sales", "orders", "average_order_value", "new_customers", "return_rate"])
def test_a_figure_is_the_metric_of_the_catalogue(set_up: SetUp, answers: Answers, metric: str) -> None:
    label = set_up.catalogue.metric(metric).label.lower().replace(" ", "-")
    where = (Condition("channel", ("web",)),)
    asked = MetricQuery((metric,), where=where, start=date(2025, 8, 12), end=date(2025, 11, 7))
    compiled = compile_query(set_up.catalogue, asked)
    [[expected]] = set_up.published.query(compiled.sql, compiled.parameters).rows
    name = next(n for n in answers(SPRING) if n.endswith(f"/figure-{label}") and n.startswith(("overview", "sales")))
    assert answers(SPRING)[name] == [(expected,)]
    assert expected


def test_a_trend_adds_up_to_the_metric(set_up: SetUp, answers: Answers) -> None:
    whole = Chosen("2025-09-01", "2025-10-31", "week")
    compiled = compile_query(
        set_up.catalogue, MetricQuery(("net_sales",), start=date(2025, 9, 1), end=date(2025, 10, 31))
    )
    [[total]] = set_up.published.query(compiled.sql, compiled.parameters).rows
    rows = answers(whole)["overview/net-sales"]
    assert sum(row[1] for row in rows) == total
    assert all(row[0].weekday() == 0 for row in rows) and len(rows) == 9


def test_what_a_shop_lacks_is_no_question(set_up: SetUp) -> None:
    titles = [one.title for dashboard in set_up.dashboards for one in dashboard.questions]
    assert "Tests that did not pass" not in titles
    assert "What moved" not in titles


def test_no_question_shows_personal_data(set_up: SetUp, shop: Shop, answers: Answers) -> None:
    names = {
        row[0] for row in shop.sql("select employee_name from core.dim_employee where employee_key <> 0").fetchall()
    }
    assert names
    for name, rows in answers(NOTHING).items():
        assert not names & {value for row in rows for value in row}, name
