"""What the site is made of: pages in Markdown, written by hand or from what the shop has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Page", "documentation", "written_pages"]


@dataclass(frozen=True)
class Page:
    """A page: `path` is its file's below the documentation, with .md; links in `text` are relative to it.

    `chapter` is its place in the navigation, `group` that within the chapter.
    """

    path: str
    title: str
    chapter: str
    text: str
    group: str = ""

    @property
    def file(self) -> str:
        """The file of the site."""
        return self.path.removesuffix(".md") + ".html"


def documentation() -> Path:
    """The folder with `docs/` and the pages beside it: in the installed package, or the repository's."""
    package = Path(__file__).resolve().parents[2]
    packaged = package / "documentation"
    return packaged if packaged.is_dir() else package.parents[1]


def written_pages() -> Iterator[Page]:
    """Guides and concepts, in the order of the table of contents, and the pages on changes and decisions."""
    root = documentation()
    contents = (root / "docs" / "README.md").read_text("utf-8")
    for chapter in ("Guides", "Concepts"):
        part = contents.split(f"**{chapter}**")[1].split("\n**")[0]
        for target in re.findall(r"\]\(((?:guides|concepts)/[\w-]+\.md)\)", part):
            yield _page(root / "docs" / target, target, chapter)
    for name in ("DECISIONS.md", "CHANGELOG.md"):
        yield _page(root / name, f"project/{name}", "Project")


def _page(file: Path, path: str, chapter: str) -> Page:
    text = file.read_text("utf-8")
    title = text.splitlines()[0].removeprefix("# ")
    return Page(path, title, chapter, text)
