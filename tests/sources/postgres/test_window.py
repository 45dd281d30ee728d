"""No row is lost and none read twice, whatever transactions do around a read."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import pq

from servers.postgres import Server, standby
from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.settings import PostgresTable
from shophouse.sources.postgres._copying import chunks
from shophouse.sources.postgres._running import Running
from shophouse.sources.postgres._window import ROUND, Moment, Window, end_of_record

from .conftest import Shop

HERE = Moment(xmin=1_000, xmax=1_010, cluster="a", in_recovery=False, log=5_000)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries for what is new in a table, as they come."""
    queries: list[str] = []

    def spy(connection: Any, query: str) -> Any:
        queries.append(query)
        return chunks(connection, query)

    monkeypatch.setattr("shophouse.sources.postgres.chunks", spy)
    return queries


def passes_over(query: str) -> bool:
    return "is null" not in query


def position(**changes: Any) -> dict[str, Any]:
    return {**Window(HERE, (7,), "shape").position([1_001, 1_003], "2026-01-01"), **changes}


def test_a_position_keeps_the_transactions_from_the_oldest_running_one_on() -> None:
    kept = Window(HERE, (7,), "shape").position([5, 999, 1_000, 1_009, 1_010], None)
    assert kept["xmin"] == 1_000 and kept["seen"] == [1_000, 1_009]


def test_numbers_that_went_round_are_never_taken_for_seen() -> None:
    later = replace(HERE, xmin=ROUND + 5, xmax=ROUND + 9)
    assert Window(later, (7,), "shape").position([ROUND + 6], None)["seen"] == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cluster": "b"}, "another"),
        ({"relations": [8]}, "made anew"),
        ({"shape": "other"}, "columns"),
        ({"log": 6_000}, "restored"),
        ({"xmin": 1_010 - (1 << 31)}, "too long ago"),
    ],
)
def test_everything_is_read_again_where_numbers_say_nothing(changes: dict[str, Any], why: str) -> None:
    window = Window.after(position(**changes), HERE, HERE, [7], "shape")
    assert window.since is None and why in (window.why or "")


def test_a_position_of_another_way_of_reading_is_none() -> None:
    assert Window.after({"read": "full"}, HERE, HERE, [7], "shape").since is None


def test_a_page_that_was_only_begun_holds_no_record() -> None:
    block, segment = 8_192, 1 << 24
    assert end_of_record(segment + 40, block, segment) == segment
    assert end_of_record(segment + block + 24, block, segment) == segment + block
    assert end_of_record(segment + block + 40, block, segment) == segment + block + 40
    assert end_of_record(segment + 24, block, segment) == segment + 24


