"""A short soak; `bench/postgres_changes.py` is the long one. SOAK_SECONDS says how long it writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import soak
from .conftest import drop_slots

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_kills_and_a_crash_of_the_server_lose_nothing_and_repeat_nothing(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = float(os.environ.get("SOAK_SECONDS", "10"))
    dsn = postgres.database()
    monkeypatch.setenv("SOAK_DSN", dsn)
    folder = tmp_path / "shop"
    soak.make(folder, dsn)
    written = soak.run(folder, postgres, dsn, seconds=seconds, kill_every=4, restarts=1, seed=3)
    try:
        soak.prove(folder, dsn, written)
    finally:
        drop_slots(dsn)
    assert written.kills > 0 and written.restarts == 1 and written.transactions > 100
