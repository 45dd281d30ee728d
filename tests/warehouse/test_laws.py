"""Each law fails on a bug of its own, planted in tables that are right, and names the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from requirements import requirement

from .shops import RawShop


@dataclass(frozen=True)
class Bug:
    law: str
    sql: str
    names: str
    """A column of the failing rows that is not null: what the law points at."""
    value: object = None


ORDER = "(select order_key from core.fct_orders where is_valid and refund_amount = 0 order by order_key limit 1)"
LINE = f"order_key = {ORDER} and line_number = 1"


def bug(law: str, sql: str, names: str, value: object = None) -> Bug:
    return Bug(law, sql.format(line=LINE, order=ORDER), names, value)


BUGS = {
    "a line whose price changed after its order was summed": bug(
        "law_1_ledger_is_orders",
        "update core.fct_order_items set net_amount = net_amount + 1, gross_amount = gross_amount + 1 where {line}",
        "order_key",
    ),
    "a gross that is not quantity times price": bug(
        "law_1_ledger_is_orders",
        "update core.fct_order_items set unit_price = unit_price + 0.01 where {line}",
        "order_gross_amount",
    ),
    "an order that lost a line": bug(
        "law_1_ledger_is_orders", "delete from core.fct_order_items where {line}", "order_key"
    ),
    "a refund that is counted twice": bug(
        "law_1_ledger_is_orders",
        "insert into core.fct_refunds select * from core.fct_refunds "
        "where has_order and is_sale and not is_cancelled limit 1",
        "order_key",
    ),
    "a refund without an order that the ledger leaves out": bug(
        "law_1_ledger_is_orders",
        "update core.fct_refunds set order_key = 0, has_order = false "
        "where refund_key = (select min(refund_key) from core.fct_refunds where has_order and not is_cancelled)",
        "order_key",
    ),
    "a cancelled order of which something is left": bug(
        "law_1_ledger_is_orders",
        "update core.fct_order_items set is_cancelled = false where order_key = "
        "(select min(order_key) from core.fct_orders where is_cancelled and is_sale and gross_amount > 0)",
        "order_key",
    ),
    "a test order among the sales": bug(
        "law_1_ledger_is_orders",
        "update core.fct_order_items set is_sale = true where order_key in "
        "(select order_key from core.fct_orders where invalid_reason = 'test')",
        "order_key",
    ),
    "a discount that lost a cent on its way to the lines": bug(
        "law_2_lines_carry_what_their_order_carries",
        "update core.fct_order_items set allocated_discount_amount = allocated_discount_amount - 0.01 "
        "where line_number = 1 and order_key = "
        "(select min(order_key) from core.order_headers where order_discount_amount > 0)",
        "order_discount_amount",
    ),
    "shipping that is on each line in full": bug(
        "law_2_lines_carry_what_their_order_carries",
        "update core.fct_order_items set allocated_shipping_amount = headers.order_shipping_amount "
        "from core.order_headers as headers where headers.order_key = fct_order_items.order_key",
        "lines_shipping_amount",
    ),
    "a refund that is more than was paid": bug(
        "law_3_refunds_are_within_payments",
        "update core.fct_orders set refund_amount = payment_amount + 0.01 where order_key = "
        "(select min(order_key) from core.fct_payments where captured_amount > 0)",
        "order_key",
    ),
    "a payment that was given back twice": bug(
        "law_3_refunds_are_within_payments",
        "insert into core.fct_payments select * replace (-2 * captured_amount as captured_amount) "
        "from core.fct_payments where captured_amount > 0 and order_key = (select min(order_key) from ("
        "select order_key from core.fct_payments where captured_amount > 0 group by order_key having count(*) = 1))",
        "returned_amount",
    ),
    "more units refunded than ordered": bug(
        "law_3_refunded_units_are_within_lines",
        "update core.fct_order_items set refunded_quantity = quantity + 1 where {line}",
        "order_key",
    ),
    "a line of another currency": bug(
        "fct_orders_has_rates",
        "update core.fct_orders set currency_code = 'EUR', exchange_rate = null where order_key = {order}",
        "currency_code",
        "EUR",
    ),
    "an order in the year 0200": bug(
        "fct_orders_dates_are_in_dim_date",
        "update core.fct_orders set order_date = date '0200-01-01' where order_key = {order}",
        "column_name",
        "order_date",
    ),
    "an order that vanished between raw and core": bug(
        "law_12_orders_are_accounted_for", "delete from core.order_headers where order_key = {order}", "measure", "rows"
    ),
    "a line that vanished between raw and core": bug(
        "law_12_order_items_are_accounted_for", "delete from core.fct_order_items where {line}", "measure", "rows"
    ),
    "a line with another price than raw": bug(
        "law_12_order_items_are_accounted_for",
        "update core.fct_order_items set unit_price = unit_price + 0.01 where {line}",
        "measure",
        "amount",
    ),
    "a line of an older version that came back": bug(
        "law_12_order_items_are_accounted_for",
        "insert into core.fct_order_items select * replace (line_number + 1000 as line_number) "
        "from core.fct_order_items where {line}",
        "measure",
        "rows",
    ),
    "a payment that is there twice": bug(
        "law_12_payments_are_accounted_for",
        "insert into core.fct_payments select * from core.fct_payments limit 1",
        "measure",
        "rows",
    ),
    "a refund with another amount than raw": bug(
        "law_12_refunds_are_accounted_for",
        "update core.fct_refunds set refund_amount = refund_amount - 1 "
        "where refund_key = (select min(refund_key) from core.fct_refunds)",
        "measure",
        "amount",
    ),
    "a refunded line that vanished": bug(
        "law_12_refund_items_are_accounted_for",
        "delete from core.fct_refund_items "
        "where refund_item_key = (select min(refund_item_key) from core.fct_refund_items)",
        "measure",
        "rows",
    ),
    "a parcel that vanished": bug(
        "law_12_shipments_are_accounted_for",
        "delete from core.fct_shipments where shipment_key = (select min(shipment_key) from core.fct_shipments)",
        "measure",
        "rows",
    ),
    "a file of which staging holds one row less than was loaded": bug(
        "law_12_orders_are_accounted_for",
        "update ops.load_files set row_count = row_count + 1 where table_name = 'orders' and load_id = 1",
        "measure",
        "rows of files",
    ),
    "an account that vanished": bug(
        "law_12_customers_are_accounted_for",
        "delete from core.dim_customer where customer_key = "
        "(select max(customer_key) from core.dim_customer where not is_inferred)",
        "measure",
        "rows",
    ),
    "a product that vanished": bug(
        "law_12_products_are_accounted_for",
        "delete from core.dim_product where product_key = "
        "(select max(product_key) from core.dim_product where not is_inferred)",
        "measure",
        "rows",
    ),
    "an order's line twice": bug(
        "fct_order_items_columns",
        "insert into core.fct_order_items select * from core.fct_order_items where {line}",
        "problem",
        "not unique",
    ),
    "an order without a person": bug(
        "fct_orders_columns",
        "update core.fct_orders set person_key = null where order_key = {order}",
        "column_name",
        "person_key",
    ),
    "a line of a product that no dimension has": bug(
        "fct_order_items_columns",
        "update core.fct_order_items set product_key = 1 where {line}",
        "problem",
        "not in dim_product",
    ),
    "a reason that the model doesn't know": bug(
        "fct_orders_columns",
        "update core.fct_orders set invalid_reason = 'dunno' where order_key = {order}",
        "problem",
        "not an accepted value",
    ),
}


@pytest.fixture(scope="module")
def laws(storefront: RawShop) -> Mapping[str, str]:
    """The SQL of each data test of core, after all of them passed."""
    results = storefront.test()
    assert [result.name for result in results if result.failed] == []
    return {result.name: (storefront.folder / result.compiled).read_text("utf-8") for result in results}


@requirement("S1-17", "S1-18", "S1-19")
def test_every_law_holds_of_a_storefront_with_changes(storefront: RawShop, laws: Mapping[str, str]) -> None:
    assert {bug.law for bug in BUGS.values()} <= laws.keys()
    replaced = storefront.one("select count(*) - count(distinct order_id) from staging.stg_storefront__orders")
    assert replaced > 0, "no order was sent again: the laws have not met a replaced row"


@pytest.mark.parametrize("what", BUGS)
def test_a_law_fails_on_its_bug_and_names_the_rows(planted: RawShop, laws: Mapping[str, str], what: str) -> None:
    bug = BUGS[what]
    planted.execute(bug.sql)
    rows = planted.query(laws[bug.law])
    assert rows, f"{bug.law} does not see {what}"
    values = [row[bug.names] for row in rows]
    assert bug.value in values if bug.value is not None else None not in values


def test_dbt_says_which_law_failed_and_of_how_many_rows(planted: RawShop) -> None:
    planted.execute(BUGS["an order that lost a line"].sql)
    failed = [result for result in planted.test() if result.failed]
    assert {result.name for result in failed} == {
        "fct_orders_are_their_lines",
        "law_1_ledger_is_orders",
        "law_2_lines_carry_what_their_order_carries",
        "law_12_order_items_are_accounted_for",
    }
    assert all(result.failures for result in failed)
