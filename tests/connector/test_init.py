from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from shophouse.connector import init_from_files, init_from_postgres
from shophouse.errors import ConfigError, SourceMismatch
from shophouse.project import Project

if TYPE_CHECKING:
    from servers.postgres import Server

FILES = {
    "customers-2025.csv": [["Customer No", "Name", "E-Mail"], ["C1", "Kari Nordmann", "kari@example.com"]],
    "products.csv": [["Article", "Title", "Price"], ["A1", "Tea", "89.50"]],
    "orders-2024.csv": [["Order No", "Customer No", "Order Date", "State"], ["1", "C1", "2024-01-02 10:00:00", "paid"]],
    "orders-2025.csv": [["Order No", "Customer No", "Order Date", "State"], ["2", "C1", "2025-01-02 10:00:00", "paid"]],
    "order_lines.csv": [["Order No", "Line", "Product No", "Qty", "Unit Price"], ["1", "1", "A1", "2", "89.50"]],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop's folder with nothing but files in it."""
    for name, rows in FILES.items():
        (tmp_path / "shop" / "data").mkdir(parents=True, exist_ok=True)
        with (tmp_path / "shop" / "data" / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return tmp_path / "shop"


def written(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file() and "data" not in file.parts]
    return {str(file.relative_to(folder)): file.read_text("utf-8") for file in files if ".shophouse" not in file.parts}


def test_files_become_tables_and_years_of_one_table_stay_together(folder: Path) -> None:
    made = init_from_files(folder, "data/*.csv", currency="NOK")
    assert {e: m.table.name for e, m in made.proposal.matches.items()} == {
        "customers": "customers",
        "products": "products",
        "orders": "orders",
        "order_items": "order_lines",
    }
    project = Project.load(folder)
    assert (project.platforms, project.currency) == (("shop",), "NOK")
    orders = made.proposal.matches["orders"].table
    assert orders.files == "orders[-_. 0-9]*"


def test_no_value_of_the_files_is_written(folder: Path) -> None:
    init_from_files(folder, "data/*.csv")
    for file, text in written(folder).items():
        assert "Nordmann" not in text, file
        assert "kari@" not in text, file


def test_a_second_time_nothing_is_overwritten(folder: Path) -> None:
    init_from_files(folder, "data/*.csv")
    model = folder / "models" / "staging" / "shop" / "stg_shop__orders.sql"
    model.write_text("-- mine\n")
    before = written(folder)
    with pytest.raises(ConfigError) as caught:
        init_from_files(folder, "data/*.csv")
    assert "--missing" in caught.value.render()
    assert written(folder) == before
    (folder / "models" / "staging" / "shop" / "stg_shop__customers.sql").unlink()
    made = init_from_files(folder, "data/*.csv", only_missing=True)
    assert [file.name for file in made.written if file.suffix == ".sql"] == ["stg_shop__customers.sql"]
    assert written(folder) == before


def test_a_project_file_that_does_not_name_the_source_is_left_and_said_so(folder: Path) -> None:
    (folder / "shophouse.yml").write_text("name: mine\ncurrency: EUR\n")
    with pytest.raises(ConfigError, match="has no source shop"):
        init_from_files(folder, "data/*.csv", only_missing=True)
    assert written(folder) == {"shophouse.yml": "name: mine\ncurrency: EUR\n"}


def test_a_glob_without_files_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="matches no file"):
        init_from_files(folder, "nowhere/*.csv")


@pytest.mark.server
def test_a_dsn_that_was_typed_stands_nowhere(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "create table orders (id int primary key, customer_id int, ordered_at timestamptz, status text)"
        )
        connection.execute(
            "create table order_items (order_id int, line int, product_id int, quantity int, price real)"
        )
    secret = dsn.replace("postgres@", "postgres:geheim@")
    made = init_from_postgres(tmp_path / "my-shop", secret)
    assert made.variable == "MY_SHOP_DSN"
    assert "MY_SHOP_DSN" not in os.environ
    texts = written(tmp_path / "my-shop")
    assert 'dsn: "env:MY_SHOP_DSN"' in texts["shophouse.yml"]
    assert "timezone: UTC" in texts["shophouse.yml"]
    for file, text in texts.items():
        assert "geheim" not in text, file
        assert "127.0.0.1" not in text, file


@pytest.mark.server
def test_a_database_that_is_no_shop_s_leaves_no_folder(postgres: Server, tmp_path: Path) -> None:
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table patients (id int primary key, name text)")
    made = init_from_postgres(tmp_path / "s", dsn)
    assert not made.proposal.matches
    assert "without orders" in made.proposal.why_not
    assert not (tmp_path / "s").exists()


@pytest.mark.server
def test_an_empty_schema_names_those_that_have_tables(postgres: Server, tmp_path: Path) -> None:
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create schema sales; create table sales.orders (id int)")
    with pytest.raises(SourceMismatch) as caught:
        init_from_postgres(tmp_path / "s", dsn)
    assert "--schema sales" in caught.value.render()
