"""Many small shops as the sources of one project, whose raw tables are written without the lake.

dbt compiles the project once; every pack of shops is built of that SQL, first for a full run, then as a day's run
executes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from incremental.comparison import SCHEMAS
from incremental.small_shop import APPENDED
from incremental.wide_shop import WIDE, WideShop
from shophouse.declarations import platform_declaration
from shophouse.engines.dbt import Dbt
from shophouse.engines.duckdb.engine import DuckdbEngine
from shophouse.engines.plan import CompiledModel
from shophouse.project import Project
from shophouse.scaffold import ensure_dbt_files, init_project

LINEAGE = {"_load_id": "bigint", "_loaded_at": "timestamp", "_source_file": "text", "_row_number": "bigint"}


class Packed:
    """`size` sources named case_000 and on, every table that may be with the delivery."""

    def __init__(self, folder: Path, size: int, delivery: str) -> None:
        init_project(folder, name="fuzz", staging="storefront", currency="EUR")
        file = folder / "shophouse.yml"
        replaced = [name for name in WIDE if delivery == "snapshot" and name not in APPENDED]
        tables = "{" + ", ".join(f"{name}: {{delivery: snapshot}}" for name in replaced) + "}"
        self.names = [f"case_{number:03}" for number in range(size)]
        lines = [
            f"  {name}: {{kind: files, path: '{name}/*', staging: storefront, tables: {tables}}}" for name in self.names
        ]
        file.write_text(file.read_text().split("sources:")[0] + "sources:\n" + "\n".join(lines) + "\n")
        self.delivery = delivery
        self.project = Project.load(folder)
        ensure_dbt_files(self.project)
        self.engine = DuckdbEngine(self.project)
        self.engine.prepare()
        self.types = {
            name: table.types for name, table in platform_declaration("storefront", self.project).tables.items()
        }
        self.raw = folder / "raw"
        self._begin()
        self._show()
        dbt = Dbt(folder, self.engine, log_folder=folder / "logs", connects=False)
        plan = dbt.compile_plan("")
        assert plan is not None
        self.plan = plan
        self._execute(plan.models, anew=True)

    def _begin(self) -> None:
        self.engine.replace("model_watermarks", [])
        shutil.rmtree(self.raw, ignore_errors=True)
        self.raw.mkdir()
        self.files: dict[str, list[Path]] = {name: [] for name in self.types}
        self.loads: list[tuple[str, str, int, str, int]] = []
        self.arrived: list[tuple[str, str, int, str]] = []

    def _show(self) -> None:
        with duckdb.connect(str(self.engine.file)) as connection:
            for table, types in self.types.items():
                listed = {"_source": "text", "_timezone": "text", **types, **LINEAGE, "_operation": "text"}
                cells = ", ".join(
                    f"cast(nullif({name}, '') as {_sql(kind)}) as {name}" for name, kind in listed.items()
                )
                files = ", ".join(f"'{file}'" for file in self.files[table])
                empty = "(select " + ", ".join(f"cast(null as varchar) as {name}" for name in listed) + " where false)"
                rows = f"read_parquet([{files}])" if files else empty
                connection.execute(f"create or replace view raw.storefront__{table} as select {cells} from {rows}")

    def _arrive(self, shops: Sequence[WideShop], round_: int) -> set[str]:
        """Write what the shops send in this round; returns the raw tables with news, of broken rounds too."""
        arrived = self.arrived
        for table in WIDE:
            whole = self.delivery == "snapshot" and table not in APPENDED
            rows: list[dict[str, str]] = []
            for name, shop in zip(self.names, shops, strict=False):
                sent = list(shop.rows[table].values()) if whole else list(shop.changed[table])
                if table not in ("order_items", "refund_items"):
                    shop.random.shuffle(sent)
                cut = len(sent) if whole or table in ("order_items", "refund_items") else len(sent) // 2
                for part, some in enumerate((sent[:cut], sent[cut:])):
                    file = f"{table}.csv" if whole else f"{table}-{round_}-{part}.csv"
                    if not some and not (whole and part == 0):
                        continue
                    if whole:
                        arrived += [
                            load[:4] for load in self.loads if load[:2] == (name, table) and load[2] == round_ - 1
                        ]
                    self.loads.append((name, table, round_, file, len(some)))
                    arrived.append((name, table, round_, file))
                    lineage = {
                        "_load_id": str(round_),
                        "_loaded_at": f"2026-01-01 0{round_}:00:00",
                        "_source_file": file,
                    }
                    named = {"_source": name, "_timezone": "UTC", **lineage}
                    rows += [
                        {
                            "_operation": "insert",
                            **{key: str(value) for key, value in row.items()},
                            **named,
                            "_row_number": str(number),
                        }
                        for number, row in enumerate(some, 1)
                    ]
            if rows:
                listed = ["_source", "_timezone", *self.types[table], *LINEAGE, "_operation"]
                columns = {key: pa.array([row.get(key) for row in rows], pa.string()) for key in listed}
                file_ = self.raw / f"{table}-{round_}.parquet"
                pq.write_table(pa.table(columns), file_)
                self.files[table].append(file_)
        self._show()
        loads: dict[tuple[str, str, str], list[int]] = {}
        for source, table, load, file, _ in self.loads:
            loads.setdefault((source, table, file), []).append(load)
        gone = [
            (source, table, old, file, new, datetime(2026, 1, 1, new))
            for (source, table, file), numbers in loads.items()
            for old, new in pairwise(sorted(set(numbers)))
        ]
        self.engine.replace("load_files", [(*load, 0) for load in self.loads])
        self.engine.replace("arrived_files", arrived)
        self.engine.replace("superseded_files", gone)
        return {f"storefront__{table}" for _, table, *_ in arrived}

    def _rebuild(self) -> None:
        models = [
            replace(model, materialized="table", sql=model.full_sql) for model in self.plan.models if model.holds_rows
        ]
        self._execute(models)

    def _execute(self, models: Sequence[CompiledModel], *, anew: bool = False) -> None:
        results = self.engine.build(models, [], lambda *_: None, anew=anew)
        assert [f"{result.name}: {result.message}" for result in results if result.failed] == []

    def differences(
        self,
        shops: Sequence[WideShop],
        steps: Sequence[Sequence[int]],
        stops: Sequence[Sequence[str]] = (),
        broken: Mapping[int, str] | None = None,
    ) -> dict[str, list[str]]:
        """Tables that a full rebuild makes otherwise than the rounds did, each with the sources of the rows.

        `steps` says how much happens in each round, shop by shop. A table without a source names none. `stops` are, of
        each round after the first, models after each of which it is stopped, to be begun again. A round in `broken` is
        stopped after a model, too, and what the next one brings has arrived as well when it is begun again.
        """
        self._begin()
        for round_, many in enumerate(zip(*steps, strict=True), 1):
            for shop, few in zip(shops, many, strict=True):
                shop.play(few)
                if self.delivery == "snapshot" and round_ > 1:
                    shop.forget_something()
            changed = self._arrive(shops, round_)
            if round_ == 1:
                self._rebuild()
            else:
                models = self.plan.downstream(changed)[0]
                names = [model.name for model in models]
                if broken and round_ in broken:
                    self._execute(models[: names.index(broken[round_]) + 1])
                    continue
                for stop in stops[round_ - 2] if stops else ():
                    self._execute(models[: names.index(stop) + 1])
                self._execute(models)
            self.arrived = []
            seen = {(source, table): load for source, table, load, *_ in self.loads}
            self.engine.replace("model_watermarks", [(*key, load) for key, load in seen.items()])
        rounds = self.engine.file.with_name("rounds.duckdb")
        shutil.copyfile(self.engine.file, rounds)
        self._rebuild()
        return _differences(rounds, self.engine.file)


def _differences(one: Path, other: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        listed = connection.execute(
            "select schema_name, table_name, "
            "list(column_name order by column_index), list(data_type order by column_index) "
            "from duckdb_columns() where database_name = 'one' and table_oid in "
            "(select table_oid from duckdb_tables() where database_name = 'one') "
            "and (list_contains(?, schema_name) or table_name = 'rejected_rows') group by all",
            [list(SCHEMAS)],
        ).fetchall()
        assert len(listed) > 80
        for schema, table, columns, types in listed:
            cells = ", ".join(
                f"round({name}, 9) as {name}" if kind == "DOUBLE" else name
                for name, kind in zip(columns, types, strict=True)
            )
            sides = [f"select {cells} from {side}.{schema}.{table}" for side in ("one", "other")]
            source = "source" if "source" in columns else "null"
            rows = connection.execute(
                f"select distinct {source} from (({sides[0]} except all {sides[1]}) "
                f"union all ({sides[1]} except all {sides[0]}))"
            ).fetchall()
            if rows:
                found[f"{schema}.{table}"] = sorted(str(row[0]) for row in rows if row[0])
    return found


def _sql(kind: Any) -> str:
    return {"text": "varchar"}.get(str(kind), str(kind))