@pytest.mark.server
class TestTransactions:
    def test_one_that_began_before_the_read_and_commits_after_it(self, cursor: Shop) -> None:
        with cursor.connect() as late:
            late.execute("insert into orders values (1)")
            cursor.sql("insert into orders values (2)")
            assert cursor.ids() == [2]
            cursor.sql("insert into orders values (3)")
            assert cursor.ids() == [3]
            late.commit()
        older, newer = cursor.connect().execute("select updated_at from orders where id <> 3 order by id").fetchall()
        assert older < newer
        assert cursor.ids() == [1]
        assert cursor.batches() == []

    def test_a_subtransaction_of_one_that_commits_after_the_read(self, cursor: Shop) -> None:
        with cursor.connect() as late:
            late.execute("insert into orders values (1)")
            with late.transaction():
                late.execute("insert into orders values (2)")
            cursor.sql("insert into orders values (3)")
            assert cursor.ids() == [3]
            with late.transaction():
                late.execute("insert into orders values (4)")
            assert cursor.ids() == []
            late.commit()
        assert cursor.ids() == [1, 2, 4]

    def test_one_that_is_rolled_back_after_the_read(self, cursor: Shop) -> None:
        gone = cursor.connect()
        gone.execute("insert into orders values (1)")
        cursor.sql("insert into orders values (2)")
        assert cursor.ids() == [2]
        gone.rollback()
        gone.close()
        cursor.sql("insert into orders values (3)")
        assert cursor.ids() == [3]

    def test_rows_of_equal_times_on_both_sides_of_a_read(self, cursor: Shop) -> None:
        at = "timestamptz '2026-03-01 12:00+00'"
        cursor.sql(f"insert into orders select i, 'a', {at} from generate_series(1, 500) i")
        assert cursor.ids() == list(range(1, 501))
        cursor.sql(f"insert into orders select i, 'b', {at} from generate_series(501, 1000) i")
        cursor.sql("update orders set state = 'c' where id = 3")
        assert cursor.ids() == [3, *range(501, 1001)]
        assert cursor.batches() == []

    def test_a_time_that_goes_back_and_one_that_lies_far_ahead(self, cursor: Shop) -> None:
        cursor.sql("insert into orders values (1, 'a', '2999-01-01')", "insert into orders values (2)")
        assert cursor.ids() == [1, 2]
        cursor.sql("update orders set updated_at = '1999-01-01' where id = 1", "insert into orders values (3)")
        assert cursor.ids() == [1, 3]

    def test_an_update_that_is_older_than_the_one_it_follows(self, cursor: Shop) -> None:
        cursor.sql("insert into orders values (1, 'new')")
        cursor.read()
        with cursor.connect() as slow:
            slow.execute("select now()")
            cursor.sql("update orders set state = 'paid', updated_at = now()")
            assert [row["state"] for row in cursor.read()] == ["paid"]
            slow.execute("update orders set state = 'sent', updated_at = now()")
            slow.commit()
        assert [row["state"] for row in cursor.read()] == ["sent"]

    def test_rows_updated_while_they_are_read_are_of_one_moment(self, cursor: Shop) -> None:
        cursor.sql("insert into orders select i, '0' from generate_series(1, 20000) i")
        stop = threading.Event()

        def write() -> None:
            with psycopg.connect(cursor.dsn) as connection:
                number = 0
                while not stop.is_set():
                    number += 1
                    connection.execute("update orders set state = %s, updated_at = now()", [str(number)])
                    connection.commit()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(3):
                rows = cursor.read()
                assert len({row["state"] for row in rows}) <= 1 and len(rows) in (0, 20_000)
        finally:
            stop.set()
            thread.join()
        cursor.read()
        assert cursor.read() == []

    stamp = "clock_timestamp() - random() * interval '2 s'"
    longest_transaction = 0.1

    def test_many_writers_and_a_reader(self, cursor: Shop) -> None:
        """What is kept, the last of each key, is the table, with each version read at most once."""
        stop = threading.Event()

        def write(seed: int) -> None:
            dice = random.Random(seed)
            with psycopg.connect(cursor.dsn) as connection:
                while not stop.is_set():
                    for _ in range(dice.randint(1, 4)):
                        one = (
                            f"insert into orders values (%s, %s, {self.stamp})"
                            " on conflict (id) do update set state = excluded.state, updated_at = excluded.updated_at"
                        )
                        # each has keys of its own, so that none waits for another
                        values = [4 * dice.randint(1, 40) + seed, str(dice.random())]
                        if dice.random() < 0.5:
                            with connection.transaction():
                                connection.execute(one, values)
                        else:
                            connection.execute(one, values)
                        if dice.random() < 0.1:
                            stop.wait(self.longest_transaction)
                    connection.rollback() if dice.random() < 0.2 else connection.commit()

        kept: dict[int, str] = {}
        versions: list[tuple[int, str]] = []
        threads = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 5 * self.longest_transaction
        for number in count():
            rows = cursor.read()
            kept |= {row["id"]: row["state"] for row in rows}
            versions += [(row["id"], row["state"]) for row in rows]
            if number >= 24 and time.monotonic() > end:
                break
        stop.set()
        for thread in threads:
            thread.join()
        last = cursor.read()
        kept |= {row["id"]: row["state"] for row in last}
        versions += [(row["id"], row["state"]) for row in last]
        with cursor.connect() as connection:
            assert kept == dict(connection.execute("select id, state from orders").fetchall())
        assert len(versions) == len(set(versions)) > len(kept)
        assert cursor.batches() == []


