from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shophouse.serve.dashboard.charts import PALETTE, PALETTE_DARK, options
from shophouse.serve.dashboard.contents import Chart, Column, Series
from shophouse.serve.dashboard.formats import Formats

FORMATS = Formats("en_US", "USD")


def drawn(chart: Chart) -> dict[str, Any]:
    return options(chart, FORMATS, is_dark=False)


def test_steps_of_a_waterfall_lie_on_what_is_left_and_may_fall_below_the_ground() -> None:
    values = (Decimal(100), Decimal(-30), Decimal(-90), Decimal(-20))
    chart = Chart("Left", kind="waterfall", unit="money", labels=tuple("abcd"), series=(Series("x", values),))
    hidden, bars = drawn(Chart(**{**chart.__dict__, "totals": (0, 3)}))["series"]
    assert hidden["data"] == [0, 70, -20, -20]
    assert [bar["value"] for bar in bars["data"]] == [100, 30, 90, 20]
    assert [bar["label"]["formatter"] for bar in bars["data"]] == ["$100.00", "-$30.00", "-$90.00", "-$20.00"]
    assert hidden["stackStrategy"] == "all"


def test_a_funnel_says_what_each_step_is_of_the_first() -> None:
    chart = Chart("Visits", kind="funnel", labels=("in", "out"), series=(Series("x", (200, 50)),))
    assert [bar["label"]["formatter"] for bar in drawn(chart)["series"][0]["data"]] == ["200 (100.0%)", "50 (25.0%)"]
    assert drawn(Chart("None", kind="funnel", labels=("in",), series=(Series("x", (None,)),)))["series"][0]["data"]


def test_cells_of_a_labelled_heat_map_are_written_readably() -> None:
    chart = Chart(
        "Value",
        kind="heatmap",
        unit="money",
        labels=("Jan",),
        series=(Series("Jan", (Decimal("12.4444"), None, Decimal(12345))),),
        columns_across=("0", "1", "2"),
        columns=(Column("a", "A"), Column("b", "Later"), Column("c", "C")),
        is_labelled=True,
    )
    found = drawn(chart)
    cells = found["series"][0]["data"]
    assert [(cell["value"], cell["label"]["formatter"]) for cell in cells] == [
        ([0, 0, 12.4444], "$12"),
        ([2, 0, 12345.0], "$12.3K"),
    ]
    assert cells[0]["label"]["color"] != cells[1]["label"]["color"]
    assert found["xAxis"]["name"] == "Later"


def test_a_point_without_a_place_keeps_its_number_so_that_clicks_lead_right() -> None:
    series = (Series("x", (Decimal(1), Decimal(2))), Series("y", (None, 0.5)))
    chart = Chart("S", kind="scatter", unit="money", second_unit="rate", labels=("a", "b"), series=series)
    assert drawn(chart)["series"][0]["data"] == [
        {"name": "a", "value": [1.0, None]},
        {"name": "b", "value": [2.0, 0.5]},
    ]


def test_names_are_never_html_in_what_is_told_of_a_point() -> None:
    series = (Series("it's", (1,)), Series("y", (2,)))
    told = drawn(Chart("S", kind="scatter", labels=("<img>",), series=series))["tooltip"][":formatter"]
    assert "point.name.replace(/[&<>]/g" in told
    assert '"it\'s"' in told


def test_an_id_as_a_label_is_shortened_and_a_name_is_not() -> None:
    names = ("bb50f2e236e5eea0100680137654686c", "Aldergrove Modern Watering Can")
    chart = Chart("Top", kind="ranking", labels=names, series=(Series("x", (2, 1)),))
    assert drawn(chart)["yAxis"]["data"] == ["bb50f2e2…686c", "Aldergrove Modern Watering Can"]


def test_what_is_compared_with_is_quiet_in_bars_too() -> None:
    chart = Chart("B", kind="bar", labels=("a",), series=(Series("now", (1,)), Series("then", (2,), is_quiet=True)))
    now, then = drawn(chart)["series"]
    assert "itemStyle" not in now
    assert then["itemStyle"]["color"] == "#9aa5b0"


@pytest.mark.parametrize(
    ("palette", "ground"), [(PALETTE, "#ffffff"), (PALETTE_DARK, "#1d232a")], ids=["light", "dark"]
)
def test_every_colour_stands_out_from_its_ground(palette: tuple[str, ...], ground: str) -> None:
    """WCAG 2.2, 1.4.11: what a chart is made of has a contrast of 3 to 1."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour in palette:
        light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, colour
    assert len(set(palette)) == len(palette) == 8


def test_a_long_name_of_a_table_is_broken_between_its_words() -> None:
    chart = Chart("Slowest", kind="ranking", labels=("fct_inventory_movements",), series=(Series("Seconds", (1.5,)),))
    assert drawn(chart)["yAxis"]["data"] == ["fct_\u200binventory_\u200bmovements"]
