from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from shophouse.sources.postgres._schema import PostgresSchema
from shophouse.sources.schema import SAMPLED_ROWS, ForeignKey, SourceTable
from shophouse.values import Secret

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = pytest.mark.server

DDL = """
create domain price as numeric(10, 2);
create table "Customers" ("ID" integer primary key, name text unique, photo bytea);
comment on table "Customers" is 'Who buys.';
comment on column "Customers".name is 'As they
write it.';
create table orders (
    id bigint primary key, customer integer not null references "Customers", total price, any_size numeric,
    ordered_at timestamptz not null, money money
);
create view broken as select 1 / (id - 1) as x from orders;
create schema other;
create table other.hidden (id int);
create table secret (id int);
create role reader login;
grant usage on schema public to reader;
grant select on orders, "Customers" to reader;
insert into "Customers" select n, 'Person ' || n, '\\x00' from generate_series(1, 800) n;
insert into orders select n, n, n, n, '2025-01-01', 5 from generate_series(1, 3) n;
analyze;
"""


def tables(postgres: Server, monkeypatch: pytest.MonkeyPatch, user: str = "postgres") -> dict[str, SourceTable]:
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute(DDL)
    monkeypatch.setenv("SCHEMA_DSN", dsn.replace("postgres@", f"{user}@"))
    found = {table.name: table for table in PostgresSchema("shop", Secret("env:SCHEMA_DSN")).tables()}
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop owned by reader")
        connection.execute("drop role reader")
    return found


def test_tables_are_as_the_catalog_says(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tables(postgres, monkeypatch)
    assert list(found) == ["Customers", "broken", "orders", "secret"]
    customers, orders = found["Customers"], found["orders"]
    assert (customers.primary_key, customers.unique, customers.comment) == (("ID",), (("name",),), "Who buys.")
    assert customers.column("name").comment == "As they write it."
    assert customers.column("photo").is_binary
    assert (customers.rows, orders.rows) == (800, 3)
    assert orders.foreign_keys == (ForeignKey(("customer",), "Customers", ("ID",)),)
    assert {column.name: column.type for column in orders.columns} == {
        "id": "bigint",
        "customer": "integer",
        "total": "decimal(10,2)",
        "any_size": "decimal(38,12)",
        "ordered_at": "timestamp",
        "money": "decimal(18,4)",
    }
    assert orders.column("ordered_at").native == "timestamp with time zone"
    assert [column.name for column in orders.columns if column.is_required] == ["id", "customer", "ordered_at"]


def test_a_sample_is_small_and_not_shown(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tables(postgres, monkeypatch)
    names = found["Customers"].column("name").sample
    assert names.rows == len(names.values) == SAMPLED_ROWS
    assert names.is_unique
    assert "Person" not in repr(found["Customers"])
    assert found["orders"].column("money").sample.numbers() == [5, 5, 5]


def test_a_view_that_fails_has_columns_and_no_values(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tables(postgres, monkeypatch)["broken"]
    assert broken.is_view
    assert [column.name for column in broken.columns] == ["x"]
    assert broken.column("x").sample.rows == 0


def test_only_what_the_user_may_read_is_seen(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(tables(postgres, monkeypatch, user="reader")) == ["Customers", "orders"]
