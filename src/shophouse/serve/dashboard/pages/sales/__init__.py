"""What was sold, where, and what was taken off."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, SqlChart, SqlTable, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.pages import Page

_HERE = Path(__file__).parent

PAGE = Page(
    name="sales",
    title="Sales",
    icon="point_of_sale",
    position=2,
    blocks=(
        RowOfFigures(("gross_sales", "discounts", "returns", "cancellations", "net_sales", "total_sales")),
        Trend("net_sales", "Net sales by channel", by="channel", kind="stacked", width=8),
        SqlChart(
            "From gross to net sales",
            _HERE / "gross_to_net.sql",
            {"store": "store_name", "channel": "channel", "country": "country_code"},
            "What is taken off gross sales until net sales are left.",
            width=4,
            kind="bar",
            unit="money",
            columns=(Column("step", "Step"), Column("amount", "Amount", "money")),
        ),
        Ranking("net_sales", "country", "Net sales by country", width=4),
        Ranking("net_sales", "store", "Net sales by store", width=4),
        Trend("average_order_value", "Average order value", width=4),
        SqlChart(
            "Orders by hour",
            _HERE / "order_hours.sql",
            definition="Orders per day of the week and hour at the store.",
            width=8,
            follows_period=False,
            kind="heatmap",
            columns=(
                Column("day_name", "Day"),
                Column("hour_of_day", "Hour"),
                Column("order_count", "Orders", "count"),
            ),
        ),
        Ranking("orders", "discount_code", "Orders by discount code", width=4),
        SqlTable(
            "Months",
            _HERE / "months.sql",
            {"store": "store_name", "channel": "channel"},
            "Sales by month, with the growth against the month before and the same month last year.",
            width=12,
            columns=(
                Column("month_start_date", "Month", "month"),
                Column("order_count", "Orders", "count"),
                Column("gross_amount", "Gross sales", "money"),
                Column("net_sales_amount", "Net sales", "money"),
                Column("previous_month_growth_rate", "Month before", "rate"),
                Column("year_ago_growth_rate", "Year before", "rate"),
            ),
        ),
    ),
)
