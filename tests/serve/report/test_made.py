"""What stands in a report, against SQL that is written by hand and against the dashboard's own contents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from babel.numbers import get_decimal_symbol, get_group_symbol

from serve.report.parsed import Element, chapter, figure, parsed, section
from shophouse.errors import BuildError, ConfigError
from shophouse.metrics import Catalogue
from shophouse.project import Project
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Chart, Content, Figures, Table
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.pages import pages
from shophouse.serve.dashboard.published import Published
from shophouse.serve.dashboard.sql_blocks import SqlTable
from shophouse.serve.dashboard.view import read_view
from shophouse.serve.report.drawing import draw
from shophouse.serve.report.made import Asked, Report, made
from shophouse.shop import Shop

LAST_MONTH = "between date '2025-12-01' and date '2025-12-31'"
MONTH_BEFORE = "between date '2025-11-01' and date '2025-11-30'"
BY_HAND = {
    (
        "overview",
        "net_sales",
    ): "select sum(net_sales_amount_reporting) from core.fct_sales_ledger where event_date {days}",
    ("overview", "orders"): "select count(*) from core.fct_orders where is_valid and order_date {days}",
    ("overview", "new_customers"): "select count(*) from core.fct_orders where is_first_order and order_date {days}",
    ("overview", "average_order_value"): (
        "select (select sum(net_sales_amount_reporting) from core.fct_sales_ledger where event_date {days}) / count(*) "
        "from core.fct_orders where is_valid and order_date {days}"
    ),
    ("overview", "returning_order_share"): (
        "select avg(case when is_first_order then 0 else 1 end) from core.fct_orders "
        "where is_valid and order_date {days}"
    ),
    ("overview", "conversion_rate"): (
        "select avg(case when has_order then 1 else 0 end) from core.fct_sessions where session_date {days}"
    ),
    ("sales", "gross_sales"): "select sum(gross_amount_reporting) from core.fct_sales_ledger where event_date {days}",
    ("sales", "discounts"): "select -sum(discount_amount_reporting) from core.fct_sales_ledger where event_date {days}",
    ("sales", "returns"): "select -sum(return_amount_reporting) from core.fct_sales_ledger where event_date {days}",
    ("sales", "cancellations"): (
        "select -sum(cancellation_amount_reporting) from core.fct_sales_ledger where event_date {days}"
    ),
    (
        "sales",
        "total_sales",
    ): "select sum(total_sales_amount_reporting) from core.fct_sales_ledger where event_date {days}",
    ("products", "units_sold"): "select sum(quantity) from core.fct_sales_ledger where event_date {days}",
    ("marketing", "spend"): "select sum(spend_amount_reporting) from core.fct_ad_spend_daily where spend_date {days}",
    ("marketing", "sessions"): "select count(*) from core.fct_sessions where session_date {days}",
    ("operations", "parcels"): (
        "select count(*) from core.fct_shipments join core.fct_orders using (order_key) "
        "where fct_orders.order_date {days}"
    ),
}


def number(text: str, locale: str = "en_US") -> Decimal:
    """What a person reads as a number; a share is read as a hundredth of what is written."""
    plain = text.replace(get_group_symbol(locale), "").replace(get_decimal_symbol(locale), ".")
    found = Decimal("".join(letter for letter in plain if letter in "0123456789.-"))
    return found / 100 if "%" in text else found


def agrees(shown: str, calculated: Any, locale: str = "en_US") -> bool:
    """Whether what is shown is a number, rounded to as many digits as are shown."""
    digits = re.sub(r"[^0-9.,]", "", shown).rpartition(get_decimal_symbol(locale))
    step = Decimal(10) ** (-len(digits[2]) if digits[1] else 0) / (100 if "%" in shown else 1)
    return abs(number(shown, locale) - Decimal(str(calculated))) <= step * Decimal("0.5001")


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return parsed(html)


@pytest.fixture(scope="module")
def dashboard(shop: Shop) -> Callable[..., Context]:
    """The context of an address of the dashboard, read as the dashboard reads it."""
    [[first, last]] = shop.sql("select min(date_day), max(date_day) from sales_daily").fetchall()

    def of(**parameters: str) -> Context:
        view = read_view({name.removesuffix("_"): [value] for name, value in parameters.items()}, first, last)
        assert not view.problems
        formats = Formats("en_US", shop.project.currency)
        return Context(Published(shop.engine), Catalogue.packaged(), formats, view)

    return of


@pytest.mark.parametrize(("of", "metric"), BY_HAND, ids=lambda word: word)
def test_a_figure_is_that_of_sql_by_hand(page: Element, shop: Shop, of: str, metric: str) -> None:
    found = figure(page, of, metric)
    [[now]] = shop.sql(BY_HAND[of, metric].format(days=LAST_MONTH)).fetchall()
    [[before]] = shop.sql(BY_HAND[of, metric].format(days=MONTH_BEFORE)).fetchall()
    assert agrees(found.one("div", "value").text, now)
    assert agrees(found.one("span", "before").text, before)
    change = re.sub(r"from.*", "", found.one("div", "change").text)
    is_points = "pp" in change
    expected = (float(now) - float(before)) * 100 if is_points else (float(now) / float(before) - 1) * 100
    assert float(number(change.replace("%", ""))) == pytest.approx(expected, abs=0.0501)


def test_rows_of_charts_and_tables_are_those_of_sql_by_hand(page: Element, shop: Shop) -> None:
    channels = section(page, "overview", "Net sales by channel").rows()
    expected = shop.sql(
        "select channel, sum(net_sales_amount) as net from sales_daily "
        f"where date_day {LAST_MONTH} group by 1 order by 2 desc"
    ).fetchall()
    assert [row[0].lower().replace(" ", "_") for row in channels] == [name for name, _ in expected]
    assert all(agrees(row[2], net) for row, (_, net) in zip(channels, expected, strict=True))
    [values, _] = section(page, "overview", "Orders").all("details")
    by_day = dict(
        shop.sql(
            f"select date_day, sum(order_count) from sales_daily where date_day {LAST_MONTH} group by 1"
        ).fetchall()
    )
    shown = [row[1] for row in values.rows()[1:]]
    assert shown == [str(by_day.get(date(2025, 12, day), "–")) for day in range(1, 32)]
    hours = section(page, "sales", "Orders by hour").rows()[1:]
    assert sum(int(cell) for row in hours for cell in row[1:] if cell) == len(
        shop.sql("select 1 from core.fct_orders where is_valid").fetchall()
    )


def written(content: Content, formats: Formats) -> Iterator[str]:
    """All values of a content as people read them, in its order."""
    if isinstance(content, Figures):
        yield from (formats.value(figure.value, figure.unit) for figure in content.figures)
    elif isinstance(content, Table):
        for row in content.rows[: content.shown]:
            yield from (formats.value(value, column.unit) for value, column in zip(row, content.columns, strict=True))
    else:
        yield from _of_chart(content, formats)


def _of_chart(content: Chart, formats: Formats) -> Iterator[str]:
    second = content.second_unit or content.unit
    for at, label in enumerate(content.labels):
        if content.kind == "heatmap":
            cells = content.series[at].values
            yield from ("" if value is None else formats.short(value, content.unit) for value in cells)
            continue
        yield label
        for number, series in enumerate(content.series):
            unit = second if content.kind == "scatter" and number else content.unit
            value = series.values[at] if at < len(series.values) else None
            yield formats.value(value, unit)


def shown(part: Element, content: Content) -> list[str]:
    """The same values, as they stand in the report."""
    if isinstance(content, Figures):
        return [found.text for found in part.all("div", "value")]
    if isinstance(content, Table):
        return [cell for row in part.rows()[1:] for cell in row]
    if content.kind == "heatmap":
        return [cell for row in part.rows()[1:] for cell in row[1:]]
    if content.kind in ("ranking", "waterfall", "funnel"):
        cells = [cell for row in part.all("tr") for cell in row.children if isinstance(cell, Element)]
        texts = [cell.attributes.get("title") or cell.text for cell in cells if "track" not in cell.classes]
        return [text.split(" (")[0] if content.kind == "funnel" and text[0].isdigit() else text for text in texts]
    return [cell for row in part.all("details")[0].rows()[1:] for cell in row]


@pytest.mark.parametrize("name", [page.name for page in pages().values() if not page.under and page.name != "health"])
@pytest.mark.parametrize(
    ("asked", "address"),
    [
        (Asked(), {"from_": "2025-12-01", "to": "2025-12-31"}),
        (Asked("90d", "year", where="channel = 'web'"), {"period": "90d", "compare": "year", "channel": "web"}),
    ],
    ids=["month", "filtered"],
)
def test_it_shows_what_the_dashboard_shows(
    shop: Shop, dashboard: Callable[..., Context], name: str, asked: Asked, address: dict[str, str]
) -> None:
    of = dashboard(**address)
    report = made(shop.project, shop.engine, Asked(asked.period, asked.compare, (name,), asked.where, True))
    page = parsed(draw(report))
    blocks, lacking = pages()[name].shown(of.published)
    titles = [found.text for found in chapter(page, name).all("h3")]
    assert titles == [block.title for block in blocks]
    assert not lacking
    compared = 0
    for block in blocks:
        content = block.content(of)
        part = section(page, name, block.title)
        has_values = not isinstance(content, Chart) or any(v is not None for s in content.series for v in s.values)
        if has_values and (not isinstance(content, Table) or content.rows):
            expected = list(written(content, of.formats))
            assert shown(part, content) == expected, block.title
            compared += len(expected)
        else:
            assert part.all("p", "nothing")
        for note in content.notes:
            assert note in part.text
    assert compared > 30


def test_every_metric_in_it_is_defined_as_in_the_catalogue(page: Element, report: Report) -> None:
    catalogue = Catalogue.packaged()
    defined = {part.attributes["id"]: part.text for part in chapter(page, "definitions").all("div")}
    for found in page.all("div", "figure"):
        name = found.attributes["data-metric"]
        if name in catalogue.metrics:
            metric = catalogue.metric(name)
            assert all(words in defined[f"metric-{name}"] for words in (metric.formula, metric.basis, metric.excludes))
    targets = [link.attributes["href"] for link in page.all("a")]
    ids = {
        f"#{part.attributes['id']}"
        for part in [*page.all("section", "chapter"), *page.all("div")]
        if "id" in part.attributes
    }
    assert set(targets) <= ids
    assert len(defined) == len(report.definitions) > 30


def test_it_ends_with_the_reconciliation(page: Element, shop: Shop, report: Report) -> None:
    names = [found.attributes["id"] for found in page.all("section", "chapter")]
    assert names[-2:] == ["reconciliation", "definitions"]
    [[net, orders]] = shop.sql(
        "select (select sum(net_sales_amount_reporting) from core.fct_sales_ledger), "
        "(select count(*) from core.fct_orders)"
    ).fetchall()
    [_, source, marts, difference] = section(page, "reconciliation", "From the sources to the marts").rows()
    assert number(source[1]) == number(marts[1]) == orders
    assert agrees(source[3], net) and agrees(marts[3], net)
    assert [number(cell) for cell in difference[1:4]] == [0, 0, 0]
    [[held, money]] = shop.sql("select count(*), sum(amount) from ops.rejected_rows where entity = 'orders'").fetchall()
    assert number(source[4]) == held and agrees(source[5], money)
    [[unread]] = shop.sql("select sum(rejected_row_count) from ops.loads").fetchall()
    [[broken, lost]] = shop.sql("select count(*), sum(amount) from ops.rejected_rows").fetchall()
    rows = section(page, "reconciliation", "Held back").rows()[1:]
    assert sum(number(row[3]) for row in rows) == unread + broken
    assert sum(number(row[4]) for row in rows if row[4] != "–") == lost
    laws = section(page, "reconciliation", "Laws").rows()[1:]
    [[tests]] = shop.sql(
        "select count(*) from ops.test_results where run_id = (select max(run_id) from ops.test_results)"
    ).fetchall()
    assert sum(number(row[1]) for row in laws) == tests
    assert {row[3] for row in laws} == {"Holds"}
    loads = section(page, "reconciliation", "Sources").rows()[1:]
    [[arrived]] = shop.sql("select sum(row_count) from ops.loads").fetchall()
    assert sum(number(row[7]) for row in loads) == arrived
    [[run]] = shop.sql("select max(run_id) from ops.runs").fetchall()
    assert run in page.one("footer").text
    assert f"version {shop.engine.published()}" in page.one("footer").text


def test_it_asks_nothing_of_the_outside(html: str) -> None:
    assert "<script" not in html
    assert not re.search(r"""(?:https?:)?//[a-z0-9]|\bsrc=|<link|@import|url\(|\bon[a-z]+=\"""", html)
    assert "default-src 'none'" in html


