"""The lake's rows come into PostgreSQL once, whatever happens to the lake's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from requirements import requirement
from shophouse.building import raw_tables
from shophouse.engines.postgres import loading
from shophouse.engines.postgres.engine import PostgresEngine
from shophouse.errors import BuildError
from shophouse.shop import Shop

pytestmark = pytest.mark.server

NewShop = Callable[..., Shop]
COLUMNS = 'select _source, id, "order" from raw.till__sales order by id, _load_id'


class Till:
    """A shop of one source without staging models, whose raw tables are looked at."""

    def __init__(self, shop: Shop) -> None:
        file = shop.project.file
        head, _ = file.read_text("utf-8").split("sources:")
        file.write_text(head + "sources:\n  till: {kind: files, path: 'data/*.csv'}\n", "utf-8")
        self.shop = Shop.open(shop.project.folder)
        self.data = shop.project.folder / "data"
        assert isinstance(self.shop.engine, PostgresEngine)
        self.engine = self.shop.engine

    def write(self, name: str, text: str) -> None:
        (self.data / name).write_text(text, "utf-8")

    def ingest(self) -> None:
        self.shop.ingest()

    def attach(self) -> None:
        self.engine.prepare()
        self.engine.attach(raw_tables(self.shop.project, self.shop.lake))

    def arrive(self, name: str, text: str) -> None:
        self.write(name, text)
        self.ingest()
        self.attach()

    def rows(self, sql: str = COLUMNS) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.engine.query(sql).to_pylist()]

    def execute(self, sql: str) -> None:
        with self.engine.database.connect(autocommit=True) as connection:
            connection.execute(sql)

    def writes(self) -> list[tuple[Any, ...]]:
        """What has been inserted into the table since it was made."""
        return self.rows("select relfilenode, oid from pg_class where oid = 'lake.till__sales'::regclass")


@pytest.fixture
def till(new_shop: NewShop) -> Till:
    return Till(new_shop())


def sales(*rows: tuple[int, str]) -> str:
    return "id,order\n" + "".join(f"{id_},{order}\n" for id_, order in rows)


def test_a_new_load_is_added_to_the_rows_that_are_there(till: Till) -> None:
    till.arrive("sales.csv", sales((1, "a"), (2, "b")))
    first = till.rows()
    table = till.writes()
    assert first == [("till", "1", "a"), ("till", "2", "b")]
    till.attach()
    assert till.rows() == first
    till.write("sales.csv", sales((3, "c")))
    till.ingest()
    till.attach()
    assert till.rows() == [*first, ("till", "3", "c")]
    assert till.writes() == table
    assert till.rows("select load_id, row_count from shophouse.lake_tables") == [(2, 3)]


def test_rows_that_a_compaction_wrote_anew_are_not_loaded_again(till: Till) -> None:
    for number in range(3):
        till.write("sales.csv", sales((number, "x" * number)))
        till.ingest()
    till.attach()
    before, table = till.rows(), till.writes()
    assert till.shop.lake.compact("till", "sales").files_after == 1
    till.attach()
    assert (till.rows(), till.writes()) == (before, table)
    till.arrive("sales.csv", sales((9, "z")))
    assert till.rows() == [*before, ("till", "9", "z")]


def test_a_table_that_was_dropped_and_loaded_anew_is_taken_whole(till: Till) -> None:
    till.arrive("sales.csv", sales((1, "a"), (2, "b")))
    till.shop.lake.drop("till", "sales")
    till.write("sales.csv", sales((5, "e"), (6, "f")))
    till.ingest()
    till.attach()
    # as many rows under the same load's number: only the table's identity tells
    assert till.rows() == [("till", "5", "e"), ("till", "6", "f")]


def test_a_table_that_is_gone_is_gone(till: Till) -> None:
    till.arrive("sales.csv", sales((1, "a")))
    till.arrive("returns.csv", "id\n1\n")
    till.shop.lake.drop("till", "sales")
    (till.data / "sales.csv").unlink()
    till.attach()
    tables = till.rows("select schemaname, tablename from pg_tables where schemaname = 'lake'")
    views = till.rows("select schemaname, viewname from pg_views where schemaname = 'raw'")
    assert (tables, views) == ([("lake", "till__returns")], [("raw", "till__returns")])


def test_rows_that_were_taken_out_of_the_lake_are_taken_out(till: Till) -> None:
    till.arrive("sales.csv", sales((1, "a"), (2, "b")))
    till.execute("insert into lake.till__sales select * from lake.till__sales")
    till.execute("update shophouse.lake_tables set row_count = 4")
    till.write("sales.csv", sales((3, "c")))
    till.ingest()
    till.attach()
    assert [row[1] for row in till.rows()] == ["1", "2", "3"]


def test_a_new_column_leaves_the_views_on_the_table_as_they_are(till: Till) -> None:
    till.arrive("sales.csv", sales((1, "a")))
    till.execute("create schema staging")
    till.execute('create view staging.sales as select id, "order" from raw.till__sales')
    till.execute("create view staging.numbers as select id from staging.sales")
    table = till.writes()
    till.arrive("sales.csv", 'id,order,"The ""Note"""\n2,b,n\n')
    assert till.writes() == table
    assert till.rows('select id, "The ""Note""" from raw.till__sales order by id') == [("1", None), ("2", "n")]
    assert till.rows("select id from staging.numbers order by id") == [("1",), ("2",)]


