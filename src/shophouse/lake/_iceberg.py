"""Commits through pyiceberg. Only what writes comes here: importing this takes two seconds."""

from __future__ import annotations

import re
import secrets
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    ValidationException,
)
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

from shophouse.errors import LakeError, ShophouseError
from shophouse.lake._catalog import Head
from shophouse.lake._storage import Storage, TakenOver
from shophouse.lake.catalogs import Catalog, Name
from shophouse.sources._retries import Retries

if TYPE_CHECKING:
    from pyiceberg.table import Table, Transaction

__all__ = ["commit", "forget", "widened"]

# the file is of no use and expire deletes it; the commit has gone through
warnings.filterwarnings("ignore", message="Failed to delete old metadata")

_MARK = "shophouse.mark"
_REFUSED = (CommitFailedException, TableAlreadyExistsError)
_LASTING = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, ValidationException)
_TRIES = Retries(times=6, first_pause=0.5, growth=2)

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
    # a retry would put this commit on top of another one, which is what must not happen
    "commit.retry.num-retries": "0",
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


def commit(
    catalog: Catalog,
    storage: Storage,
    name: Name,
    folder: str,
    columns: Mapping[str, str],
    properties: Mapping[str, str],
    *,
    expected: str | None,
    add: Sequence[str] = (),
    remove: Iterable[str] = (),
    expire: Sequence[int] = (),
) -> str:
    """One Iceberg commit of new columns, files and properties; makes the table when there is none.

    `expected` is the metadata file that the table has to have, None when it has to be absent. `add` and `remove` are
    locations of data files. Returns the new metadata file's location. Raises TakenOver when the table is another one:
    nothing of the commit is there then, nor will be. After another error nobody can say whether it will.
    """
    mark = secrets.token_hex(8)
    failures = 0
    while True:
        try:
            marked = {**properties, _MARK: mark}
            return _commit(catalog, storage, name, folder, columns, marked, expected, add, set(remove), expire)
        except _REFUSED as error:
            # an attempt whose answer was lost, and that went through, is what refuses the next one
            found = _found(catalog, storage, name, mark)
            if found is None:
                raise TakenOver(f"table {'.'.join(name)}", why=_line(error)) from error
            return found
        except ShophouseError as error:
            if not error.retryable or failures >= _TRIES.times:
                raise
        except Exception as error:
            found = _found(catalog, storage, name, mark)
            if found is not None:
                return found
            if not storage.is_shared or isinstance(error, _LASTING) or failures >= _TRIES.times:
                raise LakeError(
                    f"table {'.'.join(name)} could not be committed", where=catalog.place, why=_line(error)
                ) from error
        failures += 1
        time.sleep(_TRIES.pause(failures))


def _found(catalog: Catalog, storage: Storage, name: Name, mark: str) -> str | None:
    """The table's metadata file, if the commit with this mark is part of it: asked until there is an answer."""
    failures = 0
    while True:
        try:
            location = catalog.head(name)
            if location is None:
                return None
            return location if mark in _marks(Head(location, storage)) else None
        except ShophouseError as error:
            failures += 1
            if not error.retryable or failures > _TRIES.times:
                raise
            time.sleep(_TRIES.pause(failures))


def _marks(head: Head) -> set[str | None]:
    """Of the newest commit, and of those before it that made a snapshot: another writer may have come since."""
    snapshots = head.metadata.get("snapshots", [])
    return {head.properties.get(_MARK), *(snapshot.get("summary", {}).get(_MARK) for snapshot in snapshots)}


def _commit(
    catalog: Catalog,
    storage: Storage,
    name: Name,
    folder: str,
    columns: Mapping[str, str],
    properties: Mapping[str, str],
    expected: str | None,
    add: Sequence[str],
    removed: set[str],
    expire: Sequence[int],
) -> str:
    told = {_MARK: properties[_MARK]}
    with catalog.opened() as tables:
        if expected is not None:
            found = tables.load_table(catalog.identifier(name))
            if found.metadata_location != expected:
                raise CommitFailedException("its newest version is another one than the load began with")
            with found.transaction() as transaction:
                _add_columns(transaction, found, columns)
                _change(transaction, properties, add, removed, found, expire, told)
                if storage.is_shared and not (add or removed or expire):
                    # only a snapshot makes the catalog compare: a commit of properties would pass over any other
                    transaction.update_snapshot(snapshot_properties=told).fast_append().commit()
            return found.metadata_location
        with suppress(NamespaceAlreadyExistsError):
            tables.create_namespace(catalog.identifier(name)[:1])
        fields = [
            NestedField(number, column, _type(kind), required=False)
            for number, (column, kind) in enumerate(columns.items(), 1)
        ]
        creation = tables.create_table_transaction(
            catalog.identifier(name), Schema(*fields), location=folder, properties=_PROPERTIES
        )
        if add:
            creation.add_files(list(add), snapshot_properties=told, check_duplicate_files=False)
        elif storage.is_shared:
            creation.update_snapshot(snapshot_properties=told).fast_append().commit()
        creation.set_properties(dict(properties))
        return creation.commit_transaction().metadata_location


def forget(catalog: Catalog, name: Name) -> None:
    """Take a table out of the catalog, if it is there; its files stay."""
    with catalog.opened() as tables:
        if tables.table_exists(catalog.identifier(name)):
            tables.drop_table(catalog.identifier(name))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _add_columns(transaction: Transaction, table: Table, columns: Mapping[str, str]) -> None:
    stored = {field.name: field for field in table.schema().fields}
    # an update that changes nothing takes a fifth of the commit of a small load
    if all(name in stored and stored[name].field_type == _type(kind) for name, kind in columns.items()):
        return
    with transaction.update_schema() as update:
        for name, kind in columns.items():
            if name not in stored:
                update.add_column((name,), _type(kind))
            elif stored[name].field_type != _type(kind):
                update.update_column((name,), _type(kind))


def _change(
    transaction: Transaction,
    properties: Mapping[str, str],
    add: Sequence[str],
    removed: set[str],
    table: Table,
    expire: Sequence[int],
    told: dict[str, str],
) -> None:
    paths = list(add)
    if removed:
        from pyiceberg.io.pyarrow import parquet_files_to_data_files

        old = [task.file for task in table.scan().plan_files() if task.file.file_path in removed]
        with transaction.update_snapshot(snapshot_properties=told).overwrite() as snapshot:
            for file in old:
                snapshot.delete_data_file(file)
            for file in parquet_files_to_data_files(table.io, transaction.table_metadata, iter(paths)):
                snapshot.append_data_file(file)
    elif paths:
        transaction.add_files(paths, snapshot_properties=told, check_duplicate_files=False)
    if properties:
        transaction.set_properties(dict(properties))
    if expire:
        from pyiceberg.table.update.snapshot import ExpireSnapshots

        ExpireSnapshots(transaction).by_ids(list(expire)).commit()
