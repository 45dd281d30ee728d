"""The hand-written script that the bench compares with must be right, or the comparison is worth nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from shophouse.demo.storefront import delta, generate

SCRIPT = Path(__file__).parents[2] / "bench" / "by_hand.py"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("by_hand", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("append", [True, False])
def test_by_hand_ties_out(tmp_path: Path, append: bool) -> None:
    summary = generate(tmp_path / "shop", orders=2_000, days=300)
    orders = summary.rows["orders"]
    if not append:
        day = delta(tmp_path / "shop")
        orders += len(day.new) + len(day.late)
    script().build(tmp_path / "shop", tmp_path / "out.duckdb", "1GB", 2, append)
    con = duckdb.connect(str(tmp_path / "out.duckdb"), read_only=True)
    wrong = "select count(*), count(*) filter (total_amount <> control_total_amount) from fct_orders"
    assert con.execute(wrong).fetchall() == [(orders, 0)]
    if append:
        gross = con.execute("select sum(gross_amount), sum(total_amount) from fct_orders").fetchall()
        assert gross == [(summary.totals["order_items.gross"], summary.totals["orders.total_amount"])]
    net = "case when status = 'cancelled' then 0 else net_amount - refund_product_amount end"
    sold = con.execute(f"select sum({net}) from fct_orders where not is_test").fetchall()
    assert con.execute("select sum(net_sales_amount) from sales_daily").fetchall() == sold
    assert (
        con.execute("select sum(order_count) from customer_360").fetchall()
        == con.execute("select count(*) from fct_orders where is_valid").fetchall()
    )
