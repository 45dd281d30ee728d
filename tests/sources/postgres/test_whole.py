"""A whole table comes in bulk and by COPY: the same types, rows and texts, of the same moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shophouse.sources import Column, Table
from shophouse.sources.postgres import _bulk, _catalog, _database, _whole
from shophouse.sources.postgres._database import Database
from shophouse.sources.postgres._whole import Whole, copy_whole
from shophouse.values import Secret

from .conftest import LOADED_AT, Shop

pytestmark = pytest.mark.server

TYPES = (
    "create type mood as enum ('sad', 'glad')",
    "create type pair as (a int, b text)",
    "create domain email as text",
    "create domain price as numeric(10,2)",
    "create domain cents as price check (value > 0)",
    "create domain state as mood",
)
USUAL = {
    "bool": ("true", "false"),
    "smallint": ("7", "-32768"),
    "integer": ("-2147483648", "0"),
    "bigint": ("9223372036854775807", "-1"),
    "oid": ("4294967295", "0"),
    "real": ("0.1", "'NaN'", "'-Infinity'", "16777217", "1e-45", "'-0'"),
    "double precision": ("0.1", "'NaN'", "'Infinity'", "1e308", "5e-324", "'-0'"),
    "numeric(38,4)": ("1234567890123456789012345678901234.5678", "-0.0001"),
    "numeric(12,2)": ("-0.05", "9999999999.99", "0"),
    "numeric(4,4)": ("0.9999",),
    "numeric(9,0)": ("-999999999",),
    "numeric": ("0.1000000000000000000000000000000000000000000001", "1e100", "'NaN'", "'Infinity'", "1.50"),
    "numeric(50,2)": ("1.00",),
    "numeric(3,-2)": ("1234",),
    "date": ("'2024-02-29'", "'0001-01-01'", "'9999-12-31'"),
    "timestamp": ("'2024-02-29 23:59:59.123456'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59'"),
    "timestamp(0)": ("'2024-02-29 23:59:59.123456'",),
    "timestamptz": ("'2024-03-01 01:00:00+02'", "'2024-10-27 02:30:00 Europe/Oslo'", "'1883-11-18 12:03:58-04:56:02'"),
    "text": ("E'a,\"b\"\\n\\\\.'", "''", "'NULL'", "'\\N'", "'Ωñ漢🎉'", "repeat('x', 100000)", "E'\\u0001'", "' '"),
    "varchar(9)": ("''", "'a  '"),
    "char(5)": ("'ab'", "'  a'", "''"),
    '"char"': ("'x'", "''"),
    "name": ("'nobody'",),
    "uuid": ("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'00000000-0000-0000-0000-000000000000'"),
    "json": ("""'{"a" :  [1, null]}'""", "'null'"),
    "jsonb": ("""'{"b": 1.50, "a": [1, null]}'""", "'null'", "'\"\"'"),
    "time": ("'24:00'", "'23:59:59.999999'"),
    "timetz": ("'23:59:59+05:30'",),
    "interval": ("'1 mon -2 days 03:04:05.6'", "'-1 year'"),
    "inet": ("'10.0.0.1'", "'10.0.0.0/8'", "'::1'"),
    "cidr": ("'10.0.0.0/8'",),
    "macaddr": ("'08:00:2b:01:02:03'",),
    "macaddr8": ("'08:00:2b:01:02:03:04:05'",),
    "text[]": ("array['x y', null, '', '{']", "'{}'", "array[['a','b'],['c','d']]"),
    "int[]": ("array[1, null]", "'[0:1]={1,2}'"),
    "numeric(9,2)[]": ("array[1.5]",),
    "timestamptz[]": ("array['2024-03-01 01:00:00+02'::timestamptz]",),
    "mood": ("'glad'",),
    "mood[]": ("array['glad', null]::mood[]",),
    "state": ("'sad'",),
    "email": ("'a@b.c'", "''"),
    "cents": ("5", "0.01"),
}
DECLARED = {
    # its type there, the type in the lake, values
    "bytea": ("text", "'\\xdeadbeef'", "''"),
    "money": ("decimal(18,4)", "'$1,234.50'", "-1"),
    "point": ("text", "'(1,2.5)'"),
    "int4range": ("text", "'[1,5)'", "'empty'"),
    "tsvector": ("text", "'a b'"),
    "bit(3)": ("text", "B'101'"),
    "pair": ("text", "row(1, null)", "row(null, null)", "row(1, 'a b')"),
    "bool": ("text", "true", "false"),
    "integer": ("text", "5"),
    "smallint": ("bigint", "5"),
    "int ": ("double", "5"),
    "bigint": ("double", "9007199254740993"),
    "bigint ": ("decimal(20,1)", "9223372036854775807"),
    "bigint  ": ("integer", "2147483647"),
    "real": ("text", "0.1"),
    "numeric": ("decimal(18,4)", "1.5000", "-123.4567", "99999999999999.9999", "2.50000000"),
    "numeric(12,2)": ("decimal(18,4)", "1.25"),
    "numeric(12,6)": ("decimal(18,4)", "1.25"),
    "numeric(12,2) ": ("double", "0.07", "1234567890.12"),
    "numeric ": ("double", "0.1", "'NaN'", "123456789012345678901234567890"),
    "numeric(10,0)": ("bigint", "-5"),
    "numeric(12,2)  ": ("text", "1.20"),
    "date": ("timestamp", "'2024-02-29'"),
    "date ": ("text", "'2024-02-29'", "'infinity'", "'0044-03-15 BC'"),
    "timestamp": ("text", "'2024-02-29 10:00'", "'infinity'", "'0044-03-15 BC'"),
    "timestamptz": ("text", "'2024-03-01 01:00:00+02'", "'-infinity'"),
    "char(5)": ("text", "'ab'"),
}


def columns_of(kinds: Mapping[str, Sequence[str]]) -> tuple[str, list[str]]:
    """A table's definition with a column of each kind, and rows: all first values, all second ones, and nulls."""
    defined = ", ".join(f"a{index} {kind}" for index, kind in enumerate(kinds))
    most = max(len(values) for values in kinds.values())
    rows = [", ".join(v[i] if i < len(v) else "null" for v in kinds.values()) for i in range(most)]
    return defined, [*rows, ", ".join(["null"] * len(kinds))]


