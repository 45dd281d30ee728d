"""A warehouse of another version, or none at all, is built from the lake; and a shop's folder is plain dbt."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import duckdb
import pytest

from incremental.comparison import differences
from requirements import requirement
from shophouse.engines.ops import WAREHOUSE_VERSION
from shophouse.shop import Shop

from .shops import environment, row, rows, value

pytestmark = pytest.mark.slow

QUESTION = "select count(*), sum(net_sales_amount) from marts.sales_daily"


def test_a_warehouse_of_an_older_version_is_rebuilt_and_keeps_its_history(storefront: Shop, tmp_path: Path) -> None:
    built = storefront.project.warehouse_folder / "build" / "shop.duckdb"
    expected = tmp_path / "expected.duckdb"
    shutil.copyfile(built, expected)
    first_run = value(storefront, "select run_id from ops.runs")
    with duckdb.connect(str(built)) as connection:
        connection.execute("update ops.warehouse set value = '0' where name = 'version'")
        connection.execute("drop table core.fct_orders")
        connection.execute("create table core.fct_orders as select 'of another age' as order_key")
        connection.execute("insert into ops.runs (run_id, status) values ('of another age', 'success')")
    # a day's files make the run look at the warehouse at all
    shutil.copyfile(
        storefront.project.folder / "data/categories.csv", storefront.project.folder / "data/categories-2.csv"
    )
    run = storefront.run()
    assert run.record.is_full_refresh
    assert differences(built, expected) == {}
    assert value(storefront, "select value from ops.warehouse where name = 'version'") == str(WAREHOUSE_VERSION)
    assert {first_run, run.record.run_id} <= {name for (name,) in rows(storefront, "select run_id from ops.runs")}


def test_a_deleted_warehouse_is_rebuilt_from_the_lake(storefront: Shop, tmp_path: Path) -> None:
    expected = tmp_path / "expected.duckdb"
    shutil.copyfile(storefront.project.warehouse_folder / "build" / "shop.duckdb", expected)
    before, heads = row(storefront, QUESTION), storefront.lake.heads()
    runs = len(rows(storefront, "select run_id from ops.runs"))
    shutil.rmtree(storefront.project.warehouse_folder)
    run = storefront.run()
    assert run.record.loads == []
    assert storefront.lake.heads() == heads
    assert row(storefront, QUESTION) == before
    assert differences(storefront.project.warehouse_folder / "build" / "shop.duckdb", expected) == {}
    # what ran is kept beside the warehouse
    assert len(rows(storefront, "select run_id from ops.runs")) == runs + 1


def dbt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """dbt as a person types it in the shop's folder: no shophouse, no options."""
    program = Path(sys.executable).with_name("dbt")
    return subprocess.run(
        [str(program), *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


@requirement("S3-33", "S0-38")
def test_dbt_by_hand_lists_and_builds_in_the_shops_folder(storefront: Shop) -> None:
    folder = storefront.project.folder
    assert (folder / "dbt_project.yml").is_file()
    assert (folder / "packages.yml").is_file()
    listed = dbt(folder, "ls", "--resource-type", "model", "--output", "name", "--quiet")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    names = set(listed.stdout.split())
    assert {"fct_orders", "sales_daily", "stg_storefront__orders"} <= names
    before = row(storefront, QUESTION)
    done = dbt(folder, "build", "--select", "sales_daily")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR=0" in done.stdout
    found = storefront.engine.query(
        QUESTION.replace("count(*)", "count(*) as number").replace(
            "sum(net_sales_amount)", "sum(net_sales_amount) as net"
        )
    ).to_pylist()
    assert tuple(found[0].values()) == before


@requirement("S0-40", "S0-25", "S1-27")
def test_dbt_docs_are_generated_and_served_from_the_shops_folder(storefront: Shop) -> None:
    folder = storefront.project.folder
    done = dbt(folder, "docs", "generate")
    assert done.returncode == 0, done.stdout + done.stderr
    catalog: dict[str, Any] = json.loads((folder / ".shophouse/target/catalog.json").read_text("utf-8"))
    assert "model.shophouse.sales_daily" in catalog["nodes"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = subprocess.Popen(
        [str(Path(sys.executable).with_name("dbt")), "docs", "serve", "--port", str(port), "--no-browser"],
        cwd=folder,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert "<html" in _page(f"http://127.0.0.1:{port}/")
        assert "sales_daily" in _page(f"http://127.0.0.1:{port}/manifest.json")
    finally:
        served.terminate()
        served.wait(timeout=30)


def _page(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 60
    while True:
        try:
            with opener.open(url, timeout=10) as answer:
                return str(answer.read().decode("utf-8"))
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
