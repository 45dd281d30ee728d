"""The layers of a built shop: which tables there are, what they are made as, and that a shop can add to them."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from requirements import requirement
from shophouse.demo.lookalikes import olist_lookalike
from shophouse.demo.shops import make_demo
from shophouse.engines import engine_of
from shophouse.engines.dbt import Dbt
from shophouse.project import package_warehouse
from shophouse.shop import Shop

from .shops import KeptShop, row, rows, value

pytestmark = pytest.mark.slow


class Built:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """As dbt understands the shop's project."""
        project = self.shop.project
        parsed = Dbt(project.folder, engine_of(project), log_folder=project.logs_folder / "dbt").parse()
        found: dict[str, Any] = parsed.writable_manifest().to_dict(omit_none=False)
        return found

    def models(self, folder: str) -> dict[str, dict[str, Any]]:
        return {
            node["name"]: node
            for node in self.manifest["nodes"].values()
            if node["resource_type"] == "model" and node["original_file_path"].startswith(f"models/{folder}/")
        }

    def columns(self, table: str) -> dict[str, str]:
        schema, name = table.split(".")
        return dict(
            rows(
                self.shop,
                "select column_name, data_type from information_schema.columns "
                f"where table_schema = '{schema}' and table_name = '{name}'",
            )
        )


@pytest.fixture
def built(kept_storefront: KeptShop) -> Built:
    return Built(kept_storefront.back())


@requirement("S0-02")
def test_each_raw_table_has_a_staging_model_of_its_own(built: Built) -> None:
    sources = {
        source["unique_id"]: source["name"]
        for source in built.manifest["sources"].values()
        if source["source_name"] == "storefront"
    }
    staging = built.models("staging/storefront")
    readers = {
        name: [sources[parent] for parent in model["depends_on"]["nodes"] if parent in sources]
        for name, model in staging.items()
    }
    assert {name: read for name, read in readers.items() if read} == {
        f"base_storefront__{table}": [table] for table in sources.values()
    }
    assert len(sources) == 28


@requirement("S0-03", "S0-05", "S0-06", "S0-07", "S0-08", "S0-09", "S3-08", "S3-09")
def test_core_is_a_star_of_facts_whose_every_key_leads_to_a_dimension(built: Built) -> None:
    facts = {
        "fct_orders": ("customer", "person", "store", "geography", "channel", "employee"),
        "fct_order_items": ("customer", "person", "product", "seller", "store", "geography", "channel", "employee"),
    }
    assert facts.keys() <= built.models("core").keys()
    for fact, dimensions in facts.items():
        assert value(built.shop, f"select count(*) from core.{fact}") >= 400
        for dimension in dimensions:
            key = f"{dimension}_key"
            assert value(built.shop, f"select count(*) - count(distinct {key}) from core.dim_{dimension}") == 0, key
            lost = f"{key} is null or {key} not in (select {key} from core.dim_{dimension})"
            assert value(built.shop, f"select count(*) from core.{fact} where {lost}") == 0, (fact, key)
        assert (
            value(
                built.shop,
                f"select count(*) from core.{fact} where order_date not in (select date_day from core.dim_date)",
            )
            == 0
        )


@requirement("S0-09")
def test_the_date_dimension_has_every_day_once(built: Built) -> None:
    first, last, days = row(built.shop, "select min(date_day), max(date_day), count(*) from core.dim_date")
    assert last - first == timedelta(days=days - 1)
    assert value(built.shop, "select count(*) - count(distinct date_day) from core.dim_date") == 0
    assert row(
        built.shop,
        "select year_number, month_of_year, day_of_month, iso_year, iso_week, quarter_of_year, is_weekend "
        "from core.dim_date where date_day = '2024-12-30'",
    ) == (2024, 12, 30, 2025, 1, 4, False)


@requirement("S3-07")
def test_dates_are_dates_and_times_are_timestamps(built: Built) -> None:
    for table in (
        "core.fct_orders",
        "core.fct_order_items",
        "core.fct_payments",
        "core.fct_refunds",
        "core.dim_customer",
    ):
        columns = built.columns(table)
        assert any(name.endswith(("_at", "_date")) for name in columns)
        for name, type_ in columns.items():
            if name.endswith("_date"):
                assert type_ == "DATE", (table, name)
            if re.search(r"_at(_local)?$", name):
                assert type_ == "TIMESTAMP", (table, name)