@pytest.mark.server
class TestLateBy(TestTransactions):
    """The same, but for times that are not those of their transactions, where an index is looked at alone."""

    test_rows_of_equal_times_on_both_sides_of_a_read = None  # type: ignore[assignment]
    test_a_time_that_goes_back_and_one_that_lies_far_ahead = None  # type: ignore[assignment]
    stamp = "now()"
    longest_transaction = 1.0

    @pytest.fixture
    def cursor(self, cursor: Shop) -> Shop:
        cursor.sql("create index on orders (updated_at)")
        cursor.own = cursor.own.model_copy(update={"late_by": timedelta(seconds=0.2)})
        return cursor

    def test_rows_of_equal_times_that_are_committed_on_both_sides_of_a_read(self, cursor: Shop) -> None:
        with cursor.connect() as late:
            (now,) = late.execute("select now()").fetchone() or ("",)
            cursor.sql(f"insert into orders select i, 'a', '{now}' from generate_series(1, 500) i")
            assert cursor.ids() == list(range(1, 501))
            late.execute("insert into orders select i, 'b' from generate_series(501, 1000) i")
            time.sleep(0.5)
            cursor.sql("insert into orders values (2000)")
            assert cursor.ids() == [2000]
        assert cursor.ids() == list(range(501, 1001))
        assert cursor.batches() == []

    def test_a_transaction_that_was_prepared(self, cursor: Shop, asked: list[str]) -> None:
        cursor.sql("insert into orders values (1)")
        assert cursor.ids() == [1]
        cursor.sql("begin; insert into orders values (2); prepare transaction 'later'")
        try:
            time.sleep(0.5)
            cursor.sql("insert into orders values (3)")
            assert cursor.ids() == [3] and "prepared transaction" in cursor.notices[-1]
            cursor.sql("insert into orders values (4)")
        finally:
            # as long as it is there, it is in the way of others on the server
            cursor.sql("commit prepared 'later'")
        assert cursor.ids() == [2, 4]
        cursor.sql("insert into orders values (5)")
        assert cursor.ids() == [5]
        assert [passes_over(query) for query in asked] == [False, True, False]

    @pytest.mark.parametrize("hides", ["another user", "tracks nothing"])
    def test_transactions_that_can_not_be_seen(
        self, cursor: Shop, asked: list[str], monkeypatch: pytest.MonkeyPatch, hides: str
    ) -> None:
        role = "reader_" + cursor.dsn.rpartition("/")[2]
        cursor.sql(f"create role {role} login", f"grant select on orders to {role}")
        if hides == "another user":
            monkeypatch.setenv("SOURCE_DSN", cursor.dsn.replace("postgres@", f"{role}@"))
        late = cursor.connect()
        try:
            if hides == "tracks nothing":
                late.execute("set track_activities = off")
            late.execute("insert into orders values (1)")
            cursor.sql("insert into orders values (2)")
            assert cursor.ids() == [2] and "not all transactions can be seen" in cursor.notices[-1]
            time.sleep(0.5)
            cursor.sql("insert into orders values (3)")
            assert cursor.ids() == [3]
            late.commit()
            assert cursor.ids() == [1]
            if hides == "another user":
                assert f'grant pg_read_all_stats to "{role}"' in cursor.notices[-1]
                cursor.sql(f"grant pg_read_all_stats to {role}")
            else:
                late.close()
            # nothing new, but from now on the index is enough
            assert cursor.ids() == []
            cursor.sql("insert into orders values (4)")
            assert cursor.ids() == [4] and [passes_over(query) for query in asked] == [True, True, True, False]
        finally:
            late.close()
            cursor.sql(f"drop owned by {role}", f"drop role {role}")

    def test_a_row_without_a_time_is_not_passed_over(self, cursor: Shop) -> None:
        cursor.sql("insert into orders values (1)", "alter table orders alter updated_at drop not null")
        cursor.read()
        cursor.sql("insert into orders values (2, 'a', null)")
        with pytest.raises(SourceMismatch, match="the cursor updated_at is null in 1 of the rows read"):
            cursor.read()

    @pytest.mark.parametrize("type_", ["timestamptz", "timestamp", "date"])
    @pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
    def test_a_time_is_looked_for_as_its_type_and_zone_have_it(self, cursor: Shop, type_: str, zone: str) -> None:
        if type_ == "timestamptz" and zone != "UTC":
            pytest.skip("moments are read in UTC")
        cursor.own = cursor.own.model_copy(update={"late_by": timedelta(minutes=5)})
        cursor.timezone = zone
        cursor.sql(f"set timezone = '{zone}'; alter table orders alter updated_at type {type_}")
        now = f"now() at time zone '{zone}'" if type_ != "timestamptz" else "now()"
        cursor.sql(f"insert into orders values (1, 'a', {now})")
        assert cursor.ids() == [1]
        cursor.sql(
            f"insert into orders values (2, 'a', {now} - interval '4 minutes'), (3, 'a', {now} + interval '300 days'),"
            f" (4, 'a', {now} - interval '2 days')"
        )
        # what is older than was said is not looked at
        assert cursor.ids() == [2, 3]
        assert cursor.batches() == []

    def test_the_table_is_not_passed_over(self, cursor: Shop, asked: list[str]) -> None:
        cursor.sql("insert into orders select i, 'a', now() - interval '1 hour' from generate_series(1, 20000) i")
        cursor.read()
        cursor.sql("update orders set updated_at = now() where id <= 20", "analyze orders")
        assert cursor.ids() == list(range(1, 21))
        with cursor.connect() as connection:
            plan = "\n".join(row[0] for row in connection.execute(f"explain {asked[0]}").fetchall())
        assert "Seq Scan" not in plan and "orders_updated_at_idx" in plan

    @pytest.mark.parametrize(
        ("change", "what", "hint"),
        [
            ("drop index orders_updated_at_idx", "no index begins with the cursor updated_at", "create index"),
            ("alter table orders add n int not null default 1", "type integer, and no time", "leave late_by out"),
        ],
    )
    def test_what_late_by_needs_is_told(self, cursor: Shop, change: str, what: str, hint: str) -> None:
        cursor.sql("insert into orders values (1)")
        cursor.read()
        cursor.sql(change)
        if "add n" in change:
            cursor.own = cursor.own.model_copy(update={"cursor": "n"})
        with pytest.raises(SourceMismatch, match=what) as raised:
            cursor.read()
        assert hint in raised.value.hint[0]


