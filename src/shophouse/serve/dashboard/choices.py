"""What a view of a shop can be of: the days that there is anything of, and the values of its filters."""

from __future__ import annotations

from datetime import date

from shophouse.serve.dashboard.published import Published
from shophouse.serve.dashboard.view import FILTERS

__all__ = ["days_of", "filter_values"]

_FILTER_COLUMNS = {
    "store": "select distinct store_name from marts.sales_daily order by 1",
    "channel": "select distinct channel from marts.sales_daily order by 1",
    "country": "select distinct country_code from marts.sales_daily order by 1",
    "category": "select distinct category_name from marts.category_performance order by 1",
}


def days_of(published: Published) -> tuple[date, date, date]:
    """The first day that there is anything of, the last with a valid order, and the last with anything at all.

    Of a shop without any it is today.
    """
    [(first, last, until)] = published.query(
        "select min(date_day), max(date_day) filter (order_count > 0), max(date_day) from marts.sales_daily"
    ).rows
    today = date.today()
    return first or today, last or until or today, until or today


def filter_values(published: Published) -> dict[str, list[str]]:
    """What each filter can be set to."""
    return {name: [str(row[0]) for row in published.query(_FILTER_COLUMNS[name]).rows] for name in FILTERS}
