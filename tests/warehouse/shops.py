"""A shop's folder with raw tables of its own making: what the lake would hold, without the lake."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from shophouse.declarations import Declaration, platform_declaration
from shophouse.engines import RawSource, RawTable, plan_cache
from shophouse.engines.compiling import compile_ahead, plan_file
from shophouse.engines.dbt import Dbt
from shophouse.engines.duckdb.engine import DuckdbEngine
from shophouse.engines.plan import CompiledModel, NodeResult, Plan
from shophouse.project import Project
from shophouse.scaffold import ensure_dbt_files, init_project
from shophouse.state import Inputs

Row = Mapping[str, Any]
CORE = ("core", "changes", "ops", "input")


class RawShop:
    """A shop of one source, named like its platform, whose loads are given as rows or CSV files."""

    def __init__(self, folder: Path, platform: str, *, timezone: str = "UTC", currency: str = "USD") -> None:
        init_project(folder, name=platform, staging=platform, timezone=timezone, currency=currency)
        self._open(folder, platform)

    def _open(self, folder: Path, platform: str) -> None:
        self.project = Project.load(folder)
        ensure_dbt_files(self.project)
        self.folder = self.project.folder
        self.platform = platform
        self.engine = DuckdbEngine(self.project)
        self.engine.prepare()
        self.file = self.engine.file
        self._dbt = Dbt(self.folder, self.engine, log_folder=self.folder / "logs")
        self._loads: list[tuple[str, str, int, str, int]] = []
        self._superseded: list[tuple[str, str, int, str, int, dt.datetime]] = []
        self._files: dict[str, list[str]] = {}
        self._built: set[str] = set()

    @property
    def declaration(self) -> Declaration:
        return platform_declaration(self.platform, self.project)

    def load(self, table: str, rows: Iterable[Row] | Path, *, load_id: int = 1, file: str = "") -> None:
        """Add a load of a raw table; a file that was loaded before is replaced where the delivery says so."""
        name = file or f"{table}.csv"
        parquet = self.folder / "raw" / f"{table}-{load_id}-{len(self._loads)}.parquet"
        parquet.parent.mkdir(exist_ok=True)
        if isinstance(rows, Path):
            count = self._write_csv(table, rows, parquet, load_id, name)
        else:
            count = self._write_rows(table, list(rows), parquet, load_id, name)
        if self.declaration.tables[table].delivery != "upsert":
            for source, other, old, path, _ in self._loads:
                gone = (source, table, old, path)
                if (other, path) == (table, name) and gone not in [pair[:4] for pair in self._superseded]:
                    self._superseded.append((*gone, load_id, loaded_at(load_id)))
        self._loads.append((self.platform, table, load_id, name, count))
        self._files.setdefault(table, []).append(str(parquet))

    def _write_rows(self, table: str, rows: Sequence[Row], parquet: Path, load_id: int, name: str) -> int:
        types = self.declaration.tables[table].types
        with duckdb.connect() as connection:
            cells = ", ".join(f"cast(null as {_type(kind)}) as {column}" for column, kind in types.items())
            connection.execute(f"create table incoming as select {cells} where false")
            for row in rows:
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into incoming ({', '.join(row)}) values ({marks})", list(row.values()))
            _copy(connection, "incoming", parquet, load_id, name)
        return len(rows)

    def _write_csv(self, table: str, csv: Path, parquet: Path, load_id: int, name: str) -> int:
        types = self.declaration.tables[table].types
        with duckdb.connect() as connection:
            read = f"read_csv('{csv}', header = true, all_varchar = true)"
            found = [row[0] for row in connection.execute(f"describe select * from {read}").fetchall()]
            cells = ", ".join(f'cast("{c}" as {_type(types.get(c.lower(), "text"))}) as {c.lower()}' for c in found)
            connection.execute(f"create table incoming as select {cells} from {read}")
            _copy(connection, "incoming", parquet, load_id, name)
            row = connection.execute("select count(*) from incoming").fetchone()
        return int(row[0]) if row else 0

    def arrive(self, *, load_id: int | None = None) -> None:
        """Show the loads to the warehouse; those with `load_id` (all without one) are what the next build passes on."""
        tables = []
        for table in self.declaration.tables.values():
            files = self._files.get(table.name, [])
            sources = []
            if files:
                columns = dict.fromkeys((f.name for file in files for f in pq.read_schema(file)), "text")
                typed = {
                    name: table.types.get(name, kind) for name, kind in columns.items() if not name.startswith("_")
                }
                sources = [RawSource(self.platform, self.project.timezone, typed, files)]
            tables.append(RawTable(self.platform, table.name, table.types, sources))
        self.engine.attach(tables)
        arrived = [load[:4] for load in self._loads if load_id in (None, load[2])]
        again = [gone[:4] for gone in self._superseded if gone[4] == load_id]
        self.engine.replace("load_files", [(*load, 0) for load in self._loads])
        self.engine.replace("arrived_files", [*arrived, *again])
        self.engine.replace("superseded_files", self._superseded)

    def dbt(self, command: str, *arguments: str) -> list[NodeResult]:
        return self._dbt.invoke(command, *arguments)

    @cached_property
    def plan(self) -> Plan:
        """The shop's project as dbt compiles it, or has compiled one like it."""
        key, file = Inputs.of(self.project, {}).project, plan_file(self.project)
        if not plan_cache.restore(self.project, key, file):
            with compile_ahead(self.project) as wait:
                wait()
        plan = Plan.load(file, key)
        # dbt says what is wrong with it
        assert plan is not None, self.dbt("compile")
        return plan

    def build(self, *models: str, full_refresh: bool = True, upstream: bool = True) -> None:
        """Build these models, or core, and what is `upstream` of them, without tests."""
        wanted = {
            model.unique_id
            for model in self.plan.models
            if model.name in models or (not models and model.schema in CORE)
        }
        for model in reversed(self.plan.models):
            if upstream and model.unique_id in wanted:
                wanted |= {*model.parents}
        self._build([model for model in self.plan.models if model.unique_id in wanted], full_refresh=full_refresh)

    def build_all(self) -> None:
        """Build every model, without tests."""
        self._build(self.plan.models, full_refresh=True)

    def _build(self, models: Sequence[CompiledModel], *, full_refresh: bool) -> None:
        made = [model for model in models if full_refresh or model.holds_rows]
        results = self.engine.build(made, [], lambda *_: None, anew=full_refresh)
        broken = [f"{result.name}: {result.message}" for result in results if result.failed]
        assert not broken, "\n".join(broken)
        self._built |= {model.unique_id for model in made}

    def test(self, *names: str) -> list[NodeResult]:
        """Run the data tests that are named, or all of what was built, of all rows."""
        unbuilt = {model.unique_id for model in self.plan.models} - self._built
        known = [test for test in self.plan.tests if unbuilt.isdisjoint(test.parents)]
        wanted = [test for test in known if not names or test.name in names]
        assert wanted, names
        return self.engine.build([], wanted, lambda *_: None, anew=True)

    def manifest(self) -> Any:
        """The project as dbt understands it."""
        return self._dbt.parse()

    def compiled(self) -> dict[str, str]:
        """The SQL of every model, by its unique id."""
        # without tests, whose files are to stay as a full run has them
        self.dbt("compile", "--indirect-selection", "empty", "--select", "resource_type:model")
        return {key: sql for key, sql in self._dbt.compiled.items() if key.startswith("model.")}

    def query(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.query(sql).to_pylist()
        return rows

    def one(self, sql: str) -> Any:
        (row,) = self.query(sql)
        return next(iter(row.values())) if len(row) == 1 else row

    def execute(self, sql: str) -> None:
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(sql)

    def save(self) -> Path:
        """Copy the warehouse, for `restore`."""
        return Path(shutil.copy(self.file, self.file.with_suffix(".saved")))

    def restore(self, saved: Path) -> None:
        shutil.copy(saved, self.file)


def loaded_at(load_id: int) -> dt.datetime:
    """When a load came, UTC."""
    return dt.datetime(2026, 1, 1) + dt.timedelta(hours=load_id)


def _copy(connection: duckdb.DuckDBPyConnection, table: str, parquet: Path, load_id: int, name: str) -> None:
    connection.execute(
        f"""copy (
            select
                *,
                cast({load_id} as bigint) as _load_id,
                timestamp '{loaded_at(load_id)}' as _loaded_at,
                '{name}' as _source_file,
                row_number() over () as _row_number,
                'insert' as _operation
            from {table}
        ) to '{parquet}' (format parquet)"""
    )


def _type(name: str) -> str:
    return {"text": "varchar"}.get(name, name)
