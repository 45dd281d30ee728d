"""Where the lakes of the tests are: what a process needs to open one, as text."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from shophouse.lake import Lake
from shophouse.lake._objects import ObjectStorage
from shophouse.lake._storage import LocalStorage, Storage
from shophouse.lake.catalogs import catalog_of
from shophouse.lake_settings import AnyCatalog, LakeSettings
from shophouse.settings import StorageSettings


@dataclass(frozen=True)
class Place:
    """`url` is empty for a folder of this machine. A lake is opened by each process for itself."""

    name: str = "local"
    url: str = ""
    endpoint: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    """What the settings refer to; each process sets it for itself."""
    catalog: dict[str, str] = field(default_factory=dict)
    retries: int = 8

    @property
    def is_shared(self) -> bool:
        return bool(self.url)

    def lake(self, folder: Path, cache: str = "cache") -> Lake:
        """The lake of the shop in `folder`; another `cache` makes it one on another machine."""
        os.environ.update(self.variables)
        storage: Storage = LocalStorage(folder / "lake")
        if self.url:
            storage = ObjectStorage(self.url, folder / cache, self.settings, retries=self.retries)
        return Lake(storage=storage, catalog=catalog_of(self._settings(), storage, folder))

    @property
    def settings(self) -> StorageSettings:
        said = {"access_key": "env:LAKE_KEY", "secret_key": "env:LAKE_SECRET", "region": "us-east-1"}
        if self.url.startswith("az://"):
            said = {"account": self.variables["LAKE_ACCOUNT"], "account_key": "env:LAKE_ACCOUNT_KEY"}
        return StorageSettings.model_validate({"endpoint": self.endpoint, **said})

    def _settings(self) -> AnyCatalog:
        said = {"kind": "sqlite", **self.catalog}
        if "dsn" in said:
            # read at once, and another one for the next place
            os.environ["LAKE_OF_A_TEST"] = said["dsn"]
            said["dsn"] = "env:LAKE_OF_A_TEST"
        return LakeSettings.model_validate({"path": "s3://of/a-test", "catalog": said}).catalog


LOCAL = Place()
