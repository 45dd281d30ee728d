"""Published versions: `shop-<n>.duckdb`, of which three are kept, and `shop.duckdb`, which always names the newest.

A version is a copy of the database file that was built, without what is nobody's business (the lake, staging, the run's
changes), put in place by a rename. Copying the file takes a hundredth of the time of copying its tables by SQL. Only
the marts by day are written anew, in the order of their days: who asks for a month then reads a month.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.engines.duckdb.copying import copy_file
from shophouse.errors import BuildError
from shophouse.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

__all__ = ["KEPT_VERSIONS", "connect", "copy", "forget", "publish", "put_in_place", "trim", "versions"]

KEPT_VERSIONS = 3
_INTERNAL = ("raw", "staging", "input", "changes")
# how far builds have come, which is noted after the tests of the last
_NOTED_LATER = "ops.model_watermarks"
# as what a copy is attached beside the database that it is of
_COPY = "shophouse_incoming"
_DAY = "date_day"
# rows; fewer are read in no time as they are, more would keep a publish waiting
_SORTED = (50_000, 1_000_000)
# the catalog before a schema and a table
_CATALOG = re.compile(r'(?<![\w".])(?:shop|"shop")\.(?=[\w"]+\.[\w"])')
# for a checkpoint: half a minute, which no test takes
_TRIES = 600
_PAUSE = 0.05
_VERSION = re.compile(r"shop-(\d+)\.duckdb")


def versions(folder: Path) -> list[int]:
    """Numbers of the published versions, oldest first."""
    found = (_VERSION.fullmatch(path.name) for path in folder.glob("shop-*.duckdb"))
    return sorted(int(match[1]) for match in found if match)


def version_file(folder: Path, number: int) -> Path:
    return folder / f"shop-{number}.duckdb"


def publish(built: Path, folder: Path, config: Mapping[str, Any]) -> int:
    """Publish a copy of the database `built` and return its number.

    `config` is what its other connections in this process have. Nothing may be writing to it.
    """
    import duckdb

    with duckdb.connect(str(built), config=dict(config)) as connection:
        copy(connection, built, folder)
        trim(connection, folder)
        return put_in_place(connection, folder)


def copy(connection: duckdb.DuckDBPyConnection, built: Path, folder: Path) -> None:
    """Make the copy that `trim` and `put_in_place` publish, or `forget` deletes. `built` may be read meanwhile.

    `connection` is one to `built`, here and in these.
    """
    _checkpoint(connection)
    incoming = _incoming(folder)
    forget(folder)
    incoming.parent.mkdir(parents=True)
    copy_file(built, incoming)


def _checkpoint(connection: duckdb.DuckDBPyConnection) -> None:
    """Have everything in the file, once the queries have ended that began before the last change was committed."""
    import duckdb

    for left in reversed(range(_TRIES)):
        try:
            connection.execute("checkpoint")
            return
        except duckdb.TransactionException:
            if not left:
                raise
            time.sleep(_PAUSE)


def trim(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Leave in the copy what is published, as it is read best, and have it on the disk. `built` may be written to."""
    with _changing(connection, folder) as cursor:
        cursor.begin()
        for schema in _INTERNAL:
            cursor.execute(f"drop schema if exists {schema} cascade")
        cursor.execute(f"drop table if exists {_NOTED_LATER}")
        _free_views(cursor)
        cursor.commit()
        by_day = _marts_by_day(cursor)
    if by_day:
        _sort_by_day(_incoming(folder), by_day)
    _keep(_incoming(folder))


def put_in_place(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    changes: Sequence[Callable[[duckdb.DuckDBPyConnection], None]] = (),
) -> int:
    """Publish what was copied last, after these changes to it, and return its number."""
    incoming = _incoming(folder)
    if changes:
        with _changing(connection, folder) as cursor:
            for change in changes:
                change(cursor)
        _keep(incoming)
    numbers = versions(folder)
    number = numbers[-1] + 1 if numbers else 1
    target = version_file(folder, number)
    os.replace(incoming, target)
    newest = incoming.with_name("newest")
    try:
        os.link(target, newest)
    except OSError:
        shutil.copyfile(target, newest)
    os.replace(newest, folder / "shop.duckdb")
    forget(folder)
    for old in numbers[: -(KEPT_VERSIONS - 1)]:
        version_file(folder, old).unlink(missing_ok=True)
    return number


