"""Copies of messages in quarantine, for whoever watches a topic of them.

They are sent once the lake has the quarantine, in a transaction that also says up to where they were sent, under a
group of its own. So each is there once for readers of committed messages: a run that was killed between the two sends
them before it reads on, and one that sent them knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from shophouse.sources.kafka._client import Cluster
from shophouse.sources.kafka._fetching import Fetcher

__all__ = ["Dead", "send"]

Dead: TypeAlias = dict[str, dict[str, str]]
"""Of one topic, by partition and offset (as JSON has them), why a message went to quarantine."""

_SECONDS = 20


def send(cluster: Cluster, fetcher: Fetcher, table: str, target: str, dead: Dead) -> int:
    """Send what was not sent yet, and return how many of these messages the topic does not have any more.

    Raises SourceMismatch when there is no topic `target`, and SourceUnreachable when brokers don't answer.
    """
    from confluent_kafka import KafkaException, Producer, TopicPartition

    group = f"{cluster.group}-dead-letters"
    reader = cluster.consumer(group)
    try:
        places = [TopicPartition(fetcher.topic, int(number)) for number in dead]
        sent = {at.partition: at.offset for at in reader.committed(places, _SECONDS)}
        left = {
            int(number): {int(at): why for at, why in offsets.items() if int(at) >= sent[int(number)]}
            for number, offsets in dead.items()
        }
        left = {number: offsets for number, offsets in left.items() if offsets}
        if not left:
            return 0
        cluster.topic(target, f"sources.{cluster.source}.dead_letter_topic")
        found = fetcher.picked({number: list(offsets) for number, offsets in left.items()}).messages.to_pylist()
        producer = Producer({**cluster.producer_settings(), "transactional.id": f"{group}-{table}-{fetcher.topic}"})
        producer.init_transactions(_SECONDS)
        producer.begin_transaction()
        for message in found:
            why = left[message["partition"]][message["offset"]]
            producer.produce(target, message["value"], message["key"], headers=_headers(fetcher.topic, message, why))
        ends = [TopicPartition(fetcher.topic, number, max(offsets) + 1) for number, offsets in left.items()]
        producer.send_offsets_to_transaction(ends, reader.consumer_group_metadata(), _SECONDS)
        producer.commit_transaction(_SECONDS)
    except KafkaException as error:
        raise cluster.error(error.args[0], f"the topic {target}") from None
    finally:
        reader.close()
    return sum(map(len, left.values())) - len(found)


def _headers(topic: str, message: Mapping[str, Any], why: str) -> list[tuple[str, str | bytes | None]]:
    own: list[tuple[str, str | bytes | None]] = [
        (name, value) for name, value in json.loads(message["headers"] or "[]")
    ]
    return [
        *own,
        ("shophouse.topic", topic),
        ("shophouse.partition", str(message["partition"])),
        ("shophouse.offset", str(message["offset"])),
        ("shophouse.reason", why),
    ]
