"""Tables to files, with what was written counted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from shophouse.demo.state import Tally

_FREE_TEXT = {"name", "first_name", "last_name", "body", "Address", "FirstName", "LastName", "ProductName"}


class Out:
    """A folder that tables are written to. Not to be shared between threads: `add` joins what others wrote."""

    def __init__(self, folder: Path, suffix: str = "") -> None:
        self.folder, self.suffix = folder, suffix
        self.tally = Tally()

    def csv(self, name: str, table: Any, part: str = "") -> str:
        """Write one table as CSV and return the file's name."""
        file = f"{name}{part}{self.suffix}.csv"
        # Only what people write may hold a comma or a quote, and quoting everything costs half as much again.
        quoting = "needed" if _FREE_TEXT & set(table.column_names) else "none"
        options = pa.csv.WriteOptions(quoting_style=quoting, quoting_header="none")
        pa.csv.write_csv(table, self.folder / file, options)
        return self._count(name, table, file)

    def parquet(self, name: str, table: Any, part: str = "") -> str:
        file = f"{name}{part}{self.suffix}.parquet"
        pa.parquet.write_table(table, self.folder / file, compression="zstd")
        return self._count(name, table, file)

    def _count(self, name: str, table: Any, file: str) -> str:
        self.tally.files.append(file)
        self.tally.count(name, table)
        return file

    def add(self, others: Iterable[Out]) -> None:
        for other in others:
            self.tally.add(other.tally)
