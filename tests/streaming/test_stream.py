"""A stream is runs in one process: what it publishes is proved, and in the end equal to a full rebuild."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from built_shop import shophouse
from end_to_end.shops import KeptShop, environment, new_storefront, value
from incremental.comparison import differences
from requirements import requirement
from shophouse.demo.storefront import delta
from shophouse.engines.compiling import plan_file
from shophouse.engines.plan import Plan
from shophouse.run_log import RunRecord
from shophouse.shop import Shop
from shophouse.state import Inputs, State
from shophouse.streaming import stream as stream_module
from shophouse.streaming import upkeep

pytestmark = pytest.mark.slow

MARTS = ("sales_daily",)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptShop:
    shop = new_storefront(tmp_path_factory.mktemp("stream") / "shop", orders=200)
    assert shop.run().status == "success"
    kept = KeptShop(shop.project.folder)
    kept.keep()
    return kept


@pytest.fixture
def shop(kept: KeptShop) -> Shop:
    return kept.back()


@dataclass
class Streaming:
    """A stream in a thread of this process."""

    shop: Shop
    stop: threading.Event = field(default_factory=threading.Event)
    told: list[str] = field(default_factory=list)
    records: list[RunRecord] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def wait(self, until: Callable[[], Any], seconds: float = 400) -> None:
        end = time.monotonic() + seconds
        while not until():
            assert not self.errors, self.errors
            assert time.monotonic() < end, self.told
            time.sleep(0.05)

    def wait_for(self, version: int) -> None:
        """Wait until there is one after this version."""
        self.wait(lambda: self.version > version)

    @property
    def version(self) -> int:
        return self.shop.engine.published() or 0


@contextmanager
def streaming(shop: Shop, **pace: Any) -> Iterator[Streaming]:
    found = Streaming(shop)

    def work() -> None:
        try:
            found.records.append(shop.stream(stop=found.stop, told=found.told.append, **pace))
        except BaseException as error:
            found.errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield found
    finally:
        found.stop.set()
        thread.join(400)
    assert not thread.is_alive()


def rebuilt(shop: Shop) -> dict[str, tuple[int, int]]:
    """What differs between what is published and a full rebuild of a copy."""
    newest = shop.project.warehouse_folder / "shop.duckdb"
    streamed = newest.with_name("streamed.duckdb")
    shutil.copyfile(newest, streamed)
    Shop.open(shop.project.folder).run(full_refresh=True)
    return differences(streamed, newest)


@requirement("S1-05")
def test_rounds_publish_what_arrived_and_measure_how_long_it_took(shop: Shop) -> None:
    before = value(shop, "select count(*) from core.fct_orders")
    with streaming(shop) as stream:
        for _ in range(2):
            version = stream.version
            delta(shop.project.folder / "data", orders=20)
            stream.wait_for(version)
    (record,) = stream.records
    assert record.status == "success"
    assert record.stream["rounds"] == 2
    assert sum(load["rows"] for load in record.loads) == record.stream["latency"]["rows"]
    assert 0 < record.stream["latency"]["p50"] <= record.stream["latency"]["max"] < 120
    assert sum(minute["rounds"] for minute in record.stream["minutes"]) == 2
    assert value(shop, "select count(*) from core.fct_orders") > before
    assert rebuilt(shop) == {}
    # one record for all of it, which a later run brings into ops
    assert [run.command for run in shop.runs()] == ["run", "stream", "run"]
    told = shop.sql("select sum(round_count), sum(measured_row_count) from ops.stream_minutes").fetchone()
    assert told == (2, record.stream["latency"]["rows"])
    said = shophouse("status", folder=shop.project.folder).stdout
    assert "stream: success, 2 rounds" in said
    assert "from event to mart" in said


SLOW = """
import time
from pathlib import Path

HERE = Path(__file__).parent

def notes(position):
    (HERE / "asked").touch()
    while (HERE / "hold").exists():
        time.sleep(0.05)
    (HERE / "answered").touch()
    yield from ()
