"""Write the pages of docs/reference from what they describe: settings, commands, models, errors.

python docs/generate.py              writes them
python docs/generate.py --check      fails when one differs
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

import shophouse.errors
from shophouse.bindings import contract
from shophouse.cli.app import LOOK, MAINTAIN, RUN, START
from shophouse.cli.commands import app
from shophouse.errors import ShophouseError
from shophouse.metrics import Catalogue
from shophouse.metrics.page import metrics_page
from shophouse.project import package_warehouse, project_schema

ROOT = Path(__file__).resolve().parent
_NOTE = "<!-- Written by docs/generate.py: changes here are lost. -->\n"


def settings() -> str:
    """The keys of shophouse.yml, section by section."""
    schema = project_schema()
    lines = [
        "# Settings",
        "",
        "The keys of `shophouse.yml`. Another key is an error that names its line and the nearest right word. For",
        "completion in an editor, the first line of the file names the schema, which `shophouse schema` prints.",
        "",
    ]
    parts = [("", "", schema)]
    while parts:
        path, description, part = parts.pop(0)
        lines += [f"## `{path}`" if path else "## The file", ""] + ([description, ""] if description else [])
        lines += ["| key | value | default | |", "|---|---|---|---|"]
        for name, field in part["properties"].items():
            below = list(_references(field))
            for reference in below:
                inner = schema["$defs"][reference]
                where = f"{path}.{name}" if path else name
                where += ".<name>" if "additionalProperties" in field else ""
                parts.append((where, inner.get("description", ""), inner))
            needed = name in part.get("required", ())
            default = "**required**" if needed else _default(field)
            said = " ".join(field.get("description", "").split())
            lines.append(f"| `{name}` | {_cell(_value(field, bool(below)))} | {default} | {_cell(said)} |")
        lines.append("")
    return _page(lines)


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


def commands() -> str:
    """Every command, as its help has it."""
    main: Any = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "`shophouse COMMAND --help` says the same. `--project FOLDER` (or the variable `SHOPHOUSE_PROJECT`) names the",
        "shop's folder, else the current one is it. Results go to stdout, all else to stderr. What an exit code",
        "means: [errors](errors.md).",
        "",
    ]
    chapters: dict[str, list[tuple[str, Any]]] = {name: [] for name in (START, RUN, LOOK, MAINTAIN)}
    for name, command in main.commands.items():
        chapters[command.rich_help_panel].append((f"shophouse {name}", command))
    for chapter, listed in chapters.items():
        lines += [f"## {chapter}", ""]
        for name, command in listed:
            lines += _command(name, command)
    return _page(lines)


def _command(name: str, command: Any) -> Iterator[str]:
    yield from (f"### {name}", "", _help(command), "")
    for below, inner in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {below}", inner)
    if hasattr(command, "commands"):
        return
    context = typer.Context(command, info_name=name)
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and not record[0].startswith(("-h", "--help", "--debug")):
            left = re.sub(r" <(str|path|list\[str\])>", "", record[0])
            left = re.sub(r"<(int|float)( range)?>", "NUMBER", left)
            rows.append((left, " ".join(record[1].replace("(here)", "here").split()), parameter.param_type_name))
    arguments = [left for left, _, kind in rows if kind == "argument"]
    yield from ("```", " ".join([name, "[OPTIONS]", *arguments]), "```", "")
    if rows:
        yield from ("| | |", "|---|---|", *(f"| `{_cell(left)}` | {_cell(right)} |" for left, right, _ in rows), "")


def _help(command: Any) -> str:
    return inspect.cleandoc(command.help or "").replace("\f", "")


def models() -> str:
    """Tables that people read, with their columns, and the entities that staging feeds."""
    warehouse = package_warehouse() / "models"
    lines = [
        "# Models",
        "",
        "The tables of `core` and `marts`, and the input contract that staging models fill. Names ending in `_key` are",
        "surrogate keys, in `_at` moments in UTC, in `_date` days of the store, in `_amount` money, in `_rate` shares.",
        "",
        "- [marts](#marts): what people and dashboards read",
        "- [core](#core): facts and dimensions",
        "- [input contract](#input-contract): what a shop's staging models give",
        "",
    ]
    for layer in ("marts", "core"):
        lines += [f"## {layer}", ""]
        for file in sorted((warehouse / layer).rglob("*.yml"), key=lambda file: (file.parent.name, file.name)):
            for model in yaml.safe_load(file.read_text("utf-8")).get("models", ()):
                lines += _model(model, file.parent.name if layer == "marts" else "")
    lines += [
        "## input contract",
        "",
        "A staging model lists the columns that it has; others are null. Bold ones it must have.",
        "",
    ]
    for entity in contract().values():
        shown = [f"**{name}**" if name in entity.required else name for name in entity.columns]
        key = ", ".join(entity.key)
        lines += [f"### {entity.name}", "", f"One row per source, {key}.", ""]
        typed = [f"{name} ({kind})" for name, kind in zip(shown, entity.columns.values(), strict=True)]
        lines += [", ".join(typed), ""]
    return _page(lines)


def _model(model: Mapping[str, Any], subject: str) -> list[str]:
    said = " ".join(model.get("description", "").split())
    lines = [f"### {model['name']}", "", (f"*{subject}.* " if subject else "") + said, ""]
    lines += ["| column | type | |", "|---|---|---|"]
    for column in model.get("columns", ()):
        description = " ".join(str(column.get("description", "")).split())
        lines.append(f"| `{column['name']}` | {column.get('data_type', '')} | {_cell(description)} |")
    return [*lines, ""]


def errors() -> str:
    """The exit codes, and what each error means."""
    kinds = sorted(_kinds(ShophouseError), key=lambda kind: (kind.exit_code, kind.__name__))
    lines = [
        "# Errors and exit codes",
        "",
        "An error says what, where, why, and after `hint:` what to type. A command that fails leaves nothing half",
        "done.",
        "",
        "| exit | raised | worth a retry | meaning |",
        "|---|---|---|---|",
        "| 0 | | | all is well |",
    ]
    for kind in kinds:
        said = inspect.getdoc(kind) if kind is not ShophouseError else "Anything else; a fault of shophouse too."
        retry = "yes" if kind.retryable else "no"
        meaning = _cell(" ".join((said or "").split()))
        lines.append(f"| {kind.exit_code} | `{kind.__name__}` | {retry} | {meaning} |")
    lines += [
        "| 130 | | no | stopped by Ctrl-C |",
        "| 143 | | no | stopped by SIGTERM |",
        "",
        "A usage error of the command line exits 2 as well. In Python the same classes are raised: `shophouse.errors`.",
        "",
    ]
    return _page(lines)


def metrics() -> str:
    """Every metric of the catalogue: what it means and what it is calculated from."""
    return _page(metrics_page(Catalogue.packaged()))


def _kinds(kind: type[ShophouseError]) -> Iterator[type[ShophouseError]]:
    if kind.__module__ == shophouse.errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _page(lines: list[str]) -> str:
    title, *rest = lines
    return "\n".join([title, "", _NOTE.strip(), *rest]).rstrip() + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/settings.md": settings,
    "reference/commands.md": commands,
    "reference/models.md": models,
    "reference/errors.md": errors,
    "metrics.md": metrics,
}


def main() -> int:
    differing = []
    for name, write in PAGES.items():
        page, text = ROOT / name, write()
        if page.is_file() and page.read_text("utf-8") == text:
            continue
        differing.append(name)
        if "--check" not in sys.argv:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
    sys.stdout.write(f"{'differ' if '--check' in sys.argv else 'written'}: {', '.join(differing) or 'none'}\n")
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
