from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from shophouse.bindings import contract
from shophouse.connector import propose
from shophouse.connector.writing import Written
from shophouse.sources.schema import SourceTable

from .schemas import ABBREVIATED, GERMAN, QUOTED, table

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {"german": GERMAN, "abbreviated": ABBREVIATED, "quoted": QUOTED}


def texts(name: str, tables: Sequence[SourceTable]) -> dict[str, str]:
    return Written(propose("here", tables), name).texts()


@pytest.mark.slow
def test_every_model_is_in_the_style_of_the_house(tmp_path: Path) -> None:
    for name, tables in SCHEMAS.items():
        for file, text in texts(name, tables).items():
            if file.endswith(".sql"):
                # the package's macros stand in .sqlfluff without the package's name
                (tmp_path / Path(file).name).write_text(text.replace("shophouse.", ""), "utf-8")
    linter = [str(Path(sys.executable).with_name("sqlfluff")), "lint", "--config", str(ROOT / ".sqlfluff"), "."]
    done = subprocess.run(linter, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_model_has_a_yml_that_lists_what_it_gives(name: str) -> None:
    written = texts(name, SCHEMAS[name])
    for file, text in written.items():
        if not file.endswith(".sql"):
            continue
        (model,) = yaml.safe_load(written[file.replace(".sql", ".yml")])["models"]
        assert model["name"] == Path(file).stem
        listed = [column["name"] for column in model["columns"]]
        last = text[text.rindex("select\n") :]
        assert all(f"{column}," in last or f"{column}\n" in last for column in listed), file


def test_a_column_that_nothing_gives_is_a_comment_that_waits() -> None:
    orders = table("ord", "ord_id bigint pk", "cust_id bigint", "ord_dt timestamp", "amt double")
    written = texts("mine", [t if t.name != "ord" else orders for t in ABBREVIATED])
    sql = written["models/staging/mine/stg_mine__orders.sql"]
    assert "-- status: REQUIRED, and could not be mapped." in sql
    assert "    -- 'completed' as status,\n" in sql
    assert "-- channel: could not be mapped." in sql
    (model,) = yaml.safe_load(written["models/staging/mine/stg_mine__orders.yml"])["models"]
    assert "status" not in [column["name"] for column in model["columns"]]
    waiting = written["models/staging/mine/stg_mine__orders.yml"].replace("      # - name", "      - name")
    waiting = waiting.replace("      #   ", "        ")
    (model,) = yaml.safe_load(waiting)["models"]
    assert set(contract()["orders"].required) <= {column["name"] for column in model["columns"]}


def test_every_column_of_the_contract_is_mapped_or_named_in_a_comment() -> None:
    written = texts("german", GERMAN)
    for match in propose("here", GERMAN).matches.values():
        if not match.is_derived:
            text = written[f"models/staging/german/stg_german__{match.entity}.sql"]
            for column in contract()[match.entity].columns:
                assert f" as {column}" in text or f"    {column}," in text or f"-- {column}:" in text, column


def test_a_table_that_says_when_a_row_changed_is_read_by_it_where_it_has_a_key() -> None:
    said = {name: settings for name, settings, _ in Written(propose("here", GERMAN), "german").table_settings()}
    assert said["bestellungen"] == {"read": "cursor", "cursor": "geaendert_am"}
    # a line that is deleted has to be noticed
    assert said["bestellpositionen"] == {"read": "full"}
    assert said["kunden"] == {"read": "full"}


def test_tables_with_names_in_quotes_get_plain_ones() -> None:
    written = Written(propose("here", QUOTED), "quoted")
    said = {name: settings for name, settings, _ in written.table_settings()}
    assert said["order_lines"]["table"] == "Order Lines"
    base = written.texts()["models/staging/quoted/base_quoted__order_lines.sql"]
    assert '"OrderLineID" as order_line_id' in base
    assert "text_or_null('\"order\"')" in base
    assert "as order_value" in base


def test_no_value_that_was_looked_at_is_written_but_words_of_a_list() -> None:
    everything = "\n".join(texts("german", GERMAN).values())
    values = {value for t in GERMAN for column in t.columns for value in column.sample.values if len(value) > 3}
    assert {value for value in values if value in everything} <= {"storniert", "wartend"}