@requirement("S0-04", "S0-18")
def test_marts_are_tables_of_one_subject_each(built: Built) -> None:
    marts = built.models("marts")
    assert {model["original_file_path"].split("/")[2] for model in marts.values()} >= {
        "sales",
        "customers",
        "products",
        "operations",
    }
    assert {model["config"]["materialized"] for model in marts.values()} == {"table"}
    kinds = dict(
        rows(built.shop, "select table_name, table_type from information_schema.tables where table_schema = 'marts'")
    )
    assert kinds == dict.fromkeys(marts, "BASE TABLE")


@requirement("S0-10")
def test_a_mart_knows_of_persons_and_products_what_no_dimension_does(built: Built) -> None:
    for mart, key, dimensions, more in (
        ("customer_360", "person_key", ("dim_person", "dim_customer"), {"segment", "net_sales_amount", "is_repeat"}),
        ("product_performance", "product_key", ("dim_product",), {"net_sales_amount", "net_sales_rank", "return_rate"}),
        ("abc_xyz", "product_key", ("dim_product",), {"abc_class", "xyz_class"}),
    ):
        columns = built.columns(f"marts.{mart}").keys()
        assert more <= columns - set().union(*(built.columns(f"core.{dimension}") for dimension in dimensions))
        assert value(built.shop, f"select count(*) - count(distinct {key}) from marts.{mart}") == 0
    assert value(built.shop, "select count(distinct segment) from marts.customer_360") > 3


@requirement("S0-11")
@pytest.mark.parametrize(
    ("mart", "grain"),
    [
        ("sales_daily", "date_day, store_key, channel_key, country_code, state_code"),
        ("sales_monthly", "month_start_date, store_key, channel_key"),
        ("product_performance_monthly", "month_start_date, product_key"),
        ("category_performance", "month_start_date, category_key"),
        ("category_sales_daily", "date_day, store_key, channel_key, country_code, category_key"),
        ("customer_360", "person_key"),
    ],
)
def test_sales_are_summed_at_several_grains_to_the_same_total(built: Built, mart: str, grain: str) -> None:
    assert value(built.shop, f"select count(*) - count(distinct ({grain})) from marts.{mart}") == 0
    assert value(built.shop, f"select sum(net_sales_amount) from marts.{mart}") == value(
        built.shop, "select sum(net_sales_amount) from core.fct_sales_ledger"
    )


@requirement("S0-12")
def test_key_figures_are_calculated_beforehand_and_are_those_of_the_ledger(built: Built) -> None:
    last = value(built.shop, "select max(date_day) from marts.executive_daily")
    trailing, orders, to_date, average = row(
        built.shop,
        "select trailing_28_days_net_sales_amount, trailing_28_days_order_count, year_to_date_net_sales_amount, "
        f"average_order_amount from marts.executive_daily where date_day = '{last}'",
    )
    ledger = "select coalesce(sum(net_sales_amount), 0) from core.fct_sales_ledger where event_date"
    assert trailing == value(built.shop, f"{ledger} > date '{last}' - 28 and event_date <= '{last}'")
    assert to_date == value(built.shop, f"{ledger} between '{last.year}-01-01' and '{last}'")
    valid = "select count(*) from core.fct_orders where is_valid and order_date"
    assert orders == value(built.shop, f"{valid} > date '{last}' - 28 and order_date <= '{last}'")
    today, count = value(built.shop, f"{ledger} = '{last}'"), value(built.shop, f"{valid} = '{last}'")
    if count:
        assert abs(average - today / count) < 1
    else:
        assert average is None


@requirement("S0-13")
def test_every_macro_of_the_package_is_called(built: Built) -> None:
    folder = package_warehouse()
    texts = [
        file.read_text("utf-8")
        for part in ("models", "macros", "snapshots", "tests")
        for file in (folder / part).rglob("*.sql")
    ]
    macros = [
        name
        for text in texts
        for name in re.findall(r"{%-?\s*macro\s+(\w+)\(", text)
        if not name.startswith("default__")
    ]
    assert len(macros) > 40
    called = " ".join(re.sub(r"{%-?\s*macro\s+\w+\(", "", text) for text in texts)
    # dbt calls these by their names
    by_dbt = {"get_incremental_affected_sql", "generate_schema_name"}
    assert [name for name in macros if name not in by_dbt and not re.search(rf"\b{name}\b", called)] == []
    used = {
        macro
        for model in built.manifest["nodes"].values()
        if model["resource_type"] == "model" and model["package_name"] == "shophouse"
        for macro in model["depends_on"]["macros"]
        if macro.startswith("macro.shophouse.")
    }
    assert len(used) > 20


