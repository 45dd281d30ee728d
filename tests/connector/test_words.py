from __future__ import annotations

import pytest

from shophouse.bindings import contract
from shophouse.connector.words import common_words, quoted, snake, synonyms, tokens


@pytest.mark.parametrize("name", ["OrderItems", "order-items", "ORDER_ITEM", "order items", "orderItem"])
def test_a_name_is_the_same_however_it_is_written(name: str) -> None:
    assert tokens(name) == ("order", "item")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Order No", "order_no"),
        ("OrderID", "order_id"),
        ("Größe", "groesse"),
        ("date", "date_value"),
        ("1st", "n_1st"),
        ("%", "column_value"),
    ],
)
def test_a_column_gets_a_name_that_no_engine_needs_quotes_for(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_a_raw_column_is_in_quotes_only_where_it_needs_them() -> None:
    assert [quoted(name) for name in ("order_id", "OrderID", "order", 'a"b')] == [
        "order_id",
        '"OrderID"',
        '"order"',
        '"a""b"',
    ]


def test_what_most_tables_begin_or_end_with_says_nothing_of_them() -> None:
    names = ["olist_orders_dataset", "olist_sellers_dataset", "olist_products_dataset", "translation"]
    assert {"olist", "dataset"} <= common_words(names)
    # what is an entity's own word stays
    assert "order" not in common_words(["orders", "order_items", "order_payments", "order_reviews"])


def test_the_table_of_synonyms_names_entities_and_columns_of_the_contract_alone() -> None:
    entities, raw = synonyms()
    assert set(entities) == set(contract())
    for entity, words in entities.items():
        assert set(words.columns) <= set(contract()[entity].columns), entity
        assert words.names
    assert all(isinstance(number, str) for number in raw["numbers"])
