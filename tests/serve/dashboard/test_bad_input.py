"""What people, programs and attackers send wrongly: each gets a clear answer, and the dashboard lives on."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

import shophouse as package
from built_shop import DemoShop
from servers.browser import serving
from shophouse.errors import ConfigError
from shophouse.serve.dashboard.blocks import Context, RowOfFigures
from shophouse.serve.dashboard.contents import Figures
from shophouse.serve.dashboard.pages import Page, pages
from shophouse.serve.dashboard.published import Published, QueryFailed
from shophouse.serve.dashboard.view import FILTERS
from shophouse.shop import Shop

REQUESTS = int(os.environ.get("SHOPHOUSE_REQUESTS", "1500"))
PAYLOADS = [
    "' or 1=1 --",
    "'; drop table marts.sales_daily; --",
    '" or ""="',
    "') union select email from core.dim_customer --",
    "'; attach '/etc/passwd' as p; --",
    "$start",
    "{filters}",
    "\x00",
    "a\x00' or 1=1",
    "x" * 4_000,
    "Ünï©ødé 店 🏬 \u202e ﹰ \ud7ff",
    "\\'; copy (select 1) to '/tmp/x'; --",
    "-1e999",
    "99999999999999999999999999",
    "9999-12-31",
    "<script>document.title='hacked'</script>",
    "../../../../etc/passwd",
    "%27%20or%201=1",
]
PARAMETERS = ("from", "to", "period", "compare", "by", *FILTERS)
METRICS = "/api/metrics/net_sales"


@pytest.fixture(scope="module")
def address(whole_shop: DemoShop) -> Iterator[str]:
    with serving(whole_shop.folder) as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as found:
        yield found


@pytest.fixture
def nothing_happened(whole_shop: DemoShop, client: httpx.Client) -> Iterator[None]:
    """What is published is the same afterwards, to the byte, and the dashboard answers as before."""
    file = whole_shop.folder / "warehouse" / "shop.duckdb"
    before, figures = _digest(file), client.get(METRICS).json()
    yield
    assert _digest(file) == before
    assert client.get(METRICS).json() == figures
    assert client.get("/overview").status_code == 200


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def is_clear(answer: httpx.Response) -> bool:
    told = answer.text
    return not any(word in told for word in ("Traceback", 'File "', "site-packages", "duckdb.", "Parser Error"))


@pytest.mark.server
@pytest.mark.usefixtures("nothing_happened")
@pytest.mark.parametrize("name", pages())
def test_no_parameter_of_a_page_is_sql(client: httpx.Client, name: str) -> None:
    for payload in PAYLOADS:
        asked = dict.fromkeys((*PARAMETERS, *pages()[name].about), payload)
        answer = client.get(f"/{name}", params=asked)
        assert answer.status_code == 200 and is_clear(answer), payload
        assert "<script>document.title" not in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.name)
def test_no_filter_is_sql_in_any_block(context: Callable[..., Context], page: Page) -> None:
    for payload in PAYLOADS:
        for asked in ({name: [payload] for name in (*FILTERS, *page.about)}, *({one: [payload]} for one in page.about)):
            found = context(**asked)
            if page.named(found) is None:
                # the page says that there is no such thing, and draws nothing
                continue
            for block in page.blocks:
                content = block.content(found)
                if isinstance(content, Figures) and isinstance(block, RowOfFigures) and found.view.filters:
                    # such a channel, store and country sells nothing
                    shown = [figure for figure in content.figures if figure.metric == "orders"]
                    assert all(not figure.value for figure in shown), payload


@pytest.mark.server
@pytest.mark.usefixtures("nothing_happened")
@pytest.mark.parametrize("parameter", ["by", "where", "from", "to", "largest_first", "limit", "unknown"])
def test_no_parameter_of_the_api_is_sql(client: httpx.Client, parameter: str) -> None:
    for payload in (*PAYLOADS, "", "-1", "1e9"):
        words = [payload, f"channel = '{payload}'", f"{payload} = 'x'"] if parameter == "where" else [payload]
        for word in words:
            answer = client.get(METRICS, params={parameter: word})
            assert answer.status_code in (200, 400) and is_clear(answer), word
            told = answer.json()
            assert told["error"] if answer.status_code == 400 else len(told) <= 1, word


@pytest.mark.server
@pytest.mark.usefixtures("nothing_happened")
def test_no_path_is_a_file_or_sql(client: httpx.Client) -> None:
    for payload in PAYLOADS:
        answer = client.get(f"/api/metrics/{httpx.QueryParams({'x': payload})}"[:9000])
        assert answer.status_code in (400, 404) and is_clear(answer), payload
    for path in (
        "/../shophouse.yml",
        "/..%2f..%2fetc/passwd",
        "/_nicegui/auto/static/..%2f..%2f..%2fetc/passwd",
        "/_nicegui/3.0/esm/x/..%2f..%2fetc%2fpasswd",
        "/users.json",
        "/.shophouse/serve-secret",
        "/warehouse/shop.duckdb",
        "/overview/../../etc/passwd",
    ):
        host = urlsplit(str(client.base_url))
        with socket.create_connection((host.hostname or "", host.port or 0), 10) as line:
            # as it is: a client would tidy it
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            told = _all_of(line)
        assert told.split(b" ")[1] in (b"404", b"400"), path
        assert b"root:" not in told and b"sources:" not in told


@pytest.mark.server
@pytest.mark.usefixtures("nothing_happened")
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("period=yestreday", "there is no period 'yestreday'; there are today"),
        ("from=2026-02-30", "from='2026-02-30' is no day"),
        ("from=2026-03-01&to=2026-02-01", "the period ends on 2026-02-01, before it begins on 2026-03-01"),
        ("from=0001-01-01", "from=0001-01-01 is not between 1970-01-01 and 2199-12-31"),
        ("to=9999-12-31", "to=9999-12-31 is not between"),
        ("from=1970-01-01&to=2199-12-31&by=day", "84,006 days are too many to be shown by day"),
        ("chanel=web", "there is no filter 'chanel'"),
        ("by=hour", "there is no grain 'hour'"),
        ("compare=then", "nothing can be compared with 'then'"),
        ("&".join(f"p{number}=1" for number in range(900)), "and 895 more that are not understood"),
        ("&".join(f"channel=c{number}" for number in range(900)), "channel has 900 values; the first 100 are taken"),
        (f"channel={'x' * 300}", "a value of channel is longer than 200 characters"),
    ],
)
def test_what_is_not_understood_is_told(client: httpx.Client, asked: str, told: str) -> None:
    answer = client.get(f"/overview?{asked}")
    assert answer.status_code == 200
    # as NiceGUI writes it into the page
    assert told.replace("'", "'") in answer.text.replace("\\u0027", "'").replace("&#39;", "'").replace("&#x27;", "'")


@pytest.mark.server
@pytest.mark.usefixtures("nothing_happened")
def test_frames_that_are_no_frames_harm_nobody(address: str, client: httpx.Client) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    place = urlsplit(address)
    path = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    frames = [
        b"\x81\xff" + struct.pack(">Q", 2**63 - 1),
        b"\x81\x05hello",
        b"\x8f\x80\x00\x00\x00\x00",
        b"\xf1\x81\x00\x00\x00\x00x",
        b"\x88\x81\x00\x00\x00\x00x",
        os.urandom(4096),
        b"GET / HTTP/1.1\r\n\r\n",
    ]
    for frame in frames:
        with socket.create_connection((place.hostname or "", place.port or 0), 10) as line:
            line.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            assert line.recv(4096).startswith(b"HTTP/1.1 101")
            line.sendall(frame)
            line.shutdown(socket.SHUT_WR)
            told = _all_of(line)
            assert b"Traceback" not in told
    messages: list[str | bytes] = [
        "4",
        "49",
        "42",
        '42["event"]',
        '42["event",{}]',
        '42["event",{"client_id":"nobody","id":1}]',
        '42["event",[1,2]]',
        '42["javascript_response",{"client_id":"nobody"}]',
        '42["handshake",{}]',
        '42["no such event",1]',
        '42["ack",null]',
        "452-[" * 10,
        "42" + "[" * 50_000,
        "x" * 900_000,
        b"\x00" * 1000,
    ]
    for message in messages:
        with connect(f"ws://{place.netloc}{path}", open_timeout=10) as line:
            line.recv(10)
            line.send("40")
            try:
                line.recv(10)
                line.send(message)
                told_text = line.recv(0.05)
                assert "Traceback" not in str(told_text)
            except (TimeoutError, ConnectionClosed):
                pass


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.usefixtures("nothing_happened")
def test_a_flood_of_requests_passes(address: str) -> None:
    """SHOPHOUSE_REQUESTS=10000 is the whole of it."""
    port = urlsplit(address).port
    [pid] = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN
    }
    server = psutil.Process(pid)
    paths = [f"{METRICS}?by=month", "/api/metrics", "/nothing", f"{METRICS}?by=nothing", "/overview"]

    def ask(number: int) -> int:
        # a connection each, and of the pages, which take longest, one in fifty
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        line.request("GET", paths[4] if number % 50 == 0 else paths[number % 4])
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer.status

    with ThreadPoolExecutor(32) as many:
        list(many.map(ask, range(200)))
        before = server.memory_info().rss
        found = list(many.map(ask, range(REQUESTS)))
    assert set(found) == {200, 404, 400}
    # pages that nobody opened are let go; each takes half a megabyte
    assert server.memory_info().rss - before < 150 * 2**20
    assert httpx.get(f"{address}{METRICS}", timeout=5).status_code == 200


@pytest.mark.slow
@pytest.mark.server
def test_versions_that_are_deleted_are_told_and_a_new_one_is_shown(whole_shop: DemoShop, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, folder)
    with serving(folder) as address, httpx.Client(base_url=address, timeout=60) as client:
        before = client.get(METRICS).json()
        for file in (folder / "warehouse").glob("shop*.duckdb"):
            file.unlink()
        told = client.get("/overview")
        assert told.status_code == 503 and "nothing is published yet" in told.text and is_clear(told)
        assert 'http-equiv="refresh"' in told.text and "Content-Security-Policy" in told.headers
        asked = client.get(METRICS)
        assert asked.status_code == 503 and asked.json()["hint"] == ["shophouse run"]
        package.open(folder).publish()
        assert client.get("/overview").status_code == 200
        assert client.get(METRICS).json() == before


def test_a_version_that_is_damaged_is_told(whole_shop: DemoShop, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, folder)
    published = Published(package.open(folder).engine)
    assert published.query("select 1").rows == ((1,),)
    newest = max(folder.glob("warehouse/shop-*.duckdb"), key=lambda file: int(file.stem.partition("-")[2]))
    (newest.with_name("shop-999.duckdb")).write_bytes(b"no database")
    with pytest.raises(QueryFailed, match="can't be read"):
        published.query("select 2")
    newest.with_name("shop-999.duckdb").unlink()
    assert published.query("select 2").rows == ((2,),)


def _all_of(line: socket.socket) -> bytes:
    told = b""
    line.settimeout(5)
    try:
        while part := line.recv(65536):
            told += part
    except (TimeoutError, ConnectionResetError):
        pass
    return told


def test_what_a_program_asks_wrongly_is_its_mistake(shop: Shop) -> None:
    from shophouse.metrics.conditions import parse_conditions

    for payload in PAYLOADS:
        try:
            found = parse_conditions(f"channel = '{payload.replace(chr(39), chr(39) * 2)}'")
        except ConfigError:
            raise AssertionError(payload) from None
        assert [condition.values for condition in found] == [(payload,)]
