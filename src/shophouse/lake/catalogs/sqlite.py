"""The catalog in a SQLite file: for one machine. It is read without pyiceberg, whose import takes seconds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import LakeError
from shophouse.lake._lease import lease
from shophouse.lake.catalogs import CATALOG, Name

if TYPE_CHECKING:
    import pyiceberg.catalog

    from shophouse.lake._storage import Storage
    from shophouse.lake_settings import SqliteCatalog as Settings

__all__ = ["SqliteCatalog", "of"]


def of(settings: Settings, storage: Storage, folder: Path) -> SqliteCatalog:
    if settings.path is not None:
        return SqliteCatalog(folder / Path(settings.path).expanduser(), storage)
    return SqliteCatalog((folder / "lake" if storage.is_shared else Path(storage.base)) / "catalog.db", storage)


class SqliteCatalog:
    """See `shophouse.lake.catalogs.Catalog`."""

    def __init__(self, file: Path, storage: Storage, lock: Path | None = None) -> None:
        self.file = file
        self.place = str(file)
        self._storage = storage
        self._lock = lock or file.parent / "locks" / "catalog.lock"

    def heads(self) -> dict[Name, str]:
        return {(source, table): location for source, table, location in sorted(self._rows(""))}

    def head(self, name: Name) -> str | None:
        found = self._rows(" and table_namespace = ? and table_name = ?", *name)
        return found[0][2] if found else None

    def identifier(self, name: Name) -> Name:
        return name

    def _rows(self, condition: str, *parameters: str) -> list[tuple[str, str, str]]:
        if not self.file.exists():
            return []
        try:
            # not read-only: a writer that was killed may have left a journal that has to be rolled back first
            with closing(sqlite3.connect(self.file, timeout=30)) as db:
                return db.execute(
                    "select table_namespace, table_name, metadata_location from iceberg_tables"
                    f" where catalog_name = ?{condition}",
                    (CATALOG, *parameters),
                ).fetchall()
        except sqlite3.DatabaseError as error:
            if "no such table" in str(error):
                return []
            raise LakeError(f"the lake's catalog {self.file} can't be read", why=str(error)) from error

    @contextmanager
    def opened(self) -> Iterator[pyiceberg.catalog.Catalog]:
        """SQLite lets one writer in at a time: commits of several tables queue here."""
        from pyiceberg.catalog.sql import SqlCatalog

        self.file.parent.mkdir(parents=True, exist_ok=True)
        with lease(self._lock, "the lake's catalog", wait=120):
            catalog = SqlCatalog(
                CATALOG, uri=f"sqlite:///{self.file}", warehouse=self._storage.base, **self._storage.properties()
            )
            try:
                yield catalog
            finally:
                catalog.engine.dispose()

    @contextmanager
    def anew(self) -> Iterator[SqliteCatalog]:
        fresh = SqliteCatalog(self.file.with_name("moved.db"), self._storage, self._lock)
        fresh.file.unlink(missing_ok=True)
        yield fresh
        if fresh.file.exists():
            fresh.file.replace(self.file)
