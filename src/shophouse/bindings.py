"""Which staging models feed which entity: the project file and the staging folders, as one macro that dbt reads.

dbt can't read `shophouse.yml`, and vars would force a full parse at every change; a macro is parsed like any file.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from shophouse.declarations import Declaration, platform_declaration, shown
from shophouse.errors import ConfigError
from shophouse.project import Project, package_warehouse
from shophouse.values import Words
from shophouse.yamlfile import Problem, did_you_mean, mistakes, read_yaml, validation_problems

__all__ = ["Entity", "bindings", "contract", "write_bindings", "write_if_changed"]


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of the input contract."""

    name: str
    key: tuple[str, ...]
    """What names a row, beside `source`."""
    required: tuple[str, ...]
    columns: Mapping[str, str]
    """Column → type, in the contract's words (text, money, timestamp …)."""
    belongs_to: str | None = None
    """The entity without whose row a row is rejected."""
    accepted: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Column → the seed that has the words which it may be."""


def contract() -> Mapping[str, Entity]:
    """The input contract, read from the macro that holds it. Raises ConfigError when that can't be read."""
    return _contract(package_warehouse() / "macros" / "contract.sql")


@functools.cache
def _contract(file: Path) -> Mapping[str, Entity]:
    try:
        text = file.read_text("utf-8")
        literal = re.search(r"macro contract\(\).*?return\((.*?)\)\s*-?}}\s*{%-?\s*endmacro", text, re.DOTALL)
        entities: dict[str, Any] = ast.literal_eval(literal[1].strip()) if literal else {}
        found = {
            name: Entity(
                name,
                tuple(entity["key"]),
                tuple(entity["required"]),
                entity["columns"],
                entity.get("belongs_to"),
                entity.get("accepted", {}),
            )
            for name, entity in entities.items()
        }
        if not found:
            raise ValueError("there is no macro contract() that returns a dict")
        return found
    except (OSError, ValueError, SyntaxError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError("the input contract can't be read", where=str(file), why=str(error)) from error


class _Dbt(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class _Meta(_Dbt):
    entity: str | None = None
    raw_table: str | None = None
    version: str | None = None
    parent: Words | None = None
    covers: str | None = None


class _Config(_Dbt):
    meta: _Meta = _Meta()


class _Column(_Dbt):
    name: str


class _Model(_Dbt):
    name: str
    config: _Config = _Config()
    columns: tuple[_Column, ...] = ()


class _File(_Dbt):
    models: tuple[_Model, ...] = ()


def bindings(project: Project) -> dict[str, Any]:
    """What the macro `shophouse_bindings()` returns: the project's zone, currency and settings of models, its
    platforms, and for each entity that a source has the staging models that feed it, with their delivery in the
    entity's own columns.

    Raises ConfigError that lists what is wrong in a staging folder's yml, with lines.
    """
    entities: dict[str, list[dict[str, Any]]] = {}
    platforms: dict[str, dict[str, Any]] = {}
    for platform in project.platforms:
        sources = list(project.sources_of(platform))
        zones = {project.timezone_of(source) for source in sources}
        platforms[platform] = {"sources": sources, "timezone": zones.pop() if len(zones) == 1 else None}
        declaration = platform_declaration(platform, project)
        folder = project.staging_folder(platform)
        for file in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")]):
            # Most of a folder's files describe bases: a glance at the text saves parsing them.
            if file != declaration.file and b"entity" in file.read_bytes():
                for entity, binding in _bound(folder, file, declaration):
                    entities.setdefault(entity, []).append(binding)
    return {
        "timezone": project.timezone,
        "currency": project.currency,
        "calendar": project.calendar.model_dump(),
        "attribution": project.attribution.model_dump(),
        "stock": project.stock.model_dump(),
        "snapshots": list(project.snapshots),
        "platforms": platforms,
        "entities": {name: entities[name] for name in contract() if name in entities},
    }


def _bound(folder: Path, file: Path, declaration: Declaration) -> Iterator[tuple[str, dict[str, Any]]]:
    name = shown(folder, file)
    document = read_yaml(file, shown_as=name)
    problems = list(document.problems)
    try:
        models = _File.model_validate(document.data).models
    except ValidationError as error:
        raise mistakes(name, [*problems, *validation_problems(error, _File, document)]) from None
    found: list[tuple[str, dict[str, Any]]] = []
    for index, model in enumerate(models):
        entity = model.config.meta.entity
        if entity is None:
            continue
        line = functools.partial(_line_of, document, index)
        wrong = list(_model_problems(folder, model, declaration, line))
        problems += wrong
        if not wrong:
            found.append((entity, _binding(model, declaration)))
            problems += _order_problems(model, found[-1][1], line)
    if problems:
        raise mistakes(name, problems)
    yield from found


def _line_of(document: Any, index: int, *path: str) -> int:
    line: int = document.line(("models", index, *path))
    return line


def _model_problems(folder: Path, model: _Model, declaration: Declaration, line: Any) -> Iterator[Problem]:
    meta, known = model.config.meta, contract()
    entity = known.get(meta.entity or "")
    if entity is None:
        yield Problem(
            line("config", "meta", "entity"),
            f"{model.name}: there is no entity {meta.entity!r}",
            (f"known: {', '.join(known)}",),
            did_you_mean(meta.entity or "", known),
        )
    if meta.raw_table is None or meta.raw_table not in declaration.tables:
        yield Problem(
            line("config", "meta", "raw_table"),
            f"{model.name}: "
            + (f"there is no raw table {meta.raw_table!r}" if meta.raw_table else "raw_table is missing"),
            (f"{declaration.platform} has: {', '.join(declaration.tables)}",),
            did_you_mean(meta.raw_table or "", declaration.tables),
        )
    if not any(folder.rglob(f"{model.name}.sql")):
        yield Problem(
            line("name"), f"{model.name} has no SQL", hint=f"write {folder.name}/{model.name}.sql, or remove it here"
        )
    columns = [column.name for column in model.columns]
    if not columns:
        why = "the input model asks for those that are listed, and fills the others with nulls"
        yield Problem(line("name"), f"{model.name} lists no columns", (why,), "list its columns under columns:")
    elif entity:
        missing = [column for column in entity.required if column not in columns]
        if missing:
            why = f"{entity.name} can't be without them"
            yield Problem(line("columns"), f"{model.name} lacks {', '.join(missing)}", (why,))
        for index, column in enumerate(columns):
            if column not in entity.columns and column not in ("source", "drop_reason") and not column.startswith("_"):
                yield Problem(
                    line("columns", index),
                    f"{model.name}: {entity.name} has no column {column}",
                    (f"it has: {', '.join(entity.columns)}",),
                    did_you_mean(column, entity.columns),
                )


def _binding(model: _Model, declaration: Declaration) -> dict[str, Any]:
    meta = model.config.meta
    assert meta.raw_table is not None
    table = declaration.tables[meta.raw_table]
    # Where the table's keys aren't the entity's (places out of a table of accounts), its order isn't either.
    own = meta.covers != "none"
    if table.by_row:
        meta = meta.model_copy(update={"version": None, "parent": None})
    if table.operation:
        # a change brings no row that did not change
        meta = meta.model_copy(update={"parent": None})
    version = meta.version if "version" in meta.model_fields_set else table.version if own else None
    parent = meta.parent if "parent" in meta.model_fields_set else table.parent if own else None
    return {
        "model": model.name,
        "platform": declaration.platform,
        "raw_table": table.name,
        "delivery": table.delivery,
        "version": version,
        "parent": list(parent) if parent else None,
        "covers": meta.covers,
        "columns": [column.name for column in model.columns],
    }


def _order_problems(model: _Model, binding: Mapping[str, Any], line: Any) -> Iterator[Problem]:
    entity = contract()[model.config.meta.entity or ""]
    for field in ("version", "parent"):
        value = binding[field] or []
        for column in [value] if isinstance(value, str) else value:
            if column not in entity.columns or column not in binding["columns"]:
                yield Problem(
                    line("config", "meta", field),
                    f"{model.name}: {field} {column} is not among its columns of {entity.name}",
                    (f"the raw table {binding['raw_table']} says {field}: {column}",)
                    if field not in model.config.meta.model_fields_set
                    else (),
                    f"say which it is here, or none:   {field}: null   under config.meta of {model.name}",
                )


def write_bindings(project: Project) -> bool:
    """Write `.shophouse/macros/bindings.sql` and say whether it changed: a file that is touched is parsed again."""
    macro = "{% macro shophouse_bindings() %}{{ return(" + _jinja(bindings(project)) + ") }}{% endmacro %}\n"
    head = "{# Written by shophouse from shophouse.yml and the staging folders: changes here are lost. #}\n"
    return write_if_changed(project.generated_folder / "macros" / "bindings.sql", head + macro)


def write_if_changed(file: Path, text: str) -> bool:
    """Make the file's text this, in one step, and say whether it was another."""
    data = text.encode()
    if file.is_file() and file.read_bytes() == data:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_bytes(data)
    new.replace(file)
    return True


def _jinja(value: Any, indent: int = 0) -> str:
    """A literal of Jinja: JSON, but for none; one binding or list a line."""
    inner, outer = "    " * (indent + 1), "    " * indent
    if isinstance(value, dict) and value:
        lines = [f"{inner}{json.dumps(key)}: {_jinja(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[" + ", ".join(_jinja(item, indent) for item in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(_jinja(item) for item in value) + "]"
    return "none" if value is None else json.dumps(value)
