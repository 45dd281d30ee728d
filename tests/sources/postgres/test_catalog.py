"""Which types the lake gets, what can't be read, and what is said of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shophouse.errors import ConfigError, ShophouseError, SourceMismatch
from shophouse.settings import PostgresTable
from shophouse.sources import Column, Table

from .conftest import Shop

pytestmark = pytest.mark.server

KINDS = {
    "a bool": ("true", "boolean", True),
    "a smallint": ("7", "integer", 7),
    "a integer": ("-2147483648", "integer", -2147483648),
    "a bigint": ("9223372036854775807", "bigint", 9223372036854775807),
    "a double precision": ("0.1", "double", 0.1),
    "a numeric(38,4)": ("1234567890123456789012345678901234.5678", "decimal(38,4)", None),
    "a numeric(12,2)": ("-0.05", "decimal(12,2)", Decimal("-0.05")),
    "a numeric": ("0.1000000000000000000000000000000000000000000001", "text", None),
    "a numeric(50,2)": ("1.00", "text", "1.00"),
    "a numeric(3,-2)": ("1234", "text", "1200"),
    "a date": ("'2024-02-29'", "date", date(2024, 2, 29)),
    "a timestamp": ("'2024-02-29 23:59:59.123456'", "timestamp", datetime(2024, 2, 29, 23, 59, 59, 123456)),
    "a timestamptz": ("'2024-03-01 01:00:00+02'", "timestamp", datetime(2024, 2, 29, 23, 0)),
    "a text": ("E'a,\"b\"\\n\\\\.'", "text", 'a,"b"\n\\.'),
    "a varchar(9)": ("''", "text", ""),
    "a char(5)": ("'ab'", "text", "ab"),
    "a uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "text", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "a jsonb": ("""'{"a": [1, null]}'""", "text", '{"a": [1, null]}'),
    "a text[]": ("array['x y', null]", "text", '{"x y",NULL}'),
    "a mood": ("'glad'", "text", "glad"),
    "a email": ("'a@b.c'", "text", "a@b.c"),
    "a cents": ("5", "decimal(10,2)", Decimal("5.00")),
}


@pytest.fixture
def table(shop: Shop) -> Shop:
    shop.sql(
        "create type mood as enum ('sad', 'glad')",
        "create domain email as text",
        "create domain price as numeric(10,2)",
        "create domain cents as price check (value > 0)",
    )
    return shop


def test_types_and_values_come_as_they_are(table: Shop) -> None:
    defined = ", ".join(f"a{index} {kind.removeprefix('a ')}" for index, kind in enumerate(KINDS))
    values = ", ".join(value for value, _, _ in KINDS.values())
    nulls = ", ".join(["null"] * len(KINDS))
    table.sql(f"create table orders ({defined})", f"insert into orders values ({values}), ({nulls})")
    (batch,) = table.batches()
    assert list(batch.columns.values()) == [kind for _, kind, _ in KINDS.values()]
    first, second = pq.read_table(batch.parquet[0]).to_pylist()
    for index, (literal, _, value) in enumerate(KINDS.values()):
        found = first[f"a{index}"]
        assert found == (value if value is not None else type(found)(literal)), literal
        assert second[f"a{index}"] is None
    assert first["_source_file"] == "postgres:public.orders" and second["_row_number"] == 2


@pytest.mark.parametrize("kind", ["bytea", "money", "point", "int4range", "tsvector"])
def test_a_type_without_counterpart_says_what_to_declare(shop: Shop, kind: str) -> None:
    shop.sql(f"create table orders (id int, odd {kind})", "insert into orders values (1)")
    with pytest.raises(SourceMismatch, match=r"sources.shop.tables.orders.columns: {odd: text}"):
        shop.batches()
    shop.table = Table("shop", "orders", columns=(Column("odd", "text"),))
    assert shop.ids() == [1]


def test_money_may_be_declared_as_a_number(shop: Shop) -> None:
    shop.sql("create table orders (price money)", "insert into orders values ('$1,234.50')")
    shop.table = Table("shop", "orders", columns=(Column("price", "decimal(18,4)"),))
    assert [row["price"] for row in shop.read()] == [Decimal("1234.5000")]


def test_what_the_lake_cannot_hold_is_rejected_with_its_row(shop: Shop) -> None:
    shop.sql(
        "create table orders (id int, at timestamp, price numeric(9,2))",
        "insert into orders values (1, 'infinity', 1), (2, now(), 'NaN'), (3, '0044-03-15 BC', 1), (4, now(), 2)",
    )
    (batch,) = shop.batches()
    assert [(row.line, row.column_name) for row in batch.rejected] == [(1, "at"), (2, "price"), (3, "at")]
    assert batch.rejected[0].raw == "1,infinity,1.00" and "'infinity' is no timestamp" in batch.rejected[0].reason
    assert pq.read_table(batch.parquet[0]).column("id").to_pylist() == [4]
    assert (batch.files[0].rows, batch.files[0].rejected_rows) == (1, 3)


def test_a_declared_type_that_fits_no_row_is_refused(shop: Shop) -> None:
    shop.sql("create table orders (id text)", "insert into orders select 'x' || i from generate_series(1, 100) i")
    shop.table = Table("shop", "orders", columns=(Column("id", "bigint"),))
    with pytest.raises(SourceMismatch, match="100 of 100 rows can't be read"):
        shop.batches()
    assert list(shop.folder.rglob("*.parquet")) == []


def test_declared_columns_come_first_and_those_that_are_not_there_are_null(shop: Shop) -> None:
    shop.sql('create table orders (note text, "Id" int)', "insert into orders values ('a', 1)")
    shop.table = Table("shop", "orders", columns=(Column("id", "bigint"), Column("gone", "date")))
    (batch,) = shop.batches()
    assert batch.columns == {"id": "bigint", "gone": "date", "note": "text"}
    found = pq.read_table(batch.parquet[0])
    assert found.column("id").type == pa.int64() and found.column("gone").null_count == 1


def refused(shop: Shop) -> ShophouseError:
    with pytest.raises(ShophouseError) as caught:
        shop.batches()
    assert caught.value.where and caught.value.hint
    return caught.value


def test_a_required_column_that_was_renamed(shop: Shop) -> None:
    shop.sql("create table orders (order_number int)")
    shop.table = Table("shop", "orders", required=("order_numbr",))
    assert "is it now called order_number?" in str(refused(shop))


def test_a_table_that_is_not_there_names_the_nearest(shop: Shop) -> None:
    shop.sql("create table order_lines (id int)")
    shop.own = PostgresTable(table="order_line")
    assert "sources.shop.tables.orders.table: order_lines" in str(refused(shop))


def test_a_table_of_another_schema(shop: Shop) -> None:
    shop.sql("create schema sales", "create table sales.orders (id int)", "insert into sales.orders values (4)")
    assert "sources.shop.tables.orders.table: sales.orders" in str(refused(shop))
    shop.own = PostgresTable(table="sales.orders")
    assert shop.ids() == [4]


@pytest.mark.parametrize("grants", [(), ("grant usage on schema sales to reader",)])
def test_a_user_without_permission_is_told_what_to_grant(
    shop: Shop, grants: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sql(
        "do $$ begin create role reader login; exception when duplicate_object then end $$",
        "create schema sales",
        "create table sales.orders (id int)",
        *grants,
    )
    shop.own = PostgresTable(table="sales.orders")
    monkeypatch.setenv("SOURCE_DSN", shop.dsn.replace("postgres@", "reader:hidden-word@"))
    said = str(refused(shop))
    assert 'to "reader"' in said and "hidden-word" not in said and "may not read sales.orders" in said
    shop.sql("grant usage on schema sales to reader", "grant select on sales.orders to reader")
    assert shop.ids() == []


def test_a_grant_on_some_columns_is_not_enough_but_a_view_is(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sql(
        "do $$ begin create role reader login; exception when duplicate_object then end $$",
        "create table orders (id int, email text)",
        "insert into orders values (1, 'a')",
        "grant select (id) on orders to reader",
        "create view safe as select id from orders",
        "grant select on safe to reader",
    )
    monkeypatch.setenv("SOURCE_DSN", shop.dsn.replace("postgres@", "reader@"))
    assert "grant a view" in str(refused(shop))
    shop.own = PostgresTable(table="safe")
    assert shop.ids() == [1]


def test_a_cursor_needs_a_key(shop: Shop) -> None:
    shop.own = PostgresTable(read="cursor", cursor="updated_at")
    shop.sql("create table orders (id int not null, line int not null, updated_at timestamp)")
    assert "there is no primary key" in str(refused(shop))
    shop.table = Table("shop", "orders", key=("id", "line"))
    assert "nothing keeps id, line unique" in str(refused(shop))
    shop.sql("create unique index on orders (line, id) where id > 0")
    assert "nothing keeps id, line unique" in str(refused(shop))
    shop.sql("create unique index on orders (line, id)")
    assert shop.ids() == []


def test_a_cursor_must_be_there_and_grow(shop: Shop) -> None:
    shop.sql("create table orders (id int primary key, updated_on text)")
    shop.own = PostgresTable(read="cursor", cursor="updated_at")
    assert "the cursor updated_at is missing" in str(refused(shop))
    shop.own = PostgresTable(read="cursor", cursor="updated_on")
    assert "the cursor updated_on is of type text" in str(refused(shop))


def test_a_cursor_that_is_null_is_refused_before_anything_is_there(cursor: Shop) -> None:
    cursor.sql("alter table orders alter updated_at drop not null", "insert into orders values (1, 'a', null)")
    assert "the cursor updated_at is null in 1 of the rows" in str(refused(cursor))
    assert list(cursor.folder.rglob("*.parquet")) == []


def test_a_view_is_read_whole(cursor: Shop) -> None:
    cursor.sql("create view paid as select * from orders", "insert into orders values (1)")
    cursor.own = PostgresTable(read="cursor", cursor="updated_at", table="paid")
    assert "only a table can be read by a cursor" in str(refused(cursor))
    cursor.own = PostgresTable(table="paid")
    assert cursor.ids() == [1]


def test_moments_are_not_taken_for_times_of_another_zone(cursor: Shop) -> None:
    cursor.timezone = "Europe/Oslo"
    with pytest.raises(ConfigError, match="timezone: UTC"):
        cursor.batches()
    cursor.timezone = "UTC"
    assert cursor.ids() == []


def test_nothing_is_left_of_a_read_that_fails(shop: Shop, tmp_path: Path) -> None:
    shop.sql("create function broken(i int) returns int language sql as 'select 1 / (i - 50000)'")
    shop.sql("create view orders as select i as id, broken(i) as x from generate_series(1, 60000) i")
    said = str(refused_without_hint(shop))
    assert "division by zero" in said
    assert [path for path in shop.folder.rglob("*") if path.is_file()] == []


def refused_without_hint(shop: Shop) -> ShophouseError:
    with pytest.raises(ShophouseError) as caught:
        shop.batches()
    return caught.value
