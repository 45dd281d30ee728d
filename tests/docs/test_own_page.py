"""The page of the guide in a report and a BI tool's set-up, against SQL on the marts; and pages that are broken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import shophouse
from built_shop import shophouse as typed
from serve.report.parsed import Element, figure, parsed, section
from serve.report.test_made import agrees
from shophouse.errors import ConfigError, ShophouseError
from shophouse.project import Project
from shophouse.serve.bi import set_up_of
from shophouse.serve.bi.sql import filled
from shophouse.serve.dashboard.pages import load_pages, pages
from shophouse.serve.report.made import Asked, made
from shophouse.shop import Shop

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def without_pages_of_a_shop(tmp_path: Path) -> Iterator[None]:
    yield
    load_pages(tmp_path / "no shop")


@pytest.fixture(scope="module")
def shop(own: Path) -> Shop:
    return shophouse.open(own)


@pytest.fixture(scope="module")
def page(own: Path) -> Element:
    [file] = (own / "reports").glob("report-*-tea.html")
    return parsed(file.read_text("utf-8"))


def test_the_report_of_a_page_has_the_figures_of_the_marts(page: Element, shop: Shop) -> None:
    by_hand = {
        "tea_sales": "select sum(net_sales_amount) from marts.product_performance where category_name = 'Tea'",
        "net_sales": "select sum(net_sales_amount) from marts.sales_daily",
        "orders": "select sum(order_count) from marts.sales_daily",
    }
    for metric, sql in by_hand.items():
        [(known,)] = shop.sql(sql).fetchall()
        assert agrees(figure(page, "tea", metric).one("div", "value").text, known), metric
    rows = section(page, "tea", "Days of the week").rows()[1:]
    known = shop.sql("select day_name, category_name, net_sales_amount from marts.sales_by_weekday").fetchall()
    assert sorted(row[:2] for row in rows) == sorted([day.capitalize(), category] for day, category, _ in known)
    amounts = {(day.capitalize(), category): amount for day, category, amount in known}
    assert all(agrees(amount, amounts[day, category]) for day, category, amount in rows)


def test_a_page_is_in_a_report_of_all_pages(shop: Shop) -> None:
    report = made(shop.project, shop.engine, Asked("12m"))
    assert [chapter.name for chapter in report.chapters][-1] == "tea"
    assert "tea_sales" in report.definitions


def test_a_page_is_a_dashboard_of_a_bi_tool(own: Path, shop: Shop) -> None:
    [file] = (own / "bi" / "superset" / "shophouse" / "dashboards").glob("*tea*.yaml")
    assert yaml.safe_load(file.read_text("utf-8"))["dashboard_title"].endswith("Tea")
    set_up = set_up_of(shop.project, shop.engine)
    [tea] = [dashboard for dashboard in set_up.dashboards if dashboard.name == "tea"]
    answers = {
        question.name: set_up.published.query(filled(question.sql, {"start": "'2000-01-01'"})).rows
        for question in tea.questions
    }
    [(sales,)] = shop.sql(
        "select sum(net_sales_amount) from marts.product_performance where category_name = 'Tea'"
    ).fetchall()
    assert [row[-1] for row in answers["tea/figure-tea-sales"]] == [sales]
    columns = "day_name, category_name, net_sales_amount"
    known = shop.sql(f"select {columns} from marts.sales_by_weekday order by day_of_week, category_name").fetchall()
    assert list(answers["tea/days-of-the-week"]) == known


BROKEN = {
    "a module that is away": ("__init__.py", "import nothing_of_this_name\n", None, "tea can't be loaded"),
    "no page": ("__init__.py", "page = 1\n", None, "tea has no PAGE"),
    "no query": ("weekdays.sql", None, "Days of the week", "the query of Days of the week can't be read"),
    "a query that fails": ("weekdays.sql", "select * from marts.no_such", "Days of the week", "a query failed"),
    "another column": (
        "weekdays.sql",
        "select 1 as day, 2 as net_sales_amount",
        "Days of the week",
        "no column day_name",
    ),
    "an unknown metric": ("__init__.py", ("tea_share", "tea_shares"), "At a glance", "tea_shares"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_page_is_told_with_its_place_by_reports_and_bi_tools(own: Path, tmp_path: Path, fault: str) -> None:
    name, text, block, told = BROKEN[fault]
    shop = Shop.open(own)
    folder = tmp_path / "shop"
    for name_of in ("pages", "models"):
        shutil.copytree(own / name_of, folder / name_of)
    for name_of in ("shophouse.yml", "metrics.yml"):
        shutil.copy(own / name_of, folder)
    file = folder / "pages" / "tea" / name
    if text is None:
        file.unlink()
    else:
        file.write_text(text if isinstance(text, str) else file.read_text("utf-8").replace(*text), "utf-8")
    project = Project.load(folder)
    for made_of in (
        lambda: made(project, shop.engine, Asked("12m")),
        lambda: set_up_of(project, shop.engine).dashboards,
    ):
        with pytest.raises(ShophouseError) as caught:
            made_of()
        error = caught.value
        assert told in error.what or told in "".join(error.why), error.render()
        where = "\n".join(error.where)
        assert f"{block}, on the page tea" in where if block else str(file) in where
        assert block is None or name != "weekdays.sql" or str(file) in where
        assert error.hint


def test_what_is_typed_ends_with_the_place_and_writes_nothing(own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(own, folder, symlinks=True)
    shutil.rmtree(folder / "reports")
    query = folder / "pages" / "tea" / "weekdays.sql"
    query.write_text(query.read_text("utf-8").replace("day_name,", "day_name as day,", 1), "utf-8")
    done = typed("report", "--pages", "tea", "--period", "12m", folder=folder)
    assert (done.returncode, done.stdout) == (ConfigError.exit_code, "")
    for line in ("gives no column day_name", "Days of the week, on the page tea", "weekdays.sql", "did you mean"):
        assert line in done.stderr
    assert not list(folder.glob("reports/*.html"))


def test_pages_of_one_shop_are_not_those_of_the_next(own: Path, tmp_path: Path) -> None:
    ours = dict(pages())
    load_pages(own)
    assert set(pages()) - set(ours) == {"tea"}
    broken = tmp_path / "pages" / "broken"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("PAGE = None\n")
    with pytest.raises(ConfigError, match="broken has no PAGE"):
        load_pages(tmp_path)
    assert "tea" in pages()
    (broken / "__init__.py").unlink()
    load_pages(tmp_path)
    assert pages() == ours
