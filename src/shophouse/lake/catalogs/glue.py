"""AWS Glue as the catalog: a database for each source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError
from shophouse.lake.catalogs import CATALOG, Name
from shophouse.lake.catalogs._remote import RemoteCatalog

if TYPE_CHECKING:
    import pyiceberg.catalog

    from shophouse.lake._storage import Storage
    from shophouse.lake_settings import GlueCatalog as Settings

__all__ = ["GlueCatalog", "of"]


def of(settings: Settings, storage: Storage, folder: Path) -> GlueCatalog:
    return GlueCatalog(settings, storage)


class GlueCatalog(RemoteCatalog):
    def __init__(self, settings: Settings, storage: Storage) -> None:
        region = settings.region or "the region of the environment"
        super().__init__(f"AWS Glue in {region}", storage, settings.prefix)
        self._settings = settings

    def _make(self) -> pyiceberg.catalog.Catalog:
        try:
            from pyiceberg.catalog.glue import GlueCatalog as Glue
        except ImportError as error:
            raise ConfigError(
                "a catalog in AWS Glue needs a library that is not installed",
                why=str(error),
                hint='pip install "shophouse[object-storage]"',
            ) from None
        said = self._settings
        written = {"glue.region": said.region, "glue.endpoint": said.endpoint, "glue.id": said.catalog_id}
        properties = {name: value for name, value in written.items() if value}
        for name, secret in (
            ("glue.access-key-id", said.access_key),
            ("glue.secret-access-key", said.secret_key),
            ("glue.session-token", said.session_token),
        ):
            if secret is not None:
                properties[name] = secret.resolve().get_secret_value()
        return Glue(CATALOG, **properties, **self._storage.properties())

    def heads(self) -> dict[Name, str]:
        """A request for each database, not for each table."""
        found: dict[Name, str] = {}
        with self._told(), self.opened() as catalog:
            client = catalog.glue  # type: ignore[attr-defined]
            arguments = {"CatalogId": self._settings.catalog_id} if self._settings.catalog_id else {}
            for source, namespace in self._sources(catalog):
                for page in client.get_paginator("get_tables").paginate(DatabaseName=namespace, **arguments):
                    for table in page["TableList"]:
                        found[source, table["Name"]] = table.get("Parameters", {}).get("metadata_location", "")
        return self._ours(found)
