"""Findings of a shop into whose files each fault was planted once."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shophouse.bindings import contract
from shophouse.connector import init_from_files
from shophouse.connector.check import Finding, check_models, check_values, purposes
from shophouse.project import Project, staging_folders
from shophouse.scaffold import init_project
from shophouse.shop import Shop

FILES = {
    "customers.csv": [["customer_id", "email"], ["1", "a@example.com"], ["2", "b@example.com"], ["2", "c@example.com"]],
    "products.csv": [["product_id", "name", "cost"], ["1", "Tea", "4.00"], ["2", "Cup", "9.00"]],
    "orders.csv": [
        ["order_id", "customer_id", "ordered_at", "status", "shipping", "total"],
        ["1", "1", "2025-01-02 10:00:00", "paid", "5.00", "25.00"],
        ["2", "2", "2025-01-03 10:00:00", "flown", "0.00", "20.00"],
        ["3", "2", "2025-01-04 10:00:00", "paid", "5.00", "99.00"],
        ["4", "9", "", "paid", "0.00", "0.00"],
        ["5", "1", "2025-01-04 10:00:00", "paid", "0.00", ""],
    ],
    "order_items.csv": [
        ["order_id", "line_number", "product_id", "quantity", "unit_price"],
        ["1", "1", "1", "2", "10.00"],
        ["3", "1", "2", "1", "20.00"],
        ["7", "1", "2", "1", "20.00"],
        ["3", "2", "3", "0", "20.00"],
    ],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check") / "shop"
    (folder / "data").mkdir(parents=True)
    for name, rows in FILES.items():
        with (folder / "data" / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    init_from_files(folder, "data/*.csv")
    return folder


@pytest.fixture(scope="module")
def values(shop: Path) -> list[Finding]:
    assert not [finding for finding in check_models(Project.load(shop)) if finding.verdict == "missing"]
    return check_values(Shop.open(shop))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verdict", "entity", "column", "rows", "words"),
    [
        ("wrong", "orders", "ordered_at", 1, "rejected"),
        ("wrong", "orders", "status", 1, "flown (1)"),
        ("wrong", "customers", "customer_id", 2, "names 2 rows 1 times"),
        ("wrong", "order_items", "order_id", 1, "no such row in orders"),
        ("doubtful", "orders", "customer_id", 1, "no such row in customers"),
        ("doubtful", "order_items", "product_id", 1, "no such row in products"),
        ("doubtful", "orders", "order_id", 1, "without a line"),
        ("doubtful", "orders", "total_amount", 1, "order 3: 25.00, not 99.00"),
    ],
)
def test_each_fault_is_found_once(
    values: list[Finding], verdict: str, entity: str, column: str, rows: int, words: str
) -> None:
    (found,) = [f for f in values if (f.verdict, f.entity, f.column) == (verdict, entity, column)]
    assert found.rows == rows
    assert words in found.what


@pytest.mark.slow
def test_nothing_else_is_found(values: list[Finding]) -> None:
    assert len(values) == 8


def test_a_required_column_that_is_missing_is_named_with_the_line_to_edit(shop: Path, tmp_path: Path) -> None:
    project = Project.load(shop)
    model = shop / "models" / "staging" / "shop" / "stg_shop__orders.sql"
    text = model.read_text("utf-8")
    try:
        model.write_text(text.replace("    lower(status) as status,\n", "    -- 'completed' as status,\n"), "utf-8")
        (found,) = [finding for finding in check_models(project) if finding.verdict == "missing"]
    finally:
        model.write_text(text, "utf-8")
    line = text.splitlines().index("    lower(status) as status,") + 1
    assert (found.entity, found.column) == ("orders", "status")
    assert found.edit == (f"models/staging/shop/stg_shop__orders.sql, line {line}: 'completed' as status,",)


def test_a_column_that_the_yml_does_not_list_is_missing_too(shop: Path) -> None:
    yml = shop / "models" / "staging" / "shop" / "stg_shop__order_items.yml"
    text = yml.read_text("utf-8")
    try:
        yml.write_text(text.replace("      - name: quantity\n", "      - name: product_id\n"), "utf-8")
        (found,) = [finding for finding in check_models(Project.load(shop)) if finding.verdict == "missing"]
    finally:
        yml.write_text(text, "utf-8")
    assert (found.entity, found.column) == ("order_items", "quantity")
    assert found.edit == ("models/staging/shop/stg_shop__order_items.yml: list quantity under columns:",)


def test_the_command_says_so_in_its_exit_code_and_as_json(shop: Path) -> None:
    model = shop / "models" / "staging" / "shop" / "stg_shop__products.yml"
    text = model.read_text("utf-8")
    words = [sys.executable, "-m", "shophouse", "connector", "check", "--models-only", "-p", str(shop)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        model.write_text(text.replace("entity: products", "entity: categories"), "utf-8")
        done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=False)
    finally:
        model.write_text(text, "utf-8")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert not told["is_complete"]
    missing = {(f["entity"], f["column"]) for f in told["findings"] if f["verdict"] == "missing"}
    assert ("products", None) in missing


def test_each_entity_of_the_contract_has_a_purpose() -> None:
    assert set(purposes()) == set(contract())


@pytest.mark.parametrize("platform", sorted(staging_folders()))
def test_the_models_that_come_with_shophouse_lack_nothing(platform: str, tmp_path: Path) -> None:
    init_project(tmp_path / "s", staging=platform)
    found = [finding for finding in check_models(Project.load(tmp_path / "s")) if finding.verdict == "missing"]
    # whole entities may be missing: some platforms are a part of a shop
    assert not [finding for finding in found if finding.column]
