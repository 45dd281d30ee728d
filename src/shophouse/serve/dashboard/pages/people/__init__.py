"""The customers of a cohort or a segment, without personal data."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

_HERE = Path(__file__).parent
_FIRST = {"channel": "first_channel", "country": "first_country_code"}

PAGE = Page(
    name="people",
    title="Customers of a group",
    icon="group",
    position=3,
    choices=("channel", "country"),
    under="customers",
    about=("cohort", "segment"),
    heading=(_HERE / "heading.sql").read_text("utf-8"),
    blocks=(
        SqlFigures(
            "At a glance",
            _HERE / "figures.sql",
            _FIRST,
            covers="all time",
            columns=(
                Column("person_count", "Customers", "count"),
                Column("valid_order_count", "Orders", "count", "Valid orders to date."),
                Column("net_sales_amount", "Net sales", "money"),
                Column("repeat_rate", "Ordered again", "rate", "Customers with two orders or more ÷ customers."),
                Column("net_sales_per_person_amount", "Net sales of a customer", "money", "Net sales ÷ customers."),
                Column("days_since_last_order", "Days since the last order", "days", "The median of the customers."),
            ),
        ),
        SqlChart(
            "What they mostly buy",
            _HERE / "categories.sql",
            _FIRST,
            "Customers by the category that they bought most of.",
            covers="all time",
            kind="ranking",
            columns=(Column("top_category_name", "Category", "name"), Column("person_count", "Customers", "count")),
        ),
        SqlChart(
            "Where they came from",
            _HERE / "channels.sql",
            _FIRST,
            "Customers by the sales channel and the country of their first order.",
            covers="all time",
            kind="ranking",
            columns=(Column("origin", "Channel and country"), Column("person_count", "Customers", "count")),
        ),
        SqlTable(
            "Customers",
            _HERE / "people.sql",
            _FIRST,
            "Customers by net sales, without names. A click leads to the customer.",
            width=12,
            covers="all time; at most 1,000, those with the highest net sales",
            columns=(
                Column("person", "Customer"),
                Column("first_order_date", "First order", "day"),
                Column("last_order_date", "Last order", "day"),
                Column("orders", "Orders", "count"),
                Column("net_sales", "Net sales", "money", "Net sales to date."),
                Column("average_order", "Average order", "money", "Net sales ÷ valid orders."),
                Column("segment", "Segment", "name"),
                Column("first_channel", "First channel", "name"),
                Column("first_country_code", "Country"),
                Column("top_category_name", "Mostly buys", "name"),
            ),
            link="/person?key={person}",
            shown=25,
        ),
    ),
)
