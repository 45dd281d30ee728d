"""Every model and every column is described, and what is described is what is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from requirements import requirement
from shophouse.bindings import contract
from shophouse.project import package_warehouse

from .shops import RawShop

MODELS = package_warehouse() / "models"
MACROS = package_warehouse() / "macros"
TYPES = {
    "text": "varchar",
    "money": "decimal(18,4)",
    "quantity": "decimal(18,4)",
    "rate": "decimal(18,8)",
    "double": "double precision",
}


def described(file: Path) -> dict[str, Any]:
    """The description of the model in the yml beside its SQL."""
    beside = file.with_suffix(".yml")
    assert beside.is_file(), f"{file.name} has no {beside.name} beside it"
    models: list[dict[str, Any]] = yaml.safe_load(beside.read_text("utf-8"))["models"]
    assert [model["name"] for model in models] == [file.stem], f"{beside.name} describes other models"
    return models[0]


def sql_files(*layers: str) -> list[Path]:
    folders = [MODELS / layer for layer in layers] if layers else [MODELS]
    return sorted(file for folder in folders for file in folder.rglob("*.sql"))


def undescribed(model: Mapping[str, Any]) -> Iterator[str]:
    name = model["name"]
    if not str(model.get("description") or "").strip():
        yield name
    if not model.get("columns"):
        yield f"{name}: no columns"
    for column in model.get("columns", ()):
        text = str(column.get("description") or "").strip()
        if not text or not text.endswith("."):
            yield f"{name}.{column['name']}: {text or 'no description'}"
        if not column.get("data_type"):
            yield f"{name}.{column['name']}: no data_type"


@requirement("S1-29")
def test_every_model_and_column_is_described() -> None:
    assert [what for file in sql_files() for what in undescribed(described(file))] == []


@requirement("S1-17", "S1-18")
@pytest.mark.parametrize("file", sql_files("core", "changes"), ids=lambda file: file.stem)
def test_every_table_says_what_names_its_rows(file: Path) -> None:
    tests = described(file).get("data_tests", ())
    rules = [test["valid_columns"]["arguments"] for test in tests if "valid_columns" in test]
    if file.stem in ("fct_sales_ledger", "fct_order_items_as_sold") or file.stem.startswith(("repeated_", "checked_")):
        return  # views over tested facts, keys that may be listed twice, and rows that may lack their key
    assert len(rules) == 1
    assert rules[0].get("unique")


def test_what_is_described_is_what_is_built(storefront: RawShop) -> None:
    built: dict[str, list[tuple[str, str]]] = {}
    for row in storefront.query(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema not in ('raw', 'reference') order by table_name, ordinal_position"
    ):
        built.setdefault(row["table_name"], []).append((row["column_name"], plain(row["data_type"])))
    wrong = {}
    for file in sql_files():
        if file.stem in built:
            said = [(column["name"], plain(column["data_type"])) for column in described(file)["columns"]]
            if said != built[file.stem]:
                wrong[file.stem] = sorted(set(said) ^ set(built[file.stem])) or "another order of columns"
    assert wrong == {}
    missing = {file.stem for file in sql_files("core", "changes", "input", "ops")} - built.keys()
    assert missing == set()


def plain(data_type: str) -> str:
    name = data_type.lower().replace(" ", "").replace("precision", "")
    return {"text": "varchar", "string": "varchar"}.get(name, name)


def test_an_input_model_is_its_entity_of_the_contract() -> None:
    found = {file.stem.removeprefix("input_") for file in sql_files("input")}
    assert found == set(contract())
    for name, entity in contract().items():
        said = [(c["name"], c["data_type"]) for c in described(MODELS / "input" / f"input_{name}.sql")["columns"]]
        assert said == [
            ("source", "varchar"),
            *((column, TYPES.get(kind, kind)) for column, kind in entity.columns.items()),
        ]


def test_personal_columns_are_marked_and_stay_out_of_marts() -> None:
    personal = {
        column["name"]
        for file in sql_files("core", "input")
        for column in described(file)["columns"]
        if column.get("config", {}).get("meta", {}).get("personal")
    }
    assert {"email", "phone", "first_name", "last_name", "birth_date", "gender"} <= personal
    marts = {
        f"{file.stem}.{column['name']}" for file in sql_files("marts") for column in described(file).get("columns", ())
    }
    names = {column for column in marts if column.split(".")[1] in personal}
    assert {name for name in names if not name.endswith(".employee_name")} == set()


def test_the_macros_that_others_call_are_described() -> None:
    listed = yaml.safe_load((MACROS / "_macros.yml").read_text("utf-8"))["macros"]
    for macro in listed:
        assert macro["description"]
        assert all(argument["description"] for argument in macro.get("arguments", ())), macro["name"]
        assert any(f"macro {macro['name']}(" in file.read_text("utf-8") for file in MACROS.glob("*.sql")), macro["name"]
