"""The hand-written script that the bench compares with must be right, or the comparison is worth nothing."""

from __future__ import annotations

import importlib
from pathlib import Path

import duckdb
import pytest

from shophouse.demo.storefront import delta, generate

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize("append", [True, False])
def test_by_hand_ties_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, append: bool) -> None:
    summary = generate(tmp_path / "shop", orders=2_000, days=300)
    orders = summary.rows["orders"]
    if not append:
        day = delta(tmp_path / "shop")
        orders += len(day.new) + len(day.late)
    monkeypatch.syspath_prepend(str(BENCH))
    importlib.import_module("by_hand").build(tmp_path / "shop", tmp_path / "out.duckdb", "1GB", 2, append)
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
        join fct_orders as orders using (order_id)
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
