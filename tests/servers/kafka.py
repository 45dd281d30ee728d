"""A real Apache Kafka for tests: one broker, free ports of 127.0.0.1, stopped by its process at the end.

Its jars come from Maven Central once, into ~/.cache/shophouse-tests.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from servers.machine import ending, jars_of, java
from servers.tls import certificates

_POM = Path(__file__).with_name("kafka.pom.xml")

_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl},SSL://127.0.0.1:{tls},\
SASL_SSL://127.0.0.1:{sasl_tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl},SSL://127.0.0.1:{tls},\
SASL_SSL://127.0.0.1:{sasl_tls}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,\
CONTROLLER:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={folder}/tls/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/tls/ca.pem
listener.name.ssl.ssl.client.auth=required
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_reader="right";
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_reader="right";
log.dirs={folder}/data
auto.create.topics.enable=false
delete.topic.enable=true
log.retention.check.interval.ms=500
log.cleaner.backoff.ms=200
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=67108864
"""

_LOGGING = """
status=error
rootLogger.level=warn
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d %p %c %m%n
"""


@dataclass
class Server:
    """A broker at `brokers`, which can be stopped in any way and started again with what it has.

    `sasl` is the same broker for the user `reader` with the password `right`, by SASL_PLAINTEXT and PLAIN; `sasl_tls`
    by SASL_SSL; `tls` by SSL, for whoever has a certificate of the authority: `certificates` is the folder of
    `servers.tls.certificates`.
    """

    folder: Path
    port: int
    sasl_port: int
    tls_port: int
    sasl_tls_port: int
    jars: Path
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def brokers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def sasl(self) -> str:
        return f"127.0.0.1:{self.sasl_port}"

    @property
    def tls(self) -> str:
        return f"127.0.0.1:{self.tls_port}"

    @property
    def sasl_tls(self) -> str:
        return f"127.0.0.1:{self.sasl_tls_port}"

    @property
    def certificates(self) -> Path:
        return self.folder / "tls"

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})

    def start(self) -> None:
        """Start it, or start it again; returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._java("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                    "kafka.Kafka",
                    str(self.folder / "server.properties"),
                ],
                stdout=log,
                stderr=log,
                preexec_fn=ending(signal.SIGKILL),
                cwd=self.folder,
            )
        end = time.monotonic() + 60
        while True:
            try:
                self.admin.list_topics(timeout=1)
                return
            except KafkaException:
                if self._process.poll() is not None or time.monotonic() > end:
                    text = (self.folder / "log").read_text("utf-8", "replace")
                    raise RuntimeError(f"Kafka does not start:\n{text[-4000:]}") from None

    def stop(self, by: int = signal.SIGTERM) -> None:
        """End it, gently or with signal.SIGKILL; what it was sent stays in its folder."""
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(60)
            self._process = None

    def format(self) -> None:
        subprocess.run(
            [
                *self._java("-XX:TieredStopAtLevel=1"),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "4L6g3nShT-eMCtK--X86sw",
                "-c",
                str(self.folder / "server.properties"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def topic(self, name: str = "", partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        """The name of a new, empty topic."""
        name = name or f"orders-{next(self._numbers)}-{uuid.uuid4().hex[:6]}"
        for made in self.admin.create_topics([NewTopic(name, partitions, 1, config=dict(config or {}))]).values():
            made.result(30)
        return name

    def delete(self, topic: str) -> None:
        for gone in self.admin.delete_topics([topic]).values():
            gone.result(30)

    def produce(
        self,
        topic: str,
        values: Iterable[bytes | str | None],
        keys: Sequence[bytes | str | None] | None = None,
        **more: Any,
    ) -> None:
        """Send values in their order, and return when the broker has them."""
        producer = Producer({"bootstrap.servers": self.brokers, "linger.ms": 0, "message.max.bytes": 67108864})
        failed: list[Any] = []
        for number, value in enumerate(values):
            producer.produce(
                topic,
                value,
                keys[number] if keys else None,
                on_delivery=lambda error, _: failed.append(error) if error else None,
                **more,
            )
            if number % 10_000 == 9_999:
                producer.flush()
        producer.flush(30)
        assert not failed, failed[0]

    def _java(self, *options: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return [java(), *options, "-Xshare:auto", logging, "-cp", f"{self.jars}/*"]


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop it by its process id. Raises Missing."""
    jars = jars_of("kafka", _POM)
    folder = Path(tempfile.mkdtemp(prefix="shophouse-kafka-"))
    port, sasl, tls, sasl_tls, controller = _free_ports(5)
    settings = _SETTINGS.format(port=port, sasl=sasl, tls=tls, sasl_tls=sasl_tls, controller=controller, folder=folder)
    (folder / "server.properties").write_text(settings)
    (folder / "log4j2.properties").write_text(_LOGGING)
    server = Server(folder, port, sasl, tls, sasl_tls, jars)
    server.certificates.mkdir()
    certificates(server.certificates)
    parts = [(server.certificates / name).read_bytes() for name in ("server.key", "server.crt")]
    (server.certificates / "server.pem").write_bytes(b"".join(parts))
    try:
        server.format()
        server.start()
        yield server
    finally:
        # at once: nothing of it is kept
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(number: int) -> list[int]:
    taken = [socket.socket() for _ in range(number)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]
    finally:
        for one in taken:
            one.close()
