from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest_plugins = ["requirements", "servers.fixtures", "built_shop"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shophouse_data() -> Callable[[str], Path]:
    """The folder of a real data set, as `shophouse_data("olist")`; the test is skipped where it isn't at hand.

    Data sets are looked for in $SHOPHOUSE_DATA, else beside the repository in ../shared/data.
    """

    def folder(name: str) -> Path:
        base = Path(os.environ.get("SHOPHOUSE_DATA") or ROOT.parent / "shared" / "data")
        if not (base / name).is_dir():
            pytest.skip(f"the data set {name} is not in {base} (set SHOPHOUSE_DATA)")
        return base / name

    return folder


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All processes of a run share a cache of their own, that of the person who tests is left alone."""
    with pytest.MonkeyPatch.context() as patched:
        base = tmp_path_factory.getbasetemp()
        folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield
