"""One shop built on several engines: whether every table comes out the same, to the last digit."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from shophouse.errors import CheckFailed, ConfigError
from shophouse.existing import Existing
from shophouse.project import PROJECT_FILE, ExistingSource, Project, SqliteCatalog
from shophouse.quoting import identifier
from shophouse.shop import Listener, Shop
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    import duckdb

__all__ = ["ENGINES", "Digest", "Parity", "digests", "parity"]

ENGINES = ("duckdb", "postgres")
_OWN = ("models", "macros", "seeds", "tests", "snapshots", "dbt_project.yml", "packages.yml")


@dataclass(frozen=True)
class Digest:
    """A table's rows, whatever their order. `columns` has the type and the hash of each column's values."""

    rows: int
    hash: str
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Parity:
    """What each engine made of each table."""

    engines: tuple[str, ...]
    tables: Mapping[str, Mapping[str, Digest]]
    """Table, as marts.sales_daily → engine → digest; an engine that has no such table is absent."""

    def differences(self) -> Iterator[tuple[str, str]]:
        """Each table that isn't the same on all engines, and in what it differs."""
        for table, found in self.tables.items():
            if missing := [engine for engine in self.engines if engine not in found]:
                yield table, f"not there on {', '.join(missing)}"
                continue
            first, *others = (found[engine] for engine in self.engines)
            if any(other.rows != first.rows for other in others):
                yield table, "rows: " + ", ".join(f"{engine} {found[engine].rows:,}" for engine in self.engines)
            elif any(other != first for other in others):
                names = dict.fromkeys(name for digest in found.values() for name in digest.columns)
                unlike = [name for name in names if len({digest.columns.get(name) for digest in found.values()}) > 1]
                yield table, f"columns: {', '.join(unlike)}" if unlike else "rows: values are combined otherwise"

    def raise_for_differences(self) -> None:
        """Raise CheckFailed that names each table that differs."""
        found = list(self.differences())
        if found:
            raise CheckFailed(
                f"{len(found)} of {len(self.tables)} tables differ between {' and '.join(self.engines)}",
                why=[f"{table}: {what}" for table, what in found],
            )


def parity(
    shop: Shop,
    folder: Path,
    *,
    engines: Sequence[str] = ENGINES,
    dsn: str | None = None,
    schemas: Sequence[str] = ("marts",),
    listener: Listener | None = None,
) -> Parity:
    """Build the shop, as its lake is now, on each engine below `folder`, and compare the tables of `schemas`.

    `dsn` refers to the database for postgres, as env:PARITY_DSN: not the shop's own. What the engines built in `folder`
    before is gone on from, as an incremental run does. Raises ConfigError for an unknown engine, no database or tables
    that another loader keeps, and what a build raises; a difference is in the result.
    """
    for engine in engines:
        if engine not in ENGINES:
            raise ConfigError(
                f"there is no engine {engine!r}", why=f"known: {', '.join(ENGINES)}", hint=did_you_mean(engine, ENGINES)
            )
    if theirs := Existing.of(shop.project).sources:
        raise _held_by_one(shop.project, theirs[0])
    if "postgres" in engines and dsn is None:
        raise ConfigError("postgres needs an empty database", hint="--dsn env:PARITY_DSN, and set that variable")
    if not shop.lake.tables():
        shop.ingest()
    found: dict[str, dict[str, Digest]] = {}
    for engine in engines:
        settings = {"kind": engine, "dsn": dsn} if engine == "postgres" else {"kind": engine}
        built = Shop(_beside(shop.project, folder / engine, settings), listener)
        built.build()
        built.publish()
        for table, digest in digests(built, schemas):
            found.setdefault(table, {})[engine] = digest
    return Parity(tuple(engines), dict(sorted(found.items())))


def _held_by_one(project: Project, source: str) -> ConfigError:
    """Tables that another loader keeps can't be built on two engines."""
    settings = project.source(source)
    assert isinstance(settings, ExistingSource)
    schema = settings.database_schema
    if settings.path is None:
        instead = [f"{source}: {{kind: postgres, dsn: env:NAME, database_schema: {schema}, …}}"]
    else:
        copied = f"duckdb {settings.path} \"copy {schema}.orders to 'copied/orders.parquet'\""
        instead = [f"{source}: {{kind: files, path: copied/*.parquet, …}}", f"{copied}   and so each table"]
    return ConfigError(
        f"{source} can be built on {project.engine.kind} alone",
        where=f"sources.{source} in {project.file}",
        why="another loader keeps its tables where that engine is, and no other one reads them there",
        hint=["in a copy of the shop, bring them into the lake, which all engines read:", *instead],
    )


def _beside(project: Project, folder: Path, engine: Mapping[str, Any]) -> Project:
    """The same shop over the same lake on another engine, named otherwise, so that it can't take the shop's place."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in _OWN:
        source, target = project.folder / part, folder / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        elif source.is_file():
            shutil.copyfile(source, target)
    settings = yaml.safe_load(project.file.read_text("utf-8"))
    settings |= {
        "name": f"{project.name[:70]}, parity",
        "engine": dict(engine),
        "lake": _lake(project, settings.get("lake") or {}),
    }
    (folder / PROJECT_FILE).write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
    return Project.load(folder)


def _lake(project: Project, said: Mapping[str, Any]) -> dict[str, Any]:
    """The same lake, as a shop in another folder has to name it."""
    if not project.lake.is_remote:
        return {"path": str(project.lake_folder)}
    found = {**said, "cache": str(project.absolute(project.lake.cache))}
    if isinstance(project.lake.catalog, SqliteCatalog):
        file = project.lake.catalog.path
        found["catalog"] = {"path": str(project.absolute(file) if file else project.lake_folder / "catalog.db")}
    return found


def digests(shop: Shop, schemas: Sequence[str]) -> Iterator[tuple[str, Digest]]:
    """Each published table of these schemas. Raises BuildError when nothing is published."""
    session: duckdb.DuckDBPyRelation = shop.sql("select 1")

    def ask(sql: str) -> list[Any]:
        return session.query("session", sql).fetchall()

    tables = ask(
        "select table_schema, table_name from information_schema.tables where table_catalog = 'shop' order by all"
    )
    for schema, table in tables:
        if schema not in schemas:
            continue
        relation = f"shop.{identifier(schema)}.{identifier(table)}"
        types = {row[0]: row[1] for row in ask(f"select column_name, column_type from (describe {relation})")}
        texts = {column: f"coalesce(cast({identifier(column)} as varchar), chr(0))" for column in types}
        whole = f"concat_ws(chr(31), {', '.join(texts.values())})"
        sums = ", ".join(_sum(text) for text in (whole, *texts.values()))
        ((rows, *hashes),) = ask(f"select count(*), {sums} from {relation}")
        first, *rest = (hashlib.sha256(str(value).encode()).hexdigest()[:16] for value in hashes)
        columns = {column: (types[column], value) for column, value in zip(types, rest, strict=True)}
        yield f"{schema}.{table}", Digest(rows, first, columns)


def _sum(text: str) -> str:
    """The rows' hashes added up, which their order doesn't change."""
    return f"sum(cast(cast('0x' || substr(md5({text}), 1, 15) as bigint) as hugeint))"
