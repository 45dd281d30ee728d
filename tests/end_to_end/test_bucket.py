"""A shop in a bucket with versions: made as Parquet, changed by a feed of changes, and equal to a rebuild."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from incremental.comparison import differences
from requirements import requirement
from servers.s3 import Server
from shophouse.demo.shops import make_demo
from shophouse.shop import Shop

pytestmark = [pytest.mark.server, pytest.mark.slow]

FEED = """    tables:
      orders: {operation: {column: Op}, version: updated_at}
      order_items: {operation: {column: Op}, version: null}
      shipments: {delivery: snapshot, vanished_files: remove}
"""


def numbers(shop: Shop) -> tuple[Any, ...]:
    orders = "select count(*), sum(quantity) from fct_order_items"
    with duckdb.connect(str(shop.project.warehouse_folder / "build" / "shop.duckdb"), read_only=True) as reader:
        lines = reader.execute(orders.replace("fct_order_items", "core.fct_order_items")).fetchone()
        shipped = reader.execute("select count(*) from core.fct_shipments").fetchone()
        kept = reader.execute("select count(*) from core.fct_orders").fetchone()
    assert lines and shipped and kept
    return (*kept, *lines, *shipped)


@requirement("S2-01", "S2-02", "S2-03", "S2-04", "S2-05", "S2-06", "S2-07", "S2-22")
def test_a_change_feed_in_a_versioned_bucket_ends_where_a_rebuild_ends(
    s3: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket, client = s3.bucket(versioned=True), s3.client()
    project = make_demo(
        "storefront", into=tmp_path / "shop", orders=120, days=60, format="parquet", bucket=f"s3://{bucket}/in"
    )
    text = project.file.read_text("utf-8")
    project.file.write_text(text.replace("    # tables:", f"{FEED}    # tables:"), "utf-8")
    shop = Shop.open(project.folder)
    assert shop.run().status == "success"
    data = project.folder / "data"

    def told(sql: str) -> Any:
        found = duckdb.sql(
            sql.format(**{name: f"'{data}/{name}.parquet'" for name in ("orders", "order_items", "shipments")})
        )
        row = found.fetchone()
        assert row
        return row[0]

    expected = (
        told("select count(*) from {orders}"),
        told("select count(*) from {order_items}"),
        told("select sum(quantity) from {order_items}"),
        told("select count(*) from {shipments}"),
    )
    assert numbers(shop) == expected
    assert shop.run().record.status == "nothing new"

    # the order of file names is the order of changes; one line of an order comes without its others
    changes = tmp_path / "changes"
    changes.mkdir()
    gone = told("select min(order_id) from {orders} where user_id is not null")
    more = told(f"select min(order_id) from {{order_items}} where line_number = 2 and order_id <> {gone}")
    items, orders = f"'{data}/order_items.parquet'", f"'{data}/orders.parquet'"
    changed = "select * replace (quantity + {} as quantity), '{}' as Op"
    line = f"{changed} from {items} where order_id = {more} and line_number = 1"
    for name, sql in {
        "order_items-cdc-1": line.format(7, "U"),
        "order_items-cdc-2": f"{line.format(2, 'U')} union all by name "
        f"select *, 'D' as Op from {items} where order_id = {gone}",
        "orders-cdc-1": f"select * replace (updated_at + interval 1 hour as updated_at), 'D' as Op from {orders} "
        f"where order_id = {gone}",
    }.items():
        duckdb.sql(f"copy ({sql}) to '{changes / name}.parquet' (format parquet)")
        client.upload_file(str(changes / f"{name}.parquet"), bucket, f"in/{name}.parquet")
    client.delete_object(Bucket=bucket, Key="in/shipments.parquet")

    assert shop.run().status == "success"
    left = told(f"select count(*) from {{order_items}} where order_id <> {gone}")
    quantity = told(f"select sum(quantity) from {{order_items}} where order_id <> {gone}") + 2
    assert numbers(shop) == (expected[0] - 1, left, quantity, 0)

    incremental = tmp_path / "incremental.duckdb"
    shutil.copyfile(shop.project.warehouse_folder / "build" / "shop.duckdb", incremental)
    shop.run(full_refresh=True)
    assert differences(incremental, shop.project.warehouse_folder / "build" / "shop.duckdb") == {}
