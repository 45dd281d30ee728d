"""Compiling a shop's dbt project into a plan: here, or ahead of its use in a process of its own.

What can't be run from its SQL alone (a hook, a materialisation of the shop's own, SQL that a query at compile time
wrote) is left to dbt, and everything with it.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from shophouse.engines import engine_of, plan_cache
from shophouse.engines.plan import PACKAGE, CompiledModel, CompiledTest, Plan
from shophouse.project import Project

__all__ = ["compile_ahead", "known_sql", "plan_file", "plan_of"]

# What makes compiled SQL depend on something else than the project's files.
_DYNAMIC_SQL = re.compile(
    r"\b(run_started_at|invocation_id|env_var\s*\(|run_query\s*\(|call\s+statement|load_result\s*\(|modules\.)"
)
_HOLD_NO_ROWS = ("view", "ephemeral")
_DYNAMIC_MACROS = {"macro.dbt.run_query", "macro.dbt.statement"}


def plan_file(project: Project) -> Path:
    """Where the plan of a shop is kept."""
    return project.generated_folder / "plan.json"


@contextmanager
def compile_ahead(project: Project) -> Iterator[Callable[[], object]]:
    """Compile the project in another process, for dbt needs no data for that, and gives a function that waits for it.

    When it is done the plan is in its file, if the project has one that dbt is not needed for. A project that does not
    compile leaves none: the build, which then goes to dbt, says why. The process ends with the block.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "shophouse.engines.compiling", str(project.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.wait
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def plan_of(
    manifest: Any,
    project: str,
    compiled: Mapping[str, str],
    full: Mapping[str, str],
    file_of: Callable[[Any], str],
) -> Plan | None:
    """The plan of a dbt manifest, kept under the hash `project`; None when something in it can only be run by dbt.

    `compiled` is the SQL of each node that has one, by its unique id, as an incremental run needs it; `full`, as a full
    run does.
    """
    if any(node.resource_type == "operation" for node in manifest.nodes.values()):
        return None
    models: list[CompiledModel] = []
    tests: list[CompiledTest] = []
    nodes = _in_order(manifest)
    is_whole = all(test.package_name == PACKAGE for test in manifest.unit_tests.values())
    snapshots = {node.unique_id: node for node in nodes if node.resource_type == "snapshot"}
    for node in nodes:
        if not snapshots.keys().isdisjoint(node.depends_on_nodes):
            return None
        is_whole = is_whole and _needs_no_dbt(node)
        if node.resource_type == "snapshot":
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
                    tuple(_read_by(manifest, node)),
                    full.get(node.unique_id, ""),
                )
            )
            continue
        if node.resource_type == "seed":
            if is_whole:
                models.append(_seed(node))
            continue
        model = _model(manifest, node, compiled, file_of)
        if model is None:
            return None
        models.append(replace(model, full_sql=full.get(node.unique_id, "")))
    raw = {source.identifier: key for key, source in manifest.sources.items() if source.schema == "raw"}
    taken = {node.name: tuple(node.depends_on_nodes) for node in snapshots.values()}
    is_whole = (
        is_whole
        and all(model.full_sql for model in models if model.materialized != "ephemeral")
        and all(test.full_sql for test in tests)
    )
    return Plan(project, raw, models, tests, taken, is_whole)


def known_sql(manifest: Any, known: Plan, folder: Path) -> tuple[dict[str, str], dict[str, str]] | None:
    """The SQL of packaged nodes in an incremental run and in a full one, by unique id, as the plan `known` has it.

    None where one of them isn't in the plan as it is in the manifest, or its SQL isn't in the shop's folder.
    """
    if not known.is_whole:
        return None
    models = {model.unique_id: model for model in known.models}
    tests = {test.unique_id: test for test in known.tests}
    incremental: dict[str, str] = {}
    full: dict[str, str] = {}
    for node in _in_order(manifest):
        if node.package_name != PACKAGE or node.resource_type not in ("model", "test"):
            continue
        key = node.unique_id
        was = tests.get(key) or models.get(key)
        if was is None or not (folder / was.file).is_file():
            return None
        if isinstance(was, CompiledModel) and (was.relation, was.materialized) != (
            str(node.relation_name or ""),
            str(node.config.materialized),
        ):
            return None
        full[key] = was.full_sql
        if was.sql:
            incremental[key] = was.sql
    return incremental, full


