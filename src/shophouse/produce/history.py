"""A shop's history as messages, numbered from 0 in the order in which things happened."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

__all__ = ["Event", "History", "opened"]

_BATCH = 5_000


@dataclass(frozen=True)
class Event:
    """One message: its number, when it happened, its key and its value."""

    number: int
    occurred_at: datetime
    key: str
    value: str


@dataclass(frozen=True)
class History:
    """`digest` tells one history from another: two with the same are the same, message for message."""

    events: int
    first_at: datetime | None
    last_at: datetime | None
    digest: str
    _db: duckdb.DuckDBPyConnection

    def read(self, start: int = 0) -> Iterator[Event]:
        """The events from number `start` on."""
        found = self._db.execute("select * from history where number >= ? order by number", [start])
        while rows := found.fetchmany(_BATCH):
            for row in rows:
                yield Event(*row)


@contextmanager
def opened(platform: str | None, folder: Path, source: str | None = None) -> Iterator[History]:
    """The history in `folder` as messages of a platform, kept in a temporary file meanwhile.

    For `order_events`: of the orders of a published shop, of its source `source`. For `olist_stream`: of Olist's files.
    Raises ConfigError when the platform has no messages or the folder no history.
    """
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="shophouse-produce-") as place,
        duckdb.connect(str(Path(place) / "history.duckdb")) as db,
    ):
        if platform == "order_events":
            from shophouse.produce.shop_events import shop_events

            db.register("told", shop_events(folder, source).to_arrow_reader())
        elif platform == "olist_stream":
            from shophouse.demo.olist_events import order_events

            order_events(db, folder).create_view("told")
        else:
            raise ConfigError(
                f"nobody knows what messages of the platform {platform} look like",
                why="histories are sent as order_events, or as olist_stream from Olist's files",
                hint="staging: order_events",
            )
        # a table is filled in the order of the reader, which is that of the events
        db.execute("create sequence numbers minvalue 0 start 0")
        db.execute(
            "create table history as select nextval('numbers') as number,"
            " cast(occurred_at as timestamp) as occurred_at, key, cast(value as varchar) as value from told"
        )
        row = db.execute(
            "select count(*), min(occurred_at), max(occurred_at), bit_xor(md5_number_lower(number || value))"
            " from history"
        ).fetchone()
        assert row is not None
        yield History(row[0], row[1], row[2], f"{row[0]:x}-{row[3] or 0:x}", db)
