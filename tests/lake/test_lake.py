"""What a load leaves in the lake, and what maintenance keeps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shophouse.errors import LakeError, LockedError, SourceMismatch
from shophouse.lake import Lake
from shophouse.lake._ledger import DataFile, Ledger
from shophouse.lake.maintenance import planned_files
from shophouse.sources import Column, Table

from .conftest import on
from .places import Place
from .shop import TABLE, Shop

NOW = timedelta(0)
EVERYWHERE = on("local", "s3-sqlite", "s3-postgres", "s3-rest", "s3-glue", "azure-sqlite")
BOTH = on("local", "s3-postgres")


@pytest.fixture
def shop(tmp_path: Path, place: Place) -> Shop:
    return Shop(tmp_path, place=place)


def iceberg_rows(shop: Shop, snapshot: int | None = None) -> list[dict[str, object]]:
    with shop.lake.catalog.opened() as catalog:
        table = catalog.load_table(shop.lake.catalog.identifier(("shop", shop.table.name)))
        found = table.scan(snapshot_id=snapshot).to_arrow().to_pylist()
    return sorted(
        found,
        key=lambda row: (row["_load_id"], row["_source_file"], row["_row_number"]),
    )


@EVERYWHERE
def test_a_lake_that_never_was_is_empty(shop: Shop) -> None:
    lake = shop.lake
    assert lake.heads() == {} and lake.tables() == [] and lake.data_files("shop", "orders") == []
    assert lake.schema("shop", "orders") == {} and lake.position("shop", "orders") is None
    assert lake.loads("shop", "orders") == [] and lake.quarantine("shop", "orders").num_rows == 0
    assert not lake.root.exists() or lake.storage.is_shared
    with pytest.raises(LakeError, match=r"no table shop\.orders"):
        lake.history("shop", "orders")


@EVERYWHERE
def test_a_load_is_one_commit_with_data_position_and_counts(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,2.5", "x,1", "2,3")
    record = shop.load("run-1")
    assert record is not None
    assert (
        record.load_id,
        record.run_id,
        record.files,
        record.rows,
        record.rejected_rows,
    ) == (1, "run-1", 1, 2, 1)
    assert shop.rows("id, price, _load_id, _source_file, _row_number") == [
        (1, Decimal("2.5000"), 1, "data/orders-1.csv", 1),
        (2, Decimal("3.0000"), 1, "data/orders-1.csv", 2),
    ]
    assert shop.lake.loads("shop", "orders") == [record]
    assert shop.quarantine() == [(1, "data/orders-1.csv", 3, "x,1")]
    assert shop.lake.schema("shop", "orders") == {
        "id": "bigint",
        "price": "decimal(18,4)",
        "_load_id": "bigint",
        "_loaded_at": "timestamp",
        "_source_file": "text",
        "_row_number": "bigint",
        "_operation": "text",
    }
    head = shop.lake.head("shop", "orders")
    assert head is not None and head.metadata["properties"]["shophouse.load_id"] == "1"
    assert len(head.metadata["metadata-log"]) == 0 and len(shop.lake.history("shop", "orders")) == 1
    assert [row["id"] for row in iceberg_rows(shop)] == [1, 2]
    shop.assert_clean()


@EVERYWHERE
def test_a_second_load_of_the_same_files_changes_nothing(shop: Shop) -> None:
    path = shop.write("orders-1.csv", "1,2.5")
    shop.load()
    heads = shop.lake.heads()
    assert shop.load() is None and shop.lake.heads() == heads
    os.utime(path, ns=(5, 5))
    assert shop.load() is None and shop.lake.heads() == heads
    position = shop.lake.position("shop", "orders")
    assert position is not None and position["files"]["data/orders-1.csv"]["mtime_ns"] == 5
    shop.assert_clean()


@BOTH
def test_a_changed_file_supersedes_its_former_version_and_no_other(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,2.5")
    shop.write("orders-2.csv", "2,1")
    shop.load()
    shop.write("orders-1.csv", "1,2.75", "3,1")
    shop.load()
    files = [(f.load_id, f.source_file, f.rows, f.superseded_by) for f in shop.lake.load_files("shop", "orders")]
    assert files == [
        (1, "data/orders-1.csv", 1, 2),
        (1, "data/orders-2.csv", 1, None),
        (2, "data/orders-1.csv", 2, None),
    ]
    assert len(shop.rows()) == 4


@EVERYWHERE
def test_a_new_column_is_added_and_older_rows_read_null(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,2.5")
    shop.load()
    shop.write("orders-2.csv", "2,1,red,7", header="id,price,colour,a.b")
    shop.load()
    assert list(shop.lake.schema("shop", "orders"))[-2:] == ["colour", "a.b"]
    assert [(row["id"], row["colour"], row["a.b"]) for row in iceberg_rows(shop)] == [
        (1, None, None),
        (2, "red", "7"),
    ]


def test_types_widen_or_the_load_is_refused(tmp_path: Path) -> None:
    def with_types(**types: str) -> Shop:
        return Shop(
            tmp_path,
            Table("shop", "orders", columns=tuple(Column(n, t) for n, t in types.items())),
        )

    shop = with_types(id="integer", price="decimal(10,2)")
    shop.write("orders-1.csv", "1,2.5")
    shop.load()
    shop = with_types(id="bigint", price="decimal(18,2)")
    shop.write("orders-2.csv", f"{2**40},123456789012.5")
    shop.load()
    assert [row["id"] for row in iceberg_rows(shop)] == [1, 2**40]
    before = shop.state()
    shop.write("orders-3.csv", "1,2.5")
    for wrong in (
        with_types(id="text", price="decimal(18,2)"),
        with_types(id="bigint", price="decimal(18,4)"),
    ):
        with pytest.raises(LakeError, match="in the lake and"):
            wrong.load()
    with pytest.raises(LakeError, match="column ID is called id"):
        with_types(ID="bigint", price="decimal(18,2)").load()
    assert shop.state() == before
    shop.assert_clean()


@BOTH
def test_a_load_that_fails_leaves_nothing(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,2.5")
    shop.load()
    before, heads = shop.state(), shop.lake.heads()
    shop.write("orders-2.csv", "2,1")
    shop.write("orders-3.csv", "5", header="price")
    with pytest.raises(SourceMismatch, match="required column id"):
        shop.load()
    assert shop.state() == before and shop.lake.heads() == heads
    shop.assert_clean()


@BOTH
def test_an_empty_file_is_a_load_without_rows(shop: Shop) -> None:
    (shop.folder / "data" / "orders-1.csv").touch()
    record = shop.load()
    assert record is not None and (record.files, record.rows) == (1, 0)
    assert shop.load() is None and shop.rows() == []
    shop.write("orders-2.csv", "1,2.5")
    shop.load()
    assert len(shop.rows()) == 1
    shop.assert_clean()


@BOTH
def test_ledgers_do_not_pile_up_and_metadata_stays_small(shop: Shop) -> None:
    for number in range(8):
        shop.write(f"orders-{number}.csv", f"{number},1")
        shop.load()
    assert len(shop.lying("ledger")) <= 4
    head = shop.lake.head("shop", "orders")
    assert head is not None and "orders-3.csv" not in json.dumps(head.metadata)


def test_newest_files_are_merged_and_older_ones_only_where_they_are_not_much_larger(shop: Shop) -> None:
    sizes: list[list[int]] = []
    for number in range(18):
        shop.write(f"orders-{number}.csv", *(f"{number * 1000 + row},{row}.5" for row in range(200)))
        shop.load()
        assert shop.lake.small_files("shop", "orders") == number % 3 + 1
        if number % 3 == 2:
            before = shop.rows()
            shop.lake.compact("shop", "orders", newest=True)
            assert shop.rows() == before
            sizes.append([one.last_load - one.first_load + 1 for one in files(shop)])
    # what was merged is left alone until as much has come since
    assert sizes == [[3], [6], [9], [9, 3], [15], [15, 3]]
    assert len(shop.lake.files_after("shop", "orders", 15)) == 1
    assert len(shop.lake.files_after("shop", "orders", 14)) == 2
    assert shop.lake.files_after("shop", "orders", 18) == []


@EVERYWHERE
def test_compaction_keeps_rows_order_lineage_and_position(shop: Shop) -> None:
    for number in range(5):
        shop.write(
            f"orders-{number}.csv",
            f"{number},1",
            f"{number},2",
            "x,",
            header="id,price",
        )
        shop.load()
    shop.write("orders-9.csv", "9,1,red", header="id,price,colour")
    shop.load()
    before, quarantine = shop.state(), shop.quarantine()
    done = shop.lake.compact("shop", "orders")
    assert (done.files_before, done.files_after) == (6, 1)
    assert shop.state() == before and shop.quarantine() == quarantine
    assert len(iceberg_rows(shop)) == len(before["rows"])
    assert shop.load() is None
    assert shop.lake.compact("shop", "orders").files_after == 1
    shop.write("orders-1.csv", "1,7")
    shop.load()
    assert shop.rows("id, price")[-1] == (1, Decimal("7.0000"))
    named = planned_files(shop.lake, "shop", "orders")
    assert sorted(shop.lake.data_files("shop", "orders")) == [str(path) for path in shop.lake.storage.fetch(named)]


@EVERYWHERE
def test_expiring_deletes_files_and_keeps_position_and_records(shop: Shop) -> None:
    for number in range(4):
        shop.write(f"orders-{number}.csv", f"{number},1", "x,")
        shop.load()
    shop.lake.compact("shop", "orders")
    before = shop.state()
    assert shop.lake.expire("shop", "orders").snapshots == 0
    done = shop.lake.expire("shop", "orders", keep=2, older_than=NOW)
    # three of five snapshots, and three of the quarantine's four minus the one kept besides
    assert len(shop.lake.history("shop", "orders")) == 2 and done.snapshots == 5
    shop.lake.expire("shop", "orders", older_than=NOW)
    assert len(shop.lake.history("shop", "orders")) == 1
    shop.assert_clean()
    assert shop.state() == before and len(iceberg_rows(shop)) == 4
    assert shop.load() is None
    shop.write("orders-5.csv", "5,1")
    record = shop.load()
    assert record is not None and (record.load_id, record.files) == (5, 1)
    with pytest.raises(LakeError, match="at least one"):
        shop.lake.expire("shop", "orders", keep=0)


@BOTH
def test_snapshots_that_the_next_one_contains_are_forgotten_sooner_than_what_a_merge_replaced(shop: Shop) -> None:
    for number in range(5):
        shop.write(f"orders-{number}.csv", f"{number},1", "x,")
        shop.load()
        if number == 2:
            shop.lake.compact("shop", "orders")
    before, rows = shop.state(), iceberg_rows(shop)
    assert [change.operation for change in shop.lake.history("shop", "orders")] == [
        *("append", "append", "append"),
        "overwrite",
        *("append", "append"),
    ]
    assert shop.lake.expire("shop", "orders", contained=timedelta(hours=1)).snapshots == 0
    shop.lake.expire("shop", "orders", contained=NOW)
    replaced, newest = shop.lake.history("shop", "orders")
    assert (replaced.rows, replaced.files, newest.rows, newest.current) == (3, 3, 5, True)
    assert iceberg_rows(shop, replaced.snapshot_id) == rows[:3] and iceberg_rows(shop) == rows
    assert shop.state() == before
    assert len(shop.lying("data")) == (replaced.files or 0) + (newest.files or 0)
    shop.lake.expire("shop", "orders", older_than=NOW, contained=timedelta(hours=1))
    assert shop.lake.history("shop", "orders") == [newest]
    shop.assert_clean()


@BOTH
def test_expiring_sweeps_what_a_killed_load_left(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.load()
    left = f"{shop.lake.location('shop', 'orders')}/data/load-00000002/part-1.parquet"
    shop.lake.storage.write(left, b"half")
    assert shop.lake.expire("shop", "orders").files >= 1
    shop.assert_clean()


@BOTH
def test_a_commit_of_another_program_is_seen_and_repaired(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.write("orders-2.csv", "2,1")
    shop.load()
    shop.write("orders-1.csv", "1,2")
    shop.load()
    with shop.lake.catalog.opened() as catalog:
        table = catalog.load_table(shop.lake.catalog.identifier(("shop", "orders")))
        table.append(table.scan(row_filter="id = 1 and _load_id = 2").to_arrow())
    assert len(shop.rows()) == 4
    with pytest.raises(LakeError, match="changed by another program"):
        shop.lake.compact("shop", "orders")
    shop.lake.repair("shop", "orders")
    assert shop.lake.compact("shop", "orders").files_after == 1
    assert len(shop.rows()) == 4 and shop.load() is None


@BOTH
def test_a_lost_ledger_is_rebuilt_from_the_rows(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,1", "x,1")
    shop.load()
    shop.write("orders-2.csv", "2,1")
    shop.load()
    shop.write("orders-1.csv", "1,3", "y,1")
    shop.load()
    before = shop.state()
    shop.lake.storage.delete(shop.lying("ledger"))
    with pytest.raises(LakeError, match="shophouse lake repair"):
        shop.load()
    shop.lake.repair("shop", "orders")
    after = shop.state()
    for key in ("rows", "quarantine", "files", "paths"):
        assert after[key] == before[key]
    assert shop.load() is None
    shop.write("orders-2.csv", "2,4")
    record = shop.load()
    assert record is not None and (record.load_id, record.files) == (4, 1)


def test_a_moved_lake_says_so_and_can_be_made_at_home(shop: Shop, tmp_path: Path) -> None:
    shop.write("orders-1.csv", "1,1", "x,1")
    shop.load()
    shop.write("orders-2.csv", "2,1,red", header="id,price,colour")
    shop.load()
    before = shop.state()
    (tmp_path / "else").mkdir()
    shutil.move(shop.folder / "lake", tmp_path / "else" / "lake")
    lake = Lake(tmp_path / "else" / "lake")
    with pytest.raises(LakeError, match="shophouse lake move"):
        lake.data_files("shop", "orders")
    assert lake.move() == 1
    shop.lake = lake
    assert shop.state() == before and len(iceberg_rows(shop)) == 2
    assert shop.load() is None
    shop.write("orders-3.csv", "z,1", "4,1")
    shop.load()
    assert len(shop.rows()) == 3 and len(shop.quarantine()) == 2
    lake.compact("shop", "orders")
    lake.expire("shop", "orders", older_than=NOW)
    shop.assert_clean()


@BOTH
def test_a_pinned_lake_does_not_see_what_is_loaded_meanwhile(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.load()
    pinned = shop.lake.pinned()
    shop.write("orders-2.csv", "2,1,red", header="id,price,colour")
    shop.write("orders-1.csv", "1,2")
    shop.load()
    shop.lake.compact("shop", "orders")
    assert len(pinned.data_files("shop", "orders")) == 1 and "colour" not in pinned.schema("shop", "orders")
    assert [(file.load_id, file.superseded_by) for file in pinned.load_files("shop", "orders")] == [(1, None)]
    assert pinned.heads() != shop.lake.heads() == shop.lake.pinned().heads()


@EVERYWHERE
def test_a_dropped_table_is_loaded_anew(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,1", "x,1")
    shop.load()
    shop.lake.drop("shop", "orders")
    assert shop.lake.tables() == [] and shop.quarantine() == []
    record = shop.load()
    assert record is not None and record.load_id == 1 and len(shop.rows()) == 1 and len(shop.quarantine()) == 1


def test_importing_and_asking_costs_no_pyiceberg(shop: Shop) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.load()
    code = f"""
