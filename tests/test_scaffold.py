from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from requirements import requirement
from shophouse.errors import ConfigError
from shophouse.project import Project, package_warehouse, staging_folders
from shophouse.scaffold import dbt_name, ensure_dbt_files, init_project

DBT = Path(sys.executable).with_name("dbt")


def refusal(folder: Path, **options: str) -> str:
    with pytest.raises(ConfigError) as caught:
        init_project(folder, **options)  # type: ignore[arg-type]
    return caught.value.render()


def dbt(folder: Path, *words: str) -> str:
    """What dbt prints when a person types it in the shop's folder; fails the test when dbt does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run([DBT, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fingerprint(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_new_folder_is_a_project_that_loads(tmp_path: Path) -> None:
    written = init_project(tmp_path / "My Shop")
    project = Project.load(tmp_path / "My Shop")
    assert (project.name, project.platforms) == ("My Shop", ("my_shop",))
    assert all(file.is_file() for file in written)
    assert project.file in written


def test_what_init_is_told_stands_in_the_project_file(tmp_path: Path) -> None:
    path = str(tmp_path / 'a "quoted" folder' / "*.csv")
    Path(path).parent.mkdir()
    init_project(
        tmp_path / "s", name="Café: Söhne", staging="storefront", timezone="Asia/Tokyo", currency="JPY", path=path
    )
    project = Project.load(tmp_path / "s")
    assert (project.name, project.timezone, project.currency) == ("Café: Söhne", "Asia/Tokyo", "JPY")
    assert project.source("storefront").model_dump()["path"] == path
    assert not list((project.folder / "models" / "staging").glob("*/*.sql"))


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"timezone": "Europe/Olso"}, "did you mean Europe/Oslo?"),
        ({"currency": "EURO"}, "did you mean EUR?"),
        ({"staging": "storefrnt"}, "did you mean storefront?"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_written(tmp_path: Path, options: dict[str, str], part: str) -> None:
    assert part in refusal(tmp_path / "s", **options)
    assert not (tmp_path / "s").exists()


def test_files_that_are_there_are_listed_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "packages.yml").write_text("packages: []")
    before = fingerprint(tmp_path)
    said = refusal(tmp_path)
    assert "README.md" in said
    assert "packages.yml" in said
    assert fingerprint(tmp_path) == before
    init_project(tmp_path, force=True)
    assert (tmp_path / "README.md").read_text() != "mine"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("My Shop", "my_shop"),
        ("MyShop", "my_shop"),
        ("Müller & Söhne", "muller_sohne"),
        ("24seven", "shop_24seven"),
        ("shophouse", "shophouse_shop"),
        ("店", "shop"),
    ],
)
def test_a_shop_of_any_name_is_a_project_of_dbt(title: str, name: str) -> None:
    assert dbt_name(title) == name


def test_nothing_that_a_shop_commits_holds_a_path_of_this_machine(tmp_path: Path) -> None:
    init_project(tmp_path / "s")
    committed = [file for file in (tmp_path / "s").rglob("*") if file.is_file() and ".shophouse" not in file.parts]
    assert committed
    for file in committed:
        text = file.read_text("utf-8")
        assert str(tmp_path) not in text, file
        assert str(package_warehouse()) not in text, file


def test_what_is_generated_or_data_is_not_for_git(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    init_project(folder)
    subprocess.run(["git", "init", "-q", folder], check=True)
    for file in ("lake/catalog.db", "warehouse/shop.duckdb", "reports/a.csv", "logs/dbt/dbt.log", "data/a.csv"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "shophouse.yml" in listed
    assert "models/staging/s/stg_s__orders.sql" in listed
    assert not [
        file for file in listed if file.startswith((".shophouse", "lake", "warehouse", "reports", "logs", "data"))
    ]


def test_a_second_time_nothing_generated_is_touched(tmp_path: Path) -> None:
    init_project(tmp_path / "s")
    assert ensure_dbt_files(Project.load(tmp_path / "s")) == []


def test_the_profile_follows_the_engine_until_its_first_line_is_removed(tmp_path: Path) -> None:
    init_project(tmp_path / "s", currency="EUR")
    file, profile = tmp_path / "s" / "shophouse.yml", tmp_path / "s" / "profiles.yml"
    file.write_text(file.read_text().replace("  # memory_limit: 3GB", "  memory_limit: 2GB"))
    assert ensure_dbt_files(Project.load(tmp_path / "s")) == [profile]
    output = yaml.safe_load(profile.read_text())["s"]["outputs"]["duckdb"]
    assert output["config_options"]["memory_limit"] == "2GB"

    own = profile.read_text().partition("\n")[2]
    profile.write_text(own)
    file.write_text(file.read_text().replace("2GB", "1GB"))
    assert ensure_dbt_files(Project.load(tmp_path / "s")) == []
    assert profile.read_text() == own


def test_links_to_another_installation_are_put_right(tmp_path: Path) -> None:
    init_project(tmp_path / "s")
    (tmp_path / "old").mkdir()
    generated = tmp_path / "s" / ".shophouse"
    for link in (generated / "warehouse", generated / "packages" / "shophouse"):
        link.unlink()
        link.symlink_to(tmp_path / "old")
    ensure_dbt_files(Project.load(tmp_path / "s"))
    assert (generated / "warehouse").resolve() == package_warehouse().resolve()
    assert (generated / "packages" / "shophouse").resolve() == package_warehouse().resolve()
    assert (tmp_path / "old").is_dir()


def test_the_schema_that_the_project_file_names_is_there(tmp_path: Path) -> None:
    init_project(tmp_path / "s")
    first = (tmp_path / "s" / "shophouse.yml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=.shophouse/shophouse.schema.json"
    schema = json.loads((tmp_path / "s" / ".shophouse" / "shophouse.schema.json").read_text())
    assert "timezone" in schema["properties"]


@pytest.mark.slow
@requirement("S0-36", "S0-38")
@pytest.mark.parametrize("platform", [None, "storefront"])
def test_dbt_by_hand_finds_the_models_of_shop_and_package_without_deps(tmp_path: Path, platform: str | None) -> None:
    init_project(tmp_path / "s", staging=platform)
    models = dbt(tmp_path / "s", "ls", "--resource-type", "model", "--output", "name", "--quiet").split()
    assert "input_orders" in models
    assert f"stg_{platform or 's'}__orders" in models
    others = [name for name in staging_folders() if name != platform]
    assert not [name for name in models if name.startswith(tuple(f"stg_{other}__" for other in others))]


@pytest.mark.slow
def test_dbt_deps_by_hand_changes_nothing_for_dbt_or_for_us(tmp_path: Path) -> None:
    init_project(tmp_path / "s", staging="storefront")
    before = dbt(tmp_path / "s", "ls", "--output", "name", "--quiet")
    dbt(tmp_path / "s", "deps")
    assert dbt(tmp_path / "s", "ls", "--output", "name", "--quiet") == before
    assert ensure_dbt_files(Project.load(tmp_path / "s")) == []


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A shop whose package is a copy with a single model, so that it can be built without any data."""
    folder = tmp_path / "s"
    init_project(folder, staging="storefront")
    package = tmp_path / "package"
    (package / "models").mkdir(parents=True)
    (package / "dbt_project.yml").write_text(
        "name: shophouse\nversion: '1.0'\nconfig-version: 2\nmodel-paths: [models]\n"
    )
    (package / "models" / "one.sql").write_text("{{ config(schema='core') }} select 1 as one")
    link = folder / ".shophouse" / "packages" / "shophouse"
    link.unlink()
    link.symlink_to(package)
    (folder / "models" / "marts" / "two.sql").write_text("select one + 1 as two from {{ ref('one') }}")
    return folder


@pytest.mark.slow
def test_dbt_build_by_hand_writes_schemas_of_plain_names_and_no_file_of_the_package(stand_in: Path) -> None:
    package = (stand_in / ".shophouse" / "packages" / "shophouse").resolve()
    before = fingerprint(package)
    said = dbt(stand_in, "build")
    assert fingerprint(package) == before
    assert "deprecat" not in said.lower()
    assert not (stand_in / "target").exists()

    import duckdb

    with duckdb.connect(stand_in / "warehouse" / "build" / "shop.duckdb", read_only=True) as connection:
        assert connection.sql("select two from marts.two").fetchall() == [(2,)]
        assert connection.sql("select one from core.one").fetchall() == [(1,)]
