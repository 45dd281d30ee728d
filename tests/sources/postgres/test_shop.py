"""A shop whose tables are in PostgreSQL: loaded, built, changed, killed, and always what the database says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from incremental.comparison import differences
from requirements import requirement
from shophouse.cli.commands import app
from shophouse.declarations import platform_declaration
from shophouse.demo.storefront import generate
from shophouse.scaffold import init_project
from shophouse.shop import Shop

from .conftest import drop_slots

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

KEYS = {
    "users": "user_id",
    "products": "product_id",
    "categories": "category_id",
    "orders": "order_id",
    "order_items": "order_id, line_number",
    "payments": "payment_id",
    "shipments": "shipment_id",
    "refunds": "refund_id",
    "refund_items": "refund_id, order_id, line_number",
}
BY_CURSOR = ("users", "orders", "order_items", "payments")
TYPES = {"double": "double precision"}


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["SHOP_DSN"], autocommit=True)


@pytest.fixture
def storefront(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A project whose source is a new database with the tables of KEYS; nothing is loaded yet."""
    by_cursor = "".join(f"      {name}: {{read: cursor, cursor: touched_at}}\n" for name in BY_CURSOR)
    return made(tmp_path, postgres, monkeypatch, by_cursor)


@pytest.fixture
def replicated(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The same, with all tables read by their changes."""
    shop = made(tmp_path, postgres, monkeypatch, "".join(f"      {name}: {{read: changes}}\n" for name in KEYS))
    with connect() as connection:
        # the platform's key has the product too, which the primary key lacks
        connection.execute("alter table refund_items replica identity full")
    yield shop
    drop_slots(os.environ["SHOP_DSN"])


def made(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, tables: str) -> Shop:
    monkeypatch.setenv("SHOP_DSN", postgres.database())
    folder = tmp_path / "shop"
    init_project(folder, name="storefront", staging="storefront", currency="USD")
    file = folder / "shophouse.yml"
    head = file.read_text("utf-8").split("sources:")[0]
    file.write_text(
        f'{head}sources:\n  storefront:\n    kind: postgres\n    dsn: "env:SHOP_DSN"\n    staging: storefront\n'
        f"    timezone: UTC\n    tables:\n{tables}",
        "utf-8",
    )
    shop = Shop.open(folder)
    generate(tmp_path / "files", seed=5, days=60, orders=150, products=20)
    declared = platform_declaration("storefront", shop.project).tables
    with connect() as connection:
        for name, key in KEYS.items():
            (path,) = (tmp_path / "files").glob(f"{name}.*csv*")
            with duckdb.connect() as reader:
                rows = reader.execute(f"select * from read_csv('{path}', all_varchar = true)")
                columns = [column[0] for column in rows.description]
                types = [declared[name].types[column].replace("decimal", "numeric") for column in columns]
                defined = [f"{c} {TYPES.get(t, t)}" for c, t in zip(columns, types, strict=True)]
                if name in BY_CURSOR:
                    defined.append("touched_at timestamptz not null default now()")
                connection.execute(f"create table {name} ({', '.join(defined)}, primary key ({key}))")
                with connection.cursor().copy(f"copy {name} ({', '.join(columns)}) from stdin") as copy:
                    for row in rows.fetchall():
                        copy.write_row(row)
    return shop


def numbers(shop: Shop) -> tuple[Any, ...]:
    (found,) = shop.sql(
        "select (select count(*) from core.fct_orders),"
        " (select sum(quantity) from core.fct_order_items),"
        " (select count(*) from core.fct_shipments), (select count(*) from core.fct_refunds)"
    ).fetchall()
    return tuple(found)


def expected() -> tuple[Any, ...]:
    with connect() as connection:
        (found,) = connection.execute(
            "select (select count(*) from orders), (select sum(quantity) from order_items),"
            " (select count(*) from shipments), (select count(*) from refunds)"
        ).fetchall()
    return tuple(found)


def loads(shop: Shop) -> dict[str, int]:
    return {table: len(shop.lake.loads(source, table)) for source, table in shop.lake.tables()}


def test_the_marts_follow_the_database_through_changes_and_deletes(storefront: Shop, tmp_path: Path) -> None:
    shop = storefront
    assert shop.run().status == "success"
    assert numbers(shop) == expected()
    assert shop.run().record.status == "nothing new"
    assert loads(shop) == dict.fromkeys(KEYS, 1)

    with connect() as connection:
        connection.execute("update orders set status = 'delivered', touched_at = now() where order_id % 7 = 0")
        # one line of an order, whose other lines stay as they are
        connection.execute(
            "update order_items set quantity = quantity + 1, touched_at = now()"
            " where order_id in (select order_id from order_items group by 1 having count(*) > 1 limit 3)"
            " and line_number = 1"
        )
        connection.execute("update users set city = 'Bergen', touched_at = now() where user_id % 5 = 0")
        connection.execute("delete from shipments where shipment_id % 4 = 0")
        connection.execute("delete from refund_items")
        connection.execute("delete from refunds")
        connection.execute(
            "insert into orders select (jsonb_populate_record(o,"
            " jsonb_build_object('order_id', 900001, 'touched_at', now()))).* from orders o limit 1"
        )
    before = numbers(shop)
    assert shop.run().status == "success"
    assert numbers(shop) == expected() != before
    changed = {"users", "orders", "order_items", "shipments", "refunds", "refund_items"}
    assert loads(shop) == {name: 2 if name in changed else 1 for name in KEYS}

    incremental = tmp_path / "incremental.duckdb"
    shutil.copyfile(shop.project.warehouse_folder / "build" / "shop.duckdb", incremental)
    shop.run(full_refresh=True)
    assert differences(incremental, shop.project.warehouse_folder / "build" / "shop.duckdb") == {}
    assert numbers(shop) == expected()


@requirement("S2-03", "S2-06")
def test_the_marts_follow_every_change_and_a_truncate(replicated: Shop, tmp_path: Path) -> None:
    shop = replicated
    assert shop.run().status == "success"
    assert numbers(shop) == expected()
    assert shop.run().record.status == "nothing new"

    with connect() as connection:
        connection.execute("update orders set status = 'delivered' where order_id % 7 = 0")
        connection.execute("delete from payments where order_id % 6 = 0")
        connection.execute("update order_items set quantity = quantity + 1 where line_number = 1 and order_id % 5 = 0")
        connection.execute(
            "delete from order_items where line_number = 2 and order_id % 4 = 0"
            " and order_id in (select order_id from order_items group by 1 having count(*) = 2)"
        )
        connection.execute("update users set city = 'Bergen' where user_id % 5 = 0")
        connection.execute("update shipments set shipment_id = shipment_id + 900000 where shipment_id % 4 = 0")
        connection.execute("delete from shipments where shipment_id % 5 = 0")
        connection.execute("truncate refund_items, refunds")
        connection.execute(
            "insert into orders select (jsonb_populate_record(o, jsonb_build_object('order_id', 900001))).*"
            " from orders o limit 1"
        )
    before = numbers(shop)
    assert shop.run().status == "success"
    assert numbers(shop) == expected() != before
    changed = {"users", "orders", "order_items", "payments", "shipments", "refunds", "refund_items"}
    assert loads(shop) == {name: 2 if name in changed else 1 for name in KEYS}
    (paid,) = shop.sql("select count(*), sum(payment_amount) from core.fct_payments").fetchall()
    with connect() as connection:
        assert [paid] == connection.execute("select count(*), sum(amount) from payments").fetchall()

    incremental = tmp_path / "incremental.duckdb"
    shutil.copyfile(shop.project.warehouse_folder / "build" / "shop.duckdb", incremental)
    shop.run(full_refresh=True)
    assert differences(incremental, shop.project.warehouse_folder / "build" / "shop.duckdb") == {}
    assert numbers(shop) == expected()


def test_slots_are_listed_dropped_and_begun_anew(replicated: Shop) -> None:
    shop = replicated
    folder = str(shop.project.folder)
    shop.ingest()
    with connect() as connection:
        connection.execute("update orders set status = status")

    def said(*words: str) -> str:
        done = runner.invoke(app, [*words, "-p", folder])
        return f"{done.output} exit {done.exit_code}"

    runner = CliRunner()
    (listed,) = json.loads(runner.invoke(app, ["slots", "list", "--json", "-p", folder]).output)
    assert listed["use"] == "reads" and listed["wal_status"] == "reserved" and listed["behind_bytes"] > 0
    assert "shophouse_storefront" in said("status") and "kept by the server" in said("status")
    assert "slot shophouse_storefront" in said("doctor")
    assert "shophouse_storefront of storefront is dropped" in said("slots", "drop", "shophouse_storefront", "--yes")
    broken = said("ingest")
    assert "exit 3" in broken and "is gone" in broken and "shophouse slots restart storefront" in broken
    assert "did you mean" in said("slots", "restart", "storefrontt")
    assert "9 tables to be read anew" in said("slots", "restart", "storefront")
    assert "exit 0" in said("ingest")
    assert {table: count for table, count in loads(shop).items() if count != 2} == {}
    assert "shophouse_storefront" in said("slots", "list")


def test_an_ingest_that_is_killed_loses_nothing_and_repeats_nothing(storefront: Shop) -> None:
    shop = storefront
    shop.ingest()
    folder = shop.project.folder
    kills = 0
    for tables in (1, 2, 4):
        with connect() as connection:
            for name in KEYS:
                touched = ", touched_at = now()" if name in BY_CURSOR else ""
                column = KEYS[name].split(",")[0]
                connection.execute(f"update {name} set {column} = {column}{touched}")
        started = set(folder.glob("lake/storefront/*/data/load-*"))
        process = subprocess.Popen(
            [sys.executable, "-m", "shophouse", "ingest"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            if len(set(folder.glob("lake/storefront/*/data/load-*")) - started) >= tables:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        kills += process.wait() == -signal.SIGKILL
    shop.ingest()
    assert kills == 3
    committed = loads(shop)
    shop.ingest()
    assert loads(shop) == committed
    for name in BY_CURSOR:
        paths = [str(path) for path in shop.lake.data_files("storefront", name)]
        versions = f"read_parquet({paths})"
        with connect() as connection, duckdb.connect() as lake:
            stored = dict(connection.execute(f"select ({KEYS[name]})::text, touched_at from {name}").fetchall())
            key = f"'(' || concat_ws(',', {KEYS[name]}) || ')'" if "," in KEYS[name] else f"cast({KEYS[name]} as text)"
            newest = lake.execute(
                f"select {key}, max_by(touched_at, _load_id), count(*), count(distinct touched_at)"
                f" from {versions} group by 1"
            ).fetchall()
        assert {row[0]: row[1] for row in newest} == {k: at.replace(tzinfo=None) for k, at in stored.items()}
        assert all(row[2] == row[3] for row in newest), "a version of a row is there twice"


def test_the_doctor_looks_at_each_table_and_at_a_password_that_is_wrong(
    storefront: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shophouse.doctor import examine

    with connect() as connection:
        connection.execute("alter table orders drop constraint orders_pkey cascade")
    found = {
        finding.what: finding for finding in examine(storefront.project.folder) if finding.about.startswith("source")
    }
    assert any(what.startswith("users: ") and what.endswith("read changed rows") for what in found)
    assert any(what.startswith("products: ") and what.endswith("read whole") for what in found)
    assert "stores: no such table; it is empty" in found
    (broken,) = [finding for finding in found.values() if finding.verdict == "error"]
    assert "orders" in broken.what and "read: full" in broken.hint

    monkeypatch.setenv("SHOP_DSN", "postgresql://me:hidden-word@127.0.0.1:1/shop")
    (gone,) = [f for f in examine(storefront.project.folder) if f.about.startswith("source")]
    assert gone.verdict == "error" and "hidden-word" not in gone.what and "SHOP_DSN" in gone.hint
