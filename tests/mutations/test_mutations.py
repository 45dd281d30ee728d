"""Each classic bug, planted in the SQL itself, is found by a law of the warehouse."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from shophouse.demo.storefront import delta, generate
from shophouse.engines.dbt import Dbt
from shophouse.engines.plan import NodeResult
from shophouse.project import package_warehouse
from warehouse.shops import RawShop

from .mutations import MUTATIONS, Mutation

pytestmark = pytest.mark.slow


@dataclass
class MutableShop:
    """A built storefront whose package is a copy, to plant bugs in. `found` collects what became of each mutation."""

    shop: RawShop
    package: Path
    first_day: Path
    both_days: Path
    found: dict[str, list[str]] = field(default_factory=dict)

    def failed_with(self, name: str, mutation: Mutation) -> list[str]:
        """Names of the tests that fail when the bug is in the package; the package and the shop are put right again."""
        file = self.package / mutation.file
        right = file.read_text("utf-8")
        try:
            file.write_text(mutation.of(right), "utf-8")
            self.found[name] = self._failed(mutation)
        finally:
            file.write_text(right, "utf-8")
            self.shop.restore(self.both_days)
        return self.found[name]

    def _failed(self, mutation: Mutation) -> list[str]:
        if mutation.days == 2:
            self.shop.restore(self.first_day)
            self.shop.arrive(load_id=2)
        refresh = [] if mutation.days == 2 else ["--full-refresh"]
        whole = mutation.days == 2 or mutation.file.startswith("macros/")
        select = [] if whole else ["--select", f"{mutation.model}+"]
        results = self.build(*refresh, *select)
        broken = [result.message for result in results if result.failed and result.resource == "model"]
        assert not broken, "the mutated SQL does not run"
        return [result.name for result in results if result.failed]

    def build(self, *arguments: str) -> list[NodeResult]:
        # a new object, for the package has changed since the last was parsed
        dbt = Dbt(self.shop.folder, self.shop.engine, log_folder=self.shop.folder / "logs")
        return dbt.invoke("build", "--exclude", "resource_type:unit_test", *arguments)


def move_products(file: Path) -> None:
    """A file more: since November, every third product is in another category, and the next is as it was."""
    with file.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    categories = sorted({row["category_id"] for row in rows})
    with file.with_name("products-moved.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        for number, row in enumerate(rows):
            other = categories[(categories.index(row["category_id"]) + 1) % len(categories)]
            category = other if number % 3 == 0 else row["category_id"]
            if number % 3 < 2:
                writer.writerow({**row, "category_id": category, "updated_at": "2025-11-01 00:00:00"})


@pytest.fixture(scope="module")
def mutable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MutableShop]:
    files = tmp_path_factory.mktemp("files")
    generate(files, seed=11, days=120, end=date(2025, 12, 31), orders=600, products=60)
    move_products(files / "products.csv")
    first = set(files.glob("*.csv"))
    delta(files, orders=20)
    shop = RawShop(tmp_path_factory.mktemp("mutable") / "shop", "storefront", timezone="America/New_York")
    link = shop.folder / ".shophouse" / "packages" / "shophouse"
    package = shop.folder.with_name("package")
    shutil.copytree(package_warehouse(), package)
    link.unlink()
    link.symlink_to(package)

    def load(csvs: set[Path], load_id: int) -> None:
        for file in sorted(csvs):
            shop.load(file.stem.split("-")[0], file, load_id=load_id, file=file.name)

    world = MutableShop(shop, package, shop.file.with_suffix(".first"), shop.file.with_suffix(".both"))
    for day, saved in ((1, world.first_day), (2, world.both_days)):
        load(first if day == 1 else set(files.glob("*.csv")) - first, day)
        shop.arrive()
        assert [result.name for result in world.build("--full-refresh") if result.failed] == []
        shutil.copy(shop.file, saved)
    yield world
    caught = sum(bool(tests) for tests in world.found.values())
    print(f"\nmutations found: {caught} of {len(world.found)}")
    for name, tests in world.found.items():
        print(f"  {name}: {', '.join(tests[:4]) or 'NOT FOUND'}")


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_bug_in_the_sql_is_found(mutable: MutableShop, name: str) -> None:
    mutation = MUTATIONS[name]
    found = mutable.failed_with(name, mutation)
    assert set(found) & set(mutation.found_by), f"found by {found or 'nothing'}"
