"""Arrow columns from numpy, and tables to files.

Money is cents in int64 all the way and becomes a decimal only here; a time is seconds since 1970 in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Format = Literal["csv", "parquet"]
Compress = Literal["gz", "zst"] | None

# The time of what never happens: after every clock, far from overflow when a duration is added.
NEVER = 1 << 60


def money(cents: Ints, null: Bools | None = None, scale: int = 2) -> Any:
    """A decimal(18, scale) column from whole hundredths (or thousandths, by scale)."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    column = pa.Array.from_buffers(pa.decimal128(18, scale), len(cents), [None, pa.py_buffer(words)])
    return column if null is None else blank(column, null)


def times(seconds: Ints, until: int = NEVER) -> Any:
    """A timestamp column; what is at or after `until` is null."""
    return pa.array(seconds, mask=seconds >= until).cast(pa.timestamp("s"))


def numbers(values: npt.NDArray[Any], null: Bools | None = None) -> Any:
    return pa.array(values, mask=null)


def words(values: Sequence[str] | Any, index: npt.NDArray[Any], null: Bools | None = None) -> Any:
    """The strings `values[index]`."""
    choices = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return choices.take(pa.array(index, mask=null))


def blank(column: Any, null: Bools) -> Any:
    return pa.compute.if_else(pa.array(null), pa.scalar(None, column.type), column)


def extension(format: Format, compress: Compress) -> str:
    return ".parquet" if format == "parquet" else ".csv" + (f".{compress}" if compress else "")


def write(table: Any, path: Path, format: Format, compress: Compress) -> None:
    """Write one table; the same table gives the same bytes."""
    if format == "parquet":
        pa.parquet.write_table(table, path, compression="zstd")
        return
    # Only descriptions may hold a comma or a quote, and quoting everything costs half as much again.
    quoted = any(name in table.column_names for name in ("name", "first_name"))
    options = pa.csv.WriteOptions(quoting_style="needed" if quoted else "none", quoting_header="none")
    if compress is None:
        pa.csv.write_csv(table, path, options)
        return
    with pa.CompressedOutputStream(str(path), {"gz": "gzip", "zst": "zstd"}[compress]) as sink:
        pa.csv.write_csv(table, sink, options)
