from __future__ import annotations

from pathlib import Path

import pytest

from .guide import DOCS, follow


@pytest.fixture(scope="session")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop of the guide for the first shop, made by doing what it says. Copy it before you change it."""
    edits = {
        "shophouse doctor#1": ("shophouse.yml", '# decimal_separator: ","', 'decimal_separator: ","'),
        "shophouse run#3": ("data/orders-2026.csv", "yesterday", "2026-01-02 11:00:00"),
    }
    return follow(DOCS / "guides" / "first-shop.md", tmp_path_factory.mktemp("guide"), edits)
