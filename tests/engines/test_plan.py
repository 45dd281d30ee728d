from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shophouse.demo.storefront import generate
from shophouse.engines.plan import CompiledModel, CompiledTest, NodeResult, Plan, Session, build
from shophouse.scaffold import init_project
from shophouse.shop import Shop


def model(name: str, *parents: str, materialized: str = "table") -> CompiledModel:
    return CompiledModel(f"model.{name}", name, "core", f"core.{name}", materialized, parents, sql=f"select '{name}'")


def data_test(name: str, *parents: str) -> CompiledTest:
    return CompiledTest(f"test.{name}", name, "select 1 where false", f"{name}.sql", False, parents)


PLAN = Plan(
    "a-b",
    {"shop__orders": "source.orders", "shop__products": "source.products"},
    [
        model("stg_orders", "source.orders", materialized="view"),
        model("orders", "model.stg_orders"),
        model("products", "source.products"),
        model("sales", "model.orders", "model.products"),
    ],
    [
        data_test("orders_are_known", "model.stg_orders"),
        data_test("orders_are_unique", "model.orders"),
        data_test("products_are_unique", "model.products"),
        data_test("sales_are_orders", "model.sales", "model.orders"),
    ],
    {"snapshot_orders": ["model.stg_orders"], "snapshot_products": ["source.products"]},
)


def names(found: tuple[list[CompiledModel], list[CompiledTest]]) -> tuple[list[str], list[str]]:
    return [model.name for model in found[0]], [test.name for test in found[1]]


def test_what_is_built_is_what_depends_on_what_arrived_through_views_too() -> None:
    assert names(PLAN.downstream(["shop__orders"])) == (
        ["orders", "sales"],
        ["orders_are_known", "orders_are_unique", "sales_are_orders"],
    )


def test_a_test_on_a_view_alone_is_run_when_what_the_view_shows_has_changed() -> None:
    assert "orders_are_known" in names(PLAN.downstream(["shop__orders"]))[1]
    assert "orders_are_known" not in names(PLAN.downstream(["shop__products"]))[1]


# orders is told of each arrival only once; sales and report can wait
FACTS = Plan(
    "a-b",
    {"shop__orders": "source.orders", "shop__products": "source.products"},
    [
        model("prices", "source.products"),
        model("orders", "source.orders", "model.prices", materialized="incremental"),
        model("sales", "model.orders"),
        model("report", "model.orders"),
        model("reports", "model.report", materialized="view"),
    ],
    [
        replace(data_test(name, *parents), full_sql=f"select '{name}' where false")
        for name, parents in {
            "orders_are_unique": ["model.orders"],
            "sales_are_orders": ["model.sales", "model.orders"],
            "report_is_orders": ["model.report", "model.orders"],
            "reports_are_orders": ["model.reports", "model.orders"],
        }.items()
    ],
    {},
)


def test_what_is_urgent_is_the_marts_asked_for_what_is_incremental_and_what_these_read() -> None:
    models, tests, waits = FACTS.urgent(["shop__orders"], [], ["sales"])
    assert names((models, tests)) == (["orders", "sales"], ["orders_are_unique", "sales_are_orders"])
    assert waits
    assert names(FACTS.urgent(["shop__products"], [], [])[:2])[0] == ["prices", "orders"]


def test_changes_that_an_earlier_build_told_of_are_told_anew_where_they_are_read() -> None:
    changes = [
        replace(model(name, *parents), schema="changes")
        for name, parents in {
            "affected_orders": ["source.orders"],
            "affected_products": ["source.products"],
            "affected_lines": ["model.affected_products"],
            "affected_stock": ["source.products"],
            "followed_sales": ["model.sales"],
        }.items()
    ]
    facts = model("facts", "model.affected_orders", "model.affected_lines", materialized="incremental")
    plan = replace(PLAN, models=[*changes[:-1], facts, model("sales", "model.facts"), changes[-1]], tests=[])
    built = ["affected_orders", "affected_products", "affected_lines", "facts", "sales", "followed_sales"]
    assert names(plan.downstream(["shop__orders"]))[0] == built
    # what is followed is compared with in the next build, which must not find what an earlier one left
    assert names(plan.urgent(["shop__orders"], [], [])[:2])[0] == built


