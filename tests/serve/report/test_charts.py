from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.report.parsed import Element, parsed
from shophouse.serve.dashboard.contents import Chart, ChartKind, Column, Series
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.report.charts import chart, values

EN = Formats("en_US", "USD")
AMOUNTS = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=40).filter(any)


def drawn(kind: ChartKind, *series: Series, totals: tuple[int, ...] = (), unit: str = "count") -> Element:
    labels = tuple(f"label {number}" for number in range(len(series[0].values)))
    columns = (Column("name", "Name"),)
    return parsed(
        chart(Chart("T", kind=kind, unit=unit, labels=labels, series=series, columns=columns, totals=totals), EN, 6)
    )


def bars(page: Element) -> list[tuple[float, float]]:
    """Where each bar ends above and below, in percent from the top."""
    found = [bar.attributes for bar in page.all("rect") if "slot" not in bar.attributes.get("class", "")]
    return [(float(bar["y"]), float(bar["y"]) + float(bar["height"])) for bar in found]


def widths(page: Element) -> list[tuple[float, float]]:
    """Where each bar of a ranking begins, and how long it is, in percent."""
    styles = [re.findall(r"(?:left|width):([0-9.]+)%", bar.attributes["style"]) for bar in page.all("i")]
    return [(float(left), float(width)) for left, width in styles]


@given(AMOUNTS)
def test_bars_are_as_high_as_their_values_and_stand_on_zero(amounts: list[int]) -> None:
    found = bars(drawn("bar", Series("a", tuple(map(Decimal, amounts)))))
    shown = [amount for amount in amounts if amount]
    assert len(found) == len(shown)
    largest = max(range(len(shown)), key=lambda at: abs(shown[at]))
    scale = (found[largest][1] - found[largest][0]) / abs(shown[largest])
    ground = found[largest][1] if shown[largest] > 0 else found[largest][0]
    for amount, (top, bottom) in zip(shown, found, strict=True):
        assert bottom - top == pytest.approx(abs(amount) * scale, abs=0.03)
        assert (bottom if amount > 0 else top) == pytest.approx(ground, abs=0.03)
        assert -0.01 <= top <= bottom <= 100.01


def test_stacked_bars_lie_on_each_other_and_below_zero_what_is_negative() -> None:
    found = bars(drawn("stacked", Series("a", (3,)), Series("b", (1,)), Series("c", (-2,))))
    (a_top, a_ground), (b_top, b_bottom), (c_ground, c_bottom) = found
    assert b_bottom == pytest.approx(a_top) and a_ground == pytest.approx(c_ground)
    assert (a_ground - a_top) == pytest.approx(3 * (b_bottom - b_top), abs=0.03)
    assert c_bottom > c_ground


def test_a_line_has_a_gap_where_nothing_is_known_and_may_end_early() -> None:
    page = drawn("line", Series("now", (1, None, 3, 4)), Series("before", (2, 2), is_quiet=True))
    lines = [line.attributes["d"] for line in page.all("path", "line")]
    assert [line.count("L") for line in lines] == [1, 1, 1]
    assert len(page.all("path", "quiet")) == 1


@given(AMOUNTS)
def test_a_waterfall_ends_where_its_steps_lead(steps: list[int]) -> None:
    found = widths(drawn("waterfall", Series("a", (*steps, sum(steps))), totals=(len(steps),)))
    levels = [sum(steps[:at]) for at in range(len(steps) + 1)]
    low, high = min(0, *levels), max(0, *levels)
    for at, (left, width) in enumerate(found):
        start, end = (levels[at], levels[at + 1]) if at < len(steps) else (0, sum(steps))
        assert left == pytest.approx(100 * (min(start, end) - low) / (high - low), abs=0.006)
        assert width == pytest.approx(100 * abs(end - start) / (high - low), abs=0.006)


def test_a_funnel_tells_the_share_of_its_first_step() -> None:
    assert [row[-1] for row in drawn("funnel", Series("a", (200, 50, 0))).rows()] == [
        "200 (100.0%)",
        "50 (25.0%)",
        "0 (0.0%)",
    ]


def test_names_in_a_chart_are_text() -> None:
    content = Chart("T", kind="ranking", labels=("<b>x</b> & y",), series=(Series("a", (1,)),))
    assert parsed(chart(content, EN, 6)).one("th").text == "<b>x</b> & y"


def test_values_are_told_in_full_below_what_only_draws_them() -> None:
    content = Chart(
        "T",
        kind="line",
        unit="money",
        labels=("a", "b"),
        series=(Series("Now", (Decimal("1234.5"), None)), Series("Before", (1,), is_quiet=True)),
        columns=(Column("d", "Day"),),
    )
    rows = parsed(values(content, EN)).rows()
    assert rows == [["Day", "Now", "Before"], ["a", "$1,234.50", "$1.00"], ["b", "–", "–"]]
    assert values(Chart("T", kind="ranking"), EN) == ""
