"""Tables that another loader keeps where the engine is, modelled there: on DuckDB and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from built_shop import shophouse
from engines.loaders import (
    CHANGES,
    CREATED,
    FIVETRAN,
    ORDERS,
    RENAMED,
    ROWS,
    SCHEMA,
    InDatabase,
    InFile,
    Loader,
    copy_files,
    files_shop,
    settings,
    write_files,
    writing,
    written,
)
from shophouse.demo.storefront import generate
from shophouse.doctor import examine
from shophouse.engines.postgres import existing
from shophouse.engines.postgres.engine import PostgresEngine
from shophouse.errors import CheckFailed, ConfigError, SourceMismatch, SourceUnreachable
from shophouse.existing import Existing, relations
from shophouse.parity import digests
from shophouse.project import Project
from shophouse.scaffold import init_project
from shophouse.serve.status import status
from shophouse.shop import Listener, Shop

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = pytest.mark.server

Make = Callable[..., tuple[Shop, Loader]]


@pytest.fixture
def make(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A shop on an engine whose one source is a loader's schema, with what the loader has put there."""

    def made(engine: str, *statements: str, **given: str) -> tuple[Shop, Loader]:
        folder = tmp_path / engine
        init_project(folder, name="shop", staging="storefront", currency="USD")
        loader: Loader = InFile(folder / "loader.duckdb")
        if engine == "postgres":
            dsn = postgres.database()
            monkeypatch.setenv("EXISTING_DSN", dsn)
            loader = InDatabase(dsn)
        loader(f"create schema {SCHEMA}", *statements)
        return Shop.open(written(folder, settings(engine, **given))), loader

    return made


def again(shop: Shop, listener: Listener | None = None) -> Shop:
    return Shop.open(shop.project.folder, listener)


def raw(shop: Shop, table: str = "orders") -> list[dict[str, Any]]:
    """What staging reads."""
    shop = again(shop)
    shop.steps.prepare_dbt()
    found: list[dict[str, Any]] = shop.engine.query(f"select * from raw.storefront__{table} order by 3").to_pylist()
    return found


def heads(shop: Shop) -> dict[tuple[str, str], str]:
    existing = Existing.of(shop.project)
    existing.look(shop.engine)
    return existing.heads()


ENGINES = pytest.mark.parametrize("engine", ["duckdb", "postgres"])


@ENGINES
def test_rows_have_lineage_and_those_that_the_loader_marks_as_deleted_are_left_out(make: Make, engine: str) -> None:
    shop, _ = make(engine, CREATED, ROWS, marks=FIVETRAN)
    first, second = raw(shop)
    assert (first["order_id"], first["status"], first["_source"], first["_timezone"]) == (1, "paid", "web", "UTC")
    assert (first["_load_id"], first["_operation"], first["_source_file"]) == (1, "insert", ORDERS)
    assert (first["_loaded_at"], second["_loaded_at"]) == (datetime(2026, 1, 2, 1, 4, 5), datetime(2026, 1, 3))
    assert first["_row_number"] < second["_row_number"]
    (found,) = (row for row in status(shop)["tables"] if row["table"] == "orders")
    assert (found["loads"], found["rows"]) == (1, 2)
    # the newest row that the loader wrote, deleted or not
    assert found["newest_load_at"].startswith("2026-01-04T00:00:00")
    assert shop.lake.tables() == []


@ENGINES
def test_what_a_loader_writes_is_typed_as_it_is_declared(make: Make, engine: str) -> None:
    kinds = {
        "status": ("varchar", "'paid'"),
        "ordered_at": ("timestamp", "'2026-01-02 03:04:05'"),
        "instant": ("timestamp with time zone", "'2026-01-02 03:04:05+02'"),
        "written": ("varchar", "'2026-01-02T03:04:05+02:00'"),
        "day": ("date", "'2026-01-02'"),
        "price": ("double precision", "0.1"),
        "many": ("bigint", "5"),
        "tags": ("integer[]", "ARRAY[1, 2]"),
        "flag": ("boolean", "true"),
        "synced": ("varchar", "'1767323045.25'"),
    }
    columns = ", ".join(f"{name} {type_}" for name, (type_, _) in kinds.items())
    table = f"create table {SCHEMA}.orders_v2 (order_id bigint, {columns})"
    row = f"insert into {SCHEMA}.orders_v2 values (7, {', '.join(value for _, value in kinds.values())})"
    tables = (
        "      orders:\n        table: orders_v2\n        loaded_at: synced\n"
        "        columns: {written: timestamp, price: 'decimal(18,4)', many: text}\n"
    )
    shop, _ = make(engine, table, row, tables=tables)
    (found,) = raw(shop)
    assert found["order_id"] == 7
    assert found["instant"] == found["written"] == datetime(2026, 1, 2, 1, 4, 5)
    assert (found["price"], found["many"], found["flag"]) == (Decimal("0.1000"), "5", True)
    assert json.loads(found["tags"]) == [1, 2]
    assert found["_loaded_at"] == datetime(2026, 1, 2, 3, 4, 5, 250000)


