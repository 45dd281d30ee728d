"""The places of a diagram's nodes: in layers along its arrows, in an order in which few of these cross."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from shophouse.serve.docs.mermaid import Diagram, Edge, Node, width_of

__all__ = ["lay_out"]

_GAP, _APART = 18, 48
_Across = Callable[[Node], float]


def lay_out(diagram: Diagram) -> list[tuple[Edge, list[str]]]:
    """Give every node of the diagram its place, and return the nodes that each edge passes.

    An edge over several layers passes nodes of the shape `way`, which are added to the diagram.
    """
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
        texts[layer_of] = max(texts.get(layer_of, 0.0), width_of(edge.text) * 0.9 if not is_down else 0.0)
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
    layer: list[str], wanted: list[float], position: dict[str, float], nodes: Mapping[str, Node], across: _Across
) -> None:
    """As near to what is wanted as order and size allow: neighbours that would overlap move as one."""
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


def _extent(names: list[str], nodes: Mapping[str, Node], across: _Across) -> float:
    gaps = sum(_apart([a], [b], nodes) for a, b in pairwise(names))
    return float(sum(across(nodes[name]) for name in names) + gaps)


def _apart(upper: list[str], lower: list[str], nodes: Mapping[str, Node]) -> float:
    one, other = nodes[upper[-1]], nodes[lower[0]]
    extra = 26 if one.group != other.group else 0
    return max(_gap(one), _gap(other)) + extra