@pytest.mark.server
class TestRunning:
    def test_a_message_of_several_transactions_began_when_it_came(self, cursor: Shop) -> None:
        with cursor.connect() as other:
            other.autocommit = True
            thread = threading.Thread(
                target=other.execute, args=["do $$ begin perform pg_sleep(0.5); commit; perform pg_sleep(1); end $$"]
            )
            thread.start()
            with psycopg.connect(cursor.dsn, autocommit=True) as connection:
                where = "from pg_stat_activity where query like 'do %' and xact_start > query_start + interval '0.4 s'"
                while not (row := connection.execute(f"select query_start at time zone 'UTC' {where}").fetchone()):
                    time.sleep(0.05)
                began = Running.of(connection).began
            thread.join()
        assert began is not None and datetime.fromisoformat(began) == row[0]

    def test_what_streams_the_log_and_another_database_count_for_nothing(self, cursor: Shop) -> None:
        cursor.sql("create publication everything for all tables")
        with (
            psycopg.connect(cursor.dsn, autocommit=True) as connection,
            psycopg.connect(cursor.dsn.rpartition("/")[0] + "/postgres") as elsewhere,
        ):
            elsewhere.execute("select 1")
            sender = pq.PGconn.connect(f"{cursor.dsn}?replication=database".encode())
            slot = cursor.dsn.rpartition("/")[2]
            sender.exec_(f"CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT".encode())
            options = "proto_version '1', publication_names 'everything'"
            begun = sender.exec_(f"START_REPLICATION SLOT {slot} LOGICAL 0/0 ({options})".encode())
            assert begun.status == pq.ExecStatus.COPY_BOTH, begun.error_message
            (later,) = connection.execute("select clock_timestamp() at time zone 'UTC'").fetchone() or (None,)
            began = Running.of(connection).began
            sender.finish()
            assert began is not None and datetime.fromisoformat(began) > later


@dataclass
class Pair:
    """A shop whose database is read from a standby of it."""

    primary: Shop
    standby: Server

    @property
    def dsn(self) -> str:
        return self.standby.dsn(self.primary.dsn.rpartition("/")[2])

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return (connection.execute(query).fetchone() or (None,))[0]

    def catch_up(self) -> None:
        """Wait until the standby has all that the primary's log has now."""
        with self.primary.connect() as connection:
            (end,) = connection.execute("select pg_current_wal_insert_lsn()::text").fetchone() or ("",)
        until = time.monotonic() + 30
        while not self.ask(f"select pg_last_wal_replay_lsn() >= '{end}'"):
            assert time.monotonic() < until, "the standby does not follow"
            # the log is written to disk when somebody commits, or by itself a little later
            self.primary.sql("select pg_log_standby_snapshot()")
            time.sleep(0.05)


