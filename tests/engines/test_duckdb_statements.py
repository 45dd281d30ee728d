from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from jinja2 import Environment

from shophouse.engines.duckdb.statements import build, drop
from shophouse.engines.plan import CompiledModel, Session

SUMS = "select i as day_number, cast(i * 7919 % 700 as decimal(28, 4)) as net_sales_amount from range(200000) as t(i)"


def table(sql: str) -> CompiledModel:
    return CompiledModel("model.sales", "sales", "main", '"main"."sales"', "table", (), sql=sql, full_sql=sql)


@pytest.mark.parametrize("anew", [True, False], ids=["full", "incremental"])
def test_sums_are_not_packed_by_bits(tmp_path: Path, anew: bool) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        for _ in range(2):
            build(Session(connection.execute, connection.interrupt), table(SUMS), anew=anew)
        connection.execute("checkpoint")
        packed = connection.execute(
            "select distinct column_name from pragma_storage_info('main.sales') where compression = 'BitPacking'"
        ).fetchall()
        types = connection.execute("select column_name, column_type from (describe main.sales)").fetchall()
        assert connection.execute("select * from main.sales order by 1").fetchall() == (
            connection.execute(f"select * from ({SUMS}) order by 1").fetchall()
        )
    assert packed == [("day_number",)]
    assert types == [("day_number", "BIGINT"), ("net_sales_amount", "DECIMAL(28,4)")]


def test_a_table_that_reads_itself_finds_what_it_held() -> None:
    with duckdb.connect() as connection:
        session = Session(connection.execute, connection.interrupt)
        build(session, table(SUMS), anew=False)
        build(session, table('select sum(net_sales_amount) as net_sales_amount from "main"."sales"'), anew=False)
        assert connection.execute("select net_sales_amount from sales").fetchall() == (
            connection.execute(f"select sum(net_sales_amount) from ({SUMS})").fetchall()
        )


def test_a_table_without_sums_and_a_view_are_made_in_one_statement() -> None:
    with duckdb.connect() as connection:
        session = Session(connection.execute, connection.interrupt)
        build(session, table("-- one row\nselect 1 as place, 1.5 as rate"), anew=True)
        view = CompiledModel("model.rates", "rates", "main", '"main"."rates"', "view", (), full_sql="from sales")
        build(session, view, anew=True)
        assert connection.execute("select rate from rates").fetchall() == connection.execute("select 1.5").fetchall()


def test_a_model_that_an_incremental_run_makes_anew_takes_the_place_of_what_was_there() -> None:
    def made(materialized: str, sql: str) -> CompiledModel:
        return CompiledModel("model.x", "x", "marts", '"memory"."marts"."x"', materialized, (), full_sql=sql)

    with duckdb.connect() as connection:
        session = Session(connection.execute, connection.interrupt)
        for materialized, sql in [
            ("table", "select 1 as a"),
            ("view", "select 2 as b"),
            ("view", "select 3 as c"),
            ("incremental", "select 4 as d"),
            ("table", "select 5 as e"),
        ]:
            build(session, made(materialized, sql), anew=False)
            assert connection.execute("from marts.x").fetchall() == connection.execute(sql).fetchall()
            kinds = connection.execute("select table_type from information_schema.tables").fetchall()
            assert kinds == [("VIEW" if materialized == "view" else "BASE TABLE",)]
        for _ in range(2):
            drop(session, made("table", ""))
            assert connection.execute("select count(*) from information_schema.tables").fetchall() == [(0,)]


def test_the_scan_of_a_large_table_is_told_which_few_keys_are_looked_up() -> None:
    dialect = files("shophouse") / "engines" / "duckdb" / "dialect.sql"
    few = Environment().from_string(dialect.read_text("utf-8")).module.duckdb__tells_scans("few.key")  # type: ignore[attr-defined]
    with duckdb.connect() as connection:
        connection.execute("create table facts as select hash(i) as key, i as amount from range(300000) as t(i)")
        connection.execute("create table few as select key from facts using sample 3000 rows")

        def plan(condition: str) -> str:
            query = f"select * from facts where key in (select few.key from few where {condition})"
            return str(connection.execute(f"explain analyze {query}").fetchall())

        assert "BF(" in plan(few).replace("\\n", "")
        assert "BF(" not in plan("1 = 1")
