"""Messages in quarantine are read again, each once, whatever became of the topic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from confluent_kafka import TopicPartition

from built_shop import shophouse
from shophouse.doctor import examine
from shophouse.ingestion import ingest, replay, waiting
from shophouse.lake import Lake
from shophouse.project import Project
from shophouse.scaffold import init_project

if TYPE_CHECKING:
    from servers.kafka import Server

pytestmark = pytest.mark.server


class Shop:
    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.topic = server.topic(partitions=2)
        init_project(folder, name="shop")
        table = "{columns: {id: bigint, at: date}, required: [id]}"
        (folder / "shophouse.yml").write_text(
            "name: shop\ncurrency: EUR\ntimezone: UTC\nsources:\n  clicks:\n"
            f"    kind: kafka\n    brokers: {server.brokers}\n    topics: [{self.topic}]\n"
            f"    tables: {{orders: {table}}}\n",
            "utf-8",
        )

    def ingest(self) -> None:
        project = Project.load(self.folder)
        ingest(project, Lake(self.folder / "lake"), run_id="test")

    def replay(self) -> list[tuple[int | None, int | None]]:
        project = Project.load(self.folder)
        done = replay(project, Lake(self.folder / "lake"), [("clicks", "orders")], run_id=None)
        return [(one.rows, one.rejected_rows) for one in done]

    def say(self, *words: str) -> str:
        done = shophouse("quarantine", *words, folder=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def quarantine(self) -> list[tuple[int, str]]:
        found = waiting(Lake(self.folder / "lake"), "clicks", "orders").to_pylist()
        return [(row["line"], row["reason"]) for row in found]

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        files = Lake(self.folder / "lake").data_files("clicks", "orders")
        return duckdb.sql(f"select {columns} from read_parquet({files}) order by all").fetchall()


@pytest.fixture
def shop(tmp_path: Path, kafka: Server) -> Shop:
    return Shop(tmp_path / "shop", kafka)


def test_what_still_can_not_be_read_stays_in_quarantine_once(shop: Shop) -> None:
    values = ['{"id": 1, "at": "2026-01-02"}', '{"id": 2, "at": "soon"}', '{"id": 3, "at": "2026-01-04"}', "{"]
    shop.server.produce(shop.topic, values, ["a", "b", "c", "d"], partition=1, headers=[("by", b"till")])
    shop.ingest()
    (listed,) = json.loads(shop.say("list", "--json"))
    assert (listed["file"], listed["rejected_rows"]) == (f"{shop.topic}-1@0", 2)
    assert shop.quarantine() == [(1, "not a date: soon"), (3, "not JSON")]

    assert "clicks.orders: 0 rows in the lake, 2 in quarantine again" in shop.say("replay")
    assert shop.quarantine() == [(1, "not a date: soon"), (3, "not JSON")]
    assert shop.rows("id, _offset, _key") == [(1, 0, "a"), (3, 2, "c")]


def test_what_was_mended_is_read_again_once_with_all_that_the_message_has(shop: Shop) -> None:
    shop.server.produce(shop.topic, ['{"id": 1}', '{"number": 2}'], ["a", "b"], partition=0, headers=[("by", b"till")])
    shop.ingest()
    text = (shop.folder / "shophouse.yml").read_text("utf-8").replace("required: [id]", "required: []")
    (shop.folder / "shophouse.yml").write_text(text, "utf-8")
    assert shop.replay() == [(1, 0)]
    again = [(1, 0, "a", '[["by", "till"]]'), (None, 1, "b", '[["by", "till"]]')]
    assert shop.rows("id, _offset, _key, _headers") == again
    assert shop.replay() == [] and shop.quarantine() == []
    # what is read afterwards keeps in mind what was replayed
    shop.server.produce(shop.topic, ['{"id": 5}'], partition=0)
    shop.ingest()
    assert shop.replay() == []
    assert [row[0] for row in shop.rows("_offset")] == [0, 1, 2]


def test_what_the_topic_does_not_have_any_more_is_taken_from_the_quarantine(shop: Shop) -> None:
    shop.server.produce(shop.topic, ['{"number": 7}', '{"id": 8}'], ["a", "b"], partition=0)
    shop.ingest()
    for done in shop.server.admin.delete_records([TopicPartition(shop.topic, 0, 2)]).values():
        done.result(10)
    text = (shop.folder / "shophouse.yml").read_text("utf-8").replace("required: [id]", "required: []")
    (shop.folder / "shophouse.yml").write_text(text, "utf-8")
    assert shop.replay() == [(1, 0)]
    assert shop.rows("_offset, number, _key") == [(0, "7", None), (1, None, "b")]


def test_doctor_tells_what_waits_and_what_can_not_be_read(shop: Shop) -> None:
    def told() -> list[tuple[str, str]]:
        return [(found.verdict, found.what) for found in examine(shop.folder) if found.about == "source clicks"]

    shop.server.produce(shop.topic, ['{"id": 1}'] * 3, partition=0)
    assert told() == [("ok", f"orders: {shop.topic}, 2 partitions, 3 messages to read")]
    shop.ingest()
    assert told() == [("ok", f"orders: {shop.topic}, 2 partitions, 0 messages to read")]
    shop.server.delete(shop.topic)
    ((verdict, what),) = told()
    assert verdict == "error" and what.startswith(f"there is no topic {shop.topic}")
