"""What arrives after the first run, and only that, changes the warehouse; it ends as a full rebuild would."""

from __future__ import annotations

import csv
import operator
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from incremental.comparison import differences
from requirements import requirement
from shophouse.demo.lookalikes import olist_lookalike
from shophouse.demo.shops import make_demo
from shophouse.demo.storefront import Delta, delta
from shophouse.errors import SourceMismatch
from shophouse.shop import Run, Shop

from .shops import Files, KeptShop, money, row, rows, value

pytestmark = pytest.mark.slow

NEW = 900_001


def built(shop: Shop, name: str) -> Path:
    """A copy of the warehouse as it is now."""
    copy = shop.project.folder.with_name(f"{name}.duckdb")
    shutil.copyfile(shop.project.warehouse_folder / "build" / "shop.duckdb", copy)
    return copy


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return [tuple(found) for found in connection.execute(sql).fetchall()]


@dataclass(frozen=True)
class Change:
    """One file more: a new order, an order that was cancelled, and a line that can't be read."""

    file: str
    cancelled: int
    run: Run
    quarantine: list[dict[str, Any]]
    before: Path
    after: Path
    full: Path

    def untouched(self, table: str) -> tuple[int, int]:
        """Rows of other orders than the two: how many differ, and how many there are."""
        others = f"select * from {{}}.core.{table} where order_id not in ('{NEW}', '{self.cancelled}')"
        one, other = others.format("one"), others.format("other")
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.before}' as one (read_only)")
            connection.execute(f"attach '{self.after}' as other (read_only)")
            (differ, in_all) = connection.execute(
                f"select (select count(*) from ({one} except all {other})) + "
                f"(select count(*) from ({other} except all {one})), (select count(*) from ({one}))"
            ).fetchall()[0]
        return differ, in_all


@pytest.fixture(scope="module")
def change(kept_storefront: KeptShop) -> Change:
    shop = kept_storefront.back()
    before = built(shop, "before")
    data = shop.project.folder / "data"
    with (data / "orders.csv").open(newline="") as handle:
        reader = csv.DictReader(handle)
        names = list(reader.fieldnames or ())
        orders = {int(order["order_id"]): order for order in reader}
    # the only order of its person, so that nobody's second order becomes the first; gift cards are no sales
    ((cancelled,),) = query(
        before,
        """
        select min(order_id::bigint) from core.fct_orders
        where is_valid and order_status <> 'cancelled' and refund_amount = 0 and gross_amount > 0
            and person_key in (select person_key from core.dim_person where order_count = 1)
            and order_key not in (select order_key from core.fct_order_items where is_gift_card)
        """,
    )
    some = orders[cancelled]
    late = {"updated_at": "2026-03-01 12:00:00"}
    text = data / "orders-2026-03-01.csv"
    with text.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, names)
        writer.writeheader()
        writer.writerow({**some, **late, "order_id": NEW, "user_id": "", "ordered_at": "2026-02-28 23:30:00"})
        writer.writerow({**some, **late, "status": "cancelled", "cancelled_at": "2026-03-01 11:00:00"})
        writer.writerow({**some, **late, "order_id": NEW + 1, "ordered_at": "the day before"})
    run = shop.run()
    quarantine = shop.lake.quarantine("storefront", "orders").to_pylist()
    after = built(shop, "after")
    shop.build(full_refresh=True)
    return Change(text.name, cancelled, run, quarantine, before, after, built(shop, "full"))


@requirement("S0-15", "S3-32")
def test_exactly_the_rows_of_the_new_file_arrive(change: Change) -> None:
    (load,) = change.run.record.loads
    assert (load["table"], load["files"], load["rows"], load["rejected_rows"]) == ("orders", 1, 2, 1)
    assert not change.run.record.is_full_refresh
    loads = "select table_name, load_id, row_count, rejected_row_count from ops.loads"
    assert set(query(change.after, loads)) - set(query(change.before, loads)) == {("orders", load["load_id"], 2, 1)}
    assert query(change.after, "select source_file, table_name from ops.arrived_files") == [
        (f"data/{change.file}", "orders")
    ]
    ids = "select order_id from core.fct_orders"
    assert set(query(change.after, ids)) - set(query(change.before, ids)) == {(str(NEW),)}


@requirement("S0-15", "S0-16")
@pytest.mark.parametrize("table", ["fct_orders", "fct_order_items", "order_headers"])
def test_the_rest_is_untouched(change: Change, table: str) -> None:
    differ, in_all = change.untouched(table)
    assert differ == 0
    assert in_all >= 399


