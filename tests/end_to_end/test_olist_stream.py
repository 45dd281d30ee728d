"""Olist's orders through a Kafka topic: the same marts as from the files, and raw_orders on PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

from requirements import requirement
from shophouse.declarations import platform_declaration
from shophouse.demo.lookalikes import olist_lookalike
from shophouse.demo.olist_events import order_events
from shophouse.demo.shops import make_demo
from shophouse.scaffold import init_project
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.kafka import Server as Kafka
    from servers.postgres import Server as Postgres

pytestmark = [pytest.mark.server, pytest.mark.slow]

Events = list[tuple[str, str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("olist-files")
    olist_lookalike(folder, orders=200)
    return folder


@pytest.fixture(scope="module")
def events(files: Path) -> Events:
    with duckdb.connect() as db:
        return [(key, value) for _, key, value in order_events(db, files).fetchall()]


def make(folder: Path, brokers: str, topic: str, engine: str = "{kind: duckdb}") -> Shop:
    init_project(folder, name="olist", timezone="America/Sao_Paulo", currency="BRL")
    source = f'{{kind: kafka, brokers: "{brokers}", topics: [{topic}], staging: olist_stream}}'
    text = "name: olist\ntimezone: America/Sao_Paulo\ncurrency: BRL\n"
    (folder / "shophouse.yml").write_text(f"{text}engine: {engine}\nsources:\n  olist: {source}\n", "utf-8")
    return Shop.open(folder)


def send(kafka: Kafka, topic: str, events: Events) -> None:
    kafka.produce(topic, [value for _, value in events], [key for key, _ in events])


def rows(shop: Shop, table: str) -> list[tuple[Any, ...]]:
    names = [name for name, *_ in shop.sql(f"describe {table}").fetchall()]
    kept = [f'"{name}"' for name in names if not name.startswith("_") and name not in ("latitude", "longitude")]
    return sorted(shop.sql(f"select {', '.join(kept)} from {table}").fetchall(), key=repr)


@requirement("S1-02")
def test_messages_in_parts_repeated_and_out_of_order_give_the_marts_of_the_files(
    tmp_path: Path, kafka: Kafka, files: Path, events: Events
) -> None:
    whole = Shop(make_demo("olist", into=tmp_path / "files", data=files))
    whole.run()
    topic = kafka.topic(partitions=3)
    shop = make(tmp_path / "stream", kafka.brokers, f'"{topic}"')
    half = len(events) // 2
    send(kafka, topic, events[:half])
    assert shop.run().record.status == "success"
    # a producer that was not sure sends again, and late
    send(kafka, topic, [*events[half:], *events[half - 100 : half + 100], *events[:20]])
    run = shop.run()
    assert run.record.status == "success" and not run.record.is_full_refresh
    assert shop.run().record.status == "nothing new"

    tables = [
        f"marts.{name}"
        for (name,) in whole.sql("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    ]
    assert len(tables) > 40
    for table in [*tables, "core.fct_orders", "core.fct_order_items", "core.fct_payments", "core.dim_customer"]:
        assert rows(shop, table) == rows(whole, table), table

    # a message without a value deletes its order
    gone = events[0][0]
    kafka.produce(topic, [None], [gone])
    assert shop.run().record.status == "success"
    assert shop.sql("select count(*) from core.fct_orders where order_id = $1", [gone]).fetchall() == [(0,)]
    assert shop.sql("select count(*) from core.fct_order_items where order_id = $1", [gone]).fetchall() == [(0,)]


@requirement("S1-02")
def test_every_field_of_the_messages_is_documented(tmp_path: Path, events: Events) -> None:
    project = make(tmp_path / "shop", "localhost:9092", "orders").project
    declared = {
        column.name: column for column in platform_declaration("olist_stream", project).tables["raw_orders"].columns
    }
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "order-events.md").read_text("utf-8")
    for _, value in events:
        for name, inner in json.loads(value).items():
            assert declared[name].description and f"`{name}`" in guide, name
            first = inner[0] if isinstance(inner, list) else inner
            for field in first if isinstance(first, dict) else ():
                assert f"`{field}`" in guide and field in declared[name].description, field


@requirement("S1-03", "S1-04")
def test_raw_orders_on_postgresql_has_each_message_once_and_feeds_the_models(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = postgres.database()
    monkeypatch.setenv("ANALYTICS_DSN", dsn)
    topic = kafka.topic(partitions=2)
    shop = make(tmp_path / "shop", kafka.brokers, f'"{topic}"', '{kind: postgres, dsn: "env:ANALYTICS_DSN"}')
    send(kafka, topic, events)
    assert shop.run().record.status == "success"

    def counted() -> Any:
        with psycopg.connect(dsn) as connection:
            counts = "count(*), count(distinct (_partition, _offset)), count(distinct event_id)"
            return connection.execute(f"select {counts} from raw.olist_stream__raw_orders").fetchone()

    assert counted() == (len(events),) * 3
    # the group is set back to the beginning: the lake knows better
    group = Consumer({"bootstrap.servers": kafka.brokers, "group.id": "shophouse-olist-olist"})
    told = group.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], 10)
    assert sum(at.offset for at in told) == len(events)
    group.commit(offsets=[TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)], asynchronous=False)
    group.close()
    send(kafka, topic, events[:1])
    assert shop.run().record.status == "success"
    assert counted() == (len(events) + 1, len(events) + 1, len(events))
    with psycopg.connect(dsn) as connection:
        orders = connection.execute("select count(*) from core.fct_orders").fetchone()
        sales = connection.execute("select sum(order_count) > 0 from marts.sales_monthly").fetchone()
    assert orders == (len({key for key, _ in events}),) and sales == (True,)
