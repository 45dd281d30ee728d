"""What the models' yml says of them: descriptions of models and of their columns.

Read from the files, for dbt's manifest is written with the documentation only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from shophouse.laws import model_files
from shophouse.project import Project
from shophouse.yamlfile import Loader

__all__ = ["Described", "column_descriptions", "described_marts"]


@dataclass(frozen=True)
class Described:
    """What a model says of itself and of its columns."""

    description: str
    columns: Mapping[str, str]


def described_marts(project: Project) -> dict[str, Described]:
    """Mart → what its yml says. The shop's own mart hides a packaged one."""
    found: dict[str, Described] = {}
    for file in model_files(project, "marts"):
        for model in (yaml.load(file.read_text("utf-8"), Loader) or {}).get("models") or ():
            columns = {column["name"]: column.get("description", "") for column in model.get("columns") or ()}
            found.setdefault(model["name"], Described(" ".join(model.get("description", "").split()), columns))
    return found


def column_descriptions(project: Project, model: str) -> dict[str, str]:
    """Column → description; empty for a model that no yml describes. The shop's own model hides a packaged one."""
    # a model's yml is called as the model, as a rule
    for file in sorted(model_files(project), key=lambda file: file.stem != model):
        text = file.read_text("utf-8")
        if not re.search(rf"name: *{re.escape(model)}\s*$", text, re.MULTILINE):
            continue
        for found in (yaml.load(text, Loader) or {}).get("models") or ():
            if found.get("name") == model and found.get("columns"):
                return {column["name"]: column.get("description", "") for column in found["columns"]}
    return {}