@contextmanager
def _changing(connection: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor for which the copy is the database; what it changed is in the file at the end of the block.

    The copy is attached, not opened by itself: a database that is closed gives back all free memory of the process,
    which what is built meanwhile then has to ask for again.
    """
    import duckdb

    cursor = connection.cursor()
    ((built,),) = cursor.execute("select current_database()").fetchall()
    cursor.execute(f"attach {literal(str(_incoming(folder)))} as {_COPY}")
    try:
        cursor.execute(f"use {_COPY}")
        yield cursor
        cursor.execute(f"checkpoint {_COPY}")
    finally:
        with suppress(duckdb.TransactionException):
            cursor.rollback()
        cursor.execute(f"use {identifier(built)}")
        cursor.execute(f"detach {_COPY}")
        cursor.close()


def _keep(file: Path) -> None:
    """Wait until a file is on the disk."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def forget(folder: Path) -> None:
    """Delete a copy that was not put in place."""
    shutil.rmtree(_incoming(folder).parent, ignore_errors=True)


def _incoming(folder: Path) -> Path:
    return folder / "incoming" / "shop.duckdb"


def _free_views(cursor: duckdb.DuckDBPyConnection) -> None:
    """Views name their tables without the catalog, so that tools can open the file by its own name, as shop-3."""
    views = cursor.execute("select sql from duckdb_views() where database_name = ? and not internal", [_COPY])
    for (sql,) in views.fetchall():
        cursor.execute(_CATALOG.sub("", sql).replace("CREATE VIEW", "create or replace view", 1))


def _marts_by_day(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    found = cursor.execute(
        "select tables.table_name from duckdb_tables() as tables join duckdb_columns() as columns "
        "using (database_oid, table_oid) where tables.database_name = ? and tables.schema_name = 'marts' "
        "and suffix(tables.table_name, '_daily') and columns.column_name = ? and tables.estimated_size between ? and ?",
        [_COPY, _DAY, *_SORTED],
    )
    return [table for (table,) in found.fetchall()]


def _sort_by_day(file: Path, tables: Sequence[str]) -> None:
    """Marts by day in the order of their days, and uncompressed: sums of wide decimals are ten times as fast so."""
    import duckdb

    # by itself, for how rows are packed is a setting of all databases that are attached
    with duckdb.connect(str(file)) as connection:
        connection.execute("set force_compression = 'uncompressed'")
        for table in tables:
            name = identifier("marts", table)
            connection.execute("begin")
            connection.execute(f"create temp table sorted as from {name} order by {_DAY}")
            connection.execute(f"truncate {name}")
            connection.execute(f"insert into {name} from sorted")
            connection.execute("drop table sorted")
            connection.execute("commit")
        connection.execute("checkpoint")


def connect(folder: Path, version: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection that reads a published version (the newest by default) and can change nothing.

    Raises BuildError when nothing was published yet, or the version is gone.
    """
    import duckdb

    numbers = versions(folder)
    if not numbers:
        raise BuildError("nothing is published yet", where=str(folder), hint="shophouse run")
    number = numbers[-1] if version is None else version
    if number not in numbers:
        raise BuildError(
            f"version {number} is gone",
            where=str(folder),
            why=f"kept: {', '.join(map(str, numbers))}",
            hint="shophouse status",
        )
    connection = duckdb.connect(":memory:")
    connection.execute(
        f"attach '{str(version_file(folder, number)).replace(chr(39), chr(39) * 2)}' as shop (read_only)"
    )
    connection.execute("use shop.marts")
    return connection
