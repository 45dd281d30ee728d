"""What a model of each layer may be called, read, do and be made as, and which tests it must have.

What a model does is read from its compiled SQL, as sqlglot parses it; what it reads and has, from dbt's manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp


@dataclass(frozen=True)
class Layer:
    """`reads` are layers; `reference` are the seeds, `raw` the lake's views."""

    name: str
    reads: frozenset[str]
    made_as: frozenset[str]
    may_not: tuple[type[exp.Expression], ...] = ()
    tests: tuple[frozenset[str], ...] = ()
    """Kinds of generic tests: of each kind it has at least one."""
    is_contracted: bool = False


def _layer(name: str, reads: str, made_as: str, **rest: Any) -> Layer:
    return Layer(name, frozenset(reads.split()), frozenset(made_as.split()), **rest)


_COLUMNS = frozenset({"valid_columns"})
_LAWS = frozenset(
    {
        "same_total",
        "same_of_each",
        "same_total_within",
        "same_total_by",
        "identities_law",
        "cohort_law",
        "cumulative_law",
        "total_and_disjoint",
        "ledger_is_orders",
        "holds",
        "funnel_law",
        "balance_law",
    }
)

# Aggregates that hold no numbers, of which no law could speak.
NAMES_ALONE = frozenset({"regions"})

LAYERS = {
    "base": _layer(
        r"base_[a-z0-9_]+__[a-z0-9_]+", "raw", "view", may_not=(exp.Join, exp.AggFunc, exp.Window, exp.Group, exp.Union)
    ),
    # tables where documents are taken apart: each is read once then
    "stg": _layer(r"stg_[a-z0-9_]+__[a-z0-9_]+", "base stg changes reference", "view table incremental"),
    "input": _layer(r"input_[a-z_]+", "base stg changes ops reference", "view"),
    "changes": _layer(
        r"(affected|checked|followed|repeated)_[a-z_]+",
        "base stg input changes core aggregates ops reference",
        "table incremental",
        tests=(_COLUMNS,),
    ),
    "core": _layer(
        r"(dim|fct)_[a-z_]+|order_headers|(customer|product)_versions",
        "stg input changes core ops reference",
        "table incremental view",
        tests=(_COLUMNS | {"ledger_is_orders"},),
    ),
    "aggregates": _layer(
        r"[a-z][a-z_]+",
        "changes core aggregates reference",
        "table incremental",
        may_not=(exp.Div, exp.Avg),
        tests=(_COLUMNS, _LAWS),
    ),
    "marts": _layer(
        r"[a-z][a-z0-9_]+",
        "core aggregates analytics reference",
        "table",
        tests=(_COLUMNS, _LAWS),
        is_contracted=True,
    ),
}


@dataclass(frozen=True)
class Model:
    """A model with the layers that it reads, and the names of the generic tests on it."""

    name: str
    layer: str
    sql: str
    made_as: str
    platform: str = ""
    reads: frozenset[tuple[str, str]] = frozenset()
    """(layer, platform), the platform empty where there is none."""
    tests: frozenset[str] = frozenset()
    is_contracted: bool = False
    columns: tuple[str, ...] = field(default=())
    in_orders_currency: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The amounts that a table of core has in the currency of each row's order."""


def layer_of(node: Any) -> tuple[str, str]:
    """Layer and platform of a manifest's node or source."""
    if node.resource_type == "seed":
        return "reference", ""
    if node.resource_type == "source":
        return str(node.schema), ""
    folder, *rest = str(node.original_file_path).removeprefix("models/").split("/")
    if folder == "staging":
        return ("base" if node.name.startswith("base_") else "stg"), rest[0]
    return folder, ""


def models(manifest: Any, compiled: dict[str, str]) -> Iterator[Model]:
    """The models of the package that have compiled SQL, by unique id in `compiled`."""
    tests: dict[str, set[str]] = {}
    for node in manifest.nodes.values():
        if node.resource_type == "test" and node.attached_node:
            tests.setdefault(node.attached_node, set()).add(node.test_metadata.name)
    everything = {**manifest.nodes, **manifest.sources}
    mixed = amounts_in_orders_currency(manifest)
    for key, node in manifest.nodes.items():
        if node.resource_type != "model" or key not in compiled:
            continue
        layer, platform = layer_of(node)
        if layer not in LAYERS:
            continue
        yield Model(
            node.name,
            layer,
            compiled[key],
            str(node.config.materialized),
            platform,
            frozenset(layer_of(everything[parent]) for parent in node.depends_on.nodes),
            frozenset(tests.get(key, ())),
            bool(node.config.contract.enforced),
            tuple(node.columns),
            mixed,
        )