def _needs_no_dbt(node: Any) -> bool:
    """Whether dbt does nothing with it in a full run but execute its SQL."""
    if node.resource_type in ("test", "snapshot"):
        return True
    config = node.config
    if config.pre_hook or config.post_hook or config.persist_docs or config.grants or config.get("indexes"):
        return False
    # packaged seeds have types, and packaged marts the columns of their contracts
    return bool(
        node.package_name == PACKAGE
        or (
            node.resource_type == "model"
            and config.materialized in ("table", "view", "ephemeral")
            and not config.contract.enforced
            and not _DYNAMIC_SQL.search(node.raw_code)
        )
    )


def _seed(node: Any) -> CompiledModel:
    """All its columns have declared types; dbt reads an empty cell as null."""
    types = node.config.column_types
    file = Path(node.root_path or "") / node.original_file_path
    with file.open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    listed = ",\n".join("(" + ", ".join(_literal(cell) for cell in row) + ")" for row in rows)
    cells = ", ".join(f"cast({name} as {types[name]}) as {name}" for name in header)
    sql = f"select {cells}\nfrom (values\n{listed}\n) as seed ({', '.join(header)})"
    return CompiledModel(
        node.unique_id, node.name, node.schema, str(node.relation_name), "seed", (), full_sql=sql, file=""
    )


def _literal(cell: str) -> str:
    return "'" + cell.replace("'", "''") + "'" if cell else "null"


def _model(
    manifest: Any, node: Any, compiled: Mapping[str, str], file_of: Callable[[Any], str]
) -> CompiledModel | None:
    config = node.config
    materialized = str(config.materialized)
    parents = tuple(_read_by(manifest, node))
    bare = CompiledModel(
        node.unique_id, node.name, node.schema, str(node.relation_name or ""), materialized, parents, file=file_of(node)
    )
    if config.contract.enforced:
        bare = replace(bare, columns=tuple((column.name, column.data_type) for column in node.columns.values()))
    else:
        declared = [(column.name, column.data_type or "") for column in node.columns.values()]
        bare = replace(bare, decimals=tuple(pair for pair in declared if pair[1].startswith("decimal(")))
    if node.resource_type == "model" and materialized in _HOLD_NO_ROWS:
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
    return replace(bare, sql=compiled[node.unique_id], key=key, affected=affected)


def _read_by(manifest: Any, node: Any) -> dict[str, None]:
    """What a node reads, directly and through views, in a fixed order."""
    found: dict[str, None] = {}
    for key in node.depends_on.nodes:
        found[key] = None
        parent = manifest.nodes.get(key)
        if parent is not None and parent.resource_type == "model" and parent.config.materialized in _HOLD_NO_ROWS:
            found |= _read_by(manifest, parent)
    return found


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


def _main(folder: str) -> None:
    from shophouse.engines.dbt import Dbt
    from shophouse.scaffold import ensure_dbt_files
    from shophouse.state import Inputs

    # the other end is closed when whoever waits for this process is gone, however that came about
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
    project = Project.load(folder)
    ensure_dbt_files(project)
    inputs = Inputs.of(project, {})
    dbt = Dbt(project.folder, engine_of(project), log_folder=project.logs_folder / "dbt", connects=False)
    known = Plan.load(plan_file(project))
    plan = dbt.compile_plan(
        inputs.project, known if known is not None and known.project.startswith(inputs.packaged) else None
    )
    if plan is not None and plan.is_whole:
        plan.save(plan_file(project))
        plan_cache.keep(project, plan)


if __name__ == "__main__":
    _main(sys.argv[1])
