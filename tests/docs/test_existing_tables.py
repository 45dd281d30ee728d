"""The guide for tables of another loader, followed with a real load of dlt."""

from __future__ import annotations

from pathlib import Path

import pytest

import shophouse

from .guide import DOCS, follow

pytestmark = pytest.mark.slow


def test_what_dlt_loaded_is_modelled_where_it_is(tmp_path: Path) -> None:
    voided = ('"2026-03-02T09:30:00Z", "is_void": false', '"2026-03-02T09:30:00Z", "is_void": true')
    shop = follow(DOCS / "guides" / "existing-tables.md", tmp_path, {"python load.py#2": ("till.json", *voided)})
    assert shophouse.open(shop).lake.tables() == []
