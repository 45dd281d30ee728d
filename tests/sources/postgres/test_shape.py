"""What becomes of a table whose definition changes between, or in the middle of, what is read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from shophouse.errors import ShophouseError
from shophouse.sources.postgres._backlog import Backlog
from shophouse.sources.postgres._following import Following

from .conftest import Followed

pytestmark = pytest.mark.server


@pytest.fixture
def loaded(followed: Followed) -> Followed:
    followed.sql("insert into orders values (1, 'a', 1), (2, 'b', 2)")
    followed.load()
    return followed


def test_an_added_column_is_null_in_older_rows(loaded: Followed) -> None:
    loaded.sql(
        "insert into orders values (3, 'c', 3)",
        "alter table orders add note text",
        "update orders set note = 'n' where id = 2",
        "insert into orders values (4, 'd', 4, 'm')",
    )
    assert loaded.load() == {"orders": 3}
    assert loaded.now(columns="id, state, amount, note") == loaded.there()
    assert not loaded.notices


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("add level integer default 7", "level is new"),
        ("add level bigint generated always as (id * 2) stored", "level is new"),
        ("rename state to status", "now called status"),
        ("alter amount type numeric(14,2)", "was numeric(10,2) and is numeric(14,2)"),
        ("drop state, add state text", "state was made anew"),
    ],
)
def test_what_alters_older_rows_makes_the_table_be_read_again(loaded: Followed, change: str, why: str) -> None:
    loaded.sql("delete from orders where id = 1", f"alter table orders {change}", "update orders set amount = 9")
    loaded.load()
    assert why in loaded.notices[-1] and "read again" in loaded.notices[-1]
    with loaded.connect() as connection:
        names = [column.name for column in connection.execute("select * from orders").description or ()]
    listed = ", ".join(names)
    assert loaded.now(columns=listed) == loaded.there(columns=listed)
    loaded.sql("insert into orders (id, amount) values (9, 9)")
    assert loaded.load() == {"orders": 1}
    assert loaded.now(columns=listed) == loaded.there(columns=listed)


def test_a_dropped_column_is_null_in_later_rows(loaded: Followed) -> None:
    loaded.sql("update orders set amount = 5 where id = 1", "alter table orders drop amount")
    loaded.sql("insert into orders values (3, 'c')", "update orders set state = 'z' where id = 1")
    assert loaded.load() == {"orders": 3}
    assert loaded.now(columns="id, state") == loaded.there()
    assert [row[0] for row in loaded.now(columns="amount")] == [None, Decimal("2.00"), None]
    assert not loaded.notices


def test_a_type_that_the_lake_can_not_widen_is_an_error(loaded: Followed) -> None:
    loaded.sql("alter table orders alter amount type text")
    with pytest.raises(ShophouseError, match="amount is decimal"):
        loaded.load()


def test_a_table_made_anew_under_the_name_is_read_again(loaded: Followed) -> None:
    loaded.sql("drop table orders", "create table orders (id bigint primary key, state text, amount numeric(10,2))")
    loaded.sql("insert into orders values (2, 'new', 1), (8, 'new', 1)")
    loaded.load()
    assert "made anew" in loaded.notices[-1]
    assert loaded.now(columns="id, state, amount") == loaded.there()


def test_a_virtual_column_is_left_out_and_told(followed: Followed) -> None:
    followed.sql("alter table orders add twice numeric generated always as (amount * 2) virtual")
    followed.sql("insert into orders (id, amount) values (1, 1)")
    followed.load()
    followed.sql("insert into orders (id, amount) values (2, 2)")
    followed.load()
    assert "generated twice" in followed.notices[0]
    assert "twice" not in followed.lake.schema("shop", "orders")
    assert [row[0] for row in followed.now(columns="id")] == [1, 2]


def test_a_column_that_is_added_while_the_log_is_read_keeps_its_values(
    loaded: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is looked at before the log is read and after; a value that came between must be in the lake."""
    original = Following._read_backlog

    def late(self: Following, connection: psycopg.Connection[Any]) -> Backlog:
        loaded.sql("alter table orders add note text", "update orders set note = 'here' where id = 1")
        return original(self, connection)

    loaded.sql("insert into orders values (3, 'c', 3)")
    with monkeypatch.context() as patch:
        patch.setattr(Following, "_read_backlog", late)
        assert loaded.load() == {"orders": 2}
    assert loaded.now(columns="id, state, amount, note") == loaded.there()


def test_a_column_that_came_and_went_does_no_harm(loaded: Followed) -> None:
    loaded.sql(
        "alter table orders add note text",
        "insert into orders values (3, 'c', 3, 'x')",
        "alter table orders drop note",
        "update orders set state = 'd' where id = 1",
    )
    loaded.load()
    assert loaded.now(columns="id, state, amount") == loaded.there()
    assert "came and went" in loaded.notices[-1]
