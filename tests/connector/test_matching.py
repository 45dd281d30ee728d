from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from shophouse.connector import Proposal, propose
from shophouse.sources.schema import SourceTable

from .schemas import ABBREVIATED, GERMAN, LIBRARY, QUOTED, table


def taken(proposal: Proposal) -> dict[str, str]:
    return {entity: match.table.name for entity, match in proposal.matches.items() if not match.is_derived}


def given(proposal: Proposal, entity: str) -> dict[str, str]:
    """Column of the contract → the column that gives it."""
    return {name: mapped.sources[0] for name, mapped in proposal.matches[entity].columns.items() if mapped.sources}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            GERMAN,
            {
                "customers": "kunden",
                "products": "artikel",
                "categories": "warengruppen",
                "orders": "bestellungen",
                "order_items": "bestellpositionen",
            },
        ),
        (
            ABBREVIATED,
            {"customers": "cust", "products": "prod", "categories": "cat", "orders": "ord", "order_items": "ord_dtl"},
        ),
        (
            QUOTED,
            {
                "customers": "Customers",
                "products": "Products",
                "orders": "SalesOrders",
                "order_items": "Order Lines",
            },
        ),
    ],
    ids=["german", "abbreviated", "quoted"],
)
def test_tables_are_known_by_their_names(tables: Sequence[SourceTable], expected: dict[str, str]) -> None:
    proposal = propose("here", tables)
    assert taken(proposal) == expected
    assert all(match.score >= 0.8 and match.reasons for match in proposal.matches.values() if not match.is_derived)


def test_columns_are_known_in_german() -> None:
    proposal = propose("here", GERMAN)
    orders, lines = given(proposal, "orders"), given(proposal, "order_items")
    assert orders["ordered_at"] == "bestelldatum"
    assert orders["shipping_amount"] == "versandkosten"
    assert orders["total_amount"] == "gesamtbetrag"
    assert (lines["line_number"], lines["quantity"], lines["unit_price"]) == ("pos", "menge", "einzelpreis")
    assert given(proposal, "customers")["email"] == "e_mail"
    assert not proposal.matches["orders"].missing


def test_a_schema_of_something_else_gives_nothing_and_says_why() -> None:
    proposal = propose("here", LIBRARY)
    assert not proposal.matches
    assert "no table looks like orders" in proposal.why_not


def test_the_order_in_which_tables_come_changes_nothing() -> None:
    expected = propose("here", GERMAN)
    for seed in range(5):
        shuffled = list(GERMAN)
        random.Random(seed).shuffle(shuffled)
        assert propose("here", shuffled) == expected


def test_lines_of_an_unknown_name_are_what_stands_between_orders_and_products() -> None:
    tables = [table_ for table_ in GERMAN if table_.name != "bestellpositionen"]
    strange = table(
        "zuordnung", "id integer pk", "b integer -> bestellungen", "a text -> artikel", "menge integer", "preis double"
    )
    match = propose("here", [*tables, strange]).matches["order_items"]
    assert match.table.name == "zuordnung"
    assert match.reasons[0] == "stands between bestellungen (b) and artikel (a)"


def test_tables_that_sound_like_orders_and_are_none_are_left() -> None:
    others = (
        table("purchase_orders", "id integer pk", "supplier_id integer", "created_at timestamp", "status text"),
        table("order_statuses", "id integer pk", "name text"),
        table("customer_demographics", "id integer pk", "customer_desc text"),
    )
    assert taken(propose("here", [*ABBREVIATED, *others])) == taken(propose("here", ABBREVIATED))


def test_a_table_wins_over_a_view_of_it() -> None:
    orders = next(table_ for table_ in GERMAN if table_.name == "bestellungen")
    view = SourceTable("bestellung", orders.columns, is_view=True, rows=orders.rows)
    assert taken(propose("here", [*GERMAN, view]))["orders"] == "bestellungen"


def test_an_optional_entity_that_lacks_what_it_needs_is_named_and_not_taken() -> None:
    reviews = table("bewertungen", "id integer pk", "bestell_nr integer -> bestellungen", "text text")
    proposal = propose("here", [*GERMAN, reviews])
    assert "reviews" not in proposal.matches
    assert proposal.considered["reviews"] == "bewertungen may be it, but nothing there is score"


def test_a_column_may_have_the_name_of_what_it_names_alone() -> None:
    rows = [("1001", "TEA-1", "1"), ("1001", "CUP-7", "2")]
    tables = (
        table(
            "articles", "Article text", "Name text", "Cost double", rows=[("TEA-1", "Tea", "31"), ("CUP-7", "Cup", "6")]
        ),
        table(
            "orders",
            '"Order No" text',
            "Placed timestamp",
            "State text",
            rows=[("1001", "2025-11-03 09:12:00", "paid")],
        ),
        table("lines", '"Order No" text', "Article text", "Pieces integer", rows=rows),
    )
    proposal = propose("here", tables)
    assert taken(proposal) == {"products": "articles", "orders": "orders", "order_items": "lines"}
    assert given(proposal, "products")["product_id"] == "Article"
    assert given(proposal, "order_items")["product_id"] == "Article"
