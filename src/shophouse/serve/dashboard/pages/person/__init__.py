"""One customer: orders, products, and, for those who may see it, who it is."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import PERSONAL
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

_HERE = Path(__file__).parent

_KNOWN = "select person_key from core.dim_person where person_key = try_cast($key as bigint) and person_key <> 0"
_NAME = """
select min(nullif(trim(concat_ws(' ', first_name, last_name)), '')) as heading
from core.dim_customer
where person_key = try_cast($key as bigint)
"""


def _named(context: Context) -> str | None:
    """The name for those who may see it, else the key."""
    key = {"key": context.view.about.get("key")}
    known = context.published.query(_KNOWN, key).rows
    if not known:
        return None
    named = () if context.published.personal else context.published.query(_NAME, key).rows
    return str(named[0][0]) if named and named[0][0] else f"Customer {known[0][0]}"


PAGE = Page(
    name="person",
    title="Customer",
    icon="person",
    position=3,
    choices=(),
    under="customers",
    about=("key",),
    heading=_named,
    blocks=(
        SqlTable(
            "Accounts",
            _HERE / "contact.sql",
            definition="The accounts that are taken for one person, by the rules of identity.",
            width=12,
            covers="all time",
            columns=(
                Column("person", "Name"),
                Column("address", "E-mail", "code"),
                Column("telephone", "Telephone"),
                Column("account", "Account"),
                Column("source", "Source"),
                Column("created_date", "Since", "day"),
            ),
            needs=PERSONAL,
        ),
        SqlFigures(
            "At a glance",
            _HERE / "figures.sql",
            covers="all time",
            columns=(
                Column("order_count", "Orders", "count"),
                Column("net_sales_amount", "Net sales", "money"),
                Column("average_order_amount", "Average order", "money"),
                Column("segment", "Segment", "name", "By recency, frequency and net sales."),
                Column("first_order_date", "First order", "day"),
                Column("last_order_date", "Last order", "day"),
                Column("days_since_last_order", "Since the last order", "days"),
                Column("average_gap_days", "Usual gap", "days", "Days between two orders, on average."),
            ),
        ),
        SqlChart(
            "Sales by month",
            _HERE / "months.sql",
            definition="Valid orders after discounts, by the month in which they were placed.",
            covers="all time",
            kind="bar",
            unit="money",
            columns=(Column("month_start_date", "Month", "month"), Column("net", "Sales after discounts", "money")),
        ),
        SqlChart(
            "Products",
            _HERE / "products.sql",
            definition="What the customer spent most on, after discounts. A click leads to the product.",
            covers="all time",
            kind="ranking",
            unit="money",
            columns=(Column("product_name", "Product"), Column("net_amount", "Sales after discounts", "money")),
            link="/product?key={product_key}",
        ),
        SqlTable(
            "Orders",
            _HERE / "orders.sql",
            definition="All orders of the customer, newest first. A click leads to the orders of the day.",
            width=12,
            covers="at most 1,000 orders",
            columns=(
                Column("placed", "Day", "day"),
                Column("order_id", "Order"),
                Column("order_status", "Status", "name"),
                Column("not_valid", "Not counted", "name", "Why the order is in no figure; empty of valid ones."),
                Column("channel", "Channel", "name"),
                Column("items", "Items", "quantity"),
                Column("net", "After discounts", "money"),
                Column("returned", "Returned", "money", "What was paid back for goods."),
                Column("total", "Total", "money", "What the customer owed: goods, shipping, tax and fees."),
                Column("discount_code", "Code", "code"),
            ),
            link="/orders?day={placed}",
        ),
    ),
)