def test_nothing_waits_where_everything_is_urgent() -> None:
    assert FACTS.urgent(["shop__orders"], [], ["sales", "report"])[2] is False


def test_a_test_of_what_an_earlier_build_left_waits_with_it() -> None:
    plan = replace(FACTS, raw={**FACTS.raw, "shop__other": "source.other"})
    models, tests, waits = plan.urgent(["shop__other"], ["shop__orders"], ["sales"])
    assert names((models, tests)) == ([], [])
    assert waits


def test_what_was_left_is_made_up_for_and_its_tests_look_at_all_rows() -> None:
    models, tests = FACTS.downstream([], ["shop__orders"])
    assert [model.name for model in models] == ["orders", "sales", "report"]
    assert {test.name: test.sql == test.full_sql for test in tests} == {
        "orders_are_unique": False,
        "sales_are_orders": True,
        "report_is_orders": True,
        "reports_are_orders": True,
    }


def test_what_no_build_has_proved_is_tested_whole_whatever_arrived() -> None:
    tests = FACTS.downstream(["shop__products"], proved=False)[1]
    assert [test.name for test in tests] == [test.name for test in FACTS.tests]
    assert all(test.sql == test.full_sql for test in tests)
    # what waits is made up for by a build that tests it of all rows
    _, tests, waits = FACTS.urgent(["shop__orders"], [], ["sales"], proved=False)
    assert [test.name for test in tests] == ["orders_are_unique", "sales_are_orders"]
    assert all(test.sql == test.full_sql for test in tests)
    assert waits


def test_nothing_may_wait_when_a_test_is_not_known_for_all_rows() -> None:
    assert FACTS.tests_all_rows
    assert not PLAN.tests_all_rows


def packaged_and_own() -> Plan:
    """Packaged sales, made of staging of the shop's own, and marts of its own."""

    def of(package: str, name: str, *parents: str, materialized: str = "table") -> CompiledModel:
        return replace(model(name, *parents, materialized=materialized), unique_id=f"model.{package}.{name}")

    return Plan(
        "a-b",
        {"shop__orders": "source.orders"},
        [
            of("shop", "stg_orders", "source.orders", materialized="view"),
            of("shophouse", "sales", "model.shop.stg_orders", "source.orders"),
            of("shophouse", "products", "source.products"),
            of("shop", "best", "model.shophouse.products"),
            of("shop", "best_ever", "model.shop.best", materialized="incremental"),
            of("shop", "best_now", "model.shop.best", materialized="view"),
            of("shop", "report", "model.shop.best_now", "model.shop.best"),
            of("shop", "other"),
        ],
        [
            replace(data_test(name, *parents), full_sql=f"select '{name}' where false")
            for name, parents in {
                "sales_are_orders": ["model.shophouse.sales"],
                "best_are_products": ["model.shop.best", "model.shophouse.products"],
                "others_are_few": ["model.shop.other"],
            }.items()
        ],
        {},
        is_whole=True,
    )


def with_sql(plan: Plan, **others: str) -> Plan:
    return replace(plan, models=[replace(one, sql=others.get(one.name, one.sql)) for one in plan.models])


def test_a_changed_model_of_the_shops_own_is_built_with_what_is_downstream_of_it() -> None:
    before = packaged_and_own()
    found = with_sql(before, best="select 1 as place").since(before, [])
    assert found is not None
    models, tests = found
    # a table is filled from its SQL as always, what else there is is made anew
    assert {one.name: one.sql for one in models} == {
        "best": "",
        "best_ever": "",
        "best_now": "",
        "report": "select 'report'",
    }
    assert [(test.name, test.sql == test.full_sql) for test in tests] == [("best_are_products", True)]


