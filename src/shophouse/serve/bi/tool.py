"""What a tool's set-up is made from, and what a tool is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from shophouse.errors import BuildError, ConfigError
from shophouse.metrics import Catalogue, MetricQuery, compile_query
from shophouse.metrics.personal import personal_columns, without_personal
from shophouse.serve.bi.questions import Dashboard, dashboards
from shophouse.serve.bi.sql import FILTERS, Dialect
from shophouse.serve.dashboard.pages import load_pages
from shophouse.serve.dashboard.published import Published
from shophouse.serve.described import column_descriptions
from shophouse.values import Secret

if TYPE_CHECKING:
    from shophouse.engines import Engine
    from shophouse.project import Project

__all__ = ["Access", "Provisioned", "Provisioning", "SetUp", "Table", "Tool", "set_up_of"]

_MOST_VALUES = 200


@dataclass(frozen=True)
class Table:
    """A published mart: its columns with type (DuckDB's name of it) and description. Personal data is left out."""

    schema: str
    name: str
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class SetUp:
    """What a set-up is made from: a shop with a published version, its dashboards and metrics in the engine's SQL."""

    project: Project
    catalogue: Catalogue
    published: Published
    dialect: Dialect
    version: int
    dsn: str | None = None
    """How the tool reaches PostgreSQL, as a role that only reads: `env:NAME` of a variable."""
    folder: str = "/published"
    """Where the tool sees the published DuckDB files."""

    @property
    def shop(self) -> str:
        return self.project.name

    @property
    def currency(self) -> str:
        return self.project.currency

    @property
    def warehouse(self) -> Path:
        """The folder of the published files, where the engine is DuckDB."""
        return self.project.folder / "warehouse"

    @property
    def schema(self) -> str:
        """The schema of the marts, as other programs see it."""
        return self.published_schema("marts")

    def published_schema(self, schema: str) -> str:
        return schema if self.dialect == "duckdb" else f"published_{schema}"

    @cached_property
    def dashboards(self) -> tuple[Dashboard, ...]:
        """Raises ConfigError for a page of the shop's own that can't be shown, QueryFailed for a query of it."""
        load_pages(self.project.folder)
        return dashboards(self.catalogue, self.published, self.dialect)

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """What each filter can be, the largest by net sales first; empty where there are too many to list."""
        found: dict[str, tuple[str, ...]] = {}
        for name in FILTERS:
            query = MetricQuery(("net_sales",), by=(name,), largest_first=True, limit=_MOST_VALUES + 1)
            rows = self.published.query(compile_query(self.catalogue, query).sql).rows
            found[name] = tuple(str(row[0]) for row in rows) if len(rows) <= _MOST_VALUES else ()
        return found

    def connection(self) -> dict[str, str]:
        """host, port, dbname, user, password and sslmode by which the tool reaches PostgreSQL, as `dsn` says.

        Raises ConfigError for a variable that is not set or names no host, database or user.
        """
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        assert self.dsn is not None
        hint = "postgresql://analyst:password@host:5432/shop"
        try:
            found = conninfo_to_dict(Secret(self.dsn).resolve().get_secret_value())
        except psycopg.ProgrammingError as error:
            raise ConfigError(f"{self.dsn} is no DSN of PostgreSQL", hint=hint) from error
        if missing := [name for name in ("host", "dbname", "user") if not found.get(name)]:
            raise ConfigError(f"{self.dsn} has no {' and no '.join(missing)}", hint=hint)
        return {"port": "5432", **{name: str(value) for name, value in found.items() if value}}

    def tables(self, schema: str = "marts") -> list[Table]:
        """The published tables of a schema."""
        if schema not in self._tables:
            self._tables[schema] = self._read_tables(schema)
        return self._tables[schema]

    @cached_property
    def _tables(self) -> dict[str, list[Table]]:
        return {}

    def _read_tables(self, schema: str) -> list[Table]:
        rows = self.published.query(
            "select table_name, column_name, data_type from duckdb_columns() where database_name = 'shop' "
            "and schema_name = $schema order by table_name, column_index",
            {"schema": schema},
        ).rows
        personal = personal_columns(self.project)
        columns: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            if column.lower() not in personal:
                columns.setdefault(table, {})[column] = kind
        return [
            Table(
                self.published_schema(schema),
                table,
                {column: (kind, said.get(column, "")) for column, kind in kinds.items()},
            )
            for table, kinds in columns.items()
            for said in [column_descriptions(self.project, table)]
        ]


class Tool(Protocol):
    """A BI tool."""

    name: str
    title: str
    summary: str

    def files(self, set_up: SetUp) -> dict[str, str | bytes]:
        """The files of its set-up, by their path in the folder."""


@dataclass(frozen=True)
class Access:
    """A running tool: where it is, and as whom to log in."""

    url: str
    user: str
    password: str = field(repr=False)
    is_first_user: bool = False
    """Whether to make this user where the tool has none."""


@dataclass
class Provisioned:
    """What was done in a running tool."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0
    left: list[str] = field(default_factory=list)
    """Of shophouse, but made by it no more: the shop has no data of it now, or its page changed."""


@runtime_checkable
class Provisioning(Tool, Protocol):
    """A tool in which things can be made while it runs."""

    def provision(self, set_up: SetUp, access: Access, notice: Callable[[str], None]) -> Provisioned:
        """Make what is missing, bring up to date what changed, and leave alone what others made."""


def set_up_of(project: Project, engine: Engine, dsn: str | None = None, folder: str | None = None) -> SetUp:
    """Raises BuildError when nothing is published, ConfigError where the engine has no use for `dsn` or `folder`."""
    if dsn is not None and project.engine.kind != "postgres":
        raise ConfigError("this shop is published as a DuckDB file, which has no DSN", hint="--folder FOLDER")
    if folder is not None and project.engine.kind == "postgres":
        raise ConfigError("this shop is published in PostgreSQL, not in a folder", hint="--dsn env:NAME")
    published = Published(engine)
    version = published.version()
    if version is None:
        raise BuildError("nothing is published yet", where=str(project.folder), hint="shophouse run")
    catalogue = without_personal(Catalogue.load(project), personal_columns(project))
    dialect: Dialect = "postgres" if project.engine.kind == "postgres" else "duckdb"
    return SetUp(project, catalogue, published, dialect, version, dsn, folder or SetUp.folder)
