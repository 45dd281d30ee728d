"""Law 12 for entities whose facts have another grain than their rows: it is proved of what the contract lets pass."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from .plain import PlainShop
from .planted import Bug


def without(entity: str, which: str) -> str:
    """The input of an entity, as if its view had lost the rows `which`."""
    view = f"input.input_{entity}"
    return (
        f"create table input.kept as from {view} where not ({which}); "
        f"drop view {view}; create table {view} as from input.kept; drop table input.kept"
    )


def law(entity: str) -> str:
    return f"law_12_{entity}_are_accounted_for"


BUGS = {
    "a count that vanished": Bug(
        law("inventory_snapshots"),
        without("inventory_snapshots", "product_id = 'p1' and snapshot_date = date '2025-01-19'"),
        "measure",
        "rows",
    ),
    "a cost rule that vanished": Bug(law("costs"), without("costs", "cost_id = 'k2'"), "measure", "rows"),
    "a target that vanished": Bug(law("targets"), without("targets", "metric = 'order_count'"), "measure", "rows"),
    "a subscription that vanished": Bug(
        law("subscriptions"), without("subscriptions", "subscription_id = 'sub3'"), "measure", "amount"
    ),
    "a rate that vanished": Bug(
        law("exchange_rates"), without("exchange_rates", "rate_date = date '2025-01-07'"), "measure", "rows"
    ),
    "a campaign that vanished": Bug(
        law("campaigns"), "delete from core.dim_campaign where campaign_id = 'c2'", "measure", "rows"
    ),
    "a campaign with another budget than raw": Bug(
        law("campaigns"),
        "update core.dim_campaign set budget_amount = 1 where campaign_id = 'c2'",
        "measure",
        "amount",
    ),
    "a row of a file that never reached staging": Bug(
        law("costs"),
        "update ops.load_files set row_count = row_count + 1 where table_name = 'costs'",
        "measure",
        "rows of files",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BUGS)
def test_law_12_fails_on_a_row_that_vanished(spoiled: PlainShop, subject_laws: Mapping[str, str], what: str) -> None:
    BUGS[what].is_seen(spoiled, subject_laws)
