from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from shophouse.engines.duckdb.publish import connect, publish, version_file


def test_marts_by_day_are_published_in_the_order_of_their_days(tmp_path: Path) -> None:
    built = tmp_path / "built.duckdb"
    with duckdb.connect(str(built)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.sales_daily as select date '2024-01-01' + cast(i * 7919 % 700 as integer) as date_day, "
            "cast(i % 100 as decimal(28, 4)) as net_sales_amount from range(100000) as t(i)"
        )
        connection.execute("create table marts.targets_daily (date_day date not null, day_value integer)")
        connection.execute(
            "insert into marts.targets_daily select date '2024-01-01' + cast(i * 7919 % 700 as integer), i "
            "from range(60000) as t(i)"
        )
        connection.execute("comment on table marts.targets_daily is 'what was to be reached'")
        connection.execute("create table marts.sales_by_month as select unnest([3, 1, 2]) as date_day")
        before = connection.execute(_SUMS).fetchall()
    (tmp_path / "warehouse").mkdir()
    number = publish(built, tmp_path / "warehouse", {})
    with connect(tmp_path / "warehouse") as published:
        assert published.execute(_SUMS).fetchall() == before
        for table in ("sales_daily", "targets_daily"):
            assert _days(published, table) == sorted(_days(published, table))
        assert _days(published, "sales_by_month") == [3, 1, 2]
        # what a table says of itself stays
        assert published.execute(
            "select tables.comment, is_nullable from duckdb_tables() as tables join duckdb_columns() as columns "
            "using (database_oid, table_oid) where tables.table_name = 'targets_daily' and column_name = 'date_day'"
        ).fetchall() == [("what was to be reached", False)]
    with duckdb.connect(str(version_file(tmp_path / "warehouse", number)), read_only=True) as version:
        kinds = version.execute(
            "select distinct compression from pragma_storage_info('marts.sales_daily') "
            "where column_name = 'net_sales_amount' and segment_type <> 'VALIDITY'"
        ).fetchall()
    assert kinds == [("Uncompressed",)]


_SUMS = "select date_day, count(*), sum(net_sales_amount) from marts.sales_daily group by date_day order by date_day"


def _days(connection: duckdb.DuckDBPyConnection, table: str) -> list[Any]:
    return [row[0] for row in connection.execute(f"select date_day from marts.{table}").fetchall()]


def test_views_of_a_version_find_their_tables_under_any_name(tmp_path: Path) -> None:
    built = tmp_path / "shop.duckdb"
    with duckdb.connect(str(built)) as connection:
        connection.execute("create schema core")
        connection.execute("create schema marts")
        connection.execute("create table core.lines as select 1 as line_number")
        connection.execute(
            'create view core.sold as select line_number, \'shop.core.lines\' as "of" from "shop".core.lines'
        )
        connection.execute("create view core.ledger as select sold.line_number from shop.core.sold as sold")
    (tmp_path / "warehouse").mkdir()
    file = version_file(tmp_path / "warehouse", publish(built, tmp_path / "warehouse", {}))
    with connect(tmp_path / "warehouse") as published:
        assert published.execute("select * from core.ledger").fetchall() == [(1,)]
    with duckdb.connect(str(file), read_only=True) as version:
        assert version.execute("select * from core.ledger").fetchall() == [(1,)]
    with duckdb.connect() as other:
        other.execute(f"attach '{file}' as shop_before (read_only)")
        assert other.execute("select * from shop_before.core.ledger").fetchall() == [(1,)]
