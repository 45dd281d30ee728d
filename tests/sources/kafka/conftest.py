from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from shophouse.settings import KafkaSource as Settings
from shophouse.sources import Batch, Position, Table
from shophouse.sources.kafka import KafkaSource

if TYPE_CHECKING:
    from servers.kafka import Server

LOADED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Shop:
    """A topic with what reads it into one table, and what was read."""

    server: Server
    folder: Path
    topic: str
    table: Table = field(default_factory=lambda: Table("shop", "orders"))
    settings: dict[str, Any] = field(default_factory=dict)
    position: Position | None = None
    notices: list[str] = field(default_factory=list)
    loads: int = 0
    batches: list[Batch] = field(default_factory=list)
    _source: KafkaSource | None = None

    def send(self, *values: Any, keys: list[Any] | None = None, **more: Any) -> None:
        """Send messages: bytes, text and None as they are, else as JSON."""
        told = [value if isinstance(value, bytes | str | None) else json.dumps(value) for value in values]
        self.server.produce(self.topic, told, keys, **more)

    @property
    def source(self) -> KafkaSource:
        if self._source is None:
            own = {"kind": "kafka", "brokers": self.server.brokers, "topics": (self.topic,), "patience_seconds": 10.0}
            settings = Settings(**{**own, **self.settings})
            self._source = KafkaSource("shop", settings, tables=[self.table], notice=self.notices.append)
        return self._source

    def again(self, **settings: Any) -> None:
        """Go on with new connections, and with other settings."""
        self.settings |= settings
        self.close()

    def read(self) -> list[dict[str, Any]]:
        """The rows of the next load, which is taken for committed."""
        self.loads += 1
        into = self.folder / f"load-{self.loads}"
        into.mkdir()
        self.batches = list(self.source.read(self.table, self.position, into, self.loads, LOADED_AT))
        if self.batches:
            self.position = self.batches[-1].position
        return [row for batch in self.batches for path in batch.parquet for row in pq.read_table(path).to_pylist()]

    def rejected(self) -> list[tuple[int | None, str | None, str, str | None]]:
        """Of the last read: offset, column, reason and text."""
        return [(at.line, at.column_name, at.reason, at.raw) for batch in self.batches for at in batch.rejected]

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


@pytest.fixture
def shop(kafka: Server, tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "loads").mkdir()
    shop = Shop(kafka, tmp_path / "loads", kafka.topic())
    yield shop
    shop.close()
