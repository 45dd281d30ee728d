"""What the lake's catalog says, read with the standard library alone.

Importing pyiceberg takes two seconds, more than a run that finds nothing new may take. The catalog is a SQLite table
that names each table's metadata file, and that file is JSON: nothing else is needed to know what a table holds.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from shophouse.errors import LakeError

__all__ = ["CATALOG", "QUARANTINE", "Head", "heads", "local_path"]

CATALOG = "lake"
QUARANTINE = "__quarantine"


def local_path(location: str) -> Path:
    return Path(location.removeprefix("file://"))


@dataclass(frozen=True)
class Head:
    """A table as of its newest commit: `location` names the metadata file, which no commit changes."""

    location: str

    @cached_property
    def metadata(self) -> dict[str, Any]:
        path = local_path(self.location)
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise LakeError(
                f"the lake's metadata file {path.name} is not at {path.parent}",
                why="Iceberg's metadata holds absolute paths: was the folder moved, or restored elsewhere?",
                hint="put it back, or make it at home where it is: shophouse lake move",
            ) from error
        return found

    @property
    def folder(self) -> Path:
        return local_path(self.metadata["location"])

    @property
    def properties(self) -> dict[str, str]:
        found: dict[str, str] = self.metadata.get("properties", {})
        return found

    @property
    def load_id(self) -> int:
        """The newest load that was committed, 0 before the first."""
        return int(self.properties.get("shophouse.load_id", "0"))

    @property
    def commit(self) -> int:
        """Grows with each commit of ours, loads or maintenance."""
        return int(self.properties.get("shophouse.commit", "0"))

    @property
    def schema(self) -> dict[str, str]:
        current = self.metadata["current-schema-id"]
        schema = next(schema for schema in self.metadata["schemas"] if schema["schema-id"] == current)
        return {column["name"]: _column_type(column["type"]) for column in schema["fields"]}


def _column_type(iceberg: Any) -> str:
    if not isinstance(iceberg, str):
        return "text"
    names = {"string": "text", "long": "bigint", "int": "integer", "float": "double"}
    return names.get(iceberg, iceberg.replace(", ", ","))


def heads(catalog: Path) -> dict[tuple[str, str], Head]:
    """Every table of the catalog, quarantines too, by (source, table)."""
    if not catalog.exists():
        return {}
    try:
        # not read-only: a writer that was killed may have left a journal that has to be rolled back first
        with closing(sqlite3.connect(catalog, timeout=30)) as db:
            rows = db.execute(
                "select table_namespace, table_name, metadata_location from iceberg_tables where catalog_name = ?",
                (CATALOG,),
            ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return {}
        raise LakeError(f"the lake's catalog {catalog} can't be read", why=str(error)) from error
    except sqlite3.DatabaseError as error:
        raise LakeError(f"the lake's catalog {catalog} can't be read", why=str(error)) from error
    return {(source, table): Head(location) for source, table, location in sorted(rows)}
