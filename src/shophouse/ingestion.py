"""From sources into the lake: each table's load in one commit, with its position."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from shophouse.declarations import source_declaration
from shophouse.errors import ConfigError
from shophouse.lake import Lake, LoadRecord
from shophouse.project import FilesSource as FilesSettings
from shophouse.project import Project
from shophouse.sources import (
    Arriving,
    Column,
    Follower,
    Listening,
    Progress,
    Rejected,
    Replaying,
    Source,
    Table,
    kind_of,
    kinds,
)
from shophouse.sources._retries import Retries, retried

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Ingested",
    "Readers",
    "Replayed",
    "close",
    "ingest",
    "load_table",
    "readers",
    "replay",
    "replayed_until",
    "waiting",
]

Readers: TypeAlias = Callable[[str], list[tuple[Source, Table]]]
"""Gives the tables of a source by its name, each with what reads it."""


@dataclass
class Ingested:
    """What one ingest brought: the loads that were committed, and what a person should see."""

    loads: list[LoadRecord] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """Files of a source's globs that belong to no table of it."""

    @property
    def rows(self) -> int:
        return sum(load.rows for load in self.loads)

    @property
    def rejected_rows(self) -> int:
        return sum(load.rejected_rows for load in self.loads)


def ingest(
    project: Project,
    lake: Lake,
    *,
    run_id: str,
    sources: Iterable[str] = (),
    readers_of: Readers | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> Ingested:
    """Load what arrived in these sources, or in all of them; `readers_of` gives what reads them, if not made anew.

    A table's load is committed whole or not at all; tables that were committed stay when a later one fails. What does
    not answer is tried again as its settings say. Raises SourceError, LakeError or LockedError.
    """
    result = Ingested()

    def tell(line: str) -> None:
        result.notices.append(line)
        if notice is not None:
            notice(line)

    for name in sources or project.sources:
        # whoever keeps the readers tries again when it likes
        retries = Retries(0) if readers_of else Retries(project.source(name).retries)
        open_readers = readers_of or partial(readers, project, progress=progress, notice=tell)
        tables = retried(partial(open_readers, name), retries, about=name, notice=tell)
        try:
            for source, table in _arriving(lake, name, tables):
                about = f"{name}.{table.name}"
                record = retried(partial(load_table, lake, source, table, run_id), retries, about=about, notice=tell)
                if record is not None:
                    result.loads.append(record)
        finally:
            # whoever gave the readers keeps them
            if readers_of is None:
                close(tables)
        if tables:
            result.ignored += getattr(tables[0][0], "ignored", list)()
    return result


def close(tables: Iterable[tuple[Source, Table]]) -> None:
    """Let the readers of a source go of what they hold."""
    for source in {id(source): source for source, _ in tables}.values():
        if isinstance(source, Listening):
            source.close()


def load_table(lake: Lake, source: Source, table: Table, run_id: str | None) -> LoadRecord | None:
    """Load what arrived in one table, in one commit, and return its record; None when nothing did."""
    with lake.load(table.source, table.name, run_id=run_id) as load:
        if isinstance(source, Follower):
            source.recall(table, load.newest)
        record = load.commit(source.read(table, load.position, load.folder, load.load_id, load.loaded_at))
    if isinstance(source, Listening):
        source.committed(table, lake.position(table.source, table.name))
    return record


@dataclass(frozen=True)
class Replayed:
    """What became of a table's quarantine: rows that are in the lake now, and those that still can't be read.

    Both are None where the kind of source reads nothing again.
    """

    source: str
    table: str
    rows: int | None
    rejected_rows: int | None


def replay(project: Project, lake: Lake, named: Iterable[tuple[str, str]], *, run_id: str | None) -> list[Replayed]:
    """Read again what is in the quarantine of these tables, one commit for each; what is read is not read once more.

    Raises what `ingest` raises.
    """
    found: list[Replayed] = []
    for name, table_name in named:
        if not waiting(lake, name, table_name).num_rows or name not in project.sources:
            continue
        tables = readers(project, name)
        try:
            for source, table in tables:
                if table.name == table_name:
                    found.append(_replayed(lake, source, table, run_id))
        finally:
            close(tables)
    return found


def waiting(lake: Lake, source: str, table: str) -> pa.Table:
    """The rows of a table's quarantine that were not read again."""
    import pyarrow.compute as pc

    rows = lake.quarantine(source, table)
    return rows.filter(pc.greater(rows["_load_id"], replayed_until(lake, source, table)))


def replayed_until(lake: Lake, source: str, table: str) -> int:
    """The load up to which the quarantine of a table was read again; 0 where none was."""
    return int((lake.position(source, table) or {}).get("replayed", 0))


def _replayed(lake: Lake, source: Source, table: Table, run_id: str | None) -> Replayed:
    if not isinstance(source, Replaying):
        return Replayed(table.source, table.name, None, None)
    with lake.load(table.source, table.name, run_id=run_id) as load:
        rejected = [
            Rejected(row["_source_file"], row["line"], row["column_name"], row["reason"], row["raw"])
            for row in waiting(lake, table.source, table.name).to_pylist()
        ]
        batches = source.replay(table, rejected, load.position, load.folder, load.load_id, load.loaded_at)
        done = {"replayed": load.load_id - 1}
        record = load.commit(replace(batch, position={**batch.position, **done}) for batch in batches)
    rows, bad = (record.rows, record.rejected_rows) if record else (0, 0)
    return Replayed(table.source, table.name, rows, bad)


def _arriving(lake: Lake, name: str, tables: list[tuple[Source, Table]]) -> Iterator[tuple[Source, Table]]:
    """The tables to load: those known, or those that a source finds when it reads its system."""
    for source in {id(source): source for source, _ in tables}.values():
        if isinstance(source, Arriving):
            present = [table for owner, table in lake.tables() if owner == name]
            positions = {table: lake.position(name, table) for table in present}
            for table in source.arriving({table: at for table, at in positions.items() if at is not None}):
                yield source, table
        else:
            yield from ((one, table) for one, table in tables if one is source)


def readers(
    project: Project,
    name: str,
    *,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> list[tuple[Source, Table]]:
    """The tables of the source that the project file describes under `name`, each with what reads it."""
    settings = project.source(name)
    tables = [
        Table(
            source=name,
            name=table.name,
            files=table.files,
            columns=tuple(Column(column.name, column.type) for column in table.columns) or None,
            required=table.required,
            delivery=table.delivery,
            key=table.key,
            version=table.version,
            parent=table.parent,
            operation=table.operation,
        )
        for table in source_declaration(name, project).tables.values()
    ]
    kind = kind_of(settings.kind)
    if kind is None:
        raise ConfigError(f"sources.{name}: there is no kind {settings.kind}", why=f"installed: {', '.join(kinds())}")
    if not isinstance(settings, FilesSettings):
        make: Callable[..., Source] = getattr(kind, "of", kind)
        source = make(name=name, project=project, settings=settings, tables=tables, progress=progress, notice=notice)
        return [(source, table) for table in source.tables()]

    from shophouse.sources.files import FilesSource

    # a bucket is listed once for all of its tables, a folder as often as it is read
    listing = FilesSource(name, project.folder, settings.path, storage=settings.storage).find
    files = functools.cache(listing) if settings.is_remote else listing
    found: list[tuple[Source, Table]] = []
    for table in tables or FilesSource(name, project.folder, settings.path, found=files).tables():
        written = {
            key: value for key, value in settings.format_of(table.name).model_dump().items() if value is not None
        }
        if written.get("compression") == "none":
            del written["compression"]
        source = FilesSource(
            name,
            project.folder,
            settings.path,
            tables=tables,
            storage=settings.storage,
            found=files,
            removes_vanished=settings.removes_vanished(table.name),
            progress=progress,
            notice=notice,
            **written,
        )
        found.append((source, table))
    return found
