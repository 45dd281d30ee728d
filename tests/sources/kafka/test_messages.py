"""What becomes of a message: its columns, and what can't be one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shophouse.errors import SourceMismatch
from shophouse.sources import Column, Table

from .conftest import Shop

pytestmark = pytest.mark.server

ORDERS = Table(
    "shop",
    "orders",
    columns=(Column("id", "bigint"), Column("total", "decimal(18,4)"), Column("at", "timestamp"), Column("lines")),
    required=("id",),
    delivery="upsert",
    key=("id",),
)


def test_declared_columns_are_typed_and_nested_ones_are_json(shop: Shop) -> None:
    shop.table = ORDERS
    shop.send('{"id": 1, "total": "12.10", "at": "2026-01-02T03:04:05", "lines": [{"sku": "a"}], "total_": null}')
    (row,) = shop.read()
    assert (row["id"], row["total"], row["at"]) == (1, Decimal("12.1000"), datetime(2026, 1, 2, 3, 4, 5))
    assert row["lines"] == '[{"sku":"a"}]'


def test_what_is_not_declared_lands_as_text_and_keeps_its_name(shop: Shop) -> None:
    shop.table = ORDERS
    shop.send({"id": 1, "Note": 5}, {"id": 2, "note": "six"})
    assert [row["Note"] for row in shop.read()] == ["5", "six"]
    shop.send({"id": 3, "note": "seven"})
    (row,) = shop.read()
    assert row["Note"] == "seven"


def test_a_message_keeps_where_it_was_when_and_under_which_key_and_headers(shop: Shop) -> None:
    # a broker deletes messages of more than a week ago, even before the next one is sent
    shop.topic = shop.server.topic(partitions=3, config={"retention.ms": "-1"})
    sent_at = datetime(2025, 6, 7, 8, 9, 10, 123000, tzinfo=UTC)
    more = {"headers": [("trace", b"a\xff"), ("none", None)], "timestamp": int(sent_at.timestamp() * 1000)}
    shop.send({"id": 1}, keys=["käse"], partition=2, **more)
    shop.send({"id": 2}, keys=[b"\xff\x00"], partition=2)
    first, second = shop.read()
    assert (first["_topic"], first["_partition"], first["_offset"]) == (shop.topic, 2, 0)
    assert first["_key"] == "käse" and first["_timestamp"] == sent_at.replace(tzinfo=None)
    assert first["_headers"] == '[["trace", "a\\\\xff"], ["none", null]]'
    assert second["_key"] == "/wA=" and second["_headers"] is None and second["_offset"] == 1
    assert first["_source_file"] == f"{shop.topic}-2@0" and (first["_row_number"], second["_row_number"]) == (1, 2)


def test_a_value_may_have_keys_with_the_names_of_our_own_columns(shop: Shop) -> None:
    shop.send({"id": 1, "_offset": "theirs", "_load_id": 9})
    (row,) = shop.read()
    assert (row["_offset"], row["value_offset"], row["_load_id"], row["value_load_id"]) == (0, "theirs", 1, "9")


@pytest.mark.parametrize("key", ["7", '{"id": 7}'])
def test_a_tombstone_deletes_what_its_key_names(shop: Shop, key: str) -> None:
    shop.table = ORDERS
    shop.send({"id": 7, "total": 1}, None, keys=[key, key])
    assert [(row["id"], row["total"], row["_operation"]) for row in shop.read()] == [
        (7, Decimal(1), "insert"),
        (7, None, "delete"),
    ]


def test_a_tombstone_that_names_nothing_is_told(shop: Shop) -> None:
    shop.table = ORDERS
    shop.send(None, None, keys=[None, "seven"])
    assert shop.read() == []
    assert [(offset, column) for offset, column, *_ in shop.rejected()] == [(0, "id"), (1, "id")]


def test_what_can_not_be_read_is_kept_with_its_offset_and_why(shop: Shop) -> None:
    shop.table = ORDERS
    shop.send(
        {"id": 1},
        b"",
        b"\xff\xfe",
        "{broken",
        "[1]",
        {"id": "seven"},
        {"total": 3},
        {"id": 2, "total": "a lot", "at": "soon"},
        {"id": 3},
    )
    assert [row["id"] for row in shop.read()] == [1, 3]
    assert shop.rejected() == [
        (1, None, "an empty message", ""),
        (2, None, "not UTF-8", "//4="),
        (3, None, "not JSON", "{broken"),
        (4, None, "not a JSON object", "[1]"),
        (5, "id", "not a bigint: seven", '{"id": "seven"}'),
        (6, "id", "is missing", '{"total": 3}'),
        (7, "total", "not a decimal(18,4): a lot", '{"id": 2, "total": "a lot", "at": "soon"}'),
    ]
    assert {at.source_file for batch in shop.batches for at in batch.rejected} == {f"{shop.topic}-0@0"}


def test_too_many_that_can_not_be_read_refuse_the_load(shop: Shop) -> None:
    shop.table = ORDERS
    shop.send(*["{broken"] * 11, *({"id": number} for number in range(80)))
    with pytest.raises(SourceMismatch, match="11 of 91 messages can't be read"):
        shop.read()
    shop.again(max_rejected_rate=0.2)
    assert len(shop.read()) == 80


def test_whole_numbers_are_times_only_where_it_is_said_what_they_count(shop: Shop) -> None:
    shop.table = ORDERS
    shop.send({"id": 1, "at": 1_767_323_045_678})
    assert shop.read() == [] and shop.rejected()[0][1] == "at"
    shop.position = None
    shop.again(epoch="milliseconds")
    (row,) = shop.read()
    assert row["at"] == datetime(2026, 1, 2, 3, 4, 5, 678000)


def test_a_huge_message_is_read_like_any_other(shop: Shop) -> None:
    shop.send({"id": 1}, {"id": 2, "text": "x" * (20 << 20)}, {"id": 3})
    rows = shop.read()
    assert [row["id"] for row in rows] == ["1", "2", "3"] and len(rows[1]["text"]) == 20 << 20
