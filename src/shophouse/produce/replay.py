"""Sends a history to a topic, each message once, also when it is stopped and started again.

How far it is stands in the topic: every message has its number in a header. The partition of a message follows from its
key, and a producer of Kafka that is idempotent keeps the order within a partition, so that the last message of each
says what is still to be sent to it. Nothing is kept anywhere else.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.produce.history import Event, History

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

__all__ = ["Replay", "replay"]

HEADER = "shophouse-history"
_PATIENCE = 30.0
_AT_ONCE = 500
_TOLD_EVERY = 1.0
# seconds; less than a thousandth would not wait at all, and each message alone would keep a core and the broker busy
_TICK = 0.02


@dataclass(frozen=True)
class Replay:
    """How many messages were sent now, in how many seconds, and whether the topic has the whole history."""

    sent: int
    is_whole: bool
    seconds: float


def replay(
    history: History,
    client: Mapping[str, Any],
    topic: str,
    *,
    speed: float | None = None,
    rate: float | None = None,
    partitions: int = 1,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Replay:
    """Send what of the history the topic lacks; the topic is made, with so many partitions, where it isn't there.

    `speed` is how many seconds of the history pass in one, `rate` how many messages are sent in one; without either, as
    fast as it goes. `client` are settings of librdkafka. Raises SourceUnreachable, or SourceMismatch when the topic
    holds something else.
    """
    from confluent_kafka import Producer

    reached = _reached(client, topic, history, _partitions(client, topic, partitions))
    producer = Producer({**client, "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4"})
    sender = _Sender(producer, topic, history)
    start = min(reached.values()) + 1
    pace = _Pace(speed, rate)
    began = time.monotonic()
    sent, told, is_whole = 0, began, True
    for event in history.read(start):
        partition = zlib.crc32(event.key.encode()) % len(reached)
        if event.number <= reached[partition]:
            continue
        if not pace.wait(event, producer, stop):
            is_whole = False
            break
        sender.send(event, partition)
        sent += 1
        if sent % _AT_ONCE == 0 or time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            progress(event.number, history.events)
    sender.finish()
    return Replay(sent, is_whole, time.monotonic() - began)


class _Pace:
    """When the next message is due."""

    def __init__(self, speed: float | None, rate: float | None) -> None:
        self.speed, self.rate = speed, rate
        self._began = time.monotonic()
        self._first: Event | None = None
        self._sent = 0

    def wait(self, event: Event, producer: Producer, stop: threading.Event | None) -> bool:
        """Wait until it is time; False when asked to stop."""
        self._first = self._first or event
        due = self._began
        if self.rate:
            due += self._sent / self.rate
        elif self.speed:
            due += (event.occurred_at - self._first.occurred_at).total_seconds() / self.speed
        self._sent += 1
        while not (stop and stop.is_set()):
            left = due - time.monotonic()
            if left <= 0:
                return True
            # what was delivered is told meanwhile
            producer.poll(min(max(left, _TICK), 0.5))
        return False


class _Sender:
    def __init__(self, producer: Producer, topic: str, history: History) -> None:
        self.producer, self.topic = producer, topic
        self.digest = history.digest
        self._failed: KafkaError | None = None

    def send(self, event: Event, partition: int) -> None:
        while True:
            self._raise()
            try:
                self.producer.produce(
                    self.topic,
                    event.value,
                    event.key,
                    partition,
                    on_delivery=self._delivered,
                    headers={HEADER: f"{self.digest} {event.number}"},
                )
            except BufferError:
                self.producer.poll(0.1)
                continue
            self.producer.poll(0)
            return

    def finish(self) -> None:
        """Wait until the broker has everything."""
        while self.producer.flush(1.0):
            self._raise()
        self._raise()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _raise(self) -> None:
        if self._failed is not None:
            self.producer.purge()
            raise SourceUnreachable(
                f"the topic {self.topic} does not take messages",
                why=self._failed.str(),
                hint="type the same command again when it does: it goes on where it stopped",
            )


def _partitions(client: Mapping[str, Any], topic: str, wanted: int) -> int:
    """The number of the topic's partitions; it is made where it isn't there."""
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient(dict(client))
    try:
        found = admin.list_topics(timeout=_PATIENCE).topics.get(topic)
        if found is not None and found.error is None:
            return len(found.partitions)
        admin.create_topics([NewTopic(topic, wanted, -1)])[topic].result(_PATIENCE)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise SourceUnreachable(f"the topic {topic} can't be made or seen", why=error.args[0].str()) from None
    return wanted


def _reached(client: Mapping[str, Any], topic: str, history: History, partitions: int) -> dict[int, int]:
    """The number of the last message in each partition; -1 in an empty one."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    consumer = Consumer({**client, "group.id": "shophouse-produce", "enable.auto.commit": False})
    found = {}
    try:
        for partition in range(partitions):
            place = TopicPartition(topic, partition)
            low, high = _ends(consumer, place)
            if low == high and high > 0:
                raise SourceMismatch(
                    f"the topic {topic} has lost what was sent to it",
                    why=f"partition {partition} is empty, and its next offset is {high}",
                    hint="send to another topic",
                )
            found[partition] = -1 if high == 0 else _number(consumer, place, high, history)
    except KafkaException as error:
        raise SourceUnreachable(f"the topic {topic} can't be read", why=error.args[0].str()) from None
    finally:
        consumer.close()
    return found


def _ends(consumer: Any, place: Any) -> tuple[int, int]:
    """The first offset of a partition and the one after the last. One that was just made has no leader yet."""
    from confluent_kafka import KafkaException

    end = time.monotonic() + _PATIENCE
    while True:
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=_PATIENCE)
            return int(low), int(high)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                raise
            time.sleep(0.2)


def _number(consumer: Any, place: Any, high: int, history: History) -> int:
    place.offset = high - 1
    consumer.assign([place])
    end = time.monotonic() + _PATIENCE
    message = None
    while message is None and time.monotonic() < end:
        message = consumer.poll(0.5)
    if message is None or message.error() is not None:
        why = message.error().str() if message is not None else f"no answer within {_PATIENCE:.0f} s"
        raise SourceUnreachable(f"the topic {place.topic} can't be read", why=why)
    text = dict(message.headers() or ()).get(HEADER, b"")
    digest, _, number = (text or b"").decode("utf-8", "replace").partition(" ")
    if digest != history.digest or not number.isdigit():
        raise SourceMismatch(
            f"the topic {place.topic} holds other messages",
            why=f"the last one of partition {place.partition} is not of this history"
            + (", but of another one" if digest else ""),
            hint="send to a topic of its own",
        )
    return int(number)