@ENGINES
def test_a_table_is_the_same_until_a_row_or_a_column_is_another(make: Make, engine: str) -> None:
    shop, loader = make(engine, CREATED, ROWS, marks=FIVETRAN)
    seen = [heads(shop)["web", "orders"]]
    assert heads(shop)["web", "orders"] == seen[0]
    changes = [
        f"insert into {ORDERS} select * from {ORDERS} where order_id = '1'",
        f"update {ORDERS} set total_amount = 13 where order_id = '2'",
        f"delete from {ORDERS} where order_id = '3'",
        f"alter table {ORDERS} add column note varchar default 'none'",
        f"delete from {ORDERS}",
    ]
    for change in changes:
        loader(change)
        seen.append(heads(shop)["web", "orders"])
        assert heads(shop)["web", "orders"] == seen[-1], change
    assert len(set(seen)) == len(changes) + 1
    states = Existing.of(shop.project).states["web", "orders"]
    assert [state.load_id for state in states] == list(range(1, len(changes) + 2))


@ENGINES
def test_a_view_of_a_loader_is_followed_by_what_is_in_it(make: Make, engine: str) -> None:
    view = f"create view {SCHEMA}.orders as select order_id, status, day as ordered_at from {SCHEMA}.kept"
    shop, loader = make(
        engine,
        f"create table {SCHEMA}.kept (order_id varchar, status varchar, day date)",
        f"insert into {SCHEMA}.kept values ('1', 'open', null), ('2', 'open', null)",
        view,
    )
    before = heads(shop)
    assert [row["status"] for row in raw(shop)] == ["open", "open"]
    loader(f"update {SCHEMA}.kept set status = 'paid' where order_id = '2'")
    assert heads(shop) != before
    loader(f"update {SCHEMA}.kept set status = 'open' where order_id = '2'")
    assert heads(shop) == before


@ENGINES
def test_a_loader_may_drop_its_tables_and_make_them_anew(make: Make, engine: str) -> None:
    shop, loader = make(engine, CREATED, ROWS, marks=FIVETRAN)
    assert len(raw(shop)) == 2
    loader(f"drop table {ORDERS}", CREATED, f"insert into {ORDERS} (order_id, status) values ('9', 'paid')")
    assert [row["order_id"] for row in raw(shop)] == [9]
    # another type, which a view would refuse
    loader(f"alter table {ORDERS} alter column total_amount type varchar")
    assert [row["order_id"] for row in raw(shop)] == [9]


@ENGINES
@pytest.mark.parametrize(
    ("given", "what", "hint"),
    [
        ({"schema": "fivetran_shpo"}, "there is no schema fivetran_shpo", "fivetran_shop"),
        ({"tables": "      orders: {table: orderz}\n"}, "there is no table fivetran_shop.orderz", "orders"),
        ({"tables": "      orders: {loaded_at: _fivetran_sinced}\n"}, "lacks _fivetran_sinced", "_fivetran_synced"),
        ({"marks": "deleted: is_gone"}, "no table has the column is_gone", "change deleted"),
        ({"marks": "deleted: status"}, "status does not say whether a row is deleted", "filter in staging"),
        ({"tables": "      orders: {columns: {status: integer}}\n"}, "status is no integer in 3 of 3 rows", "text"),
    ],
)
def test_what_is_not_as_the_project_says_is_told_with_what_to_type(
    make: Make, engine: str, given: dict[str, str], what: str, hint: str
) -> None:
    shop, _ = make(engine, CREATED, ROWS, **given)
    with pytest.raises(SourceMismatch) as raised:
        shop.ingest()
    assert what in raised.value.what
    assert hint in " ".join(raised.value.hint)
    (told,) = (finding for finding in examine(shop.project.folder) if finding.about == "source web")
    assert (told.verdict, what in told.what) == ("error", True)


