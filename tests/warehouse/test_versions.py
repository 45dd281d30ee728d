"""What was known of customers and products when: versions from the change history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from requirements import requirement

from .histories import END, Changing, Version, versions
from .plain import PlainShop

CUSTOMERS, PRODUCTS = "customers", "products"
TRACKED = {CUSTOMERS: "acquisition_source", PRODUCTS: "brand"}
MODELS = ("dim_customer_history", "dim_product_history")
CHANGED = ("repeated_customers", "affected_accounts", "affected_customer_versions", "affected_product_versions")
DAILY = (*CHANGED, "customer_versions", "product_versions", "dim_customer", "dim_product")
LOADS = 5


def history(shop: PlainShop, entity: str) -> dict[str, list[Version]]:
    name = entity.removesuffix("s")
    rows = shop.query(
        f"select * from core.dim_{name}_history where source <> 'unknown' order by {name}_id, version_number"
    )
    found: dict[str, list[Version]] = {}
    for row in rows:
        version = Version(row[TRACKED[entity]], row["is_deleted"], row["valid_from"], row["valid_to"])
        found.setdefault(row[f"{name}_id"], []).append(version)
        assert row["is_current"] == (row["valid_to"] == END)
    return found


def build(shop: PlainShop, *, full_refresh: bool) -> None:
    shop.build(*(MODELS if full_refresh else DAILY), full_refresh=full_refresh, upstream=full_refresh)
    assert [f"{result.name}: {result.message}" for result in shop.test() if result.failed] == []


def tables(shop: PlainShop) -> dict[str, list[Any]]:
    names = ("customer_versions", "product_versions", "dim_customer", "dim_product")
    return {name: sorted(map(repr, shop.query(f"select * from core.{name}"))) for name in names}


@pytest.mark.slow
@requirement("S4-31")
@pytest.mark.parametrize(
    ("customers", "products"),
    [("upsert", "upsert with version"), ("snapshot", "snapshot with version"), ("append", "snapshot")],
)
def test_versions_are_what_was_known_when(tmp_path: Path, customers: str, products: str) -> None:
    declared: dict[str, dict[str, object]] = {}
    changing: dict[str, Changing] = {}
    for number, (entity, how) in enumerate({CUSTOMERS: customers, PRODUCTS: products}.items()):
        delivery, *dated = how.split(" with ")
        declared[entity] = {"delivery": delivery, **({"version": "updated_at"} if dated else {})}
        changing[entity] = Changing(number, dated=bool(dated), shared_files=how != "append")
    shop = PlainShop(tmp_path / "shop", declared=declared)
    for load_id in range(1, LOADS + 1):
        for entity, changes in changing.items():
            for file, rows in changes.load(load_id, entity).items():
                key = f"{entity.removesuffix('s')}_id"
                given = [{key: row.member, TRACKED[entity]: row.value, "updated_at": row.changed_at} for row in rows]
                name = f"{load_id}-{file}" if declared[entity]["delivery"] == "upsert" else file
                shop.load(entity, given, load_id=load_id, file=name)
        shop.arrive(load_id=load_id)
        build(shop, full_refresh=load_id == 1)
        for entity, changes in changing.items():
            expected = versions(changes.rows, str(declared[entity]["delivery"]))
            found = history(shop, entity)
            # a member that had one version and is gone was never more than a row that came and went
            kept = {member: its for member, its in expected.items() if member in found}
            assert found == kept
            assert all(len(its) == 1 for member, its in expected.items() if member not in found)
    assert any(len(its) > 2 for its in history(shop, CUSTOMERS).values())
    assert any(len(its) > 2 for its in history(shop, PRODUCTS).values())
    incremental = tables(shop)
    shop.arrive()
    build(shop, full_refresh=True)
    assert tables(shop) == incremental
