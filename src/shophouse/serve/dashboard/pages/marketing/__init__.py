"""What advertising costs, what it brings by each way of counting, and how visits become orders."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import MARKETING, SPEND, TOUCHES, VISITS
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlTable

_HERE = Path(__file__).parent
_CREDITED = "Net sales of orders, credited to the touches before them by the attribution model of the shop."

PAGE = Page(
    name="marketing",
    title="Marketing",
    icon="campaign",
    position=6,
    needs=MARKETING,
    choices=("period", "comparison", "grain"),
    blocks=(
        RowOfFigures(
            (
                "spend",
                "ad_spend_share",
                "marketing_efficiency_ratio",
                "customer_acquisition_cost",
                "sessions",
                "conversion_rate",
                "attributed_sales",
                "return_on_ad_spend",
            ),
            only_with={
                "spend": SPEND,
                "ad_spend_share": SPEND,
                "marketing_efficiency_ratio": SPEND,
                "customer_acquisition_cost": SPEND,
                "sessions": VISITS,
                "conversion_rate": VISITS,
                "attributed_sales": TOUCHES,
                "return_on_ad_spend": SPEND,
            },
        ),
        SqlTable(
            "Channels",
            _HERE / "channels.sql",
            definition=(
                "Visits, spend and credited sales of each marketing channel, by the attribution model of the shop."
            ),
            width=12,
            covers="months",
            columns=(
                Column("marketing_channel", "Channel", "name"),
                Column("session_count", "Visits", "count"),
                Column("session_order_rate", "Conversion", "rate", "Visits with an order ÷ visits."),
                Column("order_credit", "Credited orders", "quantity", "Valid orders, in parts, by the shop's model."),
                Column(
                    "new_customer_credit", "New customers", "quantity", "Of them, first orders of persons, in parts."
                ),
                Column("net_sales_amount", "Credited net sales", "money", _CREDITED),
                Column("net_sales_share_rate", "Of all", "rate", "Credited net sales ÷ those of all channels."),
                Column("spend_amount", "Ad spend", "money"),
                Column("return_on_ad_spend", "Return on spend", "times", "Credited net sales ÷ ad spend."),
                Column("cost_per_new_customer", "Cost of a new one", "money", "Ad spend ÷ credited new customers."),
            ),
            shown=15,
        ),
        SqlChart(
            "From visit to order",
            _HERE / "funnel.sql",
            definition="Visits that reached each step, and their share of all visits.",
            kind="funnel",
            columns=(Column("step", "Step"), Column("visits", "Visits", "count")),
            needs=VISITS,
        ),
        SqlChart(
            "Claimed by platforms, credited by the shop",
            _HERE / "claims.sql",
            definition=(
                "Revenue that each platform claims for itself, beside the net sales that the shop's attribution model "
                "credits its campaigns with."
            ),
            covers="months",
            kind="ranking",
            unit="money",
            columns=(
                Column("platform", "Platform", "name"),
                Column("claimed_revenue_amount", "Claimed", "money"),
                Column("net_sales_amount", "Credited", "money"),
            ),
            needs=SPEND,
        ),
        SqlChart(
            "Attribution models side by side",
            _HERE / "models.sql",
            definition=(
                "Net sales that each rule credits each channel with: to the first or the last touch (any, any but "
                "direct, paid ones), to all alike (linear), more to the first and the last (position based), more to "
                "late ones (time decay). The columns add up to the same, but for orders that no touch of the rule's "
                "kind precedes."
            ),
            width=12,
            covers="months",
            kind="heatmap",
            unit="money",
            columns=(
                Column("marketing_channel", "Channel", "name"),
                Column("model", "Model", "name"),
                Column("net_sales_amount", "Net sales", "money"),
            ),
            is_labelled=True,
            needs=TOUCHES,
        ),
        Trend("spend", "Ad spend by channel", by="marketing_channel", kind="stacked", needs=SPEND),
        Trend("sessions", "Visits by channel", by="marketing_channel", kind="stacked", needs=VISITS),
        Trend("conversion_rate", "Conversion rate", width=4, needs=VISITS),
        Trend("customer_acquisition_cost", "Cost of a new customer", width=4, needs=SPEND),
        SqlChart(
            "Campaigns: spend and return",
            _HERE / "campaign_returns.sql",
            definition="Each campaign by what was spent on it and what it brought for each amount spent.",
            width=4,
            covers="months",
            kind="scatter",
            unit="money",
            second_unit="times",
            columns=(
                Column("campaign_name", "Campaign"),
                Column("spend_amount", "Ad spend", "money"),
                Column("return_on_ad_spend", "Credited net sales ÷ spend", "times"),
            ),
            needs=SPEND,
        ),
        SqlTable(
            "Campaigns",
            _HERE / "campaigns.sql",
            definition="What each campaign cost, and what it brought by the model of the shop. At most 500.",
            width=12,
            covers="months",
            columns=(
                Column("campaign_name", "Campaign"),
                Column("platform", "Platform", "name"),
                Column("marketing_channel", "Channel", "name"),
                Column("spend_amount", "Ad spend", "money"),
                Column("impression_count", "Shown", "count"),
                Column("click_count", "Clicks", "count"),
                Column("click_through_rate", "Click rate", "rate", "Clicks ÷ times shown."),
                Column("cost_per_click", "Per click", "money", "Ad spend ÷ clicks."),
                Column("order_credit", "Credited orders", "quantity", "Valid orders, in parts, by the shop's model."),
                Column("net_sales_amount", "Credited net sales", "money", _CREDITED),
                Column("claimed_revenue_amount", "Claimed", "money"),
                Column("return_on_ad_spend", "Return on spend", "times", "Credited net sales ÷ ad spend."),
            ),
            needs=SPEND,
        ),
        SqlTable(
            "Claimed against observed",
            _HERE / "overclaim.sql",
            definition="How many times what the shop credits a platform with the platform claims for itself.",
            covers="months",
            columns=(
                Column("platform", "Platform", "name"),
                Column("claimed_order_count", "Claimed orders", "quantity"),
                Column("order_credit", "Credited orders", "quantity"),
                Column("order_overclaim_ratio", "Times", "times", "Claimed orders ÷ credited orders."),
                Column("revenue_overclaim_ratio", "Times, in money", "times", "Claimed revenue ÷ credited net sales."),
                Column("return_on_ad_spend", "Return on spend", "times", "Credited net sales ÷ ad spend."),
            ),
            needs=SPEND,
        ),
        SqlTable(
            "Paths to an order",
            _HERE / "paths.sql",
            definition=(
                "The channels that customers came through before an order, in their order: the 200 most frequent paths."
            ),
            covers="all time",
            columns=(
                Column("path", "Path"),
                Column("order_count", "Orders", "count"),
                Column("new_customer_rate", "By new customers", "rate", "First orders of persons ÷ orders."),
                Column("net_sales_amount", "Net sales", "money"),
                Column("mean_days_to_order", "Days", "days", "Days from the first touch to the order, on average."),
            ),
            needs=TOUCHES,
        ),
    ),
)
