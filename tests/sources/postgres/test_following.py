"""Every change once: snapshots that fit the log, transactions of all sorts, keys, large values, definitions."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from requirements import requirement
from shophouse.settings import PostgresTable
from shophouse.sources import Column, Table
from shophouse.sources.postgres import _backlog
from shophouse.sources.postgres._following import AGAIN

from .conftest import Followed

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.server


@requirement("S2-03")
def test_inserts_updates_and_deletes_arrive_in_their_order(followed: Followed) -> None:
    followed.sql("insert into orders values (1, 'new', 10), (2, 'new', 20), (3, '', null)")
    assert followed.load() == {"orders": 3}
    assert followed.load() == {"orders": 0}
    followed.sql(
        "insert into orders values (4, 'new', 40)",
        "update orders set state = 'paid' where id = 1",
        "update orders set state = 'sent' where id = 1",
        "delete from orders where id = 2",
        "insert into orders values (2, 'again', 22)",
        "delete from orders where id = 4",
    )
    assert followed.load() == {"orders": 6}
    assert followed.raw(columns="id, state, amount, _operation, _load_id, _row_number")[3:] == [
        (4, "new", Decimal("40.00"), "insert", 2, 1),
        (1, "paid", Decimal("10.00"), "update", 2, 2),
        (1, "sent", Decimal("10.00"), "update", 2, 3),
        (2, "new", Decimal("20.00"), "delete", 2, 4),
        (2, "again", Decimal("22.00"), "insert", 2, 5),
        (4, "new", Decimal("40.00"), "delete", 2, 6),
    ]
    assert followed.now(columns="id, state, amount") == followed.there()
    assert followed.load() == {"orders": 0}


def test_a_changed_key_takes_the_old_row_away(followed: Followed) -> None:
    followed.sql("insert into orders values (1, 'a', 1), (2, 'b', 2)")
    followed.load()
    followed.sql(
        "update orders set id = 7, state = 'moved' where id = 1", "update orders set id = id + 10 where id = 2"
    )
    followed.load()
    assert followed.raw(columns="id, state, _operation")[2:] == [
        (1, "a", "delete"),
        (7, "moved", "update"),
        (2, "b", "delete"),
        (12, "b", "update"),
    ]
    assert followed.now(columns="id, state, amount") == followed.there()


@pytest.mark.parametrize("identity", ["default", "full", "using index orders_code_key"])
def test_large_values_that_stay_are_kept_whatever_the_replica_identity(followed: Followed, identity: str) -> None:
    followed.sql(
        "alter table orders add code text not null unique, add large text",
        "alter table orders alter large set storage external",
        f"alter table orders replica identity {identity}",
        "insert into orders values (1, 'a', 1, 'c1', repeat('one', 3000)), (2, 'b', 2, 'c2', null)",
    )
    key = "code" if "index" in identity else "id"
    followed.tables[0] = Table("shop", "orders", key=(key,), delivery="upsert")
    if key == "code":
        followed.own["orders"] = PostgresTable(read="changes")
    followed.load()
    followed.sql(
        "update orders set state = 'x' where id = 1",
        f"update orders set {key} = {'90' if key == 'id' else chr(39) + 'c90' + chr(39)} where id = 1",
        "update orders set state = 'y', amount = 3 where state = 'x'",
        "insert into orders values (3, 'c', 3, 'c3', repeat('three', 3000))",
        "update orders set state = 'z' where id = 3",
        "update orders set large = null where id = 3",
        "update orders set state = 'zz' where id = 3",
        "update orders set large = repeat('two', 3000) where id = 2",
        "update orders set state = 'bb' where id = 2",
    )
    followed.load()
    columns = "id, state, amount, code, large"
    assert sorted(followed.now(columns=columns, key=key)) == followed.there(columns=columns)
    followed.sql("update orders set state = 'last'", "delete from orders where id = 2")
    followed.load()
    assert sorted(followed.now(columns=columns, key=key)) == followed.there(columns=columns)
    assert followed.raw(columns="id, length(large), _operation")[-1] == (2, 9000, "delete")


def test_a_truncate_deletes_what_was_there_and_nothing_later(followed: Followed) -> None:
    followed.sql("insert into orders select i, 'old', i from generate_series(1, 50) i")
    followed.load()
    with followed.connect() as connection:
        connection.execute("insert into orders values (51, 'gone too', 0)")
        connection.execute("delete from orders where id = 3")
        connection.execute("truncate orders")
        connection.execute("insert into orders values (3, 'kept', 0)")
    followed.load()
    assert followed.now(columns="id, state, amount") == followed.there() == [(3, "kept", Decimal("0.00"))]
    deletes = [row for row in followed.raw(columns="id, state, _operation") if row[2] == "delete"]
    assert len(deletes) == 51 and all(state for _, state, _ in deletes)
    followed.sql("truncate orders")
    followed.load()
    assert followed.now() == []


def test_what_commits_around_the_snapshot_comes_once(followed: Followed) -> None:
    """Writers run while the first load is taken, again and again; each row's changes are counted."""
    followed.sql("insert into orders select i, '0', 0 from generate_series(1, 300) i")
    stop = threading.Event()

    def write(part: int) -> None:
        with psycopg.connect(followed.dsn) as connection:
            while not stop.is_set():
                connection.execute("update orders set state = (state::int + 1)::text where id %% 3 = %s", [part])
                connection.commit()

    threads = [threading.Thread(target=write, args=[part]) for part in range(3)]
    for thread in threads:
        thread.start()
    try:
        for anew in range(4):
            if anew == 2:
                followed.lake.set_position("shop", "orders", AGAIN)
            followed.load()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    followed.load()
    assert followed.now(columns="id, state, amount") == followed.there()
    versions = [row for row in followed.raw(columns="id, state, _load_id, _operation") if row[2] != 3]
    assert len(versions) == len(set(versions)) and all(operation != "delete" for *_, operation in versions)
    steps: dict[int, list[int]] = {}
    for key, state, load, _ in followed.raw(columns="id, state, _load_id, _operation"):
        if load != 3:
            steps.setdefault(key, []).append(int(state))
    snapshot = {key: int(state) for key, state, load in followed.raw(columns="id, state, _load_id") if load == 3}
    for key, states in steps.items():
        # without a gap, but for what the second snapshot stepped over
        after = [state for state in states if state > snapshot[key]]
        before = [state for state in states if state <= snapshot[key]]
        assert before == list(range(before[0], before[0] + len(before)))
        assert after == list(range(snapshot[key] + 1, snapshot[key] + 1 + len(after)))


