"""The site that `shophouse docs` writes, of the shop of the guides with a mart, a metric and a page of its own."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import typer.main

import shophouse
from built_shop import shophouse as typed
from requirements import requirement
from servers.browser import axe, serving
from shophouse.cli.commands import app
from shophouse.metrics import Catalogue
from shophouse.project import project_schema

from .guide import DOCS, ROOT, follow, shell

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

pytestmark = [pytest.mark.slow, pytest.mark.server]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 900}},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 800}, "has_touch": True},
}
TEN = (
    "index.html",
    "guides/first-shop.html",
    "guides/production.html",
    "concepts/architecture.html",
    "metrics/index.html",
    "metrics/net_sales.html",
    "models/index.html",
    "models/fct_order_items.html",
    "reference/relations.html",
    "settings/files-source.html",
)
READABLE = (ROOT / "tests" / "serve" / "dashboard" / "readable.js").read_text("utf-8")


@dataclass
class Html(HTMLParser):
    """A page as its parser sees it: where it leads, what it loads, and what it can be led to."""

    text: str
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        self.loads += [str(given[name]) for name in ("src", "srcset", "data", "action") if given.get(name)]
        if tag == "link":
            self.loads.append(str(given["href"]))
        if given.get("id"):
            self.anchors.append(str(given["id"]))
        if given.get("class") == "elsewhere":
            self.elsewhere.append(str(given["title"]))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@dataclass(frozen=True)
class Site:
    shop: Path
    folder: Path

    @cached_property
    def pages(self) -> dict[str, Html]:
        return {
            file.relative_to(self.folder).as_posix(): Html(file.read_text("utf-8"))
            for file in self.folder.rglob("*.html")
            if file.parent.name != "dbt"
        }

    def said(self, page: str) -> str:
        return " ".join(" ".join(self.pages[page].said).split())


@pytest.fixture(scope="module")
def site(own: Path) -> Site:
    said = shell("shophouse docs", own)
    assert said.strip().endswith("reports/docs/index.html")
    return Site(own, own / "reports" / "docs")


@contextmanager
def opened(browser: Browser, url: str, look: str = "light", *, is_ours: bool = True) -> Iterator[Tab]:
    """A page in a browser. A request to any host fails the test, and of our own pages an error in the console too."""
    wrong: list[str] = []
    context = browser.new_context(**LOOKS[look])
    tab = context.new_page()
    tab.on("request", lambda asked: wrong.append(asked.url) if asked.url.startswith("http") else None)
    if is_ours:
        tab.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(url)
    yield tab
    context.close()
    assert wrong == []


def test_a_mart_a_metric_and_a_page_of_ones_own_give_the_same_numbers(own: Path) -> None:
    shop = shophouse.open(own)
    [(split,)] = shop.sql("select sum(net_sales_amount) from marts.sales_by_weekday").fetchall()
    [(whole,)] = shop.sql("select sum(net_sales_amount) from marts.sales_daily").fetchall()
    [(tea,)] = shop.sql(
        "select sum(net_sales_amount) from marts.product_performance where category_name = 'Tea'"
    ).fetchall()
    assert split == whole != 0
    asked = json.loads(shell("shophouse metric tea_sales tea_share orders --json", own))
    assert asked[0]["tea_sales"] == float(tea)
    assert float(asked[0]["tea_share"]) == pytest.approx(float(tea / whole))


def test_a_page_of_ones_own_is_shown_by_the_dashboard(own: Path, browser: Browser) -> None:
    with serving(own) as address:
        tab = browser.new_page()
        tab.goto(f"{address}/tea")
        tab.locator(".panel", has_text="Days of the week").get_by_text("Crockery").first.wait_for()
        assert tab.get_by_role("heading", level=1).inner_text() == "Tea"
        assert tab.get_by_role("link", name="Tea", exact=True).get_attribute("aria-current") == "page"
        assert tab.locator(".problem").count() == 0
        tab.close()


def test_what_the_guide_to_production_says_runs_or_is_well_formed(own: Path) -> None:
    page = DOCS / "guides" / "production.md"
    follow(page, own, {})
    follow(DOCS / "concepts" / "lake.md", own, {})
    # compacted tables are looked at again, and bring no row
    assert re.search("nothing (new|arrived)", shell("shophouse run", own))
    text = page.read_text("utf-8")
    for unit in re.findall(r"```ini\n(.*?)```", text, re.DOTALL):
        parser = configparser.ConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[assignment]
        parser.read_string(unit)
        assert set(parser.sections()) <= {"Service", "Timer", "Install"}
    (airflow,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {node.attr for node in ast.walk(ast.parse(airflow)) if isinstance(node, ast.Attribute)}
    assert {"open", "run", "retryable"} <= names
    assert hasattr(shophouse.errors.ShophouseError, "retryable")


@requirement("S0-25")
def test_every_command_setting_model_and_metric_has_a_page(site: Site) -> None:
    def commands(command: Any, words: str) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield f"{words} {name}".strip()
            yield from commands(inner, f"{words} {name}".strip())

    for words in commands(typer.main.get_command(app), ""):
        page = site.pages[f"commands/{words.replace(' ', '-')}.html"]
        assert f"shophouse {words}" in page.said
    schema = project_schema()
    sections = [schema, *(inner for inner in schema["$defs"].values() if "properties" in inner)]
    settings = {
        name: set(page.anchors) for name, page in site.pages.items() if re.fullmatch(r"settings/(?!index).*", name)
    }
    missing = [
        section["title"]
        for section in sections
        if not any(set(section["properties"]) <= anchors for anchors in settings.values())
    ]
    assert missing == []
    assert len(settings) == len(sections)
    manifest = json.loads((site.folder / "dbt" / "manifest.json").read_text("utf-8"))
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed", "snapshot")]
    for node in nodes:
        page = site.pages[f"models/{node['name']}.html"]
        assert set(node["columns"]) <= set(page.anchors), node["name"]
    for source in manifest["sources"].values():
        assert f"models/{source['schema']}-{source['identifier']}.html" in site.pages
    metrics = Catalogue.load(shophouse.open(site.shop).project).metrics
    for name, metric in metrics.items():
        said = site.said(f"metrics/{name}.html")
        for text in (metric.description, metric.formula, metric.basis, metric.excludes, *metric.elsewhere.values()):
            assert " ".join(text.split()) in said.replace(" ,", ","), name


def test_what_is_the_shops_own_is_there(site: Site) -> None:
    assert "Net sales of the category Tea." in site.said("metrics/tea_sales.html")
    assert "Orders that count" in site.said("metrics/orders.html")
    mart = site.pages["models/sales_by_weekday.html"]
    assert {"dim_date.html#day_of_week", "fct_sales_ledger.html#net_sales_amount_reporting"} <= set(mart.links)
    assert "base_kiosk__orders.html#customer_id" in site.pages["models/stg_kiosk__orders.html"].links
    assert "orders-*" in site.said("models/raw-kiosk__orders.html")


@requirement("S4-74")
def test_every_link_and_anchor_is_there(site: Site) -> None:
    broken = []
    for name, page in site.pages.items():
        assert len(page.anchors) == len(set(page.anchors)), name
        for link in page.links:
            if re.match(r"(https?|mailto):", link):
                continue
            path, _, anchor = link.partition("#")
            there = (site.folder / name).parent / unquote(path) if path else site.folder / name
            target = there.resolve()
            if not target.is_file():
                broken.append(f"{name}: {link}")
            elif anchor and target.parent.name != "dbt":
                found = site.pages[target.relative_to(site.folder.resolve()).as_posix()].anchors
                if unquote(anchor) not in found:
                    broken.append(f"{name}: {link}")
        for outside in page.elsewhere:
            home = {"project": ROOT, "guides": DOCS / "guides", "concepts": DOCS / "concepts"}[name.split("/")[0]]
            if not (home / outside.partition("#")[0]).exists() and outside != "docs/coverage.md":
                broken.append(f"{name}: {outside}")
    assert broken == []


def test_no_page_loads_anything_but_files_of_the_site(site: Site) -> None:
    loaded = {
        (site.folder / name).parent / unquote(load)
        for name, page in site.pages.items()
        for load in page.loads
        if not load.startswith("data:")
    }
    assert {file.name for file in loaded if file.suffix != ".webp"} == {"site.css", "site.js"}
    assert all(file.resolve().is_relative_to(site.folder.resolve()) and file.is_file() for file in loaded)
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", (site.folder / "site.js").read_text("utf-8"))
    assert "url(" not in (site.folder / "site.css").read_text("utf-8")


def test_every_page_can_be_reached_and_found(site: Site) -> None:
    todo, reached = ["index.html"], {"index.html"}
    while todo:
        name = todo.pop()
        for link in site.pages[name].links:
            path = (site.folder / name).parent / link.partition("#")[0]
            if path.suffix == ".html" and path.resolve().is_relative_to(site.folder.resolve()):
                other = path.resolve().relative_to(site.folder.resolve()).as_posix()
                if other in site.pages and other not in reached:
                    reached.add(other)
                    todo.append(other)
    assert set(site.pages) - reached == set()
    index = (site.folder / "search.js").read_text("utf-8").removeprefix("window.shophouseSearch = ")
    found = {entry["p"].partition("#")[0] for entry in json.loads(index.rstrip(";\n"))}
    assert set(site.pages) - found == set()


def test_the_lineage_of_a_column_names_columns_that_are_there(site: Site) -> None:
    page = site.pages["models/sales_monthly.html"]
    assert {link for link in page.links if link.endswith("#net_sales_amount")} == {"sales_by_day.html#net_sales_amount"}
    tables = shophouse.open(site.shop).engine.query(
        "select table_name || '.html#' || column_name as there from information_schema.columns"
    )
    there = set(tables.to_pydict()["there"])
    named = {link for link in page.links if re.fullmatch(r"\w+\.html#\w+", link)}
    assert named - there == set()


@requirement("S4-74")
def test_each_key_of_the_star_schema_is_in_the_table_that_it_names(own: Path) -> None:
    page = (DOCS / "reference" / "relations.md").read_text("utf-8")
    relations = re.findall(r"^    (\w+) \}o--\|\| (\w+) : (\w+)$", page, re.MULTILINE)
    keys = dict(re.findall(r"^    (dim_\w+|fct_\w+) \{\n        \w+ (\w+) PK\n", page, re.MULTILINE))
    assert len(relations) > 50
    parts = [
        f"select '{fact}.{column}' as relation, count(*) as lost from core.{fact} as f"
        f" where f.{column} not in (select {keys[table]} from core.{table}) and f.{column} <> 0"
        for fact, table, column in relations
    ]
    found = shophouse.open(own).sql(f"select * from ({' union all '.join(parts)}) where lost > 0")
    assert found.fetchall() == []


def test_a_site_is_written_elsewhere_and_old_pages_go(site: Site, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("mine")
    done = typed("docs", "--output", full, folder=site.shop)
    assert (done.returncode, "holds no documentation" in done.stderr) == (2, True)
    assert [file.name for file in full.iterdir()] == ["letter.txt"]
    other = tmp_path / "www"
    shutil.copytree(site.folder, other)
    listed = json.loads((other / ".shophouse-docs.json").read_text("utf-8"))
    (other / ".shophouse-docs.json").write_text(json.dumps([*listed, "models/gone.html"]))
    (other / "models" / "gone.html").write_text("old")
    (other / "mine.html").write_text("mine")
    assert typed("docs", "--output", other, folder=site.shop).returncode == 0
    assert not (other / "models" / "gone.html").exists()
    assert (other / "mine.html").read_text() == "mine"


@pytest.mark.parametrize("look", LOOKS)
def test_ten_pages_are_readable_and_ask_no_host(site: Site, browser: Browser, look: str) -> None:
    script = axe()
    for name in TEN:
        with opened(browser, (site.folder / name).as_uri(), look) as tab:
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            assert tab.get_by_role("heading", level=1).count() == 1
            assert tab.evaluate(READABLE) == [], name
            tab.evaluate(script)
            found = tab.evaluate("axe.run({preload: false}).then(found => found.violations)")
            serious = [
                f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], name


def test_the_search_finds_a_metric_a_column_and_a_setting(site: Site, browser: Browser) -> None:
    with opened(browser, (site.folder / "guides" / "python.html").as_uri()) as tab:
        for words, page in (
            ("net sales", "metrics/net_sales.html"),
            ("sales_by_weekday", "models/sales_by_weekday.html"),
            ("decimal_separator", "settings/"),
            ("shophouse backup", "commands/backup.html"),
            ("days of cover", "models/inventory_health.html"),
        ):
            tab.keyboard.press("/")
            tab.get_by_role("searchbox").fill(words)
            first = tab.locator("#found a")
            first.first.wait_for()
            listed = first.evaluate_all("links => links.map(link => link.getAttribute('href'))")
            assert any(page in link for link in listed[:6]), (words, listed)
            tab.get_by_role("searchbox").blur()
            tab.keyboard.press("Escape")
        tab.get_by_role("searchbox").fill("net sales")
        tab.locator("#found a").first.wait_for()
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/metrics/net_sales.html")


@requirement("S1-25")
def test_the_overview_of_dbts_documentation_has_what_one_looks_for(site: Site, browser: Browser) -> None:
    with opened(browser, (site.folder / "dbt" / "index.html").as_uri(), is_ours=False) as tab:
        tab.get_by_role("heading", name="A shop's warehouse").wait_for()
        headings = tab.get_by_role("heading", level=2).all_inner_texts()
        wanted = ["Architecture", "Models by layer", "Quality", "Metrics", "Navigation", "Getting started"]
        assert [heading for heading in headings if heading in wanted] == wanted
        tab.get_by_role("link", name="sales_daily").first.click()
        tab.get_by_role("heading", name="sales_daily").first.wait_for()


@requirement("S1-26")
def test_dbts_documentation_is_walked_by_project_by_database_and_by_lineage(site: Site, browser: Browser) -> None:
    address = (site.folder / "dbt" / "index.html").as_uri()
    with opened(browser, f"{address}#!/exposure/exposure.shophouse.dashboard_sales", is_ours=False) as tab:
        tab.get_by_role("heading", name="Dashboard: Sales").first.wait_for()
    with opened(browser, f"{address}#!/model/model.shophouse.sales_daily", is_ours=False) as tab:
        tab.get_by_role("heading", name="sales_daily").first.wait_for()
        shown = tab.locator(".filename-normal:visible")
        assert {"kiosk", "marts"} <= set(shown.all_inner_texts())
        tab.get_by_text("Database", exact=True).first.click()
        shown.get_by_text("shop", exact=True).first.wait_for()
        assert {"marts", "core", "staging"} <= set(shown.all_inner_texts())
        tab.locator(".launcher-btn").first.click()
        tab.get_by_text("Lineage Graph").first.wait_for()
        assert tab.locator("canvas:visible").count() > 0
    page = site.pages["models/sales_daily.html"]
    assert {"../models/sales_by_day.html", "../reference/dashboard.html#dashboard_sales"} <= {
        link if link.startswith("../") else f"../models/{link}" for link in page.links
    }
