"""Charts with axes, as SVG that stretches with the page: lines, areas, bars and points.

Only the shapes are in the SVG; ticks and labels are HTML beside it, so that text keeps its size on a telephone and on
paper. A slot of the axis tells its values to those who point at it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

from shophouse.serve.dashboard.charts import PALETTE, described
from shophouse.serve.dashboard.contents import Chart, Series
from shophouse.serve.dashboard.formats import Formats

__all__ = ["plot", "scatter"]

_QUIET_LINE, _QUIET_BAR = "#7a8590", "#9aa5b0"
_FEW = 7
_PAGE_PIXELS, _TELEPHONE_PIXELS = 960, 270
_AROUND_PIXELS = 100
_LETTER_PIXELS = 6.4
_GAP_PIXELS = 16


def plot(chart: Chart, formats: Formats, width: int) -> str:
    """A chart of lines, areas or bars over its labels. `width` is how many of twelve columns it takes."""
    is_line = chart.kind in ("line", "area")
    ticks = _ticks(*_range(chart))
    up = _scale(ticks)
    shapes = _lines(chart, up) if is_line else _bars(chart, up)
    grid = [_rule(up(tick)) for tick in ticks]
    legend = _legend(chart) if len(chart.series) > 1 else ""
    return _framed(
        chart,
        formats,
        legend,
        [formats.short(tick, chart.unit) for tick in ticks],
        "".join([*grid, *shapes, *_slots(chart, formats)]),
        _labels(chart.labels, width),
    )


def scatter(chart: Chart, formats: Formats) -> str:
    """Points of two numbers: the first series runs across, the second up."""
    across, above = chart.series
    points = [
        (label, float(x), float(y))
        for label, x, y in zip(chart.labels, across.values, above.values, strict=True)
        if x is not None and y is not None
    ]
    second = chart.second_unit or chart.unit
    side = _ticks(min(0.0, *(y for _, _, y in points)), max(y for _, _, y in points))
    below = _ticks(min(0.0, *(x for _, x, _ in points)), max(x for _, x, _ in points))
    right, up = _scale(below), _scale(side)
    drawn = [_rule(up(tick)) for tick in side]
    for label, x, y in points:
        told = f"{label}: {formats.value(x, chart.unit)}, {formats.value(y, second)}"
        at = f"M{_round(100 - right(x))} {_round(up(y))}h0"
        drawn.append(f'<path class="point" d="{at}" stroke="{PALETTE[0]}"><title>{escape(told)}</title></path>')
    labels = "".join(
        f'<span{" class=end" if tick == below[-1] else ""} style="left:{_round(100 - right(tick))}%">'
        f"{escape(formats.short(tick, chart.unit))}</span>"
        for tick in below
    )
    names = f'<div class="axis-name">{escape(above.name)} ↑ &nbsp; {escape(across.name)} →</div>'
    ticks = [formats.short(tick, second) for tick in side]
    return _framed(chart, formats, names, ticks, "".join(drawn), f'<div class="x placed">{labels}</div>')


def _framed(chart: Chart, formats: Formats, above: str, ticks: Sequence[str], shapes: str, below: str) -> str:
    side = "".join(f"<span>{escape(tick)}</span>" for tick in reversed(ticks))
    return (
        f'{above}<div class="plot" role="img" aria-label="{escape(described(chart, formats))}">'
        f'<div class="y">{side}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none">{shapes}</svg>{below}</div>'
    )


def _legend(chart: Chart) -> str:
    keys = "".join(
        f'<span><i style="background:{_color(chart, at)}"></i>{escape(series.name)}</span>'
        for at, series in enumerate(chart.series)
    )
    return f'<div class="legend">{keys}</div>'


def _color(chart: Chart, at: int) -> str:
    if chart.series[at].is_quiet:
        return _QUIET_LINE if chart.kind in ("line", "area") else _QUIET_BAR
    return PALETTE[at % len(PALETTE)]


def _range(chart: Chart) -> tuple[float, float]:
    if chart.kind != "stacked":
        known = [float(value) for series in chart.series for value in series.values if value is not None]
        return min(0.0, *known), max(0.0, *known)
    sums = [_stack(chart.series, at) for at in range(len(chart.labels))]
    return min(low for low, _ in sums), max(high for _, high in sums)


def _stack(series: Sequence[Series], at: int) -> tuple[float, float]:
    values = [float(one.values[at] or 0) for one in series]
    return sum(value for value in values if value < 0), sum(value for value in values if value > 0)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers, four to six, from below the smallest to above the largest."""
    if high <= low:
        high = low + 1
    raw = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) + 0.0 for number in range(first, last + 1)]


