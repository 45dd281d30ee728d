"""Numbers and days as people of a locale read them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)
from babel.units import format_unit

from shophouse.errors import ConfigError
from shophouse.metrics.query import Grain

__all__ = ["Formats", "spoken"]

_DURATIONS = {"days": "duration-day", "seconds": "duration-second"}
_DIGITS = {
    "times": "#,##0.00",
    "mean": "#,##0.00",
    "score": "#,##0.00",
    "quantity": "#,##0.#",
    "amount": "#,##0.00",
    "number": "#,##0.####",
}
_UNITS = {"rate": "share", "times": "multiple", "days": "days", "seconds": "seconds"}
_COUNTED = ("count", "quantity", "amount")
_COMPACT = 10_000
_LONG = re.compile(r"\d{4}")
_MOST_SHARE = Decimal("99.99")
_NAMES = {
    name.lower(): name
    for name in (
        "PayPal",
        "Apple Pay",
        "Google Pay",
        "Amazon Pay",
        "Google Ads",
        "Meta Ads",
        "Microsoft Ads",
        "TikTok Ads",
    )
}
_CODE = re.compile(r"[a-z]+(_[a-z0-9]+)*")


class Formats:
    """How a shop's numbers are written: `locale` as en_US or de_DE, `currency` as ISO 4217 code.

    Raises ConfigError for a locale that is not known.
    """

    def __init__(self, locale: str, currency: str) -> None:
        try:
            self.locale = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError) as error:
            raise ConfigError(
                f"there is no locale {locale!r}", why=str(error), hint="write it as en_US, de_DE or pt_BR"
            ) from error
        self.currency = currency
        self._percent = str(self.locale.percent_formats[None].pattern).replace("##0", "##0.0")

    def value(self, value: Any, unit: str) -> str:
        """A value of a unit, as people read it; '–' for none, and for what is no number (NaN).

        Units are those of the catalogue (money, count, quantity, rate, times, mean, days, score), and amount (money of
        a currency that stands elsewhere), number (of whatever kind), seconds, day, month, time, name (a code of the
        data, as paid_social), code (which is not broken into lines) and text.
        """
        if value is None or value != value:
            return "–"
        if unit == "money":
            return str(format_currency(Decimal(str(value)), self.currency, locale=self.locale))
        if unit == "rate":
            return self._share(Decimal(str(value)), self._percent)
        if unit == "count":
            return str(format_decimal(int(value), locale=self.locale))
        if unit in _DURATIONS:
            # those that are counted are whole, and all others of a column have as many digits as each other
            whole = isinstance(value, int)
            return self._lasting(Decimal(value) if whole else Decimal(str(value)).quantize(Decimal("0.1")), unit)
        if unit in _DIGITS:
            written = str(format_decimal(Decimal(str(value)), _DIGITS[unit], locale=self.locale))
            return f"{written}×" if unit == "times" else written
        if unit == "month" and isinstance(value, date):
            return self.period(value, "month")
        if unit == "name":
            return spoken(str(value))
        if isinstance(value, datetime):
            return str(format_datetime(value, "short", locale=self.locale))
        return self.day(value) if isinstance(value, date) else str(value)

    def _lasting(self, value: Decimal, unit: str) -> str:
        digits = "#,##0.0" if value.as_tuple().exponent == -1 else "#,##0.#"
        return str(format_unit(value, _DURATIONS[unit], "short", format=digits, locale=self.locale))

    def unit(self, unit: str) -> str:
        """What a column's values are in, for its header: USD, share, days; empty where it needs no word."""
        return self.currency if unit == "money" else _UNITS.get(unit, "")

    def short(self, value: Any, unit: str) -> str:
        """A value as short as an axis or a cell of a heat map needs it: without cents, thousands as K."""
        if unit in _DURATIONS:
            return self._lasting(Decimal(str(value)).quantize(Decimal("0.01")).normalize(), unit)
        if unit == "times":
            return f"{format_decimal(Decimal(str(value)), '#,##0.##', locale=self.locale)}×"
        if unit not in ("money", *_COUNTED):
            return self.value(value, unit)
        if abs(value) >= _COMPACT:
            if unit == "money":
                short = format_compact_currency(value, self.currency, locale=self.locale, fraction_digits=1)
            else:
                short = format_compact_decimal(value, locale=self.locale, fraction_digits=1)
            # there are languages without a short word for thousands
            if not _LONG.search(short):
                return str(short)
        if unit != "money":
            return self.value(value, unit)
        whole = str(self.locale.currency_formats["standard"].pattern).replace(".00", "")
        return str(format_currency(round(value), self.currency, whole, self.locale, currency_digits=False))

    def change(self, now: Any, before: Any, unit: str) -> str | None:
        """How much more or less: in percent, in percentage points for rates; None where nothing can be said."""
        if now is None or before is None:
            return None
        if unit == "rate":
            points = round((float(now) - float(before)) * 100, 1) + 0.0
            return f"{format_decimal(points, '+#,##0.0;-#,##0.0', locale=self.locale)} pp"
        if float(before) <= 0:
            return None
        signed = f"+{self._percent};-{self._percent}"
        return self._share(Decimal(str(float(now) / float(before) - 1)), signed)

    def _share(self, value: Decimal, pattern: str) -> str:
        """In percent; more than 9,999 % says no more than that."""
        more = ">" if value > _MOST_SHARE else ""
        return more + str(format_percent(min(value, _MOST_SHARE), pattern, locale=self.locale))

    def day(self, day: date) -> str:
        return str(format_date(day, "medium", locale=self.locale))

    def weekday(self, day: date) -> str:
        """A day with all of its words, for a heading."""
        return str(format_date(day, "full", locale=self.locale))

    def period(self, day: date, grain: Grain) -> str:
        """The period that begins on a day, as short as an axis needs it."""
        if grain == "year":
            return str(day.year)
        if grain == "quarter":
            return f"{day.year} Q{(day.month - 1) // 3 + 1}"
        if grain == "month":
            return str(format_skeleton("yMMM", day, locale=self.locale))
        return str(format_skeleton("yMMMd", day, locale=self.locale))


def spoken(word: str) -> str:
    """A code of the data as people read it: paid_social becomes Paid social, and paypal PayPal. Other words stay."""
    if not _CODE.fullmatch(word) and (word != word.lower() or any(letter.isdigit() for letter in word)):
        return word
    words = word.replace("_", " ")
    return _NAMES.get(words) or words[:1].upper() + words[1:]
