"""A report's HTML as people read it: what stands in each section, by chapter and heading."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br", "link", "img", "input", "hr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children).strip()

    def all(self, name: str = "", of_class: str = "") -> list[Element]:
        """The elements below it, outermost first, with this name and class."""
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, Element):
                if (not name or child.name == name) and (not of_class or of_class in child.classes):
                    found.append(child)
                found += child.all(name, of_class)
        return found

    def one(self, name: str = "", of_class: str = "") -> Element:
        [found] = self.all(name, of_class)
        return found

    def rows(self) -> list[list[str]]:
        """The cells of the rows of the tables below it."""
        return [[cell.text for cell in row.children if isinstance(cell, Element)] for row in self.all("tr")]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.name == tag, f"<{closed.name}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(html: str) -> Element:
    """Fails where an element is not closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def chapter(page: Element, name: str) -> Element:
    return next(found for found in page.all("section", "chapter") if found.attributes["id"] == name)


def section(page: Element, of: str, title: str) -> Element:
    """A section of the chapter `of`."""
    return next(found for found in chapter(page, of).all("section", "panel") if found.one("h3").text == title)


def figure(page: Element, of: str, metric: str) -> Element:
    return next(f for f in chapter(page, of).all("div", "figure") if f.attributes["data-metric"] == metric)
