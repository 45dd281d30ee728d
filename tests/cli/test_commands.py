from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from built_shop import DemoShop, shophouse
from requirements import requirement
from shophouse import errors
from shophouse.cli.commands import app

ESCAPE = "\x1b"


def test_the_demo_ends_with_a_summary(demo_shop: DemoShop) -> None:
    said = demo_shop.said
    assert "rows of 9 tables in 9 files" in said
    for word in ("built", "proved", "conservation laws", "net sales of", "five top products", "shophouse query"):
        assert word in said
    assert ESCAPE not in said
    top = said.split("five top products by net sales\n")[1].splitlines()[:5]
    assert all(line.endswith(" USD") for line in top)


@requirement("S0-15", "S3-32")
def test_a_second_run_says_that_nothing_arrived(demo_shop: DemoShop) -> None:
    done = shophouse("run", "-p", demo_shop.folder)
    assert done.returncode == 0
    assert done.stdout.startswith("nothing arrived; everything is up to date (")
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_the_demo_again_runs_it_again(demo_shop: DemoShop) -> None:
    done = shophouse("demo", "--into", demo_shop.folder)
    assert done.returncode == 0, done.stderr
    assert "running it again" in done.stderr
    assert "net sales of" in done.stdout
    assert "tests passed" in done.stdout


def test_another_demo_in_the_same_folder_is_refused(demo_shop: DemoShop) -> None:
    done = shophouse("demo", "olist", "--into", demo_shop.folder)
    assert done.returncode == 2
    assert "is another shop" in done.stderr


def test_a_demo_of_real_data_says_where_to_get_it(tmp_path: Path) -> None:
    done = shophouse("demo", "olist", "--into", tmp_path / "shop")
    assert done.returncode == 2
    assert "kaggle" in done.stderr
    assert not (tmp_path / "shop").exists()


def test_json_of_a_run(demo_shop: DemoShop) -> None:
    found = json.loads(shophouse("run", "--json", "-p", demo_shop.folder).stdout)
    assert found["status"] == "nothing new"
    assert found["published"] == 1


def test_query_json_keeps_every_digit(demo_shop: DemoShop) -> None:
    amount = "cast('123456789012.3456' as decimal(18, 4))"
    sql = f"select {amount} as amount, date '2024-02-29' as day, null as nothing, [1] as l"
    said = shophouse("query", sql, "--json", "-p", demo_shop.folder).stdout
    assert json.loads(said, parse_float=Decimal) == [
        {"amount": Decimal("123456789012.3456"), "day": "2024-02-29", "nothing": None, "l": [1]}
    ]


def test_query_json_without_rows_is_an_empty_array(demo_shop: DemoShop) -> None:
    done = shophouse("query", "select 1 as one where false", "--json", "-p", demo_shop.folder)
    assert json.loads(done.stdout) == []


def test_query_finds_marts_without_a_schema(demo_shop: DemoShop) -> None:
    done = shophouse("query", "select count(*) as days from sales_daily", "--csv", "-p", demo_shop.folder)
    [row] = csv.DictReader(io.StringIO(done.stdout))
    assert int(row["days"]) > 30


def test_query_prints_a_plain_table_and_says_when_it_stops(demo_shop: DemoShop) -> None:
    done = shophouse("query", "select range as n from range(5)", "--limit", "2", "-p", demo_shop.folder)
    assert done.stdout == "n\n0\n1\n"
    assert "the first 2 rows" in done.stderr


