"""Metabase: a compose service, and its questions and dashboards, which `--provision` makes over its API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

from shophouse.errors import ConfigError
from shophouse.serve.bi.tool import Access, Provisioned, SetUp

__all__ = ["DRIVER", "TOOL", "VERSION", "details"]

VERSION = "0.58.9"
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
            "folder": set_up.folder,
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

        reaches = details(set_up)
        session = Metabase(access.url, access.user, access.password, set_up.shop if access.is_first_user else None)
        return provision(session, set_up, reaches, notice=notice)


TOOL = _Metabase()


def details(set_up: SetUp) -> dict[str, Any]:
    """How Metabase reaches the database. Raises ConfigError."""
    if set_up.dialect == "duckdb":
        # each version has a name of its own: Metabase goes over to it when this name changes
        return {"database_file": f"{set_up.folder}/shop-{set_up.version}.duckdb", "read_only": True}
    if set_up.dsn is None:
        raise ConfigError(
            "Metabase needs to know how it reaches the database",
            why="as a role that only reads, from where Metabase runs",
            hint="--dsn env:METABASE_DSN, set to postgresql://analyst:password@host.docker.internal:5432/shop",
        )
    parts = set_up.connection()
    is_encrypted = parts.get("sslmode") in ("require", "verify-ca", "verify-full")
    return {
        "host": parts["host"],
        "port": int(parts["port"]),
        "dbname": parts["dbname"],
        "user": parts["user"],
        "password": parts.get("password"),
        "schema-filters-type": "inclusion",
        "schema-filters-patterns": ",".join(map(set_up.published_schema, ("marts", "core", "ops"))),
        "ssl": is_encrypted,
        **({"ssl-mode": parts["sslmode"]} if is_encrypted else {}),
    }


def _text(name: str, given: dict[str, str]) -> str:
    return _Template((_HERE / name).read_text("utf-8")).substitute(given)


class _Template(Template):
    # compose and Docker have $ of their own, addresses @
    delimiter = "%%"
