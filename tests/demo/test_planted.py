"""Every fault planted in a world's files has its label, and every label its fault."""

from __future__ import annotations

import pytest

from shophouse.demo.world.deliveries import next_day, write_world
from shophouse.demo.world.settings import Settings

from .worlds import FOLLOWING, World

PLANTED = Settings(orders=9_000, days=300, ahead=5)
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
GOOD = "order_id < 900000000"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("planted")
    write_world(folder, PLANTED)
    for _ in range(FOLLOWING):
        next_day(folder)
    world = World(folder)
    # As text, so that what can't be read is there too.
    for table in ("orders", "order_items", "payments"):
        files = f"{folder}/data/{table}"
        for name, pattern in (
            (table, f"{files}.csv"),
            *((f"{table}_{day[-2:]}", f"{files}-{day}.csv") for day in DAYS),
        ):
            world.con.execute(
                f"create table {name} as from read_csv('{pattern}', header = true, all_varchar = true, quote = '\"')"
            )
    return world


def labelled(world: World, table: str, kind: str, delivery: str, detail: str = "%") -> set[str]:
    query = f"""
        select key from labels where table_name = '{table}' and kind = '{kind}' and delivery = '{delivery}'
            and detail like '{detail}'
    """
    return {row[0] for row in world.rows(query)}


def found(world: World, query: str) -> set[str]:
    return {row[0] for row in world.rows(query)}


def test_all_kinds_of_faults_are_planted(world: World) -> None:
    kinds = found(world, "select distinct table_name || '.' || kind from labels")
    assert kinds == {
        "orders.late",
        "orders.repeated",
        "orders.changed",
        "orders.deleted",
        "orders.stale",
        "orders.malformed",
        "orders.rejected",
        "order_items.malformed",
        "order_items.rejected",
        "payments.malformed",
        "payments.rejected",
        "ad_spend.changed",
    }


def test_a_line_that_cant_be_read_is_where_its_label_says(world: World) -> None:
    labels = world.rows("select file, line, key from labels where file is not null")
    assert len(labels) == 9 * (1 + FOLLOWING)
    for file, line, key in labels:
        text = (world.folder / "data" / file).read_text().splitlines()[line - 1]
        assert key in text.split(","), (file, line)


def test_rows_twice_in_a_file_are_those_labelled(world: World) -> None:
    for name, delivery in (("orders", "2025-12-31"), *((f"orders_{day[-2:]}", day) for day in DAYS)):
        twice = found(world, f"select order_id from {name} group by order_id having count(*) > 1")
        assert twice == labelled(world, "orders", "repeated", delivery, "twice%"), name


def test_orders_that_come_late_are_those_labelled(world: World) -> None:
    before = "select order_id from orders"
    for day in DAYS:
        new = (
            f"select order_id from orders_{day[-2:]} where order_id::bigint < 900000000 and order_id not in ({before})"
        )
        late = found(world, f"{new} and ordered_at < '{day}'")
        assert late == labelled(world, "orders", "late", day)
        before += f" union all select order_id from orders_{day[-2:]}"
    assert world.one("select count(*) from labels where kind = 'late'") > 0


def test_changed_orders_differ_from_before_and_others_sent_again_do_not(world: World) -> None:
    for day in DAYS:
        both = f"orders_{day[-2:]} n join orders o using (order_id)"
        totals = "n.total_amount::decimal(18, 2), o.total_amount::decimal(18, 2)"
        for detail, sign in (("repriced", 1), ("lost%", -1)):
            keys = labelled(world, "orders", "changed", day, detail)
            assert keys
            for key in keys:
                after, before = world.rows(f"select {totals} from {both} where order_id = '{key}'")[0]
                assert (after > before) is (sign > 0), (day, key)
        for key in labelled(world, "orders", "repeated", day, "sent again%"):
            after, before = world.rows(f"select n, o from {both} where order_id = '{key}'")[0]
            assert after == before


def test_deleted_orders_say_so_and_stale_ones_are_older(world: World) -> None:
    for day in DAYS:
        name = f"orders_{day[-2:]}"
        deleted = labelled(world, "orders", "deleted", day)
        assert found(world, f"select order_id from {name} where is_deleted = 'true'") == deleted
        stale = labelled(world, "orders", "stale", day)
        assert stale
        older = f"""
            select n.order_id from {name} n join orders o using (order_id)
            where n.updated_at < o.updated_at and order_id::bigint < 900000000
        """
        assert found(world, older) == stale


def test_nothing_changes_without_a_label_but_by_the_clock(world: World) -> None:
    """An order sent again is labelled, or something happened to it on that day."""
    for day in DAYS:
        name = f"orders_{day[-2:]}"
        again = found(world, f"select distinct order_id from {name} semi join orders using (order_id)")
        news = found(world, f"select order_id from {name} where updated_at >= '{day}' and is_deleted = 'false'")
        labels = set().union(
            *(labelled(world, "orders", kind, day) for kind in ("changed", "repeated", "deleted", "stale"))
        )
        own = found(world, "select key from labels where kind in ('malformed', 'rejected')")
        assert again - labels - own <= news


def test_ad_spend_told_again_has_more_conversions(world: World) -> None:
    files = f"{world.folder}/data/ad_spend"
    query = f"""
        select count(*), bool_and(n.platform_conversions >= o.platform_conversions), bool_and(n.clicks = o.clicks),
            sum(n.platform_conversions) > sum(o.platform_conversions)
        from '{files}-2026-01-01.parquet' n join '{files}.parquet' o using (campaign_id, spend_date)
    """
    labels = world.one("select count(*) from labels where table_name = 'ad_spend' and delivery = '2026-01-01'")
    assert world.rows(query) == [(labels, True, True, True)]
