"""Loads and maintenance that are killed, with SIGKILL, and then run again: the same rows as if nothing had happened."""

from __future__ import annotations

import functools
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from .conftest import on
from .places import Place
from .shop import Shop

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "duckdb",
        "pyarrow.parquet",
        "pyiceberg.catalog.sql",
        "pyiceberg.io.pyarrow",
        "zstandard",
    ]
)


def _die_at(target: str, moment: str) -> None:
    """Have this process kill itself when it calls `target` (module:attribute), before or after the call."""
    import importlib
    import inspect

    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *above, name = path.split(".")
    for part in above:
        owner = getattr(owner, part)
    original = getattr(owner, name)

    @functools.wraps(original)
    def deadly(*args: Any, **more: Any) -> Any:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    static = isinstance(inspect.getattr_static(owner, name), staticmethod)
    setattr(owner, name, staticmethod(deadly) if static else deadly)


def _work(folder: Path, place: Place, verb: str, fault: tuple[str, str] | None) -> None:
    import duckdb  # noqa: F401
    import pyiceberg.catalog.sql  # noqa: F401

    shop = Shop(folder, place=place)
    if fault:
        _die_at(*fault)
    if verb == "load":
        shop.load()
    elif verb == "compact":
        shop.lake.compact("shop", "orders")
    else:
        shop.lake.expire("shop", "orders", older_than=timedelta(0))


def run(
    shop: Shop,
    verb: str,
    *,
    fault: tuple[str, str] | None = None,
    delay: float | None = None,
) -> int | None:
    """Do `verb` in a process of its own, which is killed after `delay` seconds. Returns its exit code."""
    process: ForkServerProcess = FORKS.Process(target=_work, args=(shop.folder, shop.place, verb, fault))
    process.start()
    if delay is not None:
        time.sleep(delay)
        process.kill()
    process.join()
    return process.exitcode


def first_files(shop: Shop) -> None:
    for number in range(3):
        shop.write(
            f"orders-{number}.csv",
            *(f"{number * 1000 + row},{row}.25" for row in range(200)),
            "broken,1",
        )


def second_files(shop: Shop) -> None:
    shop.write(
        "orders-1.csv",
        *(f"{1000 + row},{row}.5" for row in range(150)),
        "bad,2",
        "worse,3",
    )
    shop.write("orders-3.csv", *(f"{3000 + row},7" for row in range(100)), "ill,4")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    shop = Shop(tmp_path_factory.mktemp("undisturbed"))
    first_files(shop)
    shop.load()
    second_files(shop)
    shop.load()
    return shop.state()


@pytest.fixture
def shop(tmp_path: Path, place: Place) -> Iterator[Shop]:
    yield Shop(tmp_path, place=place)


POINTS = [
    ("shophouse.sources._reading:Reader._parse", "after"),
    ("shophouse.sources._reading:Reader._write", "after"),
    ("shophouse.lake.load:Load._quarantine", "before"),
    ("pyarrow.parquet:write_table", "after"),
    ("shophouse.lake.load:Load._quarantine", "after"),
    ("shophouse.lake._storage:LocalStorage.write", "before"),
    ("shophouse.lake._ledger:Ledger.write", "after"),
    ("pyiceberg.catalog.sql:SqlCatalog._write_metadata", "before"),
    ("pyiceberg.catalog.sql:SqlCatalog._write_metadata", "after"),
    ("sqlalchemy.orm:Session.commit", "before"),
    ("sqlalchemy.orm:Session.commit", "after"),
    ("shophouse.lake._iceberg:commit", "after"),
    ("shophouse.lake.load:Load.close", "before"),
]


# what is otherwise in a bucket, and a catalog that is a server
SHARED_POINTS = [
    ("shophouse.lake._objects:ObjectStorage.keep", "after"),
    ("shophouse.lake.load:Load._quarantine", "after"),
    ("shophouse.lake._ledger:Ledger.write", "after"),
    ("pyiceberg.catalog.sql:SqlCatalog._write_metadata", "after"),
    ("sqlalchemy.orm:Session.commit", "after"),
    ("shophouse.lake._object_lease:ObjectLease.release", "before"),
]


@pytest.mark.parametrize(
    ("place", "target", "moment"),
    [
        *(pytest.param("local", *point) for point in POINTS),
        *(pytest.param("s3-postgres", *point, marks=pytest.mark.server) for point in SHARED_POINTS),
    ],
    indirect=["place"],
)
def test_a_load_killed_anywhere_and_repeated_is_as_undisturbed(
    shop: Shop, undisturbed: dict[str, Any], target: str, moment: str
) -> None:
    for files in (first_files, second_files):
        files(shop)
        before = shop.state() if shop.lake.heads() else None
        assert run(shop, "load", fault=(target, moment)) == -signal.SIGKILL
        seen = shop.state() if shop.lake.heads() else None
        assert run(shop, "load") == 0
        after = shop.state()
        assert seen in (before, after), "a killed load is there whole or not at all"
        shop.assert_clean()
    assert shop.state() == undisturbed
    assert run(shop, "load") == 0
    assert shop.state() == undisturbed


@on("local", "s3-postgres")
def test_loads_killed_at_random_moments_end_as_undisturbed(shop: Shop, undisturbed: dict[str, Any]) -> None:
    dice = random.Random(20260301)
    for files in (first_files, second_files):
        files(shop)
        for _ in range(12):
            run(shop, "load", delay=dice.uniform(0.01, 0.6))
        assert run(shop, "load") == 0
        shop.assert_clean()
    assert shop.state() == undisturbed


def four_loads(shop: Shop) -> dict[str, Any]:
    for number in range(4):
        shop.write(
            f"orders-{number}.csv",
            *(f"{number * 1000 + row},{row}" for row in range(50)),
            "x,1",
        )
        shop.load()
    return shop.state()


@pytest.mark.parametrize(
    ("target", "moment"),
    [
        ("shophouse.lake.maintenance:_merge", "after"),
        ("shophouse.lake._ledger:Ledger.write", "after"),
        ("pyiceberg.catalog.sql:SqlCatalog._write_metadata", "after"),
        ("sqlalchemy.orm:Session.commit", "after"),
    ],
)
@pytest.mark.parametrize("verb", ["compact", "expire"])
@on("local", "s3-postgres")
def test_maintenance_killed_anywhere_loses_and_doubles_nothing(shop: Shop, verb: str, target: str, moment: str) -> None:
    before = four_loads(shop)
    if verb == "expire":
        shop.lake.compact("shop", "orders")
    run(shop, verb, fault=(target, moment))
    assert shop.state() == before
    assert run(shop, "load") == 0
    assert run(shop, "compact") == 0
    assert run(shop, "expire") == 0
    assert shop.state() == before
    shop.assert_clean()
    assert len(shop.lake.data_files("shop", "orders")) == 1


@on("local", "s3-postgres")
def test_two_loads_at_once_read_every_file_once(shop: Shop) -> None:
    first_files(shop)
    both = [FORKS.Process(target=_work, args=(shop.folder, shop.place, "load", None)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert 0 in {process.exitcode for process in both}
    run(shop, "load")
    assert len(shop.lake.loads("shop", "orders")) == 1 and len(shop.rows()) == 600
    shop.assert_clean()