def test_query_reads_stdin(demo_shop: DemoShop) -> None:
    command = [sys.executable, "-m", "shophouse", "query", "-", "--json", "-p", str(demo_shop.folder)]
    done = subprocess.run(command, input="select 7 as n", capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [{"n": 7}]


def test_a_query_that_fails_says_why(demo_shop: DemoShop) -> None:
    done = shophouse("query", "select nix from sales_daily", "-p", demo_shop.folder)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the query failed: Binder Error")
    assert "Traceback" not in done.stderr


def test_a_query_can_change_nothing(demo_shop: DemoShop) -> None:
    done = shophouse("query", "drop table sales_daily", "-p", demo_shop.folder)
    assert done.returncode == 1
    assert shophouse("query", "select 1 from sales_daily limit 1", "-p", demo_shop.folder).returncode == 0


@requirement("S0-21")
def test_status_tells_runs_tables_and_freshness(demo_shop: DemoShop) -> None:
    found = json.loads(shophouse("status", "--json", "-p", demo_shop.folder).stdout)
    assert found["published"] == 1
    first = found["runs"][-1] if len(found["runs"]) < 8 else None
    assert first is None or first["models"] > 50
    orders = next(row for row in found["tables"] if row["table"] == "orders")
    assert (orders["loads"], orders["rows"], orders["rejected_rows"]) == (1, 300, 0)
    said = shophouse("status", "-p", demo_shop.folder).stdout
    assert "version 1 is published" in said
    assert ESCAPE not in said


def test_the_project_can_come_from_the_environment(demo_shop: DemoShop, tmp_path: Path) -> None:
    done = shophouse("query", "select 1 as one", folder=tmp_path, SHOPHOUSE_PROJECT=str(demo_shop.folder))
    assert done.returncode == 0


def test_without_a_project_file_the_exit_code_says_configuration(tmp_path: Path) -> None:
    done = shophouse("run", folder=tmp_path)
    assert done.returncode == errors.ConfigError.exit_code
    assert done.stderr.startswith("error: there is no shophouse.yml here")
    assert "hint: shophouse init" in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        errors.ConfigError,
        errors.SourceUnreachable,
        errors.SourceMismatch,
        errors.LakeError,
        errors.LockedError,
        errors.BuildError,
        errors.CheckFailed,
    ],
)
def test_every_error_ends_with_its_own_exit_code(
    error: type[errors.ShophouseError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise error("it can't be done", hint="do something else")

    monkeypatch.setattr("shophouse.shop.Shop.open", refuse)
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == error.exit_code
    assert done.stderr == "error: it can't be done\n  hint: do something else\n"


def test_an_unexpected_error_says_where_its_traceback_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError("oh")

    (tmp_path / "logs").mkdir()
    monkeypatch.setattr("shophouse.shop.Shop.open", fail)
    done = CliRunner().invoke(app, ["run", "-p", str(tmp_path)])
    assert done.exit_code == 1
    assert "ZeroDivisionError: oh" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in (tmp_path / "logs" / "shophouse.log").read_text()
    shown = CliRunner().invoke(app, ["run", "-p", str(tmp_path), "--debug"])
    assert "Traceback" in shown.stderr


def fresh_shop(folder: Path, demo_shop: DemoShop) -> Path:
    zone = ("--timezone", "America/New_York")
    done = shophouse("init", folder, "--platform", "storefront", "--currency", "USD", *zone)
    assert done.returncode == 0, done.stderr
    project = folder / "shophouse.yml"
    text = project.read_text("utf-8")
    assert "    # timezone: UTC " in text
    project.write_text(text.replace("    # timezone: UTC ", "    timezone: UTC "), "utf-8")
    for file in (demo_shop.folder / "data").glob("*.csv"):
        shutil.copy(file, folder / "data")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_publishes_nothing_and_can_be_repeated(
    demo_shop: DemoShop, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    folder = fresh_shop(tmp_path / "shop", demo_shop)
    process = subprocess.Popen(
        [sys.executable, "-m", "shophouse", "run", "-p", str(folder)], stderr=subprocess.PIPE, text=True
    )
    database = folder / "warehouse" / "build" / "shop.duckdb"
    deadline = time.monotonic() + 120
    while not database.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(sent)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code
    assert said.strip() == "stopped; nothing was published"
    assert not (folder / "warehouse" / "shop.duckdb").exists()
    assert json.loads(shophouse("status", "--json", "-p", folder).stdout)["runs"][0]["status"] == "stopped"
    assert "stopped" in (folder / "reports" / "runs.html").read_text("utf-8")
    again = shophouse("run", "-p", folder)
    assert again.returncode == 0, again.stderr
    for name in ("sales_daily", "customer_360"):
        file = f"reports/csv/{name}.csv"
        assert (folder / file).read_bytes() == (demo_shop.folder / file).read_bytes()


def test_init_says_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    done = shophouse("init", "mine", "--currency", "NOK", "--timezone", "Europe/Oslo", folder=tmp_path)
    assert done.returncode == 0
    assert "  shophouse.yml\n" in done.stdout
    assert "shophouse doctor -p mine" in done.stdout
    assert "models/staging/mine/" in done.stdout
    again = shophouse("init", "mine", folder=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_the_schema_of_the_project_file_is_printed() -> None:
    assert "sources" in json.loads(shophouse("schema").stdout)["properties"]


@requirement("S0-25", "S0-40")
@pytest.mark.slow
def test_documentation_lands_in_reports_and_dbt_makes_it_by_hand_too(demo_shop: DemoShop) -> None:
    done = shophouse("docs", "-p", demo_shop.folder)
    assert done.returncode == 0, done.stderr
    page = demo_shop.folder / "reports" / "docs" / "index.html"
    assert 'href="models/index.html"' in page.read_text("utf-8")
    assert "fct_sales_ledger" in (page.parent / "dbt" / "index.html").read_text("utf-8")
    assert "nodes" in json.loads((page.parent / "dbt" / "catalog.json").read_text("utf-8"))
    (demo_shop.folder / ".shophouse" / "target" / "catalog.json").unlink()
    dbt = Path(sys.executable).with_name("dbt")
    by_hand = subprocess.run(
        [dbt, "docs", "generate", "--no-use-colors"], cwd=demo_shop.folder, capture_output=True, text=True, check=False
    )
    assert by_hand.returncode == 0, by_hand.stdout
    assert (demo_shop.folder / ".shophouse" / "target" / "catalog.json").is_file()


def test_colours_are_left_out_where_nobody_sees_them(demo_shop: DemoShop) -> None:
    for words in (["--help"], ["status"], ["doctor"], ["query", "select 1 as one"]):
        folder = [] if words == ["--help"] else ["-p", str(demo_shop.folder)]
        done = shophouse(*words, *folder, FORCE_COLOR="", TERM=os.environ.get("TERM", "xterm"))
        assert ESCAPE not in done.stdout + done.stderr
