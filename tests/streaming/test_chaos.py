"""Whatever is killed, stopped or restarted: in the end exactly the messages sent, none twice, and marts as rebuilt.

`SHOPHOUSE_CHAOS=50` kills the stream fifty times, and more of the rest.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml

from end_to_end.shops import environment, new_storefront
from incremental.comparison import differences
from requirements import requirement
from shophouse.parity import digests
from shophouse.produce import opened
from shophouse.scaffold import init_project
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.kafka import Server as Kafka
    from servers.postgres import Server as Postgres
    from servers.s3 import Server as S3

pytestmark = [pytest.mark.slow, pytest.mark.server]

KILLS = int(os.environ.get("SHOPHOUSE_CHAOS", "2"))
ORDERS = 150 if KILLS < 10 else 400
LONGEST = 10.0


@dataclass
class Process:
    """`shophouse …` in a shop's folder, which can be killed and started again."""

    words: list[str]
    folder: Path
    env: dict[str, str]
    running: subprocess.Popen[bytes] | None = None
    codes: list[int] = field(default_factory=list)

    def start(self) -> None:
        log = (self.folder / f"{self.words[0]}.log").open("ab")
        with log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "shophouse", *self.words], cwd=self.folder, env=self.env, stdout=log, stderr=log
            )

    def end(self, by: signal.Signals, patience: float = 300) -> int:
        assert self.running is not None
        self.running.send_signal(by)
        code = self.running.wait(patience)
        self.codes.append(code)
        self.running = None
        return code

    def keep_up(self) -> None:
        """Start it again where it ended by itself before its work was done."""
        if self.running is not None and self.running.poll() not in (None, 0):
            self.start()

    @property
    def said(self) -> str:
        return (self.folder / f"{self.words[0]}.log").read_text("utf-8", "replace")


