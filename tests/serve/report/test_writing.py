"""Where reports are written, when, and what becomes of those that were written before."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import shophouse as package
from built_shop import DemoShop, shophouse
from serve.report.parsed import Element, figure, parsed
from shophouse.cli.commands import app
from shophouse.errors import ConfigError, ShophouseError
from shophouse.project import Project
from shophouse.serve.report.made import Asked
from shophouse.serve.report.pdf import browser as chromium
from shophouse.serve.report.writing import write_due, write_report
from shophouse.shop import Shop

REPORTS = """
reports:
  - name: monthly
    pages: [overview]
    keep: 2
"""


def setting(folder: Path, text: str = REPORTS) -> Shop:
    with (folder / "shophouse.yml").open("a", encoding="utf-8") as file:
        file.write(text)
    return package.open(folder)


def change(shop: Shop, *statements: str) -> None:
    """Publish another version, in which the statements were run on what was built."""
    with duckdb.connect(shop.project.warehouse_folder / "build" / "shop.duckdb") as connection:
        for statement in statements:
            connection.execute(statement)
    shop.publish()


def reports(shop: Shop) -> list[str]:
    folder = shop.project.reports_folder
    return sorted(
        str(file.relative_to(folder)) for pattern in ("monthly*", "earlier/*") for file in folder.glob(pattern)
    )


def page(file: Path) -> Element:
    return parsed(file.read_text("utf-8"))


def test_a_report_lies_in_the_shops_folder_and_is_listed_there(copy: Path) -> None:
    shop = package.open(copy)
    [file] = shop.report(pages=["overview"])
    assert file == shop.project.reports_folder / "report-2025-12-overview.html"
    shop.report("2025-11-01..2025-11-20", pages=["overview"], where="channel in ('web', 'store')", compare="none")
    index = page(file.with_name("index.html"))
    links = [link.attributes["href"] for link in index.all("a")]
    assert links == [
        "report-2025-12-overview.html",
        "report-2025-11-01_2025-11-20-overview-web-store-alone.html",
        "runs.html",
    ]
    assert all((file.parent / link).is_file() for link in links)
    assert [row[0] for row in index.rows()[1:]] == ["December 2025", "Nov 1, 2025 – Nov 20, 2025"]
    before = {path: path.stat().st_mtime_ns for path in file.parent.iterdir()}
    shop.report(pages=["overview"])
    assert {path: path.stat().st_mtime_ns for path in file.parent.iterdir()} == before


def test_a_report_may_go_anywhere(whole_shop: DemoShop, tmp_path: Path) -> None:
    shop = package.open(whole_shop.folder)
    listed = shop.project.reports_folder / ".reports.json"
    was_listed = listed.read_bytes() if listed.is_file() else None
    file = tmp_path / "new" / "Board meeting.html"
    assert shop.report(pages=["overview"], output=file) == [file]
    [in_folder] = shop.report("2025-Q4", pages=["overview"], output=tmp_path / "folder")
    assert in_folder == tmp_path / "folder" / "report-2025-Q4-overview.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]
    assert (listed.read_bytes() if listed.is_file() else None) == was_listed


def test_the_command_prints_where_it_lies_and_gives_the_same_bytes_anew(whole_shop: DemoShop, tmp_path: Path) -> None:
    written = []
    for number in ("1", "2"):
        target = tmp_path / f"{number}.html"
        done = shophouse("report", "--pages", "overview", "-o", target, folder=whole_shop.folder, PYTHONHASHSEED=number)
        assert (done.returncode, done.stdout.strip()) == (0, str(target)), done.stderr
        written.append(target.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--period", "last moon"), "the period 'last moon' is not understood"),
        (("--pages", "overview,salse"), "did you mean sales?"),
        (("--compare", "yer"), "did you mean year?"),
        (("--format", "docx"), "there are html, pdf"),
        (("--output", "report.docx"), "a report can't be a file of format docx"),
        (("--output", "report.pdf", "--format", "html"), "report.pdf is one file, of format pdf"),
        (("--output", f"{__file__}/reports"), "the report can't be written to"),
    ],
)
def test_what_can_not_be_is_told_with_what_to_type(whole_shop: DemoShop, words: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(app, ["report", "-p", str(whole_shop.folder), *words])
    assert done.exit_code == 2
    assert told in done.output


def test_a_pdf_without_chromium_says_what_to_install(
    whole_shop: DemoShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="a PDF needs Chromium") as told:
        package.open(whole_shop.folder).report(formats=["pdf", "html"], output=tmp_path)
    assert told.value.hint[0].startswith("apt-get install chromium")
    assert list(tmp_path.iterdir()) == []


def test_a_chromium_that_fails_is_told_and_leaves_no_file(
    whole_shop: DemoShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin" / "chromium"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 1\n", "utf-8")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(broken.parent), prepend=os.pathsep)
    assert chromium() == str(broken)
    shop = package.open(whole_shop.folder)
    with pytest.raises(ShophouseError, match="did not print the report") as told:
        shop.report(pages=["overview"], formats=["pdf"], output=tmp_path / "out")
    assert told.value.why == ("no display",)
    assert not (tmp_path / "out").exists()


def test_a_run_writes_what_is_due_once(copy: Path) -> None:
    setting(copy)
    first = shophouse("run", folder=copy)
    assert (first.returncode, "reports    reports/monthly-2025-12.html" in first.stdout) == (0, True), first.stderr
    again = shophouse("run", "--json", folder=copy)
    assert json.loads(again.stdout)["reports"] == []
    with (copy / "shophouse.yml").open("a", encoding="utf-8") as file:
        file.write("  - {name: weekly, period: last week, pages: [sales]}\n")
    more = json.loads(shophouse("run", "--json", folder=copy).stdout)
    assert [Path(path).name for path in more["reports"]] == ["weekly-2025-12-22_2025-12-28.html"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{name: monthly, period: last moon}", "report monthly of shophouse.yml"),
        ("{name: monthly, pages: [salse]}", "did you mean sales?"),
        ("{name: monthly, format: pdf}", "did you mean formats?"),
        ("{name: monthly}\n  - {name: monthly}", "has monthly twice"),
        ("{name: monthly, keep: 0}", "reports[monthly].keep"),
    ],
)
def test_a_wrong_setting_stops_a_run_and_is_told(copy: Path, text: str, told: str) -> None:
    with (copy / "shophouse.yml").open("a", encoding="utf-8") as file:
        file.write(f"\nreports:\n  - {text}\n")
    done = CliRunner().invoke(app, ["run", "-p", str(copy)])
    assert done.exit_code == 2
    assert told in done.output


def test_the_same_figures_leave_a_report_as_it_was_mailed(copy: Path) -> None:
    shop = setting(copy)
    [file] = write_due(shop.project, shop.engine)
    mailed = file.read_bytes()
    change(shop, "update marts.sales_daily set net_sales_amount = net_sales_amount + 1 where date_day < '2025-10-01'")
    assert write_due(shop.project, shop.engine) == []
    assert file.read_bytes() == mailed


def test_corrected_figures_take_its_place_and_the_former_ones_are_kept(copy: Path) -> None:
    shop = setting(copy)
    [file] = write_due(shop.project, shop.engine)
    mailed = file.read_bytes()
    change(shop, "update marts.sales_daily set net_sales_amount = net_sales_amount + 1 where date_day = '2025-12-24'")
    told: list[str] = []
    assert write_due(shop.project, shop.engine, notice=told.append) == [file]
    assert told == ["the report monthly-2025-12 was written anew: its figures are no longer those of version 1"]
    [kept, now] = reports(shop)
    assert (shop.project.reports_folder / kept).read_bytes() == mailed
    assert kept.startswith("earlier/monthly-2025-12-version-1-") and now == "monthly-2025-12.html"
    [[net]] = shop.sql(
        "select sum(net_sales_amount) from sales_daily where date_day between '2025-12-01' and '2025-12-31'"
    ).fetchall()
    assert figure(page(file), "overview", "net_sales").one("div", "value").text == f"${round(net, 2):,}"
    listed = page(file.with_name("index.html")).rows()[1:]
    assert [row[4].partition("; ")[2] for row in listed] == ["", "corrected by version 2"]
    assert write_due(shop.project, shop.engine) == []


def test_a_crash_between_the_copy_and_the_new_report_loses_neither(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = setting(copy)
    [file] = write_due(shop.project, shop.engine)
    mailed = file.read_bytes()
    change(shop, "update marts.sales_daily set net_sales_amount = net_sales_amount + 1 where date_day = '2025-12-24'")
    from shophouse.serve.report import files

    put: Callable[[Path, bytes], None] = files.put

    def stops(target: Path, content: bytes) -> None:
        if target.name == files.LIST:
            raise KeyboardInterrupt
        put(target, content)

    with monkeypatch.context() as patched:
        patched.setattr(files, "put", stops)
        with pytest.raises(KeyboardInterrupt):
            write_due(shop.project, shop.engine)
    assert file.read_bytes() != mailed
    write_due(shop.project, shop.engine)
    [kept, now] = reports(shop)
    assert (shop.project.reports_folder / kept).read_bytes() == mailed
    assert now == "monthly-2025-12.html"


def test_each_month_has_a_report_and_the_oldest_is_forgotten(copy: Path) -> None:
    shop = setting(copy)
    until = "delete from marts.sales_daily; insert into marts.sales_daily select * from kept where date_day <= "
    keeps = "create table if not exists kept as select * from marts.sales_daily"
    names = []
    for last in ("2025-10-31", "2025-11-29", "2025-11-30", "2026-01-01"):
        change(shop, keeps, f"{until}'{last}'")
        names.append([path.name for path in write_due(shop.project, shop.engine)])
    assert names == [["monthly-2025-10.html"], [], ["monthly-2025-11.html"], ["monthly-2025-12.html"]]
    assert reports(shop) == ["monthly-2025-11.html", "monthly-2025-12.html"]
    assert len(page(shop.project.reports_folder / "index.html").rows()) == 3


def test_a_report_that_was_removed_is_written_again(copy: Path) -> None:
    shop = setting(copy)
    [file] = write_due(shop.project, shop.engine)
    written = file.read_bytes()
    file.unlink()
    (file.parent / ".reports.json").write_text("broken", "utf-8")
    assert write_due(shop.project, shop.engine) == [file]
    assert file.read_bytes() == written


def test_a_shop_whose_first_month_runs_has_no_report_yet(copy: Path) -> None:
    shop = setting(copy)
    change(shop, "delete from marts.sales_daily where date_day > '2025-06-20'")
    assert write_due(shop.project, shop.engine) == []


def test_versions_that_come_while_it_is_read_do_not_mix(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = package.open(copy)
    from shophouse.serve.report import made

    before = write_report(shop.project, shop.engine, Asked(pages=("overview",)), output=copy / "a")[0].read_bytes()
    read = made.days_of

    def publishes(*words: object) -> object:
        change(shop, "update marts.sales_daily set net_sales_amount = net_sales_amount + 1")
        return read(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(made, "days_of", publishes)
    after = write_report(shop.project, shop.engine, Asked(pages=("overview",)), output=copy / "b")[0].read_bytes()
    assert shop.engine.published() == 2
    assert after == before


def test_settings_of_reports_are_read(tmp_path: Path) -> None:
    text = "name: k\ncurrency: EUR\nreports:\n  - {name: m, formats: [html, pdf], keep: 24, compare: year}\n"
    (tmp_path / "shophouse.yml").write_text(text, "utf-8")
    [report] = Project.load(tmp_path).reports
    assert (report.period, report.formats, report.keep, report.compare) == ("last month", ("html", "pdf"), 24, "year")
    with pytest.raises(ConfigError):
        (tmp_path / "shophouse.yml").write_text(text.replace("year", "moon"), "utf-8")
        Project.load(tmp_path)
