"""Doctor, the lake, quarantine, backup and restore: on small shops of their own, whose models needn't be built."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path

import pytest

from built_shop import DemoShop, shophouse
from shophouse.backup import restore
from shophouse.errors import ConfigError, LakeError

PROJECT = """
name: Corner shop
currency: EUR
sources:
  corner:
    kind: files
    path: data/*.csv*
    tables:
      orders:
        files: "orders*"
        delivery: append
        key: [id]
        required: [id]
        columns: {id: bigint, amount: "decimal(18,4)", day: date}
"""
ORDERS = "id,amount,day\n1,2.50,2024-01-01\n2,nothing,2024-01-02\n3,1.25,2024-01-03\n"


@pytest.fixture
def corner(tmp_path: Path) -> Path:
    folder = tmp_path / "corner"
    assert shophouse("init", folder, "--platform", "storefront").returncode == 0
    (folder / "shophouse.yml").write_text(PROJECT)
    (folder / "data" / "orders-1.csv").write_text(ORDERS)
    return folder


def test_ingest_tells_what_was_read_and_rejected(corner: Path) -> None:
    done = shophouse("ingest", "-p", corner)
    assert done.returncode == 0, done.stderr
    assert "corner.orders" in done.stdout
    assert "1 row in quarantine" in done.stdout
    assert "shophouse quarantine list" in done.stdout


def test_quarantine_names_file_line_column_and_reason(corner: Path) -> None:
    shophouse("ingest", "-p", corner)
    [counted] = json.loads(shophouse("quarantine", "list", "--json", "-p", corner).stdout)
    assert (counted["file"], counted["rejected_rows"], counted["rows"]) == ("data/orders-1.csv", 1, 2)
    [row] = json.loads(shophouse("quarantine", "show", "--json", "-p", corner).stdout)
    assert (row["_source_file"], row["line"], row["column_name"]) == ("data/orders-1.csv", 3, "amount")
    assert row["reason"]
    said = shophouse("quarantine", "show", "corner.orders", "-p", corner).stdout
    assert "2,nothing,2024-01-02" in said


def test_an_empty_quarantine_says_so(corner: Path) -> None:
    assert shophouse("quarantine", "list", "-p", corner).stdout == "nothing is in quarantine\n"


def test_lake_history_compact_and_expire_keep_every_row(corner: Path) -> None:
    for number in (2, 3):
        shophouse("ingest", "-p", corner)
        (corner / "data" / f"orders-{number}.csv").write_text(f"id,amount,day\n{number}0,1.00,2024-02-01\n")
    shophouse("ingest", "-p", corner)
    before = json.loads(shophouse("lake", "history", "--json", "-p", corner).stdout)
    assert [change["rows"] for change in before] == [2, 3, 4]
    [merged] = json.loads(shophouse("lake", "compact", "--json", "-p", corner).stdout)
    assert (merged["files_before"], merged["files_after"]) == (3, 1)
    [forgotten] = json.loads(shophouse("lake", "expire", "--older-than", "0", "--json", "-p", corner).stdout)
    assert forgotten["snapshots"] >= 3
    assert json.loads(shophouse("lake", "history", "--json", "-p", corner).stdout)[-1]["rows"] == 4
    assert "nothing new" in shophouse("ingest", "-p", corner).stdout


def test_a_table_that_the_lake_does_not_have_is_refused_with_those_it_has(corner: Path) -> None:
    shophouse("ingest", "-p", corner)
    done = shophouse("lake", "history", "corner.order", "-p", corner)
    assert done.returncode == 2
    assert "corner.orders" in done.stderr


def test_dropping_a_table_asks_first(corner: Path) -> None:
    shophouse("ingest", "-p", corner)
    assert shophouse("lake", "drop", "corner.orders", "-p", corner).returncode == 1
    assert json.loads(shophouse("lake", "history", "--json", "-p", corner).stdout)
    assert shophouse("lake", "drop", "corner.orders", "--yes", "-p", corner).returncode == 0
    assert json.loads(shophouse("lake", "history", "--json", "-p", corner).stdout) == []


def findings(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"ok": [], "warning": [], "error": []}
    for finding in json.loads(shophouse("doctor", "--json", "-p", folder).stdout):
        found[finding["verdict"]].append(finding["what"])
    return found


def test_doctor_finds_a_shop_that_is_well(demo_shop: DemoShop) -> None:
    done = shophouse("doctor", "-p", demo_shop.folder)
    assert done.returncode == 0
    found = findings(demo_shop.folder)
    assert found["error"] == []
    assert [what for what in found["warning"] if "GB free" not in what] == []


def test_doctor_compares_what_is_declared_with_the_files(corner: Path) -> None:
    (corner / "data" / "orders-2.csv.gz").write_bytes(gzip.compress(b"id;day;colour\n1;2024-01-01;red\n"))
    (corner / "data" / "stray.csv").write_text("a\n1\n")
    said = "\n".join(findings(corner)["warning"])
    assert "1 file of no table: stray.csv" in said
    assert "orders-2.csv.gz has undeclared columns: colour" in said
    assert "orders-2.csv.gz lacks the columns amount" in said


def test_doctor_fails_where_a_run_would(corner: Path) -> None:
    (corner / "data" / "orders-1.csv").write_text("number,amount\n1,2\n")
    done = shophouse("doctor", "-p", corner)
    assert done.returncode == 1
    assert "lacks id, which is required" in done.stdout


def test_doctor_warns_of_a_glob_without_files(corner: Path) -> None:
    (corner / "data" / "orders-1.csv").unlink()
    assert "data/*.csv* matches no file" in findings(corner)["warning"]


def test_doctor_tells_the_mistakes_of_a_project_file(corner: Path) -> None:
    (corner / "shophouse.yml").write_text(PROJECT.replace("currency: EUR", "currency: ERU"))
    done = shophouse("doctor", "-p", corner)
    assert done.returncode == 1
    assert "EUR" in done.stdout


@pytest.mark.parametrize("name", ["shop.tar", "shop.tar.gz"])
def test_a_shop_that_is_restored_elsewhere_has_every_row_and_reads_nothing_again(
    corner: Path, tmp_path: Path, name: str
) -> None:
    shophouse("ingest", "-p", corner)
    assert shophouse("backup", tmp_path / name, "-p", corner).returncode == 0
    done = shophouse("restore", tmp_path / name, tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    there = tmp_path / "elsewhere"
    (there / "data" / "orders-1.csv").write_text(ORDERS)
    assert "nothing new" in shophouse("ingest", "-p", there).stdout
    assert json.loads(shophouse("lake", "history", "--json", "-p", there).stdout)[-1]["rows"] == 2
    assert json.loads(shophouse("quarantine", "list", "--json", "-p", there).stdout)[0]["rejected_rows"] == 1


def test_a_backup_holds_what_cannot_be_made_again_and_nothing_else(demo_shop: DemoShop, tmp_path: Path) -> None:
    assert shophouse("backup", tmp_path / "b.tar", "-p", demo_shop.folder).returncode == 0
    with tarfile.open(tmp_path / "b.tar") as tar:
        names = tar.getnames()
    assert {"shophouse.yml", "dbt_project.yml", "lake/catalog.db"} <= set(names)
    assert any(name.startswith("logs/runs/") for name in names)
    assert not [name for name in names if name.startswith(("warehouse/", "reports/", ".shophouse/", "data/"))]
    again = shophouse("backup", tmp_path / "b.tar", "-p", demo_shop.folder)
    assert again.returncode == 2


@pytest.mark.slow
def test_a_restored_shop_builds_the_same_marts(demo_shop: DemoShop, tmp_path: Path) -> None:
    shophouse("backup", tmp_path / "b.tar", "-p", demo_shop.folder)
    shophouse("restore", tmp_path / "b.tar", tmp_path / "there")
    done = shophouse("run", "-p", tmp_path / "there")
    assert done.returncode == 0, done.stderr
    for name in ("sales_daily", "customer_360", "top_10_products_by_revenue"):
        before, after = (
            folder / "reports" / "csv" / f"{name}.csv" for folder in (demo_shop.folder, tmp_path / "there")
        )
        assert after.read_bytes() == before.read_bytes(), name


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.tar").write_text("no")
    with pytest.raises(LakeError, match="can't be read"):
        restore(tmp_path / "no.tar", tmp_path / "there")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ConfigError, match="is not empty"):
        restore(tmp_path / "no.tar", tmp_path / "full")
