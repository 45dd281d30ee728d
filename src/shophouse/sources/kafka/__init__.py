"""The messages of Kafka topics, each exactly once.

The lake's position holds the next offset of each partition, in the same commit as the rows. The broker is told
afterwards, for tools that show how far a group is behind; what it thinks is never read back. So a run that was killed
reads again what was not committed, and nothing else.

A read ends where the topic ended when it began. Of transactions, only what was committed is read.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse import settings as described
from shophouse.errors import ConfigError, SourceError
from shophouse.sources import Batch, FileRead, Notice, Position, Progress, Rejected, Table
from shophouse.sources.files import table_name
from shophouse.sources.kafka import _places as places
from shophouse.sources.kafka._counts import Counts

if TYPE_CHECKING:
    import duckdb

    from shophouse.project import Project
    from shophouse.sources.kafka._client import Cluster, Topic
    from shophouse.sources.kafka._dead_letters import Dead
    from shophouse.sources.kafka._decoding import Decoder
    from shophouse.sources.kafka._fetching import Chunk, Fetcher
    from shophouse.sources.kafka._parsing import Parsed, Parser

__all__ = ["KafkaSource"]

_log = logging.getLogger(__name__)

# chunks that are parsed while the next is fetched
_AT_ONCE = 2


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
        self._db: duckdb.DuckDBPyConnection | None = None
        self._decoder: Decoder | None = None
        self._fetchers: dict[str, Fetcher] = {}
        self._told: dict[str, Position] = {}
        self._buried: dict[str, dict[str, Dead]] = {}

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
        """Yield what the table's topics have, one after the other, in files of some 125,000 rows.

        Besides what Source.read says, raises SourceMismatch when a topic was made anew, when messages were deleted
        before they were read, and when too many can't be parsed.
        """
        self._bury(table, since)
        dead: dict[str, Dead] = {}
        kept = {name: value for name, value in (since or {}).items() if name != "dead"}
        known: dict[str, Any] = {name: dict(at) for name, at in (since or {}).get("topics", {}).items()}
        names: dict[str, str] = dict((since or {}).get("columns", {}))
        counts = Counts(self, table)
        numbers = count(1)
        parser = self._parser(table, into, load_id, loaded_at, names)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for topic in self.topics_of(table):
                for parsed, place in self._parsed(table, topic, known.get(topic), parser, pool, numbers):
                    known = {**known, topic: place}
                    if parsed is not None and self.settings.dead_letter_topic:
                        _note_dead(dead, topic, parsed.rejected)
                    position = {
                        **kept,
                        "topics": known,
                        "columns": dict(names),
                        **({"dead": deepcopy(dead)} if dead else {}),
                    }
                    if parsed is None:
                        yield Batch(position)
                    else:
                        counts.add(parsed.files, parsed.rejected)
                        parquet = [parsed.parquet] if parsed.parquet else []
                        yield Batch(position, parquet, parsed.columns, parsed.files, parsed.rejected)
        counts.refuse_if_broken()

    def replay(
        self,
        table: Table,
        rejected: Sequence[Rejected],
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield what these messages are now: from the topics, or as the quarantine has them where they are gone."""
        names: dict[str, str] = dict((since or {}).get("columns", {}))
        parser = self._parser(table, into, load_id, loaded_at, names, again=f"+{load_id}")
        wanted: dict[str, dict[int, dict[int, Rejected]]] = {}
        for row in rejected:
            topic, _, partition = row.source_file.rpartition("@")[0].rpartition("-")
            wanted.setdefault(topic, {}).setdefault(int(partition), {})[row.line or 0] = row
        for number, (topic, partitions) in enumerate(wanted.items(), 1):
            id_known = (since or {}).get("topics", {}).get(topic, {}).get("id", "")
            chunk, gone = self._found_again(table, topic, partitions, id_known)
            firsts = {partition: min(offsets) for partition, offsets in partitions.items()}
            parsed = parser.parse(chunk, firsts, number)
            files = {file.source_file: file for file in parsed.files}
            for row in gone:
                label = f"{row.source_file.partition('@')[0]}@"
                read = next((file for file in files.values() if file.source_file.startswith(label)), None)
                read = read or FileRead(f"{label}{row.line}+{load_id}", 0, 0, 0)
                files[read.source_file] = replace(read, rejected_rows=read.rejected_rows + 1)
                parsed.rejected.append(replace(row, source_file=read.source_file))
            position = {**(since or {}), "columns": dict(names)}
            parquet = [parsed.parquet] if parsed.parquet else []
            yield Batch(position, parquet, parsed.columns, list(files.values()), parsed.rejected)

    def _found_again(
        self, table: Table, name: str, partitions: Mapping[int, Mapping[int, Rejected]], id_known: str
    ) -> tuple[Chunk, list[Rejected]]:
        """The messages, and those that neither topic nor quarantine can give."""
        import pyarrow as pa

        from shophouse.sources.kafka._fetching import as_messages

        topic = self._topic(table, name)
        lows = {at.number: at.low for at in topic.partitions if topic.id == id_known}
        there = {
            number: [at for at in offsets if at >= lows[number]]
            for number, offsets in partitions.items()
            if number in lows
        }
        chunk = self._fetcher(name).picked({number: offsets for number, offsets in there.items() if offsets})
        spots = zip(chunk.messages["partition"].to_pylist(), chunk.messages["offset"].to_pylist(), strict=True)
        found = set(spots)
        lost = [(n, at, row) for n, rows in partitions.items() for at, row in rows.items() if (n, at) not in found]
        if not lost:
            return chunk, []
        if self._decoder_of(table) is not None:
            return chunk, [replace(row, reason="it is no longer in the topic") for *_, row in lost]
        kept = as_messages([(n, at, None if row.raw is None else row.raw.encode()) for n, at, row in lost])
        return replace(chunk, messages=pa.concat_tables([chunk.messages, kept])), []

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
        try:
            self._bury(table, position)
        except SourceError as error:
            self.tell(f"{self.name}.{table.name}: dead letters are sent by the next run: {error.what}")

    def _bury(self, table: Table, position: Position | None) -> None:
        """Send the dead letters that came with a position, unless they were."""
        dead = (position or {}).get("dead", {})
        target = self.settings.dead_letter_topic
        if not dead or target is None or self._buried.get(table.name) == dead:
            return
        from shophouse.sources.kafka._dead_letters import send

        for topic, of_topic in dead.items():
            gone = send(self.cluster, self._fetcher(topic), table.name, target, of_topic)
            if gone:
                self.tell(f"{self.name}.{table.name}: {gone:,} dead letters are not sent, {topic} has them no more")
        self._buried[table.name] = dead

    def waiting(self, table: Table, since: Position | None) -> int:
        """How many messages lie between a position and the ends of the table's topics, gaps counted, too."""
        return sum(waiting for _, waiting in self.examine(table, since).values())

    def examine(self, table: Table, since: Position | None) -> dict[str, tuple[int, int]]:
        """Of each topic of a table how many partitions it has, and how many messages wait; gaps are counted, too.

        Raises what `read` would raise before its first message.
        """
        found = {}
        for name in self.topics_of(table):
            topic = self._topic(table, name)
            offsets = places.since(self, table, topic, (since or {}).get("topics", {}).get(name))
            found[name] = len(topic.partitions), sum(at.high - offsets[at.number] for at in topic.partitions)
        self._decoder_of(table)
        return found

    def close(self) -> None:
        """Let go of the brokers; the next read connects anew."""
        for fetcher in self._fetchers.values():
            fetcher.close()
        self._fetchers.clear()
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        if self._db is not None:
            self._db.close()
            self._db = None

    def tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)

    def _parser(
        self, table: Table, into: Path, load_id: int, loaded_at: datetime, names: dict[str, str], again: str = ""
    ) -> Parser:
        from shophouse.sources.kafka._parsing import Parser

        written = self.settings.format_of(table.name)
        return Parser(
            table,
            self._key_of(table),
            into,
            load_id,
            loaded_at,
            names,
            self._parsing_db(),
            decoder=self._decoder_of(table),
            is_debezium=written.format == "debezium",
            epoch=written.epoch,
            again=again,
        )

    def _parsing_db(self) -> duckdb.DuckDBPyConnection:
        """One for all loads: a database that is closed gives back all free memory of the process."""
        import duckdb

        if self._db is None:
            # each chunk is one thread's: several in a query wait for one another more than they gain
            self._db = duckdb.connect(
                ":memory:", config={"memory_limit": "1GB", "preserve_insertion_order": True, "threads": 1}
            )
            self._db.execute("set enable_progress_bar = false")
        return self._db

    def _decoder_of(self, table: Table) -> Decoder | None:
        chosen = self.settings.format_of(table.name).format
        if chosen in (None, "json") or (chosen == "debezium" and not self.settings.registry):
            return None
        if self._decoder is None:
            from shophouse.sources.kafka._decoding import Decoder

            self._decoder = Decoder(self.name, self.settings.resolved_registry)
        return self._decoder

    def _key_of(self, table: Table) -> tuple[str, ...]:
        own = self.settings.tables.get(table.name)
        return (own.message_key if own else None) or table.key

    def _parsed(
        self,
        table: Table,
        name: str,
        place: dict[str, Any] | None,
        parser: Parser,
        pool: ThreadPoolExecutor,
        numbers: Iterator[int],
    ) -> Iterator[tuple[Parsed | None, dict[str, Any]]]:
        """Each chunk of a topic parsed, with the place reached, while the next one is fetched."""
        topic = self._topic(table, name)
        since = places.since(self, table, topic, place)
        pending: deque[tuple[Future[Parsed] | None, dict[str, Any]]] = deque()
        done, total = 0, sum(at.high - since[at.number] for at in topic.partitions)
        for chunk in self._fetcher(name).chunks(topic, since):
            reached = {
                "id": topic.id or (place or {}).get("id", ""),
                "offsets": {str(number): at for number, at in chunk.offsets.items()},
            }
            if not chunk.messages.num_rows:
                pending.append((None, reached))
            else:
                pending.append((pool.submit(parser.parse, chunk, since, next(numbers)), reached))
                done = min(done + chunk.messages.num_rows, total)
                if self.progress:
                    self.progress(f"{self.name}.{table.name}", done, total)
            if len(pending) > _AT_ONCE:
                parsed, place = pending.popleft()
                yield (parsed.result() if parsed else None), place
        for parsed, place in pending:
            yield (parsed.result() if parsed else None), place

    @property
    def cluster(self) -> Cluster:
        from shophouse.sources.kafka._client import Cluster

        if self._cluster is None:
            settings = self.settings
            self._cluster = Cluster(
                self.name, settings.resolved_brokers, settings.resolved_client, self.group, settings.patience_seconds
            )
        return self._cluster

    def _fetcher(self, topic: str) -> Fetcher:
        from shophouse.sources.kafka._fetching import Fetcher

        if topic not in self._fetchers:
            self._fetchers[topic] = Fetcher(self.cluster, topic)
        return self._fetchers[topic]

    def _topic(self, table: Table, name: str) -> Topic:
        own = self.settings.tables.get(table.name)
        of_table = f".tables.{table.name}" if own and own.topics else ""
        return self.cluster.topic(name, f"sources.{self.name}{of_table}.topics")


def _note_dead(dead: dict[str, Dead], topic: str, rejected: Sequence[Rejected]) -> None:
    for row in rejected:
        partition = row.source_file.rpartition("@")[0].rpartition("-")[2]
        dead.setdefault(topic, {}).setdefault(partition, {})[str(row.line)] = row.reason[:200]
