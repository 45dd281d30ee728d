"""A catalog that speaks Iceberg's REST protocol: Polaris, Lakekeeper, Nessie, Unity and others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.lake.catalogs import CATALOG
from shophouse.lake.catalogs._remote import RemoteCatalog

if TYPE_CHECKING:
    import pyiceberg.catalog

    from shophouse.lake._storage import Storage
    from shophouse.lake_settings import RestCatalog as Settings

__all__ = ["RestCatalog", "of"]


def of(settings: Settings, storage: Storage, folder: Path) -> RestCatalog:
    return RestCatalog(settings, storage)


class RestCatalog(RemoteCatalog):
    def __init__(self, settings: Settings, storage: Storage) -> None:
        super().__init__(settings.uri, storage, settings.prefix)
        self._settings = settings

    def _make(self) -> pyiceberg.catalog.Catalog:
        from pyiceberg.catalog.rest import RestCatalog as Rest

        said = self._settings
        properties = {"uri": said.uri, **self._storage.properties(), **said.properties}
        if said.warehouse:
            properties["warehouse"] = said.warehouse
        for name in ("token", "credential"):
            if secret := getattr(said, name):
                properties[name] = secret.resolve().get_secret_value()
        return Rest(CATALOG, **properties)
