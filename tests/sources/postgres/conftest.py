from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow.parquet as pq
import pytest

from shophouse.settings import PostgresTable
from shophouse.sources import Batch, Position, Table
from shophouse.sources.postgres import PostgresSource
from shophouse.values import Secret

if TYPE_CHECKING:
    from servers.postgres import Server

LOADED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Shop:
    """A database with what reads one table of it, and what was read."""

    dsn: str
    folder: Path
    table: Table = field(default_factory=lambda: Table("shop", "orders"))
    own: PostgresTable = field(default_factory=PostgresTable)
    timezone: str | None = None
    position: Position | None = None
    notices: list[str] = field(default_factory=list)
    loads: int = 0

    def connect(self, user: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn.replace("postgres@", f"{user}@"))

    def sql(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    @property
    def source(self) -> PostgresSource:
        return PostgresSource(
            "shop",
            Secret("env:SOURCE_DSN"),
            tables=[self.table],
            own={self.table.name: self.own},
            timezone=self.timezone,
            notice=self.notices.append,
        )

    def batches(self) -> list[Batch]:
        self.loads += 1
        into = self.folder / f"load-{self.loads}"
        into.mkdir()
        return list(self.source.read(self.table, self.position, into, self.loads, LOADED_AT))

    def read(self) -> list[dict[str, Any]]:
        """The rows of the next load, which is taken for committed."""
        batches = self.batches()
        if batches:
            self.position = batches[-1].position
        return [row for batch in batches for path in batch.parquet for row in pq.read_table(path).to_pylist()]

    def ids(self) -> list[int]:
        return sorted(row["id"] for row in self.read())


@pytest.fixture
def shop(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    dsn = postgres.database()
    monkeypatch.setenv("SOURCE_DSN", dsn)
    (tmp_path / "loads").mkdir()
    return Shop(dsn, tmp_path / "loads")


@pytest.fixture
def cursor(shop: Shop) -> Shop:
    """A table `orders` with a primary key and `updated_at`, read by it."""
    shop.sql("create table orders (id bigint primary key, state text, updated_at timestamptz not null default now())")
    shop.own = PostgresTable(read="cursor", cursor="updated_at")
    return shop