def test_transactions_come_when_they_commit_and_only_then(followed: Followed) -> None:
    followed.load()
    with followed.connect() as late, followed.connect() as gone:
        late.execute("insert into orders values (1, 'late', 1)")
        with late.transaction():
            late.execute("insert into orders values (2, 'within', 2)")
        try:
            with late.transaction():
                late.execute("insert into orders values (3, 'undone', 3)")
                raise psycopg.Rollback
        except psycopg.Rollback:
            pass
        gone.execute("insert into orders values (4, 'undone', 4)")
        followed.sql("insert into orders values (5, 'quick', 5)")
        assert followed.load() == {"orders": 1}
        gone.rollback()
        late.commit()
        followed.sql("update orders set state = 'quicker' where id = 5")
    assert followed.load() == {"orders": 3}
    assert followed.now(columns="id, state, amount") == followed.there()
    assert followed.load() == {"orders": 0}


def test_values_are_those_that_a_whole_read_gives(followed: Followed) -> None:
    types = {
        "a smallint": "1",
        "b double precision": "0.1::float8 + 0.2::float8",
        "c real": "1.5e-7",
        "d boolean": "false",
        "e date": "'2024-02-29'",
        "f timestamp": "'2024-02-29 23:59:59.999999'",
        "g timestamptz": "'2024-02-29 23:59:59.5+05:30'",
        "h char(6)": "'ab '",
        "i jsonb": """'{"a": [1, null]}'""",
        "j text[]": "array['x', null, '']",
        "k uuid": "'00000000-0000-0000-0000-00000000000a'",
        "l interval": "'1 year 2 days 03:04:05'",
        "m numeric": "123456789012345678901234567890.123",
        "n varchar(20)": "e'ü \\n\\t\"'",
        "o timetz": "'12:00+02'",
        "p inet": "'10.0.0.1/8'",
        "q bytea": "'\\xdeadbeef'",
        "r money": "'1234.5'",
        "s timestamptz": "'0044-03-15 12:00 BC'",
    }
    columns = ", ".join(types)
    kinds = (Column("q", "text"), Column("r", "text"), Column("s", "text"))
    followed.sql(f"create table wide (id int primary key, {columns})", "create table whole (like wide including all)")
    for name, read in (("wide", "changes"), ("whole", "full")):
        followed.tables.append(
            Table("shop", name, columns=kinds, key=("id",), delivery="upsert" if read == "changes" else "snapshot")
        )
        followed.own[name] = PostgresTable(read="changes" if read == "changes" else "full")
    followed.load()
    rows = ["(1, " + ", ".join(types.values()) + ")", "(2" + ", null" * len(types) + ")"]
    for name in ("wide", "whole"):
        followed.sql(f"insert into {name} values {', '.join(rows)}")
    followed.load()
    names = ", ".join(f'"{name.split()[0]}"' for name in types)
    assert followed.lake.schema("shop", "wide") == followed.lake.schema("shop", "whole")
    assert followed.now("wide", f"id, {names}") == followed.now("whole", f"id, {names}")
    assert followed.now("wide", f"id, {names}")[0][2] == 0.1 + 0.2


