"""A history is sent once, whatever happens to whoever sends it."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from confluent_kafka import Consumer, TopicPartition

from requirements import requirement
from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.produce.history import History
from shophouse.produce.replay import replay

if TYPE_CHECKING:
    from servers.kafka import Server

pytestmark = pytest.mark.server

START = datetime(2026, 1, 1)


@contextmanager
def history(events: int, *, digest: str = "a", minutes: float = 1) -> Iterator[History]:
    """As many events, one every so many minutes, each fourth of the same order."""
    with duckdb.connect() as db:
        db.execute("create table history (number bigint, occurred_at timestamp, key varchar, value varchar)")
        rows = [(n, START + n * timedelta(minutes=minutes), str(n % 4), json.dumps({"n": n})) for n in range(events)]
        db.executemany("insert into history values (?, ?, ?, ?)", rows)
        yield History(events, rows[0][1], rows[-1][1], digest, db)


def client(server: Server) -> dict[str, Any]:
    return {"bootstrap.servers": server.brokers, "log_level": 0}


def received(server: Server, topic: str, partitions: int) -> dict[int, list[int]]:
    """The numbers of the messages in each partition, in their order."""
    consumer = Consumer({**client(server), "group.id": "test"})
    ends = {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), 30)[1] for number in range(partitions)
    }
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    found: dict[int, list[int]] = defaultdict(list)
    while sum(map(len, found.values())) < sum(ends.values()):
        message = consumer.poll(30)
        assert message is not None and message.error() is None
        found[message.partition() or 0].append(json.loads(message.value() or b"")["n"])
    consumer.close()
    return found


@requirement("S1-01")
def test_what_was_stopped_goes_on_and_sends_each_message_once(kafka: Server) -> None:
    topic = kafka.topic(partitions=3)
    with history(2_000) as told:
        for _ in range(3):
            stop = threading.Event()

            def ask(done: int, total: int, stop: threading.Event = stop) -> None:
                stop.set()

            assert not replay(told, client(kafka), topic, stop=stop, progress=ask).is_whole
        last = replay(told, client(kafka), topic)
        assert last.is_whole
        assert 0 < last.sent < 2_000
        assert replay(told, client(kafka), topic).sent == 0
    found = received(kafka, topic, 3)
    assert sorted(number for numbers in found.values() for number in numbers) == list(range(2_000))
    assert all(numbers == sorted(numbers) for numbers in found.values())
    # an order's messages are in one partition
    assert sum(len({number % 4 for number in numbers}) for numbers in found.values()) == 4


def test_a_topic_that_is_not_there_is_made(kafka: Server) -> None:
    topic = kafka.topic() + "-new"
    with history(10) as told:
        assert replay(told, client(kafka), topic, partitions=2).sent == 10
    assert len(kafka.admin.list_topics(topic, timeout=30).topics[topic].partitions) == 2


def test_a_topic_with_something_else_in_it_is_refused(kafka: Server) -> None:
    topic = kafka.topic()
    with history(10) as told, history(10, digest="b") as other:
        kafka.produce(topic, ["{}"])
        with pytest.raises(SourceMismatch, match="holds other messages"):
            replay(told, client(kafka), topic)
        topic = kafka.topic()
        replay(other, client(kafka), topic)
        with pytest.raises(SourceMismatch, match="holds other messages") as raised:
            replay(told, client(kafka), topic)
        assert "of another one" in raised.value.render()


def test_a_topic_that_lost_its_messages_is_refused(kafka: Server) -> None:
    topic = kafka.topic()
    with history(10) as told:
        replay(told, client(kafka), topic)
        for gone in kafka.admin.delete_records([TopicPartition(topic, 0, 10)]).values():
            gone.result(30)
        with pytest.raises(SourceMismatch, match="has lost what was sent"):
            replay(told, client(kafka), topic)


@pytest.mark.parametrize(("rate", "speed"), [(20.0, None), (None, 1200.0)])
def test_it_takes_as_long_as_its_pace_says(kafka: Server, rate: float | None, speed: float | None) -> None:
    # 21 events a minute apart: a second at 20 messages a second, and at twenty minutes a second
    with history(21) as told:
        done = replay(told, client(kafka), kafka.topic(), rate=rate, speed=speed)
    assert done.seconds >= 1.0


def test_it_rests_between_messages(kafka: Server) -> None:
    # a wait of less than a thousandth of a second would be none, and the time until the next message one busy loop
    with history(2_000) as told:
        topic = kafka.topic()
        before = time.process_time()
        done = replay(told, client(kafka), topic, rate=1_000.0)
        busy = time.process_time() - before
    assert done.sent == 2_000
    assert busy < done.seconds / 2


def test_a_broker_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    module = importlib.import_module("shophouse.produce.replay")

    monkeypatch.setattr(module, "_PATIENCE", 0.5)
    with history(1) as told, pytest.raises(SourceUnreachable):
        replay(told, {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, "orders")
