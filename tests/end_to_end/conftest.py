from __future__ import annotations

from pathlib import Path

import pytest

from shophouse.shop import Shop

from .shops import KeptShop, new_storefront


@pytest.fixture(scope="session")
def kept_storefront(tmp_path_factory: pytest.TempPathFactory) -> KeptShop:
    """A small storefront after its first run. Take `storefront` to work on it."""
    shop = new_storefront(tmp_path_factory.mktemp("storefront") / "shop")
    assert shop.run().status == "success"
    kept = KeptShop(shop.project.folder)
    kept.keep()
    return kept


@pytest.fixture
def storefront(kept_storefront: KeptShop) -> Shop:
    """The storefront as its first run left it; what a test does to it is gone with the next one."""
    return kept_storefront.back()


@pytest.fixture
def data(storefront: Shop) -> Path:
    return storefront.project.folder / "data"
