"""The orders of a day."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

_HERE = Path(__file__).parent
_WHERE = {
    "store": "stores.store_name",
    "channel": "coalesce(orders.channel, 'unknown')",
    "country": "coalesce(places.country_code, places.country, 'unknown')",
}


def _heading(context: Context) -> str | None:
    asked = "select max(order_date) from core.fct_orders where order_date = try_cast($day as date)"
    [[day]] = context.published.query(asked, {"day": context.view.about.get("day")}).rows
    return None if day is None else f"Orders of {context.formats.weekday(day)}"


PAGE = Page(
    name="orders",
    title="Orders of a day",
    icon="receipt_long",
    position=2,
    choices=("store", "channel", "country"),
    under="sales",
    about=("day",),
    heading=_heading,
    blocks=(
        SqlFigures(
            "At a glance",
            _HERE / "figures.sql",
            _WHERE,
            covers="orders placed on the day",
            columns=(
                Column(
                    "orders", "Orders", "count", "Valid orders: not a test, deleted, cancelled or of gift cards alone."
                ),
                Column("others", "Other orders", "count", "Orders that are not valid; the table says why."),
                Column("net", "Sales after discounts", "money", "Gross sales less discounts of the valid orders."),
                Column("discounts", "Discounts", "money", "What was taken off the valid orders."),
                Column("average", "Average order", "money", "Sales after discounts ÷ valid orders."),
                Column("first_orders", "New customers", "count", "Valid orders that are a person's first."),
            ),
        ),
        SqlChart(
            "Orders by hour",
            _HERE / "hours.sql",
            _WHERE,
            "Orders by the hour at the store in which they were placed.",
            kind="bar",
            covers="orders placed on the day",
            columns=(Column("hour_of_day", "Hour"), Column("order_count", "Orders", "count")),
        ),
        SqlChart(
            "Products of the day",
            _HERE / "products.sql",
            _WHERE,
            "Products with the highest sales after discounts on the day. A click leads to the product.",
            kind="ranking",
            unit="money",
            covers="orders placed on the day",
            columns=(Column("product_name", "Product"), Column("net_amount", "Sales after discounts", "money")),
            link="/product?key={product_key}",
        ),
        SqlTable(
            "Orders",
            _HERE / "orders.sql",
            _WHERE,
            "Orders that were placed on the day, by the clock of the store; amounts are in the shop's currency.",
            width=12,
            covers="at most 5,000 orders",
            columns=(
                Column("order_id", "Order"),
                Column("placed", "Time"),
                Column("order_status", "Status", "name"),
                Column("not_valid", "Not counted", "name", "Why the order is in no figure; empty of valid ones."),
                Column("store_name", "Store"),
                Column("channel", "Channel", "name"),
                Column("country_code", "Country"),
                Column("items", "Items", "quantity"),
                Column("gross", "Gross", "money", "Quantity × unit price, without tax and shipping."),
                Column("discounts", "Discounts", "money"),
                Column("net", "After discounts", "money"),
                Column("shipping", "Shipping", "money", "Shipping charged."),
                Column("total", "Total", "money", "What the customer owed: goods, shipping, tax and fees."),
                Column("discount_code", "Code", "code"),
            ),
            shown=25,
        ),
    ),
)
