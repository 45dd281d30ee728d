"""YAML files that a person wrote: read with the line of every key, so that a mistake can be shown where it was made."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from shophouse.errors import ConfigError

# The C loader is some ten times faster; it is absent where PyYAML was built without libyaml.
Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

KeyPath = tuple[str | int, ...]

_MISTAKE = "shophouse"
_MERGE = "tag:yaml.org,2002:merge"
_TYPED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file. `line` counts from 1; 0 is the file as a whole."""

    line: int
    what: str
    why: tuple[str, ...] = ()
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file's data (mappings as dicts with text keys, sequences as tuples) and the line of each part.

    `problems` are what is wrong with the file whatever it means: a key that is written twice.
    """

    file: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]
    problems: tuple[Problem, ...] = ()

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`, or of the nearest part of the file that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that `word` was probably meant to be."""
    by_fold = {known.casefold(): known for known in sorted(words)}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    near = nearest(word, words)
    return f"did you mean {near}?" if near else None


def mistake(what: str, *, why: str = "", hint: str | None = None) -> PydanticCustomError:
    """What a validator raises to have its own words shown. `what` follows the name of the setting."""
    return PydanticCustomError(_MISTAKE, "{what}", {"what": what, "why": why, "hint": hint or ""})


def mistakes(file: str, problems: Iterable[Problem]) -> ConfigError:
    """All problems of one file as a single error, in the order of its lines."""
    listed = sorted(set(problems), key=lambda problem: (problem.line, problem.what))
    if len(listed) == 1:
        only = listed[0]
        where = f"{file}, line {only.line}" if only.line else file
        return ConfigError(only.what, where=where, why=only.why, hint=only.hint)
    lines: list[str] = []
    for problem in listed:
        lines.append(f"line {problem.line}: {problem.what}" if problem.line else problem.what)
        lines.extend(f"  {line}" for line in problem.why)
        if problem.hint:
            lines.append(f"  hint: {problem.hint}")
    return ConfigError(f"{file} has {len(listed)} mistakes", why=lines)