def test_doctor_tells_what_is_there(make: Make) -> None:
    shop, _ = make("duckdb", CREATED, ROWS, marks=FIVETRAN)
    told = [finding for finding in examine(shop.project.folder) if finding.about == "source web"]
    assert [finding.verdict for finding in told if finding.what.startswith("orders: 2 rows")] == ["warning"]
    assert any("users: no such table" in finding.what for finding in told)


def test_a_user_without_rights_is_told_what_to_grant(make: Make, postgres: Server) -> None:
    shop, loader = make("postgres", CREATED, ROWS, "drop role if exists reading", "create role reading login")
    assert isinstance(shop.engine, PostgresEngine)
    database = loader("select current_database()")[0][0]
    wanted = relations(shop.project, "web")
    with (
        psycopg.connect(postgres.dsn(database, "reading")) as connection,
        pytest.raises(SourceMismatch, match=f"{ORDERS} may not be read") as raised,
    ):
        existing.examine(connection, wanted)
    for statement in raised.value.hint[:2]:
        loader(statement)
    with psycopg.connect(postgres.dsn(database, "reading")) as connection:
        assert any(existing.examine(connection, wanted))


def test_a_file_that_its_loader_is_writing_is_worth_another_try(make: Make) -> None:
    shop, _ = make("duckdb", CREATED, ROWS)
    with (
        writing(shop.project.folder / "loader.duckdb"),
        pytest.raises(SourceUnreachable, match=r"the loader is writing to loader\.duckdb") as raised,
    ):
        shop.ingest()
    assert "when the loader is done" in raised.value.hint[0]
    assert shop.ingest().record.loads


def test_a_loader_that_comes_before_a_build_was_looked_at_again_has_the_next_look_build_anew(make: Make) -> None:
    shop, _ = make("duckdb", CREATED, ROWS)
    tell = Notices("", lambda: None)
    steps = again(shop, tell).steps
    before = steps.heads()
    steps._look_again(is_whole=True)
    assert (steps.heads(), tell.lines) == (before, [])
    with writing(shop.project.folder / "loader.duckdb"):
        steps._look_again(is_whole=True)
    assert "the loader is writing to loader.duckdb" in tell.lines[0]
    assert steps.heads() == {("web", "orders"): ""}
    steps.existing.look(steps.engine)
    assert steps.heads() == before


@ENGINES
def test_what_added_to_a_build_looks_again_only_at_what_might_be_as_before_at_the_next_look(
    make: Make, engine: str
) -> None:
    view = f"create view {SCHEMA}.products as select order_id as product_id, status as name from {ORDERS}"
    shop, loader = make(engine, CREATED, ROWS, view)
    steps = again(shop).steps
    before = steps.heads()
    loader(f"update {ORDERS} set status = 'gone' where order_id = '1'")
    steps._look_again(is_whole=False)
    noticed = {"web", "products"} if engine == "postgres" else {"web", "products", "orders"}
    assert {name for key, head in steps.heads().items() if not head for name in key} == noticed
    loader(f"update {ORDERS} set status = 'paid' where order_id = '1'")
    steps.existing.look(steps.engine)
    assert (steps.heads()["web", "orders"] == before["web", "orders"]) == (engine == "duckdb")
    assert steps.heads()["web", "products"] == before["web", "products"]


def test_every_source_is_looked_at_before_anything_is_read(make: Make) -> None:
    shop, _ = make("duckdb", CREATED, ROWS)
    InFile(shop.project.folder / "second.duckdb")(f"create schema {SCHEMA}", CREATED, ROWS)
    text = settings("duckdb")
    second = text[text.index("  web:") :].replace("web:", "till:").replace("loader.duckdb", "second.duckdb")
    shop = Shop.open(written(shop.project.folder, text + second))
    shop.steps.existing.look(shop.engine, ["web"])
    assert set(shop.steps.landed().existing.seen) == {("web", "orders"), ("till", "orders")}


def test_a_file_that_is_missing_or_none_of_duckdbs_is_told(make: Make) -> None:
    shop, _ = make("duckdb")
    file = shop.project.folder / "loader.duckdb"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(SourceMismatch, match="can't be opened"):
        shop.ingest()
    file.unlink()
    with pytest.raises(SourceMismatch, match=r"there is no file loader\.duckdb"):
        shop.ingest()


