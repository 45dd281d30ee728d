from __future__ import annotations

import csv
import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from built_shop import DemoShop
from requirements import requirement
from shophouse.run_log import FreshnessResult, ModelRun, RunRecord, TestResult
from shophouse.serve.runs_page import write_runs_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def record(number: int, **changed: object) -> RunRecord:
    run = RunRecord(
        run_id=f"2024010{number}T060000-000000",
        command="run",
        started_at=f"2024-01-0{number}T06:00:00.000000+00:00",
        version="1",
        status="success",
        published=number,
        phases={"ingest": 1.0, "build": 3.0},
        loads=[
            {
                "source": "shop",
                "table": "orders",
                "load_id": number,
                "files": 1,
                "rows": 1000,
                "rejected_rows": 2,
                "bytes": 10_000,
                "seconds": 0.5,
            }
        ],
        models=[ModelRun("fct_orders", "core", "success", float(number), 100 * number, 1_000_000)],
        tests=[TestResult("orders_are_whole", "pass", 0, 0.1)],
        freshness=[FreshnessResult("shop", "orders", "2024-01-01", "2024-01-01", 90_000.0, 86_400.0, None, "warn")],
    )
    for name, value in changed.items():
        setattr(run, name, value)
    return run


def write(folder: Path, *runs: RunRecord) -> str:
    (folder / "logs" / "runs").mkdir(parents=True, exist_ok=True)
    for run in runs:
        (folder / "logs" / "runs" / f"{run.run_id}.json").write_text(json.dumps(asdict(run)))
    return write_runs_page(folder / "logs", folder / "reports").read_text("utf-8")


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@requirement("S0-21", "S0-24", "S0-25")
def test_models_are_shown_beside_their_run_before(tmp_path: Path) -> None:
    page = write(tmp_path, record(1), record(2), record(3))
    row = page[page.index("fct_orders") :].partition("</tr>")[0]
    assert ">3.00<" in row
    assert ">2.00<" in row
    assert "+50%" in row
    assert "seconds: 1.00, 2.00, 3.00" in row
    rows = list(csv.DictReader((tmp_path / "reports" / "model_runs.csv").open()))
    assert [(row["model"], row["seconds"], row["previous_seconds"]) for row in rows] == [
        ("fct_orders", "1.0", ""),
        ("fct_orders", "2.0", "1.0"),
        ("fct_orders", "3.0", "2.0"),
    ]


def test_a_full_refresh_is_compared_with_a_full_refresh(tmp_path: Path) -> None:
    write(tmp_path, record(1, is_full_refresh=True), record(2), record(3, is_full_refresh=True))
    rows = list(csv.DictReader((tmp_path / "reports" / "model_runs.csv").open()))
    assert [row["previous_seconds"] for row in rows] == ["", "", "1.0"]


def test_a_failure_is_told_and_what_it_says_is_no_markup(tmp_path: Path) -> None:
    failed = TestResult("orders_are_whole", "fail", 3, 0.1, "<b>3 rows</b>")
    page = write(
        tmp_path, record(1), record(2, status="failed", message="1 test failed", tests=[failed], published=None)
    )
    assert "1 test failed" in page
    assert "1 failed" in page
    assert "&lt;b&gt;3 rows&lt;/b&gt;" in page
    assert "<b>3 rows" not in page


def test_a_stretch_of_runs_without_news_is_one_line(tmp_path: Path) -> None:
    quiet = {"status": "nothing new", "models": [], "tests": [], "loads": []}
    page = write(tmp_path, record(1), *(record(number, **quiet) for number in range(2, 7)))
    assert page.count(">nothing new<") == 2
    assert "× 5" in page


def test_without_any_run_there_is_a_page_that_says_so(tmp_path: Path) -> None:
    assert "Nothing ran yet" in write(tmp_path)


@requirement("S0-23")
def test_the_page_of_a_real_run_is_whole_and_asks_nothing_of_the_outside(demo_shop: DemoShop) -> None:
    assert list((demo_shop.folder / "logs" / "runs").glob("*.json"))
    assert (demo_shop.folder / "logs" / "shophouse.log").is_file()
    page = (demo_shop.folder / "reports" / "runs.html").read_text("utf-8")
    assert not re.search(r"https?://|//[a-z]|<script|<link|@import|url\(", page)
    balance = _Balance()
    balance.feed(page)
    assert balance.open == []
    assert "customer_360" in page
    assert len((demo_shop.folder / "reports" / "model_runs.csv").read_text().splitlines()) > 50


@pytest.mark.slow
def test_the_page_fits_a_telephone_and_makes_no_request(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, record(1), record(2), record(3))
    page = tmp_path / "reports" / "runs.html"
    shown = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(page.as_uri())
    assert asked == [page.as_uri()]
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 23, 21)"
    shown.close()
