"""Diagrams in Mermaid's language, read: nodes, edges and groups.

What is understood is what the documentation uses. A flowchart, left to right or top down: nodes (`a`, `a["text"]`,
`a[("text")]`, `a{"text"}`), chains of edges (`-->`, `-.->`, with a text or without), `subgraph name["title"]`, and
`click a href "address"`. An entity-relationship diagram: tables with their columns, and `many }o--|| one : column`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["LINE", "PADDING", "Diagram", "Edge", "Node", "read", "width_of"]

LINE, PADDING = 18, 12
"""The height of a line of text, and the room on either side of it, in pixels."""

_NODE = re.compile(r'([\w.]+)(?:(\[\(|\[|\{)"?(.*?)"?(\)\]|\]|\}))?')
_EDGE = re.compile(r'\s*(?:(-->|-\.->)(?:\|"?(.*?)"?\|)?|(--|-\.)\s*"?(.*?)"?\s*(-->|\.->))\s*')
_RELATION = re.compile(r"(\w+) \}o--\|\| (\w+) : (\w+)")
_NARROW, _WIDE = set("iljtfr.,:;'|!()[]I -"), set("mwMW@%")


@dataclass
class Node:
    """A box: its lines of text, where it leads, and where it was laid."""

    lines: list[str]
    shape: str = "box"
    href: str = ""
    group: str = ""
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    """Of a table: type, column, and PK or FK."""
    layer: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        texts = [*self.lines, *("   ".join(row) for row in self.rows)]
        return max(map(width_of, texts), default=0) + 2 * PADDING + (24 if self.shape == "question" else 0)

    @property
    def height(self) -> float:
        if self.shape == "way":
            return 4
        lines = len(self.lines) + len(self.rows)
        return lines * LINE + 14 + (10 if self.shape in ("store", "question") else 0) + (8 if self.rows else 0)


@dataclass(frozen=True)
class Edge:
    """An arrow from one node to another."""

    start: str
    end: str
    text: str = ""
    is_dashed: bool = False
    is_relation: bool = False


@dataclass
class Diagram:
    """What a text in Mermaid's language says."""

    nodes: dict[str, Node]
    edges: list[Edge]
    groups: dict[str, str]
    is_down: bool = False


def read(text: str) -> Diagram:
    """Raises ValueError with the first line that is not understood."""
    first, *lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if first in ("flowchart LR", "flowchart TD", "flowchart TB"):
        return _read_flowchart(lines, is_down=first != "flowchart LR")
    if first == "erDiagram":
        return _read_tables(lines)
    raise ValueError(f"not a diagram that is drawn here: {first}")


def _read_flowchart(lines: Iterable[str], *, is_down: bool) -> Diagram:
    diagram = Diagram({}, [], {}, is_down)
    group = ""
    for line in lines:
        if found := re.fullmatch(r'subgraph (\w+)(?:\["?(.*?)"?\])?', line):
            group = found[1]
            diagram.groups[group] = found[2] or group
        elif line == "end":
            group = ""
        elif found := re.fullmatch(r'click ([\w.]+) (?:href )?"(.*?)"', line):
            diagram.nodes[found[1]].href = found[2]
        else:
            _read_chain(diagram, line, group)
    return diagram


def _read_chain(diagram: Diagram, line: str, group: str) -> None:
    at, before, edge = 0, "", None
    while True:
        found = _NODE.match(line, at)
        if found is None:
            raise ValueError(f"not understood: {line}")
        name, opened, text = found[1], found[2], found[3]
        if name not in diagram.nodes:
            diagram.nodes[name] = Node([name], group=group)
        if opened:
            diagram.nodes[name].lines = re.split(r"<br ?/?>", text)
            diagram.nodes[name].shape = {"[(": "store", "[": "box", "{": "question"}[opened]
        if edge is not None:
            said = edge[2] or edge[4] or ""
            diagram.edges.append(Edge(before, name, said, "." in (edge[1] or edge[3])))
        before, at = name, found.end()
        if at == len(line):
            return
        edge = _EDGE.match(line, at)
        if edge is None or edge.end() == at:
            raise ValueError(f"not understood: {line}")
        at = edge.end()


def _read_tables(lines: Iterable[str]) -> Diagram:
    diagram = Diagram({}, [], {})
    table: Node | None = None
    for line in lines:
        if found := re.fullmatch(r"(\w+) \{", line):
            table = diagram.nodes.setdefault(found[1], Node([found[1]], "table"))
        elif line == "}":
            table = None
        elif table is not None and (found := re.fullmatch(r"(\S+) (\w+)(?: (PK|FK|PK, ?FK))?", line)):
            table.rows.append((found[1], found[2], found[3] or ""))
        elif found := _RELATION.fullmatch(line):
            for name in (found[1], found[2]):
                diagram.nodes.setdefault(name, Node([name], "table"))
            diagram.edges.append(Edge(found[1], found[2], found[3], is_relation=True))
        else:
            raise ValueError(f"not understood: {line}")
    return diagram


def width_of(text: str) -> float:
    """About how wide a text of 13 pixels is, in whatever font there is: rather too wide than cut off."""
    units = sum(0.34 if c in _NARROW else 0.92 if c in _WIDE else 0.7 if c.isupper() else 0.6 for c in text)
    return units * 13
