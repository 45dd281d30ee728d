from __future__ import annotations

import pytest

from shophouse.serve.docs.lineage import Origin, column_lineage

TABLES = {
    "core": {
        "orders": dict.fromkeys(["order_key", "store_key", "amount", "tax"], "int"),
        "stores": dict.fromkeys(["store_key", "store_name"], "int"),
    }
}


def made_of(sql: str) -> dict[str, set[str]]:
    lineage = column_lineage(sql, "duckdb", TABLES)
    return {name: {f"{one.table}.{one.column}" for one in origins} for name, origins in lineage.items()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select amount as x, 1 as one from core.orders", {"x": {"orders.amount"}, "one": set()}),
        ("select sum(amount - tax) as x from core.orders", {"x": {"orders.amount", "orders.tax"}}),
        (
            "with o as (select order_key as k, amount * 2 as a from core.orders), p as (select k, a + 1 as b from o)"
            " select p.b as c, p.k as d from p",
            {"c": {"orders.amount"}, "d": {"orders.order_key"}},
        ),
        (
            "select o.amount, s.store_name as shop from core.orders as o left join core.stores as s"
            " on o.store_key = s.store_key",
            {"amount": {"orders.amount"}, "shop": {"stores.store_name"}},
        ),
        (
            "with u as (select amount as x from core.orders union all select tax as y from core.orders)"
            " select max(x) as m from u",
            {"m": {"orders.amount", "orders.tax"}},
        ),
        ("select * from core.stores", {"store_key": {"stores.store_key"}, "store_name": {"stores.store_name"}}),
        (
            "select amount, (select max(store_name) from core.stores) as n from core.orders",
            {"amount": {"orders.amount"}, "n": {"stores.store_name"}},
        ),
        (
            "select x.a from (select amount as a, tax as b from core.orders) as x where x.b > 0",
            {"a": {"orders.amount"}},
        ),
        (
            "select row_number() over (partition by store_key order by tax) as n from core.orders",
            {"n": {"orders.store_key", "orders.tax"}},
        ),
        (
            "with recursive r as (select store_key as k from core.stores union all select k + 1 from r where k < 9)"
            " select k from r",
            {"k": {"stores.store_key"}},
        ),
        ("select count(*) as n from core.orders", {"n": set()}),
    ],
)
def test_a_column_is_made_of_what_its_expression_reads(sql: str, expected: dict[str, set[str]]) -> None:
    assert made_of(sql) == expected


def test_an_origin_names_its_schema() -> None:
    lineage = column_lineage("select tax from core.orders", "duckdb", TABLES)
    assert lineage == {"tax": (Origin("core", "orders", "tax"),)}


def test_sql_that_is_not_understood_has_no_lineage() -> None:
    assert column_lineage("select from where )", "duckdb", TABLES) == {}
