"""Plants bugs in a small shop's SQL, and sees which laws fail.

The shop is built once. A bug changes the text of one model or macro as dbt holds it in memory; what is built of that
anew, and all that is downstream, are tables of a transaction that is rolled back. So neither the package nor the shop
is ever wrong, and a bug costs about a second.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import BuildError
from shophouse.mutations.bugs import Bug
from shophouse.shop import Listener, Shop

if TYPE_CHECKING:
    from shophouse.engines.plan import CompiledModel, CompiledTest, Plan

__all__ = ["Found", "plant"]

_ORDERS, _DAYS = 400, 90
_PATIENCE = 120.0
_NODES = ("--select", "resource_type:model", "resource_type:test")


@dataclass(frozen=True)
class Found:
    """What became of a bug: the tests that failed, first those that it is known by."""

    bug: Bug
    tests: tuple[str, ...]

    @property
    def is_caught(self) -> bool:
        """Whether one of the tests that the bug is known by failed."""
        return any(test in self.bug.found_by for test in self.tests)


def plant(
    chosen: Sequence[Bug], listener: Listener, *, tell: Callable[[Found], None] = lambda found: None
) -> list[Found]:
    """Plant each bug in a shop made for it in a temporary folder, and return what became of each, in this order.

    `tell` is called with each as soon as it is known. Raises BuildError when the shop's own tests fail, or the SQL with
    a bug does not run, and ValueError when a bug's text is no longer in the SQL.
    """
    from shophouse.demo.shops import make_demo
    from shophouse.demo.world.deliveries import next_day

    known: dict[str, Found] = {}

    def judge(garden: _Garden, bugs: Iterable[Bug]) -> None:
        for bug in bugs:
            listener.progress(bug.bug, len(known), len(chosen))
            known[bug.bug] = Found(bug, garden.failing(bug))
            tell(known[bug.bug])

    with tempfile.TemporaryDirectory(prefix="shophouse-mutations-", ignore_cleanup_errors=True) as folder:
        listener.phase("demo")
        project = make_demo("shop", into=Path(folder) / "shop", orders=_ORDERS, days=_DAYS)
        _move_products(project.folder / "data")
        shop = Shop(project, listener)
        shop.run()
        if any(bug.days == 2 for bug in chosen):
            next_day(project.folder)
            shop.ingest()
            changed = _arrive(shop)
            listener.phase("mutate")
            judge(_Garden(shop, changed), (bug for bug in chosen if bug.days == 2))
            shop.build()
        listener.phase("mutate")
        judge(_Garden(shop), (bug for bug in chosen if bug.days == 1))
    return [known[bug.bug] for bug in chosen]


def _move_products(data: Path) -> None:
    """Write a later file of products: halfway every third moves to another category, and the next stays as it is."""
    import duckdb

    with duckdb.connect() as connection:
        for name in ("orders", "products"):
            connection.read_csv(data / f"{name}.csv").create_view(name)
        connection.execute(
            f"""copy (
                select
                    * replace (
                        if(product_id % 3 = 0, category_id % max(category_id) over () + 1, category_id) as category_id,
                        (select max(try_cast(ordered_at as timestamp)) - interval {_DAYS // 2} day from orders)
                            as updated_at
                    )
                from products
                qualify product_id % 3 < 2
            ) to '{data / "products-moved.csv"}' (header)"""
        )


def _arrive(shop: Shop) -> set[str]:
    """Show the models what no build has passed on, as a build begins; returns the raw tables that have news."""
    from shophouse.building import arrivals, raw_tables, write_loads

    engine, lake = shop.engine, shop.lake
    engine.attach(raw_tables(shop.project, lake))
    rows = engine.query("select source, table_name, load_id from ops.model_watermarks").to_pylist()
    found = arrivals(shop.project, lake, {(row["source"], row["table_name"]): row["load_id"] for row in rows})
    write_loads(engine, lake, found)
    return {f"{shop.project.sources[source].staging or source}__{table}" for source, table in found.tables}


class _Garden:
    """A built shop with its SQL: as an incremental run of the raw tables `changed` needs it, or as a full one does."""

    def __init__(self, shop: Shop, changed: set[str] | None = None) -> None:
        from shophouse.engines.dbt import Dbt

        self._file = shop.project.warehouse_folder / "build" / "shop.duckdb"
        self._dbt = Dbt(shop.project.folder, shop.engine, log_folder=shop.project.logs_folder / "dbt")
        self._manifest = self._dbt.parse()
        self._changed = changed
        self._refresh = ["--full-refresh"] if changed is None else []
        self._dbt.invoke("compile", *self._refresh, *_NODES)
        self._right = dict(self._dbt.compiled)
        failing = self._build(self._right, None)
        if failing:
            raise BuildError("the shop without a bug fails its own tests", why=failing)

    def failing(self, bug: Bug) -> tuple[str, ...]:
        """Names of the tests that fail with the bug, first those that it is known by, then the other laws."""
        with self._with(bug) as keys:
            names = [self._manifest.nodes[key].name for key in keys]
            self._dbt.invoke("compile", *self._refresh, "--select", *names)
            wrong = {**self._right, **{key: self._dbt.compiled[key] for key in keys if key in self._dbt.compiled}}
        unlike = {key for key in keys if wrong.get(key) != self._right.get(key)}
        try:
            found = self._build(wrong, unlike)
        except BuildError as error:
            raise BuildError(f"with the bug {bug.bug!r} the SQL does not run", why=error.why) from error
        return tuple(sorted(found, key=lambda name: (name not in bug.found_by, not name.startswith("law_"), name)))

    @contextmanager
    def _with(self, bug: Bug) -> Iterator[list[str]]:
        """The manifest with the bug; gives the keys of the models and tests that are made of the text."""
        nodes = [
            node
            for node in self._manifest.nodes.values()
            if node.resource_type == "model" and node.original_file_path == bug.file
        ]
        macros = [
            macro
            for macro in self._manifest.macros.values()
            if macro.package_name == "shophouse" and macro.original_file_path == bug.file and bug.is_in(macro.macro_sql)
        ]
        if not nodes and not macros:
            raise ValueError(f"{bug.file} no longer says {bug.right!r}: bring bugs.yml up to date")
        before = [(node, node.raw_code) for node in nodes]
        texts = [(macro, macro.macro_sql) for macro in macros]
        try:
            for node in nodes:
                node.raw_code = bug.of(node.raw_code)
            for macro in macros:
                macro.macro_sql = bug.of(macro.macro_sql)
            yield [node.unique_id for node in nodes] or self._made_with({macro.unique_id for macro in macros})
        finally:
            for node, text in before:
                node.raw_code = text
            for macro, text in texts:
                macro.macro_sql = text

    def _made_with(self, macros: set[str]) -> list[str]:
        """Keys of the models and tests that call one of these macros, or a macro that does."""
        size = 0
        while size < len(macros):
            size = len(macros)
            macros |= {key for key, macro in self._manifest.macros.items() if macros & set(macro.depends_on.macros)}
        return [
            key
            for key, node in self._manifest.nodes.items()
            if node.resource_type in ("model", "test") and key in self._right and macros & set(node.depends_on.macros)
        ]

    def _build(self, sql: dict[str, str], unlike: set[str] | None) -> list[str]:
        """Names of the tests that fail when what is downstream of `unlike` (None: everything) is built of this SQL."""
        import duckdb

        from shophouse.engines.duckdb.statements import full_statements, statements

        models, tests = self._downstream(self._plan(sql), sql, unlike)
        failing = []
        with duckdb.connect(str(self._file)) as connection:
            # a join that multiplies rows may not end
            watch = threading.Timer(_PATIENCE, connection.interrupt)
            watch.start()
            connection.begin()
            try:
                for model in models:
                    for statement in full_statements(model) if self._changed is None else statements(model):
                        connection.execute(statement)
                for test in tests:
                    row = connection.execute(f"select count(*) from (\n{test.sql}\n) as counted").fetchone()
                    if row and row[0] and not test.only_warns:
                        failing.append(test.name)
            except duckdb.Error as error:
                raise BuildError("the SQL does not run", why=str(error)) from error
            finally:
                watch.cancel()
                connection.rollback()
        return failing

    def _plan(self, sql: dict[str, str]) -> Plan:
        from shophouse.engines.compiling import plan_of

        plan = plan_of(self._manifest, "", sql, {}, lambda node: "")
        assert plan is not None, "the packaged project is run from its SQL alone"
        return plan

    def _downstream(
        self, plan: Plan, sql: dict[str, str], unlike: set[str] | None
    ) -> tuple[list[CompiledModel], list[CompiledTest]]:
        if self._changed is not None:
            return plan.downstream(self._changed)
        reached = set(unlike or ())
        models = []
        for model in plan.models:
            # seeds are there, and no bug is in them
            if model.resource == "seed":
                continue
            if unlike is None or model.unique_id in reached or not reached.isdisjoint(model.parents):
                reached.add(model.unique_id)
                models.append(replace(model, full_sql=sql[model.unique_id]))
        tests = [test for test in plan.tests if test.unique_id in reached or not reached.isdisjoint(test.parents)]
        return models, tests