@pytest.mark.parametrize(
    ("engine", "text", "what"),
    [
        ("duckdb", settings("duckdb").replace("path: loader.duckdb", ""), r"sources\.web has no path"),
        ("postgres", settings("duckdb").replace("{kind: duckdb}", "{kind: postgres, dsn: env:X}"), r"path is for"),
    ],
)
def test_a_path_belongs_to_duckdb(make: Make, engine: str, text: str, what: str) -> None:
    shop, _ = make(engine)
    written(shop.project.folder, text)
    with pytest.raises(ConfigError, match=what):
        Project.load(shop.project.folder)


def test_data_that_the_loader_stopped_to_bring_is_not_fresh(make: Make) -> None:
    tables = "      orders: {freshness: {error_after: 1d}}\n"
    shop, loader = make("duckdb", CREATED, ROWS, marks=FIVETRAN, tables=tables)
    with shop.steps.recorded("check") as run:
        with pytest.raises(CheckFailed, match="older than it may be"):
            shop.steps.freshness(run)
        loader(f"update {ORDERS} set _fivetran_synced = now() where order_id = '1'")
        fresh = again(shop).steps
        fresh.log = shop.steps.log
        fresh.freshness(run)


class Notices:
    """A listener that acts once, when a model is begun."""

    def __init__(self, at: str, act: Callable[[], object]) -> None:
        self.at, self.act, self.lines = at, act, list[str]()

    def phase(self, name: str) -> None:
        pass

    def progress(self, what: str, done: int, total: int) -> None:
        if what == self.at:
            self.at = ""
            self.act()

    def notice(self, line: str) -> None:
        self.lines.append(line)


@ENGINES
def test_parity_says_that_such_tables_are_on_one_engine_and_what_reads_them_on_two(
    make: Make, tmp_path: Path, engine: str
) -> None:
    shop, _ = make(engine, CREATED, ROWS)
    done = shophouse("parity", "--dsn", "env:OTHER", "--into", str(tmp_path / "built"), folder=shop.project.folder)
    assert done.returncode == ConfigError.exit_code
    instead = {"duckdb": "web: {kind: files, path: copied/*.parquet", "postgres": "web: {kind: postgres, dsn: env:NAME"}
    for said in (f"web can be built on {engine} alone", "sources.web in", "another loader keeps", instead[engine]):
        assert said in done.stderr
    assert not (tmp_path / "built").exists()


@pytest.mark.slow
@ENGINES
def test_marts_of_a_loaders_tables_are_those_of_the_same_rows_as_files(make: Make, tmp_path: Path, engine: str) -> None:
    files = files_shop(tmp_path / "files")
    generate(files.project.folder / "data", seed=5, days=40, orders=60, products=20)
    shop, loader = make(engine, marks=FIVETRAN)
    tables = copy_files(files, loader)

    # PostgreSQL has rows that come while they are read, of which DuckDB's lock keeps its reader
    tell = Notices("dim_date", lambda: loader(RENAMED) if engine == "postgres" else None)
    first = again(shop, tell).run()
    assert first.record.is_full_refresh and {load["table"] for load in first.record.loads} == set(tables)
    before = dict(digests(shop, ["marts"]))
    if engine == "duckdb":
        nothing = again(shop).run()
        assert (nothing.status, nothing.record.loads, nothing.record.models) == ("nothing new", [], [])
        loader(*CHANGES)
        news = {"orders", "order_items", "payments", "products", "shipments"}
    else:
        assert any("web.products changed while it was read" in line for line in tell.lines)
        news = {"products"}
    changed = again(shop).run()
    assert changed.record.is_full_refresh
    assert {load["table"] for load in changed.record.loads} - {"refunds", "refund_items"} == news
    after = dict(digests(shop, ["marts"]))
    assert engine == "postgres" or after["marts.sales_daily"] != before["marts.sales_daily"]
    assert again(shop).run().status == "nothing new"

    write_files(loader, files, tables)
    files.run()
    expected = dict(digests(files, ["marts"]))
    assert expected.keys() == after.keys()
    assert [name for name in expected if expected[name].hash != after[name].hash] == []
    if engine == "postgres":
        assert loader("select nspname from pg_namespace where nspname ~ 'fivetran'") == [(SCHEMA,)]
