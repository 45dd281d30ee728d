from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shophouse.scaffold import init_project
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.postgres import Server


@pytest.fixture
def new_shop(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Shop]:
    """Makes a shop on a database of its own; `init` is what `init_project` takes."""

    def make(name: str = "shop", dsn: str | None = None, engine: str = "", **init: str) -> Shop:
        folder = tmp_path / name
        variable = f"DSN_{name.upper()}"
        monkeypatch.setenv(variable, dsn or postgres.database())
        init_project(folder, name=name, **init)  # type: ignore[arg-type]
        file = folder / "shophouse.yml"
        text = file.read_text("utf-8")
        assert "kind: duckdb" in text
        file.write_text(text.replace("kind: duckdb", f'kind: postgres\n  dsn: "env:{variable}"{engine}'), "utf-8")
        return Shop.open(folder)

    return make
