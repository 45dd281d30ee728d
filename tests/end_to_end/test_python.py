"""The verbs of the command line, for notebooks and schedulers."""

from __future__ import annotations

from pathlib import Path

import pytest

import shophouse
from shophouse.errors import BuildError
from shophouse.shop import Shop

from .shops import new_storefront

pytestmark = pytest.mark.slow


def test_a_query_is_a_data_frame_an_arrow_table_or_a_polars_frame(storefront: Shop) -> None:
    shop = shophouse.open(storefront.project.folder)
    question = "select month_start_date, net_sales_amount from sales_monthly order by 1"
    expected = shop.sql(question).fetchall()
    assert expected
    frame = shop.sql(question).df()
    assert list(frame.columns) == ["month_start_date", "net_sales_amount"]
    assert [month.date() for month in frame["month_start_date"]] == [month for month, _ in expected]
    arrow = shop.sql(question).arrow()
    table = arrow.read_all() if hasattr(arrow, "read_all") else arrow
    assert table.column("net_sales_amount").to_pylist() == [amount for _, amount in expected]
    assert shop.sql(question).pl().rows() == expected


def test_a_query_takes_parameters_and_can_change_nothing(storefront: Shop) -> None:
    shop = shophouse.open(str(storefront.project.folder))
    ((kept,),) = shop.sql("select count(*) from sales_daily where net_sales_amount > ?", [100]).fetchall()
    ((counted,),) = shop.sql("select count(*) from sales_daily where net_sales_amount > 100").fetchall()
    assert kept == counted > 0
    with pytest.raises(Exception, match="read-only"):
        shop.sql("delete from marts.sales_daily")


def test_ingest_build_and_publish_one_by_one_are_a_run(tmp_path: Path, storefront: Shop) -> None:
    folder = new_storefront(tmp_path / "shop").project.folder
    shop = shophouse.open(folder)
    with pytest.raises(BuildError, match="nothing is published"):
        shop.sql("select 1")
    loaded = shop.ingest()
    assert loaded.ingested is not None
    assert {load["table"] for load in loaded.record.loads} >= {"orders", "order_items", "users", "payments"}
    assert shop.ingest().record.loads == []
    built = shop.build()
    assert {test.status for test in built.record.tests} == {"pass"}
    with pytest.raises(BuildError, match="nothing is published"):
        shop.sql("select 1")
    shop.publish()
    question = "select sum(net_sales_amount), sum(order_count) from sales_daily"
    # the same files make the same numbers
    assert shop.sql(question).fetchall() == storefront.sql(question).fetchall()
    assert {path.stem for path in shop.export(["sales_daily", "sales_monthly"])} == {"sales_daily", "sales_monthly"}
    done = shop.run()
    assert done.status in ("nothing new", "success")
    assert done.record.loads == []
    # runs of the same second have no order among them
    assert sorted(run.command for run in shop.runs()) == ["build", "ingest", "ingest", "publish", "run"]
