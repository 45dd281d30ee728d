from __future__ import annotations

import threading
from pathlib import Path

import pytest

from shophouse.errors import ConfigError, SourceMismatch, SourceUnreachable
from shophouse.sources import Table
from shophouse.sources.postgres import PostgresSource
from shophouse.values import Secret

from .conftest import Shop

pytestmark = pytest.mark.server


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DSN", "postgresql://me:hidden-word@127.0.0.1:1/shop")
    with pytest.raises(SourceUnreachable) as caught:
        PostgresSource("shop", Secret("env:SOURCE_DSN")).tables()
    said = caught.value.render()
    assert "source shop, 127.0.0.1:1/shop" in said and "SOURCE_DSN" in said and "hidden-word" not in said


def test_a_database_that_is_not_there_is_not_worth_a_retry(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DSN", shop.dsn + "_gone")
    with pytest.raises(SourceMismatch, match="the database refuses"):
        shop.batches()


def test_what_is_no_dsn_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DSN", "password=hidden-word host")
    with pytest.raises(ConfigError) as caught:
        PostgresSource("shop", Secret("env:SOURCE_DSN")).tables()
    assert "hidden-word" not in caught.value.render()


def test_it_writes_nothing_and_can_be_read_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sql(
        "do $$ begin create role onlooker login; exception when duplicate_object then end $$",
        "alter role onlooker set default_transaction_read_only = on",
        "create table orders (id int primary key, updated_at timestamp not null default now())",
        "insert into orders values (1)",
        "grant select on orders to onlooker",
    )
    monkeypatch.setenv("SOURCE_DSN", shop.dsn.replace("postgres@", "onlooker@"))
    assert shop.ids() == [1]
    shop.position = None
    shop.own = shop.own.model_copy(update={"read": "cursor", "cursor": "updated_at"})
    with shop.connect() as running:
        running.execute("insert into orders values (2)")
        assert shop.ids() == [1]


def test_a_table_that_is_rewritten_at_the_time_never_looks_empty(shop: Shop) -> None:
    """A snapshot from before a rewrite finds no rows in what it wrote: the lock comes before the snapshot."""
    shop.sql("create table orders (id int)", "insert into orders select generate_series(1, 100)")
    with shop.connect() as connection:
        connection.execute("alter table orders alter id type bigint")
        timer = threading.Timer(0.3, connection.commit)
        timer.start()
        assert len(shop.read()) == 100
        timer.join()


def test_tables_that_are_not_declared_are_found(shop: Shop, tmp_path: Path) -> None:
    shop.sql("create table orders (id int)", "create view paid as select 1 as id", 'create table "Odd Name" (id int)')
    source = PostgresSource("shop", Secret("env:SOURCE_DSN"))
    assert [table.name for table in source.tables()] == ["orders", "paid"]
    assert all(table.delivery == "snapshot" for table in source.tables())


def test_a_declared_table_may_be_missing_until_it_was_there(shop: Shop, tmp_path: Path) -> None:
    source = PostgresSource("shop", Secret("env:SOURCE_DSN"), tables=[Table("shop", "orders")])
    assert source.examine(Table("shop", "orders")) is None
    from .conftest import LOADED_AT

    assert list(source.read(Table("shop", "orders"), None, tmp_path, 1, LOADED_AT)) == []
    with pytest.raises(SourceMismatch, match=r"there is no table public\.orders"):
        list(source.read(Table("shop", "orders"), {"read": "full"}, tmp_path, 1, LOADED_AT))
