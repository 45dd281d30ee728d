"""The settings under `lake:`: where every row is kept, and what names each table's newest version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shophouse.settings import Settings, StorageSettings
from shophouse.values import LakePlace, LocalFolder, Secret, Size
from shophouse.yamlfile import mistake


class CatalogSettings(Settings):
    """Base of the catalogs: what names each table's newest version."""

    kind: str


class SqliteCatalog(CatalogSettings):
    """A SQLite file: for one machine."""

    kind: Literal["sqlite"] = "sqlite"
    path: LocalFolder | None = None
    """The file; `catalog.db` in the lake's folder, or in `lake/` for a lake in a bucket, when absent."""


class PostgresCatalog(CatalogSettings):
    """A PostgreSQL database: for several machines. Needs `pip install "shophouse[postgres]"`."""

    kind: Literal["postgres"]
    dsn: Secret
    """Where it is, by reference: `env:LAKE_CATALOG`, set to `postgresql://user:password@host:5432/database`."""


class RestCatalog(CatalogSettings):
    """A server that speaks Iceberg's REST protocol."""

    kind: Literal["rest"]
    uri: Annotated[str, Field(min_length=1, pattern=r"^https?://")]
    """Where the server is."""
    warehouse: str | None = None
    """The warehouse's name, where the server has several."""
    token: Secret | None = None
    """A bearer token, by reference: `env:LAKE_TOKEN`."""
    credential: Secret | None = None
    """An OAuth client's id and secret, by reference, set to `id:secret`."""
    prefix: str = ""
    """What the name of each source's namespace begins with, where several shops share the catalog."""
    properties: Mapping[str, str] = Field(default_factory=dict)
    """Further properties, by pyiceberg's names."""


class GlueCatalog(CatalogSettings):
    """AWS Glue: a database for each source. Keys that are absent come from the environment or the machine."""

    kind: Literal["glue"]
    region: str | None = None
    """The region, as eu-central-1."""
    prefix: str = ""
    """What the name of each source's database begins with, where several shops share the catalog."""
    catalog_id: str | None = None
    """The account whose catalog it is, when it is another one's."""
    endpoint: str | None = None
    """Another address than AWS' own."""
    access_key: Secret | None = None
    """By reference: `env:NAME`."""
    secret_key: Secret | None = None
    """By reference: `env:NAME`."""
    session_token: Secret | None = None
    """By reference: `env:NAME`."""


AnyCatalog = Annotated[SqliteCatalog | PostgresCatalog | RestCatalog | GlueCatalog, Field(discriminator="kind")]


class LakeSettings(Settings):
    """Where every row that ever arrived is kept. A bucket needs `pip install "shophouse[object-storage]"`."""

    path: LakePlace = "lake"
    """A folder, relative to the shop's folder or absolute; or a place in a bucket: `s3://bucket/prefix`, `gs://…`."""
    catalog: AnyCatalog = Field(default_factory=SqliteCatalog)
    """What names each table's newest version."""
    storage: StorageSettings = Field(default_factory=StorageSettings)
    """How the bucket is reached."""
    cache: LocalFolder = ".shophouse/lake"
    """Of a bucket: the folder of this machine in which copies of its files are kept."""
    cache_size: Size = 50_000_000_000
    """Of a bucket: how much room the copies may take; the newest files of all tables must fit. 50GB when absent."""

    @model_validator(mode="before")
    @classmethod
    def _sqlite_unless_said(cls, data: object) -> object:
        catalog = data.get("catalog") if isinstance(data, dict) else None
        if isinstance(data, dict) and isinstance(catalog, dict) and "kind" not in catalog:
            return {**data, "catalog": {"kind": "sqlite", **catalog}}
        return data

    @model_validator(mode="after")
    def _bucket_for_others(self) -> Self:
        if "storage" in self.model_fields_set and not self.is_remote:
            raise mistake("has storage:", why=f"{self.path} is a folder of this machine", hint="write s3://bucket/…")
        if not self.is_remote and self.catalog != SqliteCatalog():
            raise mistake(
                "can't have another catalog",
                why="a lake in a folder has its catalog beside it, so that it can be moved and backed up as one",
                hint="leave catalog out, or write path: s3://bucket/prefix",
            )
        return self

    @property
    def is_remote(self) -> bool:
        """Whether it is in a bucket."""
        return "://" in self.path
