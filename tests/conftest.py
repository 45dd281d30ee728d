from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["requirements", "servers.fixtures"]

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
