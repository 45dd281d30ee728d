"""Loaders that keep a storefront's tables in a DuckDB file or in PostgreSQL, with columns as Fivetran's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg

from shophouse.declarations import platform_declaration
from shophouse.quoting import identifier, literal
from shophouse.scaffold import init_project
from shophouse.shop import Shop
from shophouse.sources.postgres._bulk import extension

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


def written(folder: Path, text: str) -> Path:
    (folder / "shophouse.yml").write_text(text, "utf-8")
    return folder


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
    return Shop.open(written(folder, text))


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
