from __future__ import annotations

import os
from pathlib import Path

import pytest

from shophouse.demo.storefront import generate
from shophouse.engines import plan_cache
from shophouse.engines.compiling import plan_file
from shophouse.engines.plan import CompiledModel, CompiledTest, Plan
from shophouse.project import Project
from shophouse.scaffold import init_project
from shophouse.shop import Shop
from shophouse.state import Inputs


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "shophouse" / "plans"


def shop_in(folder: Path) -> Project:
    init_project(folder, name="corner", staging="storefront", currency="USD", path="data/*.csv")
    return Project.load(folder)


def key_of(project: Project) -> str:
    return Inputs.of(project, {}).project


def plan(key: str, *, is_whole: bool = True) -> Plan:
    model = CompiledModel("model.m", "m", "core", "core.m", "table", (), file="target/m.sql", full_sql="select 1 as a")
    test = CompiledTest("test.t", "t", "select 1 where false", "target/t.sql", False, ("model.m",), "select 2")
    return Plan(key, {}, [model], [test], {}, is_whole)


def test_a_project_alike_gets_the_plan_and_its_sql(tmp_path: Path) -> None:
    first, second = shop_in(tmp_path / "a"), shop_in(tmp_path / "b")
    key = key_of(first)
    assert not plan_cache.restore(second, key, plan_file(second))
    plan_cache.keep(first, plan(key))
    assert plan_cache.restore(second, key, plan_file(second))
    assert Plan.load(plan_file(second), key) == plan(key)
    assert (second.folder / "target" / "m.sql").read_text() == "select 1 as a"
    assert (second.folder / "target" / "t.sql").read_text() == "select 2"


def test_a_project_with_another_model_or_profile_gets_none(tmp_path: Path) -> None:
    first, second = shop_in(tmp_path / "a"), shop_in(tmp_path / "b")
    plan_cache.keep(first, plan(key_of(first)))
    (second.folder / "models" / "marts").mkdir(parents=True, exist_ok=True)
    (second.folder / "models" / "marts" / "own.sql").write_text("select 1 as a\n")
    assert key_of(second) != key_of(first)
    assert not plan_cache.restore(second, key_of(second), plan_file(second))
    third = shop_in(tmp_path / "c")
    profiles = third.folder / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("shop.duckdb", "other.duckdb"))
    assert not plan_cache.restore(third, key_of(third), plan_file(third))
    assert not plan_file(third).exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 0}', b"\xff"])
def test_what_is_broken_in_the_cache_is_no_plan(tmp_path: Path, empty_cache: Path, content: bytes) -> None:
    project = shop_in(tmp_path / "a")
    plan_cache.keep(project, plan(key_of(project)))
    (kept,) = empty_cache.glob("*.json")
    kept.write_bytes(content)
    assert not plan_cache.restore(project, key_of(project), plan_file(project))


def test_a_plan_that_dbt_has_to_help_with_is_not_restored(tmp_path: Path) -> None:
    project = shop_in(tmp_path / "a")
    plan_cache.keep(project, plan(key_of(project), is_whole=False))
    assert not plan_cache.restore(project, key_of(project), plan_file(project))


def test_only_those_last_used_are_kept(tmp_path: Path, empty_cache: Path) -> None:
    project = shop_in(tmp_path / "a")
    for number in range(20):
        plan_cache.keep(project, plan(f"key {number}"))
    for age, file in enumerate(sorted(empty_cache.glob("*.json"))):
        os.utime(file, (1_700_000_000 + age, 1_700_000_000 + age))
    oldest = sorted(empty_cache.glob("*.json"))[0]
    plan_cache.keep(project, plan("one more"))
    assert len(list(empty_cache.glob("*.json"))) == 20
    assert not oldest.exists()
    assert plan_cache.restore(project, "one more", plan_file(project))


def test_a_cache_that_cant_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    project = shop_in(tmp_path / "a")
    plan_cache.keep(project, plan(key_of(project)))
    assert not plan_cache.restore(project, key_of(project), plan_file(project))


def test_postgres_has_no_part_in_it(tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DSN", "postgresql://nobody@127.0.0.1:1/nothing")
    shop_in(tmp_path / "a")
    settings = tmp_path / "a" / "shophouse.yml"
    settings.write_text(settings.read_text().replace("kind: duckdb", "kind: postgres\n  dsn: env:SHOP_DSN"))
    project = Project.load(tmp_path / "a")
    assert project.engine.kind == "postgres"
    plan_cache.keep(project, plan(key_of(project)))
    assert not empty_cache.exists()


@pytest.mark.slow
def test_a_second_shop_alike_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(folder: Path) -> dict[str, str]:
        generate(folder / "data", orders=100)
        shop = Shop(shop_in(folder))
        return {test.test: test.status for test in shop.run().record.tests}

    first = run(tmp_path / "a")
    monkeypatch.delattr("subprocess.Popen")
    monkeypatch.delattr("shophouse.engines.dbt.Dbt.invoke")
    assert run(tmp_path / "b") == first
    assert set(first.values()) == {"pass"}
