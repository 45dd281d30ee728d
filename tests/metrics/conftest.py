from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import shophouse as package
from built_shop import DemoShop, whole_shop
from shophouse.metrics import Catalogue, MetricQuery, compile_query
from shophouse.shop import Shop

__all__ = ["whole_shop"]


@pytest.fixture(scope="module")
def shop(whole_shop: DemoShop) -> Shop:
    return package.open(whole_shop.folder)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.packaged()


@pytest.fixture(scope="module")
def ask(shop: Shop, catalogue: Catalogue) -> Callable[[MetricQuery], list[tuple[Any, ...]]]:
    """The rows of a query on the shop."""

    def rows(query: MetricQuery) -> list[tuple[Any, ...]]:
        compiled = compile_query(catalogue, query)
        return [tuple(row) for row in shop.sql(compiled.sql, list(compiled.parameters)).fetchall()]

    return rows
