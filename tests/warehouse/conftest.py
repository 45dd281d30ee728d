from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import pytest

from shophouse.demo.storefront import delta, generate

from .plain import PlainShop
from .shops import RawShop
from .subjects import Subjects


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


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> PlainShop:
    """A small shop with stock, visits, spend, subscriptions and costs, and all of its marts. Leave it as it is."""
    tables = Subjects().tables
    shop = PlainShop(tmp_path_factory.mktemp("subjects") / "shop", tables)
    shop.rows(tables)
    shop.build_all()
    return shop


@pytest.fixture(scope="session")
def subject_laws(subjects: PlainShop) -> Mapping[str, str]:
    """The SQL of each data test of the shop with all subjects, after all of them passed."""
    results = subjects.test()
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []
    return {result.name: (subjects.folder / result.compiled).read_text("utf-8") for result in results}


@pytest.fixture
def spoiled(subjects: PlainShop) -> Iterator[PlainShop]:
    """The shop with all subjects, for a bug to be planted in its tables: it is put right afterwards."""
    saved = subjects.save()
    yield subjects
    subjects.restore(saved)
