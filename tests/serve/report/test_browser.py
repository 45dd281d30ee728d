"""A report as people open it: in a browser without a server, on a telephone, in the dark, on paper."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import shophouse as package
from built_shop import DemoShop
from servers.browser import axe, missing
from shophouse.serve.report.pdf import to_pdf

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.server]

PAPER = {"viewport": {"width": 1032, "height": 710}}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 900}},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 800}, "has_touch": True},
    "paper": PAPER,
}
READABLE = (Path(__file__).parent.parent / "dashboard" / "readable.js").read_text("utf-8")


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html, "utf-8", newline="")
    return file


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_readable_and_asks_for_nothing(browser: Browser, file: Path, look: str) -> None:
    wrong: list[str] = []
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    page.on("console", lambda told: wrong.append(told.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if asked.url != file.as_uri() else None)
    if look == "paper":
        page.emulate_media(media="print")
    page.goto(file.as_uri())
    assert page.evaluate(READABLE) == []
    assert wrong == []
    if look != "paper":
        page.evaluate(axe())
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        told = [(one["id"], one["help"], [node["html"] for node in one["nodes"]][:3]) for one in found]
        assert [one for one, violation in zip(told, found, strict=True) if violation["impact"] != "minor"] == []
    context.close()


def test_values_and_sql_open_without_a_script(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False, **LOOKS["telephone"])
    page = context.new_page()
    page.goto(file.as_uri())
    panel = page.locator(".panel").filter(has=page.get_by_role("heading", name="Orders", exact=True)).first
    assert not panel.get_by_text("from marts.sales_daily").is_visible()
    panel.get_by_text("SQL", exact=True).click()
    assert panel.get_by_text("from marts.sales_daily").is_visible()
    panel.get_by_text("Values", exact=True).click()
    assert panel.locator("details th", has_text="Dec 24, 2025").is_visible()
    context.close()


def test_a_pdf_is_the_same_bytes_for_the_same_report(whole_shop: DemoShop, tmp_path: Path) -> None:
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    shop = package.open(whole_shop.folder)
    printed = [
        shop.report(pages=["overview"], output=tmp_path / name)[0].read_bytes() for name in ("one.pdf", "two.pdf")
    ]
    assert printed[0] == printed[1]
    assert printed[0].startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", printed[0])) >= 4
    [[run_at]] = shop.sql("select max(started_at) from ops.runs").fetchall()
    assert f"/CreationDate (D:{run_at:%Y%m%d%H%M%S}".encode() in printed[0]


def test_paper_is_light_and_holds_all_of_a_table(browser: Browser, file: Path) -> None:
    context = browser.new_context(color_scheme="dark", **PAPER)
    page = context.new_page()
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(file.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.panel')).backgroundColor") == "rgb(255, 255, 255)"
    too_wide = "() => [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert page.evaluate(too_wide) == 0
    context.close()


def test_a_page_without_the_date_of_the_day_is_dated_as_its_data() -> None:
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    printed = to_pdf("<!doctype html><title>t</title><p>one page", datetime(2025, 9, 30, 4, 5, 6))
    assert printed.count(b"D:20250930040506") == 2
