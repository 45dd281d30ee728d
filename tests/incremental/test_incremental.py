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


PLACES = {
    "categories": "CategoryID,CategoryName\n1,fruit\n",
    "countries": "CountryID,CountryName,CountryCode\n1,Farther,\n2,Nearer,\n",
    "cities": "CityID,CityName,ZipCode,CountryID\n1,Aa,1000,1\n2,Bb,2000,2\n",
    "customers": "CustomerID,FirstName,MiddleInitial,LastName,CityID,Address\n1,A,,A,1,x\n2,B,,B,2,y\n",
    "employees": "EmployeeID,FirstName,MiddleInitial,LastName,BirthDate,Gender,CityID,HireDate\n1,E,,E,,F,1,\n",
    "products": "ProductID,ProductName,Price,CategoryID,Class,ModifyDate,Resistant,IsAllergic,VitalityDays\n"
    "1,plum,2,1,,,,,\n",
    "sales": "SalesID,SalesPersonID,CustomerID,ProductID,Quantity,Discount,TotalPrice,SalesDate,TransactionNumber\n"
    + "".join(f"{n},1,{1 + n % 2},1,{n},0,0,2025-03-{n:02} 10:00:00.000,T{n}\n" for n in range(1, 10)),
}


@pytest.mark.slow
def test_sums_by_country_follow_the_countrys_name(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init_project(folder, name="grocer", staging="grocery", currency="USD")
    for name, text in PLACES.items():
        (folder / "data" / f"{name}.csv").write_text(text)
    shop = Shop.open(folder)
    shop.run()
    # nothing of a sale arrives, nor of a city
    (folder / "data" / "countries.csv").write_text(PLACES["countries"].replace("Farther", "Farthest"))
    assert not shop.run().record.is_full_refresh
    sums = "select country_code, sum(quantity) from aggregates.{} group by 1 order by 1"
    for table in ("sold_by_day", "sales_by_day"):
        assert shop.sql(sums.format(table)).fetchall() == [("Farthest", 20), ("Nearer", 25)]
    orders = "select country_code, sum(order_count) from aggregates.orders_by_day group by 1 order by 1"
    assert shop.sql(orders).fetchall() == [("Farthest", 4), ("Nearer", 5)]
    incremental = tmp_path / "incremental.duckdb"
    shutil.copyfile(folder / "warehouse/build/shop.duckdb", incremental)
    shop.run(full_refresh=True)
    assert differences(incremental, folder / "warehouse/build/shop.duckdb") == {}
