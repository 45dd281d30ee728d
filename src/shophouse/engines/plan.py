"""The SQL of a build as dbt compiled it, kept so that a later run of the same project needs no dbt.

Compiled SQL changes only with the project, and a project that changed is built by dbt. Starting dbt, parsing, and its
work around each node cost more than a day's data does. What can't be run from its SQL alone (a hook, a materialisation
of the shop's own, SQL that a query at compile time wrote) is left to dbt, and everything with it.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from shophouse.engines import OnNode

__all__ = ["CompiledModel", "CompiledTest", "NodeResult", "Plan", "count", "execute"]

Resource = Literal["model", "seed", "test", "unit_test", "snapshot", "operation"]

_VERSION = 2
# What makes compiled SQL depend on something else than the project's files.
_DYNAMIC_SQL = re.compile(
    r"\b(run_started_at|invocation_id|env_var\s*\(|run_query\s*\(|call\s+statement|load_result\s*\(|modules\.)"
)
_DYNAMIC_MACROS = {"macro.dbt.run_query", "macro.dbt.statement"}


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    name: str
    resource: Resource
    schema: str
    materialized: str
    status: str
    seconds: float
    failures: int
    message: str
    compiled: str
    """Path of the compiled SQL, where there is one."""

    @property
    def failed(self) -> bool:
        return self.status in ("error", "fail", "runtime error")


@dataclass(frozen=True)
class CompiledModel:
    """A model as an incremental run builds it; one that holds no rows (a view) has no SQL."""

    unique_id: str
    name: str
    schema: str
    relation: str
    materialized: str
    parents: tuple[str, ...]
    sql: str = ""
    file: str = ""
    key: str = ""
    """Of an incremental model: the column whose affected values are replaced; empty where rows are only added."""
    affected: str = ""
    """Of an incremental model: the relation that holds the affected values of `key`."""

    @property
    def holds_rows(self) -> bool:
        return self.materialized in ("table", "incremental")

    def result(self, status: str, seconds: float, message: str = "") -> NodeResult:
        """What dbt would say of it."""
        return NodeResult(
            self.unique_id, self.name, "model", self.schema, self.materialized, status, seconds, 0, message, self.file
        )


@dataclass(frozen=True)
class CompiledTest:
    """A test's SQL, which gives the rows that break it."""

    unique_id: str
    name: str
    sql: str
    file: str
    only_warns: bool
    parents: tuple[str, ...]

    def result(self, failures: int, seconds: float) -> NodeResult:
        """What dbt would say of it."""
        status = "pass" if failures == 0 else "warn" if self.only_warns else "fail"
        message = f"Got {failures} results, configured to fail if != 0" if failures else ""
        return NodeResult(self.unique_id, self.name, "test", "", "test", status, seconds, failures, message, self.file)


