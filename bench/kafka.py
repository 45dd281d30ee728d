"""A topic into the lake, beside bare loops of `consume` on the same topic: messages a second, and memory.

python bench/kafka.py                           1,000,000 order events
python bench/kafka.py --messages 5000000 --format avro
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from servers.kafka import Server, running  # noqa: E402

_ITEM = {"line_number": 1, "product_id": "4244733e06e7ecb4970a6e2683c13e61", "quantity": "1", "unit_price": "58.90"}
_AVRO = {
    "type": "record",
    "name": "order",
    "fields": [
        *({"name": n, "type": "string"} for n in ("event_id", "event_type", "occurred_at", "order_id", "customer_id")),
        {"name": "total_amount", "type": "string"},
        {"name": "items", "type": "string"},
    ],
}
_COLUMNS = {
    "event_id": "text",
    "event_type": "text",
    "occurred_at": "timestamp",
    "order_id": "text",
    "customer_id": "text",
    "total_amount": "decimal(18,4)",
    "items": "text",
}


def events(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "event_id": f"{number}-1",
            "event_type": "order_created",
            "occurred_at": f"2017-10-{number % 28 + 1:02}T10:56:33",
            "order_id": f"e481f51cbdc54678b7cc49136f2d{number:08x}",
            "customer_id": f"{number % 90_000:032x}",
            "total_amount": f"{number % 500}.90",
            "items": [_ITEM],
        }


def fill(server: Server, topic: str, count: int, form: str) -> None:
    from confluent_kafka import Producer

    encode = encoder(form)
    producer = Producer(
        {"bootstrap.servers": server.brokers, "linger.ms": 20, "queue.buffering.max.messages": 1_000_000}
    )
    for number, event in enumerate(events(count)):
        while True:
            try:
                producer.produce(topic, encode(event), event["order_id"])
                break
            except BufferError:
                producer.poll(0.1)
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush()


def encoder(form: str) -> Any:
    if form == "debezium":
        return lambda event: json.dumps({"before": None, "after": event, "op": "c", "ts_ms": 1, "source": {"db": "s"}})
    if form == "avro":
        from io import BytesIO

        from fastavro import schemaless_writer
        from fastavro.schema import parse_schema

        schema = parse_schema(_AVRO)

        def encode(event: dict[str, Any]) -> bytes:
            out = BytesIO()
            out.write(b"\0\0\0\0\1")
            schemaless_writer(out, schema, event | {"items": json.dumps(event["items"])})
            return out.getvalue()

        return encode
    return json.dumps


def bare(brokers: str, topic: str, count: int, settings: dict[str, Any], at_once: int) -> float:
    """The seconds that a loop takes which does nothing with the messages, `at_once` of them a call at most."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "bare", "enable.auto.commit": False, **settings})
    partitions = consumer.list_topics(topic).topics[topic].partitions
    started = time.monotonic()
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    seen = 0
    while seen < count:
        seen += len(consumer.consume(at_once, 1.0))
    taken = time.monotonic() - started
    consumer.close()
    return taken


def load(brokers: str, topic: str, form: str, folder: Path) -> dict[str, Any]:
    """In a process of its own, for its memory: the whole of `shophouse ingest` but for the project file."""
    # what is imported is not part of what is measured
    import duckdb as duckdb
    import pyarrow.parquet as parquet  # noqa: F401

    from shophouse.ingestion import load_table
    from shophouse.lake import Lake
    from shophouse.lake import _iceberg as _iceberg
    from shophouse.settings import KafkaSource as Settings
    from shophouse.sources import Column, Table
    from shophouse.sources.kafka import KafkaSource

    table = Table("shop", "orders", columns=tuple(Column(*at) for at in _COLUMNS.items()), required=("event_id",))
    told: dict[str, Any] = {"kind": "kafka", "brokers": brokers, "topics": (topic,), "format": form}
    settings = Settings(**told, registry={"url": "mock://bench"} if form == "avro" else {})
    source = KafkaSource("shop", settings, tables=[table])
    if form == "avro":
        from confluent_kafka.schema_registry import Schema

        decoder = source._decoder_of(table)
        assert decoder is not None
        decoder._client.register_schema("orders-value", Schema(json.dumps(_AVRO), "AVRO"))
    cpu, started = time.process_time(), time.monotonic()
    record = load_table(Lake(folder), source, table, None)
    taken, used = time.monotonic() - started, time.process_time() - cpu
    source.close()
    assert record is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": record.rows, "bad": record.rejected_rows, "seconds": taken, "cpu": used, "peak_mb": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--format", default="json", choices=["json", "debezium", "avro"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--load", nargs=3, metavar=("BROKERS", "TOPIC", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.load:
        brokers, topic, folder = chosen.load
        print(json.dumps(load(brokers, topic, chosen.format, Path(folder))))
        return
    ours = {"fetch.queue.backoff.ms": 5, "queued.max.messages.kbytes": 32768}
    with running() as server:
        topic = server.topic(partitions=4)
        fill(server, topic, chosen.messages, chosen.format)
        print(f"{chosen.messages:,} messages, {chosen.format}, {os.cpu_count()} cores")
        for _ in range(chosen.repeat):
            # the client's default: one message a call
            plain = bare(server.brokers, topic, chosen.messages, {}, 1)
            batched = bare(server.brokers, topic, chosen.messages, {}, 500)
            tuned = bare(server.brokers, topic, chosen.messages, ours, 500)
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, "--format", chosen.format, "--load", server.brokers, topic, folder]
                found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            assert found["rows"] == chosen.messages, found
            rate = chosen.messages / found["seconds"]
            print(
                f"consume() {chosen.messages / plain:>11,.0f}/s   consume(500) {chosen.messages / batched:>11,.0f}/s   "
                f"with our client's settings {chosen.messages / tuned:>11,.0f}/s   into the lake {rate:>11,.0f}/s "
                f"({plain / found['seconds']:.0%}, {batched / found['seconds']:.0%}, {tuned / found['seconds']:.0%})   "
                f"CPU {found['cpu']:.1f} s   peak {found['peak_mb']:,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
