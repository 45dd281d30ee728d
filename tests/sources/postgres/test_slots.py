"""Slots that changes can not go on from: each is told, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from servers.postgres import running
from shophouse.sources.postgres._following import AGAIN

from .conftest import Followed, drop_slots, told

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = pytest.mark.server


def test_a_user_who_may_not_read_the_log(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    role = followed.slot.replace("shophouse", "plain")
    followed.sql(f"create publication {followed.slot} for table orders")
    followed.sql(f"create role {role} login", f"grant select on orders to {role}")
    monkeypatch.setenv("SOURCE_DSN", followed.dsn.replace("postgres@", f"{role}@"))
    error = told(followed)
    assert "may not read the log" in error.what and "replication" in error.hint[0]


def test_a_place_in_the_log_that_another_reader_moved_past(followed: Followed) -> None:
    followed.load()
    followed.sql("insert into orders values (1, 'a', 1)")
    followed.sql(f"select pg_replication_slot_advance('{followed.slot}', pg_current_wal_lsn())")
    assert "ahead of the lake" in told(followed).what


def test_a_slot_that_is_gone_is_begun_anew_by_command(followed: Followed) -> None:
    followed.sql("insert into orders values (1, 'a', 1), (2, 'b', 2)")
    followed.load()
    followed.source.following.drop(followed.slot)
    followed.sql("delete from orders where id = 1")
    error = told(followed)
    assert "is gone" in error.what and "shophouse slots restart shop" in error.hint[0]
    followed.lake.set_position("shop", "orders", AGAIN)
    followed.load()
    assert followed.now(columns="id, state, amount") == followed.there()


def test_a_slot_whose_log_the_server_removed(followed: Followed) -> None:
    followed.load()
    followed.sql("alter system set max_slot_wal_keep_size = '1MB'", "select pg_reload_conf()")
    try:
        for _ in range(4):
            followed.sql("insert into orders values (1, 'a', 1)", "delete from orders", "select pg_switch_wal()")
        followed.sql("checkpoint")
        assert followed.slots()[0].is_lost
    finally:
        followed.sql("alter system reset max_slot_wal_keep_size", "select pg_reload_conf()")
    error = told(followed)
    assert "is lost" in error.what and "max_slot_wal_keep_size" in error.why[0]
    assert "slots restart" in error.hint[0]


def test_a_slot_of_another_database_of_the_server(followed: Followed, postgres: Server) -> None:
    other = postgres.database()
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute(f"select pg_create_logical_replication_slot('{followed.slot}', 'pgoutput')")
    error = told(followed)
    drop_slots(other)
    assert "is there already" in error.what and "slot: another_name" in error.hint[0]


def test_a_log_without_rows(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(("fsync=off", "wal_level=replica")) as server:
        monkeypatch.setenv("SOURCE_DSN", server.dsn())
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("create table orders (id bigint primary key)")
        error = told(followed)
    assert "wal_level is replica" in error.what and "alter system set wal_level = logical" in error.hint[0]


def test_another_database_under_the_name(followed: Followed) -> None:
    followed.load()
    position = followed.lake.position("shop", "orders")
    assert position is not None
    followed.lake.set_position("shop", "orders", {**position, "cluster": "another"})
    assert "another" in told(followed).what


def test_a_slot_in_use(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    from shophouse.errors import SourceUnreachable
    from shophouse.sources.postgres import _replication

    followed.load()
    followed.sql("insert into orders values (1, 'a', 1)")
    monkeypatch.setattr(_replication, "_IN_USE_SECONDS", 0.2)
    with _replication.replication(followed.source.database) as other:
        other._start(followed.slot, followed.slot)
        with pytest.raises(SourceUnreachable, match="in use"):
            followed.load()
        other._stop()
    assert followed.load() == {"orders": 1}
