from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shophouse.metrics import GRAINS
from shophouse.serve.dashboard.periods import COMPARISONS, PRESETS, Period
from shophouse.serve.dashboard.view import FILTERS, View, read_view

FIRST, LAST = date(2023, 1, 1), date(2024, 12, 31)

_DAYS = st.dates(date(1970, 1, 1), date(2199, 12, 31))
_VIEWS = st.builds(
    lambda preset, days, comparison, grain, filters: View(
        FIRST,
        LAST,
        "30d" if days else preset,
        Period(min(days), max(days)) if days else None,
        comparison,
        grain,
        {name: tuple(values) for name, values in filters.items() if values},
    ),
    st.sampled_from(sorted(PRESETS)),
    st.none() | st.tuples(_DAYS, _DAYS),
    st.sampled_from(sorted(COMPARISONS)),
    st.none() | st.sampled_from(GRAINS),
    st.fixed_dictionaries(
        {name: st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=3) for name in FILTERS}
    ),
)


@given(_VIEWS)
def test_an_address_gives_the_view_that_made_it(view: View) -> None:
    # more points than a chart shows are told, which the view that is asked for does not
    assume(view.chosen_grain in (None, view.grain))
    again = read_view(parse_qs(view.query, keep_blank_values=True, strict_parsing=bool(view.query)), FIRST, LAST)
    assert again == view


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"period": ["90"]}, "there is no period '90'"),
        ({"from": ["2024-02-30"]}, "is no day; write it as 2023-01-01"),
        ({"from": ["2024-03-01"], "to": ["2024-02-01"]}, "before it begins"),
        ({"compare": ["week"]}, "nothing can be compared with 'week'"),
        ({"by": ["hour"]}, "there is no grain 'hour'"),
        ({"chanel": ["web"]}, "did you mean channel?"),
        ({"period": ["'; drop table x"]}, "there is no period"),
    ],
)
def test_what_is_not_understood_is_left_out_and_told(parameters: dict[str, list[str]], said: str) -> None:
    view = read_view(parameters, FIRST, LAST)
    assert len(view.problems) == 1
    assert said in view.problems[0]
    assert view.period == View(FIRST, LAST).period


def test_only_what_differs_stands_in_the_address() -> None:
    assert View(FIRST, LAST).address("sales") == "/sales"
    view = View(FIRST, LAST, filters={"channel": ("web", "a&b")}, comparison="year")
    assert view.address("sales") == "/sales?compare=year&channel=web&channel=a%26b"


def test_what_a_page_is_about_stays_on_it_and_choices_go_along() -> None:
    parameters = {"key": ["7 & 8"], "channel": ["web"], "period": ["7d"]}
    view = read_view(parameters, FIRST, LAST, ("key",))
    assert view.problems == ()
    assert view.address("") == "/?key=7+%26+8&period=7d&channel=web"
    assert view.address("products") == "/products?period=7d&channel=web"
    assert view.led_by("/orders?day=2024-05-01") == "/orders?day=2024-05-01&period=7d&channel=web"
    assert View(FIRST, LAST).led_by("/product?key=1") == "/product?key=1"
    assert read_view(parameters, FIRST, LAST).problems == ("there is no filter 'key'",)


def test_all_time_ends_with_what_moved_last_and_other_periods_with_the_last_order() -> None:
    view = View(FIRST, LAST, "all", until=date(2025, 2, 1))
    assert view.period == Period(FIRST, date(2025, 2, 1))
    assert view.with_(preset="7d").period.end == LAST
