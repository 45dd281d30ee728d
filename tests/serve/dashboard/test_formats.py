from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shophouse.errors import ConfigError
from shophouse.serve.dashboard.formats import Formats


@pytest.mark.parametrize(
    ("locale", "value", "unit", "written"),
    [
        ("en_US", Decimal("1234567.8950"), "money", "$1,234,567.90"),
        ("de_DE", Decimal("1234567.8950"), "money", "1.234.567,90\xa0$"),
        ("en_US", Decimal("-0.5"), "money", "-$0.50"),
        ("en_US", 0.12345, "rate", "12.3%"),
        ("de_DE", 0.12345, "rate", "12,3\xa0%"),
        ("en_US", 68089.256, "rate", ">9,999.0%"),
        ("en_US", 1234567, "count", "1,234,567"),
        ("en_US", 4.26987, "score", "4.27"),
        ("en_US", Decimal("60211.0000"), "quantity", "60,211"),
        ("en_US", None, "money", "–"),
        ("en_US", float("nan"), "rate", "–"),
        ("en_US", 18.66, "days", "18.7 days"),
        ("en_US", Decimal("1.0"), "days", "1.0 days"),
        ("en_US", 1, "days", "1 day"),
        ("en_US", 235, "days", "235 days"),
        ("en_US", 171.0, "days", "171.0 days"),
        ("de_DE", 1234.56, "seconds", "1.234,6 Sek."),
        ("en_US", 34.856, "times", "34.86×"),
        ("en_US", 3.6, "times", "3.60×"),
        ("en_US", "paypal", "name", "PayPal"),
        ("en_US", "google_ads", "name", "Google Ads"),
        ("en_US", 1.2061, "mean", "1.21"),
        ("de_DE", 1.2, "mean", "1,20"),
        ("en_US", 12345.67891, "number", "12,345.6789"),
        ("en_US", Decimal("1304"), "amount", "1,304.00"),
        ("en_US", date(2024, 2, 1), "month", "Feb 2024"),
        ("en_US", "paid_social", "name", "Paid social"),
        ("en_US", "can't lose them", "name", "Can't lose them"),
        ("en_US", "d9a5a0aa013c", "name", "d9a5a0aa013c"),
        ("en_US", "UK online", "name", "UK online"),
        ("pt-BR", date(2024, 2, 1), "day", "1 de fev. de 2024"),
    ],
)
def test_values_are_written_as_the_locale_has_it(locale: str, value: Any, unit: str, written: str) -> None:
    assert Formats(locale, "USD").value(value, unit) == written


def test_changes_are_in_percent_and_of_rates_in_points() -> None:
    formats = Formats("en_US", "USD")
    assert formats.change(Decimal(120), Decimal(100), "money") == "+20.0%"
    assert formats.change(90, 100, "count") == "-10.0%"
    assert formats.change(0.25, 0.2, "rate") == "+5.0 pp"
    assert formats.change(0.24996, 0.25, "rate") == "+0.0 pp"
    assert formats.change(5, 0, "count") is None
    assert formats.change(None, 3, "count") is None
    assert formats.change(5, Decimal(-3), "money") is None


def test_the_day_of_a_heading_is_written_as_the_locale_has_it() -> None:
    assert Formats("en_US", "USD").weekday(date(2025, 12, 29)) == "Monday, December 29, 2025"
    assert Formats("de_DE", "EUR").weekday(date(2025, 12, 29)) == "Montag, 29. Dezember 2025"


def test_an_unknown_locale_is_told() -> None:
    with pytest.raises(ConfigError, match="there is no locale 'english'"):
        Formats("english", "USD")


@pytest.mark.parametrize(
    ("locale", "value", "unit", "written"),
    [
        ("en_US", 0, "money", "€0"),
        ("en_US", 999.6, "money", "€1,000"),
        ("en_US", 20_000, "money", "€20K"),
        ("en_US", -1_500_000, "money", "-€1.5M"),
        ("en_US", 250_000, "count", "250K"),
        ("en_US", 9_999, "count", "9,999"),
        ("en_US", 0.125, "rate", "12.5%"),
        ("en_US", 2.0, "days", "2 days"),
        ("en_US", 2.5, "times", "2.5×"),
        ("en_US", 1.0, "seconds", "1 sec"),
        ("de_DE", 20_000, "money", "20.000\xa0€"),
        ("de_DE", 250_000, "count", "250.000"),
        ("de_DE", 1_500_000, "money", "1,5\xa0Mio.\xa0€"),
    ],
)
def test_axes_are_written_short(locale: str, value: float, unit: str, written: str) -> None:
    assert Formats(locale, "EUR").short(value, unit) == written
