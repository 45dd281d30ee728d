"""The laws of stock fail on bugs of their own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from requirements import requirement

from .plain import PlainShop
from .planted import Bug

STOCK = "law_6_stock_is_what_was_there_and_what_moved"
DAYS = "core.fct_inventory_daily"


def day(which: str) -> str:
    key = "(product_key, location_key, inventory_date)"
    return f"{key} = (select min({key}) from {DAYS} where {which})"


BUGS = {
    "a sale that is taken off twice": Bug(
        STOCK,
        f"update {DAYS} set closing_quantity = closing_quantity - sale_quantity where {day('sale_quantity > 0')}",
        "problem",
        "the day does not add up",
    ),
    "stock that came from nowhere over night": Bug(
        STOCK,
        f"update {DAYS} set opening_quantity = opening_quantity + 1, closing_quantity = closing_quantity + 1 "
        f"where {day('not is_counted')}",
        "problem",
        "the morning is not the evening before",
    ),
    "a day that is left out": Bug(
        STOCK,
        f"delete from {DAYS} where inventory_date = date '2025-01-20'",
        "problem",
        "a day is missing",
    ),
    "a gap that is put right without a count": Bug(
        STOCK,
        f"update {DAYS} set count_difference_quantity = -sale_quantity, sale_quantity = 0 "
        f"where {day('sale_quantity > 0 and not is_counted')}",
        "problem",
        "a difference without a count",
    ),
    "returns that count as receipts": Bug(
        "fct_inventory_daily_is_movements",
        f"update {DAYS} set receipt_quantity = receipt_quantity + return_quantity, return_quantity = 0",
        "total_name",
        "sum(return_quantity)",
    ),
    "a count that is not believed": Bug(
        "fct_inventory_daily_is_counts",
        f"update {DAYS} set closing_quantity = closing_quantity + 1 where {day('is_counted')}",
        "total_name",
    ),
    "a movement that vanished": Bug(
        "law_12_inventory_movements_are_accounted_for",
        "delete from core.fct_inventory_movements "
        "where movement_key = (select min(movement_key) from core.fct_inventory_movements)",
        "measure",
        "rows",
    ),
    "a stock twice in its mart": Bug(
        "inventory_health_is_the_stock",
        "insert into marts.inventory_health select * from marts.inventory_health limit 1",
        "total_name",
        "count(*)",
    ),
    "a month's sales that are not its stock's": Bug(
        "sell_through_is_the_stock",
        "update marts.sell_through set sold_quantity = 2 * sold_quantity",
        "total_name",
    ),
}


@pytest.mark.parametrize("what", BUGS)
def test_a_law_of_stock_fails_on_its_bug(spoiled: PlainShop, subject_laws: Mapping[str, str], what: str) -> None:
    BUGS[what].is_seen(spoiled, subject_laws)


@requirement("S0-33")
def test_stock_is_judged_by_what_sold_when_there_was_some(subjects: PlainShop) -> None:
    rows = subjects.query("select * from marts.inventory_health")
    assert len(rows) == 6
    for row in rows:
        assert row["lost_quantity_low"] <= row["lost_quantity"] <= row["lost_quantity_high"]
        if row["mean_daily_quantity"]:
            on_hand = max(float(row["on_hand_quantity"]), 0)
            assert row["days_of_cover"] == pytest.approx(on_hand / row["mean_daily_quantity"])
    assert {row["stock_class"] for row in rows} & {"reorder", "stock-out"}


def test_the_unit_tests_of_the_subjects_hold(subjects: PlainShop) -> None:
    results = subjects.dbt("test", "--resource-type", "unit_test", "--select", "shophouse")
    assert results
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []
