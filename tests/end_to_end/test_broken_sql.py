"""Wrong SQL, planted in a copy of the program: the run fails and says why, and what was published still serves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import shophouse as installed
from requirements import requirement
from shophouse.demo.storefront import delta
from shophouse.errors import CheckFailed
from shophouse.shop import Shop

from .shops import row, shophouse, value

pytestmark = pytest.mark.slow

QUESTION = "select count(*), sum(net_sales_amount), max(date_day) from marts.sales_daily"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the program whose SQL can be spoilt."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(Path(installed.__file__).parent, folder / "shophouse", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Spoilt:
    """Replace a text in the SQL, and put it back."""

    def __init__(self, package: Path, file: str) -> None:
        self.file = package / "shophouse" / "warehouse" / file
        self.right = self.file.read_text("utf-8")

    def replace(self, text: str, by: str) -> None:
        assert text in self.right, f"{self.file.name} has changed: there is no {text!r}"
        self.file.write_text(self.right.replace(text, by, 1), "utf-8")

    def mend(self) -> None:
        self.file.write_text(self.right, "utf-8")


@requirement("S0-14", "S3-36")
def test_a_wrong_total_in_a_mart_stops_the_run_and_publishes_nothing(storefront: Shop, package: Path) -> None:
    folder = storefront.project.folder
    before, version = row(storefront, QUESTION), storefront.engine.published()
    mart = Spoilt(package, "macros/sales.sql")
    try:
        mart.replace(
            "joined.net_sales_amount as net_sales_amount,",
            "cast(joined.net_sales_amount * 1.01 as {{ type_money_sum() }}) as net_sales_amount,",
        )
        failed = shophouse("run", folder=folder, package=package)
    finally:
        mart.mend()
    assert failed.returncode == 9, failed.stdout + failed.stderr
    # the law, the rows that break it, and what to do
    assert "sales_daily_is_ledger" in failed.stderr
    assert "sum(net_sales_amount)" in failed.stderr
    assert "nothing was published" in failed.stderr
    assert storefront.engine.published() == version
    assert row(storefront, QUESTION) == before
    assert storefront.runs(1)[0].status == "failed"

    # nor by hand
    assert shophouse("publish", folder=folder).returncode == 8
    assert (row(storefront, QUESTION), storefront.engine.published()) == (before, version)

    # the files of the last days come with the mended program
    delta(folder / "data", orders=20)
    mended = shophouse("run", folder=folder, package=package)
    assert mended.returncode == 0, mended.stderr
    assert storefront.engine.published() == (version or 0) + 1
    assert value(storefront, "select sum(net_sales_amount) from marts.sales_daily") == value(
        storefront, "select sum(net_sales_amount) from core.fct_sales_ledger"
    )
    assert row(storefront, QUESTION) != before


@requirement("S3-36")
def test_a_line_that_core_loses_breaks_the_law_that_every_row_is_accounted_for(storefront: Shop, package: Path) -> None:
    before, version = row(storefront, QUESTION), storefront.engine.published()
    model = Spoilt(package, "models/core/fct_order_items.sql")
    last_from = "\nfrom final"
    try:
        model.replace(last_from, f"{last_from}\nwhere line_number < 3")
        failed = shophouse("run", folder=storefront.project.folder, package=package)
    finally:
        model.mend()
    assert failed.returncode == 9, failed.stdout + failed.stderr
    assert "law_12_order_items_are_accounted_for" in failed.stderr
    assert "measure rows" in failed.stderr
    assert (row(storefront, QUESTION), storefront.engine.published()) == (before, version)


def test_a_model_that_cannot_be_built_stops_the_run_and_names_itself(storefront: Shop) -> None:
    before, version = row(storefront, QUESTION), storefront.engine.published()
    own = storefront.project.folder / "models" / "marts" / "big_spenders.sql"
    own.write_text("select person_key, net_sales from {{ ref('customer_360') }}\n", "utf-8")
    failed = shophouse("run", folder=storefront.project.folder)
    assert failed.returncode == 8, failed.stdout + failed.stderr
    assert "big_spenders" in failed.stderr
    assert "net_sales" in failed.stderr
    assert "shophouse run" in failed.stderr
    assert (row(storefront, QUESTION), storefront.engine.published()) == (before, version)

    own.write_text("select person_key, net_sales_amount from {{ ref('customer_360') }}\n", "utf-8")
    assert storefront.run().status == "success"
    assert value(storefront, "select sum(net_sales_amount) from marts.big_spenders") == before[1]


def test_a_mart_that_failed_and_was_taken_back_is_not_published_later(storefront: Shop) -> None:
    """What the failed build left is in the warehouse, and a run builds only what is downstream of what arrived."""
    marts = storefront.project.folder / "models" / "marts"
    (marts / "calendar.sql").write_text("select max(year_number) as newest from {{ ref('dim_date') }}\n", "utf-8")
    storefront.run()
    right = value(storefront, "select newest from marts.calendar")

    (marts / "calendar.sql").write_text("select 1 as newest from {{ ref('dim_date') }} limit 1\n", "utf-8")
    (storefront.project.folder / "tests" / "newest.sql").write_text(
        "select newest from {{ ref('calendar') }} where newest < 2000\n", "utf-8"
    )
    with pytest.raises(CheckFailed, match="newest"):
        storefront.run()
    (marts / "calendar.sql").write_text("select max(year_number) as newest from {{ ref('dim_date') }}\n", "utf-8")
    (storefront.project.folder / "tests" / "newest.sql").unlink()
    delta(storefront.project.folder / "data", orders=20)
    storefront.run()
    assert value(storefront, "select newest from marts.calendar") == right


@requirement("S0-14", "S0-20")
def test_a_shops_own_mart_and_tests_run_with_the_packaged_ones(storefront: Shop) -> None:
    folder = storefront.project.folder
    marts, tests = folder / "models" / "marts", folder / "tests"
    before = storefront.engine.published()
    (marts / "sales_by_weekday.sql").write_text(
        "select dayofweek(date_day) as weekday, sum(net_sales_amount) / 100 as hundreds "
        "from {{ ref('sales_daily') }} group by 1\n",
        "utf-8",
    )
    (marts / "sales_by_weekday.yml").write_text(
        """
models:
  - name: sales_by_weekday
    data_tests:
      - shophouse.same_total:
          name: weekdays_are_days
          arguments:
            of: ref('sales_daily')
            totals:
              sum(hundreds): sum(net_sales_amount)
""",
        "utf-8",
    )
    (tests / "seven_weekdays.sql").write_text(
        "select count(*) as number from {{ ref('sales_by_weekday') }} having count(*) > 6\n", "utf-8"
    )
    failed = shophouse("run", folder=folder)
    assert failed.returncode == 9, failed.stdout + failed.stderr
    # the one with arguments, and the one that is a query of its own
    assert "weekdays_are_days" in failed.stderr
    assert "seven_weekdays" in failed.stderr
    assert storefront.engine.published() == before

    mart = marts / "sales_by_weekday.sql"
    mart.write_text(mart.read_text("utf-8").replace(" / 100", ""), "utf-8")
    (tests / "seven_weekdays.sql").write_text(
        "select count(*) as number from {{ ref('sales_by_weekday') }} having count(*) > 7\n", "utf-8"
    )
    assert storefront.run().status == "success"
    assert value(storefront, "select count(*) from marts.sales_by_weekday") == 7
    assert (folder / "reports" / "csv" / "sales_by_weekday.csv").is_file()
