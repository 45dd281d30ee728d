"""What names the newest metadata file of each table, and changes that name only if nobody else did meanwhile.

Each kind is a file here with a class of the shape of `Catalog`, and a class of settings in `shophouse.settings`.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyiceberg.catalog

    from shophouse.lake._storage import Storage
    from shophouse.lake_settings import CatalogSettings

__all__ = ["CATALOG", "Catalog", "Name", "Pinned", "catalog_of"]

CATALOG = "lake"
"""What the catalog is called: other programs have to use the same name with a catalog in PostgreSQL."""

Name = tuple[str, str]
"""A source and a table of it."""


class Catalog(Protocol):
    """The tables of one lake. A table is (source, table); its quarantine is a table, too."""

    place: str
    """What a person knows it by; never a password."""

    def heads(self) -> dict[Name, str]:
        """Each table's newest metadata file, sorted. Raises LakeError or LakeUnreachable."""

    def head(self, name: Name) -> str | None:
        """The same of one table; None when there is none."""

    def identifier(self, name: Name) -> Name:
        """What pyiceberg's catalog calls this table."""

    def opened(self) -> AbstractContextManager[pyiceberg.catalog.Catalog]:
        """pyiceberg's catalog, for one short commit."""

    def anew(self) -> AbstractContextManager[Catalog]:
        """An empty catalog that takes the place of this one, all at once, if the block ends well."""


class Pinned:
    """A catalog as it was at one moment: what is committed later is not seen."""

    def __init__(self, catalog: Catalog) -> None:
        self.place = catalog.place
        self._heads = catalog.heads()
        self.identifier = catalog.identifier
        self.opened = catalog.opened
        self.anew = catalog.anew

    def heads(self) -> dict[Name, str]:
        return dict(self._heads)

    def head(self, name: Name) -> str | None:
        return self._heads.get(name)


def catalog_of(settings: CatalogSettings, storage: Storage, folder: Path) -> Catalog:
    """The catalog that the project file describes; `folder` is the shop's, for paths. Raises ConfigError."""
    module = importlib.import_module(f"{__name__}.{settings.kind}")
    made: Catalog = module.of(settings, storage, folder)
    return made
