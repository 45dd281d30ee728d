"""The dashboard as people meet it: a real browser, and the dashboard as a process of its own."""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from babel.numbers import get_decimal_symbol, get_group_symbol

import shophouse as package
from built_shop import DemoShop
from servers.browser import axe, serving
from shophouse.metrics import Catalogue, MetricQuery, compile_query
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.pages import pages
from shophouse.serve.dashboard.users import Users
from shophouse.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.slow, pytest.mark.server]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 900}},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 800}, "has_touch": True},
}
READABLE = Path(__file__).with_name("readable.js").read_text("utf-8")
DRAWN = """() => document.querySelector('.missing') || (
    document.querySelectorAll('.block-body').length > 0 && !document.querySelector('.block-body .q-skeleton'))"""
ALL_DRAWN = """() => [...document.querySelectorAll('.block-body')].every(one => one.dataset.shows) &&
    [...document.querySelectorAll('.chart')].every(one => one.querySelector('canvas'))"""
SHOW_ANOTHER = (
    """words => [...document.querySelectorAll('.block-body')].every(one => one.dataset.shows.endsWith(words))"""
)
FIRST_POINT = """async title => {
    const { echarts } = await import('nicegui-echart')
    const panel = [...document.querySelectorAll('.panel')].find(one => one.querySelector('h2').innerText === title)
    const element = panel.querySelector('.chart')
    const chart = echarts.getInstanceByDom(element)
    const [x, y] = chart.convertToPixel({ seriesIndex: 0 }, [0, chart.getOption().series[0].data[0]])
    const { left, top } = element.getBoundingClientRect()
    return [left + x, top + y]
}"""
PERIOD_SAYS = """words => document.querySelector('input[aria-label=Period]').value.includes(words)"""
# of the last thirty days; written by hand, so that the catalogue's SQL is not compared with itself
BY_HAND = {
    "net_sales": "select sum(net_sales_amount) from sales_daily where {days}",
    "orders": "select sum(order_count) from sales_daily where {days}",
    "average_order_value": "select sum(net_sales_amount) / sum(order_count) from sales_daily where {days}",
    "gross_sales": "select sum(gross_amount) from sales_daily where {days}",
    "discounts": "select sum(discount_amount) from sales_daily where {days}",
    "returns": "select sum(return_amount) from sales_daily where {days}",
    "cancellations": "select sum(cancellation_amount) from sales_daily where {days}",
}


@pytest.fixture(scope="module")
def address(whole_shop: DemoShop) -> Iterator[str]:
    with serving(whole_shop.folder) as found:
        yield found


@contextmanager
def opened(browser: Browser, url: str, look: str = "light") -> Iterator[Page]:
    """A page once all of it is drawn. An error in its console and a request to another host fail the test."""
    host = url.split("/")[2]
    wrong: list[str] = []
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    page.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if _is_here(asked.url, host) else wrong.append(f"asked for {asked.url}"))
    page.goto(url)
    page.wait_for_function(DRAWN)
    yield page
    context.close()
    assert wrong == []


def _is_here(url: str, host: str) -> bool:
    return url.startswith(("data:", "blob:")) or url.split("/")[2] == host


def number(text: str, locale: str = "en_US") -> Decimal:
    """What a person reads as a number; a share is read as a hundredth of what is written."""
    plain = text.replace(get_group_symbol(locale), "").replace(get_decimal_symbol(locale), ".").replace("\xa0", "")
    found = Decimal("".join(letter for letter in plain if letter in "0123456789.-"))
    return found / 100 if "%" in text else found


def block(page: Page, title: str) -> Locator:
    return page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))


def figure(page: Page, metric: str) -> str:
    return page.locator(f".figure[data-metric={metric}] .figure-value").inner_text()


def choose(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=value, exact=True).click()


def of_menu(page: Page, title: str, item: str) -> None:
    block(page, title).get_by_role("button", name=f"{title}: SQL and downloads").click()
    page.locator(".q-menu").get_by_text(item, exact=True).click()


