"""One product: what it sells, at what price, with what, and what is in stock."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import PAIRS, STOCK
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

_HERE = Path(__file__).parent

PAGE = Page(
    name="product",
    title="Product",
    icon="inventory_2",
    position=4,
    choices=(),
    under="products",
    about=("key",),
    heading=(
        "select product_name as heading from marts.product_performance where product_key = try_cast($key as bigint)"
    ),
    blocks=(
        SqlFigures(
            "At a glance",
            _HERE / "figures.sql",
            covers="all time",
            columns=(
                Column("net_sales_amount", "Net sales", "money"),
                Column("net_sales_rank", "Rank by net sales", "count", "1 is the product with the highest net sales."),
                Column("quantity", "Net units", "quantity", "Units sold, less those that came back or were cancelled."),
                Column("orders", "Orders", "count", "Valid orders with the product."),
                Column("abc_xyz_class", "Class", "text", "ABC by what it brings, XYZ by how evenly it sells."),
                Column("margin_rate", "Margin", "rate", "Net sales less cost of goods ÷ net sales."),
                Column("return_rate", "Return rate", "rate", "Returns ÷ sales after discounts."),
                Column("category_name", "Category", "name", "The category that it is in now."),
            ),
        ),
        SqlChart(
            "Net sales by month",
            _HERE / "months.sql",
            definition="Net sales of the product, by the month in which money moved.",
            covers="all time",
            kind="bar",
            unit="money",
            columns=(Column("month_start_date", "Month", "month"), Column("net_sales_amount", "Net sales", "money")),
        ),
        SqlChart(
            "Units by month",
            _HERE / "months.sql",
            definition="Units sold, less those that came back or were cancelled.",
            covers="all time",
            kind="bar",
            unit="quantity",
            columns=(Column("month_start_date", "Month", "month"), Column("quantity", "Net units", "quantity")),
        ),
        SqlTable(
            "Prices",
            _HERE / "prices.sql",
            definition="Prices that the product was sold at, newest first, in the currency that they were asked in.",
            covers="all time",
            columns=(
                Column("first_seen_date", "From", "day"),
                Column("last_seen_date", "To", "day"),
                Column("price_currency_code", "Currency"),
                Column("unit_price", "Price", "amount"),
                Column("price_change_rate", "Change", "rate", "On the price before, in the same currency."),
                Column("quantity_sold", "Units", "quantity"),
            ),
        ),
        SqlTable(
            "Bought together with",
            _HERE / "bought_together.sql",
            definition="Products that share orders with this one. A click leads to the product.",
            covers="all time",
            columns=(
                Column("with_product_name", "Product"),
                Column("pair_order_count", "Orders with both", "count"),
                Column("confidence_rate", "Of this one's", "rate", "Orders with both ÷ orders with this product."),
                Column(
                    "lift", "Lift", "times", "How many times as often as if the two had nothing to do with each other."
                ),
            ),
            link="/product?key={with_product_key}",
            needs=PAIRS,
            empty="No product shares enough orders with this one.",
        ),
        SqlTable(
            "Stock by place",
            _HERE / "stock.sql",
            definition="What is there, how long it lasts, and what is to be ordered.",
            width=12,
            covers="last day of the stock",
            columns=(
                Column("location_name", "Place"),
                Column("stock_class", "Health", "name"),
                Column("on_hand_quantity", "On hand", "quantity"),
                Column("incoming_quantity", "On order", "quantity"),
                Column("mean_daily_quantity", "Sold a day", "mean", "Units sold per day with stock, of the last 28."),
                Column("days_of_cover", "Cover", "days", "Days that the stock lasts at that pace."),
                Column("to_order_quantity", "To order", "quantity"),
                Column(
                    "stock_out_rate", "Without stock", "rate", "Share of the last 90 days that ended without stock."
                ),
            ),
            needs=STOCK,
        ),
    ),
)
