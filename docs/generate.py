"""Write what the documentation says of the program, from the program: docs/reference, docs/metrics.md, what dbt shows.

python docs/generate.py              writes it
python docs/generate.py --check      fails when something differs

The picture of the README is drawn anew when the diagram of docs/concepts/architecture.md has changed, by Chromium.
"""

from __future__ import annotations

import re
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from shophouse.cli.app import CHAPTERS
from shophouse.cli.commands import app
from shophouse.metrics import Catalogue
from shophouse.metrics.page import metrics_page
from shophouse.project import package_warehouse
from shophouse.serve.docs import drawing, reference
from shophouse.serve.docs.exposures import exposures
from shophouse.serve.docs.overview import overview

ROOT = Path(__file__).resolve().parent
PICTURE = ROOT.parent / "assets" / "architecture.png"
CHROMIUM = "/usr/bin/chromium"
_NOTE = "<!-- Written by docs/generate.py: changes here are lost. -->\n"


def settings() -> str:
    """The keys of shophouse.yml, section by section."""
    lines = ["# Settings", "", *reference.SETTINGS, ""]
    for part in reference.setting_parts():
        lines += [f"## {part.title}", "", *part.lines, ""]
    return _page(lines)


def commands() -> str:
    """Every command, as its help has it."""
    main: Any = typer.main.get_command(app)
    lines = ["# Commands", "", *reference.COMMANDS, ""]
    chapter = ""
    for part in reference.command_parts(main, CHAPTERS):
        if part.chapter != chapter:
            lines += [f"## {part.chapter}", ""]
            chapter = part.chapter
        lines += [f"### {part.title}", "", *part.lines]
    return _page(lines)


def models() -> str:
    """Tables that people read, with their columns, and the entities that staging feeds."""
    lines = [
        "# Models",
        "",
        "The tables of `core` and `marts`, and the input contract that staging models fill. Names ending in `_key` are",
        "surrogate keys, in `_at` moments in UTC, in `_date` days of the store, in `_amount` money, in `_rate` shares.",
        "",
        "- [marts](#marts): what people and dashboards read",
        "- [core](#core): facts and dimensions; [which names which](relations.md)",
        "- [input contract](#input-contract): what a shop's staging models give",
        "",
    ]
    for layer in ("marts", "core"):
        lines += [f"## {layer}", ""]
        for subject, model in reference.warehouse_models(layer):
            lines += _model(model, subject if layer == "marts" else "")
    return _page([*lines, "## input contract", "", *reference.contract_lines()])


def _model(model: Mapping[str, Any], subject: str) -> list[str]:
    said = " ".join(model.get("description", "").split())
    lines = [f"### {model['name']}", "", (f"*{subject}.* " if subject else "") + said, ""]
    lines += ["| column | type | |", "|---|---|---|"]
    for column in model.get("columns", ()):
        description = " ".join(str(column.get("description", "")).split())
        lines.append(f"| `{column['name']}` | {column.get('data_type', '')} | {reference.cell(description)} |")
    return [*lines, ""]


def relations() -> str:
    """Which fact names which dimension."""
    return _page(["# Facts and dimensions", "", *reference.RELATIONS, "", *reference.entity_relations()])


def errors() -> str:
    """The exit codes, what each error means, and what to type."""
    return _page(["# Errors and exit codes", "", *reference.ERRORS, "", *reference.error_lines()])


def metrics() -> str:
    """Every metric of the catalogue: what it means and what it is calculated from."""
    return _page(metrics_page(Catalogue.packaged()))


def _page(lines: list[str]) -> str:
    title, *rest = lines
    return "\n".join([title, "", _NOTE.strip(), *rest]).rstrip() + "\n"


_MODELS = package_warehouse() / "models"
PAGES: Mapping[Path, Callable[[], str]] = {
    ROOT / "reference" / "settings.md": settings,
    ROOT / "reference" / "commands.md": commands,
    ROOT / "reference" / "models.md": models,
    ROOT / "reference" / "relations.md": relations,
    ROOT / "reference" / "errors.md": errors,
    ROOT / "metrics.md": metrics,
    _MODELS / "_overview.md": overview,
    _MODELS / "_exposures.yml": exposures,
}


def architecture() -> str:
    """The diagram of the page on architecture, in Mermaid's language."""
    text = (ROOT / "concepts" / "architecture.md").read_text("utf-8")
    return text.split("```mermaid\n")[1].split("```")[0]


def drawn_from(picture: bytes) -> str:
    """The diagram that a picture says it was drawn from; empty where it says nothing."""
    found = re.search(rb"(.{4})iTXtmermaid\0\0\0\0\0", picture, re.DOTALL)
    if found is None:
        return ""
    start = found.end()
    return picture[start : found.start(1) + 8 + struct.unpack(">I", found[1])[0]].decode()


def draw_picture() -> None:
    """Write the picture of the diagram; the diagram itself is in it as a text. Needs Chromium."""
    from playwright.sync_api import sync_playwright

    css = (Path(drawing.__file__).with_name("site.css")).read_text("utf-8")
    body = f'<div style="display: inline-block; padding: 12px">{drawing.draw(architecture())}</div>'
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 900}, device_scale_factor=2)
        page.set_content(f"<style>{css}</style>{body}")
        shot = page.locator("div").screenshot()
        browser.close()
    content = b"iTXtmermaid\0\0\0\0\0" + architecture().encode()
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    head = 33  # the signature, and the chunk that has to come first
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(shot[:head] + chunk + shot[head:])


def main() -> int:
    differing = []
    if not PICTURE.is_file() or drawn_from(PICTURE.read_bytes()) != architecture():
        differing.append(PICTURE.name)
        if "--check" not in sys.argv:
            draw_picture()
    for page, write in PAGES.items():
        text = write()
        if page.is_file() and page.read_text("utf-8") == text:
            continue
        differing.append(page.name)
        if "--check" not in sys.argv:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
    sys.stdout.write(f"{'differ' if '--check' in sys.argv else 'written'}: {', '.join(differing) or 'none'}\n")
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
