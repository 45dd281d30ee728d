"""What the models' yml says of them: column descriptions, and which test proves which conservation law.

Read from the files, for dbt's manifest is written with the documentation only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from shophouse.project import Project, package_warehouse
from shophouse.yamlfile import Loader

__all__ = ["column_descriptions", "laws"]


def column_descriptions(project: Project, model: str) -> dict[str, str]:
    """Column → description; empty for a model that no yml describes. The shop's own model hides a packaged one."""
    # a model's yml is called as the model, as a rule
    for file in sorted(_files(project), key=lambda file: file.stem != model):
        text = file.read_text("utf-8")
        if not re.search(rf"name: *{re.escape(model)}\s*$", text, re.MULTILINE):
            continue
        for found in (yaml.load(text, Loader) or {}).get("models") or ():
            if found.get("name") == model and found.get("columns"):
                return {column["name"]: column.get("description", "") for column in found["columns"]}
    return {}


def laws(project: Project) -> dict[str, int]:
    """Test → the number of the conservation law that it proves, as the generic test behind it says."""
    generic = {}
    for file in (package_warehouse() / "tests" / "generic").glob("*.sql"):
        if said := re.search(r"[Cc]onservation law (\d+)", file.read_text("utf-8")):
            generic[file.stem] = int(said[1])
    use = re.compile(rf"- (?:shophouse\.)?({'|'.join(generic)}):\s+name: *(\w+)")
    return {name: generic[kind] for file in _files(project) for kind, name in use.findall(file.read_text("utf-8"))}


def _files(project: Project) -> Iterator[Path]:
    for root in (project.folder / "models", package_warehouse() / "models"):
        yield from sorted(root.rglob("*.yml"))
