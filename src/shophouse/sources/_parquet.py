"""How the lake's Parquet is written."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["parquet_options"]


def parquet_options(types: Iterable[str]) -> str:
    """The options of DuckDB's COPY, after the format, for a file with columns of these types of the lake."""
    # the second version's encodings are smaller and quicker; but not every reader knows how it writes doubles
    version = "v1" if "double" in types else "v2"
    return f"parquet_version {version}, compression zstd, compression_level 1"
