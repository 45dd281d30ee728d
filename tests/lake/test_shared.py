"""A lake that several machines write: leases that run out, writers that come too late, servers that go away."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shophouse.errors import LakeError, LakeUnreachable, LockedError
from shophouse.lake import Lake, _object_lease
from shophouse.lake._object_lease import ObjectLease
from shophouse.lake._objects import ObjectStorage
from shophouse.lake._storage import TakenOver

from .conftest import on
from .places import Place
from .shop import Shop

pytestmark = pytest.mark.server

SHARED = on("s3-postgres")
FUZZ_SECONDS = float(os.environ.get("LAKE_FUZZ_SECONDS", "6"))


@pytest.fixture
def shop(tmp_path: Path, place: Place) -> Shop:
    return Shop(tmp_path, place=place)


@pytest.fixture
def other(shop: Shop) -> Shop:
    """The same shop on another machine."""
    found = Shop(shop.folder, shop.table, shop.place)
    found.lake = shop.place.lake(shop.folder, cache="cache-of-another-machine")
    return found


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases run out soon, and nobody says that it is still alive."""
    monkeypatch.setattr(_object_lease, "LASTS", timedelta(seconds=0.2))
    monkeypatch.setattr(ObjectLease, "_beat", lambda lease: None)


def read(shop: Shop, load: Any) -> Any:
    return shop.source.read(shop.table, load.position, load.folder, load.load_id, load.loaded_at)


@SHARED
@pytest.mark.parametrize("moment", ["before", "between", "empty"])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("has_news", [True, False])
def test_a_writer_that_slept_through_its_lease_changes_nothing(
    shop: Shop,
    other: Shop,
    asleep: None,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    is_first: bool,
    has_news: bool,
) -> None:
    if not is_first:
        shop.write("orders-0.csv", "0,1", "z,1")
        shop.load()
    path = shop.write("orders-1.csv", *([] if moment == "empty" else ["1,1", "x,1"]))

    def overtaken() -> None:
        time.sleep(0.3)
        if not has_news:
            path.unlink()
        else:
            shop.write("orders-1.csv", "1,1", "2,1", "y,1")
        other.load()

    with pytest.raises(TakenOver, match="by another process meanwhile"), shop.lake.load("shop", "orders") as load:  # noqa: PT012
        batches = list(read(shop, load))
        if moment == "between":
            original = ObjectStorage.write

            def late(storage: ObjectStorage, location: str, content: bytes) -> None:
                original(storage, location, content)
                if "ledger-" in location and storage is shop.lake.storage:
                    monkeypatch.setattr(ObjectStorage, "write", original)
                    overtaken()

            monkeypatch.setattr(ObjectStorage, "write", late)
        else:
            overtaken()
        load.commit(batches)

    before = [(0,)] if not is_first else []
    expected = [*before, (1,), (2,)] if has_news else before
    for machine in (shop, other):
        assert machine.rows("id") == expected
        assert [row[3] for row in machine.quarantine()] == (["z,1"] if not is_first else []) + (
            ["y,1"] if has_news else []
        )
    assert other.load() is None
    other.lake.expire("shop", "orders", older_than=timedelta(0))
    if has_news or not is_first:
        other.assert_clean()


