from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shophouse.settings import PostgresTable
from shophouse.sources import Column, Source, Table, kinds
from shophouse.sources.postgres import PostgresSource

from ..conformance import SourceConformance, System
from .conftest import Shop, drop_slots

pytestmark = pytest.mark.server


class Orders:
    """A table whose id is text, which is declared as a number."""

    def __init__(self, shop: Shop, own: PostgresTable) -> None:
        self.shop = shop
        shop.own = own
        shop.table = Table("shop", "orders", columns=(Column("id", "bigint"),), required=("id",))
        shop.sql("create table orders (id text primary key, updated_at timestamp not null default now())")

    @property
    def source(self) -> Source:
        return self.shop.source

    def arrive(self, ids: list[int]) -> None:
        self.shop.sql(f"insert into orders (id) select unnest(array{ids})")

    def arrive_broken(self) -> None:
        self.shop.sql("insert into orders (id) values ('broken')")


class TestCursor(SourceConformance):
    @pytest.fixture
    def system(self, shop: Shop) -> System:
        return Orders(shop, PostgresTable(read="cursor", cursor="updated_at"))


class TestChanges(SourceConformance):
    @pytest.fixture
    def system(self, shop: Shop) -> Iterator[System]:
        yield Orders(shop, PostgresTable(read="changes"))
        drop_slots(shop.dsn)


class TestFull(SourceConformance):
    @pytest.fixture
    def system(self, shop: Shop) -> System:
        return Orders(shop, PostgresTable())

    def test_only_what_arrived_since_is_read(self, system: System, tmp_path: Path) -> None:
        """A snapshot brings what was there before as well."""
        system.arrive([1])
        position = self.read(system, None, tmp_path / "1")[-1].position
        system.arrive([2, 3])
        rows = self.rows(self.read(system, position, tmp_path / "2", 2))
        assert sorted(int(row["id"]) for row in rows) == [1, 2, 3]


def test_postgres_is_a_kind() -> None:
    assert kinds()["postgres"] is PostgresSource