def test_the_new_and_the_changed_order_are_as_the_file_has_them(change: Change) -> None:
    found = query(
        change.after,
        "select order_id, order_status, is_valid, invalid_reason, order_date::varchar, line_count from core.fct_orders "
        f"where order_id in ('{NEW}', '{change.cancelled}') order by order_id desc",
    )
    # half past eleven at night in UTC is the same day in New York
    assert found[0] == (str(NEW), found[0][1], False, "no lines", "2026-02-28", 0)
    assert found[1][1:4] == ("cancelled", False, "cancelled")
    ((lost,),) = query(change.before, f"select net_amount from core.fct_orders where order_id = '{change.cancelled}'")
    sales = "select sum(net_sales_amount) from marts.sales_daily"
    assert query(change.before, sales)[0][0] - query(change.after, sales)[0][0] == lost > 0


def test_the_broken_line_is_in_quarantine_with_file_line_column_and_reason(change: Change) -> None:
    (broken,) = change.quarantine
    assert (broken["_source_file"], broken["line"]) == (f"data/{change.file}", 4)
    assert broken["column_name"] == "ordered_at"
    assert "the day before" in broken["reason"] + broken["raw"]
    assert "timestamp" in broken["reason"].lower()
    assert str(NEW + 1) in broken["raw"]
    assert query(change.after, "select source_file, line, column_name from ops.quarantine") == [
        (f"data/{change.file}", 4, "ordered_at")
    ]


@requirement("S0-15", "S0-16", "S3-32")
def test_a_changed_order_leaves_the_warehouse_as_a_full_rebuild_would(change: Change) -> None:
    assert differences(change.after, change.full) == {}
    assert differences(change.before, change.full) != {}


@dataclass(frozen=True)
class Days:
    """Two more days of the storefront, each a run."""

    deltas: tuple[Delta, Delta]
    runs: tuple[Run, Run]
    versions: tuple[Path, Path, Path]
    full: Path
    files: Files

    def orders(self, version: int, columns: str, ids: tuple[int, ...]) -> list[tuple[Any, ...]]:
        listed = ", ".join(f"'{number}'" for number in ids)
        return query(
            self.versions[version],
            f"select order_id, {columns} from core.fct_orders where order_id in ({listed}) order by order_id",
        )


@pytest.fixture(scope="module")
def days(kept_storefront: KeptShop) -> Days:
    shop = kept_storefront.back()
    data = shop.project.folder / "data"
    versions = [built(shop, "day-0")]
    deltas, runs = [], []
    for number in (1, 2):
        deltas.append(delta(data, orders=60))
        runs.append(shop.run())
        versions.append(built(shop, f"day-{number}"))
    shop.build(full_refresh=True)
    files = Files({})
    for table in ("orders", "order_items"):
        files.connection.execute(
            f"create table {table} as select *, regexp_extract(filename, '2026-[0-9-]+') as day "
            f"from read_csv('{data}/{table}*.csv', header = true, all_varchar = true, filename = true)"
        )
    return Days(
        (deltas[0], deltas[1]),
        (runs[0], runs[1]),
        (versions[0], versions[1], versions[2]),
        built(shop, "days-full"),
        files,
    )


@requirement("S0-15", "S0-16", "S3-32")
def test_days_with_late_changed_and_repeated_orders_equal_a_full_rebuild(days: Days) -> None:
    assert [run.record.is_full_refresh for run in days.runs] == [False, False]
    assert differences(days.versions[2], days.full) == {}


def test_an_order_has_the_lines_of_the_newest_file_that_holds_it(days: Days) -> None:
    expected = days.files.rows(
        """
        with newest as (
            select order_id, max(day) as day from order_items group by order_id
        ),
        -- a line that stands twice in a file is one line
        lines as (
            select distinct
                order_id, line_number, quantity::bigint as quantity, unit_price::decimal(18, 4) as unit_price
            from order_items
            join newest using (order_id, day)
        )
        select order_id, count(*), sum(quantity)::bigint, sum(quantity * unit_price)::decimal(18, 4)
        from lines
        group by order_id
        order by order_id
        """
    )
    assert expected == query(
        days.versions[2],
        "select order_id, line_count, item_count::bigint, (select sum(quantity * unit_price)::decimal(18, 4) from "
        "core.fct_order_items as lines where lines.order_key = fct_orders.order_key) from core.fct_orders "
        "where line_count > 0 order by order_id",
    )


@pytest.mark.parametrize("number", [1, 2])
def test_each_day_brings_its_orders_and_the_late_ones(days: Days, number: int) -> None:
    arrived = {str(order) for order in (*days.deltas[number - 1].new, *days.deltas[number - 1].late)}
    ids = "select order_id from core.fct_orders"
    before, after = (query(days.versions[n], ids) for n in (number - 1, number))
    assert {order for (order,) in after} - {order for (order,) in before} == arrived
    late = days.orders(number, "order_date", days.deltas[number - 1].late)
    assert all(ordered < days.deltas[number - 1].day for _, ordered in late)


