from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

import shophouse as package
from built_shop import DemoShop
from shophouse.serve.dashboard.published import Published, QueryFailed, WithoutPersonal
from shophouse.shop import Shop


def test_the_same_question_is_asked_once(shop: Shop) -> None:
    published = Published(shop.engine)
    first = published.query("select random() as x where 1 = ?", [1])
    assert published.query("select random() as x where 1 = ?", [1]) is first
    assert published.query("select random() as x where 1 = $one", {"one": 1}).columns == ("x",)


def test_too_many_rows_are_refused(shop: Shop) -> None:
    published = Published(shop.engine, rows=10)
    assert len(published.query("select * from range(10)").rows) == 10
    with pytest.raises(QueryFailed, match="more than 10 rows"):
        published.query("select * from range(11)")


def test_a_query_that_takes_too_long_is_stopped(shop: Shop) -> None:
    published = Published(shop.engine, seconds=0.3)
    with pytest.raises(QueryFailed, match=r"more than 0\.3 seconds"):
        published.query("select count(*) from range(100000) a, range(100000) b where a.range * b.range % 7 = 3")
    assert published.query("select 1").rows == ((1,),)


@pytest.mark.parametrize(
    "sql",
    ["delete from marts.sales_daily", "drop table marts.sales_daily", "create table shop.x (a int)", "select * frm x"],
)
def test_nothing_can_be_changed(shop: Shop, sql: str) -> None:
    before = shop.sql("select count(*) from sales_daily").fetchall()
    with pytest.raises(QueryFailed):
        Published(shop.engine).query(sql)
    assert shop.sql("select count(*) from sales_daily").fetchall() == before


def test_a_new_version_is_read_as_soon_as_it_is_there(whole_shop: DemoShop, tmp_path: Path) -> None:
    copy = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, copy)
    shop = package.open(copy)
    published = Published(shop.engine)
    version, sql = published.version(), "select uuid()"
    before = published.query(sql)
    assert published.query(sql) is before
    found: list[object] = []
    reader = threading.Thread(target=lambda: found.extend(published.query(sql).rows for _ in range(200)))
    reader.start()
    shop.publish()
    reader.join()
    assert published.version() != version
    assert published.query(sql).rows != before.rows
    assert len(found) == 200


def test_who_may_see_no_personal_data_gets_none(shop: Shop) -> None:
    published = Published(shop.engine)
    viewers = WithoutPersonal(published, frozenset({"email", "first_name"}))
    assert viewers.version() == published.version()
    assert viewers.query("select customer_key from core.dim_customer where source = ?", ["email"]).rows == ()
    for sql in (
        "select email from core.dim_customer",
        'select substr("EMAIL", 1, 3) as x from core.dim_customer',
        "select * from core.dim_customer",
    ):
        assert published.query(sql).rows
        with pytest.raises(QueryFailed, match="personal data"):
            viewers.query(sql)


def test_personal_data_is_known_in_capitals_and_by_a_name_in_quotes(shop: Shop) -> None:
    viewers = WithoutPersonal(Published(shop.engine), frozenset({"tax-id"}))
    rows = "(select '7' as \"Tax-ID\") as people"
    for sql in (f'select "Tax-ID" as x from {rows}', f"select * from {rows}"):
        with pytest.raises(QueryFailed, match="personal data"):
            viewers.query(sql)


def test_who_may_see_no_personal_data_is_not_told_a_value_by_an_error(shop: Shop) -> None:
    published = Published(shop.engine)
    sql = "select cast(concat('ann', '@example.net') as integer)"
    with pytest.raises(QueryFailed) as told:
        published.query(sql)
    assert "ann@example.net" in told.value.render()
    with pytest.raises(QueryFailed, match="a query failed") as told:
        WithoutPersonal(published, frozenset({"email"})).query(sql)
    assert "ann@example.net" not in told.value.render()
