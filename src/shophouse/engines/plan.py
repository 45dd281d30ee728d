"""The SQL of a build as dbt compiled it, kept so that a run of the same project needs no dbt.

Compiled SQL changes only with the project. Starting dbt, parsing, and its work around each node cost more than a day's
data does, and a third of what a full run of a million order lines does.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from shophouse.engines import OnNode

__all__ = ["AT_A_TIME", "PACKAGE", "CompiledModel", "CompiledTest", "NodeResult", "Plan", "Session", "build"]

Resource = Literal["model", "seed", "test", "unit_test", "snapshot", "operation"]

# a query may have all cores, but most tests, and most models of a day, are too small for more than one
AT_A_TIME = 2
PACKAGE = "shophouse"
_VERSION = 6
_CHANGES = "changes"


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
    """A model or a seed. `sql` is what an incremental run builds it from, where it holds rows that a run changes.

    Without it, an incremental run makes it anew, in place of what is there by its name.
    """

    unique_id: str
    name: str
    schema: str
    relation: str
    materialized: str
    parents: tuple[str, ...]
    """What it reads, and what the views in between read."""
    sql: str = ""
    file: str = ""
    key: str = ""
    """Of an incremental model: the column whose affected values are replaced; empty where rows are only added."""
    affected: str = ""
    """Of an incremental model: the relation that holds the affected values of `key`."""
    full_sql: str = ""
    """What a full run builds it from."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name and type of each column, of a model whose contract is enforced."""
    decimals: tuple[tuple[str, str], ...] = ()
    """Name and type of each column that is declared a decimal, of another model."""

    @property
    def holds_rows(self) -> bool:
        return self.materialized in ("table", "incremental")

    @property
    def resource(self) -> Resource:
        return "seed" if self.materialized == "seed" else "model"

    @property
    def is_own(self) -> bool:
        """Whether it is the shop's own, and not one of the package's."""
        return self.unique_id.split(".")[1] != PACKAGE

    def result(self, status: str, seconds: float, message: str = "") -> NodeResult:
        """What dbt would say of it."""
        return NodeResult(
            self.unique_id,
            self.name,
            self.resource,
            self.schema,
            self.materialized,
            status,
            seconds,
            0,
            message,
            self.file,
        )


@dataclass(frozen=True)
class CompiledTest:
    """A test, whose SQL gives the rows that break it: of what an incremental run wrote, or of all in a full run."""

    unique_id: str
    name: str
    sql: str
    file: str
    only_warns: bool
    parents: tuple[str, ...]
    """What it reads, and what the views in between read."""
    full_sql: str = ""

    def result(self, failures: int, seconds: float, error: str = "") -> NodeResult:
        """What dbt would say of it; `error` is why its SQL could not be run."""
        if error:
            return NodeResult(self.unique_id, self.name, "test", "", "test", "error", seconds, 0, error, self.file)
        status = "pass" if failures == 0 else "warn" if self.only_warns else "fail"
        message = f"Got {failures} results, configured to fail if != 0" if failures else ""
        return NodeResult(self.unique_id, self.name, "test", "", "test", status, seconds, failures, message, self.file)


