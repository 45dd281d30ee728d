"""The documentation of a shop as one site: guides, concepts, the reference, and every table and metric that it has.

It is made of the pages that come with shophouse, of what the program says of itself, and of what dbt knows of the
shop's project. dbt's own documentation is beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import BuildError, ConfigError
from shophouse.metrics import Catalogue
from shophouse.serve.docs import reference
from shophouse.serve.docs.pages import Page, documentation, written_pages
from shophouse.serve.docs.reference import Part

if TYPE_CHECKING:
    from shophouse.project import Project
    from shophouse.shop import Shop

__all__ = ["write_docs"]

_LIST = ".shophouse-docs.json"
_DBT = "dbt"


def write_docs(shop: Shop, commands: Sequence[Part], folder: Path | None = None) -> Path:
    """Write the site into `folder`, by default `reports/docs`, and return its first page.

    `commands` are the parts of the reference that the command line gives. Below `dbt/` are dbt's own page, and its
    `manifest.json` and `catalog.json` for other tools that read them. Files of a former site that are no longer in it
    are removed. Raises BuildError or LockedError, and ConfigError for a folder that holds something else.
    """
    from shophouse.serve.docs.site import Site
    from shophouse.serve.docs.warehouse import Warehouse

    project = shop.project
    target = folder or project.reports_folder / "docs"
    former = _former(target, is_ours=folder is None)
    manifest, catalog = _described(shop)
    catalogue = Catalogue.load(project)
    warehouse = Warehouse(manifest, catalog, catalogue, project.engine.kind)
    pages = [
        *written_pages(),
        *_reference_pages(commands),
        *warehouse.pages(),
    ]
    first = _first_page(project, pages)
    site = Site(project.name, [first, *pages], {"dbt's documentation": f"{_DBT}/index.html"})
    written = [f"{_DBT}/{name}" for name in ("manifest.json", "catalog.json", "index.html")]
    made = project.generated_folder / "target"
    for name, shown in zip(("manifest.json", "catalog.json", "static_index.html"), written, strict=True):
        _write(target / shown, (made / name).read_bytes())
    for name, text in site.files():
        _write(target / name, text.encode())
        written.append(name)
    for image in sorted((documentation() / "docs" / "images").iterdir()):
        _write(target / "images" / image.name, image.read_bytes())
        written.append(f"images/{image.name}")
    for name in former - set(written):
        (target / name).unlink(missing_ok=True)
    _write(target / _LIST, json.dumps(sorted(written)).encode())
    return target / "index.html"


def _former(folder: Path, *, is_ours: bool) -> set[str]:
    """The files that the site before left in a folder."""
    file = folder / _LIST
    if file.is_file():
        return {str(name) for name in json.loads(file.read_text("utf-8"))}
    if not is_ours and folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty, and holds no documentation", hint="name a new folder with --output")
    return {"manifest.json", "catalog.json"} if is_ours else set()


def _described(shop: Shop) -> tuple[Any, Any]:
    """What dbt writes of the shop's project: its manifest and its catalog."""
    from shophouse.engines.dbt import Dbt
    from shophouse.scaffold import ensure_dbt_files

    project = shop.project
    with shop.engine.writing("shophouse docs"):
        ensure_dbt_files(project)
        dbt = Dbt(project.folder, shop.engine, log_folder=project.logs_folder / "dbt")
        dbt.invoke("docs generate", "--static", "--quiet")
    made = project.generated_folder / "target"
    for name in ("manifest.json", "catalog.json", "static_index.html"):
        if not (made / name).is_file():
            raise BuildError(f"dbt wrote no {name}", where=str(made))
    manifest, catalog = (json.loads((made / name).read_text("utf-8")) for name in ("manifest.json", "catalog.json"))
    return manifest, catalog


def _reference_pages(commands: Sequence[Part]) -> Iterator[Page]:
    lines = ["# Commands", "", *reference.COMMANDS, ""]
    chapter = ""
    for part in commands:
        if part.chapter != chapter:
            lines += ["", f"## {part.chapter}", ""]
            chapter = part.chapter
        lines.append(f"- [{part.title}]({part.name}.md): {part.lines[0].partition(chr(10))[0]}")
    yield Page("commands/README.md", "Commands", "Commands", "\n".join(lines))
    for part in commands:
        text = "\n".join([f"# {part.title}", "", *part.lines])
        yield Page(f"commands/{part.name}.md", part.title, "Commands", text, part.chapter)
    settings = list(reference.setting_parts())
    lines = ["# Settings", "", *reference.SETTINGS, ""]
    lines += [f"- [{_setting(part)}]({part.name}.md)" for part in settings]
    yield Page("settings/README.md", "Settings", "Settings", "\n".join(lines))
    for part in settings:
        text = "\n".join([f"# {_setting(part)}", "", *part.lines])
        yield Page(f"settings/{part.name}.md", _setting(part).replace("`", ""), "Settings", text)
    text = "\n".join(["# Errors and exit codes", "", *reference.ERRORS, "", *reference.error_lines()])
    yield Page("reference/errors.md", "Errors and exit codes", "Errors", text)
    text = "\n".join(["# Facts and dimensions", "", *reference.RELATIONS, "", *reference.entity_relations()])
    yield Page("reference/relations.md", "Facts and dimensions", "Models", text)
    text = "\n".join(["# The input contract", "", *reference.contract_lines()])
    yield Page("reference/contract.md", "The input contract", "Models", text)


def _setting(part: Part) -> str:
    return f"{part.title} of kind {part.chapter}" if part.chapter else part.title


def _first_page(project: Project, pages: Sequence[Page]) -> Page:
    """What the shop has, and the table of contents of what is written by hand."""
    contents = (documentation() / "docs" / "README.md").read_text("utf-8")
    written = "**Guides**" + contents.split("**Guides**")[1].split("**Reference**")[0]
    folders = ("models", "metrics", "commands")
    counts = {folder: sum(page.path.startswith(folder) for page in pages) - 1 for folder in folders}
    sources = ", ".join(f"`{name}`" for name in project.sources) or "none yet"
    lines = [
        f"# {project.name}",
        "",
        "The warehouse of this shop: what its numbers mean, where they come from, and how it is run. Its sources:",
        f"{sources}.",
        "",
        "| | |",
        "|---|---|",
        f"| [Metrics](metrics/README.md) | {counts['metrics']} numbers: formula, what is left out, SQL |",
        f"| [Models](models/README.md) | {counts['models']} tables: columns, what each column is made of, tests, SQL |",
        "| [Facts and dimensions](reference/relations.md) | the star schema |",
        "| [What the dashboard reads](reference/dashboard.md) | the tables behind each page |",
        f"| [Commands](commands/README.md) | {counts['commands']} of them |",
        "| [Settings](settings/README.md) | the keys of `shophouse.yml` |",
        "| [Errors](reference/errors.md) | exit codes, and what to type |",
        "",
        written,
    ]
    return Page("README.md", "Start", "", "\n".join(lines))


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    incoming = file.with_name(f".{file.name}.{os.getpid()}")
    incoming.write_bytes(content)
    incoming.replace(file)
