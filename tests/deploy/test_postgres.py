"""deploy/postgres: the compose file as text, and what it starts on a real server. Compose itself isn't run here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest
import yaml

from requirements import requirement
from shophouse.declarations import platform_declaration
from shophouse.engines.postgres.database import _VARIABLES
from shophouse.project import Project

if TYPE_CHECKING:
    from servers.postgres import Server

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "postgres"
GUIDE = ROOT / "docs" / "guides" / "postgres-in-docker.md"
PYTHON = Path(sys.executable).parent


# what PostgreSQL calls the types that staging declares
SHOWN = {
    "text": "character varying",
    "decimal": "numeric",
    "timestamp": "timestamp without time zone",
    **{kind: kind for kind in ("bigint", "integer", "boolean", "date")},
    "double": "double precision",
}


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text("utf-8"))
    return loaded


def example_environment() -> dict[str, str]:
    lines = (DEPLOY / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def defaults(text: str) -> dict[str, str]:
    """The variables of a compose file that have a default."""
    return dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))


@requirement("S0-35")
def test_compose_starts_the_database_on_a_port_that_can_be_chosen() -> None:
    assert list(compose()["services"]) == ["database"]
    service = compose()["services"]["database"]
    assert service["image"] == "postgres:${POSTGRES_VERSION:-18}"
    assert service["ports"] == ["${SHOP_BIND:-127.0.0.1}:${SHOP_PORT:-5434}:5432"]
    assert "pg_isready" in service["healthcheck"]["test"][1]
    kept, initial = service["volumes"]
    # since PostgreSQL 18 the image keeps its data below this folder
    assert kept == "data:/var/lib/postgresql"
    assert set(compose()["volumes"]) == {"data"}
    host, container, mode = initial.split(":")
    assert (container, mode) == ("/docker-entrypoint-initdb.d", "ro")
    assert sorted(file.name for file in (DEPLOY / host).iterdir()) == ["1-roles.sql", "2-database.sql", "3-schemas.sql"]


@requirement("S0-35", "S0-39")
def test_compose_the_scripts_and_the_guide_have_the_same_names_and_defaults() -> None:
    service = compose()["services"]["database"]
    example = example_environment()
    read = {
        name
        for script in (DEPLOY / "init").glob("*.sql")
        for name in re.findall(r"\\getenv \w+ (\w+)", script.read_text())
    }
    assert read == {name for name in service["environment"] if name.startswith("SHOP_")}
    assert read <= set(example)
    run = (DEPLOY / "run.sh").read_text("utf-8")
    assert set(re.findall(r"\$(SHOP_\w+|POSTGRES_\w+)", run)) <= {*example, "SHOP_DSN"}
    given = defaults((DEPLOY / "docker-compose.yml").read_text("utf-8"))
    assert {name: value for name, value in given.items() if name in example} == {
        name: value for name, value in example.items() if name in given
    }
    for name in re.findall(r"`((?:SHOP|POSTGRES)_\w+)`", GUIDE.read_text("utf-8")):
        assert name in {*example, *given, "SHOP_DSN", "SHOP_ORDERS"}, name
    assert {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"} <= set(_VARIABLES.values())


@requirement("S0-42")
def test_what_is_needed_is_stated_and_is_what_the_package_needs() -> None:
    stated = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", GUIDE.read_text("utf-8"), re.MULTILINE))
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert package["requires-python"] == f">={stated['Python']}"
    needed = {re.split(r"[><=]", line)[0]: line for line in package["dependencies"]}
    needed |= {re.split(r"[><=]", line)[0]: line for line in package["optional-dependencies"]["postgres"]}
    for name, version in re.findall(r"(dbt-\w+) ([\d.]+)", stated["dbt with the adapter for PostgreSQL"]):
        assert f">={version}" in needed[name]
    assert "Docker with Compose" in stated
    # `datetime.UTC`, which the package imports, is as new as that
    assert any("from datetime import UTC" in file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py"))
    assert f"Python {stated['Python']} or later" in (ROOT / "README.md").read_text("utf-8")
    # without psql's \getenv, which came with 15, the scripts have no passwords
    assert stated["`psql`"] == "15"


def test_passwords_are_in_no_file_that_is_committed() -> None:
    assert {name: value for name, value in example_environment().items() if "PASSWORD" in name} == {
        "POSTGRES_PASSWORD": "",
        "SHOP_PASSWORD": "",
        "SHOP_READER_PASSWORD": "",
    }
    assert ".env" in (DEPLOY / ".gitignore").read_text("utf-8").split()
    environment = compose()["services"]["database"]["environment"]
    assert all(value.startswith("${") for name, value in environment.items() if "PASSWORD" in name)


def test_the_script_is_clean() -> None:
    if shutil.which("shellcheck", path=f"{PYTHON}{os.pathsep}{os.environ['PATH']}") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("shellcheck not installed: make setup")
    path = {**os.environ, "PATH": f"{PYTHON}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["shellcheck", DEPLOY / "run.sh"], env=path, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


@dataclass(frozen=True)
class Place:
    """A copy of what a clone has, for a server that asks these roles for their passwords."""

    root: Path
    server: Server

    @property
    def deploy(self) -> Path:
        return self.root / "deploy" / "postgres"

    @property
    def secrets(self) -> dict[str, str]:
        lines = (self.deploy / ".env").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        hidden = ("SHOP_", "POSTGRES_", "PG", "DBT_", "SHOPHOUSE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        path = os.pathsep.join([str(PYTHON), str(_client()), kept["PATH"]])
        given = {"SHOP_PORT": str(self.server.port), "SHOP_ORDERS": "300", **variables}
        return subprocess.run(
            ["bash", self.deploy / "run.sh", *arguments],
            cwd=self.root,
            env={**kept, "PATH": path, **given},
            capture_output=True,
            text=True,
            check=False,
        )

    def psql(self, line: str, password: str) -> subprocess.CompletedProcess[str]:
        """What a documented line prints, with the port of this server and without headings."""
        assert " -p 5434 " in line
        line = line.replace(" -p 5434 ", f" -p {self.server.port} ").replace("psql ", "psql -X -A -t -w ")
        path = os.pathsep.join([str(_client()), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PGPASSWORD": password}
        return subprocess.run(line, shell=True, env=environment, capture_output=True, text=True, check=False)

    def rows(self, sql: str, database: str = "shop") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.server.dsn(database)) as connection:
            return connection.execute(sql).fetchall()


def _client() -> Path:
    from servers.postgres import _binaries

    return _binaries()


@pytest.fixture(scope="module")
def place(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """On a server of its own, for roles and rules of a server are all its databases'."""
    from servers.postgres import running

    root = tmp_path_factory.mktemp("clone")
    shutil.copytree(DEPLOY, root / "deploy" / "postgres", ignore=shutil.ignore_patterns(".env", "shop"))
    shutil.copytree(
        ROOT / "examples" / "dbt-data-mart",
        root / "examples" / "dbt-data-mart",
        ignore=shutil.ignore_patterns(".shophouse", "data", "lake", "logs", "warehouse", "reports"),
    )
    with running() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            rules = Path(str((connection.execute("show hba_file").fetchone() or ("",))[0]))
            trusting = rules.read_text("utf-8")
            rules.write_text(f"host all dbt_user,analyst 127.0.0.1/32 scram-sha-256\n{trusting}", "utf-8")
            connection.execute("select pg_reload_conf()")
        yield Place(root, server)


