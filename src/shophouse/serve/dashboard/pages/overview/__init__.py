"""The shop in a minute."""

from __future__ import annotations

from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.pages import Page

PAGE = Page(
    name="overview",
    title="Overview",
    icon="dashboard",
    position=1,
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
            )
        ),
        Trend("net_sales", "Net sales", kind="area", width=8),
        Ranking("net_sales", "channel", width=4),
        Trend("orders", "Orders", width=4),
        Ranking("net_sales", "category", "Net sales by category", width=4, limit=8),
        Ranking("net_sales", "product", "Top products", width=4, limit=8),
    ),
)
