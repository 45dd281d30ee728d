"""What someone tries who has no login, or a viewer's, against a dashboard that runs as a process of its own."""

from __future__ import annotations

import http.client
import shutil
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import shophouse as package
from built_shop import DemoShop
from servers.browser import serving
from shophouse.metrics.personal import personal_columns, without_personal
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Figures
from shophouse.serve.dashboard.pages import Page, pages
from shophouse.serve.dashboard.published import Published, QueryFailed, WithoutPersonal
from shophouse.serve.dashboard.users import Users
from shophouse.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PASSWORD = "a long enough one"
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
HACK = (
    '</script><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    "{{constructor.constructor('window.hacked=1')()}}"
)
DRAWN = """() => document.querySelector('.missing') || (
    document.querySelectorAll('.block-body').length > 0 && !document.querySelector('.block-body .q-skeleton'))"""


@pytest.fixture(scope="module")
def folder(whole_shop: DemoShop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("intruders") / "shop"
    shutil.copytree(whole_shop.folder, copy)
    users = Users(copy)
    users.put("anna", "analyst", PASSWORD)
    users.put("vera", "viewer", PASSWORD)
    return copy


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serving(folder, "--host", "0.0.0.0", "--plain-http") as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as found:
        yield found


def log_in(client: httpx.Client, name: str) -> str:
    assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
    return client.cookies["shophouse"]


def is_heard(address: str, message: str, **headers: str) -> bool:
    """Whether a websocket that says this is answered."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus
    from websockets.sync.client import connect

    try:
        with connect(f"ws{address.removeprefix('http')}{SOCKET}", additional_headers=headers, open_timeout=10) as line:
            line.recv(10)
            line.send(message)
            return bool(line.recv(5))
    except (InvalidStatus, ConnectionClosed):
        return False


@pytest.mark.server
def test_nothing_but_the_login_is_shown_to_strangers(client: httpx.Client, address: str) -> None:
    log_in(client, "vera")
    page = client.get("/overview").text
    own = {part.split('"')[0] for part in page.split('"/_nicegui/')[1:]}
    assert len(own) > 3
    client.cookies.clear()
    asked = [f"/{name}" for name in pages()]
    asked += ["/", "/favicon.ico", "/docs", "/openapi.json", "/LOGIN", "/login/", "/login/../overview", "//overview"]
    asked += [f"/_nicegui/{path}" for path in sorted(own)[:5]]
    asked += ["/_nicegui_ws/socket.io/?EIO=4&transport=polling", "/logout", "/login/oidc", "/login/oidc/callback"]
    for path in asked:
        answer = client.get(path)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/login?next="), path
        assert answer.text == ""
    for path in ("/api", "/api/metrics", "/api/openapi.json", "/api/metrics/net_sales", "/api/../overview"):
        assert client.get(path).status_code in (303, 401), path
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert client.request(method, "/overview").status_code == 401
    assert not is_heard(address, "40")


@pytest.mark.server
def test_a_page_that_is_open_hears_nothing_after_its_session(client: httpx.Client, address: str, folder: Path) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    Users(folder).put("otto", "viewer", PASSWORD)
    cookie = f"shophouse={log_in(client, 'otto')}"
    assert is_heard(address, "40", Cookie=cookie)
    assert not is_heard(address, "40", Cookie=cookie, Origin="http://evil.example")
    with connect(f"ws{address.removeprefix('http')}{SOCKET}", additional_headers={"Cookie": cookie}) as line:
        line.recv(10)
        Users(folder).remove("otto")
        line.send("40")
        try:
            answered = str(line.recv(2))
        except (ConnectionClosed, TimeoutError):
            answered = ""
        assert not answered.startswith("40")


@pytest.mark.slow
@pytest.mark.server
def test_an_address_is_not_what_someone_says_it_is(address: str) -> None:
    port = urllib.parse.urlsplit(address).port

    def attempt(number: int) -> tuple[int, http.client.HTTPMessage]:
        # 127.0.0.2 is no proxy of this machine
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=("127.0.0.2", 0))
        said = {
            "X-Forwarded-For": f"10.0.0.{number}",
            "X-Forwarded-Proto": "https",
            "Forwarded": f"for=10.0.0.{number}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        line.request("POST", "/login", f"name=nobody{number % 2}&password=wrong", said)
        answer = line.getresponse()
        line.close()
        return answer.status, answer.headers

    found = [attempt(number) for number in range(11)]
    assert [status for status, _ in found] == [401] * 10 + [429]
    assert all("Strict-Transport-Security" not in headers for _, headers in found)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.name)
def test_no_block_shows_a_viewer_personal_data(
    shop: Shop, published: Published, context: Callable[..., Context], page: Page
) -> None:
    personal = personal_columns(shop.project)
    known: set[str] = set()
    # states and products are called like people, too
    for column in ("email", "phone"):
        found = published.query(f"select distinct {column} from core.dim_customer where {column} is not null")
        known |= {str(row[0]) for row in found.rows if len(str(row[0])) > 3}
    assert len(known) > 1000
    day, key, person, cohort = (
        str(published.query(sql).rows[0][0])
        for sql in (
            "select max(order_date) from core.fct_orders",
            "select max(product_key) from marts.product_performance",
            "select max(person_key) from marts.customer_360",
            "select max(cohort_month) from marts.customer_360",
        )
    )
    name = {"metric": "net_sales", "mart": "customer_360"}.get(page.name, "")
    about = {"day": day, "key": person if page.name == "person" else key, "cohort": cohort, "name": name}
    seen = context(period=["all"], **{one: [value] for one, value in about.items() if value})
    viewer = Context(
        WithoutPersonal(published, personal), without_personal(seen.catalogue, personal), seen.formats, seen.view
    )
    shown, told = 0, list[str]()
    for block in page.blocks:
        try:
            content = block.content(viewer)
        except QueryFailed as refused:
            told.append(refused.what)
            continue
        shown += 1
        if not isinstance(content, Figures):
            assert not {str(value) for row in content.rows for value in row} & known, block.title
            assert not set(getattr(content, "labels", ())) & known, block.title
    assert shown > 0
    assert all("personal data" in one for one in told)


@pytest.mark.server
def test_the_api_gives_a_viewer_no_personal_data(client: httpx.Client, folder: Path) -> None:
    columns = personal_columns(package.open(folder).project)
    log_in(client, "vera")
    listed = client.get("/api/metrics").json()
    assert listed and not {dimension for metric in listed for dimension in metric["dimensions"]} & columns
    for column in columns:
        for asked in ({"by": column}, {"where": f"{column} = 'x'"}, {"by": f"day,{column.upper()}"}):
            assert client.get("/api/metrics/orders", params=asked).status_code == 400, asked


@pytest.mark.slow
@pytest.mark.server
def test_names_are_no_markup(browser: Browser, whole_shop: DemoShop, tmp_path: Path) -> None:
    """Whoever may name a product, or a campaign by a link to the shop, runs nothing in the browser of who looks."""
    import duckdb

    copy = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, copy)
    shop = package.open(copy)
    named = ("product_name", "category_name", "store_name", "channel", "campaign_name", "utm_campaign", "discount_code")
    with duckdb.connect(copy / "warehouse" / "build" / "shop.duckdb") as connection:
        found: list[Any] = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "join information_schema.tables using (table_schema, table_name) "
            "where table_type = 'BASE TABLE' and table_schema in ('core', 'marts') and column_name in ?",
            [list(named)],
        ).fetchall()
        assert len(found) > 10
        for schema, table, column in found:
            connection.execute(f"update {schema}.{table} set {column} = {column} || ? where {column} <> ''", [HACK])
        key = connection.execute("select max(product_key) from marts.product_performance").fetchall()[0][0]
    shop.publish()
    with serving(copy) as address:
        context = browser.new_context()
        page = context.new_page()
        for asked in (*(name for name, one in pages().items() if not one.under), f"product?key={key}"):
            page.goto(f"{address}/{asked}")
            page.wait_for_function(DRAWN)
            charts = page.locator(".chart")
            for number in range(min(3, charts.count())):
                charts.nth(number).hover()
            page.wait_for_timeout(50)
            assert page.evaluate("window.hacked") is None, asked
        page.goto(f"{address}/overview?channel={urllib.parse.quote(HACK)}&{urllib.parse.quote(HACK)}=1")
        page.wait_for_function(DRAWN)
        assert page.evaluate("window.hacked") is None
        assert "there is no filter" in page.locator(".problems").inner_text()
        context.close()


def test_cells_of_downloads_are_no_formulas() -> None:
    import io
    import zipfile

    from shophouse.serve.dashboard.contents import Column, Table
    from shophouse.serve.dashboard.downloads import csv_file, excel_file
    from shophouse.serve.dashboard.formats import Formats

    evil = '=HYPERLINK("http://evil.example";"x")'
    table = Table("T", columns=(Column("name", "Name"), Column("value", "Value", "count")), rows=((evil, -5), ("a", 1)))
    formats = Formats("en_US", "USD")
    assert csv_file(table, formats).decode() == 'Name,Value\n"\'=HYPERLINK(""http://evil.example"";""x"")",-5\na,1\n'
    with zipfile.ZipFile(io.BytesIO(excel_file(table, formats))) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        assert b"=HYPERLINK" in book.read("xl/sharedStrings.xml")
