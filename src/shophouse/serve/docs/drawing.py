"""Diagrams in Mermaid's language as SVG, laid out here: pages then need no script and nothing from another host.

What is understood is what the documentation uses. A flowchart, left to right or top down: nodes (`a`, `a["text"]`,
`a[("text")]`, `a{"text"}`), chains of edges (`-->`, `-.->`, with a text or without), `subgraph name["title"]`, and
`click a href "address"`. An entity-relationship diagram: tables with their columns, and `many }o--|| one : column`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

__all__ = ["Diagram", "draw", "read"]

_NODE = r'([\w.]+)(?:(\[\(|\[|\{)"?(.*?)"?(\)\]|\]|\}))?'
_EDGE = re.compile(r'\s*(?:(-->|-\.->)(?:\|"?(.*?)"?\|)?|(--|-\.)\s*"?(.*?)"?\s*(-->|\.->))\s*')
_RELATION = re.compile(r"(\w+) \}o--\|\| (\w+) : (\w+)")
_LINE, _PADDING, _GAP, _APART = 18, 12, 18, 48
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
        return max(map(_width, texts), default=0) + 2 * _PADDING + (24 if self.shape == "question" else 0)

    @property
    def height(self) -> float:
        if self.shape == "way":
            return 4
        lines = len(self.lines) + len(self.rows)
        return lines * _LINE + 14 + (10 if self.shape in ("store", "question") else 0) + (8 if self.rows else 0)


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


def draw(text: str, links: Mapping[str, str] | None = None, label: str = "Diagram") -> str:
    """The SVG of a diagram. `links` give addresses to nodes by name. Raises ValueError for what is not understood."""
    diagram = read(text)
    for name, address in (links or {}).items():
        if name in diagram.nodes:
            diagram.nodes[name].href = address
    ways = _lay_out(diagram)
    # several may be on one page
    return _svg(diagram, ways, label, f"arrow-{zlib.crc32(text.encode())}")


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
        found = re.compile(_NODE).match(line, at)
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


def _lay_out(diagram: Diagram) -> list[tuple[Edge, list[str]]]:
    """Give every node its place; returns the nodes that each edge passes."""
    nodes = diagram.nodes
    forward = _without_circles(diagram)
    _give_layers(nodes, forward)
    ways = []
    for edge in diagram.edges:
        step = 1 if nodes[edge.start].layer < nodes[edge.end].layer else -1
        passed = [edge.start]
        for layer in range(nodes[edge.start].layer + step, nodes[edge.end].layer, step):
            way = f"{edge.start}>{edge.end}>{layer}"
            nodes.setdefault(way, Node([], "way", layer=layer))
            passed.append(way)
        ways.append((edge, [*passed, edge.end]))
    pairs = [pair for _, passed in ways for pair in pairwise(passed)]
    layers = _ordered(nodes, pairs)
    _place(diagram, layers, pairs)
    return ways


def _without_circles(diagram: Diagram) -> list[tuple[str, str]]:
    """The edges but those that lead back."""
    below: dict[str, list[str]] = {name: [] for name in diagram.nodes}
    for edge in diagram.edges:
        below[edge.start].append(edge.end)
    kept: list[tuple[str, str]] = []
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        for end in below[name]:
            if end in above or end == name:
                continue
            kept.append((name, end))
            if end not in done:
                visit(end, (*above, name))
        done.add(name)

    for name in diagram.nodes:
        if name not in done:
            visit(name, ())
    return kept


def _give_layers(nodes: Mapping[str, Node], forward: list[tuple[str, str]]) -> None:
    for _ in nodes:
        moved = False
        for start, end in forward:
            if nodes[end].layer <= nodes[start].layer:
                nodes[end].layer = nodes[start].layer + 1
                moved = True
        if not moved:
            break
    # what nothing leads to stands beside what it leads to
    for name in nodes:
        ends = [nodes[end].layer for start, end in forward if start == name]
        if ends and not any(end == name for _, end in forward):
            nodes[name].layer = min(ends) - 1


def _ordered(nodes: Mapping[str, Node], pairs: list[tuple[str, str]]) -> list[list[str]]:
    """The nodes of each layer in an order in which few edges cross."""
    layers: list[list[str]] = [[] for _ in range(max((node.layer for node in nodes.values()), default=0) + 1)]
    for name, node in nodes.items():
        layers[node.layer].append(name)
    beside: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in pairs:
        beside[start].append(end)
        beside[end].append(start)
    for sweep in range(8):
        order = range(len(layers)) if sweep % 2 == 0 else range(len(layers) - 1, -1, -1)
        for number in order:
            side = number - 1 if sweep % 2 == 0 else number + 1
            if not 0 <= side < len(layers):
                continue
            at = {name: place for place, name in enumerate(layers[side])}

            def middle(name: str, at: Mapping[str, int] = at, here: list[str] = layers[number]) -> float:
                found = [at[other] for other in beside[name] if other in at]
                return sum(found) / len(found) if found else here.index(name)

            groups = {name: nodes[name].group for name in layers[number]}
            weight: dict[str, list[float]] = {}
            for name in layers[number]:
                weight.setdefault(groups[name], []).append(middle(name))
            first = {group: sum(found) / len(found) for group, found in weight.items()}
            layers[number] = sorted(layers[number], key=lambda n: (first[groups[n]], groups[n], middle(n)))
    return layers


def _place(diagram: Diagram, layers: list[list[str]], pairs: list[tuple[str, str]]) -> None:
    nodes, is_down = diagram.nodes, diagram.is_down

    def across(node: Node) -> float:
        return node.width if is_down else node.height

    position = dict.fromkeys(nodes, 0.0)
    for layer in layers:
        at = 0.0
        for name in layer:
            position[name] = at + across(nodes[name]) / 2
            at += across(nodes[name]) + _gap(nodes[name])
    sides: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in nodes}
    for start, end in pairs:
        sides[start][1].append(end)
        sides[end][0].append(start)

    def wanted(name: str) -> float:
        # either side pulls as strongly, however many are on it
        means = [sum(position[other] for other in side) / len(side) for side in sides[name] if side]
        return sum(means) / len(means) if means else position[name]

    for _ in range(200):
        before = dict(position)
        for layer in layers:
            _spread(layer, [wanted(name) for name in layer], position, nodes, across)
        if all(abs(before[name] - at) < 0.05 for name, at in position.items()):
            break
    least = min((position[name] - across(nodes[name]) / 2 for name in nodes), default=0.0)
    along = 0.0
    top = 34.0 if diagram.groups else 12.0
    texts: dict[int, float] = {}
    for edge in diagram.edges:
        layer_of = min(nodes[edge.start].layer, nodes[edge.end].layer)
        texts[layer_of] = max(texts.get(layer_of, 0.0), _width(edge.text) * 0.9 if not is_down else 0.0)
    for number, layer in enumerate(layers):
        deep = max((nodes[n].height if is_down else nodes[n].width) for n in layer) if layer else 0.0
        for name in layer:
            node, here = nodes[name], position[name] - least
            if is_down:
                node.x, node.y = 16 + here, top + along + deep / 2
            else:
                node.x, node.y = 16 + along + deep / 2, top + here
        along += deep + max(_APART, texts.get(number, 0.0) + 28)


def _gap(node: Node) -> float:
    return 8 if node.shape == "way" else _GAP


def _spread(
    layer: list[str], wanted: list[float], position: dict[str, float], nodes: Mapping[str, Node], across: object
) -> None:
    """As near to what is wanted as order and size allow: neighbours that would overlap move as one."""
    assert callable(across)
    blocks: list[tuple[list[str], float]] = []
    for name, want in zip(layer, wanted, strict=True):
        blocks.append(([name], want))
        while len(blocks) > 1:
            (upper, upper_at), (lower, lower_at) = blocks[-2], blocks[-1]
            reach = (_extent(upper, nodes, across) + _extent(lower, nodes, across)) / 2 + _apart(upper, lower, nodes)
            if lower_at - upper_at >= reach:
                break
            share = len(lower) / (len(upper) + len(lower))
            middle = upper_at * (1 - share) + lower_at * share
            blocks[-2:] = [([*upper, *lower], middle)]
    for names, middle in blocks:
        at = middle - _extent(names, nodes, across) / 2
        for name, after in zip(names, [*names[1:], ""], strict=True):
            size = across(nodes[name])
            position[name] = at + size / 2
            at += size + (_apart([name], [after], nodes) if after else 0)


def _extent(names: list[str], nodes: Mapping[str, Node], across: object) -> float:
    assert callable(across)
    gaps = sum(_apart([a], [b], nodes) for a, b in pairwise(names))
    return float(sum(across(nodes[name]) for name in names) + gaps)


def _apart(upper: list[str], lower: list[str], nodes: Mapping[str, Node]) -> float:
    one, other = nodes[upper[-1]], nodes[lower[0]]
    extra = 26 if one.group != other.group else 0
    return max(_gap(one), _gap(other)) + extra


def _svg(diagram: Diagram, ways: list[tuple[Edge, list[str]]], label: str, arrow: str) -> str:
    nodes = diagram.nodes
    shown = {name: node for name, node in nodes.items() if node.shape != "way"}
    width = max((node.x + node.width / 2 for node in nodes.values()), default=0) + 16
    height = max((node.y + node.height / 2 for node in nodes.values()), default=0) + (22 if diagram.groups else 12)
    parts = [
        f'<svg class="diagram" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        # a little smaller where there is little room, and then to be scrolled
        f'style="max-width: max(100%, {0.72 * width:.0f}px); height: auto" '
        f'role="{"group" if any(node.href for node in shown.values()) else "img"}" aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">',
        f'<defs><marker id="{arrow}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        '<path d="M0 0 8 4 0 8z" class="head"/></marker></defs>',
    ]
    for group, title in diagram.groups.items():
        inside = [node for node in shown.values() if node.group == group]
        left, right = min(n.x - n.width / 2 for n in inside) - 12, max(n.x + n.width / 2 for n in inside) + 12
        top, bottom = min(n.y - n.height / 2 for n in inside) - 28, max(n.y + n.height / 2 for n in inside) + 12
        parts.append(
            f'<rect class="group" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" rx="8"/>'
            f'<text class="group-title" x="{left + 12:.1f}" y="{top + 18:.1f}">{escape(title)}</text>'
        )
    for edge, passed in ways:
        parts.append(_arrow(edge, [nodes[name] for name in passed], arrow, is_down=diagram.is_down))
    parts += [_box(node) for node in shown.values()]
    return "\n".join([*parts, "</svg>"])


def _arrow(edge: Edge, passed: list[Node], arrow: str, *, is_down: bool) -> str:
    forward = passed[-1].layer >= passed[0].layer
    sign = 1 if forward else -1
    points: list[tuple[float, float]] = []
    for number, node in enumerate(passed):
        half = (node.height if is_down else node.width) / 2
        sides = [sign * half] if number == 0 else [-sign * half] if number == len(passed) - 1 else [0.0]
        for side in sides:
            points.append((node.x, node.y + side) if is_down else (node.x + side, node.y))
    if edge.is_relation:
        # from the column's own row
        at = [column for _, column, _ in passed[0].rows].index(edge.text)
        points[0] = (points[0][0], passed[0].y - passed[0].height / 2 + 40 + at * _LINE)
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        if is_down:
            path += f" C{x1:.1f} {(y1 + y2) / 2:.1f} {x2:.1f} {(y1 + y2) / 2:.1f} {x2:.1f} {y2:.1f}"
        else:
            path += f" C{(x1 + x2) / 2:.1f} {y1:.1f} {(x1 + x2) / 2:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    kind = "edge dashed" if edge.is_dashed else "edge"
    end = "" if edge.is_relation else f' marker-end="url(#{arrow})"'
    drawn = f'<path class="{kind}" d="{path}"{end}/>'
    if edge.is_relation:
        (x1, y1), (x2, y2) = points[0], points[-1]
        drawn += f'<path class="edge" d="M{x1:.1f} {y1 - 5:.1f} l9 5 l-9 5 M{x2 - 8:.1f} {y2 - 5:.1f} v10"/>'
    elif edge.text:
        (x1, y1), (x2, y2) = points[0], points[1]
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        drawn += f'<text class="edge-text" x="{x:.1f}" y="{y - 3:.1f}">{escape(edge.text)}</text>'
    return drawn


def _box(node: Node) -> str:
    left, top, width, height = node.x - node.width / 2, node.y - node.height / 2, node.width, node.height
    if node.shape == "store":
        there, back = (f"a{width / 2:.1f} 6 0 0 0 {sign}{width:.1f} 0" for sign in ("", "-"))
        side = height - 12
        drawn = f'<path class="node" d="M{left:.1f} {top + 6:.1f} v{side:.1f} {there} v-{side:.1f} {back} {there}"/>'
    elif node.shape == "question":
        drawn = (
            f'<path class="node" d="M{left + 14:.1f} {top:.1f} h{width - 28:.1f} l14 {height / 2:.1f} '
            f'l-14 {height / 2:.1f} h-{width - 28:.1f} l-14 -{height / 2:.1f} z"/>'
        )
    else:
        drawn = f'<rect class="node" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"/>'
    lines = len(node.lines)
    if node.rows:
        drawn += f'<text class="name" x="{node.x:.1f}" y="{top + 18:.1f}">{escape(node.lines[0])}</text>'
        drawn += f'<path class="edge" d="M{left:.1f} {top + 26:.1f} h{width:.1f}"/>'
        for number, (kind, column, key) in enumerate(node.rows):
            y = top + 44 + number * _LINE
            right = left + width - _PADDING
            drawn += (
                f'<text class="column" x="{left + _PADDING:.1f}" y="{y:.1f}">{escape(column)}</text>'
                f'<text class="kind" x="{right:.1f}" y="{y:.1f}">{escape(f"{kind} {key}".strip())}</text>'
            )
    else:
        first = node.y - (lines - 1) * _LINE / 2 + 4.5 + (3 if node.shape == "store" else 0)
        for number, line in enumerate(node.lines):
            y = first + number * _LINE
            drawn += f'<text class="name" x="{node.x:.1f}" y="{y:.1f}">{escape(line)}</text>'
    return f'<a href="{escape(node.href)}">{drawn}</a>' if node.href else f"<g>{drawn}</g>"


def _width(text: str) -> float:
    """About how wide a text of 13 pixels is, in whatever font there is: rather too wide than cut off."""
    units = sum(0.34 if c in _NARROW else 0.92 if c in _WIDE else 0.7 if c.isupper() else 0.6 for c in text)
    return units * 13
