"""What of a warehouse is personal data, by what its models say, and the catalogue without it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from shophouse.metrics.catalogue import Catalogue
from shophouse.project import package_warehouse

if TYPE_CHECKING:
    from shophouse.project import Project

__all__ = ["names_any", "personal_columns", "without_personal"]

_WORD = re.compile(r"[a-z_][a-z0-9_]*")


def personal_columns(project: Project) -> frozenset[str]:
    """The columns that a model, also the shop's own, tags with `meta: {personal: true}`: names in small letters."""
    found: set[str] = set()
    for folder in (package_warehouse() / "models", project.folder / "models"):
        # dbt reads both
        for file in (*folder.rglob("*.yml"), *folder.rglob("*.yaml")):
            text = file.read_text("utf-8")
            # most files have none, and reading YAML is slow
            if "personal" in text:
                found |= {
                    str(column["name"]).lower()
                    for model in (yaml.safe_load(text) or {}).get("models") or ()
                    for column in model.get("columns") or ()
                    if _is_personal(column)
                }
    return frozenset(found)


def without_personal(catalogue: Catalogue, columns: frozenset[str]) -> Catalogue:
    """The catalogue in which nothing can be grouped or filtered by one of these columns."""
    models = {
        name: model.model_copy(
            update={
                "dimensions": {
                    dimension: expression
                    for dimension, expression in model.dimensions.items()
                    if not names_any(expression, columns)
                }
            }
        )
        for name, model in catalogue.semantic_models.items()
    }
    return catalogue.model_copy(update={"semantic_models": models})


def names_any(sql: str, columns: frozenset[str]) -> bool:
    """Whether SQL names one of these columns, in whatever letters, or anything that is called so."""
    text = sql.lower()
    # a name in quotes may be no word
    return bool(columns & set(_WORD.findall(text))) or any(f'"{column}"' in text for column in columns)


def _is_personal(column: dict[str, Any]) -> bool:
    return any((place or {}).get("personal") is True for place in (column.get("meta"), *_config(column)))


def _config(column: dict[str, Any]) -> list[dict[str, Any] | None]:
    return [(column.get("config") or {}).get("meta")]
