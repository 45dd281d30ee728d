"""The guide for an unknown database, followed on a real one: what it shows is there, and the numbers tie out."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import shophouse

from .guide import DOCS, follow, shell, steps

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.real_data]

PAGE = DOCS / "guides" / "own-source.md"


def load_northwind(dsn: str, folder: Path) -> None:
    # a setting that PostgreSQL no longer has
    text = (folder / "northwind.sql").read_text("utf-8").replace("SET default_with_oids = false;", "")
    with psycopg.connect(dsn) as connection:
        connection.execute(text.encode())


@pytest.fixture(scope="module")
def source(postgres: Server, shophouse_data: Callable[[str], Path]) -> str:
    """The DSN of a database with Northwind."""
    dsn = postgres.database()
    load_northwind(dsn, shophouse_data("northwind"))
    return dsn


@pytest.fixture(scope="module")
def northwind(source: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop of the guide, made by doing what it says."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NORTHWIND_DSN", source)
        return follow(PAGE, tmp_path_factory.mktemp("own"), {})


def in_source(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql).fetchall()


def in_shop(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    return shophouse.open(folder).sql(sql).fetchall()


def test_what_init_says_is_what_the_guide_shows(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORTHWIND_DSN", source)
    first = next(step.text for step in steps(PAGE) if step.text.startswith("shophouse init"))
    (shown,) = re.findall(r"^```\n(proposed\n.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert shown in shell(first, tmp_path)


def test_the_numbers_of_northwind_are_those_of_its_database(northwind: Path, source: str) -> None:
    (known,) = in_source(
        source,
        "select count(distinct order_id), count(*), sum(unit_price::numeric * quantity),"
        " sum(round(unit_price::numeric * quantity * (1 - discount::numeric), 4)) from order_details",
    )
    assert known[:2] == (830, 2155)
    assert (round(known[2], 2), round(known[3], 2)) == (Decimal("1354458.59"), Decimal("1265793.04"))
    built = "select count(distinct order_id), count(*), sum(gross_amount), sum(net_amount) from core.fct_order_items"
    assert in_shop(northwind, built) == [known]
    freight = in_source(source, "select sum(freight::numeric), count(*) from orders")
    assert in_shop(northwind, "select sum(shipping_amount), count(*) from core.fct_orders") == freight
    ledger = in_shop(northwind, "select sum(net_sales_amount), sum(order_count) from marts.sales_monthly")
    assert ledger == [(known[3], 830)]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (
            "select c.category_name, sum(round(d.unit_price::numeric * d.quantity * (1 - d.discount::numeric), 4))"
            " from order_details d join products p using (product_id) join categories c using (category_id)"
            " group by 1 order by 1",
            "select category_name, sum(net_sales_amount) from marts.category_performance group by 1 order by 1",
        ),
        (
            "select trim(e.first_name || ' ' || e.last_name), count(*) from orders o join employees e"
            " using (employee_id) group by 1 order by 1",
            "select employee_name, sum(order_count) from marts.salesperson_performance group by 1 order by 1",
        ),
        (
            "select s.company_name, count(*) from orders o join shippers s on o.ship_via = s.shipper_id"
            " where o.shipped_date is not null group by 1 order by 1",
            "select carrier, sum(parcel_count) from marts.delivery_performance group by 1 order by 1",
        ),
        (
            "select order_date, count(*) from orders group by 1 order by 1",
            "select order_date, count(*) from core.fct_orders group by 1 order by 1",
        ),
        (
            "select ship_country, count(*) from orders group by 1 order by 1",
            "select g.country, count(*) from core.fct_orders o join core.dim_geography g using (geography_key)"
            " group by 1 order by 1",
        ),
        (
            "select count(*), count(*) filter (where discontinued = 1) from products",
            "select count(*), count(*) filter (where status = 'archived') from core.dim_product"
            " where product_id is not null and product_key <> 0",
        ),
    ],
    ids=["categories", "employees", "carriers", "days", "countries", "products"],
)
def test_each_split_is_what_the_database_says(northwind: Path, source: str, theirs: str, ours: str) -> None:
    assert in_shop(northwind, ours) == in_source(source, theirs)


def test_the_marts_that_are_said_to_stay_empty_do_and_no_others(northwind: Path) -> None:
    from shophouse.connector.check import check_models
    from shophouse.project import Project

    absent = [finding for finding in check_models(Project.load(northwind)) if finding.verdict == "absent"]
    said = {mart for finding in absent for mart in finding.empty_marts}
    shop = shophouse.open(northwind)
    names = [
        name for (name,) in shop.sql("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    ]
    empty = {name for name in names if shop.sql(f"select count(*) from marts.{name}").fetchall() == [(0,)]}
    assert said == empty


def test_a_deleted_line_and_a_new_order_are_seen_by_the_next_run(
    northwind: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORTHWIND_DSN", source)
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("delete from order_details where order_id = 10248 and product_id = 11")
        connection.execute(
            "insert into orders (order_id, customer_id, order_date, freight) values (20000, 'ALFKI', '1998-05-07', 1)"
        )
        connection.execute("insert into order_details values (20000, 1, 10, 3, 0.1)")
    assert "built" in shell("shophouse run", northwind)
    changed = "select order_id, count(*), sum(net_amount) from core.fct_order_items where order_id in"
    found = in_shop(northwind, f"{changed} ('10248', '20000') group by 1 order by 1")
    assert found == [("10248", 2, Decimal("272.0000")), ("20000", 1, Decimal("27.0000"))]
