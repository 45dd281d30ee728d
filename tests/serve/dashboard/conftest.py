from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache

import pytest

import shophouse as package
from built_shop import DemoShop, whole_shop
from shophouse.metrics import Catalogue
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.pages import pages
from shophouse.serve.dashboard.published import Published
from shophouse.serve.dashboard.view import read_view
from shophouse.serve.described import described_marts
from shophouse.shop import Shop

__all__ = ["whole_shop"]

_ABOUT = tuple(dict.fromkeys(name for page in pages().values() for name in page.about))


@pytest.fixture(scope="module")
def published(shop: Shop) -> Published:
    return Published(shop.engine)


@pytest.fixture(scope="module")
def shop(whole_shop: DemoShop) -> Shop:
    return package.open(whole_shop.folder)


@pytest.fixture(scope="module")
def context(shop: Shop, published: Published) -> Callable[..., Context]:
    """The context of an address, as context(period=["30d"])."""
    [[first, last]] = shop.sql("select min(date_day), max(date_day) from sales_daily").fetchall()
    assert isinstance(first, date)

    marts = cache(lambda: described_marts(shop.project))

    def of(**parameters: list[str]) -> Context:
        view = read_view({name.removesuffix("_"): values for name, values in parameters.items()}, first, last, _ABOUT)
        return Context(published, Catalogue.packaged(), Formats("en_US", shop.project.currency), view, marts)

    return of
