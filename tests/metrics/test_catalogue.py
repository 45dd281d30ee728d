from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

import shophouse as package
from built_shop import DemoShop
from shophouse.errors import ConfigError
from shophouse.metrics import Catalogue, MetricQuery, compile_query
from shophouse.project import Project, package_warehouse
from shophouse.shop import Shop


@pytest.fixture
def own(whole_shop: DemoShop, tmp_path: Path) -> Path:
    """The folder of a shop that a metrics.yml can be put into; it shares what is published."""
    shutil.copy(whole_shop.folder / "shophouse.yml", tmp_path)
    (tmp_path / "data").symlink_to(whole_shop.folder / "data")
    (tmp_path / "models").symlink_to(whole_shop.folder / "models")
    (tmp_path / "warehouse").symlink_to(whole_shop.folder / "warehouse")
    return tmp_path


def load(folder: Path, text: str) -> Catalogue:
    (folder / "metrics.yml").write_text(text, "utf-8")
    return Catalogue.load(Project.load(folder))


def test_all_that_is_named_is_in_the_warehouse(shop: Shop, catalogue: Catalogue) -> None:
    sql = "select table_schema || '.' || table_name, column_name from information_schema.columns"
    columns: dict[str, set[str]] = {}
    for table, column in shop.sql(sql).fetchall():
        columns.setdefault(table, set()).add(column)
    for name, model in catalogue.semantic_models.items():
        assert model.time in columns[model.model], name
        expressions = ", ".join([model.time, *model.dimensions.values()])
        shop.sql(f"select {expressions} from {model.model} limit 0")
    marts = {column for table, names in columns.items() if table.startswith("marts.") for column in names}
    named = {column for metric in catalogue.metrics.values() for column in metric.columns}
    assert named <= marts


def test_columns_are_described_by_the_metric_that_they_hold(catalogue: Catalogue) -> None:
    """One text for one thing: what a mart says of such a column begins with the catalogue's words."""
    wrong, held = [], set()
    for file in sorted((package_warehouse() / "models" / "marts").rglob("*.yml")):
        for model in yaml.safe_load(file.read_text("utf-8"))["models"]:
            for column in model["columns"]:
                metric = catalogue.of_column(column["name"], (model["name"],))
                if metric is not None:
                    held.add(metric)
                    said = catalogue.metrics[metric].definition
                    if not column["description"].startswith(said):
                        wrong.append(f"{model['name']}.{column['name']}: must begin with: {said}")
    assert wrong == []
    assert held == {name for name, metric in catalogue.metrics.items() if metric.columns}


def test_a_column_that_means_something_else_is_there(catalogue: Catalogue, shop: Shop) -> None:
    sql = "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
    there = set(shop.sql(sql).fetchall())
    for name, metric in catalogue.metrics.items():
        for mart in metric.not_in:
            assert any((mart, column) in there for column in metric.columns), f"{name} is never in {mart}"


def test_every_semantic_model_is_needed(catalogue: Catalogue) -> None:
    used = {model for metric in catalogue.metrics.values() for model in metric.expressions}
    assert used == set(catalogue.semantic_models)


def test_dimensions_of_a_ratio_are_those_of_both_parts(catalogue: Catalogue) -> None:
    assert set(catalogue.dimensions("average_order_value")) == {"store", "channel", "country", "state"}
    assert catalogue.dimensions("net_sales")["channel"] == "day"
    assert catalogue.dimensions("net_sales")["brand"] == "month"
    assert (catalogue.grain("net_sales"), catalogue.grain("repeat_rate")) == ("day", "month")


def test_a_shop_adds_and_overrides_metrics(own: Path) -> None:
    catalogue = load(
        own,
        """
metrics:
  web_orders:
    label: Orders on the web
    subject: sales
    description: Valid orders of the channel web.
    formula: number of valid orders of the channel web
    unit: count
    better: up
    basis: the day of the order
    excludes: other channels
    sum: {orders: case when is_valid then 1 else 0 end}
    where: channel = 'web'
  average_order_value:
    label: Basket
    ratio: {numerator: total_sales, denominator: orders}
  net_sales:
    label: Revenue
""",
    )
    assert catalogue.metrics["net_sales"].label == "Revenue"
    assert catalogue.metrics["net_sales"].expressions == Catalogue.packaged().metrics["net_sales"].expressions
    assert catalogue.metrics["average_order_value"].made_of == ("total_sales", "orders")
    shop = package.open(own)
    rows = [
        shop.sql(c.sql, list(c.parameters)).fetchall()[0]
        for c in (
            compile_query(catalogue, MetricQuery(("web_orders", "average_order_value"))),
            compile_query(catalogue, MetricQuery(("total_sales", "orders"))),
        )
    ]
    [web] = shop.sql("select count(*) from core.fct_orders where is_valid and channel = 'web'").fetchall()
    assert rows[0][0] == web[0] > 0
    assert float(rows[0][1]) == pytest.approx(float(rows[1][0]) / rows[1][1], abs=0.0001)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metrics:\n  net_sales: {lable: x}\n", "lable"),
        ("metrics:\n  net_sales: {ratio: {numerator: net_sales, denominator: orders}}\n", "made of itself"),
        ("metrics:\n  net_sales: {sum: {sales_by_dy: x}}\n", "did you mean sales_by_day"),
        ("metrics:\n  net_sales: {sum: {sales_by_day: a}, derived: orders}\n", "exactly one of"),
        ("metrics:\n  net_sales: {derived: gross_sales * discounts}\n", "adds and subtracts"),
        ("metrics:\n  net_sales: {derived: gross_sales - discount}\n", "did you mean discounts"),
        ("metrics:\n  return_rate:\n  new: {label: x}\n", "metrics.yml"),
        ("metrics: 3\n", "metrics.yml"),
        ("metric: {}\n", "metric"),
    ],
)
def test_a_mistake_is_told_with_its_line(own: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(own, text)
    assert said in error.value.render()
    assert "metrics.yml" in error.value.render()


def test_an_unknown_metric_is_told_with_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError, match="nett_sales") as error:
        catalogue.metric("nett_sales")
    assert "did you mean net_sales?" in error.value.render()


def test_shares_and_counts_of_different_do_not_add_up() -> None:
    catalogue = Catalogue.packaged()
    assert catalogue.adds_up("net_sales") and catalogue.adds_up("orders")
    assert not any(map(catalogue.adds_up, ("return_rate", "active_customers", "stock_value")))
