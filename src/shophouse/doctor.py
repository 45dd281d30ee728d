"""Whether a shop is set up: the machine, the project, what is declared against the files that are there.

Everything that can be seen without reading whole files. Each finding that isn't well says what to do about it.
"""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shophouse.errors import ShophouseError, SourceUnreachable
from shophouse.project import ExistingSource, FilesSource, KafkaSource, PostgresSource, Project
from shophouse.version import __version__

if TYPE_CHECKING:
    from shophouse.declarations import RawTable
    from shophouse.lake import Lake
    from shophouse.sources._place import File

__all__ = ["Finding", "examine"]

_LIBRARIES = ("dbt-core", "dbt-duckdb", "duckdb", "pyiceberg", "pyarrow", "pydantic", "xlsxwriter")
_OPTIONAL = {"pandas": ".df() of query results", "polars": ".pl() of query results"}
_FIRST = 1 << 20
_LOW = 5 << 30


@dataclass(frozen=True)
class Finding:
    """`verdict` is ok, warning, or error where a run would fail; `hint` says what to type or change."""

    about: str
    verdict: Literal["ok", "warning", "error"]
    what: str
    hint: str = ""


def examine(folder: Path) -> Iterator[Finding]:
    """Look at everything, most general first; what depends on something that is broken is left out."""
    yield from _machine(folder)
    try:
        project = Project.load(folder)
    except ShophouseError as error:
        yield _told("project", error)
        return
    yield Finding("project", "ok", f"{project.name}: {project.timezone}, {project.currency}, {project.engine.kind}")
    if not project.sources:
        yield Finding("project", "error", "there are no sources", "name one under sources: in shophouse.yml")
    yield from _dbt(project)
    for name, settings in project.sources.items():
        if isinstance(settings, FilesSource):
            yield from _files(project, name)
        elif isinstance(settings, KafkaSource):
            yield from _kafka(project, name)
        elif isinstance(settings, PostgresSource):
            yield from _postgres(project, name)
        elif isinstance(settings, ExistingSource):
            yield from _existing(project, name)
        else:
            yield from _by_itself(project, name)
    yield from _lake(project)
    yield from _warehouse(project)


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _told(about: str, error: ShophouseError) -> Finding:
    detail = "; ".join((*error.where, *error.why))
    return Finding(about, "error", f"{error.what}{': ' if detail else ''}{detail}", " ".join(error.hint))


