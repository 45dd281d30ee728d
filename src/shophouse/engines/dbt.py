"""dbt, run in this process.

Importing dbt takes two to three seconds, so it happens in `Dbt.invoke`, not here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shophouse.engines import Engine, OnNode
from shophouse.engines.compiling import known_sql, plan_of
from shophouse.engines.plan import PACKAGE, NodeResult, Plan
from shophouse.errors import BuildError

__all__ = ["NOT_OURS", "Dbt"]

# the packaged models' unit tests are run where shophouse is tested; a shop's own run here
NOT_OURS = ("--exclude", "resource_type:unit_test,package:shophouse")
# what a test calls that looks at another part of its models in an incremental run than in a full one
_WRITTEN = "macro.shophouse.written_of"
_TARGET = Path(".shophouse") / "target"
_QUIET = ("--log-level", "none", "--no-use-colors", "--no-version-check")


class Dbt:
    """The dbt project of a shop's folder. Keeps the parsed manifest between calls.

    `connects` is false where it is only to parse and to compile, while another process may hold the warehouse.
    """

    def __init__(self, folder: Path, engine: Engine, *, log_folder: Path, connects: bool = True) -> None:
        self.folder = folder
        self.log_folder = log_folder
        self.connects = connects
        self._around = engine.dbt if connects else engine.environment
        self._manifest: Any = None
        self.compiled: dict[str, str] = {}
        """The SQL of each node that was run or compiled, by its unique id."""

    def invoke(self, command: str, *arguments: str, on_node: OnNode | None = None) -> list[NodeResult]:
        """Run a dbt command, as `build` or `docs generate`, and return what became of each node.

        Raises BuildError when dbt could not even start on the nodes: the project does not parse, or a name in
        `arguments` selects nothing that exists. A node that failed is in the result, not raised.
        """
        from dbt.cli.main import dbtRunner

        done = 0
        total = 0

        def listen(event: Any) -> None:
            nonlocal done, total
            if event.info.name == "ConcurrencyLine":
                total = event.data.node_count
            elif event.info.name in ("NodeStart", "NodeFinished") and on_node is not None:
                done += event.info.name == "NodeFinished"
                node = event.data.node_info
                on_node(str(node.node_name), str(node.node_status), done, max(total, done))

        runner = dbtRunner(manifest=self.parse(), callbacks=[listen])
        args = [
            *command.split(),
            "--project-dir",
            str(self.folder),
            "--profiles-dir",
            str(self.folder),
            *arguments,
        ]
        # profiles.yml names the database relative to the shop's folder
        with contextlib.chdir(self.folder), self._around():
            # manifest.json takes a second to write, and only the documentation reads it
            written = () if command.startswith("docs") else ("--no-write-json",)
            outcome = runner.invoke([*_QUIET, *written, "--log-path", str(self.log_folder), *args])
        _raise_if_stopped(outcome)
        if outcome.exception is not None:
            raise BuildError(
                f"dbt {command} could not run", why=str(outcome.exception).strip(), where=f"project {self.folder}"
            )
        results = getattr(outcome.result, "results", None) or []
        self.compiled |= {
            result.node.unique_id: result.node.compiled_code
            for result in results
            if getattr(result.node, "compiled_code", None)
        }
        # dbt names an exposure among what it built, though nothing is built of it
        return [_result(result) for result in results if str(result.node.resource_type) != "exposure"]

    def parse(self) -> Any:
        """The manifest of the project, parsed once for this object.

        Raises BuildError when the project does not parse.
        """
        if self._manifest is None:
            from dbt.cli.main import dbtRunner

            folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
            with contextlib.chdir(self.folder), self._around():
                outcome = dbtRunner().invoke(
                    [*_QUIET, "--no-write-json", "--log-path", str(self.log_folder), "parse", *folders]
                )
            _raise_if_stopped(outcome)
            if outcome.exception is not None or outcome.result is None:
                raise BuildError("the dbt project does not parse", why=str(outcome.exception).strip())
            self._manifest = outcome.result
        return self._manifest

    def compile(self, *arguments: str) -> dict[str, str]:
        """Compile without reading the warehouse; gives the SQL of each node, by its unique id. Raises BuildError."""
        before, self.compiled = self.compiled, {}
        self.invoke("compile", "--no-populate-cache", *NOT_OURS, *arguments)
        found, self.compiled = self.compiled, before
        return found

    def compile_changing(self, *arguments: str, own: bool = False) -> dict[str, str]:
        """As compile() does, the nodes whose SQL is another one in an incremental run than in a full one.

        `own` leaves packaged nodes out.
        """
        nodes = self.parse().nodes.values()
        changing = [node.name for node in nodes if not (own and node.package_name == PACKAGE) and self._changes(node)]
        if not changing:
            return {}
        return self.compile("--indirect-selection", "empty", "--select", *changing, *arguments)

    def compile_plan(self, project: str, known: Plan | None = None) -> Plan | None:
        """Compile the project, whose hash is `project`, into a plan; None when only dbt can run it. Raises BuildError.

        SQL of packaged nodes is taken from the plan `known`, of a project in which it is the same, if that has it all.
        """
        taken = known_sql(self.parse(), known, self.folder) if known is not None else None
        incremental, full = taken or ({}, {})
        changing = self.compile_changing(own=taken is not None)
        # last, so that of each test the file is there that tells everything
        if taken is None:
            full = self.compile("--full-refresh")
        elif own := {node.package_name for node in self.parse().nodes.values()} - {PACKAGE}:
            full |= self.compile("--full-refresh", "--select", *(f"package:{name}" for name in own))
        return self.plan(project, full, incremental | changing)

    def _changes(self, node: Any) -> bool:
        if node.resource_type == "test":
            nodes = self.parse().nodes
            return self._asks_what_was_written(node.depends_on.macros) and any(
                key in nodes and "affected" in nodes[key].config.meta for key in node.depends_on.nodes
            )
        is_model = bool(node.resource_type == "model")
        return is_model and (node.config.materialized == "incremental" or node.schema == "changes")

    def _asks_what_was_written(self, macros: Iterable[str]) -> bool:
        known = self.parse().macros
        return any(
            key == _WRITTEN
            or (key.startswith("macro.shophouse.") and self._asks_what_was_written(known[key].depends_on.macros))
            for key in macros
        )

    def plan(self, project: str, full: Mapping[str, str], incremental: Mapping[str, str]) -> Plan | None:
        """The plan of the project, whose hash is `project`; None when only dbt can run it. Raises BuildError.

        `full` is the SQL of each node in a full run; `incremental` that of those that compile_changing() gives.
        """
        return plan_of(
            self.parse(),
            project,
            {**self.compiled, **full, **incremental},
            full,
            lambda node: str(node.get_target_write_path(str(_TARGET), "compiled")),
        )


def _result(result: Any) -> NodeResult:
    node = result.node
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        resource=str(node.resource_type),  # type: ignore[arg-type]
        schema=str(getattr(node, "schema", "")),
        materialized=str(node.config.materialized) if hasattr(node.config, "materialized") else "",
        status=str(result.status),
        seconds=float(result.execution_time or 0.0),
        failures=int(result.failures or 0),
        message=str(result.message or ""),
        compiled=str(getattr(node, "compiled_path", "") or ""),
    )


def _raise_if_stopped(outcome: Any) -> None:
    # dbt hands over every exception as a value, and that a person or a scheduler wants to stop is not a failed build
    if isinstance(outcome.exception, KeyboardInterrupt | SystemExit):
        raise outcome.exception