import sys
from shophouse.lake import Lake
from shophouse.sources import Table
from shophouse.sources.files import FilesSource
lake = Lake({str(shop.lake.root)!r})
lake.heads(); lake.position("shop", "orders"); lake.loads("shop", "orders"); lake.schema("shop", "orders")
assert lake.data_files("shop", "orders")
lake.load_files("shop", "orders"); lake.history("shop", "orders")
source = FilesSource("shop", {str(shop.folder)!r}, "data/*", tables=[Table("shop", "orders")])
with lake.load("shop", "orders") as load:
    batches = source.read(source.tables()[0], load.position, load.folder, load.load_id, load.loaded_at)
    assert load.commit(batches) is None
print([name for name in ("pyiceberg", "pyarrow", "duckdb", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_table_that_is_being_written_says_by_whom(shop: Shop) -> None:
    code = f"""
from shophouse.lake import Lake
with Lake({str(shop.lake.root)!r}).load("shop", "orders"):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin and other.stdout and other.stdout.readline() == "held\n"
        shop.write("orders-1.csv", "1,1")
        with pytest.raises(LockedError) as raised:
            shop.load()
        assert f"process {other.pid} on " in str(raised.value) and " since 20" in str(raised.value)
        other.stdin.write("\n")
        other.stdin.flush()
        with shop.lake.load("shop", "orders", wait=30) as load:
            assert load.load_id == 1
    assert shop.load() is not None


def test_a_table_declared_without_types_lands_as_text(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Table("shop", "orders", files=TABLE.files))
    shop.write("orders-1.csv", "007,1e3")
    shop.load()
    assert shop.rows("id, price") == [("007", "1e3")]


def files(shop: Shop) -> list[DataFile]:
    head = shop.lake.head("shop", "orders")
    assert head is not None
    return Ledger.of(head).data
