"""A run that finds nothing new must not pay for what it doesn't use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from built_shop import DemoShop

HEAVY = ("dbt", "duckdb", "pyiceberg", "pyarrow", "numpy", "xlsxwriter", "rich")


def imported(*words: str) -> set[str]:
    """The top-level modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "shophouse", *words], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().partition(".")[0] for line in lines}


def test_help_imports_nothing_heavy() -> None:
    assert imported("--help").isdisjoint((*HEAVY, "pyiceberg"))


def test_a_run_that_finds_nothing_new_imports_nothing_heavy(demo_shop: DemoShop) -> None:
    found = imported("run", "-p", str(demo_shop.folder))
    assert "shophouse" in found
    assert found.isdisjoint(HEAVY)


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_looking_imports_neither_dbt_nor_pyiceberg(demo_shop: DemoShop, command: str) -> None:
    assert imported(command, "-p", str(demo_shop.folder)).isdisjoint(("dbt", "pyiceberg"))
