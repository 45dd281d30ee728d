"""ECharts' options of a chart's content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from shophouse.serve.dashboard.contents import Chart, Series
from shophouse.serve.dashboard.formats import Formats

__all__ = [
    "LESS",
    "MORE",
    "PALETTE",
    "PALETTE_DARK",
    "SHADES",
    "described",
    "options",
    "short_name",
    "spans",
    "sparkline",
]

PALETTE = ("#2563a8", "#c2570c", "#177a5b", "#8b3fa8", "#a3742a", "#b3334d", "#4a6378", "#5b7f12")
"""Colours that can be told apart by those who see red and green alike, each readable on white."""
PALETTE_DARK = ("#6ba6e8", "#ea8a45", "#43b78e", "#bd85d8", "#cfa355", "#e56e86", "#94a9bb", "#98bf4f")
"""The same on black."""
SHADES = ("#eef4fb", "#9cc3ea", "#2563a8", "#12365f")
"""Of a heat map, from little to much."""
_FEW = 7
"""So many labels that each is written, whatever room there is."""
_INSIDE = {"alignMinLabel": "left", "alignMaxLabel": "right"}
_LONGEST_WORD = 22
_WHOLE, _MORE, _LESS = 0, 2, 5
MORE, LESS = PALETTE[_MORE], PALETTE[_LESS]
_FONT = "Inter, 'Segoe UI', system-ui, sans-serif"


def options(chart: Chart, formats: Formats, *, is_dark: bool) -> dict[str, Any]:
    """What ECharts draws. Money and counts are plain numbers in it: what people read is formatted by `formats`."""
    ink = "#e6e8eb" if is_dark else "#20262d"
    line = "#3a424c" if is_dark else "#dde1e6"
    palette = PALETTE_DARK if is_dark else PALETTE
    base: dict[str, Any] = {
        "color": list(palette),
        "textStyle": {"color": ink, "fontFamily": _FONT},
        # each frame of one is drawn by the browser's only thread, for every chart of the page
        "animation": False,
        "aria": {"enabled": True, "label": {"description": described(chart, formats)}},
        "tooltip": {"trigger": "axis", "confine": True, "axisPointer": {"type": "shadow"}},
        "grid": {"left": 8, "right": 16, "top": 34 if len(chart.series) > 1 else 12, "bottom": 8, "containLabel": True},
    }
    if chart.kind == "heatmap":
        return base | _heatmap(chart, formats, ink)
    if chart.kind == "scatter":
        return base | _scatter(chart, formats, ink, line)
    runs_down = chart.kind in ("ranking", "waterfall", "funnel")
    values = _value_axis(chart.unit, formats, ink, line)
    names: dict[str, Any] = {
        "type": "category",
        "data": list(chart.labels),
        "axisLabel": {"color": ink, "hideOverlap": True, "showMinLabel": True, **_INSIDE},
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": line}},
    }
    if runs_down:
        values["splitNumber"] = 3
        label = {"color": ink, "width": 120, "overflow": "break", "lineHeight": 13, "interval": 0}
        names |= {"inverse": True, "axisLabel": label, "data": [_breakable(short_name(name)) for name in chart.labels]}
        values["axisLabel"] |= _INSIDE
    elif len(chart.labels) <= _FEW:
        names["axisLabel"] = {"color": ink, "interval": 0, "fontSize": 11}
    base["xAxis"], base["yAxis"] = (values, names) if runs_down else (names, values)
    if chart.kind in ("waterfall", "funnel"):
        values["show"] = False
        base["grid"]["right"] = 96
        is_waterfall = chart.kind == "waterfall"
        base["series"] = _waterfall(chart, formats, ink, palette) if is_waterfall else _funnel(chart, formats, ink)
        base["tooltip"] = {"show": False}
        return base
    base["series"] = [_series(chart, one) for one in chart.series]
    base["tooltip"][":valueFormatter"] = _long(chart.unit, formats)
    if len(chart.series) > 1:
        base["legend"] = {"top": 0, "type": "scroll", "textStyle": {"color": ink}, "icon": "roundRect"}
    return base


def _value_axis(unit: str, formats: Formats, ink: str, line: str) -> dict[str, Any]:
    return {
        "type": "value",
        "axisLabel": {"color": ink, ":formatter": _short(unit, formats), "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": line}},
    }


def sparkline(values: tuple[float | None, ...]) -> str:
    """A line without axes, as SVG that fills its place; a value that is not known leaves a gap."""
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    pieces: list[str] = []
    move = "M"
    for at, value in enumerate(values):
        if value is None:
            move = "M"
            continue
        up = 5 + 90 * (high - value) / (high - low) if high > low else 50.0
        pieces.append(f"{move}{100 * at / (len(values) - 1):.1f} {up:.1f}")
        move = "L"
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{"".join(pieces)}" vector-effect="non-scaling-stroke"/></svg>'
    )


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
    if series.is_quiet:
        drawn["itemStyle"] = {"color": "#9aa5b0"}
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
    least, most = min(numbers, default=0), max(numbers, default=1)
    data: list[Any] = cells
    name = chart.columns[1].label if len(chart.columns) > 1 else ""
    below = {"name": name, "nameLocation": "middle", "nameGap": 26, "nameTextStyle": {"color": ink}}
    if chart.is_labelled:
        # white on the darker half, so that each number can be read
        data = [
            {
                "value": cell,
                "label": {
                    "show": True,
                    "formatter": formats.short(cell[2], chart.unit),
                    "fontSize": 11,
                    "color": "#ffffff" if cell[2] > least + (most - least) * 0.45 else "#20262d",
                },
            }
            for cell in cells
        ]
    return {
        "tooltip": {"confine": True, ":valueFormatter": _long(chart.unit, formats)},
        "grid": {"left": 8, "right": 8, "top": 8, "bottom": 22, "containLabel": True},
        "xAxis": {**axis, "data": list(chart.columns_across), "axisLabel": {"color": ink, "hideOverlap": True}} | below,
        "yAxis": {**axis, "data": list(chart.labels), "inverse": True, "axisLabel": {"color": ink, "interval": 0}},
        "visualMap": {
            "show": False,
            "min": least,
            "max": most,
            "inRange": {"color": list(SHADES)},
        },
        "series": [{"type": "heatmap", "name": chart.title, "data": data}],
    }


def spans(chart: Chart) -> list[tuple[float, float]]:
    """Where each bar of a waterfall begins and ends: on what the steps before left; totals stand on the ground."""
    found: list[tuple[float, float]] = []
    level = 0.0
    for at, value in enumerate(chart.series[0].values):
        start = 0.0 if at in chart.totals else level
        level = start + float(value or 0)
        found.append((start, level))
    return found


def _waterfall(chart: Chart, formats: Formats, ink: str, palette: Sequence[str]) -> list[dict[str, Any]]:
    """Bars on what the steps before left, and nothing below them."""
    ground: list[float] = []
    bars: list[dict[str, Any]] = []
    for at, (value, (start, level)) in enumerate(zip(chart.series[0].values, spans(chart), strict=True)):
        color = palette[_WHOLE if at in chart.totals else _MORE if level >= start else _LESS]
        written = formats.value(value, chart.unit)
        bars.append(
            {
                "value": abs(float(value or 0)),
                "itemStyle": {"color": color, "borderRadius": 2},
                "label": {"show": True, "position": "right", "color": ink, "formatter": written},
            }
        )
        ground.append(min(start, level))
    stacked = {"type": "bar", "stack": "all", "stackStrategy": "all", "barMaxWidth": 26}
    hidden = {"itemStyle": {"color": "transparent"}, "silent": True, "tooltip": {"show": False}}
    return [
        {**stacked, "data": ground, **hidden},
        {**stacked, "name": chart.series[0].name, "data": bars},
    ]


def _funnel(chart: Chart, formats: Formats, ink: str) -> list[dict[str, Any]]:
    """A bar for each step, with what it is of the first."""
    values = chart.series[0].values
    first = float(values[0] or 0) if values else 0.0
    bars = []
    for value in values:
        share = f" ({formats.value(float(value or 0) / first, 'rate')})" if first else ""
        written = formats.value(value, chart.unit) + share
        bars.append(
            {"value": _number(value), "label": {"show": True, "position": "right", "color": ink, "formatter": written}}
        )
    shape = {"barMaxWidth": 30, "itemStyle": {"borderRadius": [0, 3, 3, 0]}}
    return [{"type": "bar", "name": chart.series[0].name, "data": bars, **shape}]


def _scatter(chart: Chart, formats: Formats, ink: str, line: str) -> dict[str, Any]:
    across, up = chart.series
    points = [
        {"name": label, "value": [_number(x), _number(y)]}
        for label, x, y in zip(chart.labels, across.values, up.values, strict=True)
    ]
    second = chart.second_unit or chart.unit
    below = {"name": across.name, "nameLocation": "middle", "nameGap": 26, "nameTextStyle": {"color": ink}}
    above = {"name": up.name, "nameLocation": "end", "nameGap": 10, "nameTextStyle": {"color": ink, "align": "left"}}
    # ECharts takes what a function returns for HTML, and names are the shop's
    told = (
        f"point => point.name.replace(/[&<>]/g, c => '&#' + c.charCodeAt(0) + ';') + "
        f"'<br>' + {json.dumps(across.name)} + ': ' + ({_long(chart.unit, formats)})(point.value[0]) + "
        f"'<br>' + {json.dumps(up.name)} + ': ' + ({_long(second, formats)})(point.value[1])"
    )
    return {
        "tooltip": {"confine": True, ":formatter": told},
        "grid": {"left": 8, "right": 24, "top": 30, "bottom": 24, "containLabel": True},
        "xAxis": _value_axis(chart.unit, formats, ink, line) | below,
        "yAxis": _value_axis(second, formats, ink, line) | above,
        "series": [{"type": "scatter", "name": chart.title, "data": points, "symbolSize": 9}],
    }


def short_name(name: str) -> str:
    """A name that is one long word, as an id is, with its middle left out."""
    is_id = " " not in name and any(letter.isdigit() for letter in name)
    return name if len(name) <= _LONGEST_WORD or not is_id else f"{name[:8]}…{name[-4:]}"


def _breakable(name: str) -> str:
    """A name that ECharts may break after an underscore; by itself it does so after any letter."""
    return name.replace("_", "_\u200b")


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _intl(unit: str, formats: Formats, more: str) -> str:
    locale = str(formats.locale).replace("_", "-")
    style = {
        "money": f"style: 'currency', currency: '{formats.currency}'",
        "rate": "style: 'percent'",
        "days": "style: 'unit', unit: 'day', unitDisplay: 'short'",
        "seconds": "style: 'unit', unit: 'second', unitDisplay: 'narrow'",
    }.get(unit, "style: 'decimal'")
    return f"value => value == null ? '–' : new Intl.NumberFormat('{locale}', {{{style}, {more}}}).format(value)"


def _short(unit: str, formats: Formats) -> str:
    if unit in ("rate", "days", "seconds"):
        return _intl(unit, formats, "maximumFractionDigits: 1")
    return _intl(unit, formats, "notation: 'compact', maximumFractionDigits: 1")


def _long(unit: str, formats: Formats) -> str:
    if unit == "money":
        return _intl(unit, formats, "")
    return _intl(unit, formats, f"maximumFractionDigits: {1 if unit == 'rate' else 2}")
