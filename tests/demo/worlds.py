"""A small world on disk, and its files and truth as tables of DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

FOLLOWING = 3
"""Days delivered after the first delivery."""


class World:
    """Names of tables are those of the files; what can't be read is left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect()
        for file in (folder / "truth").glob("*.parquet"):
            self.con.execute(f"create view truth_{file.stem.replace('-', '_')} as from '{file}'")
        self.con.execute(f"create view labels as from '{folder}/truth/defects*.parquet'")

    def first(self, table: str) -> str:
        """The rows of the first delivery, as SQL."""
        return self._read(f"{self.folder}/data/{table}.csv")

    def day(self, table: str, day: str) -> str:
        return self._read(f"{self.folder}/data/{table}-{day}.csv")

    def newest(self, table: str, key: str, version: str = "day") -> str:
        """The rows of all deliveries, each key once."""
        every = self._read(f"{self.folder}/data/{table}*.csv")
        return (
            f"(select * from (select *, regexp_extract(filename, '([0-9-]{{10}})[.]csv', 1) as day from {every}) "
            f"where true qualify row_number() over (partition by {key} order by {version} desc, day desc) = 1)"
        )

    def parquet(self, table: str) -> str:
        return f"read_parquet('{self.folder}/data/{table}*.parquet', union_by_name = true)"

    def one(self, query: str) -> Any:
        row = self.con.execute(query).fetchone()
        assert row is not None
        return row[0]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    @staticmethod
    def _read(files: str) -> str:
        how = "header = true, delim = ',', quote = '\"', filename = true, union_by_name = true"
        return f"read_csv('{files}', {how}, ignore_errors = true, sample_size = 5000)"