@dataclass(frozen=True)
class Plan:
    """The models in the order in which they can be built, and the tests.

    `project` is the hash of the project that was compiled; `raw` gives the key of each table of schema raw; `snapshots`
    gives what each snapshot reads, for dbt alone can take them.
    """

    project: str
    raw: Mapping[str, str]
    models: Sequence[CompiledModel]
    tests: Sequence[CompiledTest]
    snapshots: Mapping[str, Sequence[str]]

    def downstream(self, raw_tables: Iterable[str]) -> tuple[list[CompiledModel], list[CompiledTest]]:
        """What must be built when these tables of schema raw have changed, and the tests that concern it."""
        reached = self._reached(raw_tables)
        found = [model for model in self.models if model.holds_rows and model.unique_id in reached]
        return found, [test for test in self.tests if not reached.isdisjoint(test.parents)]

    def snapshots_of(self, raw_tables: Iterable[str]) -> list[str]:
        """The names of the snapshots that must be taken when these tables of schema raw have changed."""
        reached = self._reached(raw_tables)
        return [name for name, parents in self.snapshots.items() if not reached.isdisjoint(parents)]

    def _reached(self, raw_tables: Iterable[str]) -> set[str]:
        reached = {self.raw[table] for table in raw_tables if table in self.raw}
        for model in self.models:
            if not reached.isdisjoint(model.parents):
                reached.add(model.unique_id)
        return reached

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        incoming = file.with_suffix(".tmp")
        incoming.write_text(json.dumps({"version": _VERSION, **asdict(self)}), encoding="utf-8")
        os.replace(incoming, file)

    @classmethod
    def load(cls, file: Path, project: str) -> Plan | None:
        """The plan in `file`; None where there is none, or it was compiled from another project."""
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            if data["version"] != _VERSION or data["project"] != project:
                return None
            return cls(
                project,
                data["raw"],
                [CompiledModel(**{**model, "parents": tuple(model["parents"])}) for model in data["models"]],
                [CompiledTest(**{**test, "parents": tuple(test["parents"])}) for test in data["tests"]],
                data["snapshots"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @classmethod
    def of(cls, manifest: Any, project: str, compiled: Mapping[str, str], file_of: Callable[[Any], str]) -> Plan | None:
        """The plan of a dbt manifest; None when something in it can only be run by dbt.

        `compiled` is the SQL of each node that has one, by its unique id, as an incremental run needs it.
        """
        if any(node.resource_type == "operation" for node in manifest.nodes.values()):
            return None
        models: list[CompiledModel] = []
        tests: list[CompiledTest] = []
        nodes = _in_order(manifest)
        snapshots = {node.unique_id: node for node in nodes if node.resource_type == "snapshot"}
        for node in nodes:
            if not snapshots.keys().isdisjoint(node.depends_on_nodes):
                return None
            if node.resource_type in ("seed", "snapshot"):
                continue
            if node.resource_type == "test":
                if not _is_plain_test(node) or node.unique_id not in compiled:
                    return None
                tests.append(
                    CompiledTest(
                        node.unique_id,
                        node.name,
                        compiled[node.unique_id],
                        file_of(node),
                        str(node.config.severity).lower() == "warn",
                        tuple(node.depends_on.nodes),
                    )
                )
                continue
            model = _model(manifest, node, compiled, file_of)
            if model is None:
                return None
            models.append(model)
        raw = {source.identifier: key for key, source in manifest.sources.items() if source.schema == "raw"}
        taken = {node.name: tuple(node.depends_on_nodes) for node in snapshots.values()}
        return cls(project, raw, models, tests, taken)


def execute(
    models: Sequence[CompiledModel], build: Callable[[CompiledModel], None], refusal: type[Exception], on_node: OnNode
) -> list[NodeResult]:
    """Build these models in their order, each by `build`, and end with the first at which it raises `refusal`."""
    results: list[NodeResult] = []
    for model in models:
        on_node(model.name, "started", len(results), len(models))
        started = time.perf_counter()
        try:
            build(model)
        except refusal as error:
            results.append(model.result("error", time.perf_counter() - started, str(error)))
            break
        results.append(model.result("success", time.perf_counter() - started))
        on_node(model.name, "success", len(results), len(models))
    return results


def count(queries: Sequence[str], run: Callable[[str], Any]) -> list[tuple[int, float]]:
    """How many rows each query gives, and in how many seconds; `run` executes SQL and gives a cursor."""
    found = []
    for query in queries:
        started = time.perf_counter()
        row = run(f"select count(*) from (\n{query}\n) as counted").fetchone()
        found.append((int(row[0]), time.perf_counter() - started))
    return found


def _model(
    manifest: Any, node: Any, compiled: Mapping[str, str], file_of: Callable[[Any], str]
) -> CompiledModel | None:
    config = node.config
    materialized = str(config.materialized)
    parents = tuple(node.depends_on.nodes)
    bare = CompiledModel(
        node.unique_id, node.name, node.schema, str(node.relation_name or ""), materialized, parents, file=file_of(node)
    )
    if node.resource_type == "model" and materialized in ("view", "ephemeral"):
        return bare
    if (
        node.resource_type != "model"
        or node.language != "sql"
        or materialized not in ("table", "incremental")
        or config.pre_hook
        or config.post_hook
        or node.unique_id not in compiled
        or _DYNAMIC_SQL.search(node.raw_code)
        or not _DYNAMIC_MACROS.isdisjoint(node.depends_on.macros)
    ):
        return None
    key = affected = ""
    if materialized == "incremental":
        strategy = config.incremental_strategy
        if strategy == "affected":
            key = str(config.unique_key)
            affected = _relation_of(manifest, str(config.meta["affected"]))
        elif strategy != "append":
            return None
    return CompiledModel(
        node.unique_id,
        node.name,
        node.schema,
        str(node.relation_name),
        materialized,
        parents,
        compiled[node.unique_id],
        file_of(node),
        key,
        affected,
    )


def _relation_of(manifest: Any, name: str) -> str:
    return next(
        str(node.relation_name)
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.name == name
    )


def _is_plain_test(node: Any) -> bool:
    config = node.config
    return (
        str(config.fail_calc) == "count(*)"
        and str(config.error_if) == "!= 0"
        and str(config.warn_if) == "!= 0"
        and config.limit is None
        and not config.store_failures
        and not _DYNAMIC_SQL.search(node.raw_code)
    )


def _in_order(manifest: Any) -> list[Any]:
    """The enabled nodes, each after its parents. Tests of a model that is disabled are among the manifest's nodes."""
    nodes = {key: node for key, node in manifest.nodes.items() if node.config.enabled}
    done: dict[str, Any] = {}

    def visit(key: str) -> None:
        if key in nodes and key not in done:
            for parent in nodes[key].depends_on_nodes:
                visit(parent)
            done[key] = nodes[key]

    for key in nodes:
        visit(key)
    return [node for node in done.values() if node.resource_type in ("model", "seed", "snapshot", "test")]
