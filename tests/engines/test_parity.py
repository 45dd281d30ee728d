"""A shop on PostgreSQL has the same tables as on DuckDB, to the last digit, however it came to what it has."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from built_shop import shophouse
from incremental import test_incremental
from incremental.small_shop import SmallShop
from requirements import requirement
from shophouse.demo.shops import make_demo
from shophouse.demo.storefront import delta, generate
from shophouse.demo.world.deliveries import next_day
from shophouse.engines.dbt import Dbt
from shophouse.errors import ConfigError
from shophouse.parity import Digest, Parity, parity
from shophouse.scaffold import init_project
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.postgres import Server

SHOPS = int(os.environ.get("SHOPHOUSE_FUZZ_SHOPS", "6"))
SEED = int(os.environ.get("SHOPHOUSE_FUZZ_SEED", "4000"))
ALL = ("marts", "core", "aggregates", "reference")


@pytest.mark.server
@pytest.mark.slow
@requirement("S0-15", "S0-16")
def test_the_command_compares_a_shop_after_a_full_build_and_after_a_day_more(tmp_path: Path, postgres: Server) -> None:
    dsn = postgres.database()
    folder = tmp_path / "shop"
    init_project(folder, name="shop", staging="storefront", timezone="America/New_York", currency="USD")
    generate(folder / "data", seed=11, days=120, orders=400, products=60)

    def compare(*more: str) -> tuple[int, str, str]:
        words = ("parity", "--engines", "duckdb,postgres", "--dsn", "env:PARITY_DSN", "--into", "../built", *more)
        done = shophouse(*words, folder=folder, PARITY_DSN=dsn)
        return done.returncode, done.stdout, done.stderr

    code, said, notes = compare("--schemas", ",".join(ALL), "--json")
    assert code == 0, notes
    full: list[dict[str, Any]] = json.loads(said)
    assert len(full) > 60 and sum(found["engines"]["postgres"]["rows"] for found in full) > 20_000

    delta(folder / "data", orders=25)
    Shop.open(folder).ingest()
    code, said, notes = compare()
    assert code == 0 and "are equal on duckdb and postgres" in notes
    assert not Shop.open(tmp_path / "built" / "postgres").runs()[-2].is_full_refresh
    (line,) = (line for line in said.splitlines() if line.startswith("marts.sales_daily "))
    before = next(found for found in full if found["table"] == "marts.sales_daily")["engines"]["postgres"]
    assert line.endswith("equal") and before["hash"] not in line

    delta(folder / "data", orders=5)
    Shop.open(folder).ingest()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("update reference.countries set country = country || '!' where country_code = 'NO'")
    code, said, notes = compare("--schemas", "reference")
    assert code == 9 and "reference.countries: columns: country" in notes
    assert [line.split()[0] for line in said.splitlines() if line.endswith("differs")] == ["reference.countries"]


@pytest.mark.server
@pytest.mark.slow
@requirement("S0-15", "S0-16", "S3-32")
@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
def test_incremental_runs_on_whatever_arrives_are_the_same_on_both_engines(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, delivery: str
) -> None:
    monkeypatch.setattr(test_incremental, "SHOPS", SHOPS)
    monkeypatch.setenv("PARITY_DSN", postgres.database())
    shop = test_incremental.project(tmp_path / "shop", delivery)
    shops = [SmallShop(SEED + number) for number in range(SHOPS)]
    for _ in range(3):
        for number, small in enumerate(shops):
            folder = tmp_path / "shop" / "data" / f"{number:02}"
            small.play(18)
            if delivery == "upsert":
                small.write_changes(folder)
            else:
                small.forget_something()
                small.write_everything(folder)
        shop.ingest()
        found = parity(shop, tmp_path / "built", dsn="env:PARITY_DSN", schemas=ALL)
        assert dict(found.differences()) == {}
    built = [run for run in Shop.open(tmp_path / "built" / "postgres").runs() if run.models]
    assert [run.is_full_refresh for run in built] == [True, False, False]


@pytest.mark.server
@pytest.mark.slow
@requirement("S0-15", "S0-16")
def test_four_currencies_are_rounded_alike_on_both_engines(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's whole shop, and a day more: new rates reach the orders that had the last day's."""
    monkeypatch.setenv("PARITY_DSN", postgres.database())
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=300, days=60))
    for _ in range(2):
        shop.ingest()
        found = parity(shop, tmp_path / "built", dsn="env:PARITY_DSN", schemas=ALL)
        assert dict(found.differences()) == {}
        next_day(tmp_path / "shop")
    built = Shop.open(tmp_path / "built" / "postgres")
    assert [run.is_full_refresh for run in built.runs() if run.models] == [True, False]
    currencies = built.sql("select currency_code, count(*) from core.fct_orders group by 1").fetchall()
    assert len(currencies) == 4
    the_unit_tests_hold(built)


def the_unit_tests_hold(shop: Shop) -> None:
    shutil.copy(Path(__file__).with_name("unit_test_values.sql"), shop.project.folder / "macros")
    dbt = Dbt(shop.project.folder, shop.engine, log_folder=shop.project.logs_folder)
    results = dbt.invoke("test", "--resource-type", "unit_test", "--select", "shophouse")
    assert len(results) > 30
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []


def digest(rows: int = 3, hash_: str = "a", **columns: tuple[str, str]) -> Digest:
    return Digest(rows, hash_, columns or {"x": ("INTEGER", "b")})


def test_what_differs_is_named() -> None:
    found = Parity(
        ("duckdb", "postgres"),
        {
            "marts.equal": {"duckdb": digest(), "postgres": digest()},
            "marts.rows": {"duckdb": digest(), "postgres": digest(1200)},
            "marts.type": {"duckdb": digest(), "postgres": digest(x=("DOUBLE", "b"))},
            "marts.value": {"duckdb": digest(), "postgres": digest(hash_="c", x=("INTEGER", "d"))},
            "marts.pairs": {"duckdb": digest(), "postgres": digest(hash_="c")},
            "marts.missing": {"postgres": digest()},
        },
    )
    assert dict(found.differences()) == {
        "marts.rows": "rows: duckdb 3, postgres 1,200",
        "marts.type": "columns: x",
        "marts.value": "columns: x",
        "marts.pairs": "rows: values are combined otherwise",
        "marts.missing": "not there on duckdb",
    }


def test_what_parity_needs_is_told(tmp_path: Path) -> None:
    init_project(tmp_path / "shop", staging="storefront")
    shop = Shop.open(tmp_path / "shop")
    with pytest.raises(ConfigError, match="--dsn env:PARITY_DSN"):
        parity(shop, tmp_path / "built")
    with pytest.raises(ConfigError, match="postgres"):
        parity(shop, tmp_path / "built", engines=["postgress"])