def agrees(shown: str, calculated: Any, locale: str = "en_US") -> bool:
    """Whether what is shown is a number, rounded to as many digits as are shown."""
    read = number(shown, locale)
    digits = read.normalize().as_tuple().exponent
    assert isinstance(digits, int)
    return abs(read - Decimal(str(calculated))) <= max(Decimal(10) ** digits, Decimal("0.001")) * Decimal("0.501")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", pages())
def test_a_page_is_readable(browser: Browser, address: str, name: str, look: str) -> None:
    with opened(browser, f"{address}/{name}", look) as page:
        page.wait_for_timeout(300)
        assert page.evaluate(READABLE) == []
        page.evaluate(axe())
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        told = [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found]
        assert [one for one, violation in zip(told, found, strict=True) if violation["impact"] != "minor"] == []
        assert page.get_by_role("heading", level=1).inner_text() == pages()[name].title


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "document.querySelector('.figure-value').style = 'width: 30px; overflow: hidden; text-wrap: nowrap'",
            "cut off",
        ),
        ("document.querySelectorAll('.figure-value')[1].style.marginTop = '-30px'", "overlap"),
        ("document.querySelector('.blocks').style.width = '3000px'", "wider than the window"),
    ],
)
def test_text_that_is_cut_off_or_overlaps_is_found(browser: Browser, address: str, fault: str, told: str) -> None:
    with opened(browser, f"{address}/overview") as page:
        page.evaluate(f"() => {{ {fault} }}")
        assert any(told in line for line in page.evaluate(READABLE))


@pytest.mark.parametrize("name", pages())
def test_figures_on_screen_are_those_of_the_marts(
    browser: Browser, address: str, shop: Shop, context: Callable[..., Context], name: str
) -> None:
    period = context().view.period
    days = f"date_day between date '{period.start}' and date '{period.end}'"
    with opened(browser, f"{address}/{name}") as page:
        for shown in page.locator(".figure").all():
            metric = str(shown.get_attribute("data-metric"))
            text = shown.locator(".figure-value").inner_text()
            if metric in BY_HAND:
                sql, given = BY_HAND[metric].format(days=days), ()
            elif metric in Catalogue.packaged().metrics and Catalogue.packaged().grain(metric) == "day":
                compiled = compile_query(
                    Catalogue.packaged(), MetricQuery((metric,), start=period.start, end=period.end)
                )
                sql, given = compiled.sql, compiled.parameters
            else:
                # of a month, or of a page's own query, which test_pages compares with core
                continue
            [[value]] = shop.sql(sql, list(given)).fetchall()
            assert (text == "–") if value is None else agrees(text, value), f"{metric}: {text} is not {value}"


def test_a_number_is_read_by_the_locale() -> None:
    assert number("1.234,56\xa0€", "de_DE") == Decimal("1234.56")
    assert number("$-1,234.50") == Decimal("-1234.50")
    assert number("12.5%") == Decimal("0.125")
    assert agrees("12.5%", "0.12473") and not agrees("12.5%", "0.1231")


def test_a_german_shop_reads_its_numbers_in_german(browser: Browser, whole_shop: DemoShop, tmp_path: Path) -> None:
    copy = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, copy)
    with (copy / "shophouse.yml").open("a", encoding="utf-8") as file:
        file.write("\nserve: {locale: de_DE}\n")
    with serving(copy) as address, opened(browser, f"{address}/overview") as page:
        text = figure(page, "net_sales")
        [[value]] = package.open(copy).sql(_last_thirty_days("sum(net_sales_amount)")).fetchall()
        assert "," in text and agrees(text, value, "de_DE")


