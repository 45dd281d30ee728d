from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from shophouse.serve.docs.drawing import draw
from shophouse.serve.docs.mermaid import read
from shophouse.serve.docs.pages import documentation

SVG = "{http://www.w3.org/2000/svg}"
DIAGRAMS = [
    (file, text)
    for file in sorted((documentation() / "docs").rglob("*.md"))
    for text in re.findall(r"```mermaid\n(.*?)```", file.read_text("utf-8"), re.DOTALL)
]


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each rectangle of a node."""
    found = []
    for box in ElementTree.fromstring(svg).iter(f"{SVG}rect"):
        if box.get("class") == "node":
            x, y, width, height = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(("file", "text"), DIAGRAMS, ids=[f"{file.stem}-{at}" for at, (file, _) in enumerate(DIAGRAMS)])
def test_every_diagram_of_the_documentation_is_drawn_without_overlaps(file: Path, text: str) -> None:
    svg = draw(text)
    _, _, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
    drawn = boxes(svg)
    assert len(drawn) + svg.count('class="node" d=') == len(read(text).nodes)
    assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in drawn)
    overlapping = [
        (one, other)
        for one, other in combinations(drawn, 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]
    assert overlapping == []


def test_a_chain_has_its_nodes_edges_and_texts() -> None:
    diagram = read('flowchart LR\n  a["one"] --> b[("two<br/>lines")] -. "said" .-> c\n  c -- no --> a')
    assert {name: node.lines for name, node in diagram.nodes.items()} == {
        "a": ["one"],
        "b": ["two", "lines"],
        "c": ["c"],
    }
    assert [(edge.start, edge.end, edge.text, edge.is_dashed) for edge in diagram.edges] == [
        ("a", "b", "", False),
        ("b", "c", "said", True),
        ("c", "a", "no", False),
    ]


def test_nodes_stand_after_those_that_lead_to_them_also_in_a_circle() -> None:
    svg = draw("flowchart LR\n  a --> b --> c --> a\n  a --> c")
    (a, *_), (b, *_), (c, *_) = boxes(svg)
    assert a < b < c


def test_a_node_leads_where_click_says() -> None:
    svg = draw('flowchart LR\n  a --> b\n  click b href "../b.md"')
    assert [link.get("href") for link in ElementTree.fromstring(svg).iter(f"{SVG}a")] == ["../b.md"]


def test_a_table_has_its_columns_and_a_relation_begins_at_the_row_of_its_column() -> None:
    svg = draw(
        "erDiagram\n  f {\n  bigint k PK\n  bigint d_key FK\n  }\n  d {\n  bigint d_key PK\n  }\n  f }o--|| d : d_key"
    )
    assert texts(svg) == ["f", "k", "bigint PK", "d_key", "bigint FK", "d", "d_key", "bigint PK"]
    start = re.findall(r'class="edge" d="M[\d.]+ ([\d.]+) C', svg)[0]
    row = next(text for text in ElementTree.fromstring(svg).iter(f"{SVG}text") if text.text == "d_key")
    assert abs(float(start) - float(row.attrib["y"])) < 8


@pytest.mark.parametrize(
    "text", ["pie\n a: 1", "flowchart LR\n a ==> b", "flowchart LR\n a --> ", "erDiagram\n a |o--o| b : c"]
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        draw(text)


def test_what_a_node_says_is_not_read_as_markup() -> None:
    assert texts(draw('flowchart LR\n  a["x < y & z"] --> b'))[0] == "x < y & z"
