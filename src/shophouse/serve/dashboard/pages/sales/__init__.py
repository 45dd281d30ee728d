"""What was sold, where, what was taken off, and what is left of it."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import Ranking, RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import (
    COSTS,
    DISCOUNTS,
    ONE_CHANNEL,
    ORDERS,
    REFUNDS,
    SEVERAL_CHANNELS,
    SEVERAL_COUNTRIES,
    SEVERAL_STORES,
)
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlTable

_HERE = Path(__file__).parent
_STEPS = (Column("step", "Step"), Column("amount", "Amount", "money"))

PAGE = Page(
    name="sales",
    title="Sales",
    icon="point_of_sale",
    position=2,
    needs=ORDERS,
    blocks=(
        RowOfFigures(
            ("gross_sales", "discounts", "returns", "cancellations", "net_sales", "total_sales"),
            only_with={"discounts": DISCOUNTS, "returns": REFUNDS},
            spare=("shipping_charged", "units_sold"),
        ),
        Trend("net_sales", "Net sales by channel", by="channel", kind="stacked", width=8, needs=SEVERAL_CHANNELS),
        Trend("net_sales", "Net sales", kind="area", width=8, needs=ONE_CHANNEL),
        SqlChart(
            "From gross to net sales",
            _HERE / "gross_to_net.sql",
            {"store": "store_name", "channel": "channel", "country": "country_code"},
            "What is taken off gross sales until net sales are left.",
            width=4,
            kind="waterfall",
            unit="money",
            columns=_STEPS,
        ),
        Ranking("net_sales", "country", width=4, needs=SEVERAL_COUNTRIES),
        Ranking("net_sales", "state", width=4, limit=8),
        Ranking("net_sales", "store", width=4, limit=8, needs=SEVERAL_STORES),
        Trend("average_order_value", "Average order value"),
        SqlChart(
            "Returns by reason",
            _HERE / "returns.sql",
            definition="What was paid back for goods, by the reason that was given.",
            covers="months",
            kind="ranking",
            unit="money",
            columns=(Column("refund_reason", "Reason", "name"), Column("return_amount", "Returns", "money")),
            needs=REFUNDS,
        ),
        SqlChart(
            "From net sales to operating profit",
            _HERE / "profit_and_loss.sql",
            definition="What each cost takes of net sales. Costs that no source gives are not in it.",
            kind="waterfall",
            unit="money",
            columns=_STEPS,
            needs=COSTS,
        ),
        SqlTable(
            "Profit and loss by month",
            _HERE / "profit_and_loss_months.sql",
            definition="Net sales, what is left of them after each kind of cost, and the margin on goods.",
            covers="year",
            columns=(
                Column("month_start_date", "Month", "month"),
                Column("net_sales_amount", "Net sales", "money"),
                Column("contribution_1_amount", "After goods", "money"),
                Column("contribution_2_amount", "After delivery", "money"),
                Column("contribution_3_amount", "After marketing", "money"),
                Column("operating_profit_amount", "Profit", "money"),
            ),
            shown=12,
            needs=COSTS,
        ),
        SqlChart(
            "Orders by hour",
            _HERE / "order_hours.sql",
            definition="Orders by the day of the week and the hour at the store.",
            width=12,
            covers="all time",
            kind="heatmap",
            columns=(
                Column("day_name", "Day"),
                Column("hour_of_day", "Hour"),
                Column("order_count", "Orders", "count"),
            ),
        ),
        SqlTable(
            "Promotions",
            _HERE / "promotions.sql",
            definition="Orders with each discount code, what it took off, and whom it brought.",
            width=12,
            covers="all time",
            columns=(
                Column("discount_code", "Code", "code"),
                Column("promotion_kind", "Kind", "name"),
                Column("order_count", "Orders", "count"),
                Column("new_customer_rate", "By new customers", "rate", "First orders of a person ÷ orders."),
                Column("net_amount", "Sales after discounts", "money", "Gross sales less discounts of these orders."),
                Column("discount_amount", "Discounts", "money"),
                Column("discount_rate", "Discount rate", "rate", "Discounts ÷ gross sales."),
                Column("average_order_amount", "Average order", "money", "Sales after discounts ÷ orders."),
                Column("return_rate", "Return rate", "rate", "Returns ÷ sales after discounts."),
                Column("last_order_date", "Last used", "day"),
            ),
            needs=DISCOUNTS,
        ),
        SqlChart(
            "Net sales by the day of money and by the day of the order",
            _HERE / "two_books.sql",
            definition=(
                "The same sales in two books: by the day on which money moved, and by the day of the order, where a "
                "return or cancellation is taken off the day of its order. Over all time they are equal."
            ),
            width=6,
            covers="year",
            kind="bar",
            unit="money",
            columns=(
                Column("month_start_date", "Month", "month"),
                Column("by_event_amount", "Day of money", "money"),
                Column("by_order_amount", "Day of the order", "money"),
                Column("difference_amount", "Difference", "money"),
            ),
        ),
        SqlTable(
            "Months",
            _HERE / "months.sql",
            {"store": "store_name", "channel": "channel"},
            "Sales by month, with the growth against the month before and the same month last year.",
            covers="year",
            columns=(
                Column("month_start_date", "Month", "month"),
                Column("order_count", "Orders", "count"),
                Column("gross_amount", "Gross sales", "money"),
                Column("net_sales_amount", "Net sales", "money"),
                Column("previous_month_growth_rate", "On month before", "rate", "Growth of net sales."),
                Column("year_ago_growth_rate", "On year before", "rate", "Growth on the same month last year."),
            ),
            shown=12,
        ),
    ),
)
