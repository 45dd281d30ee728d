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

from shophouse.errors import ShophouseError
from shophouse.project import FilesSource, KafkaSource, PostgresSource, Project
from shophouse.version import __version__

if TYPE_CHECKING:
    from shophouse.declarations import RawTable

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
    try:
        declared = source_declaration(source, project).tables
        reader = next((found for found, _ in readers(project, source) if isinstance(found, Reader)), None)
        files = _present(project, settings)
    except ShophouseError as error:
        yield _told(about, error)
        return
    if not files:
        hint = "put files there, or change path: in shophouse.yml"
        yield Finding(about, "warning", f"{settings.path} matches no file", hint)
        return
    size = sum(file.stat().st_size for file in files)
    yield Finding(about, "ok", f"{settings.path}: {_many(len(files), 'file')}, {size / 1e6:,.1f} MB")
    if reader is not None and (ignored := reader.ignored()):
        few = ", ".join(Path(file).name for file in ignored[:5]) + (" …" if len(ignored) > 5 else "")
        hint = f'to read them, give them a table under sources.{source}.tables with files: "…"'
        yield Finding(about, "warning", f"{_many(len(ignored), 'file')} of no table: {few}", hint)
    for name, table in declared.items():
        mine = [file for file in files if table.files is None or fnmatchcase(file.name, table.files)]
        if mine:
            yield from _columns(about, table, settings, max(mine, key=lambda file: file.stat().st_mtime))
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
        way = "changed rows" if reader.reads_changes(table) else "whole"
        yield Finding(
            about, "ok", f"{table.name}: {_many(sum(at.sql is not None for at in fields), 'column')}, read {way}"
        )
        if absent := [at.name for at in fields if at.sql is None]:
            what = f"{table.name}: the database lacks the columns {', '.join(absent)}"
            yield Finding(about, "warning", what, "they are null in all rows")


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


def _present(project: Project, settings: FilesSource) -> list[Path]:
    import glob

    names = glob.glob(str(project.absolute(settings.path)), recursive=True)
    return sorted(path for path in map(Path, names) if path.is_file())


def _columns(about: str, table: RawTable, settings: FilesSource, file: Path) -> Iterator[Finding]:
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


def _names(table: RawTable, settings: FilesSource, file: Path) -> list[str] | None:
    """The file's columns; None where it has no bytes, or its kind doesn't tell without being read."""
    import pyarrow as pa

    from shophouse.sources import Column, Table
    from shophouse.sources._header import read_header

    suffixes = {suffix.lower() for suffix in file.suffixes}
    if ".parquet" in suffixes:
        import pyarrow.parquet as pq

        return list(pq.read_schema(file).names)
    if suffixes & {".json", ".jsonl", ".ndjson"}:
        return None
    written = settings.format_of(table.name)
    compression = written.compression or ("gzip" if ".gz" in suffixes else "zstd" if ".zst" in suffixes else None)
    with pa.input_stream(str(file), compression=None if compression in (None, "none") else compression) as stream:
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

    lake = Lake(project.lake_folder)
    try:
        tables = lake.tables()
        loads = [load for key in tables for load in lake.loads(*key)]
    except ShophouseError as error:
        yield _told("lake", error)
        return
    if not tables:
        yield Finding("lake", "ok", f"{project.lake_folder} is empty", "shophouse run")
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
