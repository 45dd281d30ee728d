from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from shophouse.errors import SourceMismatch
from shophouse.sources import Column, Table

from .conftest import Shop

pytestmark = pytest.mark.server


def letters(shop: Shop, topic: str) -> list[tuple[bytes | None, bytes | None, dict[str, Any]]]:
    consumer = Consumer({"bootstrap.servers": shop.server.brokers, "group.id": "watch"})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[tuple[bytes | None, bytes | None, dict[str, Any]]] = []
    until = time.monotonic() + 30
    while len(found) < end and time.monotonic() < until:
        message = consumer.poll(1)
        # an error here is passing: the client goes on by itself
        if message is not None and message.error() is None:
            found.append((message.key(), message.value(), dict(message.headers() or [])))
    consumer.close()
    return found


@pytest.fixture
def dead(shop: Shop) -> str:
    shop.table = Table("shop", "orders", columns=(Column("id", "bigint"),))
    topic = shop.server.topic()
    shop.settings |= {"dead_letter_topic": topic, "group": shop.topic}
    return topic


def test_what_went_to_quarantine_is_sent_with_where_it_was_and_why_once_the_lake_has_it(shop: Shop, dead: str) -> None:
    shop.send({"id": 1}, "{broken", {"id": "x"}, keys=["a", "b", "c"], headers=[("by", b"till")])
    shop.read()
    assert letters(shop, dead) == []
    until = time.monotonic() + 60
    # a broker that has only just begun may know no groups and transactions yet: then the next run sends them
    while not (found := letters(shop, dead)) and time.monotonic() < until:
        shop.source.committed(shop.table, shop.position)
    first, second = found
    assert first[:2] == (b"b", b"{broken") and second[:2] == (b"c", b'{"id": "x"}')
    assert second[2] == {
        "by": b"till",
        "shophouse.topic": shop.topic.encode(),
        "shophouse.partition": b"0",
        "shophouse.offset": b"2",
        "shophouse.reason": b"not a bigint: x",
    }


def test_each_is_sent_once_whenever_a_run_is_killed(shop: Shop, dead: str) -> None:
    shop.send("{1")
    shop.read()
    # killed before it was sent: the next read sends it first
    shop.close()
    shop.send("{2")
    shop.read()
    assert [value for _, value, _ in letters(shop, dead)] == [b"{1"]
    shop.source.committed(shop.table, shop.position)
    # killed after it was sent, and before anybody knew
    shop.close()
    assert shop.read() == []
    shop.source.committed(shop.table, shop.position)
    assert [value for _, value, _ in letters(shop, dead)] == [b"{1", b"{2"]


def test_a_missing_topic_for_them_is_told_and_loses_none(shop: Shop, dead: str) -> None:
    shop.settings["dead_letter_topic"] = f"{dead}-not"
    shop.send("{1")
    shop.read()
    shop.source.committed(shop.table, shop.position)
    assert "dead letters are sent by the next run" in shop.notices[-1]
    with pytest.raises(SourceMismatch, match="there is no topic"):
        shop.read()
    shop.again(dead_letter_topic=dead)
    shop.read()
    assert [value for _, value, _ in letters(shop, dead)] == [b"{1"]
