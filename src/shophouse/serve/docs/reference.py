"""The reference, in Markdown, written from what it describes: settings, commands, errors, models, tables' relations.

Each comes in parts, a page of the site for each; `docs/reference/` of the repository has them together, a page a kind.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

import shophouse.errors
from shophouse.bindings import contract
from shophouse.errors import ShophouseError
from shophouse.project import package_warehouse, project_schema

__all__ = [
    "COMMANDS",
    "ERRORS",
    "RELATIONS",
    "SETTINGS",
    "Part",
    "cell",
    "command_parts",
    "contract_lines",
    "entity_relations",
    "error_lines",
    "setting_parts",
    "warehouse_models",
]

SETTINGS = (
    "The keys of `shophouse.yml`. Another key is an error that names its line and the nearest right word. For",
    "completion in an editor, the first line of the file names the schema, which `shophouse schema` prints.",
)
COMMANDS = (
    "`shophouse COMMAND --help` says the same. `--project FOLDER` (or the variable `SHOPHOUSE_PROJECT`) names the",
    "shop's folder, else the current one is it. Results go to stdout, all else to stderr. What an exit code",
    "means: [errors](errors.md).",
)
ERRORS = (
    "An error says what, where, why, and after `hint:` what to type. A command that fails leaves nothing half",
    "done.",
)
RELATIONS = (
    "The star schema of `core`: each key of a fact is in the table that it names. Every dimension has an unknown",
    "member, with the key 0, so that no key of a fact is null.",
)


@dataclass(frozen=True)
class Part:
    """A part of the reference: `name` is its page's, `title` as people read it, `chapter` what it belongs to."""

    name: str
    title: str
    chapter: str
    lines: tuple[str, ...]


def setting_parts() -> Iterator[Part]:
    """The sections of shophouse.yml, the file itself first."""
    schema = project_schema()
    sections: list[tuple[str, str, str, Any]] = [("", "", "", schema)]
    while sections:
        path, description, definition, section = sections.pop(0)
        kind = section["properties"].get("kind", {}).get("const", "")
        lines = [description, ""] if description else []
        lines += ["| key | value | default | |", "|---|---|---|---|"]
        for name, field in section["properties"].items():
            below = list(_references(field))
            for reference in below:
                inner = schema["$defs"][reference]
                where = f"{path}.{name}" if path else name
                where += ".<name>" if "additionalProperties" in field else ""
                sections.append((where, inner.get("description", ""), reference, inner))
            needed = name in section.get("required", ())
            default = "**required**" if needed else _default(field)
            said = " ".join(field.get("description", "").split())
            lines.append(f"| `{name}` | {cell(_value(field, bool(below)))} | {default} | {cell(said)} |")
        title = f"`{path}`" if path else "The file"
        word = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", definition).lower()
        yield Part(word or "file", title, f"`{kind}`" if kind else "", tuple(lines))


