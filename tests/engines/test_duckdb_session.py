"""What the engine keeps as long as a process holds the warehouse open, and what makes it stale."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from shophouse.engines import RawTable
from shophouse.engines.duckdb import publish, statements
from shophouse.engines.duckdb.engine import DuckdbEngine
from shophouse.engines.plan import CompiledModel, CompiledTest, NodeResult, Session
from shophouse.project import Project
from shophouse.scaffold import init_project


@pytest.fixture
def engine(tmp_path: Path) -> DuckdbEngine:
    init_project(tmp_path / "shop", name="shop")
    engine = DuckdbEngine(Project.load(tmp_path / "shop"))
    engine.prepare()
    with engine.session():
        execute(engine, model("marts.sales", "select 1 as day_number", schema="marts"), anew=True)
    return engine


def model(relation: str, sql: str, schema: str = "marts") -> CompiledModel:
    return CompiledModel(f"model.{relation}", relation, schema, relation, "table", (), sql=sql, full_sql=sql)


def execute(engine: DuckdbEngine, one: CompiledModel, *, anew: bool = False) -> None:
    assert [result.status for result in engine.build([one], [], lambda *_: None, anew=anew, few=not anew)] == [
        "success"
    ]


def check(engine: DuckdbEngine, sql: str) -> list[NodeResult]:
    test = CompiledTest("test.one", "one", sql, "", only_warns=False, parents=(), full_sql=sql)
    return engine.build([], [test], lambda *_: None, few=True)


def published(engine: DuckdbEngine) -> list[tuple[int]]:
    engine.publish()
    return engine.read("select day_number from marts.sales").fetchall()


def test_a_sum_follows_the_columns_that_a_raw_table_has_now(engine: DuckdbEngine) -> None:
    sums = model("marts.sums", "select max(amount) as amount from raw.till__sales")
    types = []
    with engine.session():
        for type_ in ("decimal(28,4)", "decimal(30,2)", "decimal(30,2)"):
            engine.attach([RawTable("till", "sales", {"amount": type_})])
            execute(engine, sums)
            found = engine.query("select data_type from duckdb_columns() where table_name = 'sums'").to_pylist()
            types.append(found[0]["data_type"])
    assert types == ["DECIMAL(28,4)", "DECIMAL(30,2)", "DECIMAL(30,2)"]


def test_a_query_is_planned_once_in_a_session(engine: DuckdbEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    described: list[str] = []
    describe = statements._wide_columns

    def counted(session: Session, query: str) -> str:
        described.append(query)
        return describe(session, query)

    monkeypatch.setattr(statements, "_wide_columns", counted)
    sums = model("marts.sums", "select cast(1 as decimal(28, 4)) as amount")
    with engine.session():
        execute(engine, sums)
        execute(engine, sums)
    assert len(described) == 1
    with engine.session():
        execute(engine, sums)
    assert len(described) == 2


def test_what_was_copied_beside_the_tests_is_published(engine: DuckdbEngine) -> None:
    with engine.session():
        execute(engine, model("marts.sales", "select 2 as day_number"))
        assert [result.status for result in check(engine, "select 1 where false")] == ["pass"]
        assert engine.published() is None
        engine.replace("model_watermarks", [("till", "sales", 3)])
        assert published(engine) == [(2,)]
        assert engine.query("select load_id from ops.model_watermarks").to_pylist() == [{"load_id": 3}]
        assert not (engine.folder / "incoming").exists()


def test_what_is_built_and_tested_at_once_is_published_whole(engine: DuckdbEngine) -> None:
    first, last = (model(f"marts.{name}", f"select {day} as day_number") for name, day in (("sales", 7), ("visits", 8)))
    sql = "select 1 from marts.sales where day_number <> 7"
    test = CompiledTest("test.one", "one", sql, "", only_warns=False, parents=(first.unique_id,), full_sql=sql)
    with engine.session():
        results = engine.build([first, last], [test], lambda *_: None)
        assert [result.status for result in results] == ["success", "success", "pass"]
        assert published(engine) == [(7,)]
        assert engine.read("select day_number from marts.visits").fetchall() == [(8,)]


def test_a_copy_is_not_published_of_what_a_test_refused(engine: DuckdbEngine) -> None:
    with engine.session():
        execute(engine, model("marts.sales", "select 3 as day_number"))
        assert [result.status for result in check(engine, "select 1")] == ["fail"]
        assert not (engine.folder / "incoming").exists()
        execute(engine, model("marts.sales", "select 4 as day_number"))
        assert published(engine) == [(4,)]


@pytest.mark.parametrize(
    "written",
    [
        lambda engine: execute(engine, model("marts.sales", "select 6 as day_number")),
        lambda engine: engine.append("phases", [("run", "build", 1.0)]),
        lambda engine: engine.replace("phases", [("run", "build", 1.0), ("run", "publish", 0.5)]),
        lambda engine: engine.replace("phases", []),
    ],
    ids=["model", "added", "replaced", "emptied"],
)
def test_what_is_written_after_the_tests_is_published_too(
    engine: DuckdbEngine, written: Callable[[DuckdbEngine], None]
) -> None:
    looked_at = "select (select list(day_number) from marts.sales), (select count(*) from ops.phases)"
    engine.replace("phases", [("before", "build", 2.0)])
    with engine.session():
        execute(engine, model("marts.sales", "select 5 as day_number"))
        check(engine, "select 1 where false")
        written(engine)
        engine.publish()
        assert engine.read(looked_at).fetchall() == [tuple(engine.query(looked_at).to_pylist()[0].values())]


def test_what_ran_is_written_to_the_copy_and_no_second_is_made(
    engine: DuckdbEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[Path] = []
    copy = publish.copy

    def counted(connection: duckdb.DuckDBPyConnection, built: Path, folder: Path) -> None:
        copied.append(built)
        copy(connection, built, folder)

    monkeypatch.setattr(publish, "copy", counted)
    with engine.session():
        execute(engine, model("marts.sales", "select 7 as day_number"), anew=True)
        engine.replace("phases", [("run", "build", 1.0)])
        assert published(engine) == [(7,)]
    assert len(copied) == 1


def test_a_copy_is_changed_beside_what_was_built_and_leaves_nothing_there(engine: DuckdbEngine) -> None:
    databases = "select database_name from duckdb_databases() where not internal"
    sql = "select * from shop.marts.sales"
    view = CompiledModel("model.all_sales", "all_sales", "marts", "marts.all_sales", "view", (), full_sql=sql)
    engine.attach([RawTable("till", "sales", {"id": "text"})])
    with engine.session():
        execute(engine, model("marts.sales", "select 9 as day_number"))
        execute(engine, view, anew=True)
        check(engine, "select 1 where false")
        engine.append("phases", [("run", "build", 1.0)])
        assert published(engine) == [(9,)]
        assert engine.query(databases).to_pylist() == [{"database_name": "shop"}]
        built = engine.query("select schema_name from duckdb_views() where not internal").to_pylist()
        assert sorted(view["schema_name"] for view in built) == ["marts", "raw"]
        execute(engine, model("marts.sales", "select 10 as day_number"))
        assert engine.read("select day_number from marts.all_sales").fetchall() == [(9,)]


def test_a_copy_waits_for_queries_that_began_before_the_last_change(engine: DuckdbEngine) -> None:
    with engine.session():
        with engine._connect() as reading, engine._connect() as copying:
            reading.begin()
            assert reading.execute("select day_number from marts.sales").fetchall() == [(1,)]
            copying.execute("update marts.sales set day_number = 12")
            with pytest.raises(duckdb.TransactionException):
                copying.execute("checkpoint")
            ends = threading.Timer(0.3, reading.commit)
            ends.start()
            publish.copy(copying, engine.file, engine.folder)
            ends.join()
            publish.trim(copying, engine.folder)
            publish.put_in_place(copying, engine.folder)
        assert engine.read("select day_number from marts.sales").fetchall() == [(12,)]


def test_a_copy_that_can_not_be_changed_is_made_again(engine: DuckdbEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(cursor: duckdb.DuckDBPyConnection) -> None:
        monkeypatch.undo()
        cursor.execute("select no_such_column from marts.sales")

    with engine.session():
        execute(engine, model("marts.sales", "select 11 as day_number"))
        monkeypatch.setattr(publish, "_free_views", broken)
        check(engine, "select 1 where false")
        assert published(engine) == [(11,)]
        assert not (engine.folder / "incoming").exists()


def test_a_copy_that_nobody_published_goes_with_the_session(engine: DuckdbEngine) -> None:
    with engine.session():
        check(engine, "select 1 where false")
        assert (engine.folder / "incoming").exists()
    assert not (engine.folder / "incoming").exists()
    with engine.session():
        assert published(engine) == [(1,)]


def test_few_rows_have_one_thread_and_more_rows_all_again(engine: DuckdbEngine) -> None:
    used = model("marts.threads", "select cast(current_setting('threads') as integer) as threads")

    def threads(*, few: bool) -> int:
        assert [result.failed for result in engine.build([used], [], lambda *_: None, few=few)] == [False]
        return int(engine.query("select threads from marts.threads").to_pylist()[0]["threads"])

    usual = threads(few=False)
    with engine.session():
        assert [threads(few=few) for few in (False, True, True, False, True)] == [usual, 1, 1, usual, 1]
    with engine.session():
        assert threads(few=False) == usual
    assert [threads(few=few) for few in (True, False)] == [1, usual]