def test_a_value_that_no_column_can_hold_puts_its_change_into_quarantine(followed: Followed) -> None:
    followed.sql("alter table orders add moment timestamp")
    followed.load()
    followed.sql(
        "insert into orders select i, 'a', i, '2024-01-01' from generate_series(1, 20) i",
        "insert into orders values (21, 'b', 1, 'infinity')",
        "update orders set moment = '-infinity' where id = 1",
        "delete from orders where id = 21",
    )
    followed.load()
    assert len(followed.now()) == 20
    bad = followed.lake.quarantine("shop", "orders").to_pylist()
    assert [(row["column_name"], row["reason"]) for row in bad] == [
        ("moment", "'infinity' is no timestamp"),
        ("moment", "'-infinity' is no timestamp"),
    ]
    assert bad[0]["raw"] == "21,b,1.00,infinity" and bad[0]["line"] == 21


def test_a_partitioned_table_is_followed_as_one(followed: Followed) -> None:
    followed.sql(
        "create table parts (id int, region text, amount int, primary key (id, region)) partition by list (region)",
        "create table parts_a partition of parts for values in ('a')",
        "create table parts_b partition of parts for values in ('b')",
        "insert into parts values (1, 'a', 1), (2, 'b', 2)",
    )
    followed.follow("parts", "id, region")
    followed.load()
    followed.sql("insert into parts values (3, 'a', 3)", "update parts set region = 'b' where id = 1")
    assert followed.load()["parts"] == 3
    assert followed.now("parts", "id, region, amount", "id, region") == followed.there("parts")
    followed.sql("create table parts_c (like parts)", "insert into parts_c values (9, 'c', 9)")
    followed.sql("alter table parts attach partition parts_c for values in ('c')", "truncate parts_b")
    followed.load()
    assert "its partitions are others" in followed.notices[-1]
    assert followed.now("parts", "id, region, amount", "id, region") == followed.there("parts")


