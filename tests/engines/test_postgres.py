"""A shop on PostgreSQL: the same tables as on DuckDB, published in one step, written by one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from built_shop import shophouse
from requirements import requirement
from shophouse.demo.storefront import delta, generate
from shophouse.engines.postgres import publish
from shophouse.engines.postgres.engine import PostgresEngine
from shophouse.errors import BuildError, ConfigError, LockedError
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

NewShop = Callable[..., Shop]


def connect(shop: Shop) -> psycopg.Connection[Any]:
    assert isinstance(shop.engine, PostgresEngine)
    return shop.engine.database.connect(autocommit=True)


@pytest.fixture
def storefront(new_shop: NewShop) -> Shop:
    shop = new_shop("storefront", staging="storefront", currency="USD")
    generate(shop.project.folder / "data", seed=3, days=60, orders=120, products=20)
    return shop


def test_from_files_to_published_marts_and_their_exports(storefront: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # the server asks for no password, but takes one
    monkeypatch.setenv("DSN_STOREFRONT", os.environ["DSN_STOREFRONT"].replace("postgres@", "postgres:hidden-word@"))
    run = storefront.run()
    assert run.record.status == "success" and run.record.published == 1
    assert storefront.run().record.status == "nothing new"
    (row,) = storefront.sql("select count(*), sum(net_sales_amount) from sales_daily").fetchall()
    assert row[0] > 10 and row[1] > 0
    assert storefront.sql("select ? + 1 as x", [1]).fetchall() == [(2,)]
    (exported,) = storefront.export(["sales_monthly"], folder=storefront.project.folder / "out")
    assert exported.read_text("utf-8").startswith("month_start_date")
    sizes = {model.model: model for model in run.record.models}
    assert sizes["fct_orders"].rows == 120 and (sizes["fct_orders"].bytes or 0) > 8_000
    assert "storefront" not in storefront.engine.place() and "published_marts" in storefront.engine.place()

    done = shophouse(
        "query", "select count(*) as orders from core.fct_orders", "--csv", folder=storefront.project.folder
    )
    assert (done.returncode, done.stdout) == (0, "orders\n120\n"), done.stderr

    # a model alone takes none of the views above it away
    with connect(storefront) as connection:
        count = "select count(*) from pg_views where schemaname in ('staging', 'input', 'core', 'ops')"
        before = connection.execute(count).fetchone()
        storefront.build(select=["order_headers", "base_storefront__orders"])
        assert connection.execute(count).fetchone() == before
    assert storefront.publish().record.published == 2

    with connect(storefront) as connection:
        reading = connect(storefront)
        reading.execute("begin")
        shown = "select sum(net_sales_amount) from published_marts.sales_daily"
        assert reading.execute(shown).fetchone() == (row[1],)
        # who reads holds nobody up, and reads on
        for number in (3, 4, 5):
            assert storefront.publish().record.published == number
        assert reading.execute("select count(*) from v2_marts.sales_daily").fetchone() == (row[0],)
        reading.execute("rollback")
        reading.close()
        assert storefront.publish().record.published == 6
        schemas = [name for (name,) in connection.execute("select nspname from pg_namespace").fetchall()]
        assert sorted(name for name in schemas if name.endswith("_marts")) == [
            "published_marts",
            "v5_marts",
            "v6_marts",
        ]
        # the published ledger is a view over the published facts
        connection.execute("delete from core.fct_orders")
        assert connection.execute("select count(*) > 100 from published_core.fct_sales_ledger").fetchone() == (True,)

    # nothing tells the password: no file, no table of the query's own
    shown = str(
        storefront.sql("from duckdb_databases()").fetchall() + storefront.sql("from duckdb_secrets()").fetchall()
    )
    files = [file for file in storefront.project.folder.rglob("*") if file.is_file()]
    assert len(files) > 50 and "hidden-word" not in shown
    assert [file for file in files if b"hidden-word" in file.read_bytes()] == []
    assert "PGPASSWORD" not in os.environ


@requirement("S0-17")
def test_a_materialized_view_of_the_shops_own_is_refreshed_and_published(storefront: Shop) -> None:
    marts = storefront.project.folder / "models" / "marts"
    marts.mkdir(parents=True, exist_ok=True)
    (marts / "sales_by_channel.sql").write_text(
        "{{ config(materialized='materialized_view') }}\n\n"
        "select channel, cast(sum(net_sales_amount) as decimal(28, 4)) as net_sales_amount,\n"
        "    cast(sum(order_count) as bigint) as order_count\n"
        "from {{ ref('sales_daily') }}\ngroup by channel\n"
    )
    kind = "select relkind from pg_class where oid = 'marts.sales_by_channel'::regclass"
    by_channel = "select channel, net_sales_amount, order_count from sales_by_channel order by channel"
    summed = (
        "select channel, sum(net_sales_amount), sum(order_count) from sales_daily group by channel order by channel"
    )
    totals = []
    for day in range(2):
        if day:
            delta(storefront.project.folder / "data")
        assert storefront.run().record.published == day + 1
        with connect(storefront) as connection:
            assert connection.execute(kind).fetchone() == ("m",)
        rows = storefront.sql(by_channel).fetchall()
        assert len(rows) > 1
        assert rows == storefront.sql(summed).fetchall()
        totals.append(sum(row[1] for row in rows))
    assert totals[0] != totals[1]


def test_a_mart_of_the_shops_own_takes_the_place_of_what_it_was(
    storefront: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    storefront.run()
    marts = storefront.project.folder / "models" / "marts"
    marts.mkdir(parents=True, exist_ok=True)
    (marts / "newest.sql").write_text("select max(order_date) as newest_date from {{ ref('fct_orders') }}\n")
    (marts / "newest_day.sql").write_text(
        "{{ config(materialized='view') }}\nselect newest_date as day from {{ ref('newest') }}\n"
    )
    monkeypatch.delattr("shophouse.engines.dbt.Dbt.invoke")
    assert sorted(model.model for model in storefront.run().record.models) == ["newest", "newest_day"]
    (marts / "newest.sql").write_text(
        "{{ config(materialized='view') }}\nselect max(order_date) as newest_date, count(*) as orders "
        "from {{ ref('fct_orders') }}\n"
    )
    delta(storefront.project.folder / "data", orders=20)
    storefront.run()
    assert storefront.sql("select newest_date, orders from newest").fetchall() == (
        storefront.sql("select max(order_date), count(*) from core.fct_orders").fetchall()
    )
    assert storefront.sql("select day from newest_day").fetchall() == (
        storefront.sql("select newest_date from newest").fetchall()
    )
    (marts / "newest_day.sql").unlink()
    storefront.run()
    with connect(storefront) as connection:
        named = "select to_regclass('marts.newest_day'), to_regclass('published_marts.newest_day')"
        assert connection.execute(named).fetchone() == (None, None)


def test_a_crash_while_publishing_leaves_what_was_published(
    new_shop: NewShop, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = new_shop()
    shop.engine.prepare()
    with connect(shop) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.sales as select 1 as amount")
        connection.execute("create view marts.doubled as select 2 * s.amount as amount from marts.sales s")
        connection.execute("create schema staging")
        connection.execute("create view staging.raw_sales as select 5 as amount")
        connection.execute("create view marts.direct as select amount from staging.raw_sales")
        assert shop.engine.publish() == 1
        connection.execute("update marts.sales set amount = 2")

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(publish, "_show", stop)
            with pytest.raises(KeyboardInterrupt):
                shop.engine.publish()
        assert shop.engine.published() == 1
        assert connection.execute("select amount from published_marts.sales").fetchone() == (1,)
        assert shop.engine.publish() == 2
        read = "select s.amount, d.amount, r.amount from marts.sales s, marts.doubled d, marts.direct r"
        assert shop.sql(read).fetchall() == [(2, 4, 5)]
        # a view over what isn't published is published as a table
        connection.execute("drop view staging.raw_sales cascade")
        assert shop.sql(read).fetchall() == [(2, 4, 5)]


def test_roles_that_may_read_read_what_is_published_and_no_more(new_shop: NewShop, postgres: Server) -> None:
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("create role analyst login")
    shop = new_shop(engine="\n  readers: [analyst]")
    shop.engine.prepare()
    with connect(shop) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.sales as select 1 as amount")
        shop.engine.publish()
        connection.execute("set role analyst")
        assert connection.execute("select amount from published_marts.sales").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select amount from marts.sales")


def test_one_writes_at_a_time_and_the_other_is_told_who_does(new_shop: NewShop) -> None:
    shop = new_shop()
    assert shop.engine.writer() is None
    code = (
        "import sys; from shophouse.shop import Shop\n"
        "with Shop.open(sys.argv[1]).engine.writing('shophouse run'):\n    print('holds', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(shop.project.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "holds\n"
        with pytest.raises(LockedError) as caught, shop.engine.writing("shophouse build"):
            pass
        assert f"shophouse run, process {other.pid}" in str(caught.value)
        assert "since 20" in str(shop.engine.writer())
        # a process that dies gives the lock back
        other.kill()
    with shop.engine.writing("shophouse build"):
        assert f"shophouse build, process {os.getpid()}" in str(shop.engine.writer())
    assert shop.engine.writer() is None


def test_who_ends_writing_gives_the_lock_back_at_once(new_shop: NewShop) -> None:
    shop = new_shop()
    for _ in range(200):
        with shop.engine.writing("shophouse build"):
            pass
    with pytest.raises(ZeroDivisionError), shop.engine.writing("shophouse build"):
        raise ZeroDivisionError
    with shop.engine.writing("shophouse build"):
        pass


def test_a_database_that_would_give_other_numbers_or_is_somebody_elses_is_refused(
    new_shop: NewShop, postgres: Server
) -> None:
    # its lower('É') is 'É'
    plain = postgres.database("template template0 encoding 'UTF8' locale 'C'")
    with pytest.raises(ConfigError, match="locale"):
        new_shop("plain", dsn=plain).engine.prepare()

    used = postgres.database()
    with psycopg.connect(used, autocommit=True) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.theirs (x int)")
    with pytest.raises(ConfigError, match="marts"):
        new_shop("stranger", dsn=used).engine.prepare()

    mine = new_shop("mine")
    with psycopg.connect(os.environ["DSN_MINE"], autocommit=True) as connection:
        # schemas that were made for the shop
        connection.execute("create schema marts")
        connection.execute("create schema raw")
    mine.engine.prepare()
    theirs = new_shop("theirs", dsn=os.environ["DSN_MINE"])
    with pytest.raises(ConfigError, match="the shop mine's"):
        theirs.engine.prepare()


def test_nothing_is_published_yet(new_shop: NewShop) -> None:
    shop = new_shop()
    assert shop.engine.published() is None
    with pytest.raises(BuildError, match="nothing is published yet"):
        shop.sql("select 1")