@dataclass(frozen=True)
class Plan:
    """The models in the order in which they can be built, and the tests.

    `project` is the hash of the project that was compiled; `raw` gives the key of each table of schema raw; `snapshots`
    gives what each snapshot reads, for dbt alone can take them. `is_whole` says that a full run can be made from it,
    too: that nothing in it but snapshots needs dbt.
    """

    project: str
    raw: Mapping[str, str]
    models: Sequence[CompiledModel]
    tests: Sequence[CompiledTest]
    snapshots: Mapping[str, Sequence[str]]
    is_whole: bool = False

    def downstream(
        self, raw_tables: Iterable[str], behind: Collection[str] = (), *, proved: bool = True
    ) -> tuple[list[CompiledModel], list[CompiledTest]]:
        """What must be built when these tables of schema raw have changed, and the tests that concern it.

        Of the raw tables `behind`, only what is urgent has been built before. Tests of what was left then look at all
        rows, for nobody looked at those that these builds wrote. All tests do when what is there now is not `proved`:
        a build failed, or was stopped, or its tests were not all that concern it.
        """
        changed = {*raw_tables, *behind}
        reached = self._reached(changed)
        found = self._with_changes(reached)
        tests = self._concerning(reached, proved=proved)
        if behind and self.tests_all_rows:
            left = self._standing_on(self._waiting(self._reached(behind), self._urgent(())))
            tests = [test if left.isdisjoint(test.parents) else replace(test, sql=test.full_sql) for test in tests]
        return found, tests

    def since(
        self, before: Plan | None, raw_tables: Iterable[str], behind: Collection[str] = (), *, proved: bool = True
    ) -> tuple[list[CompiledModel], list[CompiledTest]] | None:
        """What must be built besides `downstream` after the plan `before`, or after one that isn't known.

        That is what the shop changed of its own models and what is downstream of these, and the tests that concern
        them or were changed; where `before` isn't known, all of its own. None where what packaged models are made of
        was changed, which dbt has to build then.
        """
        known = set() if before is None else {*before.models, *before.tests}
        changed = {model.unique_id for model in self.models if model not in known}
        foundation: set[str] = set()
        for model in reversed(self.models):
            if not model.is_own or model.unique_id in foundation:
                foundation |= {model.unique_id, *model.parents}
        if before is None:
            changed -= foundation
        elif not changed.isdisjoint(foundation):
            return None
        reached = self._reached((), changed)
        models, tests = self.downstream(raw_tables, behind, proved=proved and before is not None)
        arrived = {model.unique_id for model in models}
        found = [
            replace(model, sql="")
            if model.unique_id in changed or (model.unique_id in reached and model.materialized != "table")
            else model
            for model in self.models
            if model.unique_id in reached | arrived
        ]
        concerned = {test.unique_id: test for test in tests}
        for test in self.tests:
            if test not in known or not reached.isdisjoint(test.parents):
                concerned[test.unique_id] = replace(test, sql=test.full_sql)
        return found, [concerned[test.unique_id] for test in self.tests if test.unique_id in concerned]

    def gone_since(self, before: Plan) -> list[CompiledModel]:
        """What the plan `before` built of the shop's own models and this one has no more."""
        relations = {model.relation for model in self.models}
        return [model for model in before.models if model.is_own and model.relation not in {"", *relations}]

    @property
    def tests_all_rows(self) -> bool:
        """Whether each test is known for all rows: else no part can wait, and nothing unproved be proved."""
        return all(test.full_sql for test in self.tests)

    def urgent(
        self, raw_tables: Iterable[str], behind: Collection[str], marts: Collection[str], *, proved: bool = True
    ) -> tuple[list[CompiledModel], list[CompiledTest], bool]:
        """What of `downstream` can't wait: these marts, what is told of each arrival only once, and what they read.

        The tests are those that read nothing that waits; the last value says whether anything does.
        """
        now, ever = self._reached(raw_tables), self._reached({*raw_tables, *behind})
        urgent = self._urgent(marts)
        waiting = self._waiting(ever, urgent)
        found = self._with_changes(now & urgent)
        left = self._standing_on(waiting)
        tests = [test for test in self._concerning(now, proved=proved) if left.isdisjoint(test.parents)]
        return found, tests, bool(waiting)

    def _with_changes(self, reached: Collection[str]) -> list[CompiledModel]:
        """The models that hold rows among these, and the tables of changes that they read.

        Those say what a build has to calculate again, so that what the one before it had to is no longer told where
        nothing has arrived for them.
        """
        made = {model.unique_id for model in self.models if model.holds_rows and model.unique_id in reached}
        read: set[str] = set()
        for model in reversed(self.models):
            if model.unique_id in read and model.schema == _CHANGES and model.materialized == "table":
                made.add(model.unique_id)
            if model.unique_id in made:
                read |= {*model.parents}
        return [model for model in self.models if model.unique_id in made]

    def _concerning(self, models: Collection[str], *, proved: bool) -> list[CompiledTest]:
        """The tests that read one of these models, or all, of all rows, where what is there now is not `proved`."""
        if not proved:
            return [replace(test, sql=test.full_sql) for test in self.tests]
        return [test for test in self.tests if not set(models).isdisjoint(test.parents)]

    def _urgent(self, marts: Collection[str]) -> set[str]:
        """These marts, all incremental models, what tells of changes, and what these read."""
        found: set[str] = set()
        for model in reversed(self.models):
            tells = model.materialized == "incremental" or model.schema == _CHANGES
            if tells or model.name in marts or model.unique_id in found:
                found |= {model.unique_id, *model.parents}
        return found

    def _waiting(self, reached: Collection[str], urgent: Collection[str]) -> set[str]:
        return {
            model.unique_id
            for model in self.models
            if model.holds_rows and model.unique_id in reached and model.unique_id not in urgent
        }

    def _standing_on(self, models: Collection[str]) -> set[str]:
        """These models and the views over them."""
        found = set(models)
        for model in self.models:
            if not model.holds_rows and not found.isdisjoint(model.parents):
                found.add(model.unique_id)
        return found

    def snapshots_of(self, raw_tables: Iterable[str]) -> list[str]:
        """The names of the snapshots that must be taken when these tables of schema raw have changed."""
        reached = self._reached(raw_tables)
        return [name for name, parents in self.snapshots.items() if not reached.isdisjoint(parents)]

    def _reached(self, raw_tables: Iterable[str], changed: Iterable[str] = ()) -> set[str]:
        reached = {*changed, *(self.raw[table] for table in raw_tables if table in self.raw)}
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
    def load(cls, file: Path, project: str | None = None) -> Plan | None:
        """The plan in `file`; None where there is none, or it was compiled from another project than this, if given."""
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            if data["version"] != _VERSION or project not in (None, data["project"]):
                return None
            return cls(
                data["project"],
                data["raw"],
                [
                    CompiledModel(**{**model, "parents": tuple(model["parents"]), **_typed(model)})
                    for model in data["models"]
                ],
                [CompiledTest(**{**test, "parents": tuple(test["parents"])}) for test in data["tests"]],
                data["snapshots"],
                data["is_whole"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _typed(model: Mapping[str, Any]) -> dict[str, tuple[tuple[str, str], ...]]:
    return {of: tuple((name, type_) for name, type_ in model[of]) for of in ("columns", "decimals")}


@dataclass(frozen=True)
class Session:
    """A connection: what executes SQL on it and gives a cursor, and what stops that from another thread."""

    execute: Callable[[str], Any]
    stop: Callable[[], None]


def build(
    models: Sequence[CompiledModel],
    tests: Sequence[CompiledTest],
    sessions: Sequence[Session],
    make: Callable[[Session, CompiledModel], None],
    refusal: type[Exception],
    on_node: OnNode,
    *,
    anew: bool,
    when_made: Callable[[], None] = lambda: None,
) -> list[NodeResult]:
    """Make these models by `make` and count the rows that break each test, `anew` after a full run.

    Each is done after what it reads, the first that can be before others, as many at a time as there are sessions. A
    node at which a session raises `refusal` has failed; after a model that failed, nothing else is begun.
    `when_made` is called when all models are made, while tests may be under way. Results are in the order given.
    """

    def work(session: Session, node: CompiledModel | CompiledTest) -> NodeResult:
        started = time.perf_counter()
        failures, error = 0, ""
        try:
            if isinstance(node, CompiledModel):
                make(session, node)
            else:
                sql = node.full_sql if anew else node.sql
                # all rows, for a result that is not read to its end is a transaction, which a copy would wait for
                ((rows,),) = session.execute(f"select count(*) from (\n{sql}\n) as failing").fetchall()
                failures = int(rows)
        except refusal as refused:
            # an error without words is one, too
            error = str(refused) or type(refused).__name__
        seconds = time.perf_counter() - started
        if isinstance(node, CompiledTest):
            return node.result(failures, seconds, error)
        return node.result("error" if error else "success", seconds, error)

    nodes: list[CompiledModel | CompiledTest] = [*models, *tests]
    places = {node.unique_id: place for place, node in enumerate(nodes)}
    order = TopologicalSorter({node.unique_id: [key for key in node.parents if key in places] for node in nodes})
    order.prepare()
    idle = list(sessions)
    ready: list[int] = []
    found: dict[int, NodeResult] = {}
    begins, unmade = True, len(models)
    if not unmade:
        when_made()
    with ThreadPoolExecutor(len(sessions)) as pool:
        under_way: dict[Future[NodeResult], tuple[int, Session]] = {}
        try:
            while order.is_active():
                for key in order.get_ready():
                    heappush(ready, places[key])
                while begins and ready and idle:
                    place, session = heappop(ready), idle.pop()
                    on_node(nodes[place].name, "started", len(found), len(nodes))
                    under_way[pool.submit(work, session, nodes[place])] = place, session
                if not under_way:
                    break
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    place, session = under_way.pop(future)
                    idle.append(session)
                    result = found[place] = future.result()
                    on_node(result.name, result.status, len(found), len(nodes))
                    order.done(result.unique_id)
                    if place < len(models):
                        begins = begins and not result.failed
                        unmade -= 1
                        if begins and not unmade:
                            when_made()
        except BaseException:
            for session in sessions:
                session.stop()
            raise
    return [found[place] for place in sorted(found)]
