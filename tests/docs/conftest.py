from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .guide import DOCS, follow, shell


@pytest.fixture(scope="session")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop of the guide for the first shop, made by doing what it says. Copy it before you change it."""
    edits = {
        "shophouse doctor#1": ("shophouse.yml", '# decimal_separator: ","', 'decimal_separator: ","'),
        "shophouse run#3": ("data/orders-2026.csv", "yesterday", "2026-01-02 11:00:00"),
    }
    return follow(DOCS / "guides" / "first-shop.md", tmp_path_factory.mktemp("guide"), edits)


@pytest.fixture(scope="session")
def own(kiosk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop of the first guide, with what the guides for a mart, a metric and a page of its own add."""
    shop = tmp_path_factory.mktemp("own") / "kiosk"
    shutil.copytree(kiosk, shop, symlinks=True)
    shell("shophouse lake move", shop)
    for guide in ("own-mart", "own-metric", "own-page"):
        follow(DOCS / "guides" / f"{guide}.md", shop, {})
    return shop
