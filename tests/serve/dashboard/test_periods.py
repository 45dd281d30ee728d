from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shophouse.serve.dashboard.periods import PRESETS, Period, compared_with, fitting_grain, of_preset

_DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


@pytest.mark.parametrize(
    ("preset", "start", "end"),
    [
        ("today", date(2024, 5, 31), date(2024, 5, 31)),
        ("yesterday", date(2024, 5, 30), date(2024, 5, 30)),
        ("7d", date(2024, 5, 25), date(2024, 5, 31)),
        ("30d", date(2024, 5, 2), date(2024, 5, 31)),
        ("12m", date(2023, 6, 1), date(2024, 5, 31)),
        ("mtd", date(2024, 5, 1), date(2024, 5, 31)),
        ("qtd", date(2024, 4, 1), date(2024, 5, 31)),
        ("ytd", date(2024, 1, 1), date(2024, 5, 31)),
        ("all", date(2020, 2, 2), date(2024, 5, 31)),
    ],
)
def test_periods_by_name(preset: str, start: date, end: date) -> None:
    assert of_preset(preset, date(2024, 5, 31), date(2020, 2, 2)) == Period(start, end)


@given(st.sampled_from(sorted(PRESETS)), _DAYS, _DAYS)
def test_a_period_by_name_ends_on_the_last_day_or_before(preset: str, last: date, first: date) -> None:
    period = of_preset(preset, last, first)
    assert period.start <= period.end <= last


@given(_DAYS, st.integers(0, 800))
def test_the_period_before_is_as_long_and_ends_right_before(start: date, days: int) -> None:
    period = Period(start, start + timedelta(days))
    before = compared_with(period, "previous")
    assert before is not None
    assert before.months == period.months
    assert before.days == period.days or period.months
    assert before.end + timedelta(1) == period.start


@given(_DAYS, st.integers(1, 30))
def test_whole_months_are_compared_with_as_many(day: date, months: int) -> None:
    start = day.replace(day=1)
    after = date(start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1)
    period = Period(start, after - timedelta(1))
    assert period.months == months
    for comparison in ("previous", "year"):
        before = compared_with(period, comparison)  # type: ignore[arg-type]
        assert before is not None and before.months == months and before.start.day == 1
    year = compared_with(period, "year")
    assert year is not None and (year.start.year, year.start.month) == (start.year - 1, start.month)


def test_a_year_before_has_its_own_february() -> None:
    assert compared_with(Period(date(2024, 2, 1), date(2024, 2, 29)), "year") == Period(
        date(2023, 2, 1), date(2023, 2, 28)
    )
    assert compared_with(Period(date(2024, 2, 1), date(2024, 2, 29)), "none") is None


def test_the_grain_follows_the_length() -> None:
    start = date(2024, 1, 1)
    assert [fitting_grain(Period(start, start + timedelta(n))) for n in (0, 91, 92, 365, 366)] == [
        "day",
        "day",
        "week",
        "week",
        "month",
    ]
