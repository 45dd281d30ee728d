"""Plans of projects that are alike, kept in the user's cache: a demo made again or a copy of a shop needs no compiling.

A plan is found by everything that it is compiled from: the project's files, its profile, and the releases of shophouse,
dbt and the engine. Nothing is lost with a cache that is gone or can't be written: then the project is compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from shophouse.engines.plan import Plan
from shophouse.project import Project

__all__ = ["keep", "restore"]

_KEPT = 20
_COMPILED_BY = ("dbt-core", "dbt-duckdb", "duckdb")


def restore(project: Project, key: str, into: Path) -> bool:
    """Put the plan that such a project was compiled into at `into`, and the SQL where dbt writes it. Says whether."""
    kept = _file(project, key)
    plan = Plan.load(kept, key) if kept is not None else None
    if kept is None or plan is None or not plan.is_whole:
        return False
    try:
        files = {node.file: node.full_sql for node in plan.models} | {test.file: test.full_sql for test in plan.tests}
        for name, sql in files.items():
            if name:
                file = project.folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(sql, encoding="utf-8")
        plan.save(into)
        os.utime(kept)
    except OSError:
        return False
    return True


def keep(project: Project, plan: Plan) -> None:
    """Keep a plan that holds everything, and forget those that were not used for longest."""
    file = _file(project, plan.project)
    if file is None:
        return
    with contextlib.suppress(OSError):
        plan.save(file)
        for old in sorted(file.parent.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)[_KEPT:]:
            old.unlink()


def _file(project: Project, key: str) -> Path | None:
    """None where the name of a database, which the plan has in its SQL, is not a matter of the project's files."""
    if project.engine.kind != "duckdb":
        return None
    from platformdirs import user_cache_path

    try:
        profiles = (project.folder / "profiles.yml").read_bytes()
    except OSError:
        return None
    parts = hashlib.sha256(f"{key} {_compiler()} ".encode() + profiles)
    return user_cache_path("shophouse") / "plans" / f"{parts.hexdigest()}.json"


@cache
def _compiler() -> str:
    digest = hashlib.sha256(" ".join(version(name) for name in _COMPILED_BY).encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
