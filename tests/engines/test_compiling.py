from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from incremental.comparison import differences
from shophouse.builder import Builder
from shophouse.demo.shops import make_demo
from shophouse.demo.storefront import delta, generate
from shophouse.engines.compiling import compile_ahead, known_sql, plan_file
from shophouse.engines.dbt import Dbt
from shophouse.engines.plan import CompiledModel, CompiledTest, Plan
from shophouse.errors import BuildError, CheckFailed
from shophouse.project import Project
from shophouse.scaffold import init_project
from shophouse.shop import Shop
from shophouse.state import Inputs

pytestmark = pytest.mark.slow


def storefront(folder: Path) -> Shop:
    generate(folder / "data", orders=100)
    init_project(folder, staging="storefront", currency="USD", path="data/*.csv")
    return Shop.open(folder)


def kept_plan(project: Project) -> Plan | None:
    return Plan.load(plan_file(project), Inputs.of(project, {}).project)


def test_a_full_run_from_compiled_sql_makes_what_dbt_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=300, days=120))
    built = tmp_path / "shop" / "warehouse" / "build" / "shop.duckdb"
    with monkeypatch.context() as patched:
        patched.delattr("shophouse.engines.dbt.Dbt.invoke")
        first = shop.run()
    shutil.copyfile(built, tmp_path / "compiled.duckdb")
    monkeypatch.setattr(Builder, "_plan", lambda *arguments, **named: None)
    second = shop.run(full_refresh=True)
    assert differences(tmp_path / "compiled.duckdb", built) == {}
    models = [{(model.model, model.schema, model.rows) for model in run.record.models} for run in (first, second)]
    assert models[0] == models[1]
    assert {test.test: test.status for test in first.record.tests} == {
        test.test: test.status for test in second.record.tests
    }
    assert {test.status for test in first.record.tests} == {"pass"}