@contextmanager
def writing(dsn: str) -> Iterator[list[int]]:
    """Somebody who keeps writing to a table, whatever becomes of the server; gives the ids that were committed."""
    done: list[int] = []
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            try:
                with psycopg.connect(dsn, autocommit=True, connect_timeout=3) as connection:
                    while not stop.is_set():
                        number += 1
                        connection.execute("insert into visits values (%s, now())", [number])
                        done.append(number)
                        time.sleep(0.05)
            except psycopg.OperationalError:
                # what was sent and not answered may be there or not, so its number is not used again
                time.sleep(0.2)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join(30)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop whose history is sent."""
    shop = new_storefront(tmp_path_factory.mktemp("chaos") / "origin", orders=ORDERS)
    assert shop.run().status == "success"
    return shop


@requirement("S1-01", "S1-02")
def test_what_is_killed_and_restarted_loses_and_repeats_nothing(
    kafka: Kafka, postgres: Postgres, tmp_path: Path, origin: Shop
) -> None:
    chance = random.Random(KILLS)
    topic = kafka.topic(partitions=3)
    dsn = postgres.database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table visits (visit_id bigint primary key, updated_at timestamptz not null)")
    folder = tmp_path / "live"
    init_project(folder, name="live", staging="order_events", timezone="America/New_York", currency="USD")
    settings = yaml.safe_load((folder / "shophouse.yml").read_text("utf-8"))
    settings["sources"] = {
        "orders": {
            "kind": "kafka",
            "brokers": kafka.brokers,
            "topics": [topic],
            "staging": "order_events",
            "timezone": "UTC",
        },
        "site": {
            "kind": "postgres",
            "dsn": "env:CHAOS_DSN",
            "timezone": "UTC",
            "tables": {"visits": {"read": "cursor", "cursor": "updated_at", "key": "visit_id", "delivery": "upsert"}},
        },
    }
    settings["stream"] = {"marts": ["sales_daily"], "whole_every": "20s"}
    (folder / "shophouse.yml").write_text(yaml.safe_dump(settings), "utf-8")
    env = {**environment(), "CHAOS_DSN": dsn}
    os.environ["CHAOS_DSN"] = dsn
    # a first build takes longer than many a stream of this test lives
    assert Shop.open(folder).run().status == "success"
    stream = Process(["stream"], folder, env)
    produce = Process(["produce", "orders", "--from", str(origin.project.folder)], folder, env)
    produce.words += ["--rate", f"{max(20, ORDERS * 4 // (KILLS * 10))}/s"]
    try:
        with writing(dsn) as committed:
            for number in range(KILLS):
                if produce.running is None:
                    produce.start()
                stream.start()
                time.sleep(chance.uniform(0.5, LONGEST))
                stream.end(signal.SIGKILL)
                if number % 4 == 0:
                    kafka.stop(chance.choice([signal.SIGKILL, signal.SIGTERM]))
                    if produce.running is not None and produce.running.poll() is None:
                        produce.end(signal.SIGKILL)
                    produce.running = None
                if number % 3 == 1:
                    postgres.stop(chance.choice([signal.SIGINT, signal.SIGQUIT]))
                if number % 4 == 0:
                    kafka.start()
                if number % 3 == 1:
                    postgres.start()
            # the last one lives, and sees each server go and come back
            stream.start()
            kafka.stop(signal.SIGKILL)
            postgres.stop(signal.SIGQUIT)
            time.sleep(2)
            kafka.start()
            postgres.start()
            finish(produce)
        shop = Shop.open(folder)
        with opened("order_events", origin.project.folder) as history:
            sent = {event.value for event in history.read()}
        wait_until(lambda: rows_of(shop, "orders", "order_events") >= len(sent), stream)
        assert stream.end(signal.SIGTERM) == 0, stream.said[-3000:]
    finally:
        for process in (stream, produce):
            if process.running is not None and process.running.poll() is None:
                process.end(signal.SIGKILL)
    # whatever the stream had not read when it was told to end
    assert shop.run().status in ("success", "nothing new")

    events = read(shop, "orders", "order_events", "event_id, _partition, _offset")
    assert len(events) == len({event for event, _, _ in events}) == len(sent)
    assert len({(partition, offset) for _, partition, offset in events}) == len(events)
    with psycopg.connect(dsn) as connection:
        visits = {row[0] for row in connection.execute("select visit_id from visits").fetchall()}
    assert set(committed) <= visits
    landed = [row[0] for row in read(shop, "site", "visits", "visit_id")]
    assert sorted(landed) == sorted(visits)
    of_origin, of_live = (
        one.sql(
            "select count(*), sum(gross_amount), sum(discount_amount), sum(tax_amount), sum(total_amount),"
            " sum(payment_amount), sum(refund_amount) from core.fct_orders"
        ).fetchone()
        for one in (origin, shop)
    )
    assert of_live == of_origin
    newest = shop.project.warehouse_folder / "shop.duckdb"
    streamed = newest.with_name("streamed.duckdb")
    shutil.copyfile(newest, streamed)
    shop.run(full_refresh=True)
    assert differences(streamed, newest) == {}


def test_a_lake_in_a_bucket_and_an_engine_that_go_away_lose_and_repeat_nothing(
    kafka: Kafka,
    postgres: Postgres,
    s3: S3,
    tmp_path: Path,
    origin: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = kafka.topic(partitions=2)
    folder = tmp_path / "live"
    init_project(folder, name="live", staging="order_events", timezone="America/New_York", currency="USD")
    keys = {"LAKE_KEY": s3.environment["AWS_ACCESS_KEY_ID"], "LAKE_SECRET": s3.environment["AWS_SECRET_ACCESS_KEY"]}
    variables = {**keys, "LAKE_CATALOG": postgres.database(), "ENGINE_DSN": postgres.database()}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = yaml.safe_load((folder / "shophouse.yml").read_text("utf-8"))
    orders = {"kind": "kafka", "brokers": kafka.brokers, "topics": [topic], "staging": "order_events"}
    settings["sources"] = {"orders": {**orders, "timezone": "UTC"}}
    settings["engine"] = {"kind": "postgres", "dsn": "env:ENGINE_DSN"}
    storage = {"endpoint": s3.endpoint, "region": s3.environment["AWS_REGION"]}
    settings["lake"] = {
        "path": f"s3://{s3.bucket()}/lake",
        "storage": {**storage, "access_key": "env:LAKE_KEY", "secret_key": "env:LAKE_SECRET"},
        "catalog": {"kind": "postgres", "dsn": "env:LAKE_CATALOG"},
    }
    settings["stream"] = {"marts": ["sales_daily"], "whole_every": "1h"}
    (folder / "shophouse.yml").write_text(yaml.safe_dump(settings), "utf-8")
    with opened("order_events", origin.project.folder) as history:
        events = [(event.key, event.value) for event in history.read()]
    part = len(events) // 3

    def send(number: int) -> None:
        some = events[number * part : None if number == 2 else (number + 1) * part]
        kafka.produce(topic, [value for _, value in some], [key for key, _ in some])

    send(0)
    shop = Shop.open(folder)
    assert shop.run().status == "success"
    stream = Process(["stream"], folder, environment())
    try:
        stream.start()
        send(1)
        time.sleep(2)
        # while it reads or writes, whichever it is
        s3.stop(kill=True)
        postgres.stop(signal.SIGQUIT)
        time.sleep(1)
        stream.end(signal.SIGKILL)
        stream.start()
        time.sleep(1)
        postgres.start()
        send(2)
        s3.start()
        end = time.monotonic() + 120
        while rows_of(shop, "orders", "order_events") < len(events):
            assert time.monotonic() < end, stream.said[-3000:]
            time.sleep(0.2)
            stream.keep_up()
        stream.end(signal.SIGTERM)
    finally:
        if s3.is_stopped:
            s3.start()
        if postgres.is_stopped:
            postgres.start()
        if stream.running is not None and stream.running.poll() is None:
            stream.end(signal.SIGKILL)
    assert shop.run().status in ("success", "nothing new")

    landed = read(shop, "orders", "order_events", "event_id, _partition, _offset")
    assert len(landed) == len({event for event, _, _ in landed}) == len(events)
    streamed = dict(digests(shop, ["core", "marts"]))
    assert streamed["core.fct_orders"].rows > 0
    shop.run(full_refresh=True)
    rebuilt = dict(digests(shop, ["core", "marts"]))
    assert streamed.keys() == rebuilt.keys()
    own = {f"marts.{name}" for name in ("data_freshness", "load_history", "model_runs", "test_history")}
    assert [name for name in rebuilt if name not in own and streamed[name].hash != rebuilt[name].hash] == []


def finish(produce: Process) -> None:
    if produce.running is None:
        produce.start()
    end = time.monotonic() + 600
    while produce.running is not None and produce.running.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.2)
        produce.keep_up()
    assert produce.running is not None
    if produce.running.returncode != 0:
        produce.start()
        assert produce.running.wait(300) == 0, produce.said[-3000:]


def wait_until(reached: Any, stream: Process) -> None:
    end = time.monotonic() + 300
    while not reached():
        assert stream.running is not None and stream.running.poll() is None, stream.said[-3000:]
        assert time.monotonic() < end, stream.said[-3000:]
        time.sleep(0.2)


def rows_of(shop: Shop, source: str, table: str) -> int:
    return sum(load.rows for load in shop.lake.loads(source, table))


def read(shop: Shop, source: str, table: str, columns: str) -> list[tuple[Any, ...]]:
    import duckdb

    files = shop.lake.data_files(source, table)
    return duckdb.execute(f"select {columns} from read_parquet(?, union_by_name = true)", [files]).fetchall()