@requirement("S0-20")
def test_a_shops_own_metric_needs_no_change_of_a_shipped_model(storefront: Shop) -> None:
    mart = storefront.project.folder / "models" / "marts" / "discount_share.sql"
    mart.write_text(
        "select month_start_date, sum(discount_amount) / nullif(sum(gross_amount), 0) as discount_share_rate "
        "from {{ ref('sales_monthly') }} group by 1\n",
        "utf-8",
    )
    run = storefront.run()
    assert not run.record.is_full_refresh
    expected = rows(
        storefront,
        "select month_start_date, sum(discount_amount) / nullif(sum(gross_amount), 0) from marts.sales_monthly "
        "group by 1 order by 1",
    )
    assert rows(storefront, "select * from marts.discount_share order by 1") == expected
    assert (storefront.project.reports_folder / "csv" / "discount_share.csv").is_file()


@requirement("S3-12")
def test_the_warehouse_is_a_duckdb_file_that_git_ignores(storefront: Shop) -> None:
    folder = storefront.project.folder
    file = folder / "warehouse" / "shop.duckdb"
    assert file.read_bytes()[8:12] == b"DUCK"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    seen = subprocess.run(
        ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=all"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "shophouse.yml" in seen
    assert not [line for line in seen.splitlines() if re.search(r"duckdb|lake/|reports/|logs/|data/", line)]


@requirement("S3-02")
def test_batches_of_csv_files_in_data_are_an_input(storefront: Shop, data: Path) -> None:
    assert {Path(file).parent.as_posix() for (file,) in rows(storefront, "select source_file from ops.load_files")} == {
        "data"
    }
    for number in (1, 2):
        (data / f"orders-batch-{number}.csv").write_text(
            f"order_id,status,ordered_at\n90000{number},paid,2026-03-0{number} 10:00:00\n", "utf-8"
        )
    (load,) = storefront.ingest().record.loads
    assert (load["files"], load["rows"]) == (2, 2)


@requirement("S3-04")
def test_what_is_written_in_several_ways_is_cleaned_into_one(tmp_path: Path) -> None:
    """Olist's look-alike loses zeros of postcodes and writes states in any case after this; both are cleaned."""
    olist_lookalike(tmp_path / "files", orders=200)
    orders = tmp_path / "files" / "olist_orders_dataset.csv"
    customers = tmp_path / "files" / "olist_customers_dataset.csv"
    orders.write_text(orders.read_text("utf-8").replace(",delivered,", ", Delivered ,"), "utf-8")
    head, *lines = customers.read_bytes().decode().split("\r\n" if b"\r\n" in customers.read_bytes() else "\n")
    assert head.endswith("customer_state")
    customers.write_text("\n".join([head, *(f"{line[:-2]} {line[-2:].lower()} " if line else "" for line in lines)]))
    shop = Shop(make_demo("olist", into=tmp_path / "shop", data=tmp_path / "files"))
    shop.ingest()
    shop.build(select=["+fct_orders", "+dim_geography"])
    found = shop.engine.query(
        "select distinct order_status from core.fct_orders where order_status ilike '%delivered%'"
    ).to_pylist()
    assert found == [{"order_status": "delivered"}]
    states = shop.engine.query(
        "select distinct state_code from core.dim_geography where country_code = 'BR'"
    ).to_pylist()
    codes = {state["state_code"] for state in states}
    assert codes == {code.strip().upper() for code in codes}
    assert {"SP", "RJ"} <= codes
    postcodes = shop.engine.query(
        "select min(length(postal_code)) as shortest, max(length(postal_code)) as longest from core.dim_geography "
        "where country_code = 'BR'"
    ).to_pylist()
    assert postcodes == [{"shortest": 5, "longest": 5}]