def test_a_filter_changes_the_figures_in_place(browser: Browser, address: str, shop: Shop) -> None:
    with opened(browser, f"{address}/overview") as page:
        all_of_it = figure(page, "net_sales")
        page.evaluate("() => { window.stayed = true }")
        choose(page, "Channel", "web")
        page.keyboard.press("Escape")
        page.wait_for_url("**/overview?channel=web")
        page.wait_for_function(_shows_another(all_of_it))
        [[value]] = shop.sql(_last_thirty_days("sum(net_sales_amount)", "channel = 'web'")).fetchall()
        assert agrees(figure(page, "net_sales"), value)
        assert page.evaluate("() => window.stayed")
        # what leads to other pages takes the filter along
        assert page.get_by_role("link", name="Sales").get_attribute("href") == "/sales?channel=web"

        only_web = figure(page, "net_sales")
        page.go_back()
        page.wait_for_function(_shows_another(only_web))
        assert figure(page, "net_sales") == all_of_it
        assert page.evaluate("() => window.stayed")
        page.go_forward()
        page.wait_for_function(_shows_another(all_of_it))
        assert figure(page, "net_sales") == only_web


def test_charts_stay_and_show_another_view(browser: Browser, address: str, shop: Shop) -> None:
    with opened(browser, f"{address}/overview") as page:
        page.wait_for_function(ALL_DRAWN)
        marked = page.evaluate("() => [...document.querySelectorAll('canvas')].map(one => one.stayed = true).length")
        before = _pictures(page)
        choose(page, "Period", "Last 7 days")
        page.wait_for_function(SHOW_ANOTHER, arg="period=7d")
        assert (
            page.evaluate("() => [...document.querySelectorAll('canvas')].filter(one => one.stayed).length") == marked
        )
        after = _pictures(page)
        assert after["Net sales"] != before["Net sales"] and after["Orders"] != before["Orders"]
        # a click leads to what is shown now
        [[first]] = shop.sql("select max(date_day) - 6 from sales_daily").fetchall()
        page.mouse.click(*page.evaluate(FIRST_POINT, "Net sales"))
        page.wait_for_url(f"**/orders?day={first}*")


def test_what_is_downloaded_is_what_is_shown_now(browser: Browser, address: str, shop: Shop, tmp_path: Path) -> None:
    with opened(browser, f"{address}/sales") as page:
        of_menu(page, "Net sales by channel", "Show the SQL")
        page.get_by_role("button", name="Close").click()
        page.locator(".sql").wait_for(state="detached")
        choose(page, "Period", "Last 7 days")
        page.wait_for_function(SHOW_ANOTHER, arg="period=7d")
        with page.expect_download() as begun:
            of_menu(page, "Net sales by channel", "Download CSV")
        begun.value.save_as(tmp_path / "file.csv")
    rows = list(csv.DictReader((tmp_path / "file.csv").open(encoding="utf-8")))
    [[value]] = shop.sql(
        "select sum(net_sales_amount) from sales_daily where date_day > (select max(date_day) from sales_daily) - 7"
    ).fetchall()
    assert sum(Decimal(row["Net sales (USD)"]) for row in rows) == value


def test_a_table_turns_its_pages_and_is_sorted(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}/products") as page:
        table = block(page, "Top products")
        rows = table.locator("tbody tr")
        first, shown = rows.first.inner_text(), rows.count()
        table.get_by_role("button", name="Next page").click()
        rows.filter(has_text=first.split("\t")[0]).wait_for(state="detached")
        assert 0 < rows.count() <= shown
        header = table.get_by_role("columnheader", name="Net sales", exact=True)
        net = header.evaluate("one => one.cellIndex")
        header.click()
        table.locator("th.sorted").wait_for()
        values = [number(row.locator("td").nth(net).inner_text()) for row in rows.all()]
        assert values == sorted(values) and len(set(values)) > 1


