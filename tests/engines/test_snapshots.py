"""Dbt snapshots in a shop that asks for them: what an entity was when a build found it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from requirements import requirement
from shophouse.errors import ConfigError
from shophouse.scaffold import init_project
from shophouse.shop import Shop

END = datetime(9999, 12, 31)
FILES = {
    "orders-1.csv": "order_id,ordered_at,status\n1,2025-01-01 10:00:00,paid\n",
    "order_items-1.csv": "order_id,line_number,product_id,quantity,unit_price\n1,1,1,1,10\n",
    "products-1.csv": "product_id,name,category_id\n1,a,1\n",
    "categories.csv": "category_id,name\n1,One\n2,Two\n",
    "users-1.csv": "user_id\n1\n",
}


def fill(shop: Shop, setting: str = "snapshots: [categories]") -> Path:
    file = shop.project.folder / "shophouse.yml"
    text = file.read_text("utf-8").replace("staging: storefront", "staging: storefront\n    tables: {TABLES}", 1)
    tables = "{categories: {delivery: snapshot}}"
    file.write_text(f"{text.replace('{TABLES}', tables)}\n{setting}\n", "utf-8")
    data = shop.project.folder / "data"
    for name, content in FILES.items():
        (data / name).write_text(content, "utf-8")
    return data


def versions(shop: Shop) -> list[tuple[str, str, bool]]:
    rows = shop.sql(
        "select category_id, category_name, valid_to from snapshots.snapshot_categories "
        "order by category_id, valid_from, valid_to"
    ).fetchall()
    return [(category, name, valid_to == END) for category, name, valid_to in rows]


FIRST = [("1", "One", True), ("2", "Two", True)]
SECOND = [("1", "One", False), ("1", "Uno", True), ("2", "Two", False)]


def snapshots_are_kept(shop: Shop) -> None:
    data = fill(shop)
    shop = Shop.open(shop.project.folder)
    shop.run()
    assert versions(shop) == FIRST
    assert shop.run().status == "nothing new"
    # another name, and one category less
    (data / "categories.csv").write_text("category_id,name\n1,Uno\n", "utf-8")
    run = shop.run()
    assert not run.record.is_full_refresh
    assert versions(shop) == SECOND
    began = shop.sql("select min(valid_from) from snapshots.snapshot_categories").fetchall()
    shop.run(full_refresh=True)
    assert versions(shop) == SECOND
    assert shop.sql("select min(valid_from) from snapshots.snapshot_categories").fetchall() == began
    # the rest of the shop is built without dbt when nothing of it has news
    (data / "users-2.csv").write_text("user_id\n2\n", "utf-8")
    assert "snapshot_categories" not in [built.model for built in shop.run().record.models]
    assert versions(shop) == SECOND


@pytest.mark.slow
@requirement("S4-31")
def test_what_a_build_found_is_kept_whatever_becomes_of_the_rest(tmp_path: Path) -> None:
    init_project(tmp_path / "shop", staging="storefront", currency="EUR")
    snapshots_are_kept(Shop.open(tmp_path / "shop"))


@pytest.mark.server
@pytest.mark.slow
def test_snapshots_are_kept_on_postgres(new_shop: Callable[..., Shop]) -> None:
    snapshots_are_kept(new_shop(staging="storefront", currency="EUR"))


@pytest.mark.slow
def test_no_snapshot_is_taken_unless_a_shop_asks_for_it(tmp_path: Path) -> None:
    init_project(tmp_path / "shop", staging="storefront", currency="EUR")
    fill(Shop.open(tmp_path / "shop"), setting="")
    shop = Shop.open(tmp_path / "shop")
    shop.run()
    assert shop.sql("select * from duckdb_tables() where schema_name = 'snapshots'").fetchall() == []


def test_a_snapshot_of_what_there_is_none_of_is_a_clear_error(tmp_path: Path) -> None:
    init_project(tmp_path / "shop", staging="storefront", currency="EUR")
    with (tmp_path / "shop" / "shophouse.yml").open("a", encoding="utf-8") as file:
        file.write("\nsnapshots: [orders]\n")
    with pytest.raises(ConfigError, match="snapshots"):
        Shop.open(tmp_path / "shop")
