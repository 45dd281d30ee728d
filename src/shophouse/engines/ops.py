"""The tables of the `ops` schema that shophouse keeps beside the models: what was loaded, built and tested.

One description for every engine: names, and types as every engine takes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["OPS_TABLES", "WAREHOUSE_VERSION", "ops_statements"]

WAREHOUSE_VERSION: Final = 1
"""What a built warehouse looks like. One of another version is rebuilt from the lake and keeps its `ops` history."""

OPS_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "warehouse": {"name": "varchar", "value": "varchar"},
    "loads": {
        "source": "varchar",
        "table_name": "varchar",
        "load_id": "bigint",
        "run_id": "varchar",
        "loaded_at": "timestamp",
        "file_count": "bigint",
        "row_count": "bigint",
        "rejected_row_count": "bigint",
        "byte_count": "bigint",
        "seconds": "double precision",
    },
    "load_files": {
        "source": "varchar",
        "table_name": "varchar",
        "load_id": "bigint",
        "source_file": "varchar",
        "row_count": "bigint",
        "rejected_row_count": "bigint",
    },
    "superseded_files": {
        "source": "varchar",
        "table_name": "varchar",
        "load_id": "bigint",
        "source_file": "varchar",
        "superseded_by": "bigint",
        "superseded_at": "timestamp",
    },
    "arrived_files": {"source": "varchar", "table_name": "varchar", "load_id": "bigint", "source_file": "varchar"},
    "model_watermarks": {"source": "varchar", "table_name": "varchar", "load_id": "bigint"},
    "quarantine": {
        "source": "varchar",
        "table_name": "varchar",
        "load_id": "bigint",
        "source_file": "varchar",
        "line": "bigint",
        "column_name": "varchar",
        "reason": "varchar",
    },
    "runs": {
        "run_id": "varchar",
        "started_at": "timestamp",
        "ended_at": "timestamp",
        "command": "varchar",
        "status": "varchar",
        "message": "varchar",
        "shophouse_version": "varchar",
        "is_full_refresh": "boolean",
        "seconds": "double precision",
    },
    "phases": {"run_id": "varchar", "phase": "varchar", "seconds": "double precision"},
    "model_runs": {
        "run_id": "varchar",
        "model": "varchar",
        "schema_name": "varchar",
        "status": "varchar",
        "seconds": "double precision",
        "row_count": "bigint",
        "byte_count": "bigint",
        "message": "varchar",
    },
    "test_results": {
        "run_id": "varchar",
        "test": "varchar",
        "status": "varchar",
        "failure_count": "bigint",
        "seconds": "double precision",
        "message": "varchar",
        "law": "integer",
    },
    "stream_minutes": {
        "run_id": "varchar",
        "minute": "timestamp",
        "round_count": "bigint",
        "whole_round_count": "bigint",
        "failed_round_count": "bigint",
        "row_count": "bigint",
        "seconds": "double precision",
        "longest_seconds": "double precision",
        "version": "bigint",
        "measured_row_count": "bigint",
        "latency_p50_seconds": "double precision",
        "latency_p95_seconds": "double precision",
        "latency_p99_seconds": "double precision",
        "latency_max_seconds": "double precision",
    },
    "freshness": {
        "run_id": "varchar",
        "source": "varchar",
        "table_name": "varchar",
        "checked_at": "timestamp",
        "newest_load_at": "timestamp",
        "age_seconds": "double precision",
        "warn_after_seconds": "double precision",
        "error_after_seconds": "double precision",
        "status": "varchar",
    },
}
"""Column name and type of each table."""


def ops_statements() -> Iterator[str]:
    """SQL that makes the tables of `ops`, and gives those of an older version the columns that they lack."""
    for table, columns in OPS_TABLES.items():
        spec = ", ".join(f"{column} {type_}" for column, type_ in columns.items())
        yield f"create table if not exists ops.{table} ({spec})"
        for column, type_ in columns.items():
            yield f"alter table ops.{table} add column if not exists {column} {type_}"
