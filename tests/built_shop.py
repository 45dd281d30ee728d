"""The demo's shop, built once for all tests that only look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


def shophouse(*words: str | Path, folder: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a person would."""
    command = [sys.executable, "-m", "shophouse", *map(str, words)]
    inherited = {name: value for name, value in os.environ.items() if name != "SHOPHOUSE_PROJECT"}
    return subprocess.run(command, cwd=folder, env={**inherited, **env}, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class DemoShop:
    folder: Path
    said: str
    """What `shophouse demo` printed when it made the shop."""


@pytest.fixture(scope="session")
def demo_shop(tmp_path_factory: pytest.TempPathFactory) -> DemoShop:
    """The storefront of `shophouse demo`: orders and what belongs to them."""
    return _built(tmp_path_factory, "demo", "--orders", "300", "--days", "90")


@pytest.fixture(scope="session")
def whole_shop(tmp_path_factory: pytest.TempPathFactory) -> DemoShop:
    """The shop of `shophouse demo shop`, which has data for every mart: visits, ad spend, stock, subscriptions too."""
    return _built(tmp_path_factory, "demo", "shop", "--orders", "1500", "--days", "200")


def _built(factory: pytest.TempPathFactory, *words: str) -> DemoShop:
    folder = factory.getbasetemp() / "-".join(words[:2]).replace("--orders", "storefront") / "shop"
    said = folder.parent / "said.txt"
    if not said.is_file():
        folder.parent.mkdir(exist_ok=True, parents=True)
        done = shophouse(*words, "--into", "shop", folder=folder.parent)
        assert done.returncode == 0, done.stderr
        said.write_text(done.stdout, "utf-8")
    return DemoShop(folder, said.read_text("utf-8"))
