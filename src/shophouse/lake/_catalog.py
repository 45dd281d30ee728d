"""A table as its newest metadata file has it, read with the standard library alone.

Importing pyiceberg takes two seconds, more than a run that finds nothing new may take. A catalog names each table's
metadata file, and that file is JSON: nothing else is needed to know what a table holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from shophouse.errors import LakeError
from shophouse.lake._storage import Storage

__all__ = ["QUARANTINE", "Head"]

QUARANTINE = "__quarantine"


@dataclass(frozen=True)
class Head:
    """A table as of its newest commit: `location` names the metadata file, which no commit changes."""

    location: str
    storage: Storage

    @cached_property
    def metadata(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.storage.fetch([self.location])[0].read_bytes())
        except FileNotFoundError as error:
            path = PurePath(self.location)
            raise LakeError(
                f"the lake's metadata file {path.name} is not at {path.parent}",
                why="Iceberg's metadata holds absolute paths: was the folder moved, or restored elsewhere?",
                hint="put it back, or make it at home where it is: shophouse lake move",
            ) from error
        return found

    @property
    def folder(self) -> str:
        """The location of the table."""
        found: str = self.metadata["location"]
        return found.removeprefix("file://").rstrip("/")

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