def test_the_same_version_and_period_give_the_same_bytes(shop: Shop, html: str) -> None:
    for words in ("last month", "2025-12", "2025-12-01..2025-12-31"):
        assert draw(made(shop.project, shop.engine, Asked(words))) == html


def test_numbers_and_days_are_those_of_the_shops_locale(shop: Shop) -> None:
    project = shop.project.model_copy(update={"serve": shop.project.serve.model_copy(update={"locale": "de_DE"})})
    page = parsed(draw(made(project, shop.engine, Asked(pages=("overview",)))))
    assert page.one("h1").text == "Dezember 2025"
    [[net]] = shop.sql(BY_HAND["overview", "net_sales"].format(days=LAST_MONTH)).fetchall()
    text = figure(page, "overview", "net_sales").one("div", "value").text
    assert "," in text and agrees(text, net, "de_DE")


def test_personal_data_is_in_it_only_when_asked_for(shop: Shop, html: str) -> None:
    names = [
        name
        for [name] in shop.sql(
            "select distinct employee_name from core.dim_employee where employee_key <> 0"
        ).fetchall()
    ]
    emails = [
        mail for [mail] in shop.sql("select distinct email from core.dim_customer where email is not null").fetchall()
    ]
    assert names and emails
    assert not [word for word in (*names, *emails) if word in html]
    full = draw(made(shop.project, shop.engine, Asked(pages=("operations",), personal_data=True)))
    assert any(name in full for name in names)


