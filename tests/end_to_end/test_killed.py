"""A run that is killed at any point leaves nothing half done: run again, it ends as one that nobody disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from incremental.comparison import differences
from requirements import requirement
from shophouse.demo.storefront import delta
from shophouse.shop import Shop

from .shops import KeptShop, environment, new_storefront

pytestmark = pytest.mark.slow

# `shophouse run`, telling in the folder `building` which models it came to.
RUN = """
from pathlib import Path
from shophouse.shop import Shop

class Telling:
    def phase(self, name): ...
    def notice(self, line): ...
    def progress(self, what, done, total):
        Path("building").mkdir(exist_ok=True)
        Path("building", what.replace("/", "_")).touch()

Shop.open(".", listener=Telling()).run()
"""
Reached = Callable[[Path], bool]


def _exists(place: str) -> Reached:
    return lambda folder: (folder / place).exists()


def _loaded(tables: int) -> Reached:
    """So many tables have files of their second load, committed or not."""
    return lambda folder: len(list(folder.glob("lake/storefront/*/data/load-*2"))) >= tables


def _newer(place: str, than: str) -> Reached:
    return lambda folder: (folder / place).stat().st_mtime_ns > (folder / than).stat().st_mtime_ns


POINTS: dict[str, Reached] = {
    "writing the first load": _loaded(1),
    "some tables committed": _loaded(4),
    "order headers": _exists("building/order_headers"),
    "order lines": _exists("building/fct_order_items"),
    "orders": _exists("building/fct_orders"),
    "marts": _exists("building/sales_daily"),
    "copying the version": _exists("warehouse/incoming"),
    "version in place": _exists("warehouse/shop-2.duckdb"),
    "exporting": _newer("reports/csv", than="warehouse/shop-1.duckdb"),
}


def forget(folder: Path) -> None:
    """What tells how far a run came, so that each point is that of the next run."""
    shutil.rmtree(folder / "building", ignore_errors=True)
    (folder / "logs" / "shophouse.log").write_text("")


def run_and_kill(folder: Path, reached: Reached) -> bool:
    """Start a run and kill it the moment that a point is reached; false when it was done before."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 240
        while process.poll() is None and time.monotonic() < deadline:
            if reached(folder):
                os.kill(process.pid, signal.SIGKILL)
                break
            time.sleep(0.001)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    return process.returncode == -signal.SIGKILL


@dataclass
class Reader:
    """Asks the newest published version the same question again and again, as a dashboard would."""

    folder: Path
    answers: set[tuple[Any, ...]] = field(default_factory=set)
    asked: int = 0
    errors: list[BaseException] = field(default_factory=list)

    SQL = """
        select
            (select sum(net_sales_amount) from marts.sales_daily),
            (select sum(net_sales_amount) from core.fct_sales_ledger),
            (select sum(net_sales_amount) from marts.customer_360),
            (select sum(order_count) from marts.sales_daily),
            (select count(*) from core.fct_orders where is_valid)
    """

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        over = threading.Event()

        def loop() -> None:
            while not over.is_set():
                try:
                    self.answers.add(tuple(Shop.open(self.folder).sql(self.SQL).fetchall()[0]))
                    self.asked += 1
                except BaseException as error:  # the test looks at them
                    self.errors.append(error)
                    return
                over.wait(0.05)

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()


@dataclass(frozen=True)
class Undisturbed:
    kept: KeptShop
    database: Path
    loads: set[tuple[str, int, int]]
    answers: tuple[tuple[Any, ...], tuple[Any, ...]]
    """Before the run, and after it."""


def loads(shop: Shop) -> set[tuple[str, int, int]]:
    return {
        (table, load.load_id, load.rows)
        for source, table in shop.lake.tables()
        for load in shop.lake.loads(source, table)
    }


@pytest.fixture(scope="module")
def undisturbed(kept_storefront: KeptShop, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A shop with one more day in its files, and what a run of it ends with."""
    shop = kept_storefront.back()
    here = KeptShop(shop.project.folder)
    here.kept = shop.project.folder.with_name("one-day-more.kept")
    delta(shop.project.folder / "data", orders=40)
    forget(shop.project.folder)
    here.keep()
    before = tuple(shop.sql(Reader.SQL).fetchall()[0])
    shop.run()
    after = tuple(shop.sql(Reader.SQL).fetchall()[0])
    database = tmp_path_factory.mktemp("undisturbed") / "shop.duckdb"
    shutil.copyfile(shop.project.warehouse_folder / "build" / "shop.duckdb", database)
    assert before != after
    return Undisturbed(here, database, loads(shop), (before, after))


@requirement("S0-15", "S0-16", "S3-32")
@pytest.mark.parametrize(("point", "by_dbt"), [*((point, False) for point in POINTS), ("order lines", True)])
def test_a_run_that_was_killed_and_run_again_ends_as_an_undisturbed_one(
    undisturbed: Undisturbed, point: str, by_dbt: bool
) -> None:
    shop = undisturbed.kept.back()
    folder = shop.project.folder
    if by_dbt:
        (folder / ".shophouse" / "plan.json").unlink()
    with Reader(folder).reading() as reader:
        assert run_and_kill(folder, POINTS[point]), "the run was over before it came to this point"
        shop.run()
    assert reader.errors == []
    assert reader.asked > 3
    assert reader.answers <= set(undisturbed.answers), "a reader saw a version that is neither the old nor the new one"
    assert all(answer[0] == answer[1] == answer[2] and answer[3] == answer[4] for answer in reader.answers)
    assert differences(folder / "warehouse/build/shop.duckdb", undisturbed.database) == {}
    assert loads(shop) == undisturbed.loads
    assert tuple(shop.sql(Reader.SQL).fetchall()[0]) == undisturbed.answers[1]
    assert shop.run().status == "nothing new"


def test_a_first_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    kept_storefront: KeptShop, tmp_path: Path
) -> None:
    kept = kept_storefront.back()
    expected = tmp_path / "expected.duckdb"
    shutil.copyfile(kept.project.folder / "warehouse/build/shop.duckdb", expected)
    shop = new_storefront(tmp_path / "shop")
    first = (
        lambda folder: len(list(folder.glob("lake/storefront/*/data/load-*1"))) >= 2,
        _exists("building/fct_order_items"),
        _exists("building/sales_daily"),
        _exists("warehouse/shop-1.duckdb"),
    )
    for reached in first:
        shutil.rmtree(shop.project.folder / "building", ignore_errors=True)
        assert run_and_kill(shop.project.folder, reached)
    shop.run()
    assert differences(shop.project.folder / "warehouse/build/shop.duckdb", expected) == {}
    assert loads(shop) == loads(kept)
    assert shop.run().status == "nothing new"