def test_what_arrived_is_built_beside_what_the_shop_changed() -> None:
    before = packaged_and_own()
    found = with_sql(before, other="select 1 as place").since(before, ["shop__orders"])
    assert found is not None
    models, tests = found
    assert [(one.name, bool(one.sql)) for one in models] == [("sales", True), ("other", False)]
    assert [(test.name, test.sql == test.full_sql) for test in tests] == [
        ("sales_are_orders", False),
        ("others_are_few", True),
    ]


def test_a_changed_test_alone_is_run_and_nothing_is_built() -> None:
    before = packaged_and_own()
    tests = [replace(test, sql="select 2", full_sql="select 3") for test in before.tests[2:]]
    assert replace(before, tests=[*before.tests[:2], *tests]).since(before, []) == (
        [],
        [replace(tests[0], sql="select 3")],
    )
    assert before.since(before, []) == ([], [])


def test_all_of_the_shops_own_marts_are_built_after_what_is_not_known() -> None:
    found = packaged_and_own().since(None, ["shop__orders"])
    assert found is not None
    models, tests = found
    # its staging is what packaged models are made of: a full run has built both
    assert [one.name for one in models] == ["sales", "best", "best_ever", "best_now", "report", "other"]
    assert [one.name for one in models if one.sql] == ["sales"]
    assert [test.sql for test in tests] == [test.full_sql for test in packaged_and_own().tests]


def test_what_is_gone_of_the_shops_own_is_known() -> None:
    before = packaged_and_own()
    after = replace(before, models=[one for one in before.models if one.name not in ("report", "other", "products")])
    assert [one.name for one in after.gone_since(before)] == ["report", "other"]
    assert before.gone_since(after) == []


@pytest.mark.parametrize("name", ["stg_orders", "sales", "products"])
def test_what_packaged_models_are_made_of_is_left_to_dbt_when_it_changed(name: str) -> None:
    before = packaged_and_own()
    assert with_sql(before, **{name: "select 1 as place"}).since(before, []) is None


def test_a_snapshot_is_taken_when_what_it_reads_has_news() -> None:
    assert PLAN.snapshots_of(["shop__orders"]) == ["snapshot_orders"]
    assert PLAN.snapshots_of(["shop__unread"]) == []


def test_a_table_that_no_model_reads_builds_nothing() -> None:
    assert names(PLAN.downstream(["shop__unread"])) == ([], [])


