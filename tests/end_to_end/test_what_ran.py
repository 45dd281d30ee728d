"""What a run leaves behind for people to look at: logs, statistics of models and tests, and how fresh the data is."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from requirements import requirement
from shophouse.errors import CheckFailed
from shophouse.shop import Shop

from .shops import KeptShop, row, rows, shophouse

pytestmark = pytest.mark.slow

FACTS = ("orders", "order_items", "payments", "refunds", "refund_items", "shipments")


def say(shop: Shop, limits: dict[str, str]) -> Shop:
    """Write these limits of age under every table of facts in shophouse.yml."""
    file = shop.project.file
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["sources"]["storefront"]["tables"] = {table: {"freshness": limits} for table in FACTS}
    file.write_text(yaml.safe_dump(settings), "utf-8")
    return Shop.open(shop.project.folder)


@requirement("S0-19", "S0-22")
def test_every_run_checks_that_facts_came_within_a_day(storefront: Shop) -> None:
    shop = say(storefront, {"warn_after": "24h", "error_after": "48h"})
    run = shop.run()
    checked = {result.table: result for result in run.record.freshness}
    assert {checked[table].status for table in FACTS} == {"fresh"}
    assert {(checked[table].warn_after_seconds, checked[table].error_after_seconds) for table in FACTS} == {
        (86_400, 172_800)
    }


@requirement("S0-19", "S0-22")
def test_a_run_whose_data_is_too_old_fails_and_publishes_nothing(storefront: Shop) -> None:
    version = storefront.engine.published()
    shop = say(storefront, {"error_after": "0m"})
    with pytest.raises(CheckFailed, match="older than it may be") as raised:
        shop.run()
    assert "storefront.orders" in raised.value.render()
    assert shop.engine.published() == version
    assert shophouse("run", folder=shop.project.folder).returncode == CheckFailed.exit_code
    # a warning is seen, and stops nothing
    warned = say(storefront, {"warn_after": "0m"})
    run = warned.run()
    assert {result.status for result in run.record.freshness if result.table in FACTS} == {"warn"}
    assert any("storefront.orders" in line for line in shophouse("run", folder=shop.project.folder).stderr.splitlines())


@requirement("S0-21")
def test_the_time_of_every_model_is_kept_and_comparable_across_runs(storefront: Shop, data: Path) -> None:
    with (data / "orders-2026-03-01.csv").open("w") as file:
        file.write("order_id,status,ordered_at\n900001,paid,2026-03-01 10:00:00\n")
    run = storefront.run()
    first = storefront.runs()[0]
    tables = {
        name
        for (name,) in rows(
            storefront, "select table_name from duckdb_tables() where schema_name in ('core', 'aggregates', 'marts')"
        )
    }
    assert tables <= {model.model for model in first.models}
    compared = rows(
        storefront,
        f"""
        select newer.model, newer.seconds, older.seconds
        from ops.model_runs as newer
        join ops.model_runs as older using (model)
        where newer.run_id = '{run.record.run_id}' and older.run_id = '{first.run_id}'
        """,
    )
    assert {"fct_orders", "fct_order_items", "sales_daily"} <= {model for model, _, _ in compared}
    assert all(newer >= 0 and older >= 0 for _, newer, older in compared)
    (order_count,) = row(
        storefront,
        f"select row_count from ops.model_runs where model = 'fct_orders' and run_id = '{run.record.run_id}'",
    )
    assert order_count == row(storefront, "select count(*) from core.fct_orders")[0]


@requirement("S0-23")
def test_what_happens_is_logged_with_its_time_in_logs(kept_storefront: KeptShop) -> None:
    shop = kept_storefront.back()
    (record,) = shop.runs()
    lines = (shop.project.logs_folder / "shophouse.log").read_text("utf-8").splitlines()
    said = [line for line in lines if record.run_id in line]
    for phase in ("ingest", "prepare", "build", "publish", "export"):
        assert any(f"{phase} took" in line for line in said), phase
    assert "success" in said[-1]
    assert all(datetime.fromisoformat(line[:19]) for line in said)


@requirement("S0-24", "S0-25")
def test_statistics_of_models_and_tests_are_in_reports(kept_storefront: KeptShop) -> None:
    shop = kept_storefront.back()
    (record,) = shop.runs()
    with (shop.project.reports_folder / "model_runs.csv").open(newline="", encoding="utf-8") as handle:
        written = {model["model"]: model for model in csv.DictReader(handle)}
    assert written.keys() == {model.model for model in record.models}
    assert {model["status"] for model in written.values()} == {"success"}
    assert all(float(model["seconds"]) >= 0 for model in written.values())
    assert int(written["fct_orders"]["rows"]) == row(shop, "select count(*) from core.fct_orders")[0]
    page = (shop.project.reports_folder / "runs.html").read_text("utf-8")
    assert all(model.model in page for model in record.models if model.schema == "marts")
    assert all(test.test in page for test in record.tests)
    assert f"{len(record.tests):,} of {len(record.tests):,} passed" in page
    assert len(record.tests) == row(shop, "select count(*) from ops.test_results where status = 'pass'")[0]


@requirement("S0-25")
def test_the_documentation_is_written_to_reports(storefront: Shop) -> None:
    done = shophouse("docs", folder=storefront.project.folder)
    assert done.returncode == 0, done.stderr
    page = storefront.project.reports_folder / "docs" / "index.html"
    assert str(page) in done.stdout.replace("\n", "")
    assert "Net sales" in (page.parent / "metrics" / "net_sales.html").read_text("utf-8")
    assert "sales_daily" in (page.parent / "dbt" / "index.html").read_text("utf-8")
