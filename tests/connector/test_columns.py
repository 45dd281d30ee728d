from __future__ import annotations

from collections.abc import Sequence

import pytest

from shophouse.connector import Mapped, propose
from shophouse.sources.schema import SourceTable

from .schemas import ABBREVIATED, GERMAN, QUOTED, table

CUSTOMERS = table("customers", "id integer pk", "name text")
PRODUCTS = table("products", "id integer pk", "name text")
ORDERS = table("orders", "id integer pk", "customer_id integer -> customers", "created_at timestamp", "status text")


def line(column: str, *columns: str, rows: Sequence[tuple[str, ...]] = ()) -> Mapped:
    lines = table("order_items", *columns, rows=rows)
    return propose("here", [CUSTOMERS, PRODUCTS, ORDERS, lines]).matches["order_items"].columns[column]


def order(column: str, orders: SourceTable) -> Mapped:
    lines = table(
        "order_items", "order_id integer pk", "line integer pk", "product_id integer", "qty integer", "price double"
    )
    return propose("here", [CUSTOMERS, PRODUCTS, orders, lines]).matches["orders"].columns[column]


IDS = ("order_id integer -> orders", "product_id integer -> products", "quantity integer", "price decimal(10,2)")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("order_id integer pk -> orders", "line_no integer pk", "product_id integer", *IDS[2:]), "line_no"),
        (("order_id integer pk -> orders", "product_id integer pk -> products", *IDS[2:]), "product_id"),
        (("id integer pk", *IDS), "id"),
        (("id bigint pk", *IDS), "cast(id as integer)"),
        (("id text pk", *IDS), "row_number() over ("),
    ],
    ids=["its own", "the rest of the key", "the key", "a wide key", "counted"],
)
def test_a_line_has_a_number_in_its_order(columns: tuple[str, ...], expected: str) -> None:
    assert line("line_number", *columns).sql.startswith(expected)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("discount double", ["0", "0.25"], "cast(round("),
        ("discount decimal(10,2)", ["0", "4.50"], "discount"),
        ("discount_percent integer", ["0", "15"], "cast(round("),
    ],
)
def test_a_discount_is_an_amount_or_a_share_by_its_values(kind: str, values: list[str], expected: str) -> None:
    rows = [("1", "1", "2", "10.00", value) for value in values]
    mapped = line("discount_amount", *IDS, kind, rows=rows)
    assert mapped.sql.startswith(expected)
    assert mapped.note


def test_states_that_are_known_elsewhere_become_known_words_and_the_others_are_named() -> None:
    mapped = propose("here", GERMAN).matches["orders"].columns["status"]
    assert "when 'versendet' then 'shipped'" in mapped.sql
    assert "when 'storniert' then 'cancelled'" in mapped.sql
    assert "wartend" not in mapped.sql
    assert "wartend" in mapped.note


@pytest.mark.parametrize(
    "values", [["kari@example.com", "ola@example.com"], [f"Person {number}" for number in range(30)], ["x" * 60]]
)
def test_what_may_be_personal_is_never_taken_for_a_list_of_states(values: list[str]) -> None:
    rows = [(str(number), "1", "2025-01-01 00:00:00", value) for number, value in enumerate(values)]
    orders = table("orders", "id integer pk", "customer_id integer", "created_at timestamp", "status text", rows=rows)
    mapped = order("status", orders)
    assert not any(value.lower() in f"{mapped.sql} {mapped.note}".lower() for value in values)


def test_a_state_that_another_table_names_is_joined() -> None:
    mapped = propose("here", QUOTED).matches["orders"].columns["status"]
    assert mapped.lookup is not None
    assert (mapped.lookup.table, mapped.lookup.name, mapped.lookup.by) == ("OrderStatuses", "Name", "StatusID")


def test_dates_and_numbers_that_a_text_holds_are_declared_as_such() -> None:
    rows = [("1", "1", "2025-01-01 10:00:00", "paid"), ("2", "1", "2025-01-02T11:30:00.5", "paid")]
    orders = table("orders", "id text pk", "customer_id text", "created_at text", "status text", rows=rows)
    proposal = propose("here", [CUSTOMERS, PRODUCTS, orders, table("order_items", "id integer pk", *IDS)])
    assert proposal.types["orders", "created_at"] == "timestamp"


def test_a_text_that_holds_no_moment_is_not_taken_for_one() -> None:
    rows = [("1", "1", "03.11.2025", "paid")]
    orders = table("orders", "id text pk", "customer_id text", "created_at text", "status text", rows=rows)
    proposal = propose("here", [CUSTOMERS, PRODUCTS, orders, table("order_items", "id integer pk", *IDS)])
    assert "ordered_at" in proposal.matches["orders"].missing


def test_money_is_no_float_where_the_source_has_one() -> None:
    proposal = propose("here", ABBREVIATED)
    assert proposal.casts["ord_dtl", "prc"] == "decimal(18, 4)"
    assert proposal.casts["ord", "amt"] == "decimal(18, 4)"


def test_a_column_gives_one_column_of_the_contract() -> None:
    for match in propose("here", GERMAN).matches.values():
        if match.is_derived:
            continue
        used = [name for mapped in match.columns.values() for name in mapped.sources]
        assert len(used) == len(set(used)), match.entity
