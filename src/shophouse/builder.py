"""Runs models and tests, from the SQL that dbt compiled or by dbt itself, and writes down what became of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shophouse.building import raise_for
from shophouse.engines import Engine, plan_cache
from shophouse.engines.compiling import compile_ahead, plan_file
from shophouse.engines.plan import NodeResult, Plan
from shophouse.errors import ConfigError
from shophouse.project import Project
from shophouse.run_log import ModelRun, RunRecord, TestResult
from shophouse.state import Inputs
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    from shophouse.engines.dbt import Dbt

__all__ = ["Builder", "Built"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Built:
    """What became of each node, and the raw tables of which something downstream is to be built yet."""

    results: list[NodeResult]
    behind: tuple[str, ...] = ()


class Builder:
    """Builds a shop's models. `progress` is told what is being built, how many are done, and of how many."""

    def __init__(self, project: Project, engine: Engine, progress: Progress) -> None:
        self.project = project
        self.engine = engine
        self.progress = progress
        self._compiled: Callable[[], object] | None = None
        self._kept: Plan | None = None
        self._before: Plan | None = None

    @contextmanager
    def compiling(self, inputs: Inputs, built: Inputs | None) -> Iterator[None]:
        """Compile the project of `inputs` beside the work in this block, where the next run needs all of it.

        `built` is what the warehouse was built from; None where everything is to be built anew. Nothing is compiled
        that is there, known or under way, or where the last time told that only dbt can make all of it.
        """
        if self._compiled is not None or (built is not None and built.project == inputs.project):
            yield
            return
        before = self._before = Plan.load(plan_file(self.project))
        only_by_dbt = before is not None and not before.is_whole
        if (
            (built is not None and built.foundation == inputs.foundation and only_by_dbt)
            or (before is not None and before.is_whole and before.project == inputs.project)
            or plan_cache.restore(self.project, inputs.project, plan_file(self.project))
        ):
            yield
            return
        with compile_ahead(self.project) as self._compiled:
            try:
                yield
            finally:
                self._compiled = None

    def build(
        self,
        record: RunRecord,
        inputs: Inputs,
        changed: Collection[str],
        *,
        full: bool,
        unchanged: bool,
        proved: bool = True,
        behind: Collection[str] = (),
        marts: Collection[str] | None = None,
        few: bool = False,
        before: str = "",
    ) -> Built:
        """Build and test everything, or, where the project is `unchanged`, what is downstream of these raw tables.

        Where the shop's own models are others, these are built, too; `before` is the hash of the project that the
        warehouse was built from, if that went through.

        What is there now is `proved` when all its tests passed; otherwise they look at all rows. What is downstream of
        the raw tables `behind` was built in part before. With `marts`, what can wait beside these is left for later,
        where the project's SQL is known well enough; `few` is what the engine is then told. Raises BuildError.
        """
        if self._compiled is not None:
            self.progress("compiling the models", 0, 0)
            self._compiled()
            self._compiled = None
        plan = self._plan(inputs.project, is_whole=full or not unchanged)
        if plan is None or not (full or proved or plan.tests_all_rows):
            return Built(self._by_dbt(record, inputs, full=full))
        if not (full or unchanged):
            was = self._before if self._before is not None and self._before.project == before else None
            found = plan.since(was, changed, behind, proved=proved)
            if found is None:
                return Built(self._by_dbt(record, inputs, full=full))
            if was is not None:
                self.engine.drop(plan.gone_since(was))
            return self._with_snapshots(record, self.engine.build(*found, self._on_node), plan.snapshots)
        if not full and marts is not None and plan.tests_all_rows:
            _refuse_unknown(marts, plan)
            models, tests, waits = plan.urgent(changed, behind, marts, proved=proved)
            results = self.engine.build(models, tests, self._on_node, few=few)
            self._write_down(record, results, with_sizes=False)
            return Built(results, tuple(sorted({*changed, *behind})) if waits else ())
        if full:
            results = self.engine.build(plan.models, plan.tests, self._on_node, anew=True)
            return self._with_snapshots(record, results, plan.snapshots)
        results = self.engine.build(*plan.downstream(changed, behind, proved=proved), self._on_node)
        return self._with_snapshots(record, results, plan.snapshots_of({*changed, *behind}))

    def _with_snapshots(self, record: RunRecord, results: list[NodeResult], snapshots: Iterable[str]) -> Built:
        self._write_down(record, results)
        if snapshots and not any(result.failed for result in results):
            results += self.dbt(record, "snapshot", "--select", *snapshots)
        return Built(results)

    def dbt(self, record: RunRecord, command: str, *arguments: str) -> list[NodeResult]:
        """Run a dbt command and write down what became of each node. Raises BuildError when dbt can't start on them."""
        return self._invoke(self._dbt(), record, command, *arguments)

    def raise_for(self, results: Sequence[NodeResult]) -> None:
        """Raise BuildError for models that failed, else CheckFailed for tests that did, with some of their rows."""
        examples = {
            result.name: self._failing_rows(result)
            for result in results
            if result.failed and result.resource == "test" and result.failures
        }
        raise_for(results, examples)

    def _by_dbt(self, record: RunRecord, inputs: Inputs, *, full: bool) -> list[NodeResult]:
        self._kept = None
        dbt = self._dbt()
        results = self._invoke(dbt, record, "build", *(("--full-refresh",) if full else ()))
        if not any(result.failed for result in results):
            built, changing = dict(dbt.compiled), dbt.compile_changing()
            # last, so that of each test the file is there that tells everything
            plan = dbt.plan(inputs.project, built | dbt.compile_changing("--full-refresh"), changing)
            if plan is None:
                plan_file(self.project).unlink(missing_ok=True)
            else:
                plan.save(plan_file(self.project))
        return results

    def _plan(self, project: str, *, is_whole: bool) -> Plan | None:
        plan = self._kept
        if plan is None or plan.project != project:
            plan = self._kept = Plan.load(plan_file(self.project), project)
        return plan if plan is not None and (plan.is_whole or not is_whole) else None

    def _dbt(self) -> Dbt:
        from shophouse.engines.dbt import Dbt

        return Dbt(self.project.folder, self.engine, log_folder=self.project.logs_folder / "dbt")

    def _invoke(self, dbt: Dbt, record: RunRecord, command: str, *arguments: str) -> list[NodeResult]:
        from shophouse.engines.dbt import NOT_OURS

        results = dbt.invoke(command, *arguments, *NOT_OURS, on_node=self._on_node)
        self._write_down(record, results)
        return results

    def _on_node(self, name: str, status: str, done: int, total: int) -> None:
        self.progress(name, done, total)

    def _write_down(self, record: RunRecord, results: Sequence[NodeResult], *, with_sizes: bool = True) -> None:
        sizes = self.engine.sizes(
            (result.schema, result.name)
            for result in results
            if with_sizes and result.resource in ("model", "seed") and result.materialized not in ("view", "ephemeral")
        )
        for result in results:
            seconds = round(result.seconds, 3)
            if result.resource in ("test", "unit_test"):
                record.tests.append(TestResult(result.name, result.status, result.failures, seconds, result.message))
            else:
                rows, size = sizes.get((result.schema, result.name), (None, None))
                record.models.append(
                    ModelRun(result.name, result.schema, result.status, seconds, rows, size, result.message)
                )

    def _failing_rows(self, result: NodeResult) -> list[str]:
        file = self.project.folder / result.compiled
        if not file.is_file():
            return []
        rows = self.engine.query(f"select * from ({file.read_text(encoding='utf-8')}) as failing limit 5").to_pylist()
        return [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]


def _refuse_unknown(marts: Collection[str], plan: Plan) -> None:
    known = {model.name for model in plan.models}
    for name in marts:
        if name not in known:
            raise ConfigError(f"there is no model {name}", where="stream.marts", hint=did_you_mean(name, known))
