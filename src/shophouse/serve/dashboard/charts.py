"""ECharts' options of a chart's content."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shophouse.serve.dashboard.contents import Chart, Series
from shophouse.serve.dashboard.formats import Formats

__all__ = ["PALETTE", "options", "sparkline"]

PALETTE = ("#2563a8", "#c2570c", "#177a5b", "#8b3fa8", "#a3742a", "#b3334d", "#4a6378", "#5b7f12")
"""Colours that can be told apart by those who see red and green alike, each readable on white and on black."""


_ALL_NAMED = 6


def options(chart: Chart, formats: Formats, *, is_dark: bool) -> dict[str, Any]:
    """What ECharts draws. Money and counts are plain numbers in it: what people read is formatted by `formats`."""
    ink = "#e6e8eb" if is_dark else "#20262d"
    line = "#3a424c" if is_dark else "#dde1e6"
    base: dict[str, Any] = {
        "color": list(PALETTE),
        "textStyle": {"color": ink, "fontFamily": "inherit"},
        "animationDuration": 200,
        "aria": {"enabled": True, "label": {"description": described(chart, formats)}},
        "tooltip": {"trigger": "axis", "confine": True, "axisPointer": {"type": "shadow"}},
        "grid": {"left": 8, "right": 16, "top": 34 if len(chart.series) > 1 else 12, "bottom": 4, "containLabel": True},
    }
    if chart.kind == "heatmap":
        return base | _heatmap(chart, formats, ink)
    is_ranking = chart.kind == "ranking"
    values: dict[str, Any] = {"type": "value", "axisLabel": {"color": ink, ":formatter": _short(chart.unit, formats)}}
    values["splitLine"] = {"lineStyle": {"color": line}}
    if is_ranking:
        values["splitNumber"] = 3
    names: dict[str, Any] = {
        "type": "category",
        "data": list(chart.labels),
        "axisLabel": {"color": ink, "hideOverlap": True},
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": line}},
    }
    if chart.kind == "bar" and len(chart.labels) <= _ALL_NAMED:
        names["axisLabel"] = {"color": ink, "interval": 0, "width": 72, "overflow": "break"}
    if is_ranking:
        names |= {"inverse": True, "axisLabel": {"color": ink, "width": 110, "overflow": "truncate"}}
    base["xAxis"], base["yAxis"] = (values, names) if is_ranking else (names, values)
    base["series"] = [_series(chart, one) for one in chart.series]
    base["tooltip"][":valueFormatter"] = _long(chart.unit, formats)
    if len(chart.series) > 1:
        base["legend"] = {"top": 0, "type": "scroll", "textStyle": {"color": ink}, "icon": "roundRect"}
    return base


def sparkline(values: tuple[float | None, ...], *, is_good: bool | None) -> dict[str, Any]:
    """A line without axes."""
    return {
        "animation": False,
        "grid": {"left": 0, "right": 0, "top": 2, "bottom": 2},
        "xAxis": {"type": "category", "show": False, "data": list(range(len(values)))},
        "yAxis": {"type": "value", "show": False, "scale": True},
        "series": [
            {
                "type": "line",
                "data": list(values),
                "symbol": "none",
                "silent": True,
                "lineStyle": {"width": 1.5, "color": PALETTE[0]},
                "areaStyle": {"opacity": 0.12, "color": PALETTE[0]},
            }
        ],
    }


def described(chart: Chart, formats: Formats) -> str:
    """The chart in a sentence, for those who listen to it."""
    parts = []
    for series in chart.series[:6]:
        known = [(label, value) for label, value in zip(chart.labels, series.values, strict=False) if value is not None]
        if known and chart.kind != "heatmap":
            high = max(known, key=lambda pair: pair[1])
            low = min(known, key=lambda pair: pair[1])
            parts.append(
                f"{series.name}: {len(known)} values, the largest {formats.value(high[1], chart.unit)} at {high[0]}, "
                f"the smallest {formats.value(low[1], chart.unit)} at {low[0]}"
            )
    return f"{chart.title}. " + "; ".join(parts)


def _series(chart: Chart, series: Series) -> dict[str, Any]:
    drawn: dict[str, Any] = {"name": series.name, "data": [_number(value) for value in series.values]}
    if chart.kind in ("line", "area"):
        drawn |= {"type": "line", "symbolSize": 5, "showSymbol": len(series.values) < 40, "smooth": False}
        if chart.kind == "area" and not series.is_quiet:
            drawn["areaStyle"] = {"opacity": 0.15}
        if series.is_quiet:
            drawn |= {"lineStyle": {"type": "dashed", "width": 1.5}, "itemStyle": {"color": "#7a8590"}, "z": 1}
        return drawn
    drawn |= {"type": "bar", "barMaxWidth": 28}
    if chart.kind == "stacked":
        drawn["stack"] = "all"
    if chart.kind == "ranking":
        drawn["itemStyle"] = {"borderRadius": [0, 3, 3, 0]}
    return drawn


def _heatmap(chart: Chart, formats: Formats, ink: str) -> dict[str, Any]:
    cells = [
        [column, row, _number(value)]
        for row, series in enumerate(chart.series)
        for column, value in enumerate(series.values)
        if value is not None
    ]
    numbers = [cell[2] for cell in cells]
    axis = {"type": "category", "axisTick": {"show": False}, "axisLine": {"show": False}}
    return {
        "tooltip": {"confine": True, ":valueFormatter": _long(chart.unit, formats)},
        "grid": {"left": 8, "right": 8, "top": 8, "bottom": 4, "containLabel": True},
        "xAxis": {**axis, "data": list(chart.columns_across), "axisLabel": {"color": ink, "hideOverlap": True}},
        "yAxis": {**axis, "data": list(chart.labels), "inverse": True, "axisLabel": {"color": ink}},
        "visualMap": {
            "show": False,
            "min": min(numbers, default=0),
            "max": max(numbers, default=1),
            "inRange": {"color": ["#eef4fb", "#9cc3ea", "#2563a8", "#12365f"]},
        },
        "series": [{"type": "heatmap", "name": chart.title, "data": cells}],
    }


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _intl(unit: str, formats: Formats, more: str) -> str:
    locale = str(formats.locale).replace("_", "-")
    style = {
        "money": f"style: 'currency', currency: '{formats.currency}'",
        "rate": "style: 'percent'",
    }.get(unit, "style: 'decimal'")
    return f"value => value == null ? '–' : new Intl.NumberFormat('{locale}', {{{style}, {more}}}).format(value)"


def _short(unit: str, formats: Formats) -> str:
    if unit == "rate":
        return _intl(unit, formats, "maximumFractionDigits: 1")
    return _intl(unit, formats, "notation: 'compact', maximumFractionDigits: 1")


def _long(unit: str, formats: Formats) -> str:
    if unit == "money":
        return _intl(unit, formats, "")
    return _intl(unit, formats, f"maximumFractionDigits: {1 if unit == 'rate' else 2}")