def test_tables_of_a_source_come_to_the_same_moment_and_the_slot_follows_the_last(followed: Followed) -> None:
    followed.sql("create table lines (id bigint primary key, order_id bigint)")
    followed.follow("lines")
    followed.load()
    with followed.connect() as connection:
        connection.execute("insert into orders values (1, 'a', 1)")
        connection.execute("insert into lines values (1, 1)")
    source = followed.source
    from shophouse.ingestion import load_table

    load_table(followed.lake, source, followed.tables[0], "test")
    followed.sql("insert into lines values (2, 1)")
    (slot,) = followed.slots()
    first = followed.lake.position("shop", "orders")
    second = followed.lake.position("shop", "lines")
    assert first is not None and second is not None and slot.confirmed is not None
    assert slot.confirmed <= second["lsn"] < first["lsn"]
    load_table(followed.lake, source, followed.tables[1], "test")
    # what came after the moment of the first table waits for the next run
    assert [row[0] for row in followed.raw("lines", "id")] == [1]
    (slot,) = followed.slots()
    assert slot.confirmed == first["lsn"]
    assert followed.load() == {"orders": 0, "lines": 1}


def test_a_table_that_is_named_later_gets_a_snapshot_of_its_own(followed: Followed) -> None:
    followed.sql("create table lines (id bigint primary key, order_id bigint)", "insert into lines values (1, 1)")
    followed.load()
    followed.sql("insert into orders values (1, 'a', 1)", "insert into lines values (2, 1)")
    followed.follow("lines")
    assert followed.load() == {"orders": 1, "lines": 2}
    followed.sql("insert into lines values (3, 1)", "delete from lines where id = 1")
    assert followed.load() == {"orders": 0, "lines": 2}
    assert [row[0] for row in followed.now("lines", "id")] == [2, 3]


def test_from_whole_reads_to_changes_loses_nothing_and_revives_nothing(followed: Followed) -> None:
    followed.tables.clear()
    followed.follow("orders", read="full")
    followed.sql("insert into orders values (1, 'a', 1), (2, 'b', 2)")
    followed.load()
    followed.sql("delete from orders where id = 1")
    followed.tables.clear()
    followed.follow("orders")
    followed.load()
    assert "was read by full" in followed.notices[-1]
    assert followed.now(columns="id, state, amount") == followed.there()


def test_a_backlog_is_read_in_parts_of_whole_transactions(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    followed.load()
    for number in range(6):
        followed.sql(f"insert into orders select i, 'x', 1 from generate_series({number * 100}, {number * 100 + 99}) i")
    monkeypatch.setattr(_backlog, "MOST_BYTES", 5_000)
    loads = [followed.load()["orders"] for _ in range(4)]
    assert sum(loads) == 600 and loads[0] < 600 and all(rows % 100 == 0 for rows in loads)
    assert "more changes are waiting" in followed.notices[0]


def test_blocks_smaller_than_a_transaction_give_the_same_rows(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_backlog.Spool.blocks, "__defaults__", (2_000,))
    followed.sql("alter table orders add large text", "alter table orders alter large set storage external")
    followed.sql("insert into orders select i, 'x', 1, repeat('v', 3000) || i from generate_series(1, 40) i")
    followed.load()
    followed.sql(
        "update orders set state = 'y'",
        "update orders set id = id + 1000 where id % 2 = 0",
        "delete from orders where id < 10",
        "update orders set state = 'z'",
    )
    followed.load()
    assert followed.now(columns="id, state, amount, large") == followed.there()


def test_a_server_that_crashes_while_it_is_read_loses_nothing(followed: Followed, tmp_path: Path) -> None:
    """The stream breaks off in the middle: nothing of it is kept, and the next read has all."""
    followed.load()
    # more than fits between server and reader, which would get what is on its way all the same
    followed.sql("insert into orders select i, repeat('x', 1000), 1 from generate_series(1, 40000) i")
    from shophouse.errors import SourceUnreachable

    source = followed.source
    taken = 0
    original = _backlog.Backlog._take

    def broken(self: _backlog.Backlog, message: bytes) -> bool:
        nonlocal taken
        taken += 1
        if taken == 1_000:
            followed.sql(
                f"select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{followed.slot}'"
            )
        return original(self, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_backlog.Backlog, "_take", broken)
        from shophouse.ingestion import load_table

        with pytest.raises(SourceUnreachable):
            load_table(followed.lake, source, followed.tables[0], "test")
    assert followed.lake.data_files("shop", "orders") == []
    assert followed.load() == {"orders": 40000}