def test_a_plan_is_kept_for_the_project_that_it_was_compiled_from(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert Plan.load(file, "a-b") is None
    PLAN.save(file)
    assert Plan.load(file, "a-b") == PLAN
    assert Plan.load(file, "a-c") is None
    assert Plan.load(file) == PLAN
    file.write_text(file.read_text()[:-5])
    assert Plan.load(file, "a-b") is None


class Refused(Exception):
    """What the sessions of these tests raise."""


class Cursor:
    """What a session gives for a count of failing rows."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def fetchall(self) -> list[tuple[int]]:
        return [(self.failures,)]


def built(
    models: list[CompiledModel],
    make: Callable[[CompiledModel], Any],
    sessions: int = 2,
    stop: Any = None,
    tests: Sequence[CompiledTest] = (),
    count: Callable[[str], int] = lambda sql: 0,
    when_made: Callable[[], None] = lambda: None,
) -> list[NodeResult]:
    given = [Session(lambda sql: Cursor(count(sql)), stop or (lambda: None)) for _ in range(sessions)]
    return build(
        models,
        tests,
        given,
        lambda session, model: make(model),
        Refused,
        lambda *told: None,
        anew=False,
        when_made=when_made,
    )


def test_models_that_do_not_read_each_other_are_built_at_the_same_time() -> None:
    met = threading.Barrier(2, timeout=20)
    results = built([model("orders"), model("products")], lambda one: met.wait())
    assert {result.name: result.status for result in results} == {"orders": "success", "products": "success"}


def test_a_model_is_built_after_what_it_reads() -> None:
    begun: list[str] = []
    done: set[str] = set()

    def build(one: CompiledModel) -> None:
        begun.append(one.name)
        assert {parent.removeprefix("model.") for parent in one.parents if parent in ours} <= done
        done.add(one.name)

    chain = [model(f"step_{n}", *([f"model.step_{n - 1}"] if n else [])) for n in range(20)]
    others = [model(f"other_{n}", "source.orders", "model.not_of_this_run") for n in range(20)]
    ours = {one.unique_id for one in [*chain, *others]}
    results = built([*others, *chain], build)
    assert not [result for result in results if result.failed]
    assert sorted(begun) == sorted(done) == sorted(one.name for one in [*chain, *others])


def test_a_test_is_run_when_what_it_reads_is_built_and_before_models_that_it_does_not_read() -> None:
    met = threading.Barrier(2, timeout=20)

    def make(one: CompiledModel) -> None:
        if one.name == "sales":
            met.wait()

    def count(sql: str) -> int:
        met.wait()
        return 3

    models = [model("orders"), model("sales", "model.orders")]
    results = built(models, make, tests=[data_test("orders_are_unique", "model.orders")], count=count)
    assert [(result.name, result.status, result.failures) for result in results] == [
        ("orders", "success", 0),
        ("sales", "success", 0),
        ("orders_are_unique", "fail", 3),
    ]


def test_what_reads_a_model_waits_for_it_and_others_come_before_tests() -> None:
    done: list[str] = []

    def count(sql: str) -> int:
        done.append("test")
        return 0

    tests = [data_test("orders_are_unique", "model.orders")]
    models = [model("orders"), model("products")]
    built(models, lambda one: done.append(one.name), 1, tests=tests, count=count, when_made=lambda: done.append("made"))
    assert done == ["orders", "products", "made", "test"]
    done.clear()
    built([], lambda one: None, 1, tests=tests, count=count, when_made=lambda: done.append("made"))
    assert done == ["made", "test"]


def test_a_test_that_can_not_be_run_has_failed() -> None:
    def count(sql: str) -> int:
        raise Refused("no such table")

    (result,) = built([], lambda one: None, tests=[data_test("orders_are_unique", "model.orders")], count=count)
    assert (result.status, result.message) == ("error", "no such table")


def test_an_error_without_words_is_one() -> None:
    def refuse(_: Any) -> Any:
        raise Refused

    models, tests = [model("orders")], [data_test("orders_are_unique")]
    (made,) = built(models, refuse, 1)
    (counted,) = built([], refuse, 1, tests=tests, count=refuse)
    assert [(result.status, result.message) for result in (made, counted)] == [("error", "Refused")] * 2


def test_nothing_is_begun_after_a_model_that_failed() -> None:
    made: list[None] = []

    def make(one: CompiledModel) -> None:
        if one.name == "orders":
            raise Refused("no such column")

    results = built(
        [model("orders"), model("products"), model("sales", "model.orders")],
        make,
        sessions=1,
        tests=[data_test("orders_are_unique", "model.orders")],
        when_made=lambda: made.append(None),
    )
    assert made == []
    assert [(result.name, result.status, result.message) for result in results] == [
        ("orders", "error", "no such column")
    ]


def test_what_stops_a_run_stops_what_is_being_built() -> None:
    stopped = threading.Event()

    def build(one: CompiledModel) -> None:
        if one.name == "orders":
            raise KeyboardInterrupt
        assert stopped.wait(20)

    with pytest.raises(KeyboardInterrupt):
        built([model("products"), model("orders")], build, stop=stopped.set)


@pytest.mark.slow
def test_a_model_that_only_dbt_can_run_leaves_all_to_dbt(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    generate(folder / "data", orders=200)
    init_project(folder, staging="storefront", currency="USD", path="data/*.csv")
    shop = Shop.open(folder)
    shop.run()
    plan = folder / ".shophouse" / "plan.json"
    assert plan.is_file()
    own = folder / "models" / "marts" / "newest.sql"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("{{ config(post_hook='select 1') }}\nselect max(order_date) as day from {{ ref('fct_orders') }}\n")
    shop.run()
    assert not plan.is_file()
    own.write_text("select max(order_date) as day from {{ ref('fct_orders') }}\n")
    shop.run()
    assert plan.is_file()
