"""Connections to brokers: what a client is made with, what it says of a topic, and its errors in our words."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, ShophouseError, SourceMismatch, SourceUnreachable

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient

__all__ = ["Cluster", "Partition", "Topic"]

_log = logging.getLogger(__name__)

_OURS = {
    # no broker or group may decide what was read
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    # the end of a partition may be a gap, which no message shows
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
}
_USUAL = {
    # a full queue otherwise rests for a second, many times as long as it takes to empty
    "fetch.queue.backoff.ms": 5,
    # many small answers would cost the broker and us more than their messages do
    "fetch.min.bytes": 100_000,
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 32768,
    "reconnect.backoff.max.ms": 2000,
    "client.id": "shophouse",
}


@dataclass(frozen=True)
class Partition:
    """What of a partition can be read: the first offset that is still there, and the one after the last."""

    number: int
    low: int
    high: int


@dataclass(frozen=True)
class Topic:
    """A topic as the broker has it. `id` is another one when it was deleted and made again, empty on old brokers."""

    name: str
    id: str
    partitions: Sequence[Partition]


class Cluster:
    """The brokers of a source.

    `settings` are librdkafka's own; `patience` is for how many seconds brokers that don't answer are tried again.
    Raises ConfigError when confluent-kafka is missing or a setting is none.
    """

    def __init__(self, source: str, brokers: str, settings: Mapping[str, Any], group: str, patience: float) -> None:
        try:
            import confluent_kafka  # noqa: F401
        except ImportError as error:
            raise ConfigError(
                f"source {source}: Kafka needs the library confluent-kafka",
                why=str(error),
                hint='pip install "shophouse[kafka]"',
            ) from None
        taken = sorted(set(settings) & {*_OURS, "bootstrap.servers", "group.id"})
        if taken:
            raise ConfigError(
                f"source {source}: {taken[0]} can't be set",
                where=f"sources.{source}.client in shophouse.yml",
                why="the lake says what has been read, no broker does",
                hint="leave it out",
            )
        self.source = source
        self.brokers = brokers
        self.group = group
        self.patience = patience
        self.protocol = str(settings.get("security.protocol", "PLAINTEXT")).upper()
        self._settings = {**_USUAL, **settings, "bootstrap.servers": brokers}
        self._problem: KafkaError | None = None
        self._admin: AdminClient | None = None
        self._watcher: Consumer | None = None

    def consumer(self, group: str | None = None) -> Consumer:
        from confluent_kafka import Consumer, KafkaException

        try:
            return Consumer(
                {**self._settings, **_OURS, "group.id": group or self.group, "error_cb": self._heard}, logger=_log
            )
        except KafkaException as error:
            raise self._refused(error) from None

    def producer_settings(self) -> dict[str, Any]:
        consumer_only = {name for name in _USUAL if name.startswith(("fetch.", "queued."))}
        return {name: value for name, value in self._settings.items() if name not in consumer_only}

    @property
    def watcher(self) -> Consumer:
        """Asks about topics. One that fetches waits for messages, and what it asks the broker waits behind that."""
        if self._watcher is None:
            self._watcher = self.consumer()
        return self._watcher

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def topics(self) -> list[str]:
        """The topics that there are, without Kafka's own. Raises SourceUnreachable or SourceMismatch."""
        found = self._patiently(lambda: self.watcher.list_topics(timeout=2))
        return sorted(name for name in found.topics if not name.startswith("__"))

    def topic(self, name: str, setting: str) -> Topic:
        """The topic `name`, which `setting` refers to. Raises SourceUnreachable or SourceMismatch."""
        from confluent_kafka import KafkaError, TopicPartition

        found = self._patiently(lambda: self.watcher.list_topics(name, timeout=2)).topics[name]
        if found.error is not None:
            if found.error.code() == KafkaError.LEADER_NOT_AVAILABLE:
                raise SourceUnreachable(f"the topic {name} has no leader", where=self.where, why=found.error.str())
            if found.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise self.error(found.error, f"the topic {name}")
            there = self.topics()
            raise SourceMismatch(
                f"there is no topic {name}",
                where=self.where,
                why=f"the broker has: {', '.join(there) or 'none'}",
                hint=f"name another one under {setting} in shophouse.yml, or make it",
            )
        partitions = []
        for number in sorted(found.partitions):
            at = TopicPartition(name, number)
            low, high = self._patiently(partial(self.watcher.get_watermark_offsets, at, timeout=2, cached=False))
            partitions.append(Partition(number, low, high))
        return Topic(name, self._topic_id(name), partitions)

    def error(self, error: KafkaError, what: str) -> ShophouseError:
        """A broker's error in our words: worth a retry, or for a person."""
        from confluent_kafka import KafkaError

        if error.code() in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
            return SourceMismatch(
                f"source {self.source}: the broker refuses the user or the password",
                where=self.where,
                why=error.str(),
                hint=f"look at sasl.username and sasl.password under sources.{self.source}.client",
            )
        if error.code() == KafkaError._SSL:
            return self._without_tls(error)
        denied = (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        )
        if error.code() in denied:
            return SourceMismatch(
                f"source {self.source}: {what} may not be read",
                where=self.where,
                why=error.str(),
                hint=f"grant the user READ and DESCRIBE on its topics, and READ on the group {self.group}",
            )
        return SourceUnreachable(
            f"source {self.source}: {what} can't be read now",
            where=self.where,
            why=error.str(),
            hint="what was not read is read by the next run",
        )

    def _without_tls(self, error: KafkaError) -> SourceMismatch:
        return SourceMismatch(
            f"source {self.source}: no TLS connection to the broker",
            where=self.where,
            why=error.str(),
            hint=[
                f"under sources.{self.source}.client, security.protocol is what the port of the broker speaks,",
                "ssl.ca.location the authority of its certificate, and ssl.certificate.location and ssl.key.location",
                "your own, where it asks for one",
            ],
        )

    @property
    def where(self) -> str:
        return f"source {self.source}, brokers {self.brokers}"

    def unreachable(self, why: str) -> SourceUnreachable:
        return SourceUnreachable(
            f"source {self.source}: no broker answers",
            where=f"{self.brokers}, tried for {self.patience:g} s",
            why=why,
            hint=[
                f"are they up, is sources.{self.source}.brokers right, and does their port speak {self.protocol}",
                "(security.protocol under client)? Nothing is lost: run again",
            ],
        )

    def check(self) -> None:
        """Raise what the client heard that waiting doesn't mend."""
        from confluent_kafka import KafkaError

        if self._problem is not None and self._problem.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            raise self.error(self._problem, "the broker")

    def _heard(self, error: KafkaError) -> None:
        from confluent_kafka import KafkaError

        _log.info("%s", error.str())
        # that all are down says nothing beside why each is
        if self._problem is None or error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._problem = error

    def _patiently(self, ask: Any) -> Any:
        """The answer, asked for again until `patience` is over; the client itself connects anew with back-off."""
        from confluent_kafka import KafkaException

        end = time.monotonic() + self.patience
        while True:
            try:
                return ask()
            except KafkaException as error:
                self.watcher.poll(0)
                self.check()
                problem: KafkaError = error.args[0]
                if not _is_passing(problem):
                    raise self.error(problem, "the topic") from None
                if time.monotonic() > end:
                    problem = self._problem or problem
                    if "SSL" in problem.str():
                        raise self._without_tls(problem) from None
                    raise self.unreachable(problem.str()) from None
                time.sleep(0.1)

    def _topic_id(self, name: str) -> str:
        from confluent_kafka import KafkaException, TopicCollection
        from confluent_kafka.admin import AdminClient

        if self._admin is None:
            self._admin = AdminClient(self.producer_settings(), logger=_log)
        try:
            described = self._admin.describe_topics(TopicCollection([name]), request_timeout=10)[name].result(15)
        except (KafkaException, TimeoutError) as error:
            # brokers before 2.8 have no ids, and some don't let a reader describe
            _log.info("no id of the topic %s: %s", name, error)
            return ""
        return str(described.topic_id)

    def _refused(self, error: KafkaException) -> ConfigError:
        return ConfigError(
            f"source {self.source}: the client can't be made",
            where=f"sources.{self.source} in shophouse.yml: brokers and client",
            why=error.args[0].str(),
            hint="client takes librdkafka's settings: see docs/guides/kafka.md",
        )


def _is_passing(error: KafkaError) -> bool:
    from confluent_kafka import KafkaError

    passing = (
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._WAIT_COORD,
    )
    return bool(error.retriable()) or error.code() in passing