def test_of_two_changes_the_last_is_shown(browser: Browser, address: str, shop: Shop) -> None:
    with opened(browser, f"{address}/sales") as page:
        page.get_by_label("Period", exact=True).click()
        page.get_by_role("option", name="All time", exact=True).click()
        page.get_by_label("Period", exact=True).click()
        page.get_by_role("option", name="Last 7 days", exact=True).click()
        page.wait_for_function(SHOW_ANOTHER, arg="period=7d")
        page.wait_for_timeout(500)
        assert page.evaluate(SHOW_ANOTHER, "period=7d")
        [[value]] = shop.sql(
            "select sum(net_sales_amount) from sales_daily where date_day > (select max(date_day) from sales_daily) - 7"
        ).fetchall()
        assert agrees(figure(page, "net_sales"), value)


def test_own_days_can_be_chosen_and_chosen_anew(browser: Browser, address: str, shop: Shop) -> None:
    formats = Formats("en_US", "USD")

    def choose_days(first: date, last: date) -> None:
        page.get_by_label("First day").fill(str(first))
        page.get_by_label("Last day").fill(str(last))
        page.get_by_role("button", name="Show", exact=True).click()
        page.wait_for_url(f"**/overview?from={first}&to={last}")
        page.wait_for_function(SHOW_ANOTHER, arg=f"from={first}&to={last}")
        page.wait_for_function(PERIOD_SAYS, arg=f"{formats.day(first)} – {formats.day(last)}")
        sql = "select sum(order_count) from sales_daily where date_day between ? and ?"
        [[value]] = shop.sql(sql, [first, last]).fetchall()
        assert agrees(figure(page, "orders"), value)

    [[start, end]] = shop.sql("select max(date_day) - 40, max(date_day) - 30 from sales_daily").fetchall()
    with opened(browser, f"{address}/overview") as page:
        choose(page, "Period", "Own days …")
        choose_days(start, end)
        choose(page, "Period", "Other days …")
        choose_days(start, start)
        choose(page, "Period", "Last 7 days")
        page.wait_for_function(SHOW_ANOTHER, arg="period=7d")
        page.get_by_label("Period", exact=True).click()
        page.get_by_role("option", name="Own days …", exact=True).wait_for()


