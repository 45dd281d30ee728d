"""What is refused before a table is published, and what an owner has to type."""

from __future__ import annotations

import pytest

from shophouse.sources import Table

from .conftest import Followed, told

pytestmark = pytest.mark.server


def test_a_table_without_a_key(followed: Followed) -> None:
    followed.sql("alter table orders drop constraint orders_pkey")
    assert "keeps id unique" in told(followed).what


def test_a_replica_identity_of_nothing_and_the_table_is_not_published(followed: Followed) -> None:
    followed.sql("alter table orders replica identity nothing")
    error = told(followed)
    assert "would not say which one" in error.what and "replica identity default" in error.hint[0]
    # had it been published, this would fail
    followed.sql("insert into orders values (1, 'a', 1)", "delete from orders")


def test_a_key_that_is_not_in_the_replica_identity(followed: Followed) -> None:
    followed.sql("alter table orders alter state set not null, add unique (state)")
    followed.tables[0] = Table("shop", "orders", key=("state",), delivery="upsert")
    assert "replica identity full" in told(followed).hint[0]


def test_a_view_and_an_unlogged_table(followed: Followed) -> None:
    followed.sql("create unlogged table quick (id int primary key)")
    followed.tables.clear()
    followed.follow("quick")
    assert "not in the log" in told(followed).what


def test_a_publication_with_a_filter(followed: Followed) -> None:
    followed.sql(f"create publication {followed.slot} for table orders where (id > 5)")
    assert "only some rows" in told(followed).what


@pytest.mark.parametrize(("made", "hint"), [("", "create publication"), ("create publication {} ", "add table")])
def test_a_publication_that_the_user_may_not_make(
    followed: Followed, monkeypatch: pytest.MonkeyPatch, made: str, hint: str
) -> None:
    role = followed.slot.replace("shophouse", "reader")
    if made:
        followed.sql(made.format(followed.slot))
    followed.sql(
        f"create role {role} login replication",
        f"grant select on orders to {role}",
        f"alter role {role} set default_transaction_read_only = on",
    )
    monkeypatch.setenv("SOURCE_DSN", followed.dsn.replace("postgres@", f"{role}@"))
    error = told(followed)
    assert hint in error.hint[1] and error.hint[1].endswith(";")
    followed.sql(error.hint[1])
    # with that typed, a user who may only read does the rest
    followed.load()
    followed.sql("insert into orders values (1, 'a', 1)")
    assert followed.load() == {"orders": 1}
    assert followed.slots()[0].name == followed.slot
