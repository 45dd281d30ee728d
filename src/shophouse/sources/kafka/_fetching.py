"""Messages of one topic as Arrow, in chunks, so that memory stays flat.

Partitions are assigned, never subscribed to: a group that rebalances would decide who reads what and from where, while
here the lake alone knows. librdkafka fetches ahead in its own threads; what is done for each message in Python is the
call that takes a value out of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.sources.kafka._client import Cluster, Topic

if TYPE_CHECKING:
    import pyarrow as pa
    from confluent_kafka import Message

__all__ = ["Chunk", "Fetcher", "as_messages"]

_CHUNK_ROWS = 125_000
_CHUNK_BYTES = 48 << 20
# more at once leave the processor's cache before they are looked at
_AT_ONCE = 500
_FAR = 20_000


@dataclass
class Chunk:
    """Messages of a topic: value, key (bytes), partition, offset, timestamp, headers (JSON); there may be none.

    `offsets` are by partition: what to read next once this chunk is stored.
    """

    topic: str
    messages: pa.Table
    bytes: int
    offsets: dict[int, int]


@dataclass
class _Gathered:
    messages: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0


class Fetcher:
    """Reads one topic. Kept open between reads, it goes on with what it has fetched ahead."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.cluster = cluster
        self.topic = topic
        self.consumer = cluster.consumer()
        self._next: dict[int, int] = {}

    def close(self) -> None:
        self.consumer.close()

    def chunks(self, topic: Topic, since: Mapping[int, int]) -> Iterator[Chunk]:
        """What lies between `since` and the ends that `topic` has, by partition, and the ends themselves at last.

        A few messages that came later may be among it. Raises SourceUnreachable when nothing comes for as long as the
        cluster has patience, and SourceMismatch when messages vanish meanwhile.
        """
        from confluent_kafka import Message

        ends = {at.number: at.high for at in topic.partitions}
        offsets = dict(since)
        if all(offsets[number] >= end for number, end in ends.items()):
            return
        self._go_to(offsets)
        gathered = _Gathered()
        heard = time.monotonic()
        while (left := sum(max(end - offsets[number], 0) for number, end in ends.items())) > 0:
            # it waits until it has so many, or for a tenth of a second
            messages = self.consumer.consume(min(left, _AT_ONCE), 0.1)
            if not messages:
                self.cluster.check()
                if time.monotonic() - heard > self.cluster.patience:
                    raise self.cluster.unreachable(f"{topic.name} brings no more messages, though it has some")
                continue
            if any(map(Message.error, messages)):
                messages = self._without_errors(messages, offsets)
            if not messages:
                continue
            heard = time.monotonic()
            self._gather(gathered, messages, offsets)
            if gathered.rows >= _CHUNK_ROWS or gathered.bytes >= _CHUNK_BYTES:
                yield self._chunk(gathered, offsets)
                gathered = _Gathered()
        self._next = dict(offsets)
        yield self._chunk(gathered, offsets)

    def picked(self, wanted: Mapping[int, Sequence[int]]) -> Chunk:
        """The messages at these offsets, by partition, as far as they are still there.

        Raises SourceUnreachable as `chunks` does.
        """
        gathered = _Gathered()
        self._next = {}
        for partition, offsets in wanted.items():
            for group in _near(sorted(offsets)):
                self._pick(gathered, partition, group)
        return self._chunk(gathered, {})

    def _pick(self, gathered: _Gathered, partition: int, offsets: Sequence[int]) -> None:
        from confluent_kafka import TopicPartition

        chosen, place = set(offsets), {partition: offsets[0]}
        self.consumer.assign([TopicPartition(self.topic, partition, offsets[0])])
        heard = time.monotonic()
        while place[partition] <= offsets[-1]:
            messages = self.consumer.consume(_AT_ONCE, 0.1)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > self.cluster.patience:
                raise self.cluster.unreachable(f"{self.topic} brings no more messages, though it has some")
            good = self._without_errors(messages, place)
            if good:
                place[partition] = max(place[partition], (good[-1].offset() or 0) + 1)
            if found := [message for message in good if message.offset() in chosen]:
                self._gather(gathered, found, dict(place))

    def _go_to(self, offsets: Mapping[int, int]) -> None:
        from confluent_kafka import TopicPartition

        if self._next != offsets:
            self.consumer.assign([TopicPartition(self.topic, *place) for place in offsets.items()])
        # until the end is reached, nobody knows how far it is
        self._next = {}

    def _without_errors(self, messages: Sequence[Message], offsets: dict[int, int]) -> list[Message]:
        from confluent_kafka import KafkaError

        good: list[Message] = []
        ends: list[tuple[int, int]] = []
        for message in messages:
            error = message.error()
            if error is None:
                good.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                # after the last message there may be records of transactions, which only the broker sees
                ends.append((message.partition() or 0, message.offset() or 0))
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise SourceMismatch(
                    f"messages of {self.topic} vanished while they were read",
                    where=f"{self.cluster.where}, partition {message.partition()}",
                    why=error.str(),
                    hint="run again: it tells how many are gone, and what to do",
                )
            elif not error.retriable():
                raise self.cluster.error(error, f"the topic {self.topic}")
        for partition, end in ends:
            offsets[partition] = max(offsets[partition], end)
        return good

    def _gather(self, gathered: _Gathered, messages: list[Message], offsets: dict[int, int]) -> None:
        import numpy as np
        import pyarrow as pa
        from confluent_kafka import Message

        count = len(messages)
        values = pa.array(list(map(Message.value, messages)), pa.large_binary())
        numbers = np.array(list(map(Message.partition, messages)), np.int32)
        places = np.array(list(map(Message.offset, messages)), np.int64)
        stamps = np.array([stamp for _, stamp in map(Message.timestamp, messages)], np.int64)
        headers = list(map(Message.headers, messages))
        shown = (
            pa.array(map(_shown, headers), pa.string(), size=count) if any(headers) else pa.nulls(count, pa.string())
        )
        gathered.messages.append(
            pa.record_batch(
                [
                    values,
                    pa.array(list(map(Message.key, messages)), pa.large_binary()),
                    pa.array(numbers),
                    pa.array(places),
                    pa.array(stamps, mask=stamps < 0),
                    shown,
                ],
                schema=_schema(),
            )
        )
        for number in np.unique(numbers).tolist():
            # of one partition, the last is the newest
            last = len(numbers) - 1 - int(np.argmax(numbers[::-1] == number))
            offsets[number] = max(offsets[number], int(places[last]) + 1)
        gathered.rows += count
        gathered.bytes += values.nbytes

    def _chunk(self, gathered: _Gathered, offsets: Mapping[int, int]) -> Chunk:
        import pyarrow as pa

        messages = pa.Table.from_batches(gathered.messages, _schema())
        return Chunk(self.topic, messages, gathered.bytes, dict(offsets))


def _near(offsets: Sequence[int]) -> Iterator[list[int]]:
    """The offsets in groups between which it pays to go there anew."""
    group: list[int] = []
    for offset in offsets:
        if group and offset - group[-1] > _FAR:
            yield group
            group = []
        group.append(offset)
    if group:
        yield group


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        {
            "value": pa.large_binary(),
            "key": pa.large_binary(),
            "partition": pa.int32(),
            "offset": pa.int64(),
            "timestamp": pa.int64(),
            "headers": pa.string(),
        }
    )


def as_messages(rows: Sequence[tuple[int, int, bytes | None]]) -> pa.Table:
    """Messages of which only partition, offset and value are known."""
    import pyarrow as pa

    partitions, offsets, values = zip(*rows, strict=True)
    nothing = [None] * len(rows)
    return pa.table([list(values), nothing, list(partitions), list(offsets), nothing, nothing], schema=_schema())


def _shown(headers: Any) -> str | None:
    if not headers:
        return None
    shown: list[Any] = []
    for name, value in headers:
        text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
        shown.append([name, text])
    return json.dumps(shown, ensure_ascii=False)
