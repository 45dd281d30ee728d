"""The catalog in PostgreSQL: for several machines. Trino and Spark read the same tables as Iceberg's JDBC catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, LakeError, LakeUnreachable
from shophouse.lake.catalogs import CATALOG, Name

if TYPE_CHECKING:
    import psycopg
    import pyiceberg.catalog

    from shophouse.lake._storage import Storage
    from shophouse.lake_settings import PostgresCatalog as Settings

__all__ = ["PostgresCatalog", "of"]

_LOCK = 7421130581
"""Of those who would make the catalog's tables."""


def of(settings: Settings, storage: Storage, folder: Path) -> PostgresCatalog:
    return PostgresCatalog(settings.dsn.resolve().get_secret_value(), storage)


class PostgresCatalog:
    """See `shophouse.lake.catalogs.Catalog`."""

    def __init__(self, dsn: str, storage: Storage, name: str = CATALOG) -> None:
        try:
            from psycopg.conninfo import conninfo_to_dict
        except ImportError as error:
            raise ConfigError(
                "a catalog in PostgreSQL needs a library that is not installed",
                why=str(error),
                hint='pip install "shophouse[postgres]"',
            ) from None
        self._dsn = {key: value for key, value in conninfo_to_dict(dsn).items() if value is not None}
        self._storage = storage
        self._name = name
        self._kept: psycopg.Connection[Any] | None = None
        host, database = (self._dsn.get(key, "") for key in ("host", "dbname"))
        self.place = f"PostgreSQL, database {database} on {host}"

    def heads(self) -> dict[Name, str]:
        return {(source, table): location for source, table, location in sorted(self._rows(""))}

    def head(self, name: Name) -> str | None:
        found = self._rows(" and table_namespace = %s and table_name = %s", *name)
        return found[0][2] if found else None

    def identifier(self, name: Name) -> Name:
        return name

    def _rows(self, condition: str, *parameters: str) -> list[tuple[str, str, str]]:
        import psycopg

        columns = "table_namespace, table_name, metadata_location"
        query = f"select {columns} from iceberg_tables where catalog_name = %s{condition}"
        for is_last in (False, True):
            try:
                return self._connection().execute(query, [self._name, *parameters]).fetchall()
            except psycopg.errors.UndefinedTable:
                return []
            except psycopg.OperationalError as error:
                # a connection that was kept may have died meanwhile: one more try with a new one
                self._kept = None
                if is_last:
                    raise self._away(error) from error
            except psycopg.Error as error:
                raise LakeError("the lake's catalog can't be read", where=self.place, why=str(error).strip()) from error
        raise AssertionError

    def _connection(self) -> psycopg.Connection[Any]:
        import psycopg

        if self._kept is None or self._kept.closed:
            words: dict[str, Any] = {"connect_timeout": 10, **self._dsn, "application_name": "shophouse"}
            self._kept = psycopg.connect(**words, autocommit=True)
        return self._kept

    def _away(self, error: Exception) -> LakeError:
        said = str(error).strip()
        if "authentication failed" in said or "does not exist" in said:
            return LakeError("the lake's catalog refuses", where=self.place, why=said, hint="look at lake.catalog.dsn")
        return LakeUnreachable(
            "the lake's catalog can't be reached",
            where=self.place,
            why=said,
            hint="nothing is lost: try again when it answers",
        )

    @contextmanager
    def opened(self) -> Iterator[pyiceberg.catalog.Catalog]:
        import psycopg
        import sqlalchemy
        from pyiceberg.catalog.sql import SqlCatalog

        # the password goes by libpq's own words, not through a URL that an error might show
        url = sqlalchemy.URL.create("postgresql+psycopg", query={k: str(v) for k, v in self._dsn.items()})
        try:
            connection = self._connection()
            connection.execute("select pg_advisory_lock(%s)", [_LOCK])
            try:
                catalog = SqlCatalog(
                    self._name,
                    uri=url.render_as_string(hide_password=False),
                    warehouse=self._storage.base,
                    **self._storage.properties(),
                )
            finally:
                connection.execute("select pg_advisory_unlock(%s)", [_LOCK])
        except psycopg.OperationalError as error:
            self._kept = None
            raise self._away(error) from error
        except sqlalchemy.exc.OperationalError as error:
            raise self._away(error) from error
        try:
            yield catalog
        finally:
            catalog.engine.dispose()

    @contextmanager
    def anew(self) -> Iterator[PostgresCatalog]:
        fresh = PostgresCatalog("", self._storage, f"{self._name} moved")
        fresh._dsn = self._dsn
        with fresh.opened():
            pass
        with self._connection().transaction():
            for table in ("iceberg_tables", "iceberg_namespace_properties"):
                self._connection().execute(f"delete from {table} where catalog_name = %s", [fresh._name])
        yield fresh
        with self._connection().transaction():
            for table in ("iceberg_tables", "iceberg_namespace_properties"):
                self._connection().execute(f"delete from {table} where catalog_name = %s", [self._name])
                self._connection().execute(
                    f"update {table} set catalog_name = %s where catalog_name = %s", [self._name, fresh._name]
                )
