"""What becomes of topics between two reads, and of brokers that can't be read."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.cimpl import NewPartitions

from servers.tls import certificates
from shophouse.errors import ConfigError, SourceMismatch, SourceUnreachable
from shophouse.settings import KafkaSource as Settings
from shophouse.sources import Table
from shophouse.sources.kafka import KafkaSource

from .conftest import Shop

pytestmark = pytest.mark.server


def ids(shop: Shop) -> list[str]:
    return sorted(row["id"] for row in shop.read())


def test_a_new_partition_is_read_from_its_beginning(shop: Shop) -> None:
    shop.send({"id": "a"})
    assert ids(shop) == ["a"]
    for done in shop.server.admin.create_partitions([NewPartitions(shop.topic, 3)]).values():
        done.result(10)
    shop.send({"id": "b"}, partition=2)
    assert ids(shop) == ["b"]
    assert shop.read() == []


def test_a_topic_that_was_made_again_is_read_only_when_a_person_says_so(shop: Shop) -> None:
    shop.send({"id": "old"}, {"id": "older"})
    shop.read()
    shop.server.delete(shop.topic)
    time.sleep(0.5)
    shop.server.topic(shop.topic)
    shop.send({"id": "a"}, {"id": "b"}, {"id": "c"})
    shop.close()
    with pytest.raises(SourceMismatch, match="was deleted and made again") as refused:
        shop.read()
    shop.again(made_anew=(refused.value.hint[1].split("[")[1].split("]")[0],))
    assert ids(shop) == ["a", "b", "c"]
    assert shop.read() == []


def test_a_topic_without_an_id_that_ends_early_is_told(shop: Shop) -> None:
    shop.send({"id": "a"})
    shop.read()
    assert shop.position is not None
    place = shop.position["topics"][shop.topic]
    shop.position = {"topics": {shop.topic: {"id": "", "offsets": {"0": place["offsets"]["0"] + 5}}}, "columns": {}}
    with pytest.raises(SourceMismatch, match="ends before what was read of it"):
        shop.read()


def test_messages_that_were_deleted_before_they_were_read_are_never_passed_over_in_silence(shop: Shop) -> None:
    shop.send({"id": "a"})
    assert ids(shop) == ["a"]
    shop.send(*({"id": f"b{number}"} for number in range(5)))
    for done in shop.server.admin.delete_records([TopicPartition(shop.topic, 0, 4)]).values():
        done.result(10)
    with pytest.raises(SourceMismatch, match=r"3 messages of .* were deleted before they were read"):
        shop.read()
    shop.again(when_messages_are_gone="continue")
    assert ids(shop) == ["b3", "b4"]
    assert any("3 messages" in line for line in shop.notices)


def test_of_transactions_only_what_was_committed_is_read(shop: Shop) -> None:
    producer = Producer({"bootstrap.servers": shop.server.brokers, "transactional.id": shop.topic})
    producer.init_transactions(10)
    for is_kept in (True, False, True, False):
        producer.begin_transaction()
        producer.produce(shop.topic, b'{"id": "%d"}' % is_kept)
        producer.flush()
        if is_kept:
            producer.commit_transaction(10)
        else:
            producer.abort_transaction(10)
    assert ids(shop) == ["1", "1"]
    # the end is a control record, and no message: nothing is waited for
    assert shop.read() == []
    producer.begin_transaction()
    producer.produce(shop.topic, b'{"id": "open"}')
    producer.flush()
    assert shop.read() == []
    producer.commit_transaction(10)
    # a broker marks the partition a moment after it has promised to
    found, end = ids(shop), time.monotonic() + 20
    while not found and time.monotonic() < end:
        found = ids(shop)
    assert found == ["open"]


def test_only_aborted_transactions_bring_nothing_and_are_passed(shop: Shop) -> None:
    producer = Producer({"bootstrap.servers": shop.server.brokers, "transactional.id": shop.topic})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(shop.topic, b'{"id": "1"}')
    producer.flush()
    producer.abort_transaction(10)
    assert shop.read() == [] and shop.position is not None
    assert shop.source.waiting(shop.table, shop.position) == 0


def test_a_compacted_topic_is_read_with_its_gaps(shop: Shop) -> None:
    fast = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    shop.topic = shop.server.topic(config={**fast, "max.compaction.lag.ms": "100"})
    for number in range(4):
        shop.send({"id": str(number)}, keys=["same"])
        time.sleep(0.15)
    end = time.monotonic() + 20
    while len(ids(replace(shop, position=None, loads=shop.loads + 10))) == 4 and time.monotonic() < end:
        shop.loads += 1
        time.sleep(0.5)
    found = ids(shop)
    assert found[-1] == "3" and len(found) < 4
    assert shop.read() == []


def test_several_topics_may_be_one_table(shop: Shop) -> None:
    other = shop.server.topic()
    shop.settings["topics"] = (shop.topic, other)
    shop.send({"id": "a"})
    shop.server.produce(other, ['{"id": "b"}'])
    assert ids(shop) == ["a", "b"]
    shop.server.produce(other, ['{"id": "c"}'])
    assert ids(shop) == ["c"]


def test_without_tables_each_topic_is_one() -> None:
    source = KafkaSource("shop", Settings(kind="kafka", brokers="x", topics=("Orders.Placed", "stock")))
    assert [table.name for table in source.tables()] == ["orders_placed", "stock"]
    assert source.topics_of(source.tables()[0]) == ["Orders.Placed"]


def test_a_topic_of_no_table_is_told() -> None:
    tables = [Table("shop", "orders"), Table("shop", "stock")]
    source = KafkaSource("shop", Settings(kind="kafka", brokers="x", topics=("orders", "clicks")), tables=tables)
    with pytest.raises(ConfigError, match="the topic clicks belongs to no table"):
        source.topics_of(tables[0])


def test_the_broker_is_told_what_the_lake_has_and_never_asked(shop: Shop) -> None:
    shop.settings["group"] = shop.topic
    shop.send({"id": "a"}, {"id": "b"})
    shop.read()
    asked = Consumer({"bootstrap.servers": shop.server.brokers, "group.id": shop.topic})
    place = TopicPartition(shop.topic, 0)
    assert asked.committed([place], 10)[0].offset < 0
    shop.source.committed(shop.table, shop.position)
    assert asked.committed([place], 10)[0].offset == 2
    asked.commit(offsets=[TopicPartition(shop.topic, 0, 1)], asynchronous=False)
    asked.close()
    shop.close()
    shop.send({"id": "c"})
    assert ids(shop) == ["c"]


def test_what_waits_is_counted(shop: Shop) -> None:
    shop.send({"id": "a"}, {"id": "b"})
    assert shop.source.waiting(shop.table, None) == 2
    shop.read()
    shop.send({"id": "c"})
    assert shop.source.waiting(shop.table, shop.position) == 1


def test_a_missing_topic_is_told_with_those_that_are_there(shop: Shop) -> None:
    shop.settings["topics"] = (shop.topic[:-1],)
    with pytest.raises(SourceMismatch, match="there is no topic") as refused:
        shop.read()
    assert shop.topic in refused.value.why[0]


def test_brokers_that_do_not_answer_are_worth_a_retry(shop: Shop) -> None:
    shop.settings |= {"brokers": "127.0.0.1:1", "patience_seconds": 1.0}
    with pytest.raises(SourceUnreachable, match="no broker answers"):
        shop.read()


def test_a_wrong_password_is_told_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "wrong")
    client = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "reader"}
    client["sasl.password"] = "env:KAFKA_PASSWORD"
    shop.settings |= {"brokers": shop.server.sasl, "client": client}
    shop.send({"id": "a"})
    with pytest.raises(SourceMismatch, match="refuses the user or the password") as refused:
        shop.read()
    assert "wrong" not in str(refused.value)
    monkeypatch.setenv("KAFKA_PASSWORD", "right")
    shop.close()
    assert ids(shop) == ["a"]


def encrypted(shop: Shop, protocol: str) -> dict[str, object]:
    """The client's settings, and the shop's broker, for a protocol with TLS."""
    folder = shop.server.certificates
    client: dict[str, object] = {"security.protocol": protocol, "ssl.ca.location": str(folder / "ca.pem")}
    if protocol == "SSL":
        return client | {
            "ssl.certificate.location": str(folder / "server.crt"),
            "ssl.key.location": str(folder / "server.key"),
        }
    return client | {"sasl.mechanism": "PLAIN", "sasl.username": "reader", "sasl.password": "env:KAFKA_PASSWORD"}


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_a_broker_is_read_over_tls_if_it_is_the_authoritys(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, protocol: str
) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "right")
    client = encrypted(shop, protocol)
    (tmp_path / "other").mkdir()
    stranger = certificates(tmp_path / "other", "their authority")
    brokers = shop.server.tls if protocol == "SSL" else shop.server.sasl_tls
    shop.settings |= {"brokers": brokers, "client": client | {"ssl.ca.location": str(stranger)}}
    shop.send({"id": "a"})
    with pytest.raises(SourceMismatch, match="no TLS connection to the broker") as refused:
        shop.read()
    assert "certificate verify failed" in refused.value.why[0]
    assert "ssl.ca.location" in refused.value.hint[1]
    shop.close()
    shop.settings["client"] = client
    assert ids(shop) == ["a"]


@pytest.mark.parametrize(
    ("port", "client"),
    [
        # a certificate is missing; TLS where there is none
        ("tls", {"security.protocol": "SSL"}),
        ("brokers", {"security.protocol": "SSL"}),
    ],
)
def test_what_does_not_speak_as_the_port_does_is_told(shop: Shop, port: str, client: dict[str, object]) -> None:
    client = client | {"ssl.ca.location": str(shop.server.certificates / "ca.pem")}
    shop.settings |= {"brokers": getattr(shop.server, port), "client": client, "patience_seconds": 2.0}
    with pytest.raises(SourceMismatch, match="no TLS connection to the broker") as refused:
        shop.read()
    assert "security.protocol" in refused.value.hint[0]


def test_a_port_that_speaks_tls_alone_does_not_answer_others(shop: Shop) -> None:
    shop.settings |= {"brokers": shop.server.tls, "patience_seconds": 2.0}
    with pytest.raises(SourceUnreachable, match="no broker answers") as refused:
        shop.read()
    assert "does their port speak PLAINTEXT" in refused.value.hint[0]


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ({"enable.auto.commit": True}, "enable.auto.commit can't be set"),
        ({"no.such.setting": 1}, "the client can't be made"),
    ],
)
def test_settings_that_can_not_be_are_told(shop: Shop, client: dict[str, object], why: str) -> None:
    shop.settings["client"] = client
    with pytest.raises(ConfigError, match=why):
        shop.read()
