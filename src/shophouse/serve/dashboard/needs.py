"""Data that a shop may lack, how it is found out, and what source would bring it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shophouse.serve.dashboard.published import Published

__all__ = [
    "CARRIERS",
    "COSTS",
    "DISCOUNTS",
    "EMPLOYEES",
    "FAILED_TESTS",
    "MARKETING",
    "ONE_CHANNEL",
    "ORDERS",
    "PAIRS",
    "PAYMENTS",
    "PERSONAL",
    "REFUNDS",
    "REVIEWS",
    "SECOND_RUN",
    "SELLERS",
    "SEVERAL_CHANNELS",
    "SEVERAL_COUNTRIES",
    "SEVERAL_STORES",
    "SHIPMENTS",
    "SPEND",
    "STOCK",
    "STORES",
    "TARGETS",
    "TOUCHES",
    "VISITS",
    "Need",
]


@dataclass(frozen=True)
class Need:
    """`query` gives a row where the shop has the data, which is `what`, and which `brought_by` would bring.

    Without a `what` nobody lacks it, and nothing is said.
    """

    query: str
    what: str = ""
    brought_by: str = ""

    def is_met(self, published: Published) -> bool:
        return bool(published.query(self.query).rows)


class _Permission(Need):
    """Personal data, which not everyone may see."""

    def is_met(self, published: Published) -> bool:
        return not published.personal


PERSONAL = _Permission("", "Names and addresses", "a login as an analyst")


def _rows_of(what: str, table: str, where: str, brought_by: str) -> Need:
    return Need(f"select 1 as there from {table} where {where} limit 1", what, brought_by)


ORDERS = _rows_of(
    "Sales", "marts.sales_daily", "1 = 1", "orders and order_items of a source, and a run that built them"
)
COSTS = _rows_of(
    "Profit and loss",
    "marts.profit_and_loss_daily",
    "goods_cost_amount <> 0",
    "a source with unit_cost of products or order_items, or with costs (shipping, fees, overheads)",
)
DISCOUNTS = _rows_of(
    "Promotions", "marts.promotions", "discount_amount > 0", "orders with a discount or a discount code"
)
REFUNDS = _rows_of(
    "Returns", "marts.returns", "1 = 1", "a source with refunds, and refund_items for units and products"
)
TARGETS = _rows_of("Targets", "marts.target_attainment", "1 = 1", "a source with targets (metric, period, value)")
STOCK = _rows_of(
    "Stock",
    "marts.inventory_health",
    "1 = 1",
    "a source with inventory_movements (receipts, sales, returns, transfers) or inventory_snapshots (counts by day)",
)
VISITS = _rows_of(
    "Visits", "marts.funnel_daily", "1 = 1", "a source with sessions, and events for the steps to the order"
)
SPEND = _rows_of(
    "Ad spend", "marts.overclaim", "1 = 1", "a source with ad_spend and campaigns (Google Ads, Meta, Criteo)"
)
TOUCHES = _rows_of(
    "Attribution", "marts.attribution_comparison", "1 = 1", "a source with sessions or touchpoints that lead to orders"
)
MARKETING = _rows_of(
    "Marketing",
    "marts.channel_performance",
    "1 = 1",
    "a source with sessions and events (web analytics), touchpoints, or ad_spend with campaigns (Google Ads, Meta)",
)
SHIPMENTS = _rows_of("Delivery", "marts.delivery_performance", "1 = 1", "a source with shipments")
CARRIERS = _rows_of("Carriers", "marts.delivery_performance", "carrier <> 'unknown'", "shipments that name a carrier")
REVIEWS = _rows_of("Reviews", "marts.review_drivers", "1 = 1", "a source with reviews")
PAYMENTS = _rows_of("Payments", "marts.payments_mix", "1 = 1", "a source with payments")
SELLERS = _rows_of(
    "Sellers", "marts.seller_performance", "seller_key <> 0", "a source with sellers, named by order_items"
)
EMPLOYEES = _rows_of(
    "Salespeople", "marts.salesperson_performance", "employee_key <> 0", "a source with employees, named by orders"
)
PAIRS = _rows_of("Bought together", "marts.product_affinity", "1 = 1", "orders of several products, in some number")
STORES = Need(
    "select 1 as there from marts.store_performance having count(distinct store_key) > 1",
    "Stores",
    "a source with stores, named by orders",
)
FAILED_TESTS = Need(
    "select 1 as there from ops.test_results "
    "where status <> 'pass' and run_id = (select max(run_id) from ops.test_results) limit 1"
)
SECOND_RUN = Need("select 1 as there from ops.runs having count(*) > 1", "What moved", "a second run")


def _several(column: str, *, are_there: bool = True) -> Need:
    test = ">" if are_there else "<="
    return Need(f"select 1 as there from marts.sales_daily having count(distinct {column}) {test} 1")


SEVERAL_CHANNELS = _several("channel")
ONE_CHANNEL = _several("channel", are_there=False)
SEVERAL_COUNTRIES = _several("country_code")
SEVERAL_STORES = _several("store_name")
