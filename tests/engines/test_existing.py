"""Tables that another loader keeps where the engine is, modelled there: on DuckDB and PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import psycopg
import pytest

from shophouse.declarations import platform_declaration
from shophouse.demo.storefront import generate
from shophouse.doctor import examine
from shophouse.engines.postgres import existing
from shophouse.engines.postgres.engine import PostgresEngine
from shophouse.errors import CheckFailed, ConfigError, SourceMismatch, SourceUnreachable
from shophouse.existing import Existing, relations
from shophouse.parity import digests
from shophouse.project import Project
from shophouse.quoting import identifier, literal
from shophouse.scaffold import init_project
from shophouse.serve.status import status
from shophouse.shop import Listener, Shop
from shophouse.sources.postgres._bulk import extension

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = pytest.mark.server

SCHEMA = "fivetran_shop"
FIVETRAN = "loaded_at: _fivetran_synced\n    deleted: _fivetran_deleted"


class Loader(Protocol):
    """Whoever keeps the tables: runs SQL where they are."""

    def __call__(self, *statements: str) -> list[Any]: ...


class InFile:
    """A loader that writes a DuckDB file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self, *statements: str) -> list[Any]:
        with duckdb.connect(str(self.file)) as connection:
            for statement in statements:
                connection.execute(statement)
            return connection.fetchall()


class InDatabase:
    """A loader that writes to the shop's PostgreSQL."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def __call__(self, *statements: str) -> list[Any]:
        with psycopg.connect(self.dsn) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def settings(engine: str, tables: str = "", marks: str = "", schema: str = SCHEMA) -> str:
    path = "path: loader.duckdb\n    " if engine == "duckdb" else ""
    return (
        "name: shop\ntimezone: America/New_York\ncurrency: USD\n"
        f"engine: {{kind: {engine}{', dsn: env:EXISTING_DSN' if engine == 'postgres' else ''}}}\n"
        "sources:\n  web:\n    kind: existing\n    staging: storefront\n    timezone: UTC\n    retries: 0\n"
        f"    {path}database_schema: {schema}\n    {marks}\n" + (f"    tables:\n{tables}" if tables else "")
    )


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
        return Shop.open(_written(folder, settings(engine, **given))), loader

    return made


def _written(folder: Path, text: str) -> Path:
    (folder / "shophouse.yml").write_text(text, "utf-8")
    return folder


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


ORDERS = f"{SCHEMA}.orders"
CREATED = (
    f"create table {ORDERS} (order_id varchar, status varchar, total_amount numeric(18,4),"
    " _fivetran_synced timestamp with time zone, _fivetran_deleted boolean,"
    " ordered_at timestamp default timestamp '2026-01-01')"
)
ROWS = (
    f"insert into {ORDERS} (order_id, status, total_amount, _fivetran_synced, _fivetran_deleted) values"
    " ('1', 'paid', 12.5, '2026-01-02 03:04:05+02', false),"
    " ('2', 'open', 7, '2026-01-03 00:00:00+00', null), ('3', 'open', 1, '2026-01-04 00:00:00+00', true)"
)
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


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Another process that has the file open for writing."""
    code = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    loader = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert loader.stdout is not None and loader.stdout.readline() == "open\n"
        yield
    finally:
        loader.communicate()


def test_a_file_that_its_loader_is_writing_is_worth_another_try(make: Make) -> None:
    shop, _ = make("duckdb", CREATED, ROWS)
    with (
        writing(shop.project.folder / "loader.duckdb"),
        pytest.raises(SourceUnreachable, match=r"the loader is writing to loader\.duckdb") as raised,
    ):
        shop.ingest()
    assert "when the loader is done" in raised.value.hint[0]
    assert shop.ingest().record.loads


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
    _written(shop.project.folder, text)
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


RENAMED = (
    f"update {SCHEMA}.products set name = 'Renamed' where product_id = (select min(product_id) from {SCHEMA}.products)"
)
CHANGES = (
    # one that changed; one that is marked as gone, with its lines; one that is gone without a mark
    f"update {SCHEMA}.order_items set quantity = quantity + 1 where order_id = (select min(order_id) from {ORDERS})",
    f"update {ORDERS} set _fivetran_deleted = true where order_id = (select max(order_id) from {ORDERS})",
    *(
        f"update {SCHEMA}.{table} set _fivetran_deleted = true where order_id = (select max(order_id) from {ORDERS})"
        for table in ("order_items", "payments", "refunds", "refund_items", "shipments")
    ),
    f"delete from {SCHEMA}.shipments where order_id = (select min(order_id) from {SCHEMA}.shipments)",
    RENAMED,
)


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


@contextmanager
def attached(loader: Loader) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the loader's tables as database `theirs`."""
    with duckdb.connect() as connection:
        if isinstance(loader, InDatabase):
            connection.execute(f"load {literal(str(extension()))}")
            connection.execute(f"attach {literal(loader.dsn)} as theirs (type postgres)")
        elif isinstance(loader, InFile):
            connection.execute(f"attach {literal(str(loader.file))} as theirs")
        yield connection


def files_shop(folder: Path) -> Shop:
    """A storefront of files."""
    init_project(folder, name="shop", staging="storefront", timezone="America/New_York", currency="USD")
    text = (folder / "shophouse.yml").read_text("utf-8").replace("  storefront:\n", "  web:\n    timezone: UTC\n", 1)
    return Shop.open(_written(folder, text))


def copy_files(shop: Shop, loader: Loader) -> list[str]:
    """Have the loader hold the files' rows, typed as they are declared, with its own columns; gives the tables."""
    marks = "now() as _fivetran_synced, false as _fivetran_deleted"
    found = []
    with attached(loader) as connection:
        for table in platform_declaration("storefront", shop.project).tables.values():
            file = shop.project.folder / "data" / f"{table.name}.csv"
            if not file.is_file():
                continue
            rows = f"read_csv({literal(str(file))}, header = true, all_varchar = true)"
            names = [row[0] for row in connection.execute(f"describe from {rows}").fetchall()]
            types = {name: table.types.get(name, "text").replace("text", "varchar") for name in names}
            typed = ", ".join(f"cast({identifier(n)} as {type_}) as {identifier(n)}" for n, type_ in types.items())
            connection.execute(f"create table theirs.{SCHEMA}.{table.name} as select {typed}, {marks} from {rows}")
            found.append(table.name)
    return found


def write_files(loader: Loader, shop: Shop, tables: Sequence[str]) -> None:
    """Have the files hold the loader's rows."""
    with attached(loader) as connection:
        for table in tables:
            file = shop.project.folder / "data" / f"{table}.csv"
            connection.execute(
                f"copy (select * exclude (_fivetran_synced, _fivetran_deleted) from theirs.{SCHEMA}.{table}"
                f" where not _fivetran_deleted) to {literal(str(file))} (header true)"
            )


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
