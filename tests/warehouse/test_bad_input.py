"""What stock, spend and costs must not say is counted as rejected, or a law names it: nothing is a silent zero."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from .plain import PlainShop

DAY = date(2025, 3, 1)
NOON = datetime(2025, 3, 1, 12)


@pytest.mark.slow
def test_what_cannot_be_understood_is_counted_or_named_by_a_law(tmp_path: Path) -> None:
    spend = {"spend_amount": 10, "campaign_id": "c"}
    rule = {"kind": "rent", "basis": "period", "amount": 100, "valid_from": DAY}
    move = {"product_id": "p", "location_id": "w", "moved_at": NOON, "quantity": 1}
    tables: dict[str, list[dict[str, object]]] = {
        "customers": [{"customer_id": "c"}],
        "products": [{"product_id": "p"}],
        "orders": [{"order_id": "o", "ordered_at": NOON, "status": "paid", "currency_code": "USD"}],
        "order_items": [{"order_id": "o", "line_number": 1, "product_id": "p", "quantity": 1, "unit_price": 5}],
        "inventory_movements": [
            {"movement_id": "1", "kind": "receipt", **move},
            {"movement_id": "2", "kind": "teleport", **move},
        ],
        "touchpoints": [{"touch_id": "1", "touched_at": NOON, "kind": "dream"}],
        "targets": [{"metric": "happiness", "period_start": DAY, "period_end": DAY, "target_value": 1}],
        "ad_spend": [
            {"spend_date": DAY, "currency_code": "USD", **spend},
            {"spend_date": date(2025, 3, 2), "currency_code": "EUR", **spend},
            {"spend_date": date(2025, 3, 20), "currency_code": "EUR", **spend},
        ],
        "exchange_rates": [{"rate_date": DAY, "from_currency": "EUR", "to_currency": "USD", "rate": 1.1}],
        "costs": [
            {"cost_id": "1", **rule},
            {"cost_id": "2", **rule},
            {"cost_id": "3", **rule, "basis": "moon"},
        ],
    }
    shop = PlainShop(tmp_path / "shop", tables)
    shop.rows(tables)
    shop.build_all()
    reasons = {
        (row["entity"], row["reason"])
        for row in shop.query("select entity, reason from ops.rejected_rows where rejection_kind = 'rejected'")
    }
    assert reasons == {
        ("inventory_movements", "unknown kind: teleport"),
        ("touchpoints", "unknown kind: dream"),
        ("targets", "unknown metric: happiness"),
        ("costs", "unknown basis: moon"),
    }
    results = {result.name: result for result in shop.test()}
    assert {name for name, result in results.items() if result.failed} >= {
        "fct_ad_spend_daily_has_rates",
        "law_10_cost_rules_do_not_overlap",
    }
    rates = shop.query((shop.folder / results["fct_ad_spend_daily_has_rates"].compiled).read_text("utf-8"))
    assert [(row["currency_code"], row["first_day"], row["row_count"]) for row in rates] == [
        ("EUR", date(2025, 3, 20), 1)
    ]