def _pictures(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.panel')].filter(one => one.querySelector('canvas'))
            .map(one => [one.querySelector('h2').innerText, one.querySelector('canvas').toDataURL()]))"""
    )
    return found


def test_a_link_shares_the_view(browser: Browser, address: str, shop: Shop) -> None:
    with opened(browser, f"{address}/overview") as page:
        before = figure(page, "orders")
        choose(page, "Period", "Last 7 days")
        page.wait_for_function(_shows_another(before, "orders"))
        url, shown = page.url, figure(page, "orders")
    assert url.endswith("/overview?period=7d")
    with opened(browser, url, "telephone") as page:
        assert figure(page, "orders") == shown
        assert page.get_by_label("Period", exact=True).input_value() == "Last 7 days"


def test_what_an_address_gets_wrong_is_told(browser: Browser, address: str) -> None:
    wrong = "period=nonsense&chanel=web&channel='; drop table marts.sales_daily; --"
    with opened(browser, f"{address}/overview?{wrong}") as page:
        told = page.locator(".problems").inner_text()
        assert "there is no period 'nonsense'" in told and "channel" in told
        assert figure(page, "orders") == "–" or number(figure(page, "orders")) == 0


def test_a_file_has_the_sums_of_the_marts(browser: Browser, address: str, shop: Shop, tmp_path: Path) -> None:
    with opened(browser, f"{address}/sales?channel=web") as page:
        with page.expect_download() as begun:
            of_menu(page, "Net sales by channel", "Download CSV")
        begun.value.save_as(tmp_path / "file.csv")
        with page.expect_download() as begun:
            of_menu(page, "Net sales by channel", "Download Excel")
        begun.value.save_as(tmp_path / "file.xlsx")
    rows = list(csv.DictReader((tmp_path / "file.csv").open(encoding="utf-8")))
    [[value, days]] = shop.sql(
        _last_thirty_days("sum(net_sales_amount), count(distinct date_day)", "channel = 'web'")
    ).fetchall()
    assert list(rows[0]) == ["Period", "Channel", "Net sales (USD)"]
    assert sum(Decimal(row["Net sales (USD)"]) for row in rows) == value
    assert len({row["Period"] for row in rows}) == days
    sheet = zipfile.ZipFile(tmp_path / "file.xlsx").read("xl/worksheets/sheet1.xml").decode()
    cells = re.findall(r'<c r="C\d+"[^>]*><v>([^<]+)</v>', sheet)[1:]
    assert abs(sum(Decimal(cell) for cell in cells) - value) < Decimal("0.001")


# that of every block is run in test_blocks
@pytest.mark.parametrize("name", ["overview", "products"])
def test_the_sql_that_is_shown_runs(browser: Browser, address: str, shop: Shop, name: str) -> None:
    with opened(browser, f"{address}/{name}?channel=web") as page:
        for title in page.locator(".block-title h2").all_inner_texts():
            of_menu(page, title, "Show the SQL")
            shown = page.locator(".sql code").inner_text()
            page.get_by_role("button", name="Close").click()
            page.locator(".sql").wait_for(state="detached")
            for statement in shown.split(";\n"):
                assert shop.sql(statement).columns, title


def test_a_new_version_is_shown_without_a_reload(browser: Browser, whole_shop: DemoShop, tmp_path: Path) -> None:
    import duckdb

    copy = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, copy)
    shop = package.open(copy)
    with serving(copy) as address, opened(browser, f"{address}/overview") as page:
        page.evaluate("() => { window.stayed = true }")
        before = figure(page, "net_sales")
        with duckdb.connect(copy / "warehouse" / "build" / "shop.duckdb") as connection:
            connection.execute("update marts.sales_daily set net_sales_amount = net_sales_amount + 10")
        shop.publish()
        page.wait_for_function(_shows_another(before), timeout=15_000)
        [[value]] = shop.sql(_last_thirty_days("sum(net_sales_amount)")).fetchall()
        assert agrees(figure(page, "net_sales"), value)
        assert page.evaluate("() => window.stayed")


def test_a_login_is_demanded_and_ends_where_it_is_taken_away(
    browser: Browser, whole_shop: DemoShop, tmp_path: Path
) -> None:
    copy = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, copy)
    users = Users(copy)
    users.put("vera", "viewer", "a long enough one")
    with serving(copy, "--login") as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/sales?channel=web")
        page.evaluate(axe())
        assert page.evaluate("axe.run()")["violations"] == []
        page.get_by_label("Name").fill("vera")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").inner_text() == "Name or password is wrong."
        page.get_by_label("Name").fill("vera")
        page.get_by_label("Password").fill("a long enough one")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/sales?channel=web")
        page.wait_for_function(DRAWN)
        assert number(figure(page, "net_sales")) > 0
        asked = context.request.get(f"{address}/api/metrics/net_sales?by=month")
        assert asked.status == 200 and "net_sales" in asked.json()[0]
        assert context.request.get(f"{address}/api/openapi.json").json()["servers"] == [{"url": "/api"}]
        # nor does a search tell of anyone, or a page of one who
        [[email, key]] = (
            package.open(copy)
            .sql("select email, person_key from core.dim_customer where email is not null and person_key <> 0 limit 1")
            .fetchall()
        )
        told = context.request.get(f"{address}/search", params={"q": email})
        assert told.json() == {"groups": []}
        page.goto(f"{address}/person?key={key}")
        page.wait_for_function(DRAWN)
        shown = page.locator("body").inner_text()
        assert f"Customer {key}" in shown and "Names and addresses" in shown and email not in shown
        page.goto(f"{address}/operations")
        page.wait_for_function(DRAWN)
        assert block(page, "Salespeople").get_by_text(re.compile(r"^Salesperson \S+$")).count() > 0
        # the page that is open goes, too
        users.remove("vera")
        page.wait_for_url("**/login", timeout=15_000)
        assert context.request.get(f"{address}/api/metrics").status == 401
        context.close()


def _last_thirty_days(what: str, where: str = "1 = 1") -> str:
    last = "(select max(date_day) from sales_daily)"
    return f"select {what} from sales_daily where date_day > {last} - interval 30 days and {where}"


def _shows_another(text: str, metric: str = "net_sales") -> str:
    shown = f"document.querySelector('.figure[data-metric={metric}] .figure-value')"
    return f"() => {shown} && {shown}.innerText !== {text!r}"


def look_for(page: Page, words: str) -> Locator:
    """The options that are found for what is typed."""
    page.keyboard.press("/")
    page.keyboard.type(words)
    options = page.locator("#found [role=option]")
    options.first.wait_for()
    return options


@pytest.mark.parametrize("look", LOOKS)
def test_the_search_is_led_by_the_keyboard(browser: Browser, address: str, look: str) -> None:
    with opened(browser, f"{address}/overview?channel=web", look) as page:
        options = look_for(page, "orders")
        box = page.get_by_role("combobox", name=re.compile("^Search"))
        assert box.get_attribute("aria-expanded") == "true"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        chosen = page.locator("#found [aria-selected=true]")
        assert chosen.count() == 1 and chosen.get_attribute("id") == box.get_attribute("aria-activedescendant")
        assert chosen.inner_text() == options.first.inner_text()
        inside = page.locator(".found-panel").bounding_box()
        assert inside is not None and inside["x"] >= 0 and inside["x"] + inside["width"] <= page.viewport_size["width"]  # type: ignore[index]
        page.evaluate(axe())
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [(one["id"], one["help"]) for one in found if one["impact"] != "minor"] == []
        page.keyboard.press("Escape")
        assert not page.locator(".found-panel").is_visible()
        page.keyboard.press("Escape")
        assert box.input_value() == ""
        page.keyboard.type("no such thing anywhere")
        page.get_by_text("Nothing has “no such thing anywhere” in it.").wait_for()


def test_what_is_found_leads_to_its_place(browser: Browser, address: str, shop: Shop) -> None:
    [[name, net]] = shop.sql(
        "select product_name, net_sales_amount from product_performance order by net_sales_rank limit 1"
    ).fetchall()
    with opened(browser, f"{address}/overview?channel=web") as page:
        look_for(page, "returns by reason")
        page.keyboard.press("Enter")
        page.wait_for_url("**/sales?channel=web#returns-by-reason")
        page.wait_for_function(DRAWN)
        page.locator(".pointed-at").wait_for()
        assert page.locator(".pointed-at h2").inner_text() == "Returns by reason"
        look_for(page, name).get_by_text(name, exact=True).click()
        page.wait_for_url("**/product?key=*")
        page.wait_for_function(DRAWN)
        assert page.get_by_role("heading", level=1).inner_text() == name
        assert agrees(figure(page, "net_sales_amount"), net)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("metric?name=net_sales", "Net sales"),
        ("mart?name=sales_daily", "sales_daily"),
        ("product?key={product_key}", None),
        ("person?key={person_key}", None),
        ("people?segment=champions", "Customers: Champions"),
        ("orders?day={order_date}", None),
    ],
    ids=lambda value: str(value).partition("?")[0] if value and "?" in str(value) else "",
)
def test_a_page_of_one_thing_is_readable(
    browser: Browser, address: str, shop: Shop, path: str, heading: str | None, look: str
) -> None:
    lines = shop.sql(
        "select product_key, person_key, order_date from core.fct_order_items where person_key <> 0 and is_sale "
        "order by order_date desc, order_key limit 1"
    )
    [row] = lines.fetchall()
    given = dict(zip(lines.columns, row, strict=True))
    with opened(browser, f"{address}/{path.format(**given)}", look) as page:
        page.wait_for_timeout(300)
        assert page.locator(".missing").count() == 0
        assert page.evaluate(READABLE) == []
        page.evaluate(axe())
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [(one["id"], one["help"]) for one in found if one["impact"] != "minor"] == []
        if heading is not None:
            assert page.get_by_role("heading", level=1).inner_text() == heading
