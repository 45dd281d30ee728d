"""The hand-written script that the bench compares with must do the same work, or the comparison is worth nothing."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from built_shop import shophouse
from shophouse.demo.storefront import delta, generate

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("by_hand")


def tables(con: duckdb.DuckDBPyConnection, database: str, *schemas: str) -> dict[str, list[tuple[str, str]]]:
    """The columns of each table and view that has rows, with their types and in their order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, kind in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and list_contains(?, schema_name) order by schema_name, table_name, column_index",
        [database, list(schemas)],
    ).fetchall():
        found.setdefault(f"{schema}.{table}", []).append((column, kind))
    return {
        name: columns for name, columns in found.items() if con.execute(f"from {database}.{name} limit 1").fetchall()
    }


def differing(
    con: duckdb.DuckDBPyConnection, columns: list[tuple[str, str]], one: str, other: str
) -> list[tuple[object, ...]]:
    """A few rows that one of two tables has more often than the other. Doubles are equal to the ninth decimal."""
    listed = ", ".join(
        f'round("{column}", 9) + 0 as "{column}"' if kind == "DOUBLE" else f'"{column}"' for column, kind in columns
    )
    a, b = (f"select {listed} from {table}" for table in (one, other))
    return con.execute(f"({a} except all {b} limit 3) union all ({b} except all {a} limit 3)").fetchall()


@pytest.mark.slow
def test_the_script_makes_the_products_tables(tmp_path: Path, bench: ModuleType) -> None:
    files, shop = tmp_path / "files", tmp_path / "shop"
    generate(files, orders=1_500, days=400)
    importlib.import_module("run").make_shop(shop, files, "1GB", "upsert")
    said = shophouse("ingest", "--project", shop)
    assert said.returncode == 0, said.stderr
    delta(files)
    said = shophouse("run", "--project", shop)
    assert said.returncode == 0, said.stderr
    bench.build(files, tmp_path / "out.duckdb", "1GB", 2, False)

    con = duckdb.connect()
    con.execute(f"attach '{shop / 'warehouse' / 'build' / 'shop.duckdb'}' as shop (read_only)")
    con.execute(f"attach '{tmp_path / 'out.duckdb'}' as script (read_only)")
    product = tables(con, "shop", "core", "aggregates", "marts")
    plain = {f"main.{name.split('.')[1]}": name for name in product}
    assert {name: product[place] for name, place in plain.items()} == tables(con, "script", "main")
    assert {"main.fct_order_items", "main.sales_by_day", "main.customer_360"} <= plain.keys()
    for name, place in plain.items():
        assert differing(con, product[place], f"shop.{place}", f"script.{name}") == [], name
    for history in ("dim_customer_history", "dim_product_history"):
        assert con.execute(f"from script.{history} where version_number > 1").fetchall(), history


def test_trusting_that_nothing_comes_twice_makes_the_same_where_nothing_does(tmp_path: Path, bench: ModuleType) -> None:
    generate(tmp_path / "files", orders=1_000, days=300)
    con = duckdb.connect()
    for name, append in (("trusting", True), ("looking", False)):
        bench.build(tmp_path / "files", tmp_path / f"{name}.duckdb", "1GB", 2, append)
        con.execute(f"attach '{tmp_path / name}.duckdb' as {name} (read_only)")
    looked = tables(con, "looking", "main")
    assert looked == tables(con, "trusting", "main")
    for table, columns in looked.items():
        assert differing(con, columns, f"trusting.{table}", f"looking.{table}") == [], table


@pytest.mark.parametrize("append", [True, False])
def test_by_hand_ties_out(tmp_path: Path, bench: ModuleType, append: bool) -> None:
    summary = generate(tmp_path / "shop", orders=2_000, days=300)
    orders = summary.rows["orders"]
    if not append:
        day = delta(tmp_path / "shop")
        orders += len(day.new) + len(day.late)
    bench.build(tmp_path / "shop", tmp_path / "out.duckdb", "1GB", 2, append)
    con = duckdb.connect(str(tmp_path / "out.duckdb"), read_only=True)
    wrong = "select count(*), count(*) filter (total_amount <> control_total_amount) from fct_orders"
    assert con.execute(wrong).fetchall() == [(orders, 0)]
    if append:
        gross = con.execute("select sum(gross_amount), sum(total_amount) from fct_orders").fetchall()
        assert gross == [(summary.totals["order_items.gross"], summary.totals["orders.total_amount"])]
    sold = """
        select
            (select sum(net_amount - refund_product_amount) from fct_orders where is_sale and not is_cancelled)
            - coalesce(sum(lines.net_amount - lines.refunded_amount), 0)
        from fct_order_items as lines
        join fct_orders as orders using (order_key)
        where lines.is_gift_card and orders.is_sale and not orders.is_cancelled
    """
    net_sales = con.execute(sold).fetchall()
    for mart in (
        "sales_daily",
        "sales_daily_by_order_date",
        "sales_monthly",
        "store_performance",
        "executive_daily",
        "daily_revenue_by_state",
        "profit_and_loss_monthly",
        "seller_performance",
        "product_performance",
        "category_performance",
        "category_sales_daily",
        "category_sales_as_sold",
        "customer_360",
        "customer_segments",
    ):
        assert con.execute(f"select sum(net_sales_amount) from {mart}").fetchall() == net_sales, mart
    closing = "select running_difference_amount from sales_books_bridge order by date_day desc limit 1"
    assert con.execute(closing).fetchall() == [(0,)]
    assert (
        con.execute("select sum(order_count) from customer_360").fetchall()
        == con.execute("select count(*) from fct_orders where is_valid").fetchall()
    )
