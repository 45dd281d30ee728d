"""dbt's documentation of every table and column, as one page in `reports/docs`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import BuildError

if TYPE_CHECKING:
    from shophouse.shop import Shop

__all__ = ["write_docs"]


def write_docs(shop: Shop) -> Path:
    """Write `reports/docs/index.html`, which holds its data and needs no server. Raises BuildError or LockedError.

    Beside it lie dbt's `manifest.json` and `catalog.json`, for other tools that read them.
    """
    from shophouse.engines.dbt import Dbt
    from shophouse.scaffold import ensure_dbt_files

    project = shop.project
    folder = project.reports_folder / "docs"
    with shop.engine.writing("shophouse docs"):
        ensure_dbt_files(project)
        dbt = Dbt(project.folder, shop.engine, log_folder=project.logs_folder / "dbt")
        dbt.invoke("docs generate", "--static", "--quiet")
    made = project.generated_folder / "target"
    folder.mkdir(parents=True, exist_ok=True)
    for name, shown in (
        ("manifest.json", "manifest.json"),
        ("catalog.json", "catalog.json"),
        ("static_index.html", "index.html"),
    ):
        if not (made / name).is_file():
            raise BuildError(f"dbt wrote no {name}", where=str(made))
        incoming = folder / f".{shown}.{os.getpid()}"
        shutil.copyfile(made / name, incoming)
        incoming.replace(folder / shown)
    return folder / "index.html"
