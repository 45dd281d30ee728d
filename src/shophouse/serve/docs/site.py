"""Pages as a static site: it works from a folder and from any web server, and asks no other host for anything."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from shophouse.serve.docs.drawing import draw
from shophouse.serve.docs.pages import Page

__all__ = ["Site"]

_HERE = Path(__file__).parent
_ASSETS = ("site.css", "site.js")
_CLICK = re.compile(r'(click \S+ href )"([^"]+)"')
_COLUMN = re.compile(r"[a-z]\w*\.[a-z]\w*")
_COMMENT = re.compile(r"<!--.*?-->\n*", re.DOTALL)
# what a page of the repository has together, and the site on pages of its own
_MOVED = {
    "README.md": "README.md",
    "metrics.md": "metrics/README.md",
    "reference/models.md": "models/README.md",
    "reference/commands.md": "commands/README.md",
    "reference/settings.md": "settings/README.md",
    "errors.md": "reference/errors.md",
    "commands/errors.md": "reference/errors.md",
    "reference/relations.md": "reference/relations.md",
}
_CHAPTERS = ("Guides", "Concepts", "Metrics", "Models", "Commands", "Settings", "Errors", "Project")


@dataclass(frozen=True)
class _Section:
    """A part of a page that can be found: its heading, its anchor, and its words."""

    title: str
    anchor: str
    words: str


class Site:
    """The pages of a site. `shop` is its name; `extra` are further addresses of the navigation, by title."""

    def __init__(self, shop: str, pages: Sequence[Page], extra: Mapping[str, str]) -> None:
        self.shop = shop
        self.pages = {page.path: page for page in pages}
        self._extra = extra
        self._template = Template((_HERE / "page.html").read_text("utf-8"))
        self._index: list[dict[str, str]] = []

    def files(self) -> Iterator[tuple[str, str]]:
        """Each file of the site and its text, the index of the search last."""
        for page in self.pages.values():
            yield _file(page.path), self._html(page)
        for name in _ASSETS:
            text = (_HERE / name).read_text("utf-8")
            yield name, text + (_colours() if name == "site.css" else "")
        yield "search.js", f"window.shophouseSearch = {json.dumps(self._index, ensure_ascii=False)};\n"

    def _html(self, page: Page) -> str:
        tokens = _MARKDOWN.parse(_COMMENT.sub("", page.text))
        _give_anchors(tokens, rows=page.chapter in ("Models", "Settings"))
        for token in tokens:
            if token.type == "fence" and token.info == "mermaid":
                token.content = _CLICK.sub(
                    lambda found: f'{found[1]}"{self._address(page, found[2]) or ""}"', token.content
                )
            for child in token.children or ():
                if child.type == "link_open":
                    self._lead(page, child)
            if token.children:
                _close_spans(token.children)
        for section in _sections(page, tokens):
            self._index.append(
                {
                    "t": section.title,
                    "p": _file(page.path) + section.anchor,
                    "c": page.title if section.anchor else page.group or page.chapter,
                    "w": section.words,
                }
            )
        headings = [
            (token.attrs["id"], _plain(tokens[at + 1]))
            for at, token in enumerate(tokens)
            if token.type == "heading_open" and token.tag == "h2"
        ]
        up = "../" * page.path.count("/")
        return self._template.substitute(
            title=escape(page.title),
            shop=escape(self.shop),
            up=up,
            chapters=self._chapters(page, up),
            body=_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
            contents="".join(f'<li><a href="#{anchor}">{_broken(text)}</a></li>' for anchor, text in headings),
            around=self._around(page, up),
        )

    def _lead(self, page: Page, link: Token) -> None:
        """Let a link of the Markdown lead to a page of the site; one that leads out of it becomes plain text."""
        target = str(link.attrs["href"])
        if re.match(r"[a-z]+:", target):
            link.attrs["rel"] = "noopener"
            return
        if target.startswith("#"):
            return
        address = self._address(page, target)
        if address is None:
            link.tag, link.attrs = "span", {"class": "elsewhere", "title": target}
        else:
            link.attrs["href"] = address

    def _address(self, page: Page, target: str) -> str | None:
        """Where a path of the documentation is, as seen from a page; None where it is not on the site."""
        path, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), path))
        if place.startswith("images/"):
            return posixpath.relpath(place, posixpath.dirname(_file(page.path)) or ".")
        found = self._found(place, anchor)
        found = found or self._found(path.removeprefix("docs/"), anchor)
        if found is None:
            return None
        there, anchor = found
        relative = posixpath.relpath(_file(there), posixpath.dirname(_file(page.path)) or ".")
        return relative + (f"#{anchor}" if anchor else "")

    def _found(self, path: str, anchor: str) -> tuple[str, str] | None:
        """The page that a path of the repository's documentation is on, and the anchor there."""
        if path in self.pages:
            return path, anchor
        moved = _MOVED.get(path)
        if moved is None or moved not in self.pages:
            return None
        folder = posixpath.dirname(moved)
        for name in (anchor, anchor.removeprefix("shophouse-")):
            if anchor and f"{folder}/{name}.md" in self.pages:
                return f"{folder}/{name}.md", ""
        if anchor == "input-contract":
            return "reference/contract.md", ""
        return moved, anchor if path != "reference/settings.md" else ""

    @cached_property
    def _by_chapter(self) -> dict[str, list[Page]]:
        found: dict[str, list[Page]] = {chapter: [] for chapter in _CHAPTERS}
        for page in self.pages.values():
            found.setdefault(page.chapter, []).append(page)
        return {chapter: sorted(pages, key=_rank) for chapter, pages in found.items()}

    def _chapters(self, page: Page, up: str) -> str:
        """The navigation: every chapter, and the pages of the one that the page is in."""
        lines = [f'<li><a href="{up}index.html"{_here(page.path == "README.md")}>Start</a></li>']
        for chapter in _CHAPTERS:
            pages = self._by_chapter[chapter]
            if not pages:
                continue
            is_here = pages[0] is page and (len(pages) == 1 or page.path.endswith("README.md"))
            lines.append(f'<li><a href="{up}{_file(pages[0].path)}"{_here(is_here)}>{chapter}</a>')
            if chapter == page.chapter and len(pages) > 1:
                lines.append(self._pages(pages, page, up))
            lines.append("</li>")
        lines += [f'<li><a href="{up}{address}">{escape(title)}</a></li>' for title, address in self._extra.items()]
        return "\n".join(lines)

    def _pages(self, pages: Sequence[Page], page: Page, up: str) -> str:
        lines = ["<ul>"]
        group = ""
        for other in pages:
            if other.group != group and other.group:
                group = other.group
                is_here = group == page.group
                first = f'<a href="{up}{_file(other.path)}">{escape(group)}</a>'
                lines.append(f'<li class="group{" open" if is_here else ""}">{first}</li>')
            if other.path.endswith("/README.md") or (other.group and other.group != page.group):
                continue
            lines.append(f'<li><a href="{up}{_file(other.path)}"{_here(other is page)}>{_broken(other.title)}</a></li>')
        return "\n".join([*lines, "</ul>"])

    def _around(self, page: Page, up: str) -> str:
        """Links to the page before and after, within the chapter."""
        pages = self._by_chapter.get(page.chapter, [])
        if page not in pages:
            return ""
        at = pages.index(page)
        lines = []
        for word, other in (("before", pages[at - 1] if at else None), ("after", [*pages, None][at + 1])):
            if other is not None:
                lines.append(f'<a class="{word}" href="{up}{_file(other.path)}">{escape(other.title)}</a>')
        return "".join(lines)