@pytest.fixture(scope="module")
def built(place: Place) -> Place:
    """After one command."""
    done = place.run("--no-compose")
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def documented() -> list[str]:
    """The lines of psql in the guide, each for the role that it names."""
    return re.findall(r"^\$ (psql .*)$", GUIDE.read_text("utf-8"), re.MULTILINE)


@requirement("S0-37")
@pytest.mark.slow
@pytest.mark.server
def test_one_command_sets_up_and_builds_everything(built: Place) -> None:
    files = built.deploy / "shop" / "data"
    orders = duckdb.sql(f"select count(distinct order_id) from read_csv('{files}/orders*.csv')").fetchall()
    assert built.rows("select count(*) from published_core.fct_orders") == orders
    example = {file.stem for file in (ROOT / "examples/dbt-data-mart/models/mart").rglob("*.sql")}
    shown = built.rows(
        "select table_name from information_schema.tables where table_schema = 'published_marts'"
        " union select table_name from information_schema.tables where table_schema like 'published\\_%'"
    )
    assert example <= {name for (name,) in shown}


@requirement("S0-37")
@pytest.mark.slow
@pytest.mark.server
def test_the_same_command_again_changes_nothing(built: Place) -> None:
    before = built.secrets, built.rows("select max(number) from shophouse.versions")
    done = built.run("--no-compose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing arrived" in done.stdout
    assert (built.secrets, built.rows("select max(number) from shophouse.versions")) == before


@requirement("S0-39")
@pytest.mark.slow
@pytest.mark.server
def test_the_database_has_its_roles_schemas_and_raw_tables(built: Place) -> None:
    roles = "select rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname in {}"
    assert sorted(built.rows(roles.format("('dbt_user', 'analyst')"))) == [
        ("analyst", True, False, False, False),
        ("dbt_user", True, False, False, False),
    ]
    owned = "select nspname from pg_namespace where pg_get_userbyid(nspowner) = 'dbt_user'"
    made = set(re.findall(r"create schema if not exists (\w+)", (DEPLOY / "init" / "3-schemas.sql").read_text()))
    assert {"lake", "raw", "staging", "core", "marts"} <= made <= {name for (name,) in built.rows(owned)}
    declared = platform_declaration("storefront", Project.load(built.deploy / "shop")).tables
    types = (
        "select column_name, data_type from information_schema.columns where table_schema = 'raw' and table_name = '{}'"
    )
    for name, table in declared.items():
        found = dict(built.rows(types.format(f"storefront__{name}")))
        assert found.items() >= {column: SHOWN[kind.partition("(")[0]] for column, kind in table.types.items()}.items()
        assert found["_load_id"] == "bigint"
    files = built.deploy / "shop" / "data"
    for entity in ("users", "products", "orders", "order_items", "payments", "refunds"):
        told = duckdb.sql(f"select count(*) from read_csv('{files}/{entity}.csv', header = true)").fetchall()
        assert built.rows(f"select count(*) from raw.storefront__{entity}") == told, entity


@requirement("S0-41")
@pytest.mark.slow
@pytest.mark.server
def test_the_documented_line_of_psql_reads_the_mart_and_the_reader_nothing_else(built: Place) -> None:
    lines = {role: line for line in documented() for role in re.findall(r" -U (\w+) ", line)}
    assert set(lines) == {"analyst", "dbt_user"}
    assert all(" -p 5434 " in line for line in lines.values())
    secrets = built.secrets
    passwords = {"analyst": secrets["SHOP_READER_PASSWORD"], "dbt_user": secrets["SHOP_PASSWORD"]}
    files = built.deploy / "shop" / "data"
    months = duckdb.sql(
        "select date_trunc('month', timezone('America/New_York', timezone('UTC', o.ordered_at::timestamp)))::date,"
        " count(*)"
        f" from read_csv('{files}/orders.csv', all_varchar = true) o where o.status <> 'cancelled'"
        " and not o.is_test::boolean and o.order_id in (select i.order_id from"
        f" read_csv('{files}/order_items.csv', all_varchar = true) i join"
        f" read_csv('{files}/products.csv', all_varchar = true) p using (product_id) where not p.is_gift_card::boolean)"
        " group by all order by all desc"
    ).fetchall()
    for role, line in lines.items():
        done = built.psql(line, passwords[role])
        assert done.returncode == 0, done.stderr
        found = [row.split("|") for row in done.stdout.splitlines()]
        assert [(month, int(count)) for month, count, _ in found] == [
            (str(month), count) for month, count in months[:3]
        ]
        assert built.psql(line, "wrong").returncode != 0
    for forbidden in ("select 1 from core.fct_orders", "select 1 from raw.storefront__users", "create schema mine"):
        line = f'psql -h localhost -p 5434 -U analyst -d shop -c "{forbidden}"'
        denied = built.psql(line, passwords["analyst"])
        assert denied.returncode != 0 and "permission denied" in denied.stderr, forbidden


@pytest.mark.server
def test_a_password_that_needs_quoting_is_refused_before_anything_is_done(place: Place) -> None:
    done = place.run("--no-compose", SHOP_PASSWORD="it's")
    assert done.returncode == 1
    assert "SHOP_PASSWORD" in done.stderr and "it's" not in done.stderr


@pytest.mark.server
def test_where_docker_is_missing_the_script_says_what_to_type(place: Place, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    done = place.run(PATH=os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    assert done.returncode == 1
    assert "--no-compose" in done.stderr
