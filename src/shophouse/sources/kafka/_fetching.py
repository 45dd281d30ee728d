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

__all__ = ["Chunk", "Fetcher"]

_CHUNK_ROWS = 200_000
_CHUNK_BYTES = 64 << 20
# more at once leave the processor's cache before they are looked at
_AT_ONCE = 500


@dataclass
class Chunk:
    """Messages of a topic: value, key (bytes), partition, offset, timestamp, headers (JSON).

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
        if gathered.rows or offsets != since:
            yield self._chunk(gathered, offsets)

    def _go_to(self, offsets: Mapping[int, int]) -> None:
        from confluent_kafka import TopicPartition

        if self._next != offsets:
            self.consumer.assign([TopicPartition(self.topic, *place) for place in offsets.items()])
        # until the end is reached, nobody knows how far it is
        self._next = {}

    def _without_errors(self, messages: Sequence[Message], offsets: dict[int, int]) -> list[Message]:
        from confluent_kafka import KafkaError

        good = []
        for message in messages:
            error = message.error()
            if error is None:
                good.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                # after the last message there may be records of transactions, which only the broker sees
                partition, offset = message.partition(), message.offset()
                before = max((m.offset() + 1 for m in good if m.partition() == partition), default=0)
                offsets[partition] = max(offsets[partition], before, offset)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise SourceMismatch(
                    f"messages of {self.topic} vanished while they were read",
                    where=f"{self.cluster.where}, partition {message.partition()}",
                    why=error.str(),
                    hint="run again: it tells how many are gone, and what to do",
                )
            elif not error.retriable():
                raise self.cluster.error(error, f"the topic {self.topic}")
        return good

    def _gather(self, gathered: _Gathered, messages: list[Message], offsets: dict[int, int]) -> None:
        import numpy as np
        import pyarrow as pa
        from confluent_kafka import Message

        values = pa.array(map(Message.value, messages), pa.large_binary(), size=len(messages))
        numbers = np.fromiter(map(Message.partition, messages), np.int32, len(messages))
        places = np.fromiter(map(Message.offset, messages), np.int64, len(messages))
        stamps = np.fromiter((stamp for _, stamp in map(Message.timestamp, messages)), np.int64, len(messages))
        headers = [_shown(found) for found in map(Message.headers, messages)]
        gathered.messages.append(
            pa.record_batch(
                [
                    values,
                    pa.array(map(Message.key, messages), pa.large_binary(), size=len(messages)),
                    pa.array(numbers),
                    pa.array(places),
                    pa.array(stamps, mask=stamps < 0),
                    pa.array(headers, pa.string()),
                ],
                ["value", "key", "partition", "offset", "timestamp", "headers"],
            )
        )
        for number in np.unique(numbers).tolist():
            # of one partition, the last is the newest
            last = len(numbers) - 1 - int(np.argmax(numbers[::-1] == number))
            offsets[number] = max(offsets[number], int(places[last]) + 1)
        gathered.rows += len(messages)
        gathered.bytes += values.nbytes

    def _chunk(self, gathered: _Gathered, offsets: Mapping[int, int]) -> Chunk:
        import pyarrow as pa

        messages = pa.Table.from_batches(gathered.messages) if gathered.messages else None
        return Chunk(self.topic, messages, gathered.bytes, dict(offsets))


def _shown(headers: list[tuple[str, bytes | str | None]] | None) -> str | None:
    if not headers:
        return None
    shown: list[Any] = []
    for name, value in headers:
        text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
        shown.append([name, text])
    return json.dumps(shown, ensure_ascii=False)