def amounts_in_orders_currency(manifest: Any) -> dict[str, frozenset[str]]:
    """By table of core whose rows say what their currency is worth, or have amounts in the shop's beside them."""
    found: dict[str, frozenset[str]] = {}
    for node in manifest.nodes.values():
        if node.resource_type == "model" and layer_of(node)[0] == "core":
            columns = set(node.columns)
            if "exchange_rate" in columns or any(name.endswith("_reporting") for name in columns):
                found[node.name] = frozenset(name for name in columns if name.endswith("_amount"))
    return found


def broken_rules(model: Model) -> Iterator[str]:
    """One line for each rule that the model breaks."""
    rules = LAYERS[model.layer]
    if not re.fullmatch(rules.name, model.name):
        yield f"{model.name}: a model of {model.layer} is called like {rules.name}"
    for layer, platform in sorted(model.reads):
        if layer not in rules.reads:
            yield f"{model.name}: {model.layer} may not read {layer}"
        if model.layer == "stg" and platform and platform != model.platform:
            yield f"{model.name}: staging of {model.platform} may not read {platform}"
    if model.made_as not in rules.made_as:
        yield f"{model.name}: {model.layer} is not made as {model.made_as}"
    tree = sqlglot.parse_one(model.sql, dialect="duckdb")
    for kind in rules.may_not:
        if tree.find(kind):
            yield f"{model.name}: {model.layer} may not have a {kind.__name__.lower()}"
    if any(isinstance(found.parent, exp.Select) for found in tree.find_all(exp.Star)):
        yield f"{model.name}: name the columns"
    named = tuple(column.lower() for column in tree.named_selects) if isinstance(tree, exp.Query) else ()
    if model.columns and named != tuple(column.lower() for column in model.columns):
        yield f"{model.name}: described are {', '.join(model.columns)}; selected are {', '.join(named)}"
    for kind_of_test in rules.tests:
        if not kind_of_test & model.tests and not (kind_of_test is _LAWS and model.name in NAMES_ALONE):
            yield f"{model.name}: has none of the tests {', '.join(sorted(kind_of_test))}"
    if model.layer in ("aggregates", "marts"):
        for table, name in sorted(set(_unconverted(tree, model.in_orders_currency))):
            yield f"{model.name}: {table}.{name} is in the currency of each order: read it with in_reporting()"
    if rules.is_contracted and not model.is_contracted:
        yield f"{model.name}: its contract is not enforced"


# Entities that describe others: no row of a fact is made of one, and what they name is in no sum.
DESCRIPTIONS = frozenset(
    {"categories", "customer_identities", "employees", "geography", "locations", "promotions", "stores"}
)


def accounted(manifest: Any) -> set[str]:
    """The entities of the contract for which a test proves that no row was lost (law 12)."""
    return {
        str(node.test_metadata.kwargs["entity"])
        for node in manifest.nodes.values()
        if node.resource_type == "test" and node.test_metadata and node.test_metadata.name == "raw_is_accounted_for"
    }


def unaccounted(entities: Iterable[str], found: set[str]) -> Iterator[str]:
    """One line for each entity of the input contract that needs law 12 and isn't in `found`."""
    for entity in entities:
        if entity not in found and entity not in DESCRIPTIONS:
            yield f"input_{entity}: no test raw_is_accounted_for says what became of its rows"


def _unconverted(tree: Any, amounts: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Table and column of the amounts that are selected as they are: neither multiplied with the rate nor compared."""
    for select in tree.find_all(exp.Select):
        joined = [join.this for join in select.args.get("joins") or ()]
        first = select.args.get("from") or select.args.get("from_")
        tables = {
            table.alias_or_name: table.name
            for table in [*([first.this] if first else ()), *joined]
            if isinstance(table, exp.Table)
        }
        for expression in select.expressions:
            for column in expression.find_all(exp.Column):
                table = tables.get(column.table, "") if column.table else next(iter(tables.values()), "")
                if table in amounts and column.name in amounts[table] and not _is_converted(column, select):
                    yield table, column.name


def _is_converted(column: exp.Column, select: exp.Select) -> bool:
    node: Any = column
    while node is not None and node is not select:
        if isinstance(node, exp.Case) and any(part.name == "exchange_rate" for part in node.find_all(exp.Column)):
            return True
        node = node.parent
    return False
