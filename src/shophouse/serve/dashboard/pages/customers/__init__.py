"""Who buys, who comes back, what they are worth, and who is leaving."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import ORDERS
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlTable

_HERE = Path(__file__).parent
_FIRST = {"channel": "first_channel", "country": "first_country_code"}

PAGE = Page(
    name="customers",
    title="Customers",
    icon="group",
    position=3,
    needs=ORDERS,
    blocks=(
        RowOfFigures(
            (
                "active_customers",
                "new_customers",
                "returning_orders",
                "returning_order_share",
                "orders_per_customer",
                "net_sales_per_customer",
            )
        ),
        SqlChart(
            "Active customers",
            _HERE / "active.sql",
            definition="Persons with a valid order on the day, in the 7 days and in the 30 days that end with it.",
            width=8,
            columns=(
                Column("date_day", "Day", "day"),
                Column("mau_purchasing", "In 30 days", "count"),
                Column("wau_purchasing", "In 7 days", "count"),
                Column("dau_purchasing", "On the day", "count"),
            ),
            link="/orders?day={date_day}",
        ),
        Trend("new_customers", "New customers", kind="bar", width=4),
        SqlChart(
            "Customers who come back",
            _HERE / "retention.sql",
            definition=(
                "Of the customers whose first order was in a month, the share that ordered again in each month after. "
                "Months that are not over are left empty. A click leads to the customers."
            ),
            width=12,
            covers="the last 12 months of first orders",
            kind="heatmap",
            unit="rate",
            columns=(
                Column("cohort_month", "First order", "month"),
                Column("months_since_first_order", "Months later"),
                Column("retention_rate", "Ordered again", "rate"),
            ),
            link="/people?cohort={cohort_month}",
            is_labelled=True,
        ),
        SqlChart(
            "Lifetime value so far",
            _HERE / "lifetime_value.sql",
            definition=(
                "Net sales of each customer from the month of the first order up to each month after. A click leads to "
                "the customers."
            ),
            width=12,
            covers="the last 12 months of first orders",
            kind="heatmap",
            unit="money",
            columns=(
                Column("cohort_month", "First order", "month"),
                Column("months_since_first_order", "Months later"),
                Column("lifetime_value_amount", "Net sales of a customer", "money"),
            ),
            link="/people?cohort={cohort_month}",
            is_labelled=True,
        ),
        SqlChart(
            "Lifetime value by age",
            _HERE / "value_by_age.sql",
            definition=(
                "Net sales of each customer in the first 30 to 365 days since the first order, by the month of the "
                "first order; left empty until all customers of the month have reached the age."
            ),
            covers="all time",
            unit="money",
            columns=(
                Column("cohort_month", "First order", "month"),
                Column("age", "Age"),
                Column("lifetime_value_amount", "Net sales of a customer", "money"),
            ),
            is_spread=True,
        ),
        SqlChart(
            "Second orders",
            _HERE / "repeat_purchase.sql",
            definition=(
                "The share of customers that ordered a second time within 30 to 365 days, by the month of the first "
                "order; left empty until all customers of the month have had that long."
            ),
            covers="all time",
            unit="rate",
            columns=(
                Column("cohort_month", "First order", "month"),
                Column("repeat_within_30_days_rate", "In 30 days", "rate"),
                Column("repeat_within_60_days_rate", "In 60 days", "rate"),
                Column("repeat_within_90_days_rate", "In 90 days", "rate"),
                Column("repeat_within_365_days_rate", "In 365 days", "rate"),
            ),
        ),
        SqlTable(
            "Segments",
            _HERE / "segments.sql",
            definition=(
                "Customers by how lately, how often and for how much they bought (RFM): 11 segments, each customer in"
                " one. A click leads to the customers."
            ),
            width=8,
            covers="all time",
            columns=(
                Column("segment", "Segment", "name"),
                Column("person_count", "Customers", "count"),
                Column("person_share_rate", "Of customers", "rate"),
                Column("net_sales_amount", "Net sales", "money"),
                Column("net_sales_share_rate", "Of net sales", "rate"),
                Column("net_sales_per_person_amount", "Per customer", "money", "Net sales ÷ customers."),
                Column("average_order_amount", "Average order", "money"),
            ),
            link="/people?segment={segment}",
            shown=12,
        ),
        SqlChart(
            "Days since the last order",
            _HERE / "recency.sql",
            _FIRST,
            "Customers by how long ago they last ordered: those with one order, and those with more.",
            width=4,
            covers="all time",
            kind="stacked",
            columns=(
                Column("days", "Days"),
                Column("once_count", "One order", "count"),
                Column("repeat_count", "More orders", "count"),
            ),
        ),
        SqlTable(
            "Customers against their own rhythm",
            _HERE / "churn_risk.sql",
            _FIRST,
            (
                "Customers with three orders or more: the days since their last order, measured by the days that "
                "usually lie between two of theirs. The longer it is, the likelier that they don't come back."
            ),
            width=12,
            covers="all time",
            columns=(
                Column("rhythm", "Since the last order"),
                Column("person_count", "Customers", "count"),
                Column("person_share_rate", "Of them", "rate"),
                Column(
                    "net_sales_amount", "Net sales so far", "money", "Net sales that these customers brought to date."
                ),
                Column("net_sales_per_person_amount", "Per customer", "money"),
                Column("average_gap_days", "Usual gap", "days", "Days between two orders of a customer, on average."),
                Column("days_since_last_order", "Days since", "days", "Days since the last order, on average."),
            ),
        ),
    ),
)
