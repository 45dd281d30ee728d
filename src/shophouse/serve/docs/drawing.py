"""Diagrams in Mermaid's language as SVG, laid out here: pages then need no script and nothing from another host."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from html import escape
from itertools import pairwise

from shophouse.serve.docs.layout import lay_out
from shophouse.serve.docs.mermaid import LINE, PADDING, Diagram, Edge, Node, read

__all__ = ["draw"]


def draw(text: str, links: Mapping[str, str] | None = None, label: str = "Diagram") -> str:
    """The SVG of a diagram. `links` give addresses to nodes by name. Raises ValueError for what is not understood."""
    diagram = read(text)
    for name, address in (links or {}).items():
        if name in diagram.nodes:
            diagram.nodes[name].href = address
    ways = lay_out(diagram)
    # several may be on one page
    return _svg(diagram, ways, label, f"arrow-{zlib.crc32(text.encode())}")


def _svg(diagram: Diagram, ways: list[tuple[Edge, list[str]]], label: str, arrow: str) -> str:
    nodes = diagram.nodes
    shown = {name: node for name, node in nodes.items() if node.shape != "way"}
    width = max((node.x + node.width / 2 for node in nodes.values()), default=0) + 16
    height = max((node.y + node.height / 2 for node in nodes.values()), default=0) + (22 if diagram.groups else 12)
    role = "group" if any(node.href for node in shown.values()) else "img"
    parts = [
        f'<svg class="diagram" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        # a little smaller where there is little room, and then to be scrolled
        f'style="max-width: max(100%, {0.72 * width:.0f}px); height: auto" '
        f'role="{role}" aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">',
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
        points[0] = (points[0][0], passed[0].y - passed[0].height / 2 + 40 + at * LINE)
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
            y = top + 44 + number * LINE
            right = left + width - PADDING
            drawn += (
                f'<text class="column" x="{left + PADDING:.1f}" y="{y:.1f}">{escape(column)}</text>'
                f'<text class="kind" x="{right:.1f}" y="{y:.1f}">{escape(f"{kind} {key}".strip())}</text>'
            )
    else:
        first = node.y - (lines - 1) * LINE / 2 + 4.5 + (3 if node.shape == "store" else 0)
        for number, line in enumerate(node.lines):
            y = first + number * LINE
            drawn += f'<text class="name" x="{node.x:.1f}" y="{y:.1f}">{escape(line)}</text>'
    return f'<a href="{escape(node.href)}">{drawn}</a>' if node.href else f"<g>{drawn}</g>"
