"""Where reading a topic goes on, and what may have become of the messages there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shophouse.errors import SourceMismatch
from shophouse.sources import Table

if TYPE_CHECKING:
    from shophouse.sources.kafka import KafkaSource
    from shophouse.sources.kafka._client import Topic

__all__ = ["since"]


def since(source: KafkaSource, table: Table, topic: Topic, place: Mapping[str, Any] | None) -> dict[int, int]:
    """The next offset of each partition. Raises SourceMismatch when it is not there any more."""
    if place is None:
        return {at.number: at.low for at in topic.partitions}
    if place["id"] and topic.id and place["id"] != topic.id:
        if topic.id in source.settings.made_anew:
            return {at.number: at.low for at in topic.partitions}
        raise SourceMismatch(
            f"the topic {topic.name} was deleted and made again",
            where=f"source {source.name}, table {table.name}",
            why=f"its id is {topic.id}; what was read until now had {place['id']}",
            hint=[
                "to read the new one from its beginning, beside the rows that the lake has, write",
                f"  made_anew: [{topic.id}]   under sources.{source.name} in shophouse.yml",
            ],
        )
    offsets: dict[int, int] = {}
    for at in topic.partitions:
        reached = place["offsets"].get(str(at.number), at.low)
        if reached > at.high:
            raise SourceMismatch(
                f"the topic {topic.name} ends before what was read of it",
                where=f"source {source.name}, table {table.name}, partition {at.number}",
                why=f"the lake has it up to offset {reached:,}, the broker has {at.high:,}: was it deleted and made"
                " again, or did the broker lose messages?",
                hint=[
                    f"load it anew:   shophouse lake drop {source.name}.{table.name}",
                    "                shophouse run --full-refresh",
                ],
            )
        offsets[at.number] = max(reached, at.low)
    gone = sum(max(at.low - place["offsets"].get(str(at.number), at.low), 0) for at in topic.partitions)
    if gone:
        _miss(source, table, topic, gone)
    return offsets


def _miss(source: KafkaSource, table: Table, topic: Topic, gone: int) -> None:
    what = f"{gone:,} messages of {topic.name} were deleted before they were read"
    if source.settings.when_messages_are_gone == "continue":
        source.tell(f"{source.name}.{table.name}: {what}")
        return
    raise SourceMismatch(
        what,
        where=f"source {source.name}, table {table.name}",
        why="the topic keeps messages for a shorter time than passed between two runs (retention.ms)",
        hint=[
            "run more often, or have the topic keep them longer. To go on with those that are left, write",
            f"  when_messages_are_gone: continue   under sources.{source.name} in shophouse.yml",
        ],
    )
