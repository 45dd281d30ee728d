"""A small shop whose files are loaded into a lake, for the tests of loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from shophouse.lake import LoadRecord
from shophouse.lake.maintenance import planned_files
from shophouse.sources import Column, Table
from shophouse.sources.files import FilesSource

from .places import LOCAL, Place

TABLE = Table(
    "shop",
    "orders",
    files="orders*",
    columns=(Column("id", "bigint"), Column("price", "decimal(18,4)")),
    required=("id",),
)


class Shop:
    def __init__(self, folder: Path, table: Table = TABLE, place: Place = LOCAL) -> None:
        self.folder = folder
        self.table = table
        self.place = place
        (folder / "data").mkdir(parents=True, exist_ok=True)
        self.lake = place.lake(folder)

    @property
    def source(self) -> FilesSource:
        return FilesSource("shop", self.folder, "data/*", tables=[self.table], settle_seconds=0)

    def write(self, name: str, *lines: str, header: str = "id,price") -> Path:
        path = self.folder / "data" / name
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    def load(self, run_id: str | None = None) -> LoadRecord | None:
        with self.lake.load("shop", self.table.name, run_id=run_id) as load:
            batches = self.source.read(self.table, load.position, load.folder, load.load_id, load.loaded_at)
            return load.commit(batches)

    def rows(self, columns: str | None = None) -> list[tuple[Any, ...]]:
        files = self.lake.data_files("shop", self.table.name)
        if not files:
            return []
        columns = columns or ", ".join(
            f'"{name}"' for name in sorted(self.lake.schema("shop", self.table.name)) if name != "_loaded_at"
        )
        return duckdb.sql(
            f"select {columns} from read_parquet({files}, union_by_name = true) "
            "order by _load_id, _source_file, _row_number"
        ).fetchall()

    def quarantine(self) -> list[tuple[Any, ...]]:
        rows = self.lake.quarantine("shop", self.table.name).to_pylist()
        return [(row["_load_id"], row["_source_file"], row["line"], row["raw"]) for row in rows]

    def state(self) -> dict[str, Any]:
        """All that a load leaves, without its times."""
        name = self.table.name
        return {
            "rows": self.rows(),
            "quarantine": self.quarantine(),
            "files": self.lake.load_files("shop", name),
            "loads": [(r.load_id, r.files, r.rows, r.rejected_rows, r.bytes) for r in self.lake.loads("shop", name)],
            "schema": self.lake.schema("shop", name),
            "paths": sorted((self.lake.position("shop", name) or {})["files"]),
        }

    def lying(self, part: str) -> list[str]:
        """The locations of all files in a folder of the table."""
        folder = self.lake.location("shop", self.table.name)
        return [file.location for file in self.lake.storage.list(f"{folder}/{part}")]

    def assert_clean(self) -> None:
        """What lies in the data folder is what Iceberg's manifests name, and what the ledger does."""
        named = planned_files(self.lake, "shop", self.table.name)
        assert self.lying("data") == named
        files = self.lake.data_files("shop", self.table.name)
        assert sorted(files) == sorted(str(path) for path in self.lake.storage.fetch(named))
