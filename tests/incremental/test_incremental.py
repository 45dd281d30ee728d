"""An incremental run equals a full rebuild: twenty shops at a time, as sources of one project."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from incremental.comparison import differences
from incremental.small_shop import SmallShop
from requirements import requirement
from shophouse.scaffold import init_project
from shophouse.shop import Shop

SHOPS = int(os.environ.get("SHOPHOUSE_FUZZ_SHOPS", "20"))
SEED = int(os.environ.get("SHOPHOUSE_FUZZ_SEED", "2025"))
ROUNDS = 3


def project(folder: Path, delivery: str) -> Shop:
    init_project(folder, name="fuzz", staging="storefront", currency="EUR")
    file = folder / "shophouse.yml"
    head = file.read_text().split("sources:")[0]
    tables = "{" + ", ".join(f"{name}: {{delivery: {delivery}}}" for name in TABLES) + "}"
    lines = [
        f"  shop_{number:02}: {{kind: files, path: 'data/{number:02}/*.csv', staging: storefront"
        + (f", tables: {tables}" if delivery == "snapshot" else "")
        + "}"
        for number in range(SHOPS)
    ]
    file.write_text(head + "sources:\n" + "\n".join(lines) + "\n")
    return Shop.open(folder)


TABLES = ("users", "products", "orders", "order_items", "payments", "refunds", "refund_items", "shipments")


@pytest.mark.slow
@requirement("S0-15", "S0-16", "S3-32")
@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
def test_incremental_runs_equal_a_full_rebuild(tmp_path: Path, delivery: str) -> None:
    shop = project(tmp_path / "shop", delivery)
    shops = [SmallShop(SEED + number) for number in range(SHOPS)]
    for _ in range(ROUNDS):
        for number, small in enumerate(shops):
            folder = tmp_path / "shop" / "data" / f"{number:02}"
            small.play(18)
            if delivery == "upsert":
                small.write_changes(folder)
            else:
                small.forget_something()
                small.write_everything(folder)
        run = shop.run()
    assert not run.record.is_full_refresh
    incremental = tmp_path / "incremental.duckdb"
    shutil.copyfile(tmp_path / "shop/warehouse/build/shop.duckdb", incremental)
    shop.run(full_refresh=True)
    assert differences(incremental, tmp_path / "shop/warehouse/build/shop.duckdb") == {}
