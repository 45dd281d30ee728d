"""The demo shop in a PostgreSQL database, read from there: the same marts as from files."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow.parquet as pq
import pytest

from requirements import requirement
from shophouse.demo.oltp import SCHEMA
from shophouse.demo.shops import demo_files, demo_project
from shophouse.demo.world.deliveries import write_world
from shophouse.demo.world.settings import Settings
from shophouse.errors import ConfigError
from shophouse.parity import digests
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

ORDERS, DAYS, SEED = 250, 50, 3
TABLES = ("users", "products", "orders", "order_items")


class Both:
    """The shop that lives in a database, and the files that its rows came from."""

    def __init__(self, shop: Shop, dsn: str, files: Path) -> None:
        self.shop, self.dsn, self.files = shop, dsn, files

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()

    def contents(self) -> dict[str, Any]:
        """What each table of the database has, in one number."""
        names = re.findall(r"(?m)^create table (\w+)", SCHEMA.read_text("utf-8"))
        return {name: self.ask(f"select count(*), sum(hashtext(t::text)) from {name} t") for name in names}

    def file(self, table: str) -> list[dict[str, str]]:
        with (self.files / "data" / f"{table}.csv").open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def both(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("oltp")
    write_world(folder / "files", Settings(orders=ORDERS, days=DAYS, seed=SEED, defects=False), "storefront")
    dsn = postgres.database()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DSN", dsn)
        project = demo_project("shop", into=folder / "shop", dsn="env:SHOP_DSN")
        demo_files(project, "shop", orders=ORDERS, days=DAYS, seed=SEED)
        yield Both(Shop(project), dsn, folder / "files")


@requirement("S3-01", "S3-10", "S3-11")
def test_the_database_has_the_shipped_tables_and_the_made_rows(both: Both) -> None:
    found = {name for (name,) in both.ask("select tablename from pg_tables where schemaname = 'public'")}
    assert set(TABLES) < found
    assert all(f"create table {name} (" in SCHEMA.read_text("utf-8") for name in found)
    keys = dict(
        both.ask(
            "select contype::text, count(*) from pg_constraint"
            " where connamespace = 'public'::regnamespace and contype in ('p', 'f') group by 1"
        )
    )
    assert keys["p"] == len(found) and keys["f"] > 20
    for name in TABLES:
        assert both.ask(f"select count(*) from {name}") == [(len(both.file(name)),)], name
    names = {(row["user_id"], row["first_name"], row["last_name"], row["email"]) for row in both.file("users")}
    texts = ", ".join(f"coalesce({column}, '')" for column in ("first_name", "last_name", "email"))
    stored = both.ask(f"select user_id::text, {texts} from users")
    assert set(stored) == names and len({row[1:3] for row in stored}) > 50
    paid = sum(Decimal(row["quantity"]) * Decimal(row["unit_price"]) for row in both.file("order_items"))
    assert both.ask("select sum(quantity * unit_price) from order_items") == [(paid,)]


@requirement("S3-03")
def test_rows_are_taken_into_frames_in_python_and_loaded(both: Both) -> None:
    assert both.shop.ingest().status == "success"
    for name in TABLES:
        paths = both.shop.lake.data_files("storefront", name)
        frame = pq.read_table(paths).to_pandas()
        assert len(frame) == len(both.file(name))
    paths = both.shop.lake.data_files("storefront", "order_items")
    lines = pq.read_table(paths).to_pandas()
    (expected,) = both.ask("select count(*), sum(quantity), sum(unit_price * quantity) from order_items")
    assert (len(lines), lines["quantity"].sum(), (lines["unit_price"] * lines["quantity"]).sum()) == expected


@requirement("S3-13")
def test_its_marts_are_those_of_the_files_and_nothing_is_written_into_the_database(both: Both) -> None:
    before = both.contents()
    assert both.shop.run().status == "success"
    made = both.files.parent / "from-files"
    project = demo_project("shop", into=made)
    (project.folder / ".shophouse" / "unfinished-demo").unlink()
    (project.folder / "data").rmdir()
    (both.files / "data").rename(project.folder / "data")
    files = Shop(project)
    try:
        assert files.run().status == "success"
    finally:
        (project.folder / "data").rename(both.files / "data")
    here, there = dict(digests(both.shop, ("marts",))), dict(digests(files, ("marts",)))
    # what says when and from which file something came is another in each
    own = {f"marts.{name}" for name in ("data_freshness", "load_history", "model_runs", "test_history")}
    assert len(here) > 40 and here.keys() == there.keys()
    assert [name for name in here if name not in own and here[name] != there[name]] == []
    assert both.contents() == before
    assert both.ask("select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$'") == [("public",)]


def test_a_database_that_is_not_empty_is_left_as_it_is(both: Both, tmp_path: Path) -> None:
    before = both.ask("select count(*) from orders")
    project = demo_project("shop", into=tmp_path / "again", dsn="env:SHOP_DSN")
    with pytest.raises(ConfigError, match="is not empty"):
        demo_files(project, "shop", orders=10, days=5)
    assert both.ask("select count(*) from orders") == before


@pytest.mark.parametrize("which", ["storefront", "olist"])
def test_other_demos_live_in_files(which: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only the demo shop"):
        demo_project(which, into=tmp_path, dsn="env:SHOP_DSN")


def test_a_dsn_on_the_command_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds a password"):
        demo_project("shop", into=tmp_path, dsn="postgresql://me:word@db/shop")