@pytest.fixture
def table(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Even the smallest table is read in bulk, in several parts."""
    monkeypatch.setattr(_whole, "_LITTLE_BYTES", 0)
    monkeypatch.setattr(_bulk, "_SMALL_PAGES", 2)
    shop.sql(*TYPES)
    return shop


def both(shop: Shop, **chosen: Any) -> tuple[Whole, Whole]:
    """The table in bulk and by COPY, of one moment."""
    assert _bulk.extension() is not None
    database = Database("shop", Secret("env:SOURCE_DSN"))
    found = []
    with database.connection() as connection:
        relation = _catalog.find(connection, database, "public", "orders", "")
        assert relation is not None
        with database.snapshot(connection, relation.lock):
            fields = _catalog.fields(connection, database, relation, shop.table, "UTC")
            for by_copy in (False, True):
                into = shop.folder / f"by_copy_{by_copy}_{shop.loads}"
                into.mkdir()
                shop.loads += 1
                found.append(
                    copy_whole(database, connection, relation, fields, into, 7, LOADED_AT, by_copy=by_copy, **chosen)
                )
    return found[0], found[1]


def rows(whole: Whole) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in whole.parquet])


def assert_same(shop: Shop, in_parts: bool = False) -> pa.Table:
    bulk, copied = both(shop)
    assert bulk.in_bulk and not copied.in_bulk
    first, second = rows(bulk), rows(copied)
    assert first.schema == second.schema
    assert bulk.rows == copied.rows == len(first)
    if in_parts:
        numbers = first.column("_row_number").to_pylist()
        assert len(bulk.parquet) > 1 and numbers == sorted(set(numbers))
        first, second = first.drop("_row_number"), second.drop("_row_number")
    # as text: NaN is not NaN, and 0 is -0
    for name in first.column_names:
        assert list(map(str, first.column(name).to_pylist())) == list(map(str, second.column(name).to_pylist())), name
    assert bulk.digest() == copied.digest()
    return first


def test_every_type_gives_the_same_rows_and_texts_both_ways(table: Shop) -> None:
    defined, values = columns_of(USUAL)
    table.sql(f"create table orders ({defined})", *(f"insert into orders values ({row})" for row in values))
    found = assert_same(table)
    assert len(found) == len(values)
    assert found.column("a18").to_pylist()[:2] == ['a,"b"\n\\.', ""]


def test_every_declared_type_gives_the_same_both_ways(table: Shop) -> None:
    defined, values = columns_of({kind: given for kind, (_, *given) in DECLARED.items()})
    table.sql(f"create table orders ({defined})", *(f"insert into orders values ({row})" for row in values))
    declared = [Column(f"a{index}", kind) for index, (kind, *_) in enumerate(DECLARED.values())]
    money = next(index for index, kind in enumerate(DECLARED) if kind == "money")
    table.table = Table("shop", "orders", columns=(*declared, Column("gone", "date")))
    bulk, _ = both(table)
    # what the extension can't give is read by COPY alone
    assert not bulk.in_bulk
    table.sql(f"alter table orders drop column a{money}")
    assert_same(table)


@pytest.mark.parametrize(
    ("kind", "lake", "value"),
    [
        ("numeric(12,2)", None, "'NaN'"),
        ("numeric", "decimal(18,4)", "'NaN'"),
        ("numeric", "decimal(18,4)", "'Infinity'"),
        ("numeric", "decimal(18,4)", "0.00001"),
        ("numeric", "decimal(18,4)", "1e20"),
        ("date", None, "'infinity'"),
        ("date", None, "'0044-03-15 BC'"),
        ("date", None, "'10000-01-01'"),
        ("timestamp", None, "'-infinity'"),
        ("timestamp", None, "'10000-01-01'"),
        ("timestamptz", None, "'infinity'"),
        ("timestamptz", None, "'0001-01-01 00:00 BC'"),
        ("bigint", "integer", "2147483648"),
    ],
)
def test_what_the_lake_cannot_hold_is_in_quarantine_both_ways(
    table: Shop, kind: str, lake: str | None, value: str
) -> None:
    table.sql(f"create table orders (id int, odd {kind})", f"insert into orders values (1, {value}), (2, null)")
    if lake:
        table.table = Table("shop", "orders", columns=(Column("odd", lake),))
    bulk, copied = both(table)
    assert not bulk.in_bulk and bulk.rejected == copied.rejected and len(bulk.rejected) == 1
    assert rows(bulk).equals(rows(copied)) and bulk.rows == 1


def test_a_table_of_many_pages_is_read_in_parts_and_loses_no_row(table: Shop) -> None:
    table.sql(
        "create table orders (id int, note text)",
        "insert into orders select i, repeat('x', i % 300) from generate_series(1, 20000) i",
        "delete from orders where id % 3 = 0",
        "vacuum orders",
        "insert into orders select i, 'late' from generate_series(30001, 31000) i",
    )
    found = assert_same(table, in_parts=True)
    ids = set(range(1, 20001)) - set(range(0, 20001, 3)) | set(range(30001, 31001))
    assert set(found.column("id").to_pylist()) == ids and len(found) == len(ids)


@pytest.mark.parametrize("kind", ["partitioned", "inherited", "view", "materialized"])
def test_tables_of_several_tables_and_views(table: Shop, kind: str) -> None:
    rows_of = "select i as id, repeat('x', 200) as note from generate_series({0}, {1}) i"
    table.sql(
        *{
            "partitioned": (
                "create table orders (id int, note text) partition by range (id)",
                "create table low partition of orders for values from (1) to (1000)",
                "create table high partition of orders for values from (1000) to (99999)",
                "insert into orders " + rows_of.format(1, 5000),
            ),
            "inherited": (
                "create table orders (id int, note text)",
                "create table more () inherits (orders)",
                "insert into orders " + rows_of.format(1, 500),
                "insert into more " + rows_of.format(501, 5000),
            ),
            "view": ("create view orders as " + rows_of.format(1, 5000),),
            "materialized": ("create materialized view orders as " + rows_of.format(1, 5000),),
        }[kind]
    )
    found = assert_same(table, in_parts=kind != "view")
    assert sorted(found.column("id").to_pylist()) == list(range(1, 5001))


def test_all_parts_are_of_one_moment(table: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the parts, another transaction moves each row to the end of the table and takes one away."""
    table.sql(
        "create table orders (id int, note text)",
        "insert into orders select i, repeat('x', 300) from generate_series(1, 2000) i",
    )
    monkeypatch.setattr(_bulk, "_connections", lambda: 1)
    monkeypatch.setattr(_bulk, "_PART_PAGES", 10)
    entered = _bulk.Bulk._enter
    times = 0

    def changing(*given: Any) -> None:
        nonlocal times
        times += 1
        table.sql("update orders set note = 'moved'", f"delete from orders where id = {times}")
        entered(*given)

    monkeypatch.setattr(_bulk.Bulk, "_enter", staticmethod(changing))
    bulk, copied = both(table)
    assert times > 5 and bulk.in_bulk
    assert sorted(rows(bulk).column("id").to_pylist()) == list(range(1, 2001))
    assert set(rows(bulk).column("note").to_pylist()) == {"x" * 300}
    assert bulk.digest() == copied.digest()


def test_a_table_whose_change_waits_for_the_read_is_read_by_copy(table: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another's exclusive lock is asked for after ours: further connections would wait for it, and it for us."""
    table.sql("create table orders (id int)", "insert into orders select generate_series(1, 100)")
    entered = _bulk.Bulk._enter
    monkeypatch.setitem(_database.SETTINGS, "lock_timeout", "100ms")
    with table.connect() as other:
        import threading

        waiting = threading.Thread(target=lambda: other.execute("alter table orders add column late int"))

        def after_another(*given: Any) -> None:
            waiting.start()
            with table.connect() as looking:
                for _ in range(500):
                    if looking.execute("select 1 from pg_locks where not granted").fetchall():
                        break
                    looking.execute("select pg_sleep(0.01)")
            entered(*given)

        monkeypatch.setattr(_bulk.Bulk, "_enter", staticmethod(after_another))
        assert table.ids() == list(range(1, 101))
        waiting.join()


def test_without_the_extension_the_rows_come_by_copy(table: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    table.sql("create table orders (id int)", "insert into orders select generate_series(1, 100)")
    monkeypatch.setattr(_whole, "extension", lambda: None)
    bulk, _ = both(table)
    assert not bulk.in_bulk and bulk.rows == 100


def test_a_password_is_in_no_message(table: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database("shop", Secret("env:SOURCE_DSN"))
    monkeypatch.setenv("SOURCE_DSN", "postgresql://me:hidden-word@127.0.0.1:1/shop")
    relation = _catalog.Relation(1, "r", "public", "orders")
    bulk = _bulk.Bulk(database, relation, [], table.folder, 1, LOADED_AT)
    with pytest.raises(_bulk.Refused) as caught:
        bulk.copy("1", [_bulk.Part("")], print)
    assert "hidden-word" not in str(caught.value) and str(caught.value)


CHANGES = {
    "a row is inserted": "insert into orders values (101, 0, 0, false, 'a')",
    "a row is deleted": "delete from orders where id = 40",
    "a row is there twice": "insert into orders select * from orders where id = 50",
    "a text is another": "update orders set note = 'b' where id = 60",
    "null stands for an empty text": "update orders set note = null where id = 61",
    "two flags change places": "update orders set paid = not paid where id in (1, 2)",
    "two amounts change places": "update orders set amount = 3 - amount where id in (1, 2)",
    "a double is another by its last bit": "update orders set rate = 5e-324 where id = 62",
    "a row can't be read": "update orders set amount = 'NaN' where id = 63",
    "a row that can't be read is another": "update orders set note = 'c' where id = 63",
    "a type has more digits": "alter table orders alter amount type numeric(12,3)",
    "a column is new": "alter table orders add column late int",
}


@pytest.mark.parametrize("in_bulk", [True, False])
def test_each_change_is_loaded_once_and_nothing_else_is(
    table: Shop, in_bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _bulk.extension()
    monkeypatch.setattr(_whole, "extension", lambda: file if in_bulk else None)
    table.sql(
        "create table orders (id int, amount numeric(12,2), rate float8, paid bool, note text)",
        "insert into orders select i, i, 0, i % 2 = 0, '' from generate_series(1, 100) i",
    )
    assert len(table.read()) == 100
    # the same rows in another order
    table.sql("update orders set id = id where id % 2 = 0", "vacuum full orders")
    for change, statement in CHANGES.items():
        assert table.batches() == [], f"nothing has changed before {change}"
        table.sql(statement)
        assert table.read(), change
    monkeypatch.setattr(_whole, "extension", lambda: None if in_bulk else file)
    assert table.batches() == [], "the other way of reading is no change"
    loaded = [path.parent.name for path in table.folder.rglob("*.parquet")]
    assert len(set(loaded)) == len(CHANGES) + 1
