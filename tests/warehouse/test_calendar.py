"""The calendars of dim_date, against Python's and by their own rules."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from shophouse.errors import ConfigError

from .plain import PlainShop

COLUMNS = (
    "date_day, iso_year, iso_week, retail_year, retail_quarter, retail_period, retail_week, holiday_name, is_holiday"
)


def calendar_of(shop: PlainShop) -> list[dict[str, object]]:
    shop.rows({})
    shop.build("dim_date")
    return shop.query("select * from core.dim_date where year_number between 2009 and 2032 order by date_day")


def test_a_retail_year_that_begins_in_january_is_the_iso_year(subjects: PlainShop) -> None:
    for day in subjects.query(f"select {COLUMNS} from core.dim_date"):
        assert (day["retail_year"], day["retail_week"]) == (day["iso_year"], day["iso_week"])
        assert not day["is_holiday"]


def test_a_retail_year_is_whole_weeks_of_4_4_5_near_the_fiscal_year(tmp_path: Path) -> None:
    shop = PlainShop(tmp_path / "shop", settings="calendar: {fiscal_year_starts_in_month: 2, holidays: BR}\n")
    days = calendar_of(shop)
    by_year: dict[object, list[dict[str, object]]] = {}
    for day in days:
        by_year.setdefault(day["retail_year"], []).append(day)
    lengths = set()
    for year, of_year in sorted(by_year.items(), key=lambda item: str(item[0]))[1:-1]:
        first = of_year[0]["date_day"]
        assert isinstance(first, date) and isinstance(year, int)
        assert first.isoweekday() == 1 and abs(first - date(year - 1, 2, 1)) <= timedelta(days=3)
        weeks = Counter(day["retail_period"] for day in of_year)
        last = len(of_year) // 7 - 52
        assert [weeks[number] // 7 for number in range(1, 13)] == [4, 4, 5] * 3 + [4, 4, 5 + last]
        assert [day["retail_week"] for day in of_year[::7]] == list(range(1, 53 + last))
        assert {day["retail_quarter"] for day in of_year} == {1, 2, 3, 4}
        lengths.add(len(of_year))
    assert lengths == {364, 371}
    independence = [day for day in days if day["date_day"] == date(2018, 9, 7)]
    assert [(day["is_holiday"], day["is_working_day"], day["fiscal_year"]) for day in independence] == [
        (True, False, 2019)
    ]


def test_a_country_without_holidays_is_an_error_that_names_those_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ZZ") as error:
        PlainShop(tmp_path / "shop", settings="calendar: {holidays: ZZ}\n")
    assert "BR" in str(error.value)
