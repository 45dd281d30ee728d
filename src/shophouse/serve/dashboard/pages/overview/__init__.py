"""The shop in a minute."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import COSTS, ONE_CHANNEL, ORDERS, REFUNDS, SEVERAL_CHANNELS, TARGETS, VISITS
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart

_HERE = Path(__file__).parent

PAGE = Page(
    name="overview",
    title="Overview",
    icon="dashboard",
    position=1,
    needs=ORDERS,
    blocks=(
        RowOfFigures(
            (
                "net_sales",
                "orders",
                "average_order_value",
                "new_customers",
                "returning_order_share",
                "return_rate",
                "contribution_3",
                "conversion_rate",
            ),
            only_with={"return_rate": REFUNDS, "contribution_3": COSTS, "conversion_rate": VISITS},
            spare=("units_sold", "cancellation_rate", "shipping_charged"),
        ),
        Trend("net_sales", "Net sales", kind="area", width=8),
        Ranking("net_sales", "channel", width=4, needs=SEVERAL_CHANNELS),
        Ranking("net_sales", "state", width=4, limit=8, needs=ONE_CHANNEL),
        SqlChart(
            "Net sales against target",
            _HERE / "targets.sql",
            definition="Net sales of each month beside what was to be reached in it.",
            width=4,
            covers="the last 12 months with a target",
            kind="bar",
            unit="money",
            columns=(
                Column("month_start_date", "Month", "month"),
                Column("actual_value", "Net sales", "money"),
                Column("target_value", "Target", "money"),
            ),
            needs=TARGETS,
        ),
        Trend("orders", "Orders", width=4),
        Trend("new_customers", "New customers", width=4),
        Ranking("net_sales", "category", "Net sales by category", limit=8),
        SqlChart(
            "Top products by net sales",
            _HERE / "top_products.sql",
            {"category": "category_name"},
            "Products with the highest net sales. A click leads to the product.",
            covers="months",
            kind="ranking",
            unit="money",
            columns=(Column("product_name", "Product"), Column("net_sales_amount", "Net sales", "money")),
            link="/product?key={product_key}",
        ),
    ),
)
