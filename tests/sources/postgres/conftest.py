from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import psycopg
import pyarrow.parquet as pq
import pytest

from shophouse.errors import SourceMismatch
from shophouse.ingestion import load_table
from shophouse.lake import Lake
from shophouse.settings import PostgresTable
from shophouse.sources import Batch, Position, Table
from shophouse.sources.postgres import PostgresSource
from shophouse.sources.postgres._slots import Slot
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
            slot="shophouse_" + self.dsn.rpartition("/")[2],
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


@dataclass
class Followed:
    """A database whose tables are read by their changes into a lake."""

    dsn: str
    lake: Lake
    tables: list[Table]
    own: dict[str, PostgresTable]
    timezone: str | None = "UTC"
    notices: list[str] = field(default_factory=list)
    user: str = "postgres"

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn)

    def sql(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def follow(self, name: str, key: str = "id", *, read: Literal["full", "changes"] = "changes") -> None:
        delivery: Literal["upsert", "snapshot"] = "upsert" if read == "changes" else "snapshot"
        self.tables.append(Table("shop", name, key=tuple(key.split(", ")), delivery=delivery))
        self.own[name] = PostgresTable(read=read)

    @property
    def source(self) -> PostgresSource:
        return PostgresSource(
            "shop",
            Secret("env:SOURCE_DSN"),
            tables=self.tables,
            own=self.own,
            timezone=self.timezone,
            notice=self.notices.append,
            slot=self.slot,
            scratch=self.lake.root.parent / "scratch",
        )

    @property
    def slot(self) -> str:
        return "shophouse_" + self.dsn.rpartition("/")[2]

    def load(self) -> dict[str, int]:
        """Read all tables as a run does; the rows that each brought."""
        source = self.source
        found = {table.name: load_table(self.lake, source, table, "test") for table in self.tables}
        return {name: record.rows if record else 0 for name, record in found.items()}

    def raw(self, name: str = "orders", columns: str = "*") -> list[tuple[Any, ...]]:
        """All rows of the lake, in the order in which they came."""
        with duckdb.connect() as database:
            return database.execute(
                f"select {columns} from read_parquet({self.lake.data_files('shop', name)}, union_by_name = true)"
                " order by _load_id, _row_number"
            ).fetchall()

    def now(self, name: str = "orders", columns: str = "*", key: str = "id") -> list[tuple[Any, ...]]:
        """The rows that count, in the order of the key."""
        with duckdb.connect() as database:
            return database.execute(
                f"select {columns} from (select * from read_parquet({self.lake.data_files('shop', name)},"
                " union_by_name = true)"
                f" qualify row_number() over (partition by {key} order by _load_id desc, _row_number desc) = 1)"
                f" where _operation <> 'delete' order by {key}"
            ).fetchall()

    def there(self, name: str = "orders", columns: str = "*") -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(f"select {columns} from {name} order by 1").fetchall()

    def slots(self) -> list[Slot]:
        return [slot for slot in self.source.following.slots() if slot.name == self.slot]


@pytest.fixture
def followed(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    """A table `orders` that is read by its changes; nothing is loaded yet."""
    dsn = postgres.database()
    monkeypatch.setenv("SOURCE_DSN", dsn)
    made = Followed(dsn, Lake(tmp_path / "lake"), [], {})
    made.sql("create table orders (id bigint primary key, state text, amount numeric(10,2))")
    made.follow("orders")
    yield made
    drop_slots(dsn)


def drop_slots(dsn: str) -> None:
    """A slot that nobody reads would keep the log of the server that all tests share."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
            " where database = current_database() and not active"
        )


def told(followed: Followed) -> SourceMismatch:
    with pytest.raises(SourceMismatch) as raised:
        followed.load()
    return raised.value
