"""What sells, what it leaves, how evenly, and with what."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import COSTS, ORDERS, PAIRS, REFUNDS
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlTable

_HERE = Path(__file__).parent
_CATEGORY = {"category": "category_name"}

PAGE = Page(
    name="products",
    title="Products",
    icon="category",
    position=4,
    needs=ORDERS,
    blocks=(
        RowOfFigures(
            ("units_sold", "net_sales", "return_rate", "contribution_1_rate"),
            only_with={"return_rate": REFUNDS, "contribution_1_rate": COSTS},
            spare=("gross_sales", "cancellation_rate"),
        ),
        SqlTable(
            "Top products",
            _HERE / "top_products.sql",
            _CATEGORY,
            "The 200 products with the highest net sales, in today's category. A click leads to the product.",
            width=12,
            covers="months",
            columns=(
                Column("product_name", "Product"),
                Column("category_name", "Category", "name"),
                Column("abc_xyz_class", "Class", "text", "ABC by what it brings, XYZ by how evenly it sells."),
                Column("quantity", "Net units", "quantity", "Units sold, less those that came back or were cancelled."),
                Column("net_sales_amount", "Net sales", "money"),
                Column("net_sales_share_rate", "Of net sales", "rate", "Net sales ÷ net sales of all products."),
                Column("change_rate", "On months before", "rate", "Growth on as many months right before."),
                Column("margin_rate", "Margin", "rate", "Net sales less cost of goods ÷ net sales."),
                Column("return_rate", "Return rate", "rate", "Returns ÷ sales after discounts."),
            ),
            link="/product?key={product_key}",
        ),
        Ranking("net_sales", "category", "Net sales by category"),
        Trend("net_sales", "Net sales by category over time", by="category", kind="stacked", series=7),
        SqlChart(
            "ABC and XYZ: products",
            _HERE / "abc_xyz.sql",
            _CATEGORY,
            (
                "How many products are in each class. A: the best sellers that make 80 % of net sales together, B: "
                "the next 15 %, C: the rest. X: sell evenly from month to month, Y: unevenly, Z: now and then; young:"
                " under 3 months."
            ),
            width=4,
            covers="all time",
            kind="heatmap",
            columns=(
                Column("abc_class", "ABC"),
                Column("xyz_class", "XYZ"),
                Column("product_count", "Products", "count"),
            ),
            is_labelled=True,
        ),
        SqlChart(
            "ABC: of products and of net sales",
            _HERE / "abc_shares.sql",
            _CATEGORY,
            "The share of products and the share of net sales that each class has.",
            width=4,
            covers="all time",
            kind="bar",
            unit="rate",
            columns=(
                Column("abc_class", "Class"),
                Column("product_share_rate", "Of products", "rate"),
                Column("net_sales_share_rate", "Of net sales", "rate"),
            ),
        ),
        SqlChart(
            "Net sales and margin of products",
            _HERE / "margins.sql",
            _CATEGORY,
            "The 200 products with the highest net sales: what they bring, and what is left of it after their cost.",
            width=4,
            covers="months",
            kind="scatter",
            unit="money",
            second_unit="rate",
            columns=(
                Column("product_name", "Product"),
                Column("net_sales_amount", "Net sales", "money"),
                Column("margin_rate", "Margin", "rate"),
            ),
            link="/product?key={product_key}",
            needs=COSTS,
        ),
        SqlTable(
            "Bought together",
            _HERE / "bought_together.sql",
            definition=(
                "Pairs of products that share orders more often than chance would have it. Lift: how many times as "
                "often; a click leads to the first product."
            ),
            covers="all time",
            columns=(
                Column("product_name", "Product"),
                Column("with_product_name", "With"),
                Column("pair_order_count", "Orders with both", "count"),
                Column(
                    "confidence_rate", "Of the first's", "rate", "Orders with both ÷ orders with the first product."
                ),
                Column(
                    "lift", "Lift", "times", "How many times as often as if the two had nothing to do with each other."
                ),
            ),
            link="/product?key={product_key}",
            needs=PAIRS,
        ),
        SqlTable(
            "Price changes",
            _HERE / "price_changes.sql",
            definition=(
                "The newest 200 prices that were seen for the first time in the period, in the currency that they "
                "were asked in."
            ),
            columns=(
                Column("product_name", "Product"),
                Column("first_seen_date", "From", "day"),
                Column("price_currency_code", "Currency"),
                Column("previous_unit_price", "Before", "amount"),
                Column("unit_price", "After", "amount"),
                Column("price_change_rate", "Change", "rate"),
            ),
            link="/product?key={product_key}",
        ),
    ),
)
