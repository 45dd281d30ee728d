"""Metabase: a compose service, and its questions and dashboards, which `--provision` makes over its API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

from shophouse.errors import ConfigError
from shophouse.serve.bi.tool import Access, Provisioned, SetUp
from shophouse.values import Secret

__all__ = ["DRIVER", "FOLDER", "TOOL", "VERSION", "details"]

VERSION = "0.58.9"
FOLDER = "/published"
"""Where the container sees the published files."""
_HERE = Path(__file__).parent / "files"


def _driver() -> str:
    """The release of MotherDuck's driver that carries the DuckDB which writes the files."""
    import duckdb

    return f"{duckdb.__version__}.0"


DRIVER = _driver()


class _Metabase:
    name = "metabase"
    title = "Metabase"
    summary = "a compose service; questions and dashboards over its API"

    def files(self, set_up: SetUp) -> dict[str, str | bytes]:
        kind = set_up.dialect
        given = {
            "shop": set_up.shop,
            "version": VERSION,
            "driver": DRIVER,
            "folder": FOLDER,
            "warehouse": str(set_up.warehouse),
            "questions": str(sum(len(dashboard.questions) for dashboard in set_up.dashboards)),
            "dashboards": str(len(set_up.dashboards)),
        }
        made: dict[str, str | bytes] = {
            "compose.yml": _text(f"compose.{kind}.yml", given),
            "README.md": _text(f"README.{kind}.md", given),
            ".env.example": _text(f"environment.{kind}", given),
            ".gitignore": ".env\n",
        }
        if kind == "duckdb":
            made["Dockerfile"] = _text("Dockerfile", given)
        return made

    def provision(self, set_up: SetUp, access: Access, notice: Callable[[str], None]) -> Provisioned:
        from shophouse.serve.bi.metabase.provisioning import Metabase, provision

        reaches = details(set_up, access.dsn, access.folder)
        session = Metabase(access.url, access.user, access.password, set_up.shop if access.is_first_user else None)
        return provision(session, set_up, reaches, notice=notice)


TOOL = _Metabase()


def details(set_up: SetUp, dsn: str | None, folder: str | None) -> dict[str, Any]:
    """How Metabase reaches the database: `dsn`, env:NAME, or the folder of the published files. Raises ConfigError."""
    if set_up.dialect == "duckdb":
        if dsn is not None:
            raise ConfigError("this shop is published as a DuckDB file, which has no DSN", hint="--folder FOLDER")
        # each version has a name of its own: Metabase goes over to it when this name changes
        return {"database_file": f"{folder or FOLDER}/shop-{set_up.version}.duckdb", "read_only": True}
    if folder is not None:
        raise ConfigError("this shop is published in PostgreSQL, not in a folder", hint="--dsn env:NAME")
    if dsn is None:
        raise ConfigError(
            "Metabase needs to know how it reaches the database",
            why="as a role that only reads, from where Metabase runs",
            hint="--dsn env:METABASE_DSN, set to postgresql://analyst:password@host.docker.internal:5432/shop",
        )
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(Secret(dsn).resolve().get_secret_value())
    except psycopg.ProgrammingError as error:
        raise ConfigError(
            f"{dsn} is no DSN of PostgreSQL", hint="postgresql://analyst:password@host:5432/shop"
        ) from error
    if missing := [name for name in ("host", "dbname", "user") if not parts.get(name)]:
        raise ConfigError(f"{dsn} has no {' and no '.join(missing)}", hint="postgresql://analyst:password@host:5432/shop")
    mode = str(parts.get("sslmode") or "prefer")
    return {
        "host": parts["host"],
        "port": int(parts.get("port") or 5432),
        "dbname": parts["dbname"],
        "user": parts["user"],
        "password": parts.get("password") or None,
        "schema-filters-type": "inclusion",
        "schema-filters-patterns": f"{set_up.schema},{set_up.published_schema('core')},{set_up.published_schema('ops')}",
        "ssl": mode in ("require", "verify-ca", "verify-full"),
        **({"ssl-mode": mode} if mode in ("require", "verify-ca", "verify-full") else {}),
    }


def _text(name: str, given: dict[str, str]) -> str:
    return _Template((_HERE / name).read_text("utf-8")).substitute(given)


class _Template(Template):
    # compose and Docker have $ of their own, addresses @
    delimiter = "%%"
