"""Whether two warehouses hold the same rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

SCHEMAS = ("core", "aggregates", "marts", "analytics")


def differences(one: Path, other: Path) -> dict[str, tuple[int, int]]:
    """Tables that differ, with the number of rows that only the one and only the other has. Doubles to nine digits."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        tables = {name: _tables(connection, name) for name in ("one", "other")}
        assert tables["one"] == tables["other"], set(tables["one"]) ^ set(tables["other"])
        found: dict[str, tuple[int, int]] = {}
        for table, columns in tables["one"].items():
            cells = ", ".join(
                f"round({column}, 9) as {column}" if type_ == "DOUBLE" else column for column, type_ in columns
            )
            only = [
                connection.execute(
                    f"select count(*) from (select {cells} from {a}.{table} except all select {cells} from {b}.{table})"
                ).fetchone()
                for a, b in (("one", "other"), ("other", "one"))
            ]
            counts = tuple(row[0] for row in only if row)
            if any(counts):
                found[table] = (counts[0], counts[1])
        return found


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[tuple[str, str]]]:
    tables: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, type_ in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where table_oid in (select table_oid from duckdb_tables() where database_name = ?1) "
        "and database_name = ?1 and (list_contains(?2, schema_name) or table_name = 'rejected_rows') "
        "order by schema_name, table_name, column_index",
        [database, list(SCHEMAS)],
    ).fetchall():
        tables.setdefault(f"{schema}.{table}", []).append((column, type_))
    return tables
