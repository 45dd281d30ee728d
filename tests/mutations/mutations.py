"""The classic bugs of a shop's warehouse, each as one change of the packaged SQL, and what has to find it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """In the file, `right` becomes `wrong`; of the tests named in `found_by` at least one must then fail."""

    file: str
    right: str
    wrong: str
    found_by: tuple[str, ...]
    days: int = 1
    """2: planted before the second day's rows come in an incremental run, for bugs that a full run does not have."""

    @property
    def model(self) -> str:
        return Path(self.file).stem

    def of(self, text: str) -> str:
        """The SQL with the bug. Raises ValueError when the SQL no longer reads as it did: no mutation goes stale."""
        if self.right not in text:
            raise ValueError(f"{self.file} no longer says {self.right!r}: bring the mutation up to date")
        return text.replace(self.right, self.wrong)


MUTATIONS = {
    "quantity counted twice": Mutation(
        "models/core/fct_order_items.sql",
        "            lines.quantity * lines.unit_price\n",
        "            lines.quantity * lines.quantity * lines.unit_price\n",
        ("law_1_ledger_is_orders",),
    ),
    "the order's discount taken off each line in full": Mutation(
        "models/core/fct_order_items.sql",
        "case\n            when single.order_key is null then coalesce(allocated.discount_amount, 0)\n"
        "            else priced.order_discount_amount\n        end as allocated_discount_amount",
        "priced.order_discount_amount as allocated_discount_amount",
        ("law_2_lines_carry_what_their_order_carries",),
    ),
    "a discount taken off twice": Mutation(
        "models/core/fct_sales_ledger.sql",
        "cast(-(sales.discount_amount) as",
        "cast(-(2 * sales.discount_amount) as",
        ("law_1_ledger_is_orders",),
    ),
    "a join that multiplies rows": Mutation(
        "models/core/fct_order_items.sql",
        "    left join refunded\n        on priced.order_key = refunded.order_key\n"
        "        and priced.line_number = refunded.line_number",
        "    left join refunded\n        on priced.order_key = refunded.order_key",
        ("fct_order_items_columns", "law_12_order_items_are_accounted_for"),
    ),
    "authorisation and capture both counted as money": Mutation(
        "models/core/fct_payments.sql",
        "else coalesce(kinds.captured_sign, 1)",
        "else coalesce(nullif(kinds.captured_sign, 0), 1)",
        ("fct_payments_captured_as_their_kind",),
    ),
    "a refund that adds to sales": Mutation(
        "models/core/fct_sales_ledger.sql",
        "cast(-(refund_items.refund_amount) as {{ type_money() }}) as return_amount",
        "cast(refund_items.refund_amount as {{ type_money() }}) as return_amount",
        ("law_1_ledger_is_orders",),
    ),
    "cancelled orders left among the sales": Mutation(
        "models/core/fct_sales_ledger.sql",
        "        'cancellation' as event_kind,\n        cancelled_lines.order_key as order_key,",
        "        'cancellation' as event_kind,\n        cancelled_lines.order_key + 1 as order_key,",
        ("law_1_ledger_is_orders",),
    ),
    "an inner join that loses orders": Mutation(
        "models/core/fct_orders.sql",
        "    left join shipments\n        on headers.order_key = shipments.order_key",
        "    inner join shipments\n        on headers.order_key = shipments.order_key",
        ("law_1_ledger_is_orders", "fct_orders_are_their_lines"),
    ),
    "a payment's amount on each line of its order": Mutation(
        "models/core/fct_orders.sql",
        "    left join payments\n        on headers.order_key = payments.order_key",
        "    left join payments\n        on headers.order_key = payments.order_key\n"
        "    left join {{ ref('fct_order_items') }} as again\n        on headers.order_key = again.order_key",
        ("fct_orders_columns", "fct_orders_are_their_payments"),
    ),
    "a person's orders without a tie-break": Mutation(
        "models/core/fct_orders.sql",
        "row_number() over (partition by validated.person_key order by validated.ordered_at, validated.order_key)",
        "rank() over (partition by validated.person_key order by cast(validated.ordered_at as date))",
        ("law_7_a_person_has_one_first_order",),
    ),
    "new customers by each order": Mutation(
        "models/core/fct_orders.sql",
        "coalesce(sequenced.order_sequence = 1, false) as is_first_order",
        "validated.invalid_reason is null as is_first_order",
        ("law_7_a_person_has_one_first_order", "active_customers_daily_new_are_persons"),
    ),
    "a mart that joins regions by country alone": Mutation(
        "macros/sales.sql",
        "\n        and summed.state_code = regions.state_code",
        "",
        ("sales_daily_is_ledger",),
    ),
    "sales without their returns": Mutation(
        "models/marts/products/category_performance.sql",
        "{{ sum_money('sales.net_sales_amount') }} as net_sales_amount",
        "{{ sum_money('sales.gross_amount') }} as net_sales_amount",
        ("category_performance_is_ledger",),
    ),
    "lines that are dropped without a word": Mutation(
        "macros/input.sql",
        "where checked.rejection_reason is null",
        "where checked.rejection_reason is null\n    and checked._row_number % 50 <> 7",
        ("law_12_orders_are_accounted_for", "law_12_order_items_are_accounted_for"),
    ),
    "versions that overlap": Mutation(
        "macros/versions.sql",
        "coalesce(members.next_valid_from, {{ end_of_time() }}) as valid_to",
        "{{ end_of_time() }} as valid_to",
        ("law_10_product_versions_follow_each_other",),
    ),
    "a version for each row that came": Mutation(
        "macros/versions.sql",
        "    where compared.state_number = 1\n",
        "    where compared.state_number > 0\n",
        ("law_10_product_versions_follow_each_other",),
    ),
    "first versions that are not back-dated": Mutation(
        "macros/versions.sql",
        "case when members.version_number = 1 then {{ beginning_of_time() }} else members.valid_from end as valid_from",
        "members.valid_from as valid_from",
        ("law_10_product_versions_follow_each_other",),
    ),
    "the oldest version as the current one": Mutation(
        "macros/versions.sql",
        "members.next_valid_from is null as is_current",
        "members.version_number = 1 as is_current",
        ("law_10_product_versions_follow_each_other",),
    ),
    "each sale once for every version of its product": Mutation(
        "models/marts/products/category_sales_as_sold.sql",
        "        and lines.ordered_at >= versions.valid_from\n        and lines.ordered_at < versions.valid_to\n",
        "",
        ("category_sales_as_sold_is_ledger", "category_sales_as_sold_is_its_versions"),
    ),
    "earlier sales in today's category": Mutation(
        "models/marts/products/category_sales_as_sold.sql",
        "coalesce(versions.category_key, products.category_key,",
        "coalesce(products.category_key, versions.category_key,",
        ("category_sales_as_sold_is_its_versions",),
    ),
    "only what is newer than the newest": Mutation(
        "models/changes/affected_orders.sql",
        "    where {{ passes_changes_on() }}",
        "    where {{ passes_changes_on() }}\n        and named.order_id > "
        "(select max(headers.order_id) from {{ as_built('core', 'order_headers') or ref('input_orders') }} as headers)",
        ("law_12_orders_are_accounted_for", "law_12_order_items_are_accounted_for"),
        days=2,
    ),
}