def read_yaml(file: Path, *, shown_as: str) -> Document:
    """Read a mapping from `file`; errors name it `shown_as`.

    Dates stay text. Raises ConfigError when the file can't be read, isn't YAML or isn't a mapping. A key that is
    written twice is among the document's problems, where other readers of YAML keep the last one without a word.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{shown_as} can't be read", where=str(file), why=error.strerror) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{shown_as} is not UTF-8", where=f"{shown_as}, line {line}", hint="save the file as UTF-8"
        ) from error
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, shown_as) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{shown_as} is not valid YAML", why=str(error)) from error
    if node is None:
        return Document(file, {}, {(): 1})
    if not isinstance(node, yaml.MappingNode):
        raise mistakes(shown_as, [Problem(1, f"{shown_as} must hold keys with values, as   name: my_shop")])
    reader = _Reader()
    data = reader.read(node, ())
    assert isinstance(data, dict)
    return Document(file, data, reader.lines, tuple(reader.problems))


def _syntax_error(error: yaml.MarkedYAMLError, shown_as: str) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    where = f"{shown_as}, line {mark.line + 1}, column {mark.column + 1}" if mark else shown_as
    problem = error.problem or error.context or str(error)
    hint = None
    if "\\t" in problem or "tab" in problem:
        hint = "indent with spaces: YAML allows no tabs"
    elif "mapping values are not allowed" in problem:
        hint = 'put a value that contains ": " in quotes, and keep the keys of one level in one column'
    elif "expected a single document" in str(error.context):
        problem, hint = "a second document starts here", "remove the line ---"
    return ConfigError(f"{shown_as} is not valid YAML: {problem}", where=where, hint=hint)


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()

    def read(self, node: yaml.Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            self.problems.append(Problem(self.lines[path], f"{dotted(path)} contains itself"))
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return tuple(self.read(item, (*path, index)) for index, item in enumerate(node.value))
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        first: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                parts = self.read(value_node, (*path, "<<"))
                for part in parts if isinstance(parts, tuple) else (parts,):
                    merged = {**(part if isinstance(part, dict) else {}), **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(line, f"{dotted(path)}: a key must be a word"))
                continue
            key = key_node.value
            if key in first:
                what = f"{dotted((*path, key))} is written twice"
                self.problems.append(Problem(line, what, (f"the first is at line {first[key]}",), "keep one of them"))
                continue
            first[key] = line
            self.lines[(*path, key)] = line
            own[key] = self.read(value_node, (*path, key))
        return {**merged, **own}


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.tag not in _TYPED:
        return node.value
    return yaml.constructor.SafeConstructor().construct_object(node)


def dotted(path: Iterable[str | int]) -> str:
    """`("sources", "shop", "key", 0)` → `sources.shop.key[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"


def validation_problems(error: ValidationError, model: type[BaseModel], document: Document) -> Iterator[Problem]:
    """What pydantic found wrong with a document's data, in the words of a person who edits the file."""
    walked = [(detail, *_walk(model, detail["loc"])) for detail in error.errors(include_url=False)]
    unknown_kinds = {
        path[:-1] for detail, path, _ in walked if detail["type"] == "literal_error" and path[-1] == "kind"
    }
    for detail, path, parent in walked:
        if path[-1:] != ("kind",) and any(path[: len(prefix)] == prefix for prefix in unknown_kinds):
            continue  # which settings are right depends on the kind
        what, why, hint = _explain(detail, path, _named(document.data, path), parent)
        yield Problem(document.line(path), what, why, hint)


def _walk(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[KeyPath, type[BaseModel] | None]:
    """The keys in the file that `loc` means (it names members of unions too), and the model that holds the last."""
    path: list[str | int] = []
    parent: type[BaseModel] | None = None
    current: Any = model
    for part in loc:
        current = _bare(current)
        args = typing.get_args(current)
        if part == "[key]":
            continue
        if isinstance(current, type) and issubclass(current, BaseModel):
            path.append(part)
            parent = current
            field = current.model_fields.get(str(part))
            current = field.annotation if field else None
        elif typing.get_origin(current) in (typing.Union, types.UnionType):
            current = next((arg for arg in args if part in _kinds(arg)), None)
        else:
            path.append(part)
            parent = None
            current = args[-1] if isinstance(part, str) and args else args[0] if args else None
    return tuple(path), parent


def _bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if len(members) == 1:
            return _bare(members[0])
    return annotation


def _kinds(model: Any) -> tuple[Any, ...]:
    field = getattr(model, "model_fields", {}).get("kind")
    return typing.get_args(field.annotation) if field else ()


def _named(data: Any, path: KeyPath) -> str:
    """The path for a person: an item of a list by its name, where it has one, else by its place."""
    text = ""
    for part in path:
        try:
            data = data[part]
        except (LookupError, TypeError):
            data = None
        label = data["name"] if isinstance(part, int) and isinstance(data, dict) and "name" in data else part
        text += f"[{label}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _explain(
    detail: ErrorDetails, path: KeyPath, name: str, parent: type[BaseModel] | None
) -> tuple[str, tuple[str, ...], str | None]:
    kind, ctx = detail["type"], detail.get("ctx", {})
    if kind == _MISTAKE:
        return f"{name} {ctx['what']}", tuple(ctx["why"].splitlines()), ctx["hint"] or None
    if kind == "extra_forbidden":
        allowed = list(parent.model_fields) if parent else []
        return f"{name} is not a setting", _allowed(allowed), did_you_mean(str(path[-1]), allowed)
    if kind == "missing":
        return f"{name} is missing", _description(parent, path), None
    if kind == "union_tag_not_found":
        return f"{name}.kind is missing", (), None
    if kind in ("literal_error", "union_tag_invalid"):
        words = re.findall(r"'([^']*)'", str(ctx.get("expected") or ctx.get("expected_tags")))
        given = str(ctx.get("tag", detail["input"]))
        shown = name if kind == "literal_error" else f"{name}.kind"
        return f"{shown} can't be {given!r}", _allowed(words), did_you_mean(given, words)
    if kind in _EXPECTED:
        hint = None
        if kind == "string_type" and isinstance(detail["input"], bool | int | float):
            hint = "put it in quotes"
        return f"{name} must be {_EXPECTED[kind]}, not {_found(detail['input'])}", (), hint
    return f"{name}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", _description(parent, path), None


def _description(model: type[BaseModel] | None, path: KeyPath) -> tuple[str, ...]:
    field = model.model_fields.get(str(path[-1])) if model else None
    return tuple(field.description.splitlines()) if field and field.description else ()


def _allowed(words: Iterable[str]) -> tuple[str, ...]:
    return (f"allowed: {', '.join(words)}",)


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, tuple | list):
        return "a list"
    if isinstance(value, Mapping):
        return "keys with values"
    # Text isn't repeated: a password may have slipped into the wrong place.
    return "text"