def _machine(folder: Path) -> Iterator[Finding]:
    about = "machine"
    yield Finding(about, "ok", f"shophouse {__version__}, Python {platform.python_version()} on {platform.platform()}")
    found = []
    for library in _LIBRARIES:
        try:
            found.append(f"{library} {importlib.metadata.version(library)}")
        except importlib.metadata.PackageNotFoundError:
            yield Finding(about, "error", f"{library} is not installed", f"{sys.executable} -m pip install shophouse")
    yield Finding(about, "ok", ", ".join(found))
    for library, use in _OPTIONAL.items():
        try:
            yield Finding(about, "ok", f"{library} {importlib.metadata.version(library)}, for {use}")
        except importlib.metadata.PackageNotFoundError:
            yield Finding(about, "ok", f"without {library}, which {use} would need: pip install 'shophouse[{library}]'")
    there = next(parent for parent in (folder.expanduser().resolve(), *folder.resolve().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    what = f"{free / 1e9:.0f} GB free where the shop is"
    if free < _LOW:
        yield Finding(about, "warning", what, "a full disk stops a run (nothing is lost): make room")
    else:
        yield Finding(about, "ok", what)


def _dbt(project: Project) -> Iterator[Finding]:
    from shophouse.scaffold import ensure_dbt_files

    try:
        changed = ensure_dbt_files(project)
    except ShophouseError as error:
        yield _told("project", error)
        return
    except OSError as error:
        yield Finding("project", "error", f"what dbt needs can't be written: {error}")
        return
    what = "what dbt needs is there" if not changed else f"what dbt needs was brought up to date ({len(changed)} files)"
    yield Finding("project", "ok", what)


def _files(project: Project, source: str) -> Iterator[Finding]:
    from shophouse.declarations import source_declaration
    from shophouse.ingestion import readers
    from shophouse.sources.files import FilesSource as Reader

    about = f"source {source}"
    settings = project.source(source)
    assert isinstance(settings, FilesSource)
    find = Reader(source, project.folder, settings.path, storage=settings.storage).find
    try:
        declared = source_declaration(source, project).tables
        reader = next((found for found, _ in readers(project, source) if isinstance(found, Reader)), None)
        files = find()
    except SourceUnreachable as error:
        if settings.is_remote:
            yield _told(about, error)
            return
        files = []
    except ShophouseError as error:
        yield _told(about, error)
        return
    if not files:
        hint = "put files there, or change path: in shophouse.yml"
        yield Finding(about, "warning", f"{settings.path} matches no file", hint)
        return
    size = sum(file.size for file in files)
    yield Finding(about, "ok", f"{settings.path}: {_many(len(files), 'file')}, {size / 1e6:,.1f} MB")
    if reader is not None and (ignored := reader.ignored()):
        few = ", ".join(Path(file).name for file in ignored[:5]) + (" …" if len(ignored) > 5 else "")
        hint = f'to read them, give them a table under sources.{source}.tables with files: "…"'
        yield Finding(about, "warning", f"{_many(len(ignored), 'file')} of no table: {few}", hint)
    for name, table in declared.items():
        mine = [file for file in files if table.files is None or fnmatchcase(file.name, table.files)]
        if mine:
            yield from _columns(about, table, settings, max(mine, key=lambda file: file.mtime_ns))
        else:
            pattern = f" ({table.files})" if table.files else ""
            yield Finding(about, "ok", f"{name}: no file{pattern}; the table is empty")


def _postgres(project: Project, source: str) -> Iterator[Finding]:
    from shophouse.ingestion import readers
    from shophouse.sources.postgres import PostgresSource as Reader

    about = f"source {source}"
    try:
        tables = readers(project, source)
    except ShophouseError as error:
        yield _told(about, error)
        return
    for reader, table in tables:
        assert isinstance(reader, Reader)
        try:
            fields = reader.examine(table)
        except ShophouseError as error:
            yield _told(about, error)
            if error.retryable:
                return
            continue
        if fields is None:
            yield Finding(about, "ok", f"{table.name}: no such table; it is empty")
            continue
        way = "by every change" if reader.follows(table) else "changed rows" if reader.reads_changes(table) else "whole"
        yield Finding(
            about, "ok", f"{table.name}: {_many(sum(at.sql is not None for at in fields), 'column')}, read {way}"
        )
        if absent := [at.name for at in fields if at.sql is None]:
            what = f"{table.name}: the database lacks the columns {', '.join(absent)}"
            yield Finding(about, "warning", what, "they are null in all rows")
    yield from _slots(project, source)


def _existing(project: Project, source: str) -> Iterator[Finding]:
    from shophouse.engines import engine_of
    from shophouse.existing import examined

    about = f"source {source}"
    try:
        found = examined(project, engine_of(project), source)
    except ShophouseError as error:
        yield _told(about, error)
        return
    for relation, seen in found:
        if seen is None:
            yield Finding(about, "ok", f"{relation.table}: no such table in {relation.schema}; it is empty")
            continue
        what = f"{relation.table}: {_many(seen.rows, 'row')} in {relation.place}"
        if absent := [name for name in relation.types if name not in seen.columns]:
            yield Finding(about, "warning", f"{what} lack the columns {', '.join(absent)}", "they are null in all rows")
        else:
            yield Finding(about, "ok", what)


def _by_itself(project: Project, source: str) -> Iterator[Finding]:
    from shophouse.ingestion import readers

    about = f"source {source}"
    try:
        for reader in {id(reader): reader for reader, _ in readers(project, source)}.values():
            for check in getattr(reader, "check", tuple)():
                yield Finding(about, check.verdict, check.what, check.hint)
    except ShophouseError as error:
        yield _told(about, error)


def _slots(project: Project, source: str) -> Iterator[Finding]:
    from shophouse.lake import Lake
    from shophouse.slots import states

    about = f"source {source}"
    try:
        found = states(project, [source])
        lake = Lake(project.lake_folder)
        is_begun = any(name == source for name, _ in lake.tables())
    except ShophouseError as error:
        yield _told(about, error)
        return
    for state in found:
        anew = f"shophouse slots restart {source}"
        if state.use == "missing":
            if is_begun:
                yield Finding(
                    about, "warning", f"the slot {state.slot} is missing", f"if tables were read by it:   {anew}"
                )
        elif state.use != "other":
            what = f"slot {state.slot}: {(state.behind_bytes or 0) / 1e6:,.1f} MB behind"
            kept = f", {(state.kept_bytes or 0) / 1e6:,.1f} MB of log kept"
            hint = {"error": anew, "warning": "shophouse run", "ok": ""}[state.verdict]
            if state.use == "unread" and state.verdict != "ok":
                hint = f"if no other shop reads it:   shophouse slots drop {state.slot}"
            yield Finding(about, state.verdict, what + kept + (f": {state.why}" if state.why else ""), hint)


def _kafka(project: Project, source: str) -> Iterator[Finding]:
    from shophouse.ingestion import readers
    from shophouse.lake import Lake
    from shophouse.sources.kafka import KafkaSource as Reader

    about = f"source {source}"
    try:
        tables = readers(project, source)
    except ShophouseError as error:
        yield _told(about, error)
        return
    lake = Lake(project.lake_folder)
    try:
        for reader, table in tables:
            assert isinstance(reader, Reader)
            try:
                topics = reader.examine(table, lake.position(source, table.name))
            except ShophouseError as error:
                yield _told(about, error)
                if error.retryable:
                    return
                continue
            if not topics:
                yield Finding(about, "ok", f"{table.name}: no topic; it is empty")
            for topic, (partitions, waiting) in topics.items():
                waits = f"{_many(waiting, 'message')} to read"
                yield Finding(about, "ok", f"{table.name}: {topic}, {_many(partitions, 'partition')}, {waits}")
    finally:
        for reader in {reader for reader, _ in tables if isinstance(reader, Reader)}:
            reader.close()


def _columns(about: str, table: RawTable, settings: FilesSource, file: File) -> Iterator[Finding]:
    try:
        found = _names(table, settings, file)
    except ShophouseError as error:
        yield _told(about, error)
        return
    except (OSError, ValueError) as error:
        yield Finding(about, "error", f"{file.name} can't be read: {error}")
        return
    if found is None:
        yield Finding(about, "ok", f"{table.name}: {file.name}")
        return
    present = {name.lower() for name in found}
    declared = {name.lower() for name in table.types}
    if lacking := [name for name in table.required if name.lower() not in present]:
        hint = f"the file has: {', '.join(found)}"
        yield Finding(about, "error", f"{table.name}: {file.name} lacks {', '.join(lacking)}, which is required", hint)
        return
    unknown = [name for name in found if declared and name.lower() not in declared]
    absent = [name for name in table.types if name.lower() not in present]
    if unknown:
        hint = "they are read as text; declare them, if models are to use them"
        yield Finding(about, "warning", f"{table.name}: {file.name} has undeclared columns: {', '.join(unknown)}", hint)
    if absent:
        hint = "they are null in the rows of this file"
        yield Finding(about, "warning", f"{table.name}: {file.name} lacks the columns {', '.join(absent)}", hint)
    if not unknown and not absent:
        yield Finding(about, "ok", f"{table.name}: {file.name}, {len(found)} columns as declared")


def _names(table: RawTable, settings: FilesSource, file: File) -> list[str] | None:
    """The file's columns; None where it has no bytes, or its kind doesn't tell without being read."""
    import pyarrow as pa

    from shophouse.sources import Column, Table
    from shophouse.sources._fingerprint import compression_of
    from shophouse.sources._header import read_header

    if file.kind == "parquet":
        import pyarrow.parquet as pq

        with file.open() as stream:
            return list(pq.read_schema(stream).names)
    if file.kind == "json":
        return None
    written = settings.format_of(table.name)
    compression = written.compression or compression_of(file.name)
    packed = None if compression == "none" else compression
    with file.open() as raw, pa.input_stream(raw, compression=packed) as stream:
        text = stream.read(_FIRST).decode(written.encoding or "utf-8", errors="replace")
    columns = tuple(Column(column.name, column.type) for column in table.columns) or None
    # as the reader will see it: UTF-8, and nothing after the part that matters
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / "head.csv"
        head.write_text(text, "utf-8", newline="")
        layout = read_header(
            head, file.name, Table("", table.name, columns=columns), written.delimiter, written.header is not False
        )
    return list(layout.names) if layout else None


def _lake(project: Project) -> Iterator[Finding]:
    from shophouse.lake import Lake

    try:
        lake = Lake.of(project)
        yield from _bucket(lake)
        tables = lake.tables()
        loads = [load for key in tables for load in lake.loads(*key)]
    except ShophouseError as error:
        yield _told("lake", error)
        return
    if not tables:
        yield Finding("lake", "ok", f"{lake.storage.base} is empty", "shophouse run")
        return
    rows = sum(load.rows for load in loads)
    yield Finding("lake", "ok", f"{_many(len(tables), 'table')}, {_many(len(loads), 'load')}, {_many(rows, 'row')}")
    if rejected := sum(load.rejected_rows for load in loads):
        yield Finding("lake", "warning", f"{_many(rejected, 'row')} in quarantine", "shophouse quarantine list")
    strangers = sorted({source for source, _ in tables} - set(project.sources))
    if strangers:
        hint = "they are kept, but no model reads them: name the source in shophouse.yml again, or drop its tables"
        yield Finding("lake", "warning", f"tables of sources that are gone: {', '.join(strangers)}", hint)
    many = [f"{s}.{t}" for s, t in tables if len(lake.data_files(s, t)) > 200]
    if many:
        yield Finding("lake", "warning", f"many small files in {', '.join(many)}", "shophouse lake compact")


def _bucket(lake: Lake) -> Iterator[Finding]:
    if not lake.storage.is_shared:
        return
    if lake.storage.is_exclusive():
        yield Finding("lake", "ok", f"{lake.storage.base} can be written; catalog: {lake.catalog.place}")
    else:
        what = f"{lake.storage.base} ignores conditional writes, so that writers don't see each other's leases"
        hint = "no row is lost, but loads at the same time work in vain: let one process load, or update the server"
        yield Finding("lake", "warning", what, hint)


def _warehouse(project: Project) -> Iterator[Finding]:
    from shophouse.engines import engine_of
    from shophouse.run_log import records

    try:
        engine = engine_of(project)
        version = engine.published()
    except ShophouseError as error:
        yield _told("warehouse", error)
        return
    if version is None:
        yield Finding("warehouse", "ok", "nothing is published yet", "shophouse run")
    else:
        size = sum(file.stat().st_size for file in project.warehouse_folder.rglob("*") if file.is_file())
        yield Finding("warehouse", "ok", f"version {version} is published; {size / 1e6:,.0f} MB with older ones")
    newest = records(project.logs_folder, 1)
    if newest and newest[0].status in ("failed", "stopped"):
        what = f"the last {newest[0].command} {newest[0].status}: {newest[0].message}"
        yield Finding("warehouse", "warning", what, "shophouse run")
