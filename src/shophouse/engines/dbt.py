"""dbt, run in this process.

Importing dbt takes two to three seconds, so it happens in `Dbt.invoke`, not here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shophouse.errors import BuildError

__all__ = ["CompiledTest", "Dbt", "NodeResult", "OnNode"]

_TARGET = Path(".shophouse") / "target"
_QUIET = ("--log-level", "none", "--no-use-colors", "--no-version-check")

OnNode = Callable[[str, str, int, int], None]
"""Called when a node begins (status `started`) and when it is done: its name, its status, nodes done, nodes in all."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    name: str
    resource: Literal["model", "seed", "test", "unit_test", "snapshot", "operation"]
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
class CompiledTest:
    """A test's SQL, which gives the rows that break it."""

    unique_id: str
    name: str
    file: Path
    only_warns: bool

    def result(self, failures: int, seconds: float) -> NodeResult:
        """What dbt would say of it."""
        status = "pass" if failures == 0 else "warn" if self.only_warns else "fail"
        message = f"Got {failures} results, configured to fail if != 0" if failures else ""
        return NodeResult(
            self.unique_id, self.name, "test", "", "test", status, seconds, failures, message, str(self.file)
        )


class Dbt:
    """The dbt project of a shop's folder. Keeps the parsed manifest between calls."""

    def __init__(self, folder: Path, *, log_folder: Path) -> None:
        self.folder = folder
        self.log_folder = log_folder
        self._manifest: Any = None

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

        runner = dbtRunner(manifest=self._manifest, callbacks=[listen])
        args = [
            *command.split(),
            "--project-dir",
            str(self.folder),
            "--profiles-dir",
            str(self.folder),
            *arguments,
        ]
        # profiles.yml names the database relative to the shop's folder
        with contextlib.chdir(self.folder):
            # manifest.json takes a second to write, and only the documentation reads it
            written = () if command.startswith("docs") else ("--no-write-json",)
            outcome = runner.invoke([*_QUIET, *written, "--log-path", str(self.log_folder), *args])
        _close_connections()
        _raise_if_stopped(outcome)
        if outcome.exception is not None:
            raise BuildError(
                f"dbt {command} could not run", why=str(outcome.exception).strip(), where=f"project {self.folder}"
            )
        results = getattr(outcome.result, "results", None) or []
        return [_result(result) for result in results]

    def parse(self) -> Any:
        """The manifest of the project, parsed once for this object.

        Raises BuildError when the project does not parse.
        """
        if self._manifest is None:
            from dbt.cli.main import dbtRunner

            folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
            with contextlib.chdir(self.folder):
                outcome = dbtRunner().invoke(
                    [*_QUIET, "--no-write-json", "--log-path", str(self.log_folder), "parse", *folders]
                )
            _close_connections()
            _raise_if_stopped(outcome)
            if outcome.exception is not None or outcome.result is None:
                raise BuildError("the dbt project does not parse", why=str(outcome.exception).strip())
            self._manifest = outcome.result
        return self._manifest

    def downstream(self, raw_tables: Iterable[str]) -> list[str]:
        """Names of the models that hold rows (no views) and depend on any of these tables of the schema raw."""
        manifest = self.parse()
        wanted = set(raw_tables)
        start = [
            key for key, source in manifest.sources.items() if source.schema == "raw" and source.identifier in wanted
        ]
        seen: set[str] = set()
        todo = list(start)
        while todo:
            for child in manifest.child_map.get(todo.pop(), ()):
                if child not in seen:
                    seen.add(child)
                    todo.append(child)
        return sorted(
            manifest.nodes[key].name
            for key in seen
            if key.startswith("model.") and manifest.nodes[key].config.materialized not in ("view", "ephemeral")
        )

    def compiled_tests(self, models: Iterable[str]) -> list[CompiledTest] | None:
        """The tests that concern any of these models, as the last build compiled them; None when one was not.

        Compiled SQL changes only with the project, and a project that changed is built by dbt anyway.
        """
        manifest = self.parse()
        names = set(models)
        found = []
        for node in manifest.nodes.values():
            if node.resource_type != "test" or not node.config.enabled:
                continue
            if not any(manifest.nodes[key].name in names for key in node.depends_on.nodes if key in manifest.nodes):
                continue
            file = self.folder / node.get_target_write_path(str(_TARGET), "compiled")
            if not file.is_file():
                return None
            found.append(CompiledTest(node.unique_id, node.name, file, str(node.config.severity).lower() == "warn"))
        return found


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


def _close_connections() -> None:
    # dbt-duckdb keeps the database open after a run, and nobody else could open it then
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
