from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from requirements import requirement

from .example import Example, copy_of

pytestmark = pytest.mark.slow

SOLD = """
    from {order_items} as lines
    join {orders} as orders using (order_id)
    join {products} as products using (product_id)
    where not orders.is_test and orders.status <> 'cancelled' and not products.is_gift_card
"""
DAY = "cast(orders.ordered_at at time zone 'UTC' at time zone 'America/New_York' as date)"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Example:
    example = copy_of("star-schema", tmp_path_factory.mktemp("star"))
    example.shell("python scripts/generate_data.py 800")
    return example


@pytest.fixture(scope="module")
def star(generated: Example) -> Example:
    """Built by the steps of the README, one by one."""
    assert not (generated.folder / "lake").exists()
    generated.shell("python scripts/run_etl.py extract")
    assert generated.shop.lake.tables()
    assert not (generated.folder / "warehouse" / "shop.duckdb").exists()
    generated.shell("python scripts/run_etl.py transform")
    generated.shell("python scripts/run_aggregations.py")
    return generated


def report(example: Example, name: str) -> list[dict[str, str]]:
    with (example.folder / "reports" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_day(example: Example, name: str, column: str) -> dict[date, Decimal]:
    return {date.fromisoformat(row["order_date"]): Decimal(row[column]) for row in report(example, name)}


@requirement("S3-28")
def test_each_step_can_be_run_alone_and_again(star: Example) -> None:
    assert star.shell("python scripts/run_etl.py extract").strip() == "loaded 0 rows"
    (star.folder / "reports" / "revenue_per_day.csv").unlink()
    star.shell("python scripts/run_aggregations.py")
    assert report(star, "revenue_per_day")


@requirement("S3-31")
def test_the_folders_are_those_of_the_layout(star: Example) -> None:
    for folder in ("data", "docs", "sql", "scripts", "reports", "assets"):
        assert any((star.folder / folder).iterdir()), folder


@requirement("S3-09", "S3-17")
def test_the_fact_has_six_columns_and_a_row_per_line_that_was_sold(star: Example) -> None:
    columns = star.rows("select column_name, data_type from information_schema.columns where table_name = 'fact_orders'"
                        " order by ordinal_position")  # fmt: skip
    assert [name for name, _ in columns] == [
        "order_id", "user_id", "product_id", "order_date", "quantity", "revenue"
    ]  # fmt: skip
    assert star.one("select count(*) from fact_orders") == star.files(f"select count(*) {SOLD}")[0][0]
    lines = star.files(f"select cast(order_id as varchar), cast(product_id as varchar), quantity {SOLD} order by all")
    here = star.rows("select order_id, product_id, cast(quantity as bigint) from fact_orders order by all")
    assert here == lines


@requirement("S3-05", "S3-06", "S3-07")
def test_revenue_is_quantity_times_price_on_the_day_of_the_order(star: Example) -> None:
    here = star.rows("select order_id, order_date, sum(revenue) from fact_orders group by all order by all")
    there = star.files(
        f"select cast(order_id as varchar), {DAY}, sum(quantity * cast(unit_price as decimal(18, 4))) {SOLD}"
        " group by all order by all"
    )
    assert here == there


@requirement("S3-14")
def test_users_are_those_of_the_files_and_the_unknown_one(star: Example) -> None:
    users = star.files("select count(distinct user_id) from {users}")[0][0]
    assert star.one("select count(*), count(distinct user_id) from dim_users") == (users + 1, users + 1)
    assert star.rows("select user_id, city, state_code from dim_users where user_id <> 'unknown' and city <> 'unknown'")
    guests = star.files(f"select count(*) {SOLD} and orders.user_id is null")[0][0]
    assert guests > 0
    assert star.one("select count(*) from fact_orders where user_id = 'unknown'") == guests


@requirement("S3-15")
def test_products_are_the_catalogue(star: Example) -> None:
    there = star.files("select cast(product_id as varchar), name, brand, cast(price as decimal(18, 4)) from {products}"
                       " order by all")  # fmt: skip
    here = star.rows("select product_id, product_name, brand, price from dim_products where product_id <> 'unknown'"
                     " order by all")  # fmt: skip
    assert here == there


@requirement("S3-16")
def test_the_calendar_has_every_day_once_and_all_days_of_orders(star: Example) -> None:
    days = [row[0] for row in star.rows("select date_day from dim_date order by date_day")]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    first, last = star.one("select min(order_date), max(order_date) from fact_orders")
    assert days[0] <= first <= last <= days[-1]


@requirement("S3-18", "S3-19", "S3-20", "S3-22")
def test_the_daily_metrics_are_sql_over_the_fact_and_equal_the_files(star: Example) -> None:
    for query in (star.folder / "sql").glob("*.sql"):
        named = set(re.findall(r"(?:from|join) ([a-z_]+)", query.read_text("utf-8"))) - {"users", "ranked"}
        assert "fact_orders" in named, query
        assert named <= {"fact_orders", "dim_users", "dim_products", "dim_date"}, query
    there = star.files(
        f"""select {DAY}, sum(quantity * cast(unit_price as decimal(18, 4))), count(distinct order_id),
            count(distinct orders.user_id) {SOLD} group by all order by all"""
    )
    assert by_day(star, "revenue_per_day", "revenue") == {row[0]: row[1] for row in there}
    assert by_day(star, "orders_per_day", "orders") == {row[0]: row[2] for row in there}
    assert by_day(star, "daily_active_users", "active_users") == {row[0]: row[3] for row in there if row[3]}


@requirement("S3-21", "S3-24")
def test_the_top_ten_products_are_those_with_the_highest_revenue(star: Example) -> None:
    there = star.files(
        f"""select cast(product_id as varchar), sum(quantity * cast(unit_price as decimal(18, 4))) as revenue {SOLD}
            group by product_id order by revenue desc, cast(product_id as varchar) limit 10"""
    )
    assert [(row["product_id"], Decimal(row["revenue"])) for row in report(star, "top_products")] == there


@requirement("S3-23")
def test_the_trend_has_every_day_and_the_whole_revenue(star: Example) -> None:
    trend = report(star, "daily_revenue_trend")
    days = [date.fromisoformat(row["date_day"]) for row in trend]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert sum(Decimal(row["revenue"]) for row in trend) == star.one("select sum(revenue) from fact_orders")


@requirement("S3-27")
def test_values_per_month_top_users_hours_and_categories_are_reported(star: Example) -> None:
    months = report(star, "average_order_value_per_month")
    for row in months:
        assert abs(Decimal(row["revenue"]) / int(row["orders"]) - Decimal(row["average_order_value"])) <= Decimal(
            "0.005"
        )
    users = star.one("select count(distinct user_id) from fact_orders where user_id <> 'unknown'")
    top = report(star, "top_tenth_of_users")
    assert len(top) == -(-users // 10)
    lowest = min(Decimal(row["revenue"]) for row in top)
    assert all(row[0] <= lowest for row in star.rows(
        "select sum(revenue) as revenue from fact_orders where user_id <> 'unknown' group by user_id"
        f" order by revenue desc offset {len(top)}"
    ))  # fmt: skip
    assert [row["hour_of_day"] for row in report(star, "orders_per_hour")] == [str(hour) for hour in range(24)]
    margins = [
        Decimal(row["margin_amount"]) for row in report(star, "most_profitable_categories") if row["margin_amount"]
    ]
    assert margins == sorted(margins, reverse=True)


@requirement("S3-25")
def test_the_page_on_metrics_has_each_query_word_for_word() -> None:
    folder = Path(__file__).resolve().parents[2] / "examples" / "star-schema"
    page = (folder / "docs" / "metrics.md").read_text("utf-8")
    written = dict(re.findall(r"`(sql/[\w/]+\.sql)`\n\n```sql\n(.*?)```", page, re.DOTALL))
    there = {f"sql/{file.relative_to(folder / 'sql').as_posix()}": file.read_text("utf-8")
             for file in (folder / "sql").rglob("*.sql")}  # fmt: skip
    assert written == there


@requirement("S3-12")
def test_the_warehouse_is_one_file_that_git_ignores(star: Example) -> None:
    assert (star.folder / "warehouse" / "shop.duckdb").is_file()
    star.shell("git init -q")
    listed = star.shell("git ls-files --others --exclude-standard")
    assert "models/star/fact_orders.sql" in listed
    assert "data/README.md" in listed
    assert not re.findall(r"^(?:warehouse|lake|logs|\.shophouse)/.*|.*\.csv$", listed, re.MULTILINE)


def test_the_three_lines_of_the_readme_work(tmp_path: Path) -> None:
    example = copy_of("star-schema", tmp_path)
    said = [example.shell(line) for line in example.three_lines()]
    assert len(said) == 3
    assert "published  version 1" in said[1]
    assert "order_id" in said[2]