def test_what_only_dbt_can_make_is_made_by_dbt_in_the_first_run_too(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    seeds = tmp_path / "shop" / "seeds"
    seeds.mkdir(exist_ok=True)
    (seeds / "sales_areas.csv").write_text("area,manager\nnorth,Ada\nsouth,\n")
    shop.run()
    assert shop.sql("select area, manager from reference.sales_areas order by all").fetchall() == [
        ("north", "Ada"),
        ("south", None),
    ]
    plan = kept_plan(shop.project)
    assert plan is not None
    assert not plan.is_whole
    # models and tests are run beside each other, so each has to know what it reads through views, too
    views = {model.unique_id: model for model in plan.models if not model.holds_rows}
    for nodes in (plan.models, plan.tests):
        through = {parent for node in nodes for parent in node.parents if parent in views}
        assert through
        assert all(
            {*views[parent].parents} <= {*node.parents}
            for node in nodes
            for parent in through.intersection(node.parents)
        )


@pytest.mark.parametrize("shape", ["storefront", "order-events"])
def test_a_test_is_run_after_all_that_it_looks_at(tmp_path: Path, shape: str) -> None:
    """Which rows a run wrote, a test looks up in tables of changes, which it has no ref to."""
    shop = Shop(make_demo("shop", into=tmp_path / "shop", orders=100, days=60, shape=shape))
    shop.run()
    plan = kept_plan(shop.project)
    assert plan is not None
    models = {model.unique_id: model for model in plan.models}
    above: dict[str, set[str]] = {}

    def read_by(node: CompiledModel | CompiledTest) -> set[str]:
        """The relations that are there before the node is."""
        if node.unique_id not in above:
            known = [models[parent] for parent in node.parents if parent in models]
            above[node.unique_id] = {model.relation for model in known}.union(*map(read_by, known))
        return above[node.unique_id]

    tables = {model.relation for model in plan.models if model.holds_rows}
    looked_at = {test.name: {table for table in tables if table in test.sql} for test in plan.tests}
    assert any("affected_orders" in table for found in looked_at.values() for table in found)
    assert {test.name: looked_at[test.name] - read_by(test) for test in plan.tests} == {
        test.name: set() for test in plan.tests
    }


OWN = {
    "newest.sql": "select max(order_date) as newest_date from {{ ref('fct_orders') }}\n",
    "newest_year.sql": "{{ config(materialized='view') }}\nselect *, year(newest_date) as y from {{ ref('newest') }}\n",
}
MISTAKEN = {"newest.sql": "select max(order_dat) as newest_date from {{ ref('fct_orders') }}\n"}
CHANGED = {
    "newest.sql": "select max(order_date) as newest_date, count(*) as orders from {{ ref('fct_orders') }}\n",
    "newest_year.sql": "select year(newest_date) as y from {{ ref('newest') }}\n",
}


def test_what_a_shop_changes_of_its_own_is_built_from_compiled_sql_and_is_what_a_full_run_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = storefront(tmp_path / "shop")
    shop.run()
    marts, built = tmp_path / "shop" / "models" / "marts", tmp_path / "shop" / "warehouse" / "build" / "shop.duckdb"
    marts.mkdir(parents=True, exist_ok=True)

    def run(changes: dict[str, str]) -> set[str]:
        for name, text in changes.items():
            (marts / name).write_text(text)
        with monkeypatch.context() as patched:
            patched.delattr("shophouse.engines.dbt.Dbt.invoke")
            done = shop.run()
        assert {test.status for test in done.record.tests} <= {"pass"}
        return {model.model for model in done.record.models}

    own = {"newest", "newest_year"}
    assert run(OWN) == own
    delta(tmp_path / "shop" / "data", orders=20)
    with pytest.raises(BuildError, match="order_dat"):
        run(MISTAKEN)
    # what arrived is built with it, for the run before did not go through
    assert own < run(CHANGED)
    (marts / "newest_year.sql").unlink()
    assert run({}) == set()
    assert "newest_year" not in [name for (name,) in shop.sql("select view_name from duckdb_views()").fetchall()]
    shutil.copyfile(built, tmp_path / "compiled.duckdb")
    shop.run(full_refresh=True)
    assert differences(tmp_path / "compiled.duckdb", built) == {}

    # of packaged nodes the SQL was taken from the plan before, where nothing of them is otherwise
    project, folder = Inputs.of(shop.project, {}).project, shop.project.folder
    plan, dbt = kept_plan(shop.project), Dbt(folder, shop.engine, log_folder=tmp_path / "logs", connects=False)
    assert plan is not None
    assert dbt.compile_plan(project) == plan
    assert known_sql(dbt.parse(), plan, folder) is not None
    elsewhere = [replace(model, relation=model.relation.replace("core", "facts")) for model in plan.models]
    assert known_sql(dbt.parse(), replace(plan, models=elsewhere), folder) is None
    assert known_sql(dbt.parse(), replace(plan, tests=plan.tests[1:]), folder) is None
    (folder / plan.tests[0].file).unlink()
    assert known_sql(dbt.parse(), plan, folder) is None


def test_what_dbt_is_told_of_a_project_may_compile_packaged_models_otherwise(tmp_path: Path) -> None:
    project = storefront(tmp_path / "shop").project
    before = Inputs.of(project, {})
    (project.folder / "models" / "marts").mkdir(parents=True, exist_ok=True)
    (project.folder / "models" / "marts" / "own.sql").write_text("select 1 as a\n")
    own = Inputs.of(project, {})
    assert own.project != before.project and own.packaged == before.packaged
    with (project.folder / "dbt_project.yml").open("a") as file:
        file.write("vars: {premium: 100}\n")
    told = Inputs.of(project, {})
    assert told.packaged != own.packaged
    # but what arrived is not built anew for it
    assert (told.foundation, told.models) == (own.foundation, own.models)


def test_a_contract_of_the_shops_own_is_held_to_in_the_first_run_too(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    marts = tmp_path / "shop" / "models" / "marts"
    marts.mkdir(parents=True, exist_ok=True)
    (marts / "newest.sql").write_text("select max(order_date) as newest_date from {{ ref('fct_orders') }}\n")
    (marts / "newest.yml").write_text(
        "models:\n  - name: newest\n    config: {contract: {enforced: true}}\n"
        "    columns: [{name: newest_date, data_type: integer}]\n"
    )
    with pytest.raises(BuildError, match="newest"):
        shop.run()


def test_a_project_that_does_not_compile_leaves_no_plan(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    marts = tmp_path / "shop" / "models" / "marts"
    marts.mkdir(parents=True, exist_ok=True)
    (marts / "broken.sql").write_text("select * from {{ ref('no_such_model') }}\n")
    with compile_ahead(shop.project) as wait:
        wait()
    assert kept_plan(shop.project) is None


def test_compiling_ends_with_the_process_that_wanted_it(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    script = (
        "import os, signal\n"
        "from shophouse.engines.compiling import compile_ahead\n"
        "from shophouse.project import Project\n"
        f"with compile_ahead(Project.load({str(shop.project.folder)!r})):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode != 0
    deadline = time.monotonic() + 20
    while compiling(shop.project.folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not compiling(shop.project.folder)
    assert kept_plan(shop.project) is None


def compiling(folder: Path) -> bool:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return any("shophouse.engines.compiling" in line and str(folder) in line for line in listed.splitlines())


def test_an_incremental_run_tests_the_columns_of_the_rows_that_it_wrote_and_check_of_all(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    shop.run()
    plan = kept_plan(shop.project)
    assert plan is not None
    (columns,) = [test for test in plan.tests if test.name == "fct_orders_columns"]
    built = duckdb.connect(str(tmp_path / "shop" / "warehouse" / "build" / "shop.duckdb"))
    two = built.execute("select order_key from core.fct_orders order by order_key limit 2").fetchall()
    built.execute("update core.fct_orders set person_key = null where order_key in (?, ?)", [two[0][0], two[1][0]])

    def broken(sql: str) -> list[tuple[str, str, int]]:
        return built.execute(sql).fetchall()

    assert broken(columns.full_sql) == [("person_key", "null", 2)]
    assert broken(columns.sql) == []
    built.execute("insert into changes.affected_person_orders (order_key) values (?)", two[1])
    assert broken(columns.sql) == [("person_key", "null", 1)]
    built.close()
    with pytest.raises(CheckFailed, match="fct_orders_columns"):
        shop.check()


def test_an_incremental_run_sees_members_that_are_gone_and_strangers_in_the_rows_that_it_wrote(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    shop.run()
    plan = kept_plan(shop.project)
    assert plan is not None
    (columns,) = [test for test in plan.tests if test.name == "fct_orders_columns"]
    with duckdb.connect(str(tmp_path / "shop" / "warehouse" / "build" / "shop.duckdb")) as built:

        def broken() -> list[tuple[str, str, int]]:
            return built.execute(columns.sql).fetchall()

        gone, orders = built.execute(
            "select customer_key, count(*) from core.fct_orders where customer_key <> 0 group by 1 order by 1 limit 1"
        ).fetchall()[0]
        assert broken() == []
        built.execute("insert into changes.affected_accounts (customer_key) values (?)", [gone])
        assert broken() == []
        built.execute("delete from core.dim_customer where customer_key = ?", [gone])
        assert broken() == [("customer_key", "no longer in dim_customer", orders)]
        built.execute("delete from changes.affected_accounts")
        assert broken() == []
        written = built.execute("select min(order_key) from core.fct_orders where customer_key = ?", [gone]).fetchall()
        built.execute("insert into changes.affected_person_orders (order_key) values (?)", written[0])
        assert broken() == [("customer_key", "not in dim_customer", 1)]


ORDER = "(select min(order_key) from core.fct_orders where is_valid and payment_amount > 0 and customer_key <> 0)"
CUSTOMER = f"(select customer_key from core.fct_orders where order_key = {ORDER})"


@pytest.mark.parametrize(
    ("law", "bug", "told", "sees_the_rest"),
    [
        pytest.param(
            "law_2_lines_carry_what_their_order_carries",
            f"update core.fct_order_items set allocated_discount_amount = allocated_discount_amount + 0.01 "
            f"where line_number = 1 and order_key = {ORDER}",
            f"insert into changes.affected_orders (order_key) select {ORDER}",
            True,
            id="a line that carries too much",
        ),
        pytest.param(
            "law_3_refunds_are_within_payments",
            f"update core.fct_orders set refund_amount = payment_amount + 0.01 where order_key = {ORDER}",
            f"insert into changes.affected_person_orders (order_key) select {ORDER}",
            False,
            id="a refund that is more than was paid",
        ),
        pytest.param(
            "law_7_a_person_has_one_first_order",
            f"update core.fct_orders set order_sequence = order_sequence + 1 where order_key = {ORDER}",
            f"insert into changes.affected_person_orders (order_key) select {ORDER}",
            True,
            id="a number that is left out",
        ),
        pytest.param(
            "law_7_a_person_has_one_first_order",
            f"delete from core.fct_orders where order_key = {ORDER}",
            "select 1",
            True,
            id="an order that was deleted and not written again",
        ),
        pytest.param(
            "law_10_orders_join_one_customer_version",
            f"delete from core.dim_customer where customer_key = {CUSTOMER}",
            f"insert into changes.affected_person_orders (order_key) select {ORDER}",
            False,
            id="an order that was written, of an account without versions",
        ),
        pytest.param(
            "law_10_orders_join_one_customer_version",
            f"delete from core.dim_customer where customer_key = {CUSTOMER}",
            f"insert into changes.affected_accounts (customer_key) select {CUSTOMER}",
            False,
            id="an account that was written without versions",
        ),
        pytest.param(
            "law_10_customer_versions_follow_each_other",
            f"insert into core.customer_versions select * exclude (is_inferred) "
            f"from core.dim_customer_history where customer_key = {CUSTOMER}",
            f"insert into changes.affected_customer_versions (customer_key) select {CUSTOMER}",
            False,
            id="versions that overlap",
        ),
        pytest.param(
            "law_10_customers_are_their_current_versions",
            f"update core.dim_customer set customer_version_key = customer_version_key + 1 "
            f"where customer_key = {CUSTOMER}",
            f"insert into changes.affected_accounts (customer_key) select {CUSTOMER}",
            False,
            id="an account that names another version",
        ),
    ],
)
def test_an_incremental_run_proves_a_law_of_what_it_wrote(
    built_shop: tuple[Plan, Path], law: str, bug: str, told: str, sees_the_rest: bool
) -> None:
    plan, file = built_shop
    (found,) = [test for test in plan.tests if test.name == law]
    with duckdb.connect(str(file)) as built:

        def breaks(sql: str) -> bool:
            return bool(built.execute(sql).fetchall())

        built.begin()
        assert not breaks(found.full_sql) and not breaks(found.sql)
        built.execute(bug)
        assert breaks(found.full_sql)
        assert breaks(found.sql) == sees_the_rest
        built.execute(told)
        assert breaks(found.sql)
        built.rollback()


@pytest.fixture(scope="module")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    """A shop after a full run: what runs wrote is nothing."""
    folder = tmp_path_factory.mktemp("built") / "shop"
    shop = storefront(folder)
    shop.run()
    plan = kept_plan(shop.project)
    assert plan is not None
    return plan, folder / "warehouse" / "build" / "shop.duckdb"


def test_a_test_whose_sql_is_wrong_fails_the_run_by_its_name(tmp_path: Path) -> None:
    shop = storefront(tmp_path / "shop")
    tests = tmp_path / "shop" / "tests"
    tests.mkdir(exist_ok=True)
    (tests / "no_order_is_free.sql").write_text("select ordr_key from {{ ref('fct_orders') }} where total_amount = 0\n")
    with pytest.raises(CheckFailed, match="no_order_is_free") as failed:
        shop.run()
    assert any("ordr_key" in line for line in failed.value.why)
    assert shop.engine.published() is None