@pytest.mark.parametrize("number", [1, 2])
def test_an_order_that_came_again_is_dearer_shorter_or_the_same(days: Days, number: int) -> None:
    day = days.deltas[number - 1]
    cases: list[tuple[tuple[int, ...], str, Callable[[Any, Any], bool]]] = [
        (day.repriced, "gross_amount", operator.gt),
        (day.shortened, "line_count", lambda after, before: after == before - 1),
        (day.resent, "gross_amount", operator.eq),
    ]
    for ids, column, holds in cases:
        assert ids
        before, after = (days.orders(n, column, ids) for n in (number - 1, number))
        assert len(before) == len(after) == len(ids)
        assert all(holds(new, old) for (_, old), (_, new) in zip(before, after, strict=True)), column


@pytest.mark.parametrize("number", [1, 2])
def test_rows_that_stand_twice_in_a_file_count_once(days: Days, number: int) -> None:
    repeated = days.deltas[number - 1].repeated
    assert repeated
    ids = ", ".join(f"'{order}'" for order in repeated)
    assert len(days.orders(number, "line_count", repeated)) == len(repeated)
    in_file = days.files.value(f"select count(*) from order_items where order_id in ({ids})")
    in_core = query(days.versions[number], f"select count(*) from core.fct_order_items where order_id in ({ids})")
    assert in_file > in_core[0][0] > 0


@requirement("S0-15", "S0-16", "S3-32")
def test_a_snapshot_file_that_changed_replaces_its_rows(tmp_path: Path) -> None:
    """Olist's files are snapshots: what is missing in the newer one was deleted."""
    olist_lookalike(tmp_path / "files", orders=300)
    shop = Shop(make_demo("olist", into=tmp_path / "shop", data=tmp_path / "files"))
    shop.run()
    file = tmp_path / "files" / "olist_order_items_dataset.csv"
    head, *lines = file.read_text("utf-8").splitlines()
    before = row(shop, "select count(*), sum(gross_amount) from core.fct_order_items")
    assert before[0] == len(lines)
    gone = lines.pop(7).split(",")
    dearer = lines[20].split(",")
    lines[20] = ",".join([*dearer[:5], "1000.01", dearer[6]])
    file.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    run = shop.run()
    assert [(load["table"], load["rows"]) for load in run.record.loads] == [("order_items", len(lines))]
    assert not run.record.is_full_refresh
    assert row(shop, "select count(*), sum(gross_amount) from core.fct_order_items") == (
        before[0] - 1,
        before[1] - money(gone[5]) - money(dearer[5]) + money("1000.01"),
    )
    # sales followed
    assert value(shop, "select sum(gross_amount) from marts.sales_daily") == value(
        shop, "select sum(gross_amount) from core.fct_order_items"
    )
    incremental = built(shop, "incremental")
    shop.build(full_refresh=True)
    assert differences(incremental, built(shop, "full")) == {}


def test_a_new_column_reaches_raw_and_older_rows_have_none(storefront: Shop, data: Path) -> None:
    (data / "users-2026-03-01.csv").write_text("user_id,email,loyalty_tier\n1,new@example.org,gold\n", "utf-8")
    before = storefront.lake.schema("storefront", "users")
    storefront.ingest()
    storefront.build(select=["base_storefront__users"])
    assert storefront.lake.schema("storefront", "users").keys() - before.keys() == {"loyalty_tier"}
    tiers = "select loyalty_tier, count(*) as number from raw.storefront__users group by 1 order by 1 nulls last"
    assert [found["loyalty_tier"] for found in storefront.engine.query(tiers).to_pylist()] == ["gold", None]


def test_a_lost_required_column_is_an_error_before_anything_is_committed(storefront: Shop, data: Path) -> None:
    question = "select count(*), sum(net_sales_amount) from marts.sales_daily"
    before = (storefront.lake.heads(), storefront.engine.published(), row(storefront, question))
    (data / "orders-2026-03-01.csv").write_text("order_id,state,ordered_at\n900001,paid,2026-03-01 10:00:00\n", "utf-8")
    with pytest.raises(SourceMismatch, match="status") as raised:
        storefront.run()
    assert "orders-2026-03-01.csv" in raised.value.render()
    assert "hint:" in raised.value.render()
    assert (storefront.lake.heads(), storefront.engine.published(), row(storefront, question)) == before
    assert storefront.runs(1)[0].status == "failed"
    # mended, the same file arrives
    (data / "orders-2026-03-01.csv").write_text(
        "order_id,status,ordered_at\n900001,paid,2026-03-01 10:00:00\n", "utf-8"
    )
    assert storefront.run().record.loads[0]["rows"] == 1
    assert rows(storefront, "select order_status from core.fct_orders where order_id = '900001'") != []


def test_of_two_files_of_one_load_the_last_by_name_counts_and_all_rows_are_accounted_for(tmp_path: Path) -> None:
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=60, days=60))
    lines = tmp_path / "shop" / "data" / "order_items.csv"
    header, _, line, *_ = list(csv.reader(lines.open(newline="", encoding="utf-8")))
    line[header.index("unit_price")] = "1234.56"
    with lines.with_name("order_items_corrected.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, line])
    assert shop.run().status == "success"
    assert value(shop, "select count(*) from core.fct_order_items where unit_price = 1234.56") == 1