def _scale(ticks: Sequence[float]) -> Callable[[float], float]:
    """From a value to how far below the upper edge it is, in percent."""
    return lambda value: 100 - 100 * (value - ticks[0]) / (ticks[-1] - ticks[0])


def _rule(up: float) -> str:
    return f'<path class="rule" d="M0 {_round(up)}H100"/>'


def _lines(chart: Chart, up: Callable[[float], float]) -> Iterator[str]:
    slot = 100 / len(chart.labels)

    def place(at: int) -> float:
        return (at + 0.5) * slot

    # what is compared with lies behind
    for at, series in sorted(enumerate(chart.series), key=lambda pair: not pair[1].is_quiet):
        color = _color(chart, at)
        values = [None if value is None else float(value) for value in series.values]
        for run in _runs(values, place, up):
            if chart.kind == "area" and not series.is_quiet:
                start, end = run[1:].split("L")[0].split()[0], run[1:].split("L")[-1].split()[0]
                ground = _round(up(0))
                yield f'<path class="fill" d="{run}L{end} {ground}L{start} {ground}Z" fill="{color}"/>'
            yield f'<path class="{"quiet line" if series.is_quiet else "line"}" d="{run}" stroke="{color}"/>'


def _runs(values: Sequence[float | None], place: Callable[[int], float], up: Callable[[float], float]) -> Iterator[str]:
    """A path for each stretch without a gap; one value alone is a point."""
    run: list[str] = []
    for at, value in enumerate((*values, None)):
        if value is not None:
            run.append(f"{_round(place(at))} {_round(up(value))}")
        elif run:
            yield "M" + "L".join(run if len(run) > 1 else [*run, *run])
            run = []


def _bars(chart: Chart, up: Callable[[float], float]) -> Iterator[str]:
    slot = 100 / len(chart.labels)
    many = len(chart.series) if chart.kind != "stacked" else 1
    wide = min(slot * 0.72 / many, 9)
    for at in range(len(chart.labels)):
        below, above = 0.0, 0.0
        for number, series in enumerate(chart.series):
            value = float(series.values[at] or 0) if at < len(series.values) else 0.0
            if not value:
                continue
            ground = 0.0
            if chart.kind == "stacked":
                ground = above if value > 0 else below
                above, below = above + max(value, 0), below + min(value, 0)
            left = (at + 0.5) * slot - wide * many / 2 + (wide * number if many > 1 else 0)
            top, bottom = sorted((up(ground), up(ground + value)))
            yield (
                f'<rect x="{_round(left)}" y="{_round(top)}" width="{_round(wide * (0.92 if many > 1 else 1))}" '
                f'height="{_round(bottom - top)}" fill="{_color(chart, number)}"/>'
            )


def _slots(chart: Chart, formats: Formats) -> Iterator[str]:
    slot = 100 / len(chart.labels)
    for at, label in enumerate(chart.labels):
        values = [
            f"{series.name}: {formats.value(series.values[at], chart.unit)}"
            for series in chart.series
            if at < len(series.values)
        ]
        told = escape("\n".join([label, *values]))
        place = f'x="{_round(at * slot)}" width="{_round(slot)}" height="100"'
        yield f'<rect class="slot" {place}><title>{told}</title></rect>'


def _labels(labels: Sequence[str], width: int) -> str:
    if len(labels) <= _FEW:
        return '<div class="x slots">' + "".join(f"<span>{escape(label)}</span>" for label in labels) + "</div>"
    page = _fitting(labels, _PAGE_PIXELS * width / 12 - _AROUND_PIXELS)
    telephone = _fitting(labels, _TELEPHONE_PIXELS)
    drawn = []
    for at in sorted(page | telephone):
        only = "" if at in page and at in telephone else ' class="wide"' if at in page else ' class="narrow"'
        place = _round((at + 0.5) * 100 / len(labels))
        drawn.append(f'<span{only} style="left:{place}%">{escape(labels[at])}</span>')
    return f'<div class="x placed">{"".join(drawn)}</div>'


def _fitting(labels: Sequence[str], pixels: float) -> set[int]:
    """Which of the labels stand beside each other in so much room: every second, every third …"""
    longest = max(map(len, labels)) * _LETTER_PIXELS
    slot = pixels / len(labels)
    every = max(1, math.ceil((longest + _GAP_PIXELS) / slot))
    return {at for at in range(0, len(labels), every) if (at + 0.5) * slot + longest / 2 <= pixels + 8}


def _round(value: Any) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
