"""Pieces of the text that is written: lists of columns, comments, YAML, and what the contract says of itself."""

from __future__ import annotations

import functools
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence

import yaml

from shophouse.project import package_warehouse

__all__ = ["LINEAGE", "column_yml", "comment", "descriptions", "in_flow", "in_yaml", "lineage_yml", "listed"]

LINEAGE = ("_load_id", "_loaded_at", "_source_file", "_row_number", "_operation")
_LINEAGE_TYPES = ("bigint", "timestamp", "varchar", "bigint", "varchar")
_LINEAGE_SAID = (
    "Load that brought the row; grows with each commit to the raw table.",
    "When that load was committed, UTC.",
    "Table or file that the row came from.",
    "Position of the row there, from 1.",
    "insert, update or delete, as the source said.",
)
_WIDTH = 118


@functools.cache
def descriptions(entity: str) -> Mapping[str, str]:
    """What the contract says of an entity's columns; under "" of the entity itself."""
    file = package_warehouse() / "models" / "input" / f"input_{entity}.yml"
    model = yaml.safe_load(file.read_text("utf-8"))["models"][0]
    said = {column["name"]: column["description"] for column in model["columns"]}
    return {"": model["description"].replace(" Typed, and empty where no source has the entity.", "")} | said


def listed(parts: Sequence[str], indent: int = 4) -> list[str]:
    return [f"{' ' * indent}{part}{',' if index < len(parts) - 1 else ''}" for index, part in enumerate(parts)]


def comment(text: str, prefix: str = "# ") -> Iterator[str]:
    plain = text.replace("{", "(").replace("}", ")")
    for line in textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"{prefix}{line}"


def column_yml(name: str, type_: str, said: str) -> list[str]:
    return [f"      - name: {name}", f"        data_type: {type_}", f"        description: {in_yaml(said)}"]


def lineage_yml() -> list[str]:
    both = zip(LINEAGE, _LINEAGE_TYPES, _LINEAGE_SAID, strict=True)
    return [line for name, type_, said in both for line in column_yml(name, type_, said)]


def in_yaml(text: str) -> str:
    """A text as YAML, in quotes only where it needs them, and never as Jinja."""
    plain = text.replace("{{", "(").replace("}}", ")").replace("{%", "(").replace("%}", ")")
    if re.fullmatch(r"[A-Za-z][\w ./()'<>;,-]*", plain) and not plain.endswith(" ") and yaml.safe_load(plain) == plain:
        return plain
    return json.dumps(plain, ensure_ascii=False)


def in_flow(name: str) -> str:
    """A name in a list of YAML in one line."""
    is_plain = re.fullmatch(r"[A-Za-z]\w*", name) and yaml.safe_load(name) == name
    return name if is_plain else json.dumps(name, ensure_ascii=False)
