"""The pages on the shop's own tables, from what dbt knows of them: models, raw tables, the dashboard's pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from shophouse.metrics import Catalogue
from shophouse.metrics.page import metric_lines
from shophouse.serve.docs.lineage import Origin, column_lineage
from shophouse.serve.docs.overview import LAYERS
from shophouse.serve.docs.pages import Page
from shophouse.serve.docs.reference import cell

__all__ = ["Warehouse"]

_KINDS = ("model", "seed", "snapshot")
_MOST = 14


class Warehouse:
    """What dbt's manifest and catalog say of a shop's tables, and the metrics that are calculated from them."""

    def __init__(
        self, manifest: Mapping[str, Any], catalog: Mapping[str, Any], catalogue: Catalogue, dialect: str
    ) -> None:
        self._catalogue = catalogue
        self._dialect = dialect
        self._nodes: dict[str, Any] = {
            **{name: node for name, node in manifest["nodes"].items() if node["resource_type"] in _KINDS},
            **manifest["sources"],
        }
        self._exposures: Mapping[str, Any] = manifest["exposures"]
        self._below: dict[str, list[str]] = {}
        self._tests: dict[str, list[Any]] = {}
        for name, node in [*self._nodes.items(), *self._exposures.items()]:
            for above in node.get("depends_on", {}).get("nodes", ()):
                self._below.setdefault(above, []).append(name)
        for node in manifest["nodes"].values():
            if node["resource_type"] == "test" and node.get("attached_node"):
                self._tests.setdefault(node["attached_node"], []).append(node)
        self._built = {name: found["columns"] for part in ("nodes", "sources") for name, found in catalog[part].items()}
        self._metrics: dict[str, list[str]] = {}
        for name in catalogue.metrics:
            for leaf in catalogue.leaves(name):
                for model in catalogue.metrics[leaf].expressions:
                    listed = self._metrics.setdefault(catalogue.semantic_models[model].model, [])
                    if name not in listed:
                        listed.append(name)

    def pages(self) -> Iterator[Page]:
        """A page for each model, seed, snapshot and raw table, one for each metric, and one of the dashboard's."""
        yield from self._model_pages()
        yield from self._metric_pages()
        yield self._dashboard_page()

    def address(self, unique_id: str) -> str:
        """The page of a table, below the documentation."""
        if unique_id in self._exposures:
            return f"reference/dashboard.md#{self._exposures[unique_id]['name']}"
        return f"models/{self._names[unique_id]}.md"

    @cached_property
    def _names(self) -> dict[str, str]:
        """The name of each table's page: its own, with what it belongs to before it where another has the same."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for unique_id, node in sorted(self._nodes.items(), key=lambda one: one[1]["resource_type"] == "source"):
            name = node["name"]
            if node["resource_type"] == "source":
                name = f"{node['schema']}-{node.get('identifier') or name}"
            if name in taken:
                name = f"{node['package_name']}-{name}"
            taken.add(name)
            found[unique_id] = name
        return found

    @cached_property
    def _by_relation(self) -> dict[tuple[str, str], str]:
        return {(node["schema"], _table(node)): unique_id for unique_id, node in self._nodes.items()}

    @cached_property
    def _tables(self) -> dict[str, dict[str, dict[str, str]]]:
        tables: dict[str, dict[str, dict[str, str]]] = {}
        for unique_id, node in self._nodes.items():
            columns = [name for name, _, _ in self._columns(unique_id)]
            tables.setdefault(node["schema"], {})[_table(node)] = dict.fromkeys(columns, "unknown")
        return tables

    def _columns(self, unique_id: str) -> list[tuple[str, str, str]]:
        """Name, type and description of each column: as built where it is, and else as described."""
        described = {name.lower(): column for name, column in self._nodes[unique_id]["columns"].items()}
        built = {name.lower(): column for name, column in self._built.get(unique_id, {}).items()}
        found = []
        for name in dict.fromkeys([*(built or described)]):
            kind = built[name]["type"] if name in built else described[name].get("data_type") or ""
            text = described.get(name, {}).get("description") or ""
            found.append((name, str(kind).lower(), " ".join(text.split())))
        return found

    def _model_pages(self) -> Iterator[Page]:
        order = ["marts", "aggregates", "core", "input", "staging", "raw", "reference", "snapshots", "ops", "changes"]
        by_layer: dict[str, list[str]] = {}
        for unique_id in sorted(self._nodes, key=lambda one: self._names[one]):
            by_layer.setdefault(self._nodes[unique_id]["schema"], []).append(unique_id)
        layers = sorted(by_layer, key=lambda layer: (order.index(layer) if layer in order else len(order), layer))
        lines = ["# Models", "", "Every table of this shop, by the layer that it is in.", ""]
        for layer in layers:
            lines += [f"## {layer}", "", LAYERS.get(layer, _OTHER_LAYERS.get(layer, "")), ""]
            for unique_id in by_layer[layer]:
                node = self._nodes[unique_id]
                said = " ".join(node["description"].split())
                lines.append(f"- [{_title(node)}]({self._names[unique_id]}.md): {said}")
            lines.append("")
        yield Page("models/README.md", "Models", "Models", "\n".join(lines))
        for layer in layers:
            for unique_id in by_layer[layer]:
                node = self._nodes[unique_id]
                text = "\n".join(self._model(unique_id, node))
                yield Page(f"models/{self._names[unique_id]}.md", _title(node), "Models", text, layer)

    def _model(self, unique_id: str, node: Mapping[str, Any]) -> Iterator[str]:
        yield from (f"# {_title(node)}", "", " ".join(node["description"].split()), "")
        made = node.get("config", {}).get("materialized") or node["resource_type"]
        where = f"`{node['schema']}.{_table(node)}`"
        yield from ("| | |", "|---|---|", f"| table | {where} |", f"| made as | {made} |")
        yield f"| project | {node['package_name']}, `{node['original_file_path']}` |"
        meta = node.get("config", {}).get("meta") or {}
        for key in ("files", "delivery", "key", "required", "entity", "raw_table"):
            if key in meta:
                value = ", ".join(meta[key]) if isinstance(meta[key], list) else str(meta[key])
                yield f"| {key.replace('_', ' ')} | {cell(value)} |"
        yield ""
        yield from self._column_lines(unique_id, node)
        yield from self._lineage_lines(unique_id, node)
        yield from self._use_lines(unique_id, node)
        if tests := self._tests.get(unique_id):
            yield from ("## Tests", "")
            for test in sorted(tests, key=lambda one: one["name"]):
                kind = (test.get("test_metadata") or {}).get("name", "its own SQL")
                yield f"- `{test['name']}`: {kind}"
            yield ""
        if node.get("raw_code") and node["resource_type"] == "model":
            yield from ("## SQL", "", "```sql", node["raw_code"].strip(), "```", "")
            if node.get("compiled_code"):
                yield from ("```sql folded As compiled", node["compiled_code"].strip(), "```")

    def _column_lines(self, unique_id: str, node: Mapping[str, Any]) -> Iterator[str]:
        columns = self._columns(unique_id)
        if not columns:
            return
        lineage: dict[str, tuple[Origin, ...]] = {}
        if node.get("compiled_code") and node["resource_type"] == "model":
            lineage = column_lineage(node["compiled_code"], self._dialect, self._tables)
        lineage = {name.lower(): origins for name, origins in lineage.items()}
        yield from ("## Columns", "")
        if lineage:
            yield "*Made of* names the columns that a value is calculated from: none of a constant or a count of rows."
            yield ""
            yield from ("| column | type | what it is | made of |", "|---|---|---|---|")
        else:
            yield from ("| column | type | what it is |", "|---|---|---|")
        for name, kind, text in columns:
            row = f"| `{name}` | {kind} | {cell(text)} |"
            yield row + (f" {self._origins(lineage.get(name, ()))} |" if lineage else "")
        yield ""

    def _origins(self, origins: Sequence[Origin]) -> str:
        shown = []
        for origin in origins:
            unique_id = self._by_relation.get((origin.schema, origin.table))
            name = f"{origin.table}.{origin.column}"
            known = unique_id is not None and origin.column.lower() in self._tables[origin.schema][origin.table]
            shown.append(
                f"[{name}]({self._names[unique_id]}.md#{origin.column.lower()})" if unique_id and known else name
            )
        return ", ".join(shown)

    def _lineage_lines(self, unique_id: str, node: Mapping[str, Any]) -> Iterator[str]:
        above = [name for name in node.get("depends_on", {}).get("nodes", ()) if name in self._nodes]
        below = [name for name in self._below.get(unique_id, ()) if name in self._nodes or name in self._exposures]
        if not above and not below:
            return
        yield from ("## Lineage", "", "```mermaid", "flowchart LR")
        yield f'    this["{_title(node)}"]'
        numbers: dict[str, str] = {}
        for listed, is_above in ((above, True), (below, False)):
            side = "above" if is_above else "below"
            for number, name in enumerate(listed[:_MOST]):
                key = f"{side}{number}"
                numbers[key] = name
                other = self._exposures.get(name) or self._nodes[name]
                title = other.get("label") or _title(other)
                yield f'    {key}["{title}"] --> this' if is_above else f'    this --> {key}["{title}"]'
            if len(listed) > _MOST:
                rest = f'{side}_rest["{len(listed) - _MOST} more"]'
                yield f"    {rest} --> this" if is_above else f"    this --> {rest}"
        for key, name in numbers.items():
            yield f'    click {key} href "../{self.address(name)}"'
        yield from ("```", "")

    def _use_lines(self, unique_id: str, node: Mapping[str, Any]) -> Iterator[str]:
        rows: list[tuple[str, list[str]]] = [("built from", []), ("read by", []), ("shown by", []), ("metrics", [])]
        for name in sorted(node.get("depends_on", {}).get("nodes", ())):
            if name in self._nodes:
                rows[0][1].append(f"[{_title(self._nodes[name])}](../{self.address(name)})")
        for name in sorted(self._below.get(unique_id, ())):
            other = self._exposures.get(name)
            title = other["label"] if other else _title(self._nodes[name])
            rows[2 if other else 1][1].append(f"[{title}](../{self.address(name)})")
        for metric in self._metrics.get(f"{node['schema']}.{_table(node)}", ()):
            rows[3][1].append(f"[{self._catalogue.metrics[metric].label}](../metrics/{metric}.md)")
        if any(listed for _, listed in rows):
            yield from ("| | |", "|---|---|")
            yield from (f"| {what} | {', '.join(listed)} |" for what, listed in rows if listed)
            yield ""

    def _metric_pages(self) -> Iterator[Page]:
        metrics = self._catalogue.metrics
        by_subject: dict[str, list[str]] = {}
        for name, metric in metrics.items():
            by_subject.setdefault(metric.subject, []).append(name)
        lines = [
            "# Metrics",
            "",
            "What each number means, by which day it is counted, what is not in it, and how others use the same word.",
            "`shophouse metric NAME`, the dashboard and MetricFlow calculate the same. What the shop has in its own",
            "`metrics.yml` is here too: [how to write one](../guides/own-metric.md).",
            "",
        ]
        for subject, names in by_subject.items():
            lines += [f"## {subject.capitalize()}", ""]
            lines += [f"- [{metrics[name].label}]({name}.md): {metrics[name].description}" for name in names]
            lines.append("")
        yield Page("metrics/README.md", "Metrics", "Metrics", "\n".join(lines))
        for subject, names in by_subject.items():
            for name in names:
                metric = metrics[name]
                text = "\n".join([f"# {metric.label}", "", *metric_lines(self._catalogue, name)])
                tables = {
                    self._catalogue.semantic_models[model].model
                    for leaf in self._catalogue.leaves(name)
                    for model in metrics[leaf].expressions
                }
                parts = [f"[{metrics[part].label}]({part}.md)" for part in metric.made_of]
                text += "\n\n| | |\n|---|---|\n| asked by | `shophouse metric " + name + " --by month` |"
                if parts:
                    text += f"\n| made of | {', '.join(parts)} |"
                text += f"\n| calculated from | {', '.join(map(self._table_link, sorted(tables)))} |"
                if metric.columns:
                    text += f"\n| columns that hold it | {', '.join(f'`{column}`' for column in metric.columns)} |"
                yield Page(f"metrics/{name}.md", metric.label, "Metrics", text, subject.capitalize())

    def _table_link(self, relation: str) -> str:
        schema, _, table = relation.partition(".")
        unique_id = self._by_relation.get((schema, table))
        return f"[{relation}](../models/{self._names[unique_id]}.md)" if unique_id else f"`{relation}`"

    def _dashboard_page(self) -> Page:
        lines = ["# What the dashboard reads", "", "Each page of `shophouse serve`, and the tables behind it.", ""]
        for exposure in self._exposures.values():
            lines += [f"## {exposure['name']}", "", f"**{exposure['label']}.** {exposure['description']}", ""]
            for name in sorted(exposure["depends_on"]["nodes"]):
                if name in self._nodes:
                    lines.append(f"- [{_title(self._nodes[name])}](../{self.address(name)})")
            records = (exposure.get("config", {}).get("meta") or {}).get("reads_records") or []
            lines += [f"- `{record}`" for record in records]
            lines.append("")
        return Page("reference/dashboard.md", "What the dashboard reads", "Models", "\n".join(lines))


_OTHER_LAYERS = {
    "raw": "rows as they were received, with their lineage",
    "reference": "seeds: statuses, currencies, countries, segments",
    "snapshots": "versions of what sources only say anew",
}


def _table(node: Mapping[str, Any]) -> str:
    return str(node.get("alias") or node.get("identifier") or node["name"])


def _title(node: Mapping[str, Any]) -> str:
    return f"{node['source_name']}.{node['name']}" if node["resource_type"] == "source" else str(node["name"])
