from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from built_shop import DemoShop, shophouse
from shophouse.errors import BuildError, ConfigError
from shophouse.scaffold import init_project
from shophouse.serve.bi import SetUp, set_up_of, tools, write
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.metabase import Server


def test_each_folder_is_a_tool() -> None:
    folder = Path(write.__code__.co_filename).parent
    assert sorted(tools()) == sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    assert all(tool.title and tool.summary for tool in tools().values())


def test_an_unknown_tool_is_refused_with_the_nearest_one(set_up: SetUp, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no set-up for 'metabsae'") as refused:
        write("metabsae", set_up, tmp_path)
    assert "metabase" in refused.value.render()


def test_without_a_published_version_there_is_no_set_up(tmp_path: Path) -> None:
    init_project(tmp_path / "new", name="new")
    shop = Shop.open(tmp_path / "new")
    with pytest.raises(BuildError, match="nothing is published"):
        set_up_of(shop.project, shop.engine)


def test_written_again_it_is_the_same_and_what_is_gone_goes(set_up: SetUp, tmp_path: Path) -> None:
    def all_of() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    write("superset", set_up, tmp_path)
    first = all_of()
    write("superset", set_up, tmp_path)
    assert all_of() == first
    fewer = replace(set_up)
    fewer.__dict__["dashboards"] = set_up.dashboards[:-1]
    write("superset", fewer, tmp_path)
    assert {path.name for path in first.keys() - all_of().keys()} >= {f"{set_up.dashboards[-1].name}.yaml"}


def test_a_folder_with_files_of_others_or_edited_ones_is_written_only_by_force(set_up: SetUp, tmp_path: Path) -> None:
    write("metabase", set_up, tmp_path)
    (tmp_path / ".env").write_text("METABASE_DATABASE_PASSWORD=x")
    write("metabase", set_up, tmp_path)
    (tmp_path / "compose.yml").write_text("mine")
    with pytest.raises(ConfigError, match="not as shophouse wrote them"):
        write("metabase", set_up, tmp_path)
    assert (tmp_path / "compose.yml").read_text() == "mine"
    (tmp_path / "notes.txt").write_text("mine")
    write("metabase", set_up, tmp_path, force=True)
    assert (tmp_path / "compose.yml").read_text() != "mine"
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(ConfigError, match="is a file"):
        write("metabase", set_up, tmp_path / "notes.txt")


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_the_compose_file_has_what_it_names(set_up: SetUp, tmp_path: Path, dialect: str) -> None:
    write("metabase", replace(set_up, dialect=dialect), tmp_path)  # type: ignore[arg-type]
    compose = yaml.safe_load((tmp_path / "compose.yml").read_text())
    metabase = compose["services"]["metabase"]
    written = (tmp_path / ".env.example").read_text()
    for name in ("METABASE_DATABASE_PASSWORD", *(["SHOP_WAREHOUSE"] if dialect == "duckdb" else [])):
        assert f"${{{name}:?" in (tmp_path / "compose.yml").read_text() and f"{name}=" in written
    assert set(metabase["depends_on"]) <= set(compose["services"])
    assert not any("%%" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    if dialect == "duckdb":
        assert metabase["volumes"][0].endswith(":/published:ro")
        import duckdb

        assert f"/{duckdb.__version__}.0/duckdb.metabase-driver.jar" in (tmp_path / "Dockerfile").read_text()
        warehouse = Path(written.split("SHOP_WAREHOUSE=")[1].splitlines()[0])
        assert (warehouse / f"shop-{set_up.version}.duckdb").is_file()
    else:
        assert metabase["image"].startswith("metabase/metabase:v0.")


def test_from_the_command_line_it_is_written_and_provisioned(
    whole_shop: DemoShop, metabase: Server, tmp_path: Path
) -> None:
    assert "superset" in shophouse("bi", "list").stdout
    words = ["bi", "metabase", "--project", str(whole_shop.folder)]
    done = shophouse(*words, "--into", str(tmp_path / "made"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "made" / "compose.yml").is_file()
    provision = [*words, "--provision", metabase.url, "--user", "ann@example.com"]
    refused = shophouse(*provision)
    assert refused.returncode == 2 and "SHOPHOUSE_BI_PASSWORD" in refused.stderr
    metabase.tables = [{"name": "none", "schema": "marts", "fields": []}]
    metabase.email, metabase.password = "ann@example.com", "a-long-password"
    refused = shophouse(*provision, SHOPHOUSE_BI_PASSWORD="another-password")
    assert refused.returncode == 1 and "does not know this user" in refused.stderr
    assert "another-password" not in refused.stderr
    missing = shophouse("bi", "superset", "--project", str(whole_shop.folder), "--provision", metabase.url)
    assert missing.returncode == 2 and "is not provisioned" in missing.stderr


def test_where_a_tool_finds_the_shop_depends_on_the_engine(set_up: SetUp, shop: Shop) -> None:
    with pytest.raises(ConfigError, match="has no DSN"):
        set_up_of(shop.project, shop.engine, dsn="env:X")
    assert set_up_of(shop.project, shop.engine, folder="/elsewhere").folder == "/elsewhere"
    assert os.path.isdir(set_up.warehouse)
