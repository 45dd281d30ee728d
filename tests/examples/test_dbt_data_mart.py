from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from requirements import requirement
from shophouse.errors import CheckFailed
from shophouse.quality.freshness import freshness

from .example import Example, copy_of

pytestmark = pytest.mark.slow

FACTS = {
    "fct_sales_by_day": ("date_day",),
    "fct_sales_by_month": ("month_start_date",),
    "fct_sales_by_product_month": ("month_start_date", "product_key"),
    "fct_sales_by_category_month": ("month_start_date", "category_key"),
    "fct_sales_by_customer_month": ("month_start_date", "customer_key"),
}
CHANGING = {"orders", "order_items", "payments", "refunds", "refund_items", "shipments"}
SOURCE_TABLES = {"users", "products", "categories", *CHANGING}


@pytest.fixture(scope="module")
def mart(tmp_path_factory: pytest.TempPathFactory) -> Example:
    example = copy_of("dbt-data-mart", tmp_path_factory.mktemp("mart"))
    example.shell("python scripts/generate_data.py 600")
    example.shell("shophouse run")
    return example


@pytest.fixture(scope="module")
def manifest(mart: Example) -> dict[str, Any]:
    mart.shell("dbt parse --quiet")
    text = (mart.folder / ".shophouse" / "target" / "manifest.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def columns(example: Example, schema: str, table: str) -> set[str]:
    rows = example.rows(
        f"select column_name from information_schema.columns where table_schema = '{schema}' and table_name = '{table}'"
    )
    return {row[0] for row in rows}


@requirement("S0-01")
def test_the_raw_tables_are_described_as_sources_in_a_folder_of_their_own(manifest: dict[str, Any]) -> None:
    own = [s for s in manifest["sources"].values() if s["original_file_path"].startswith("models/sources/")]
    assert {source["name"] for source in own} == SOURCE_TABLES
    assert all(source["description"] and source["source_description"] for source in own)


@requirement("S0-02")
def test_staging_has_one_cleaning_view_per_source_table(manifest: dict[str, Any]) -> None:
    found = []
    for node in manifest["nodes"].values():
        if node["original_file_path"].startswith("models/staging/") and node["name"].startswith("base_storefront__"):
            read = [name for name in node["depends_on"]["nodes"] if name.startswith("source.")]
            assert (len(read), node["config"]["materialized"]) == (1, "view"), node["name"]
            found.append(read[0].rpartition(".")[2])
    assert len(found) == len(set(found))
    assert set(SOURCE_TABLES) <= set(found)


@requirement("S0-03", "S0-05", "S0-06", "S0-07", "S0-08", "S0-09")
def test_core_has_facts_and_dimensions_with_the_rows_of_the_files(mart: Example, manifest: dict[str, Any]) -> None:
    for name in ("fct_orders", "fct_order_items", "dim_customer", "dim_product", "dim_date"):
        node = manifest["nodes"][f"model.shophouse.{name}"]
        assert (node["original_file_path"], node["schema"]) == (f"models/core/{name}.sql", "core")
    for table, file in (("fct_orders", "orders"), ("fct_order_items", "order_items")):
        assert mart.one(f"select count(*) from core.{table}") == mart.files(f"select count(*) from {{{file}}}")[0][0]
    for table, file in (("dim_customer", "users"), ("dim_product", "products")):
        assert (
            mart.one(f"select count(*) from core.{table}") == mart.files(f"select count(*) + 1 from {{{file}}}")[0][0]
        )
    days = (
        "select count(*) from core.fct_orders left join core.dim_date on order_date = date_day where date_day is null"
    )
    assert mart.one(days) == 0


@requirement("S0-04", "S0-18")
def test_marts_lie_in_their_folder_and_are_tables(mart: Example, manifest: dict[str, Any]) -> None:
    kinds = mart.rows("select table_name, table_type from information_schema.tables where table_schema = 'marts'")
    assert {kind for _, kind in kinds} == {"BASE TABLE"}
    own = [n for n in manifest["nodes"].values() if n["package_name"] == "data_mart" and n["resource_type"] == "model"]
    assert {Path(node["original_file_path"]).parts[:2] for node in own} == {("models", "mart")}
    assert {Path(node["original_file_path"]).parts[2] for node in own} == {"dimensions", "facts", "metrics"}
    assert {node["name"] for node in own} <= {name for name, _ in kinds}


@requirement("S0-10")
def test_enhanced_dimensions_know_more_than_core_and_lose_nobody(mart: Example) -> None:
    for table, core, key, more in (
        (
            "customer_profile",
            "dim_customer",
            "customer_key",
            {"segment", "lifetime_order_count", "lifetime_net_sales_amount"},
        ),
        ("product_profile", "dim_product", "product_key", {"is_premium", "abc_class", "lifetime_net_sales_amount"}),
    ):
        assert more <= columns(mart, "marts", table) - columns(mart, "core", core)
        assert mart.one(f"select count(*), count(distinct {key}) from {table}") == mart.one(
            f"select count(*), count(*) from core.{core}"
        )
    assert not {"email", "phone", "first_name", "last_name"} & columns(mart, "marts", "customer_profile")
    wrong = """select count(*) from customer_profile join core.dim_person using (person_key)
        where person_key <> 0 and lifetime_order_count <> valid_order_count"""
    assert mart.one(wrong) == 0


@requirement("S0-11")
def test_facts_of_every_grain_have_one_row_each_and_the_same_totals_as_the_files(mart: Example) -> None:
    ((gross,),) = mart.files(
        """select sum(quantity * cast(unit_price as decimal(18, 4))) from {order_items}
        join {orders} using (order_id) join {products} using (product_id) where not is_test and not is_gift_card"""
    )
    net = mart.one("select sum(net_sales_amount) from core.fct_sales_ledger")
    assert 0 < net < gross
    for table, grain in FACTS.items():
        keys = " || '|' || ".join(f"cast({column} as varchar)" for column in grain)
        rows, distinct, here_gross, here_net = mart.one(
            f"select count(*), count(distinct {keys}), sum(gross_amount), sum(net_sales_amount) from {table}"
        )
        assert (rows, here_gross, here_net) == (distinct, gross, net), table


@requirement("S0-12")
def test_kpis_follow_from_their_parts(mart: Example) -> None:
    months = mart.rows(
        "select order_count, net_sales_amount, average_order_amount from kpis_monthly where order_count > 0"
    )
    assert len(months) > 12
    for orders, net, average in months:
        assert abs(net / orders - average) <= Decimal("0.0001")
    assert mart.one("select sum(order_count) from kpis_monthly") == mart.one(
        "select count(*) from core.fct_orders where is_valid"
    )
    persons = mart.one("select sum(person_count), round(sum(net_sales_share_rate), 6) from segment_kpis")
    assert persons == (mart.one("select count(*) from customer_360 where person_key <> 0"), 1)


@requirement("S0-13")
def test_each_macro_is_called_by_a_model(manifest: dict[str, Any]) -> None:
    own = {key for key, macro in manifest["macros"].items()
           if macro["package_name"] == "data_mart" and macro["original_file_path"].startswith("macros/")
           and macro["name"] != "generate_schema_name"}  # fmt: skip
    assert len(own) >= 4
    called = {name for node in manifest["nodes"].values() for name in node["depends_on"].get("macros", ())}
    called |= {
        name for key, macro in manifest["macros"].items() if key in called for name in macro["depends_on"]["macros"]
    }
    assert own <= called


@requirement("S0-14")
def test_a_singular_and_a_generic_test_find_a_line_too_many(mart: Example, manifest: dict[str, Any]) -> None:
    tests = [n for n in manifest["nodes"].values() if n["package_name"] == "data_mart" and n["resource_type"] == "test"]
    singular = {node["name"] for node in tests if node["original_file_path"].startswith("tests/")}
    generic = {(node.get("test_metadata") or {}).get("name") for node in tests} - {None}
    assert singular == {"assert_core_has_every_line_of_the_source", "assert_days_and_months_agree"}
    assert {"one_row_per", "sums_to_ledger", "is_rate"} <= generic
    built = mart.folder / "warehouse" / "build" / "shop.duckdb"
    before = built.read_bytes()
    mart.plant(
        "update core.fct_order_items set quantity = quantity + 1 where rowid = 0",
        "update marts.fct_sales_by_day set gross_amount = gross_amount + 0.01 where rowid = 0",
    )
    try:
        with pytest.raises(CheckFailed) as caught:
            mart.shop.check()
    finally:
        built.write_bytes(before)
    said = caught.value.render()
    assert "assert_core_has_every_line_of_the_source: 1 row" in said
    assert "fct_sales_by_day_gross: 1 row" in said


@requirement("S0-20")
def test_a_metric_of_the_shops_own_is_a_file_of_the_shops_own(mart: Example) -> None:
    threshold = yaml.safe_load((mart.folder / "dbt_project.yml").read_text("utf-8"))["vars"]["premium_price"]
    wrong = f"""select count(*) from premium_share_monthly as metric where premium_net_sales_amount <> (
        select coalesce(sum(ledger.net_sales_amount), 0) from core.fct_sales_ledger as ledger
        join core.dim_product using (product_key)
        where date_trunc('month', ledger.event_date) = metric.month_start_date and list_price >= {threshold})"""
    assert mart.one(wrong) == 0
    assert mart.one("select max(premium_share_rate) from premium_share_monthly") > 0
    shipped = (mart.folder / ".shophouse" / "packages" / "shophouse").resolve()
    before = {file: file.stat().st_mtime_ns for file in shipped.rglob("*.sql")}
    metric = mart.folder / "models" / "mart" / "metrics" / "weekend_orders.sql"
    metric.write_text(
        "select count(*) as order_count from {{ ref('fct_orders') }} as orders\n"
        "inner join {{ ref('dim_date') }} as days on orders.order_date = days.date_day\n"
        "where orders.is_valid and days.is_weekend\n"
    )
    try:
        mart.shop.build(select=["weekend_orders"])
        (row,) = mart.built("select order_count from marts.weekend_orders")
    finally:
        metric.unlink()
    assert 0 < row["order_count"] < mart.one("select count(*) from core.fct_orders where is_valid")
    assert {file: file.stat().st_mtime_ns for file in shipped.rglob("*.sql")} == before


@requirement("S0-22")
def test_every_fact_is_to_be_refreshed_daily_and_the_run_notices_when_it_is_not(mart: Example) -> None:
    def after(days: int) -> dict[str, str]:
        moment = datetime.now(UTC) + timedelta(days=days)
        return {r.table: r.status for r in freshness(mart.shop.project, mart.shop.lake, moment) if r.table in CHANGING}

    assert after(0) == dict.fromkeys(CHANGING, "fresh")
    assert after(2) == dict.fromkeys(CHANGING, "warn")
    assert after(8) == dict.fromkeys(CHANGING, "error")


def test_the_three_lines_of_the_readme_work(tmp_path: Path) -> None:
    example = copy_of("dbt-data-mart", tmp_path)
    said = [example.shell(line) for line in example.three_lines()]
    assert len(said) == 3
    assert "published  version 1" in said[1]
    assert re.search(r"^2025-12-01 ", said[2], re.MULTILINE)


@pytest.mark.parametrize("name", ["dbt-data-mart", "olist-analytics", "star-schema"])
def test_each_readme_says_whose_each_table_is(name: str, tmp_path: Path) -> None:
    example = copy_of(name, tmp_path)
    assert len(example.three_lines()) == 3
    own = {file.stem for file in (example.folder / "models").rglob("*.sql")} - {"star_dim_date"}
    assert not [model for model in own if f"{model}`" not in example.readme]
    assert "whose" in example.readme
