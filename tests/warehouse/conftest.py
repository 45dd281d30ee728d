from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from shophouse.demo.storefront import delta, generate

from .shops import RawShop


@pytest.fixture(scope="session")
def storefront(tmp_path_factory: pytest.TempPathFactory) -> RawShop:
    """A small storefront, built of its first files and one day more. Leave it as it is: `planted` is to be spoiled."""
    files = tmp_path_factory.mktemp("files")
    generate(files, seed=11, days=120, end=date(2025, 12, 31), orders=600, products=60)
    first = set(files.glob("*.csv"))
    delta(files, orders=20)
    shop = RawShop(tmp_path_factory.mktemp("shop") / "storefront", "storefront", timezone="America/New_York")
    for csv in sorted(files.glob("*.csv")):
        table = csv.stem.split("-")[0]
        shop.load(table, csv, load_id=1 if csv in first else 2, file=csv.name)
    shop.arrive()
    shop.build()
    return shop


@pytest.fixture
def planted(storefront: RawShop) -> Iterator[RawShop]:
    """The storefront, for a bug to be planted in its tables: it is put right afterwards."""
    saved = storefront.save()
    yield storefront
    storefront.restore(saved)
