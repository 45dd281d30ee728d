from __future__ import annotations

import json
import urllib.parse

import pytest
from fastapi.testclient import TestClient

from built_shop import DemoShop, shophouse
from shophouse.metrics import Catalogue
from shophouse.serve.dashboard.api import create_api
from shophouse.serve.dashboard.published import Published
from shophouse.shop import Shop


@pytest.fixture
def api(shop: Shop) -> TestClient:
    return TestClient(create_api("Shop", Published(shop.engine), lambda _: Catalogue.packaged()))


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        ("net_sales", ()),
        ("net_sales,average_order_value?by=month", ("--by", "month")),
        (
            "orders?by=month&by=channel&where=country%20%3D%20'DE'",
            ("--by", "month,channel", "--where", "country = 'DE'"),
        ),
        (
            "gross_sales?by=week&from=2025-10-01&to=2025-11-15",
            ("--by", "week", "--from", "2025-10-01", "--to", "2025-11-15"),
        ),
        ("net_sales?by=product&largest_first=true&limit=5", ("--by", "product", "--largest-first", "--limit", "5")),
    ],
)
def test_it_answers_what_the_command_prints(
    api: TestClient, whole_shop: DemoShop, asked: str, options: tuple[str, ...]
) -> None:
    answer = api.get(f"/metrics/{asked}")
    names = asked.partition("?")[0].split(",")
    printed = shophouse("metric", *names, *options, "--json", "-p", whole_shop.folder)
    assert answer.status_code == 200 and printed.returncode == 0
    assert json.loads(answer.text, parse_float=str) == json.loads(printed.stdout, parse_float=str) != []


def test_it_lists_what_the_command_lists(api: TestClient, whole_shop: DemoShop) -> None:
    assert api.get("/metrics").json() == json.loads(shophouse("metric", "--json", "-p", whole_shop.folder).stdout)


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ("net_slaes", 404, "net_sales"),
        ("net_sales?by=colour", 400, "channel"),
        ("net_sales?by=day,month", 400, "several periods"),
        ("net_sales?by=day,month", 400, '"hint": ["by=day"]'),
        ("net_sales?by=day,product", 400, '"hint": ["by=month"]'),
        ("net_sales?from=yesterday", 400, "2026-01-31"),
        ("net_sales?limit=many", 400, "limit"),
        ("net_sales?chanel=web", 400, "there are by, from"),
        ("net_sales?where=" + urllib.parse.quote("1=1; drop table marts.sales_daily"), 400, "channel = 'email'"),
        ("net_sales/more", 404, "/api/metrics"),
    ],
)
def test_what_is_asked_wrongly_is_told_what_to_ask(api: TestClient, asked: str, status: int, told: str) -> None:
    answer = api.get(f"/metrics/{asked}")
    assert answer.status_code == status
    assert answer.json()["error"] and told in answer.text
    assert "--" not in answer.text.replace(asked, "")


def test_a_value_is_a_parameter(api: TestClient, shop: Shop) -> None:
    before = shop.sql("select count(*) from sales_daily").fetchall()
    answer = api.get("/metrics/orders", params={"where": "channel = 'x''); drop table marts.sales_daily; --'"})
    assert answer.json() == [{"orders": None}]
    assert shop.sql("select count(*) from sales_daily").fetchall() == before
    assert api.post("/metrics/orders").status_code == 405


def test_too_much_is_told(shop: Shop) -> None:
    client = TestClient(create_api("Shop", Published(shop.engine, rows=3), lambda _: Catalogue.packaged()))
    answer = client.get("/metrics/net_sales?by=day")
    assert answer.status_code == 503 and "more than 3 rows" in answer.json()["error"]


def test_it_describes_itself(api: TestClient) -> None:
    described = api.get("/openapi.json").json()
    assert set(described["paths"]) == {"/metrics", "/metrics/{name}"}
    names = [parameter["name"] for parameter in described["paths"]["/metrics/{name}"]["get"]["parameters"]]
    assert names == ["name", "by", "where", "from", "to", "largest_first", "limit"]
    assert {"ListedMetric", "Refused"} <= set(described["components"]["schemas"])