"""


@requirement("S1-05")
def test_what_was_built_becomes_visible_while_a_source_keeps_the_next_round_waiting(shop: Shop) -> None:
    folder = shop.project.folder
    (folder / "sources").mkdir()
    (folder / "sources/slow.py").write_text(SLOW)
    file = folder / "shophouse.yml"
    slow = "  slow: {kind: python, tables: {notes: {function: 'sources/slow.py:notes', columns: {id: bigint}}}}"
    file.write_text(file.read_text().replace("sources:\n", f"sources:\n{slow}\n", 1))
    asked, hold, answered = (folder / "sources" / name for name in ("asked", "hold", "answered"))
    hold.touch()
    delta(folder / "data", orders=20)
    with streaming(Shop.open(folder)) as stream:
        try:
            stream.wait(asked.exists)
            asked.unlink()
            hold.unlink()
            stream.wait(answered.exists)
            # the round that was asked first builds now, and the next one asks again
            hold.touch()
            version = stream.version
            stream.wait(asked.exists)
            stream.wait_for(version)
            assert hold.exists()
        finally:
            hold.unlink(missing_ok=True)
    assert stream.records[0].stream["rounds"] == 1


def test_marts_that_can_wait_are_left_and_made_up_for(shop: Shop) -> None:
    orders = "select sum(order_count) from marts.{}"
    person = value(shop, orders.format("delivery_performance"))
    with streaming(shop, marts=MARTS, whole_every="1h") as stream:
        for version in (1, 2):
            before = value(shop, orders.format("sales_daily"))
            delta(shop.project.folder / "data", orders=20)
            stream.wait_for(version)
            assert value(shop, orders.format("sales_daily")) > before
            assert value(shop, orders.format("delivery_performance")) == person
        assert State.load(shop.project).behind
    assert stream.version == 4
    assert not State.load(shop.project).behind
    assert value(shop, orders.format("delivery_performance")) > person
    assert rebuilt(shop) == {}


def test_what_waits_when_a_stream_begins_is_built_by_its_first_round(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = "select sum(order_count) from marts.delivery_performance"
    before = value(shop, orders)
    with monkeypatch.context() as killed:
        killed.setattr(stream_module.Stream, "_catch_up", lambda *_: None)
        with streaming(shop, marts=MARTS, whole_every="1h") as stream:
            delta(shop.project.folder / "data", orders=20)
            stream.wait(lambda: stream.version == 2)
    assert State.load(shop.project).behind
    assert value(shop, orders) == before
    with streaming(shop, marts=MARTS, whole_every="1h") as stream:
        stream.wait(lambda: stream.version == 3)
        assert value(shop, orders) > before
        assert not State.load(shop.project).behind


def test_a_failing_test_is_told_publishes_nothing_and_the_stream_goes_on_when_it_is_mended(shop: Shop) -> None:
    data = shop.project.folder / "data"
    with streaming(shop) as stream:
        # one of the orders, sold in a currency whose rate nobody knows
        head, first, *_ = (data / "orders.csv").read_text().splitlines()
        sold = dict(zip(head.split(","), first.split(","), strict=True))
        odd = {**sold, "order_id": "99999", "currency": "EUR"}
        (data / "orders-2.csv").write_text("\n".join([head, ",".join(odd.values())]) + "\n")
        stream.wait(lambda: stream.told)
        assert "rate" in stream.told[0]
        assert stream.version == 1
        # of the day before, for the order's own day is New York's
        day = date.fromisoformat(sold["ordered_at"][:10]) - timedelta(days=1)
        rate = f"{day},EUR,USD,1.10"
        (data / "exchange_rates.csv").write_text(f"rate_date,from_currency,to_currency,rate\n{rate}\n")
        stream.wait_for(1)
    assert stream.records[0].stream["failed_rounds"] >= 1
    assert stream.records[0].stream["trouble"] is None
    assert value(shop, "select count(*) from core.fct_orders where order_id = '99999'") == 1


def full_sql(shop: Shop) -> dict[str, str]:
    """What a full run builds each model and runs each test from, as far as no dbt is needed for it."""
    plan = Plan.load(plan_file(shop.project), Inputs.of(shop.project, {}).project)
    assert plan is not None and plan.is_whole
    models = {model.unique_id: model.full_sql for model in plan.models}
    return models | {test.unique_id: test.full_sql for test in plan.tests}


def test_a_project_that_is_changed_meanwhile_is_built_as_it_is_now(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "_PROJECT_READ_EVERY", 0.5)
    models = shop.project.folder / "models" / "marts"
    models.mkdir(parents=True, exist_ok=True)
    before = full_sql(shop)
    with streaming(shop, marts=MARTS, whole_every="1h") as stream:
        stream.wait(lambda: stream.shop.engine.writer())
        (models / "own_orders.sql").write_text("select count(*) as order_count from {{ ref('fct_orders') }}")
        stream.wait_for(1)
        # dbt built it, and what it compiled is enough for the rounds that follow to leave what can wait
        (own,) = full_sql(shop).items() - before.items()
        assert own[0].endswith(".own_orders") and full_sql(shop).items() >= before.items()
        delta(shop.project.folder / "data", orders=20)
        stream.wait_for(stream.version)
        assert State.load(shop.project).behind
    assert not stream.told
    counted = shop.sql("select count(*) from core.fct_orders").fetchall()
    published = shop.sql("select schema_name from duckdb_tables() where table_name = 'own_orders'").fetchone()
    assert published is not None
    assert shop.sql(f"select order_count from {published[0]}.own_orders").fetchall() == counted


def test_a_second_stream_or_run_is_told_who_streams(shop: Shop) -> None:
    with streaming(shop) as stream:
        stream.wait(lambda: stream.shop.engine.writer())
        for command in ("stream", "run"):
            done = shophouse(command, folder=shop.project.folder)
            assert done.returncode == 7
            assert "shophouse stream is running" in done.stderr


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_when_its_round_is_done(shop: Shop, by: signal.Signals) -> None:
    folder = shop.project.folder
    process = start(folder)
    try:
        wait_for(lambda: shop.engine.writer(), process)
        delta(folder / "data", orders=20)
        wait_for(lambda: len(list((folder / "lake" / "storefront" / "orders" / "data").glob("load-*"))) > 1, process)
        process.send_signal(by)
        _, errors = process.communicate(timeout=400)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert shop.engine.writer() is None
    assert shop.engine.published() == 2
    assert shop.runs()[-1].status == "success"


def test_a_stream_that_is_killed_goes_on_and_its_record_says_so(shop: Shop) -> None:
    folder = shop.project.folder
    process = start(folder, "--select", "sales_daily")
    try:
        wait_for(lambda: shop.engine.writer(), process)
        delta(folder / "data", orders=20)
        wait_for(lambda: len(list((folder / "lake" / "storefront" / "orders" / "data").glob("load-*"))) > 1, process)
    finally:
        process.kill()
        process.communicate()
    with streaming(shop) as stream:
        stream.wait(lambda: stream.version == 2)
    assert rebuilt(shop) == {}
    assert [run.status for run in shop.runs() if run.command == "stream"][-1] == "success"
    assert {run.status for run in shop.runs()} <= {"success", "stopped"}


def test_small_files_are_merged_by_themselves(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FILES", 3)
    with streaming(shop) as stream:
        for _ in range(3):
            version = stream.version
            delta(shop.project.folder / "data", orders=20)
            stream.wait_for(version)
    assert shop.lake.small_files("storefront", "orders") < 3
    assert len(shop.lake.data_files("storefront", "orders")) < 4
    assert shop.run().status == "nothing new"
    assert rebuilt(shop) == {}


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "shophouse", "stream", *options],
        cwd=folder,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(reached: Callable[[], Any], process: subprocess.Popen[str], seconds: float = 400) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
