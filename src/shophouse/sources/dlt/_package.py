"""What one extraction of a resource brought, on disk until all of its tables are in the lake."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shophouse.sources import Delivery, Position

__all__ = ["DELIVERIES", "Package", "digest_of"]

DELIVERIES: Final[Mapping[str, Delivery]] = {"append": "append", "merge": "upsert", "replace": "snapshot"}
"""What dlt's write dispositions mean to the lake."""

_MANIFEST = "package.json"


@dataclass(frozen=True)
class Package:
    """Parquet files by table, and how dlt goes on.

    `generation` numbers the extractions of the resource; `base` is a digest of the position that it went on from.
    `tables` has for each table its files, disposition, root table, primary key of the root, and what dlt's columns
    mean.
    """

    folder: Path
    id: str
    resource: str
    anchor: str
    generation: int
    base: str
    state: dict[str, Any]
    schema: dict[str, Any]
    content: str
    tables: dict[str, dict[str, Any]]

    @classmethod
    def kept(cls, folder: Path, since: Position | None) -> Package | None:
        """The package of an extraction from this position that was not loaded whole."""
        try:
            found = json.loads((folder / _MANIFEST).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        package = cls(folder=folder, **found)
        return package if package.base == digest_of(since) else None

    def keep(self) -> None:
        """Say that it is whole, so that a later run may go on with it."""
        content = {name: value for name, value in vars(self).items() if name != "folder"}
        incoming = self.folder / f".{_MANIFEST}"
        with incoming.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(self.folder / _MANIFEST)

    def delete(self) -> None:
        (self.folder / _MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def unread(self, positions: Mapping[str, Position]) -> list[str]:
        """The tables that this package has still to be loaded to, the anchor last; `positions` are theirs."""
        before = positions.get(self.anchor) or {}
        is_same = self.content and self.content == before.get("content")
        has_rows = any(table["files"] for table in self.tables.values())
        is_empty = not has_rows and not any(table["disposition"] == "replace" for table in self.tables.values())
        begun = any(at.get("generation") == self.generation for at in positions.values())
        if (is_same or is_empty) and not begun:
            # nothing came, but dlt may have gone on
            return [self.anchor] if before and before.get("state") != self.state else []
        names = sorted({*self.tables, *(name for name in positions if name in self.tables)} - {self.anchor})
        return [name for name in names if (positions.get(name) or {}).get("package") != self.id] + [self.anchor]

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for name in self.tables for path in self.files(name))

    def files(self, table: str) -> list[Path]:
        return [self.folder / file for file in self.tables[table]["files"]]

    def disposition(self, table: str) -> str:
        return str(self.tables[table]["disposition"])

    def root(self, table: str) -> str:
        return str(self.tables[table]["root"])

    def key(self, table: str) -> tuple[str, ...]:
        """What identifies a row, as far as it matters: nothing but a merge has versions."""
        if self.disposition(table) != "merge":
            return ()
        return tuple(self.tables[table]["primary_key"]) if self.root(table) == table else ("_dlt_id",)

    def parent(self, table: str) -> tuple[str, ...]:
        """The columns of a nested table that say in which row of the resource it was nested."""
        if self.disposition(table) != "merge" or self.root(table) == table:
            return ()
        return tuple(f"_root_{column}" for column in self.tables[self.root(table)]["primary_key"])

    def position(self, table: str, types: Mapping[str, str]) -> Position:
        """How far the table is read once its rows of this package are in the lake."""
        said: Position = {
            "resource": self.resource,
            "generation": self.generation,
            "package": self.id,
            "types": dict(types),
        }
        if table == self.anchor:
            said |= {"state": self.state, "schema": self.schema, "content": self.content}
        return said


def digest_of(position: Position | None) -> str:
    """What a position is told by."""
    return hashlib.sha256(json.dumps(position, sort_keys=True).encode()).hexdigest()