def _references(field: Mapping[str, Any]) -> Iterator[str]:
    for key, value in field.items():
        if key == "$ref":
            yield value.rpartition("/")[2]
        elif isinstance(value, dict) and key not in ("properties", "default"):
            yield from _references(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _references(item)


def _value(field: Mapping[str, Any], is_section: bool) -> str:
    if is_section:
        if field.get("type") == "array":
            return "list of sections"
        return "a name and its section" if "additionalProperties" in field else "a section"
    if "anyOf" in field:
        return " or ".join(_value(choice, False) for choice in field["anyOf"] if choice.get("type") != "null")
    if "const" in field:
        return f"`{field['const']}`"
    if len(field.get("enum", ())) > 20:
        return "a code"
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if field.get("type") == "array":
        return f"list of {_value(field.get('items', {}), False)}"
    if field.get("type") == "object":
        return "a name and its value"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true, false"}
    return words.get(str(field.get("type")), "text")


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None:
        return ""
    return f"`{', '.join(map(str, value))}`" if isinstance(value, list) else f"`{value}`" if value != {} else ""


def command_parts(main: Any, chapters: Sequence[str]) -> Iterator[Part]:
    """Every command of the command line `main`, as its help has it, chapter by chapter."""
    for chapter in chapters:
        for name, command in main.commands.items():
            if command.rich_help_panel == chapter and not command.hidden:
                yield from _commands(f"shophouse {name}", command, chapter)


def _commands(name: str, command: Any, chapter: str) -> Iterator[Part]:
    lines = [_help(command), ""]
    if hasattr(command, "commands"):
        yield Part(_command_name(name), name, chapter, tuple(lines))
        for below, inner in command.commands.items():
            yield from _commands(f"{name} {below}", inner, chapter)
        return
    context = command.context_class(command, info_name=name)
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and not record[0].startswith(("-h", "--help", "--debug")):
            left = re.sub(r" <(str|path|list\[str\])>", "", record[0])
            left = re.sub(r"<(int|float)( range)?>", "NUMBER", left)
            rows.append((left, " ".join(record[1].replace("(here)", "here").split()), parameter.param_type_name))
    arguments = [left for left, _, kind in rows if kind == "argument"]
    lines += ["```", " ".join([name, "[OPTIONS]", *arguments]), "```", ""]
    if rows:
        lines += ["| | |", "|---|---|", *(f"| `{cell(left)}` | {cell(right)} |" for left, right, _ in rows), ""]
    yield Part(_command_name(name), name, chapter, tuple(lines))


def _command_name(name: str) -> str:
    return name.removeprefix("shophouse ").replace(" ", "-")


def _help(command: Any) -> str:
    return inspect.cleandoc(command.help or "").replace("\f", "")


def warehouse_models(*layers: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the packaged yml says of each model of these layers, and the folder that it lies in."""
    for layer in layers:
        root = package_warehouse() / "models" / layer
        for file in sorted(root.rglob("*.yml"), key=lambda file: (file.parent.name, file.name)):
            for model in yaml.safe_load(file.read_text("utf-8")).get("models", ()):
                yield file.parent.name, model


def contract_lines() -> Iterator[str]:
    """The input contract, an entity after another."""
    yield "A staging model lists the columns that it has; others are null. Bold ones it must have."
    yield ""
    for entity in contract().values():
        shown = [f"**{name}**" if name in entity.required else name for name in entity.columns]
        yield from (f"### {entity.name}", "", f"One row per source, {', '.join(entity.key)}.", "")
        typed = [f"{name} ({kind})" for name, kind in zip(shown, entity.columns.values(), strict=True)]
        yield from (", ".join(typed), "")


def error_lines() -> Iterator[str]:
    """The exit codes, what each error means, and what to type."""
    kinds = sorted(_kinds(ShophouseError), key=lambda kind: (kind.exit_code, kind.__name__))
    yield "| exit | raised | worth a retry | meaning | what to type |"
    yield "|---|---|---|---|---|"
    yield "| 0 | | | all is well | |"
    for kind in kinds:
        said = inspect.getdoc(kind) if kind is not ShophouseError else "Anything else; a fault of shophouse too."
        retry = "yes" if kind.retryable else "no"
        meaning = cell(" ".join((said or "").split()))
        yield f"| {kind.exit_code} | `{kind.__name__}` | {retry} | {meaning} | {cell(kind.remedy)} |"
    yield "| 130 | | no | stopped by Ctrl-C | `shophouse run` again |"
    yield "| 143 | | no | stopped by SIGTERM | `shophouse run` again |"
    yield ""
    yield "A usage error of the command line exits 2 as well. In Python, `shophouse.errors` has the same classes."


def _kinds(kind: type[ShophouseError]) -> Iterator[type[ShophouseError]]:
    if kind.__module__ == shophouse.errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def entity_relations() -> Iterator[str]:
    """The facts of core with the tables that they name: a table of all, and a diagram for each fact."""
    models = {model["name"]: model for _, model in warehouse_models("core")}
    keyed: dict[str, str] = {}
    for name, model in models.items():
        if name.startswith(("dim_", "fct_")) and len(_key(model)) == 1:
            keyed.setdefault(_key(model)[0], name)
    stars = {name: _star(model, models, keyed) for name, model in models.items() if name.startswith("fct_")}
    facts = {name: star for name, star in stars.items() if star}
    yield "## Which fact names which table"
    yield ""
    yield from ("| fact | dimensions | other facts |", "|---|---|---|")
    for fact, star in facts.items():
        named = [f"[{table}](models.md#{table})" for table in sorted(set(star.values()))]
        dimensions, others = ([one for one in named if one.startswith(start)] for start in ("[dim_", "[fct_"))
        yield f"| [{fact}](models.md#{fact}) | {', '.join(dimensions)} | {', '.join(others)} |"
    types = {name: {c["name"]: c["data_type"] for c in model["columns"]} for name, model in models.items()}
    for fact, star in facts.items():
        yield from ("", f"## {fact}", "", " ".join(models[fact]["description"].split()), "", "```mermaid", "erDiagram")
        key = _key(models[fact])
        yield f"    {fact} {{"
        for column in dict.fromkeys([*key, *star]):
            roles = [role for role, has in (("PK", column in key), ("FK", column in star)) if has]
            yield f"        {_word(types[fact][column])} {column} {', '.join(roles)}"
        yield "    }"
        for table in dict.fromkeys(star.values()):
            yield f"    {table} {{"
            yield from (f"        {_word(types[table][column])} {column} PK" for column in _key(models[table]))
            yield "    }"
        for column, table in star.items():
            yield f"    {fact} }}o--|| {table} : {column}"
        yield "```"


def _star(model: Mapping[str, Any], models: Mapping[str, Any], keyed: Mapping[str, str]) -> dict[str, str]:
    """Column → the table of core that it names: proved by a test, or called as the one key of that table is."""
    proved = {
        column: table
        for arguments in _column_tests(model)
        for column, (table, _) in arguments.get("references", {}).items()
        if table in models
    }
    found = {}
    for column in (one["name"] for one in model["columns"]):
        table = proved.get(column) or keyed.get(column)
        if table is not None and table != model["name"]:
            found[column] = table
    return found


def _key(model: Mapping[str, Any]) -> list[str]:
    return [column for arguments in _column_tests(model) for column in arguments.get("unique", ())]


def _column_tests(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for test in model.get("data_tests", ()):
        if "valid_columns" in test:
            yield test["valid_columns"]["arguments"]


def _word(data_type: str) -> str:
    return data_type.partition("(")[0].replace(" ", "_")


def cell(text: str) -> str:
    """A text as a table's cell."""
    return text.replace("|", "\\|")
