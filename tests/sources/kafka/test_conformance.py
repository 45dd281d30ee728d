from __future__ import annotations

import pytest

from shophouse.sources import Column, Source, Table, kinds
from shophouse.sources.kafka import KafkaSource

from ..conformance import SourceConformance, System
from .conftest import Shop

pytestmark = pytest.mark.server


class Orders:
    """A topic of JSON objects."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.table = Table("shop", "orders", columns=(Column("id", "bigint"),), required=("id",))

    @property
    def source(self) -> Source:
        return self.shop.source

    def arrive(self, ids: list[int]) -> None:
        self.shop.send(*({"id": number} for number in ids))

    def arrive_broken(self) -> None:
        self.shop.send("{broken")


class TestJson(SourceConformance):
    @pytest.fixture
    def system(self, shop: Shop) -> System:
        return Orders(shop)


def test_kafka_is_a_kind() -> None:
    assert kinds()["kafka"] is KafkaSource