@SHARED
def test_a_compaction_that_comes_too_late_changes_nothing(
    shop: Shop, other: Shop, asleep: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        shop.write(f"orders-{number}.csv", f"{number},1")
        shop.load()
    original = ObjectStorage.keep

    def late(storage: ObjectStorage, location: str, paths: Any) -> None:
        original(storage, location, paths)
        if storage is shop.lake.storage:
            time.sleep(0.3)
            shop.write("orders-9.csv", "9,1")
            other.load()

    monkeypatch.setattr(ObjectStorage, "keep", late)
    with pytest.raises(TakenOver):
        shop.lake.compact("shop", "orders")
    assert other.rows("id") == [(0,), (1,), (2,), (9,)]
    assert other.lake.compact("shop", "orders").files_after == 1
    other.lake.expire("shop", "orders", older_than=timedelta(0))
    assert other.rows("id") == [(0,), (1,), (2,), (9,)]
    other.assert_clean()


@SHARED
def test_a_sleeper_deletes_nothing_of_those_who_came_after_it(
    shop: Shop, other: Shop, asleep: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.load()
    original = ObjectLease.renew

    def late(lease: ObjectLease) -> None:
        monkeypatch.setattr(ObjectLease, "renew", original)
        time.sleep(0.3)
        shop.write("orders-2.csv", "2,1")
        other.load()
        original(lease)

    monkeypatch.setattr(ObjectLease, "renew", late)
    with pytest.raises(TakenOver):
        shop.lake.expire("shop", "orders", older_than=timedelta(0))
    assert shop.rows("id") == [(1,), (2,)] and other.load() is None


@SHARED
def test_a_long_load_keeps_its_lease(shop: Shop, other: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_object_lease, "LASTS", timedelta(seconds=0.8))
    shop.write("orders-1.csv", "1,1")
    with shop.lake.load("shop", "orders") as load:
        batches = list(read(shop, load))
        time.sleep(2)
        with pytest.raises(LockedError, match=f"process {os.getpid()} on "):
            other.load()
        assert load.commit(batches) is not None
    assert other.rows("id") == [(1,)] and other.load() is None


@on("s3-postgres", "azure-sqlite")
def test_who_waits_gets_the_lease_when_it_is_free(shop: Shop, other: Shop) -> None:
    shop.write("orders-1.csv", "1,1")
    with shop.lake.load("shop", "orders") as load:
        batches = list(read(shop, load))
        ended = threading.Timer(0.3, lambda: load.commit(batches))
        ended.start()
        ended.join()
    with other.lake.load("shop", "orders", wait=5) as load:
        assert load.load_id == 2


def _ingest(folder: Path, place: Place, cache: str, tables: list[str], mine: str, done: Any) -> None:
    from shophouse.sources import Column, Table

    shops = {}
    for name in tables:
        table = Table("shop", name, files=f"{name}-*", columns=(Column("id", "bigint"),), required=("id",))
        shops[name] = Shop(folder, table, place)
        shops[name].lake = place.lake(folder, cache)
    for number in range(3):
        for name, shop in shops.items():
            shop.write(f"{name}-{mine}-{number}.csv", *(f"{row}" for row in range(10)), header="id")
            while True:
                try:
                    shop.load()
                    break
                except LockedError:
                    time.sleep(0.05)
    done.put(mine)


@on("s3-postgres", "s3-rest")
def test_two_machines_load_the_same_and_other_tables_at_once_and_nothing_is_lost(shop: Shop) -> None:
    context = multiprocessing.get_context("forkserver")
    done = context.Queue()
    machines = [
        context.Process(target=_ingest, args=(shop.folder, shop.place, f"cache-{name}", ["both", name], name, done))
        for name in ("east", "west")
    ]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join(120)
    assert {done.get(timeout=5), done.get(timeout=5)} == {"east", "west"}
    for name, files in (("both", 6), ("east", 3), ("west", 3)):
        shop.table = dataclasses.replace(shop.table, name=name)
        rows = shop.rows("_source_file, id")
        assert sorted(rows) == sorted(set(rows)) and len(rows) == files * 10
        shop.assert_clean()


@SHARED
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_whose_answer_was_lost_is_there_once(shop: Shop, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlalchemy.orm

    shop.write("orders-1.csv", "1,1", "x,1")
    shop.load()
    original = sqlalchemy.orm.Session.commit
    lost: list[str] = []

    def commit(session: Any) -> None:
        if moment == "after":
            original(session)
        if len(lost) < 2:
            lost.append(moment)
            raise sqlalchemy.exc.OperationalError("commit", {}, Exception("server closed the connection"))
        if moment == "before":
            original(session)

    monkeypatch.setattr(sqlalchemy.orm.Session, "commit", commit)
    shop.write("orders-2.csv", "2,1", "y,1")
    assert shop.load() is not None
    assert len(lost) == 2
    monkeypatch.undo()
    assert shop.rows("id") == [(1,), (2,)] and len(shop.quarantine()) == 2 and shop.load() is None
    shop.assert_clean()


@SHARED
def test_a_commit_whose_answer_was_lost_and_on_which_another_one_followed_is_there(
    shop: Shop, other: Shop, asleep: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyiceberg.catalog.sql import SqlCatalog

    shop.write("orders-1.csv", "1,1")
    original = SqlCatalog.commit_table

    def commit(catalog: Any, *arguments: Any) -> Any:
        monkeypatch.setattr(SqlCatalog, "commit_table", original)
        original(catalog, *arguments)
        time.sleep(0.3)
        shop.write("orders-2.csv", "2,1")
        assert other.load() is not None
        raise OSError("server closed the connection")

    with shop.lake.load("shop", "orders") as load:
        batches = list(read(shop, load))
        monkeypatch.setattr(SqlCatalog, "commit_table", commit)
        assert load.commit(batches) is not None
    assert shop.rows("id") == [(1,), (2,)] and shop.load() is None
    shop.lake.expire("shop", "orders", older_than=timedelta(0))
    shop.assert_clean()


@SHARED
def test_a_lost_ledger_is_rebuilt_after_a_writer_that_died(shop: Shop, other: Shop, asleep: None) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.load()
    lease = ObjectLease(shop.lake.storage, f"{shop.lake.storage.base}/locks/shop.orders.json", "orders")  # type: ignore[arg-type]
    lease.acquire(0)
    shop.lake.storage.delete(shop.lying("ledger"))
    time.sleep(0.3)
    with pytest.raises(LakeError, match="shophouse lake repair"):
        other.load()
    other.lake.repair("shop", "orders")
    assert other.rows("id") == [(1,)] and other.load() is None


@on("s3-sqlite")
def test_a_lake_that_refuses_says_why(shop: Shop, place: Place, tmp_path: Path) -> None:
    shop.write("orders-1.csv", "1,1")
    shop.load()
    wrong = {**place.variables, "LAKE_SECRET": "not-the-secret"}
    refused = Shop(tmp_path, place=dataclasses.replace(place, variables=wrong))
    refused.lake = refused.place.lake(tmp_path, "empty-cache")
    with pytest.raises(LakeError, match="refuses") as raised:
        refused.load()
    assert "not-the-secret" not in str(raised.value) and not raised.value.retryable
    missing = Shop(tmp_path, place=dataclasses.replace(place, url="s3://no-such-bucket/lake"))
    for request in (
        lambda: missing.lake.storage.list("s3://no-such-bucket/lake/shop"),
        lambda: missing.lake.storage.write("s3://no-such-bucket/lake/x", b""),
        missing.load,
    ):
        with pytest.raises(LakeError, match="s3://no-such-bucket/lake has no bucket"):
            request()
    gone = Shop(tmp_path, place=dataclasses.replace(place, endpoint="http://127.0.0.1:9", retries=2))
    with pytest.raises(LakeUnreachable, match=r"(?s)can't be reached.*http://127.0.0.1:9"):
        gone.load()
    assert shop.rows("id") == [(1,)]


@SHARED
def test_a_catalog_that_refuses_says_why_and_tells_no_password(shop: Shop, place: Place, tmp_path: Path) -> None:
    dsn = place.catalog["dsn"]
    for wrong, error, said in (
        (dsn.rpartition("/")[0] + "/no_such_database", LakeError, "refuses"),
        ("postgresql://postgres:tell-nobody@127.0.0.1:9/lake", LakeUnreachable, "can't be reached"),
    ):
        refused = Shop(tmp_path, place=dataclasses.replace(place, catalog={"kind": "postgres", "dsn": wrong}))
        with pytest.raises(error, match=f"catalog {said}") as raised:
            refused.load()
        assert "tell-nobody" not in str(raised.value)


@on("s3-sqlite")
def test_copies_make_room_for_newer_ones_but_not_for_those_in_use(shop: Shop, tmp_path: Path) -> None:
    for number in range(3):
        shop.write(f"orders-{number}.csv", *(f"{row},{random.random():.4f}" for row in range(4000)))
        shop.load()
    files = shop.lake.data_files("shop", "orders")
    size = sum(Path(file).stat().st_size for file in files)
    storage = shop.lake.storage
    assert isinstance(storage, ObjectStorage)

    def with_room(name: str, size: float) -> Lake:
        return Lake(
            storage=ObjectStorage(storage.base, tmp_path / name, storage.settings, cache_bytes=int(size)),
            catalog=shop.lake.catalog,
        )

    with pytest.raises(LakeError, match=r"lake\.cache_size allows"):
        with_room("small", size * 0.9).data_files("shop", "orders")
    large = with_room("large", size * 1.2)
    before = large.data_files("shop", "orders")
    shop.lake.compact("shop", "orders")
    after = with_room("large", size * 1.2).data_files("shop", "orders")
    assert Path(after[0]).exists() and not all(Path(file).exists() for file in before)


@on("s3-sqlite", "s3-postgres")
def test_a_lake_that_was_copied_elsewhere_is_made_at_home(shop: Shop, place: Place, s3: Any) -> None:
    shop.write("orders-1.csv", "1,1", "x,1")
    shop.load()
    shop.write("orders-2.csv", "2,1,red", header="id,price,colour")
    shop.load()
    before = shop.state()
    bucket, client = s3.bucket(), s3.client()
    old = place.url.split("/")[2]
    for found in client.list_objects_v2(Bucket=old)["Contents"]:
        key = found["Key"]
        client.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": old, "Key": key})
        client.delete_object(Bucket=old, Key=key)
    moved = Shop(shop.folder, shop.table, dataclasses.replace(place, url=f"s3://{bucket}/shops/one"))
    moved.lake = moved.place.lake(shop.folder, "new-cache")
    with pytest.raises(LakeError, match="shophouse lake move"):
        moved.rows()
    assert moved.lake.move() == 1
    assert moved.state() == before and moved.load() is None
    moved.write("orders-3.csv", "z,1", "4,1")
    moved.load()
    assert len(moved.rows()) == 3 and len(moved.quarantine()) == 2
    moved.lake.compact("shop", "orders")
    moved.lake.expire("shop", "orders", older_than=timedelta(0))
    moved.assert_clean()


@pytest.mark.slow
@SHARED
def test_servers_that_go_away_at_random_lose_and_double_nothing(
    shop: Shop, place: Place, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The S3 server is killed and started again, the catalog's connections are cut, while loads go on."""
    monkeypatch.setattr(_object_lease, "LASTS", timedelta(seconds=2))
    dice = random.Random(20261121)
    ended = threading.Event()
    server = psycopg.connect(place.catalog["dsn"].rpartition("/")[0] + "/postgres", autocommit=True)

    def trouble() -> None:
        while not ended.wait(dice.uniform(0.05, 0.6)):
            if dice.random() < 0.5:
                s3.stop(kill=True)
                time.sleep(dice.uniform(0.05, 0.4))
                s3.start()
            else:
                server.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                    [place.catalog["dsn"].rpartition("/")[2]],
                )

    maker = threading.Thread(target=trouble)
    maker.start()
    written: dict[str, int] = {}
    try:
        end, number = time.monotonic() + FUZZ_SECONDS, 0
        while time.monotonic() < end:
            name = f"orders-{number}.csv"
            written[f"data/{name}"] = dice.randrange(1, 20)
            shop.write(name, *(f"{row},1" for row in range(written[f"data/{name}"])), "x,1")
            try:
                shop.load()
                if number % 5 == 4:
                    shop.lake.compact("shop", "orders")
            except (LakeError, LockedError):
                # with another process id, which the next one is, the lease would not have to run out first
                shop.lake = place.lake(shop.folder)
            number += 1
    finally:
        ended.set()
        maker.join()
        server.close()
        # a server ends with the thread that started it
        s3.stop()
        s3.start()
    with shop.lake.load("shop", "orders", wait=70):
        pass
    shop.load()
    rows: dict[str, int] = {}
    for (name,) in shop.rows("_source_file"):
        rows[name] = rows.get(name, 0) + 1
    assert rows == written
    assert len(shop.quarantine()) == len(written)
    shop.lake.expire("shop", "orders", older_than=timedelta(0))
    shop.assert_clean()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tries are as many as ever, and their pauses short."""
    from shophouse.lake import _iceberg
    from shophouse.sources._retries import Retries

    monkeypatch.setattr(_iceberg, "_TRIES", Retries(times=6, first_pause=0.05, growth=1.5))
    yield