def test_a_section_of_personal_data_is_left_out_and_told(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = tmp_path / "emails.sql"
    query.write_text("select email from core.dim_customer where email is not null order by 1", "utf-8")
    overview = pages()["overview"]
    monkeypatch.setitem(pages(), "overview", replace(overview, blocks=(SqlTable("Mails", query),)))
    page = parsed(draw(made(shop.project, shop.engine, Asked(pages=("overview",)))))
    assert "--with-personal-data" in section(page, "overview", "Mails").one("p", "nothing").text
    page = parsed(draw(made(shop.project, shop.engine, Asked(pages=("overview",), personal_data=True))))
    assert "@" in section(page, "overview", "Mails").rows()[1][0]


def test_what_is_not_over_is_told(shop: Shop) -> None:
    page = parsed(draw(made(shop.project, shop.engine, Asked("2025-12-01..2026-01-31", pages=("overview",)))))
    assert "Not over yet: the last order that is known of is of Dec 31, 2025." in [
        p.text for p in page.all("p", "about")
    ]


def test_names_of_the_shop_are_text_and_never_html(shop: Shop) -> None:
    project = shop.project.model_copy(update={"name": "<b>&Co</b>"})
    page = parsed(draw(made(project, shop.engine, Asked(pages=("overview",)))))
    assert page.one("p", "shop").text == "<b>&Co</b>"


@pytest.mark.parametrize(
    ("asked", "what", "told"),
    [
        (Asked(pages=("overvew",)), "there is no page 'overvew'", "did you mean overview?"),
        (Asked(pages=("orders",)), "there is no page 'orders'", ""),
        (Asked(where="moon = 'full'"), "a report can't be filtered by 'moon'", "it can by store, channel"),
        (Asked(where="channel = 'webb'"), "there is no channel 'webb'", "did you mean web?"),
        (Asked(where="channel != 'web'"), "channel can be one of several values", "channel in"),
        (Asked(where="channel = 'x' or 1=1; drop table x"), "there is no channel|can't be read", ""),
        (Asked("1999"), "there is nothing of 1999-01-01 to 1999-12-31", "2025-06-15"),
    ],
)
def test_what_is_not_understood_is_told(shop: Shop, asked: Asked, what: str, told: str) -> None:
    with pytest.raises(ConfigError, match=what) as refused:
        made(shop.project, shop.engine, asked)
    assert told in " ".join((*refused.value.why, *refused.value.hint))


def test_nothing_published_is_told(tmp_path: Path) -> None:
    (tmp_path / "shophouse.yml").write_text("name: kiosk\ncurrency: EUR\n", "utf-8")
    shop = Shop(Project.load(tmp_path))
    with pytest.raises(BuildError, match="nothing is published yet"):
        shop.report()
