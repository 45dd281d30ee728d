"""A chart's content as HTML and SVG, without a script: the same content that the dashboard gives to ECharts."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from shophouse.serve.dashboard.charts import LESS, MORE, PALETTE, SHADES, described, short_name, spans
from shophouse.serve.dashboard.contents import Chart
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.report.plots import plot, scatter

__all__ = ["chart", "values"]

_PLOTTED = ("line", "area", "bar", "stacked")
_DARK = 0.179
"""On what is less bright, white is easier to read than black."""


def chart(content: Chart, formats: Formats, width: int) -> str:
    """A chart that has at least one value; `width` is how many of twelve columns it takes."""
    if content.kind in _PLOTTED:
        return plot(content, formats, width)
    if content.kind == "scatter":
        return scatter(content, formats)
    if content.kind == "heatmap":
        return _heatmap(content, formats)
    rows = {"waterfall": _waterfall, "funnel": _funnel}.get(content.kind, _ranking)(content, formats)
    return f'<table class="bars" aria-label="{escape(content.title)}">{"".join(rows)}</table>'


def values(content: Chart, formats: Formats) -> str:
    """The numbers of a chart that does not write them, as a table; nothing for one that does."""
    if content.kind not in (*_PLOTTED, "scatter"):
        return ""
    units = [content.unit] * len(content.series)
    if content.kind == "scatter":
        units[1] = content.second_unit or content.unit
    head = "".join(f'<th class="number">{escape(series.name)}</th>' for series in content.series)
    rows = []
    for at, label in enumerate(content.labels):
        row = [series.values[at] if at < len(series.values) else None for series in content.series]
        written = [formats.value(value, unit) for value, unit in zip(row, units, strict=True)]
        cells = "".join(f'<td class="number">{escape(value)}</td>' for value in written)
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    first = escape(content.columns[0].label) if content.columns else ""
    return f"<table><thead><tr><th>{first}</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _ranking(content: Chart, formats: Formats) -> Iterator[str]:
    known = [float(value) for series in content.series for value in series.values if value is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    if len(content.series) > 1:
        keys = "".join(
            f'<span><i style="background:{PALETTE[at % len(PALETTE)]}"></i>{escape(series.name)}</span>'
            for at, series in enumerate(content.series)
        )
        yield f'<caption class="legend">{keys}</caption>'
    for row, label in enumerate(content.labels):
        for number, series in enumerate(content.series):
            value = series.values[row]
            name = _name(label, len(content.series)) if number == 0 else ""
            bar = _bar(0.0, float(value or 0), low, high, PALETTE[number % len(PALETTE)])
            yield _row(name, bar, formats.value(value, content.unit), is_next=number > 0)


def _waterfall(content: Chart, formats: Formats) -> Iterator[str]:
    placed = spans(content)
    ends = [end for span in placed for end in span]
    low, high = min(0.0, *ends), max(0.0, *ends)
    for at, (label, value) in enumerate(zip(content.labels, content.series[0].values, strict=True)):
        start, end = placed[at]
        color = PALETTE[0] if at in content.totals else MORE if end >= start else LESS
        yield _row(_name(label), _bar(start, end, low, high, color), formats.value(value, content.unit))


def _funnel(content: Chart, formats: Formats) -> Iterator[str]:
    """A bar for each step, with what it is of the first."""
    steps = content.series[0].values
    first = float(steps[0] or 0)
    for label, value in zip(content.labels, steps, strict=True):
        share = f" ({formats.value(float(value or 0) / first, 'rate')})" if first else ""
        bar = _bar(0.0, float(value or 0), 0.0, max(first, *(float(step or 0) for step in steps)), PALETTE[0])
        yield _row(_name(label), bar, formats.value(value, content.unit) + share)


def _name(label: str, rows: int = 1) -> str:
    short = short_name(label)
    told = f' title="{escape(label)}"' if short != label else ""
    over = f' rowspan="{rows}"' if rows > 1 else ""
    return f'<th scope="row"{told}{over}>{escape(short)}</th>'


def _bar(start: float, end: float, low: float, high: float, color: str) -> str:
    whole = (high - low) or 1.0
    left, right = sorted((start, end))
    place = f"left:{100 * (left - low) / whole:.2f}%;width:{100 * (right - left) / whole:.2f}%"
    return f'<i style="{place};background:{color}"></i>'


def _row(name: str, bar: str, written: str, *, is_next: bool = False) -> str:
    more = ' class="next"' if is_next else ""
    return f'<tr{more}>{name}<td class="track"><div>{bar}</div></td><td class="number">{escape(written)}</td></tr>'


def _heatmap(content: Chart, formats: Formats) -> str:
    known = [float(value) for series in content.series for value in series.values if value is not None]
    low, high = min(known), max(known)
    kind, wide = ("labelled", 52) if content.is_labelled else ("bare", 24)
    named = [escape(column.label) for column in content.columns[:2]] or ["", ""]
    head = "".join(f"<th>{escape(name)}</th>" for name in content.columns_across)
    rows = []
    for label, series in zip(content.labels, content.series, strict=True):
        cells = []
        for across, value in zip(content.columns_across, series.values, strict=True):
            if value is None:
                cells.append("<td></td>")
                continue
            share = (float(value) - low) / (high - low) if high > low else 1.0
            shade = _shade(share)
            dark = ' class="dark"' if _luminance(shade) < _DARK else ""
            told = escape(f"{label}, {across}: {formats.value(value, content.unit)}")
            text = escape(formats.short(value, content.unit))
            written = text if content.is_labelled else f'<span class="aloud">{text}</span>'
            cells.append(f'<td{dark} style="background:{_hex(shade)}" title="{told}">{written}</td>')
        rows.append(f'<tr><th scope="row">{escape(label)}</th>{"".join(cells)}</tr>')
    least = 90 + wide * len(content.columns_across)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(described(content, formats))}">'
        f'<table class="heat {kind}" style="min-width:{least}px">'
        f"<thead><tr><th>{named[0]} / {named[1]}</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


_SHADES = tuple(tuple(bytes.fromhex(shade.removeprefix("#"))) for shade in SHADES)


def _shade(share: float) -> tuple[int, ...]:
    place = min(max(share, 0.0), 1.0) * (len(_SHADES) - 1)
    at = min(int(place), len(_SHADES) - 2)
    parts = zip(_SHADES[at], _SHADES[at + 1], strict=True)
    return tuple(round(one + (other - one) * (place - at)) for one, other in parts)


def _hex(shade: tuple[int, ...]) -> str:
    return "#" + "".join(f"{part:02x}" for part in shade)


def _luminance(shade: tuple[int, ...]) -> float:
    """As WCAG 2 has it."""
    parts = [part / 255 for part in shade]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
