"""The laws of costs, profit, targets and subscriptions fail on bugs of their own, and hold by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from .plain import PlainShop
from .planted import Bug

COSTS = "core.fct_costs_daily"
BY_DAY = "aggregates.profit_and_loss_by_day"

BUGS = {
    "two rules for one cost": Bug(
        "law_10_cost_rules_do_not_overlap",
        f"insert into {COSTS} select * replace ('k9' as cost_id) from {COSTS} where cost_id = 'k3' limit 1",
        "problem",
        "overlaps the next",
    ),
    "a rule for a channel that doesn't exist": Bug(
        "fct_costs_daily_scopes_are_known",
        f"update {COSTS} set scope = 'moon' where cost_id = 'k1'",
        "scope",
        "moon",
    ),
    "rent on each order": Bug(
        "profit_and_loss_by_day_has_each_fixed_cost",
        f"update {BY_DAY} set overhead_cost_amount = 2 * overhead_cost_amount",
        "profit_and_loss_line",
        "overhead",
    ),
    "net sales that a cost's join doubles": Bug(
        "profit_and_loss_by_day_is_ledger",
        f"update {BY_DAY} set net_sales_amount = 2 * net_sales_amount where net_sales_amount > 0",
        "total_name",
        "sum(net_sales_amount)",
    ),
    "spend that is missing on days without orders": Bug(
        "profit_and_loss_by_day_is_spend",
        f"delete from {BY_DAY} where gross_amount = 0",
        "total_name",
        "sum(ad_spend_cost_amount)",
    ),
    "a fee that is taken off before the first margin": Bug(
        "profit_and_loss_daily_is_what_is_earned_and_spent",
        "update marts.profit_and_loss_daily "
        "set contribution_1_amount = contribution_1_amount - payment_fee_cost_amount",
        "total_name",
        "sum(contribution_1_amount)",
    ),
    "a month that is left out": Bug(
        "profit_and_loss_monthly_is_what_is_earned_and_spent",
        "delete from marts.profit_and_loss_monthly where month_start_date = date '2025-02-01'",
        "total_name",
        "sum(net_sales_amount)",
    ),
    "a target that is reached for on each day": Bug(
        "fct_targets_daily_are_the_targets",
        "update core.fct_targets_daily set day_target_value = target_value",
        "total_name",
        "sum(day_target_value)",
    ),
    "revenue that recurs though it churned": Bug(
        "law_7_recurring_revenue_is_the_sum_of_its_changes",
        "update marts.mrr_movements set churn_mrr_amount = 0",
        "part_value",
    ),
    "an upgrade that is counted as new": Bug(
        "mrr_movements_are_the_changes",
        "update marts.mrr_movements set new_mrr_amount = new_mrr_amount + expansion_mrr_amount, "
        "expansion_mrr_amount = 0",
        "total_name",
        "sum(new_mrr_amount)",
    ),
    "a change of a subscription that vanished": Bug(
        "law_12_subscription_events_are_accounted_for",
        "delete from core.fct_subscription_events where event_id = "
        "(select min(event_id) from core.fct_subscription_events)",
        "measure",
        "rows",
    ),
}


@pytest.mark.parametrize("what", BUGS)
def test_a_law_of_finance_fails_on_its_bug(spoiled: PlainShop, subject_laws: Mapping[str, str], what: str) -> None:
    BUGS[what].is_seen(spoiled, subject_laws)


def test_a_day_has_its_share_of_the_months_target(subjects: PlainShop) -> None:
    first, last = date(2025, 2, 1), date(2025, 2, 28)
    rows = subjects.query(
        f"select target_value from marts.executive_daily where date_day between '{first}' and '{last}'"
    )
    assert rows and all(abs(row["target_value"] - Decimal(5000) / 28) < 1 for row in rows)
    (target,) = subjects.query("select * from marts.target_attainment where target_metric = 'order_count'")
    orders = subjects.one(
        f"select count(*) from core.fct_orders where is_valid and order_date between '{first}' and '{last}'"
    )
    assert target["actual_value"] == orders
    assert target["attainment_rate"] == pytest.approx(orders / 100)
    assert (target["elapsed_day_count"], target["day_count"], target["pace_rate"]) == (
        28,
        28,
        target["attainment_rate"],
    )


@pytest.mark.slow
def test_a_profit_and_loss_worked_out_by_hand(tmp_path: Path) -> None:
    """Two orders on the first of June and one that is cancelled on the third; a unit comes back on the second."""
    shop = PlainShop(tmp_path / "shop", ["payments", "refunds", "refund_items", "shipments", "costs", "ad_spend"])

    def order(name: str, day: int, status: str = "paid", **more: object) -> dict[str, object]:
        at = datetime(2025, 6, day, 12)
        return {"order_id": name, "ordered_at": at, "status": status, "currency_code": "USD", **more}

    def line(name: str, quantity: int) -> dict[str, object]:
        return {"order_id": name, "line_number": 1, "product_id": "p", "quantity": quantity, "unit_price": 20}

    def cost(name: str, kind: str, basis: str, amount: Decimal, scope: str | None = None) -> dict[str, object]:
        start = date(2025, 6, 1)
        return {
            "cost_id": name, "kind": kind, "basis": basis, "amount": amount, "valid_from": start, "scope": scope
        }  # fmt: skip

    second = datetime(2025, 6, 2, 12)
    shop.rows(
        {
            "customers": [{"customer_id": "c"}],
            "products": [{"product_id": "p", "unit_cost": 7}],
            "orders": [
                order("a", 1, channel="web"),
                order("b", 1, channel="shop"),
                order("x", 1, "cancelled", cancelled_at=datetime(2025, 6, 3, 9)),
            ],
            "order_items": [line("a", 3), line("b", 1), line("x", 5)],
            "payments": [{"payment_id": "1", "order_id": "a", "amount": 60, "kind": "sale", "fee_amount": 1.5}],
            "shipments": [
                {"shipment_id": "1", "order_id": "a", "cost_amount": 4, "shipped_at": datetime(2025, 6, 1, 20)}
            ],
            "refunds": [
                {"refund_id": "r", "order_id": "a", "refunded_at": second, "amount": 20, "product_amount": 20}
            ],
            "refund_items": [
                {
                    "refund_id": "r", "refund_item_id": "1", "order_id": "a", "line_number": 1, "product_id": "p",
                    "quantity": 1, "amount": 20, "is_restocked": True,
                }
            ],
            "costs": [
                cost("1", "fulfilment", "order", Decimal("2")),
                cost("2", "packaging", "unit", Decimal("0.5"), "Web"),
                cost("3", "payment_fee", "percent", Decimal("10")),
                cost("4", "returns_handling", "order", Decimal("3")),
                cost("5", "rent", "period", Decimal("300")),
            ],
            "ad_spend": [
                {"spend_date": date(2025, 6, 1), "campaign_id": "c", "spend_amount": 9, "currency_code": "USD"}
            ],
        }
    )  # fmt: skip
    shop.build_all()
    columns = (
        "net_sales_amount", "goods_cost_amount", "contribution_1_amount", "shipping_cost_amount",
        "fulfilment_cost_amount", "payment_fee_cost_amount", "returns_handling_cost_amount", "contribution_2_amount",
        "ad_spend_cost_amount", "contribution_3_amount", "overhead_cost_amount", "operating_profit_amount",
    )  # fmt: skip
    rows = shop.query(f"select {', '.join(columns)} from marts.profit_and_loss_daily order by date_day")
    found = [[float(row[column]) for column in columns] for row in rows]
    assert found[0] == [180, 63, 117, 4, 5.5, 19.5, 0, 88, 9, 79, 10, 69]
    assert found[1] == [-20, -7, -13, 0, 0, -2, 3, -14, 0, -14, 10, -24]
    assert found[2] == [-100, -35, -65, 0, 0, -10, 0, -55, 0, -55, 10, -65]
    assert [result.name for result in shop.test() if result.failed] == []
