"""Debezium, Avro and Protobuf. There is no registry server to be had: the client's own in memory stands for one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from shophouse.errors import SourceUnreachable
from shophouse.sources import Column, Table
from shophouse.sources.kafka._decoding import Decoder

from .conftest import Shop

pytestmark = pytest.mark.server

ORDERS = Table(
    "shop",
    "orders",
    columns=(
        Column("id", "bigint"),
        Column("total", "decimal(18,4)"),
        Column("at", "timestamp"),
        Column("day", "date"),
    ),
    required=("id", "total"),
    delivery="upsert",
    key=("id",),
)


def change(op: str, before: Any, after: Any, with_schema: bool) -> dict[str, Any]:
    told = {"before": before, "after": after, "op": op, "source": {"table": "orders"}, "ts_ms": 1}
    return {"schema": {"type": "struct", "fields": []}, "payload": told} if with_schema else told


@pytest.mark.parametrize("with_schema", [True, False])
def test_changes_of_debezium_become_rows_with_what_was_done(shop: Shop, with_schema: bool) -> None:
    shop.table = ORDERS
    shop.settings |= {"format": "debezium", "epoch": "microseconds"}
    first = {"id": 1, "total": "9.90", "at": 1_767_323_045_678_901, "day": 20_455}
    key = json.dumps({"schema": {}, "payload": {"id": 1}} if with_schema else {"id": 1})
    shop.send(
        change("r", None, first, with_schema),
        change("u", first, {**first, "total": "8"}, with_schema),
        change("d", {"id": 1}, None, with_schema),
        None,
        change("t", None, None, with_schema),
        keys=[key] * 5,
    )
    rows = shop.read()
    assert [(row["id"], row["total"], row["_operation"]) for row in rows] == [
        (1, Decimal("9.90"), "insert"),
        (1, Decimal(8), "update"),
        (1, None, "delete"),
        (1, None, "delete"),
    ]
    assert rows[0]["at"] == datetime(2026, 1, 2, 3, 4, 5, 678901) and rows[0]["day"] == date(2026, 1, 2)
    assert [(offset, reason) for offset, _, reason, _ in shop.rejected()] == [(4, "not a change of a row")]


def client() -> SchemaRegistryClient:
    return SchemaRegistryClient.new_client({"url": "mock://tests"})


def with_registry(shop: Shop, registry: Any, format: str) -> None:
    shop.table = ORDERS
    shop.settings |= {"format": format, "registry": {"url": "mock://tests"}}
    # an in-memory registry lives as long as its client
    shop.source._decoder = Decoder("shop", {"url": "mock://tests"}, registry)


PLACE = {"type": "record", "name": "Place", "fields": [{"name": "city", "type": "string"}]}
ORDER = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "place", "type": ["null", "Place"]},
    ],
}


def test_avro_is_read_by_the_schema_that_it_was_written_with(shop: Shop) -> None:
    from confluent_kafka.schema_registry import SchemaReference

    registry = client()
    registry.register_schema("place", Schema(json.dumps(PLACE), "AVRO"))
    schema = Schema(json.dumps(ORDER), "AVRO", [SchemaReference("Place", "place", 1)])
    write = AvroSerializer(registry, schema)
    context = SerializationContext(shop.topic, MessageField.VALUE)
    order = {
        "id": 1,
        "total": Decimal("12.3400"),
        "at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "place": {"city": "São Paulo"},
    }
    with_registry(shop, registry, "avro")
    shop.send(
        write(order, context), b"\0\0\0\0\x09no such schema", b"plain", write(order, context)[:-4], None, keys=["1"] * 5
    )
    row, gone = shop.read()
    assert (row["id"], row["total"], row["day"]) == (1, Decimal("12.34"), date(2026, 1, 2))
    assert row["at"] == datetime(2026, 1, 2, 3, 4, 5, 6) and json.loads(row["place"]) == {"city": "São Paulo"}
    assert (gone["id"], gone["_operation"]) == (1, "delete")
    reasons = [reason for *_, reason, _ in shop.rejected()]
    assert reasons[0] == "the registry has not the schema 9"
    assert reasons[1] == "it does not begin with the id of a schema"
    assert reasons[2].startswith("not of its schema")


def test_protobuf_is_read_by_the_schema_that_it_was_written_with(shop: Shop) -> None:
    from google.protobuf import descriptor_pb2, descriptor_pool, timestamp_pb2
    from google.protobuf.message_factory import GetMessageClass

    pool = descriptor_pool.DescriptorPool()
    known = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(known)
    pool.Add(known)
    file = descriptor_pb2.FileDescriptorProto(
        name="order.proto", syntax="proto3", dependency=["google/protobuf/timestamp.proto"]
    )
    file.message_type.add(name="Other")
    message = file.message_type.add(name="Order")
    of_message = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
    for number, (name, kind, type_name) in enumerate(
        [("id", 3, None), ("total", 9, None), ("at", of_message, ".google.protobuf.Timestamp"), ("day", 9, None)], 1
    ):
        message.field.add(name=name, number=number, label=1, type=kind, type_name=type_name)
    pool.Add(file)
    order_class = GetMessageClass(pool.FindMessageTypeByName("Order"))
    order = order_class(id=1 << 60, total="7.5", day="2026-01-02")
    order.at.FromDatetime(datetime(2026, 1, 2, 3, 4, 5))
    registry = client()
    write = ProtobufSerializer(order_class, registry, {"use.deprecated.format": False})
    value = write(order, SerializationContext(shop.topic, MessageField.VALUE))
    with_registry(shop, registry, "protobuf")
    shop.send(value, value[:-3])
    (row,) = shop.read()
    assert (row["id"], row["total"], row["day"]) == (1 << 60, Decimal("7.5"), date(2026, 1, 2))
    assert row["at"] == datetime(2026, 1, 2, 3, 4, 5)
    assert [(offset, reason[:17]) for offset, _, reason, _ in shop.rejected()] == [(1, "not of its schema")]


def test_a_registry_that_is_down_stops_the_read_and_rejects_nothing(shop: Shop) -> None:
    shop.table = ORDERS
    shop.settings |= {"format": "avro", "registry": {"url": "http://127.0.0.1:1", "max.retries": 0}}
    shop.send(b"\0\0\0\0\x01x")
    with pytest.raises(SourceUnreachable, match="the schema registry does not answer"):
        shop.read()
    assert shop.position is None
