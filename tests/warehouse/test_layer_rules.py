"""The packaged models keep the rules of their layers, and each rule finds a model that breaks it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shophouse.bindings import contract
from shophouse.project import staging_folders

from .layer_rules import Model, accounted, broken_rules, models, unaccounted
from .shops import RawShop

GOOD = {
    "base": Model(
        "base_shop__orders", "base", "select id as order_id from raw.orders", "view", "shop", frozenset({("raw", "")})
    ),
    "stg": Model("stg_shop__orders", "stg", "select order_id from base", "view", "shop", frozenset({("base", "shop")})),
    "marts": Model(
        "sales_daily",
        "marts",
        "select date_day, sum(amount) as amount from core.fct_orders group by date_day",
        "table",
        reads=frozenset({("core", "")}),
        tests=frozenset({"valid_columns", "same_total"}),
        is_contracted=True,
        columns=("date_day", "amount"),
    ),
    "aggregates": Model(
        "sales_by_day",
        "aggregates",
        "select date_day, sum(amount) as amount from core.fct_orders group by date_day",
        "table",
        reads=frozenset({("core", "")}),
        tests=frozenset({"valid_columns", "same_total"}),
    ),
    "core": Model(
        "fct_refunds",
        "core",
        "select refund_key from input.input_refunds",
        "table",
        reads=frozenset({("input", "")}),
        tests=frozenset({"valid_columns"}),
    ),
    "changes": Model(
        "affected_orders",
        "changes",
        "select order_key from core.order_headers",
        "table",
        reads=frozenset({("core", "")}),
        tests=frozenset({"valid_columns"}),
    ),
    "input": Model(
        "input_orders", "input", "select order_id from stg", "view", reads=frozenset({("stg", ""), ("ops", "")})
    ),
}

BAD = {
    "a name of another layer": (replace(GOOD["base"], name="stg_shop__orders"), "is called like"),
    "a mart that reads staging": (replace(GOOD["marts"], reads=frozenset({("stg", "shop")})), "may not read stg"),
    "a base that joins": (
        replace(GOOD["base"], sql="select a.id as order_id from a inner join b on a.id = b.id"),
        "may not have a join",
    ),
    "a base that sums": (replace(GOOD["base"], sql="select sum(x) as order_id from a"), "may not have a aggfunc"),
    "a ratio in an aggregate": (
        replace(GOOD["aggregates"], sql="select a / b as rate from core.x"),
        "may not have a div",
    ),
    "staging that reads another platform": (
        replace(GOOD["stg"], reads=frozenset({("base", "other")})),
        "staging of shop may not read other",
    ),
    "a mart as a view": (replace(GOOD["marts"], made_as="view"), "is not made as view"),
    "a mart without a law": (replace(GOOD["marts"], tests=frozenset({"valid_columns"})), "has none of the tests"),
    "a mart without a test of its columns": (
        replace(GOOD["marts"], tests=frozenset({"same_total"})),
        "has none of the tests valid_columns",
    ),
    "an aggregate without a law": (
        replace(GOOD["aggregates"], tests=frozenset({"valid_columns"})),
        "has none of the tests balance_law, cohort_law",
    ),
    "an aggregate without a test of its columns": (
        replace(GOOD["aggregates"], tests=frozenset({"same_total"})),
        "has none of the tests valid_columns",
    ),
    "a fact without a test of its columns": (replace(GOOD["core"], tests=frozenset()), "has none of the tests"),
    "affected keys without a test": (replace(GOOD["changes"], tests=frozenset()), "has none of the tests"),
    "a fact that reads a mart": (replace(GOOD["core"], reads=frozenset({("marts", "")})), "may not read marts"),
    "an aggregate of input": (replace(GOOD["aggregates"], reads=frozenset({("input", "")})), "may not read input"),
    "input that reads core": (replace(GOOD["input"], reads=frozenset({("core", "")})), "may not read core"),
    "input as a table": (replace(GOOD["input"], made_as="table"), "is not made as table"),
    "an average in an aggregate": (
        replace(GOOD["aggregates"], sql="select avg(a) as mean from core.x"),
        "may not have a avg",
    ),
    "a mart without a contract": (replace(GOOD["marts"], is_contracted=False), "contract is not enforced"),
    "a sum over several currencies": (
        replace(
            GOOD["aggregates"],
            sql="select lines.day, sum(lines.net_amount) as amount from core.lines as lines group by lines.day",
            in_orders_currency={"lines": frozenset({"net_amount"})},
        ),
        "lines.net_amount is in the currency of each order",
    ),
    "all columns": (replace(GOOD["aggregates"], sql="select * from core.fct_orders"), "name the columns"),
    "a column that is not described": (
        replace(GOOD["marts"], sql="select date_day, amount, extra from core.fct_orders"),
        "selected are date_day, amount, extra",
    ),
}


@pytest.mark.parametrize("layer", GOOD)
def test_a_model_that_keeps_the_rules_breaks_none(layer: str) -> None:
    assert list(broken_rules(GOOD[layer])) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(case when exchange_rate = 1 then net_amount else exchange_rate * net_amount end) as x from lines",
        "select sum(net_amount_reporting) as x from lines",
        "select count(*) as x from lines where net_amount > 0",
    ],
)
def test_what_is_converted_or_only_compared_is_no_sum_over_currencies(sql: str) -> None:
    model = replace(GOOD["aggregates"], sql=sql, in_orders_currency={"lines": frozenset({"net_amount"})})
    assert list(broken_rules(model)) == []


@pytest.mark.parametrize("what", BAD)
def test_a_rule_finds_what_breaks_it(what: str) -> None:
    model, says = BAD[what]
    (found,) = broken_rules(model)
    assert says in found


@pytest.mark.slow
def test_the_packaged_models_keep_the_rules_of_their_layers(storefront: RawShop) -> None:
    compiled = storefront.compiled()
    manifest = storefront.manifest()
    found = list(models(manifest, compiled))
    assert len(found) > 100
    mixed = found[0].in_orders_currency
    assert {"fct_orders", "fct_order_items", "fct_payments", "fct_shipments", "fct_sales_ledger"} <= set(mixed)
    assert "net_sales_amount" in mixed["fct_sales_ledger"]
    assert [line for model in found for line in broken_rules(model)] == []
    assert list(unaccounted(contract(), accounted(manifest))) == []


# An invoice's lines are worked out once for the six entities that are made of them.
KEPT_AS_TABLES = {
    f"stg_online_retail__{name}: stg is not made as table" for name in ("invoice_lines", "matched_cancellations")
}


@pytest.mark.slow
@pytest.mark.parametrize("platform", [name for name in staging_folders() if name != "storefront"])
def test_staging_of_each_platform_keeps_the_rules(tmp_path: Path, platform: str) -> None:
    shop = RawShop(tmp_path / "shop", platform)
    shop.arrive()
    compiled = shop.compiled()
    found = [model for model in models(shop.manifest(), compiled) if model.platform]
    assert {model.layer for model in found} == {"base", "stg"}
    assert {model.platform for model in found} == {platform}
    assert f"stg_{platform}__orders" in {model.name for model in found}
    broken = [line for model in found for line in broken_rules(model)]
    assert [line for line in broken if line not in KEPT_AS_TABLES] == []


def test_an_entity_whose_rows_may_vanish_is_named() -> None:
    (found,) = unaccounted(["orders", "costs", "stores"], {"orders"})
    assert found.startswith("input_costs: ")
