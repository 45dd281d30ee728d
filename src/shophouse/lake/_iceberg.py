"""Commits through pyiceberg. Only what writes comes here: importing this takes two seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

from shophouse.errors import LakeError
from shophouse.lake._catalog import CATALOG
from shophouse.lake._lease import lease

if TYPE_CHECKING:
    from pyiceberg.table import Table, Transaction

__all__ = ["commit", "forget", "opened", "widened"]

_TYPES: Mapping[str, IcebergType] = {
    "text": StringType(),
    "bigint": LongType(),
    "integer": IntegerType(),
    "double": DoubleType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "timestamp": TimestampType(),
}

_PROPERTIES = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


def _type(name: str) -> IcebergType:
    decimal = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", name)
    return DecimalType(int(decimal[1]), int(decimal[2])) if decimal else _TYPES[name]


def widened(name: str, stored: str, arriving: str) -> str:
    """The type of a stored column once values of type `arriving` are added. Raises LakeError when there is none."""
    if stored == arriving or (stored, arriving) == ("bigint", "integer"):
        return stored
    if (stored, arriving) == ("integer", "bigint"):
        return arriving
    old, new = (re.fullmatch(r"decimal\((\d+), ?(\d+)\)", kind) for kind in (stored, arriving))
    if old and new and old[2] == new[2]:
        return stored if int(old[1]) >= int(new[1]) else arriving
    raise LakeError(
        f"column {name} is {stored} in the lake and {arriving} in this load",
        why="Iceberg widens integers and decimals of one scale, and changes no other type",
        hint=f"declare it as {stored}, or drop the table and load it anew: shophouse lake drop",
    )


@contextmanager
def opened(root: Path, file: Path | None = None) -> Iterator[SqlCatalog]:
    """The catalog, for one short commit. SQLite lets one writer in at a time: commits of several tables queue here."""
    root.mkdir(parents=True, exist_ok=True)
    with lease(root / "locks" / "catalog.lock", "the lake's catalog", wait=120):
        catalog = SqlCatalog(CATALOG, uri=f"sqlite:///{file or root / 'catalog.db'}", warehouse=str(root))
        try:
            yield catalog
        finally:
            catalog.engine.dispose()


def commit(
    root: Path,
    source: str,
    table: str,
    folder: Path,
    columns: Mapping[str, str],
    properties: Mapping[str, str],
    *,
    add: Sequence[Path] = (),
    remove: Iterable[str] = (),
    expire: Sequence[int] = (),
    catalog: Path | None = None,
) -> str:
    """One Iceberg commit of new columns, files and properties; makes the table when there is none.

    `remove` are paths of data files that `add` replaces, inside `folder`. `catalog` is a file to use instead of the
    lake's own. Returns the new metadata file's location. Nothing of it is visible when this raises.
    """
    removed = {str(folder / path) for path in remove}
    with opened(root, catalog) as tables:
        if tables.table_exists((source, table)):
            found = tables.load_table((source, table))
            with found.transaction() as transaction:
                _add_columns(transaction, found, columns)
                _change(transaction, properties, add, removed, found, expire)
            return found.metadata_location
        with suppress(NamespaceAlreadyExistsError):
            tables.create_namespace((source,))
        fields = [
            NestedField(number, name, _type(kind), required=False)
            for number, (name, kind) in enumerate(columns.items(), 1)
        ]
        creation = tables.create_table_transaction(
            (source, table),
            Schema(*fields),
            location=str(folder),
            properties=_PROPERTIES,
        )
        if add:
            creation.add_files([str(path) for path in add], check_duplicate_files=False)
        creation.set_properties(dict(properties))
        return creation.commit_transaction().metadata_location


def forget(root: Path, source: str, table: str) -> None:
    """Take a table out of the catalog, if it is there; its files stay."""
    with opened(root) as catalog:
        if catalog.table_exists((source, table)):
            catalog.drop_table((source, table))


def _add_columns(transaction: Transaction, table: Table, columns: Mapping[str, str]) -> None:
    stored = {field.name: field for field in table.schema().fields}
    with transaction.update_schema() as update:
        for name, kind in columns.items():
            if name not in stored:
                update.add_column((name,), _type(kind))
            elif stored[name].field_type != _type(kind):
                update.update_column((name,), _type(kind))


def _change(
    transaction: Transaction,
    properties: Mapping[str, str],
    add: Sequence[Path],
    removed: set[str],
    table: Table,
    expire: Sequence[int],
) -> None:
    paths = [str(path) for path in add]
    if removed:
        from pyiceberg.io.pyarrow import parquet_files_to_data_files

        old = [task.file for task in table.scan().plan_files() if task.file.file_path in removed]
        with transaction.update_snapshot().overwrite() as snapshot:
            for file in old:
                snapshot.delete_data_file(file)
            for file in parquet_files_to_data_files(table.io, transaction.table_metadata, iter(paths)):
                snapshot.append_data_file(file)
    elif paths:
        transaction.add_files(paths, check_duplicate_files=False)
    if properties:
        transaction.set_properties(dict(properties))
    if expire:
        from pyiceberg.table.update.snapshot import ExpireSnapshots

        ExpireSnapshots(transaction).by_ids(list(expire)).commit()