def test_a_table_that_is_made_anew_keeps_the_views_above_it(till: Till) -> None:
    till.arrive("sales.csv", sales((1, "a")))
    till.execute("create schema staging")
    till.execute('create view staging.sales as select id, "order" from raw.till__sales')
    till.execute("create view staging.numbers as select id from staging.sales")
    till.shop.lake.drop("till", "sales")
    till.write("sales.csv", sales((7, "g")))
    till.ingest()
    till.attach()
    assert till.rows("select id from staging.numbers") == [("7",)]


@requirement("S0-15")
def test_a_load_that_breaks_off_is_done_again_from_where_it_was(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.arrive("sales.csv", sales((1, "a")))
    before = till.rows()
    till.write("sales.csv", sales((2, "b")))
    till.write("returns.csv", "id\n1\n")
    till.ingest()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        # every row is moved and written down: all that is missing is the end of the transaction
        patched.setattr(loading, "_hide_others", stop)
        with pytest.raises(KeyboardInterrupt):
            till.attach()
    assert till.rows() == before
    assert till.rows("select load_id from shophouse.lake_tables") == [(1,)]
    till.attach()
    assert till.rows() == [*before, ("till", "2", "b")]
    assert till.rows("select nspname from pg_namespace where nspname = 'incoming'") == []


def test_text_of_every_kind_arrives_as_it_is(till: Till) -> None:
    odd = ["it's", 'say ""hi""', "back\\slash", "\\N", "tab\tthere", "Zoë 😀", "{1,2}", "new\nline", "$1 %s {{ x }}"]
    lines = "".join(f'{number},"{value}"\n' for number, value in enumerate(odd))
    till.arrive("sales.csv", "id,order\n" + lines)
    found = till.rows('select "order" from raw.till__sales order by cast(id as integer)')
    assert [row[0] for row in found] == [value.replace('""', '"') for value in odd]


def test_names_that_need_quotes_or_are_too_long(till: Till) -> None:
    table = "a_table_whose_name_is_much_longer_than_a_name_may_be_in_postgres"
    other = table + "_too"
    for name in (table, other):
        till.write(f"{name}.csv", "select,user,x\n1,2,3\n")
    till.ingest()
    with pytest.raises(BuildError) as caught:
        till.attach()
    assert "63" in str(caught.value) and table in str(caught.value)


def test_bookkeeping_of_ops_takes_what_messages_hold(till: Till) -> None:
    till.engine.prepare()
    odd = "a\tb\\n\nc\0d 'e' \"f\" 😀"
    till.engine.replace("test_results", [("r", odd, "fail", 3, 0.25, None, 4)])
    till.engine.append("test_results", [("r", "second", "pass", 0, 0.5, "", None)])
    rows = till.rows("select test, failure_count, seconds, message from ops.test_results order by failure_count desc")
    assert rows == [(odd.replace("\0", ""), 3, 0.25, None), ("second", 0, 0.5, "")]
    till.engine.replace("test_results", [])
    assert till.rows("select * from ops.test_results") == []


def test_a_server_that_goes_away_is_told_without_the_password(
    new_shop: NewShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = new_shop(dsn="postgresql://someone:s3cret@127.0.0.1:9/nowhere")
    with pytest.raises(BuildError) as caught:
        shop.engine.prepare()
    assert "127.0.0.1" in str(caught.value) and "DSN_SHOP" in str(caught.value) and "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, psycopg.Error)
