"""Schemas whose right mapping is known, for shophouse has staging models for them: the proposal against those."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest
import yaml

from shophouse.connector import Proposal, propose
from shophouse.demo.storefront import generate
from shophouse.project import package_warehouse
from shophouse.sources.postgres._schema import PostgresSchema
from shophouse.values import Secret

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = pytest.mark.server

PLATFORMS = package_warehouse() / "models" / "staging"
TYPES = {"double": "double precision"}


def entities(platform: str) -> dict[str, set[str]]:
    """Entity → the columns of the contract that the packaged models give."""
    found: dict[str, set[str]] = {}
    for file in (PLATFORMS / platform).glob("stg_*.yml"):
        for model in yaml.safe_load(file.read_text("utf-8"))["models"]:
            if entity := model.get("config", {}).get("meta", {}).get("entity"):
                names = {column["name"] for column in model["columns"]}
                found[entity] = {name for name in names if not name.startswith("_")} - {"source"}
    return found


def proposal_of(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Proposal:
    monkeypatch.setenv("KNOWN_DSN", dsn)
    return propose("here", PostgresSchema("known", Secret("env:KNOWN_DSN")).tables())


def test_the_database_of_the_storefront_comes_out_nearly_complete(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path, seed=5, days=60, orders=150, products=20)
    declared = yaml.safe_load((PLATFORMS / "storefront" / "_storefront__sources.yml").read_text("utf-8"))
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in declared["sources"][0]["tables"]:
            _create(connection, table, tmp_path)
    proposal = proposal_of(dsn, monkeypatch)
    lacking = {
        entity: sorted(columns - set(proposal.matches[entity].columns))
        for entity, columns in entities("storefront").items()
        if entity != "geography"
    }
    # its key takes the line's number for a part of the refund's
    assert {entity: names for entity, names in lacking.items() if names} == {"refund_items": ["line_number"]}
    assert not any(match.missing for match in proposal.matches.values())
    assert proposal.matches["geography"].is_derived


def _create(connection: psycopg.Connection[Any], table: dict[str, Any], files: Path) -> None:
    columns = [(column["name"], column["data_type"].replace("decimal", "numeric")) for column in table["columns"]]
    defined = ", ".join(f"{name} {TYPES.get(type_, type_)}" for name, type_ in columns)
    key = ", ".join(table["config"]["meta"]["key"])
    connection.execute(f"create table {table['name']} ({defined}, primary key ({key}))".encode())
    for file in files.glob(f"{table['name']}.*csv*"):
        with duckdb.connect() as reader:
            rows = reader.execute(f"select * from read_csv('{file}', all_varchar = true)")
            names = ", ".join(column[0] for column in rows.description)
            with connection.cursor().copy(f"copy {table['name']} ({names}) from stdin".encode()) as copy:
                for row in rows.fetchall():
                    copy.write_row(row)


@pytest.mark.real_data
def test_olist_under_its_own_names_lacks_what_only_a_person_knows(
    postgres: Server, shophouse_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for file in shophouse_data("olist-sample").glob("*.csv"):
            with file.open(encoding="utf-8-sig", newline="") as opened:
                columns = ", ".join(f"{name} text" for name in next(csv.reader(opened)))
            connection.execute(f"create table {file.stem} ({columns})".encode())
            with connection.cursor().copy(f"copy {file.stem} from stdin (format csv, header)".encode()) as copy:
                copy.write(file.read_bytes())
    proposal = proposal_of(dsn, monkeypatch)
    assert {entity: list(match.missing) for entity, match in proposal.matches.items() if match.missing} == {
        # a row is a piece
        "order_items": ["quantity"]
    }
    known = entities("olist")
    assert known.keys() - proposal.matches.keys() == {"customer_identities"}
    lacking = {
        entity: sorted(known[entity] - set(match.columns))
        for entity, match in proposal.matches.items()
        if entity in known and entity != "geography"
    }
    assert {entity: names for entity, names in lacking.items() if names} == {
        "order_items": ["quantity"],
        "payments": ["kind"],
        # the packaged models make these out of others
        "products": ["product_name"],
        "shipments": ["status"],
    }
