"""Questions as charts of Superset: what kind, and which of its settings."""

from __future__ import annotations

from typing import Any

from shophouse.serve.bi.questions import Question
from shophouse.serve.dashboard.contents import Column

__all__ = ["measures", "metric_of", "number_format", "params", "viz_type"]

_KINDS = {
    "figure": "big_number_total",
    "table": "table",
    "line": "echarts_timeseries_line",
    "area": "echarts_area",
    "bar": "echarts_timeseries_bar",
    "stacked": "echarts_timeseries_bar",
    "ranking": "echarts_timeseries_bar",
    "waterfall": "echarts_timeseries_bar",
    "funnel": "funnel",
    "heatmap": "heatmap_v2",
    "scatter": "bubble_v2",
}
_ADDED_UP = ("money", "amount", "count", "quantity", "seconds")
_FORMATS = {"rate": ",.1%", "count": ",d", "times": ",.2f", "score": ",.2f", "quantity": ",.1f", "days": ",.1f"}


def viz_type(question: Question) -> str:
    return _KINDS[question.kind]


def measures(question: Question) -> list[Column]:
    """The columns with the numbers that it shows."""
    if question.kind == "figure":
        return list(question.columns)
    if question.kind == "table":
        return []
    return list(question.columns[2 if question.is_spread else 1 :])


def metric_of(column: Column) -> str:
    """The expression over a question's rows, of which each is shown as it is."""
    return f"{'sum' if column.unit in _ADDED_UP else 'max'}({column.name})"


def number_format(column: Column, currency: str) -> dict[str, Any]:
    """Its format, as Superset's metrics have it."""
    made: dict[str, Any] = {
        "d3format": _FORMATS.get(column.unit, ",.2f" if column.unit in ("money", "amount") else None)
    }
    if column.unit == "money":
        made["currency"] = {"symbol": currency, "symbolPosition": "prefix"}
    return made


def params(question: Question, currency: str) -> dict[str, Any]:
    """The settings of the chart."""
    kind, columns = viz_type(question), question.columns
    numbers = [column.name for column in measures(question)]
    made: dict[str, Any] = {"viz_type": kind, "adhoc_filters": [], "row_limit": 10000, "extra_form_data": {}}
    if question.kind == "figure":
        shown = number_format(columns[0], currency)
        made |= {"metric": numbers[0], "y_axis_format": shown["d3format"] or "SMART_NUMBER"}
        if "currency" in shown:
            made["currency_format"] = shown["currency"]
    elif question.kind == "table":
        made |= {
            "query_mode": "raw",
            "all_columns": [column.name for column in columns],
            "column_config": {
                column.name: {
                    **(
                        {"d3NumberFormat": shown["d3format"]}
                        if (shown := number_format(column, currency))["d3format"]
                        else {}
                    ),
                    **({"currencyFormat": shown["currency"]} if "currency" in shown else {}),
                }
                for column in columns
            },
            "server_page_length": 10,
        }
    elif question.kind == "funnel":
        made |= {"groupby": [columns[0].name], "metric": numbers[0], "sort_by_metric": True}
    elif question.kind == "heatmap":
        made |= {
            "x_axis": columns[1].name,
            "groupby": columns[0].name,
            "metric": numbers[0],
            "normalize_across": "heatmap",
        }
    elif question.kind == "scatter":
        made |= {"entity": columns[0].name, "x": numbers[0], "y": numbers[1], "size": numbers[0]}
    else:
        made |= {
            "x_axis": columns[0].name,
            "time_grain_sqla": None,
            "metrics": numbers,
            "groupby": [columns[1].name] if question.is_spread else [],
            "stack": "Stack" if question.kind in ("stacked", "area") and question.is_spread else None,
            "orientation": "horizontal" if question.kind == "ranking" else "vertical",
            "show_legend": len(numbers) > 1 or question.is_spread,
            "y_axis_format": number_format(measures(question)[0], currency)["d3format"] or "SMART_NUMBER",
            "rich_tooltip": True,
        }
        if columns[0].unit not in ("day", "month"):
            made |= {"xAxisForceCategorical": True, "x_axis_sort_asc": question.kind != "ranking"}
    return made
