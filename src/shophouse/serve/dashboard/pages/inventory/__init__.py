"""What is in stock, for how long, what to order, and what lies dead."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.blocks import RowOfFigures, Trend
from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import STOCK
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

_HERE = Path(__file__).parent
_PRODUCT = "/product?key={product_key}"
_TODAY = "last day of the stock"
_LISTED = f"{_TODAY}; at most 1,000"
_LOST = (
    "What would have been sold on the days without stock of the last 28, at the pace of the days with stock; in 95 of"
    " 100 cases it lies between low and high."
)

PAGE = Page(
    name="inventory",
    title="Inventory",
    icon="inventory",
    position=5,
    needs=STOCK,
    choices=("period", "comparison", "grain"),
    blocks=(
        SqlFigures(
            "To do today",
            _HERE / "figures.sql",
            covers=_TODAY,
            columns=(
                Column(
                    "to_reorder", "Stocks to reorder", "count", "Products × places at or below their reorder point."
                ),
                Column("order_value_amount", "Cost of ordering", "money", "Units to order × their cost."),
                Column("sold_out", "Sold out", "count", "Products × places without stock that are asked for."),
                Column("lost_sales_amount", "Lost sales, 28 days", "money", _LOST),
                Column(
                    "median_cover", "Median cover", "days", "Days that the stock lasts at its pace: half have more."
                ),
                Column("dead_amount", "Dead stock", "money", "Value at cost of what nothing was sold of for long."),
                Column(
                    "excess_amount", "Overstock", "money", "Value at cost beyond what the shop's days of stock sell."
                ),
                Column("without_cost", "Without cost", "count", "Stocks whose cost is not known: in no value here."),
            ),
        ),
        RowOfFigures(("stock_value", "stock_units", "stock_out_rate"), "In the period"),
        SqlChart(
            "Stocks by health",
            _HERE / "health.sql",
            definition=(
                "Products × places. Reorder: at or below the reorder point; stock-out: nothing there, but wanted; "
                "overstock: more than the shop's days of stock sell; dead: nothing sold for long; gone: nothing "
                "there, nothing sold."
            ),
            width=4,
            covers=_TODAY,
            kind="ranking",
            columns=(Column("stock_class", "Health", "name"), Column("stocks", "Stocks", "count")),
        ),
        SqlChart(
            "Value by health",
            _HERE / "health_value.sql",
            definition="Units on hand × their cost, by health.",
            width=4,
            covers=_TODAY,
            kind="ranking",
            unit="money",
            columns=(Column("stock_class", "Health", "name"), Column("stock_value_amount", "Value", "money")),
        ),
        SqlChart(
            "Days of cover",
            _HERE / "cover.sql",
            definition="Stocks that still sell, by how many days they last at their pace.",
            width=4,
            covers=_TODAY,
            kind="bar",
            columns=(Column("days", "Days"), Column("stocks", "Stocks", "count")),
        ),
        SqlTable(
            "To reorder",
            _HERE / "reorder.sql",
            definition="What is at or below its reorder point, the most urgent first. A click leads to the product.",
            width=12,
            covers=_LISTED,
            columns=(
                Column("product_name", "Product"),
                Column("location_name", "Place"),
                Column("stock_class", "Health", "name"),
                Column("on_hand_quantity", "On hand", "quantity", "Units there, reserved ones among them."),
                Column("reserved_quantity", "Reserved", "quantity", "Units promised to orders."),
                Column("incoming_quantity", "On order", "quantity"),
                Column("mean_daily_quantity", "Sold a day", "mean", "Units per day with stock, of the last 28."),
                Column("days_of_cover", "Cover", "days", "Days that the stock lasts at that pace."),
                Column(
                    "reorder_point_quantity",
                    "Reorder at",
                    "quantity",
                    "What lasts for the lead time in 95 of 100 cases.",
                ),
                Column("to_order_quantity", "To order", "quantity"),
                Column("order_value_amount", "Cost", "money", "Units to order × their cost."),
            ),
            link=_PRODUCT,
            empty="None.",
        ),
        SqlTable(
            "Dead and too much",
            _HERE / "excess.sql",
            definition="Stock that doesn't sell, or lasts too long, by its value. A click leads to the product.",
            covers=_LISTED,
            columns=(
                Column("product_name", "Product"),
                Column("location_name", "Place"),
                Column("stock_class", "Health", "name"),
                Column("excess_quantity", "Too much", "quantity", "Units beyond what the shop's days of stock sell."),
                Column("excess_amount", "Value", "money", "Those units × their cost."),
                Column("days_without_sale", "No sale for", "days"),
            ),
            link=_PRODUCT,
            empty="None.",
        ),
        SqlTable(
            "Lost sales",
            _HERE / "lost_sales.sql",
            definition=_LOST + " A click leads to the product.",
            covers="the last 28 days of the stock; at most 1,000",
            columns=(
                Column("product_name", "Product"),
                Column("location_name", "Place"),
                Column(
                    "stock_out_day_count", "Days without", "count", "Of the last 28, days that ended without stock."
                ),
                Column("lost_sales_amount", "Lost", "money"),
                Column("lost_sales_low_amount", "Low", "money"),
                Column("lost_sales_high_amount", "High", "money"),
            ),
            link=_PRODUCT,
            empty="None.",
        ),
        Trend("stock_out_rate", "Stock-out rate", width=4),
        SqlChart(
            "Sell-through by month",
            _HERE / "sell_through.sql",
            definition="Units sold ÷ (units sold + units left at the end of the month).",
            width=4,
            covers="the last 12 months",
            unit="rate",
            columns=(Column("month_start_date", "Month", "month"), Column("sell_through_rate", "Sell-through", "rate")),
        ),
        SqlChart(
            "Sell-through by place",
            _HERE / "sell_through_places.sql",
            definition="Units sold ÷ (units sold + units left at the end of the last month of the period).",
            width=4,
            covers="months",
            kind="ranking",
            unit="rate",
            columns=(Column("location_name", "Place"), Column("sell_through_rate", "Sell-through", "rate")),
        ),
    ),
)
