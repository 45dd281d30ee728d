"""The messages of Kafka topics, each exactly once.

The lake's position holds the next offset of each partition, in the same commit as the rows. The broker is told
afterwards, for tools that show how far a group is behind; what it thinks is never read back. So a run that was killed
reads again what was not committed, and nothing else.

A read ends where the topic ended when it began. Of transactions, only what was committed is read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse import settings as described
from shophouse.errors import ConfigError, SourceMismatch
from shophouse.sources import Batch, FileRead, Notice, Position, Progress, Rejected, Table
from shophouse.sources._tolerance import is_refused
from shophouse.sources.files import table_name

if TYPE_CHECKING:
    from shophouse.project import Project
    from shophouse.sources.kafka._client import Cluster, Topic
    from shophouse.sources.kafka._fetching import Fetcher
    from shophouse.sources.kafka._parsing import Parsed, Parser

__all__ = ["KafkaSource"]

_log = logging.getLogger(__name__)

_MOST_REJECTED = 100_000


class KafkaSource:
    """The topics of one cluster, as `settings` of shophouse.yml describe them.

    `tables` are declared ones; without any, each topic is a table named after it. Connections are made by the first
    read and kept until `close`, so that reads in short succession go on where the last one ended.
    """

    def __init__(
        self,
        name: str,
        settings: described.KafkaSource,
        *,
        tables: Sequence[Table] = (),
        group: str = "shophouse",
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.declared = tuple(tables)
        self.group = settings.group or group
        self.progress = progress
        self._notice = notice
        self._cluster: Cluster | None = None
        self._fetchers: dict[str, Fetcher] = {}
        self._told: dict[str, Position] = {}

    @classmethod
    def of(
        cls,
        *,
        name: str,
        project: Project,
        settings: described.KafkaSource,
        tables: Sequence[Table],
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> KafkaSource:
        """The source that a project describes under `name`."""
        group = f"shophouse-{table_name(project.name)}-{name}"
        return cls(name, settings, tables=tables, group=group, progress=progress, notice=notice)

    def tables(self) -> list[Table]:
        """The declared tables, else one for each topic."""
        if self.declared:
            return list(self.declared)
        return [Table(self.name, table_name(topic)) for topic in self.settings.topics]

    def topics_of(self, table: Table) -> list[str]:
        """The topics that `table` is read from.

        Its own; else all of the source, where that has one table; else those of its name. Raises ConfigError when a
        topic of the source belongs to no table.
        """
        own = self.settings.tables.get(table.name)
        if own is not None and own.topics:
            return list(own.topics)
        if len(self.declared) == 1:
            return list(self.settings.topics)
        known = {one.name for one in self.tables()}
        for topic in self.settings.topics:
            if table_name(topic) not in known:
                raise ConfigError(
                    f"source {self.name}: the topic {topic} belongs to no table",
                    why=f"there are several tables, and none is called {table_name(topic)}: {', '.join(sorted(known))}",
                    hint=f"write   topics: [{topic}]   under sources.{self.name}.tables.<table>",
                )
        return [topic for topic in self.settings.topics if table_name(topic) == table.name]

    def read(
        self,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield what the table's topics have, one after the other, in files of some 200,000 rows.

        Besides what Source.read says, raises SourceMismatch when a topic was made anew, when messages were deleted
        before they were read, and when too many can't be parsed.
        """
        from shophouse.sources.kafka._parsing import Parser

        known: dict[str, Any] = {name: dict(at) for name, at in (since or {}).get("topics", {}).items()}
        names: dict[str, str] = dict((since or {}).get("columns", {}))
        counts = _Counts(self, table)
        parser = Parser(table, self._key_of(table), into, load_id, loaded_at, names)
        try:
            with ThreadPoolExecutor(1) as pool:
                for topic in self.topics_of(table):
                    for parsed, place in self._parsed(table, topic, known.get(topic), parser, pool):
                        known = {**known, topic: place}
                        position = {"topics": known, "columns": dict(names)}
                        if parsed is None:
                            yield Batch(position)
                        else:
                            counts.add(parsed.files, parsed.rejected)
                            parquet = [parsed.parquet] if parsed.parquet else []
                            yield Batch(position, parquet, parsed.columns, parsed.files, parsed.rejected)
            counts.refuse_if_broken()
        finally:
            parser.close()

    def committed(self, table: Table, position: Position | None) -> None:
        """Tell the broker how far the lake is, for tools that show a group's lag. A failure is told, not raised."""
        from confluent_kafka import KafkaException, TopicPartition

        for topic, place in (position or {}).get("topics", {}).items():
            if topic not in self._fetchers or self._told.get(topic) == place:
                continue
            offsets = [TopicPartition(topic, int(number), at) for number, at in place["offsets"].items()]
            try:
                self._fetchers[topic].consumer.commit(offsets=offsets, asynchronous=False)
            except KafkaException as error:
                self.tell(
                    f"{self.name}.{table.name}: the broker was not told how far {topic} is read, "
                    f"the lake knows: {error.args[0].str()}"
                )
                return
            self._told[topic] = place

    def waiting(self, table: Table, since: Position | None) -> int:
        """How many messages lie between a position and the ends of the table's topics, gaps counted, too."""
        total = 0
        for name in self.topics_of(table):
            topic = self._topic(table, name)
            offsets = (since or {}).get("topics", {}).get(name, {}).get("offsets", {})
            total += sum(max(at.high - max(offsets.get(str(at.number), 0), at.low), 0) for at in topic.partitions)
        return total

    def close(self) -> None:
        """Let go of the brokers; the next read connects anew."""
        for fetcher in self._fetchers.values():
            fetcher.close()
        self._fetchers.clear()

    def tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)

    def _key_of(self, table: Table) -> tuple[str, ...]:
        own = self.settings.tables.get(table.name)
        return (own.message_key if own else None) or table.key

    def _parsed(
        self, table: Table, name: str, place: dict[str, Any] | None, parser: Parser, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[Parsed | None, dict[str, Any]]]:
        """Each chunk of a topic parsed, with the place reached, while the next one is fetched."""
        topic = self._topic(table, name)
        since = self._since(table, topic, place)
        pending: tuple[Future[Parsed] | None, dict[str, Any]] | None = None
        done, total = 0, sum(at.high - since[at.number] for at in topic.partitions)
        for chunk in self._fetcher(name).chunks(topic, since):
            reached = {"id": topic.id, "offsets": {str(number): at for number, at in chunk.offsets.items()}}
            future = pool.submit(parser.parse, chunk, since) if chunk.messages is not None else None
            if pending is not None:
                yield (pending[0].result() if pending[0] else None), pending[1]
            pending = (future, reached)
            if chunk.messages is not None and self.progress:
                done = min(done + chunk.messages.num_rows, total)
                self.progress(f"{self.name}.{table.name}", done, total)
        if pending is not None:
            yield (pending[0].result() if pending[0] else None), pending[1]

    def _fetcher(self, topic: str) -> Fetcher:
        from shophouse.sources.kafka._client import Cluster
        from shophouse.sources.kafka._fetching import Fetcher

        if self._cluster is None:
            settings = self.settings
            self._cluster = Cluster(
                self.name, settings.resolved_brokers, settings.resolved_client, self.group, settings.patience_seconds
            )
        if topic not in self._fetchers:
            self._fetchers[topic] = Fetcher(self._cluster, topic)
        return self._fetchers[topic]

    def _topic(self, table: Table, name: str) -> Topic:
        fetcher = self._fetcher(name)
        own = self.settings.tables.get(table.name)
        setting = (
            f"sources.{self.name}.tables.{table.name}.topics" if own and own.topics else f"sources.{self.name}.topics"
        )
        return fetcher.cluster.topic(fetcher.consumer, name, setting)

    def _since(self, table: Table, topic: Topic, place: Mapping[str, Any] | None) -> dict[int, int]:
        """The next offset of each partition. Raises SourceMismatch when it is not there any more."""
        if place is None:
            return {at.number: at.low for at in topic.partitions}
        if place["id"] and topic.id and place["id"] != topic.id:
            if topic.id in self.settings.made_anew:
                return {at.number: at.low for at in topic.partitions}
            raise SourceMismatch(
                f"the topic {topic.name} was deleted and made again",
                where=f"source {self.name}, table {table.name}",
                why=f"its id is {topic.id}; what was read until now had {place['id']}",
                hint=[
                    "to read the new one from its beginning, beside the rows that the lake has, write",
                    f"  made_anew: [{topic.id}]   under sources.{self.name} in shophouse.yml",
                ],
            )
        offsets: dict[int, int] = {}
        for at in topic.partitions:
            reached = place["offsets"].get(str(at.number), at.low)
            if reached > at.high:
                raise SourceMismatch(
                    f"the topic {topic.name} ends before what was read of it",
                    where=f"source {self.name}, table {table.name}, partition {at.number}",
                    why=f"the lake has it up to offset {reached:,}, the broker has {at.high:,}: was it deleted and made"
                    " again, or did the broker lose messages?",
                    hint=[
                        f"load it anew:   shophouse lake drop {self.name}.{table.name}",
                        "                shophouse run --full-refresh",
                    ],
                )
            offsets[at.number] = max(reached, at.low)
        gone = sum(max(at.low - place["offsets"].get(str(at.number), at.low), 0) for at in topic.partitions)
        if gone:
            self._miss(table, topic, gone)
        return offsets

    def _miss(self, table: Table, topic: Topic, gone: int) -> None:
        what = f"{gone:,} messages of {topic.name} were deleted before they were read"
        if self.settings.when_messages_are_gone == "continue":
            self.tell(f"{self.name}.{table.name}: {what}")
            return
        raise SourceMismatch(
            what,
            where=f"source {self.name}, table {table.name}",
            why="the topic keeps messages for a shorter time than passed between two runs (retention.ms)",
            hint=[
                "run more often, or have the topic keep them longer. To go on with those that are left, write",
                f"  when_messages_are_gone: continue   under sources.{self.name} in shophouse.yml",
            ],
        )