@pytest.fixture
def pair(cursor: Shop, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    cursor.sql("create index on orders (updated_at)")
    with standby(postgres) as server:
        found = Pair(cursor, server)
        found.catch_up()
        monkeypatch.setenv("SOURCE_DSN", found.dsn)
        yield found


@pytest.mark.server
@pytest.mark.slow
class TestStandby:
    @pytest.mark.parametrize("late_by", [None, timedelta(seconds=0.2)])
    def test_a_row_that_its_primary_commits_late_is_read(self, pair: Pair, late_by: timedelta | None) -> None:
        shop = pair.primary
        shop.own = shop.own.model_copy(update={"late_by": late_by})
        with shop.connect() as late:
            late.execute("insert into orders values (1)")
            shop.sql("insert into orders values (2)")
            pair.catch_up()
            assert shop.ids() == [2]
            time.sleep(0.5)
            shop.sql("insert into orders values (3)")
            pair.catch_up()
            assert shop.ids() == [3]
            late.commit()
        pair.catch_up()
        assert shop.ids() == [1] and shop.batches() == []
        assert any("a standby does not say" in notice for notice in shop.notices) == (late_by is not None)

    def test_one_that_is_behind_what_was_read_is_waited_for(self, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
        shop = pair.primary
        pair.ask("select pg_wal_replay_pause()")
        shop.sql("insert into orders values (1)")
        monkeypatch.setenv("SOURCE_DSN", shop.dsn)
        assert shop.ids() == [1]
        monkeypatch.setenv("SOURCE_DSN", pair.dsn)
        with pytest.raises(SourceUnreachable, match="standby is behind"):
            shop.batches()
        pair.ask("select pg_wal_replay_resume()")
        shop.sql("insert into orders values (2)")
        pair.catch_up()
        assert shop.ids() == [2]


@pytest.mark.server
class TestOtherRows:
    def test_a_new_column_brings_all_rows_with_its_default(self, cursor: Shop) -> None:
        cursor.sql("insert into orders values (1), (2)")
        cursor.read()
        cursor.sql("alter table orders add channel text default 'web'")
        assert [(row["id"], row["channel"]) for row in cursor.read()] == [(1, "web"), (2, "web")]
        assert "columns changed" in cursor.notices[-1]

    def test_a_partition_that_is_attached_brings_its_rows(self, shop: Shop, cursor: Shop) -> None:
        cursor.sql(
            "drop table orders",
            "create table late (id bigint not null, updated_at timestamptz not null)",
            "insert into late values (200, '2020-01-01')",
            "create table orders (id bigint primary key, updated_at timestamptz not null) partition by range (id)",
            "create table early partition of orders for values from (0) to (100)",
            "insert into orders values (1, now())",
        )
        assert cursor.ids() == [1]
        cursor.sql("alter table orders attach partition late for values from (100) to (300)")
        assert cursor.ids() == [200]
        cursor.sql("update orders set updated_at = now()")
        assert cursor.ids() == [1, 200]
        assert cursor.batches() == []

    def test_another_table_of_the_name_is_read_whole(self, cursor: Shop) -> None:
        cursor.sql(
            "create table better (like orders including all)",
            "insert into better values (1, 'b'), (2, 'b')",
            "insert into orders values (1)",
        )
        assert cursor.ids() == [1]
        cursor.sql("alter table orders rename to old", "alter table better rename to orders")
        assert cursor.ids() == [1, 2]

    def test_rows_that_moved_by_vacuum_full_are_not_read_again(self, cursor: Shop) -> None:
        cursor.sql("insert into orders select i from generate_series(1, 100) i", "delete from orders where id < 50")
        cursor.read()
        cursor.sql("vacuum full freeze orders")
        assert cursor.read() == []

    def test_truncated_and_filled_anew(self, cursor: Shop) -> None:
        cursor.sql("insert into orders values (1), (2)")
        cursor.read()
        with cursor.connect() as connection:
            connection.execute("truncate orders")
            connection.execute("insert into orders values (2, 'again', '1999-01-01')")
        assert cursor.ids() == [2]

    def test_from_whole_tables_to_a_cursor_begins_anew(self, cursor: Shop) -> None:
        by_cursor, cursor.own = cursor.own, PostgresTable()
        cursor.sql("insert into orders values (1)")
        cursor.read()
        cursor.own = by_cursor
        with pytest.raises(SourceMismatch, match=r"shophouse lake drop shop\.orders"):
            cursor.read()
        cursor.position = None
        assert cursor.ids() == [1]
        cursor.own = PostgresTable()
        assert cursor.ids() == [1]