def _rank(page: Page) -> tuple[bool, bool]:
    return bool(page.group), not page.path.endswith("README.md")


def _file(path: str) -> str:
    return re.sub(r"(^|/)README\.md$", r"\1index.md", path).removesuffix(".md") + ".html"


def _here(is_here: bool) -> str:
    return ' aria-current="page"' if is_here else ""


def _broken(name: str) -> str:
    """A name that may be broken after a point or an underscore, where the line ends."""
    return re.sub("([._])", r"\1<wbr>", escape(name))


def _text(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    text = tokens[at].content
    return _broken(text) if _COLUMN.fullmatch(text) else escape(text, quote=False)


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))


def _give_anchors(tokens: Sequence[Token], *, rows: bool) -> None:
    """Give headings, and with `rows` the rows that begin with a name, an id, as GitHub gives it."""
    given: dict[str, int] = {}

    def unique(name: str) -> str:
        given[name] = given.get(name, -1) + 1
        return f"{name}-{given[name]}" if given[name] else name

    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrs["id"] = unique(re.sub(r"[^\w -]", "", _plain(tokens[at + 1]).lower()).replace(" ", "-"))
        elif rows and token.type == "tr_open" and tokens[at + 1].type == "td_open":
            children = tokens[at + 2].children or []
            if children and children[0].type == "code_inline":
                token.attrs["id"] = unique(children[0].content)


def _close_spans(children: Sequence[Token]) -> None:
    opened: list[str] = []
    for child in children:
        if child.type == "link_open":
            opened.append(child.tag)
        elif child.type == "link_close":
            child.tag = opened.pop()


def _sections(page: Page, tokens: Sequence[Token]) -> Iterator[_Section]:
    """The page, and its parts below headings of the second rank, with their words."""
    parts: list[tuple[str, str, list[str]]] = [(page.title, "", [])]
    splits = page.chapter in ("Guides", "Concepts", "Project", "Errors")
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2" and splits:
            parts.append((_plain(tokens[at + 1]), f"#{token.attrs['id']}", []))
        elif token.type == "inline":
            parts[-1][2].append(_plain(token))
        elif token.type == "fence" and splits and token.info != "mermaid":
            parts[-1][2].append(token.content)
    for title, anchor, words in parts:
        yield _Section(title, anchor, " ".join(" ".join(words).split()))


def _fence(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    language, _, more = token.info.strip().partition(" ")
    if language == "mermaid":
        return f'<div class="scroll drawing" tabindex="0">{draw(token.content)}</div>\n'
    code = f'<pre class="code" tabindex="0"><code>{_highlighted(token.content, language)}</code></pre>\n'
    if more.startswith("folded "):
        return f"<details><summary>{escape(more.removeprefix('folded '))}</summary>{code}</details>\n"
    return code


def _highlighted(text: str, language: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language) if language else None
    except ClassNotFound:
        lexer = None
    return highlight(text, lexer, HtmlFormatter(nowrap=True)) if lexer else escape(text)


def _colours() -> str:
    """The rules that colour code, by light and dark."""
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        found: str = HtmlFormatter(style=style).get_style_defs("pre.code")
        return "\n".join(line for line in found.splitlines() if line.startswith("pre.code ."))

    def dark(scope: str) -> str:
        return re.sub(r"^pre\.code", f"{scope} pre.code", rules("github-dark"), flags=re.MULTILINE)

    by_choice = dark(":root[data-theme=dark]")
    by_system = dark(":root:not([data-theme=light])")
    return f"\n{rules('xcode')}\n{by_choice}\n@media (prefers-color-scheme: dark) {{\n{by_system}\n}}\n"


def _markdown() -> MarkdownIt:
    # html is shown as text: descriptions may have signs that look like it
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("text", _text)
    markdown.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return markdown


_MARKDOWN = _markdown()