class _Counts:
    """Refuses a read of which too much can't be parsed."""

    def __init__(self, source: KafkaSource, table: Table) -> None:
        self.source = source
        self.table = table
        self.rate = 0.1 if (rate := source.settings.format_of(table.name).max_rejected_rate) is None else rate
        self.rows = 0
        self.bad = 0
        self.judged = _MOST_REJECTED
        self.first: Rejected | None = None

    def add(self, files: Sequence[FileRead], rejected: Sequence[Rejected]) -> None:
        self.rows += sum(file.rows for file in files)
        self.bad += len(rejected)
        if rejected and self.first is None:
            self.first = rejected[0]
        if self.bad > self.judged:
            self.judged *= 2
            self.refuse_if_broken()

    def refuse_if_broken(self) -> None:
        if self.first is None or not is_refused(self.bad, self.rows, self.rate):
            return
        first, name = self.first, self.table.name
        raise SourceMismatch(
            f"{name}: {self.bad:,} of {self.rows + self.bad:,} messages can't be read",
            where=f"source {self.source.name}, first in {first.source_file.partition('@')[0]} "
            f"at offset {first.line}: {(first.raw or '')[:200]!r}",
            why=[
                f"{first.column_name}: {first.reason}" if first.column_name else first.reason,
                f"more than max_rejected_rate ({self.rate:g}) allows; nothing of {name} was loaded",
            ],
            hint="are format, columns and their types right? "
            f"Else raise max_rejected_rate of source {self.source.name}",
        )
