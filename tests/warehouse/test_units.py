"""The unit tests in the yml of core, on the tables of a small shop."""

from __future__ import annotations

from requirements import requirement

from .shops import RawShop


@requirement("S1-08", "S1-09", "S1-10", "S1-11", "S1-12")
def test_the_unit_tests_of_core_hold(storefront: RawShop) -> None:
    results = storefront.dbt("test", "--resource-type", "unit_test", "--select", "shophouse.core")
    assert len(results) >= 10
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []


def test_weeks_and_days_are_those_of_the_iso_calendar(storefront: RawShop) -> None:
    days = storefront.query("select date_day, iso_year, iso_week, day_of_week, day_of_year from core.dim_date")
    assert len(days) == 21_915
    wrong = [
        day["date_day"]
        for day in days
        if (day["iso_year"], day["iso_week"], day["day_of_week"]) != tuple(day["date_day"].isocalendar())
        or day["day_of_year"] != day["date_day"].timetuple().tm_yday
    ]
    assert wrong == []
