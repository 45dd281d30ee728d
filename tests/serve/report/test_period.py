from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shophouse.errors import ConfigError
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.periods import PRESETS, Period, of_preset
from shophouse.serve.report.period import Days, NothingIsOver, file_part, heading, read_period

DAYS = Days(date(2024, 3, 5), date(2025, 9, 14), date(2025, 9, 20), date(2025, 9, 15))


def of(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ("last month", of("2025-08-01", "2025-08-31")),
        ("Last  Month", of("2025-08-01", "2025-08-31")),
        ("last week", of("2025-09-08", "2025-09-14")),
        ("last quarter", of("2025-04-01", "2025-06-30")),
        ("last year", of("2024-01-01", "2024-12-31")),
        ("2025-02", of("2025-02-01", "2025-02-28")),
        ("2025-Q1", of("2025-01-01", "2025-03-31")),
        ("2024", of("2024-01-01", "2024-12-31")),
        ("2025-09-01..2025-09-14", of("2025-09-01", "2025-09-14")),
        ("2025-09-01 .. 2025-09-14", of("2025-09-01", "2025-09-14")),
        ("2025-09-01", of("2025-09-01", "2025-09-01")),
        ("all", of("2024-03-05", "2025-09-20")),
        ("Last 30 days", of("2025-08-16", "2025-09-14")),
    ],
)
def test_words_mean_days(words: str, period: Period) -> None:
    assert read_period(words, DAYS) == period


@given(st.sampled_from(sorted(set(PRESETS) - {"all"})))
def test_periods_of_the_dashboard_are_the_same_days(preset: str) -> None:
    assert read_period(preset, DAYS) == of_preset(preset, DAYS.last, DAYS.first)
    assert read_period(PRESETS[preset].upper(), DAYS) == of_preset(preset, DAYS.last, DAYS.first)


def test_a_month_is_over_once_its_last_day_has_orders_and_the_run_was_later() -> None:
    last = date(2025, 8, 31)
    over = Days(DAYS.first, last, last, date(2025, 9, 1))
    running = Days(DAYS.first, last, last, last)
    early = Days(DAYS.first, date(2025, 8, 30), last, date(2025, 9, 1))
    assert read_period("last month", over).end == last
    assert read_period("last month", running).end == date(2025, 7, 31)
    assert read_period("last month", early).end == date(2025, 7, 31)


@given(st.dates(date(2024, 4, 1), date(2026, 1, 1)), st.sampled_from(["week", "month", "quarter"]))
def test_what_is_over_ends_where_orders_are_known_and_is_whole(last: date, unit: str) -> None:
    days = Days(date(2023, 1, 1), last, last, last + timedelta(days=1))
    period = read_period(f"last {unit}", days)
    assert period.end <= last < period.end + timedelta(days=93)
    following = period.end + timedelta(days=1)
    if unit == "week":
        assert (period.start.weekday(), period.days) == (0, 7)
    else:
        assert (period.start.day, following.day, period.months) == (1, 1, 1 if unit == "month" else 3)


@pytest.mark.parametrize(
    "words", ["", "lastmonth", "last moon", "2025-13", "2025-Q5", "2025-02-30", "..", "2025-01-01..", "31d", "0", "?"]
)
def test_other_words_are_refused_with_what_to_write(words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_period(words, DAYS)
    assert "is not understood" in refused.value.what
    assert "last month" in refused.value.hint[0]


def test_days_in_the_wrong_order_and_days_without_data_are_told() -> None:
    with pytest.raises(ConfigError, match="before it begins") as reversed_:
        read_period("2025-02-02..2025-02-01", DAYS)
    assert reversed_.value.hint == ("--period 2025-02-01..2025-02-02",)
    for words in ("2019", "2026-01"):
        with pytest.raises(ConfigError, match="there is nothing of") as empty:
            read_period(words, DAYS)
        assert "2024-03-05 to 2025-09-20" in empty.value.why[0]


def test_nothing_is_over_in_a_shops_first_month() -> None:
    with pytest.raises(NothingIsOver):
        read_period("last month", Days(date(2025, 9, 2), DAYS.last, DAYS.last, DAYS.run))


@pytest.mark.parametrize(
    ("period", "name", "english", "german"),
    [
        (of("2025-09-01", "2025-09-30"), "2025-09", "September 2025", "September 2025"),
        (of("2025-03-01", "2025-03-31"), "2025-03", "March 2025", "März 2025"),
        (of("2025-07-01", "2025-09-30"), "2025-Q3", "2025 Q3", "2025 Q3"),
        (of("2024-01-01", "2024-12-31"), "2024", "2024", "2024"),
        (of("2025-09-01", "2025-09-01"), "2025-09-01", "Sep 1, 2025", "01.09.2025"),
        (
            of("2025-09-01", "2025-09-14"),
            "2025-09-01_2025-09-14",
            "Sep 1, 2025 – Sep 14, 2025",
            "01.09.2025 – 14.09.2025",
        ),
    ],
)
def test_a_period_names_file_and_heading(period: Period, name: str, english: str, german: str) -> None:
    assert file_part(period) == name
    assert heading(period, Formats("en_US", "EUR")) == english
    assert heading(period, Formats("de_DE", "EUR")) == german
