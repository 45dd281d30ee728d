"""What a platform's raw tables are: read from `_<platform>__sources.yml`, with what the project says over it.

That file is plain dbt, and dbt reads it too. What dbt has no word for (which files are a table, what a load of it
means) stands under each table's `config.meta`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shophouse.errors import ConfigError
from shophouse.project import PROJECT_FILE, Project
from shophouse.settings import FilesTable, Freshness, KafkaSource, PostgresSource, PostgresTable, TableSettings
from shophouse.values import ColumnType, Delivery, Name, Words
from shophouse.yamlfile import Document, Problem, did_you_mean, mistake, mistakes, read_yaml, validation_problems

__all__ = ["Column", "Declaration", "RawTable", "platform_declaration", "source_declaration"]

T = TypeVar("T")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Column(_Frozen):
    name: str
    type: ColumnType = "text"
    description: str = ""


class RawTable(_Frozen):
    """A raw table as its platform declares it and the project changes it. Empty tuples are "not declared"."""

    name: str
    description: str = ""
    files: str | None = None
    """A pattern for the names of the files that are this table; None: found by the table's name."""
    delivery: Delivery
    key: tuple[str, ...] = ()
    version: str | None = None
    parent: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    freshness: Freshness = Field(default_factory=Freshness)
    columns: tuple[Column, ...] = ()
    by_row: bool = False
    """A load brings the rows that changed, each as it is then: the later load counts, whatever a version says, and a
    parent's other rows stay."""

    @property
    def types(self) -> dict[str, str]:
        """Column → type, in the declared order."""
        return {column.name: column.type for column in self.columns}


class Declaration(_Frozen):
    """The raw tables of a platform, or of one source."""

    platform: str | None
    file: Path | None
    """Where the platform declares them; None for a source without a platform."""
    description: str = ""
    tables: Mapping[str, RawTable]

    def view(self, table: str) -> str:
        """The name of the table's view in the schema `raw`."""
        return f"{self.platform}__{table}"


def platform_declaration(name: str, project: Project) -> Declaration:
    """The raw tables of a platform for all of the project's sources that use it.

    A column that two sources type differently is text. Raises ConfigError when the platform is unknown or its file is
    wrong, and when two sources disagree about what a table's loads mean: they are read by the same model.
    """
    declared = _read_platform(project.staging_folder(name))
    by_source = {source: source_declaration(source, project) for source in project.sources_of(name)}
    tables = dict(declared.tables)
    for table in dict.fromkeys(table for declaration in by_source.values() for table in declaration.tables):
        having = {source: d.tables[table] for source, d in by_source.items() if table in d.tables}
        _agree(name, table, having)
        tables[table] = _widest(list(having.values()))
    return declared.model_copy(update={"tables": tables})


def source_declaration(source: str, project: Project) -> Declaration:
    """The raw tables of one source: its platform's, with the source's own `tables` over them.

    A table that only the project declares is a snapshot unless it says otherwise; messages are appended. Raises
    ConfigError as platform_declaration does.
    """
    settings = project.source(source)
    base = Declaration(platform=None, file=None, tables={})
    if settings.staging:
        base = _read_platform(project.staging_folder(settings.staging))
    tables = dict(base.tables)
    for name, own in settings.tables.items():
        if name not in tables and base.tables and isinstance(own, FilesTable) and own.files is None:
            raise ConfigError(
                f"sources.{source}.tables.{name}: {settings.staging} has no such table",
                where=PROJECT_FILE,
                why=f"known: {', '.join(base.tables)}",
                hint=did_you_mean(name, base.tables) or 'a table of your own says which files it is: files: "*.csv"',
            )
        usual: Delivery = "append" if isinstance(settings, KafkaSource) else "snapshot"
        tables[name] = _merged(tables.get(name) or RawTable(name=name, delivery=usual), own)
        problems = list(_column_problems(tables[name], lambda _: 0, f"sources.{source}.tables.{name}"))
        if problems:
            raise mistakes(PROJECT_FILE, problems)
    if isinstance(settings, PostgresSource):
        tables = {name: _as_read(table, settings.tables.get(name)) for name, table in tables.items()}
    if isinstance(settings, KafkaSource):
        tables = {name: _as_told(table) for name, table in tables.items()}
    return base.model_copy(update={"tables": tables})


def _merged(table: RawTable, own: TableSettings) -> RawTable:
    changes: dict[str, Any] = {}
    for field in own.model_fields_set & RawTable.model_fields.keys():
        value = getattr(own, field)
        if field == "columns":
            types = {**table.types, **(value or {})}
            described = {column.name: column.description for column in table.columns}
            value = tuple(Column(name=n, type=t, description=described.get(n, "")) for n, t in types.items())
        elif field == "freshness":
            value = value or Freshness()
        elif field in ("key", "parent", "required"):
            value = value or ()
        elif field == "delivery" and value is None:
            continue
        changes[field] = value
    if changes.get("delivery", "upsert") != "upsert":
        changes.setdefault("parent", ())
    return table.model_copy(update=changes)


def _as_read(table: RawTable, own: PostgresTable | None) -> RawTable:
    """The table with the delivery that its way of reading a database makes."""
    if own is not None and own.read == "cursor":
        return table.model_copy(update={"delivery": "upsert", "version": None, "parent": (), "by_row": True})
    return table.model_copy(update={"delivery": "snapshot", "parent": ()})


def _as_told(table: RawTable) -> RawTable:
    """The table with the delivery that messages make: they are rows or versions of rows, never the whole."""
    if table.delivery != "snapshot":
        return table
    return table.model_copy(update={"delivery": "upsert", "version": None, "parent": (), "by_row": True})


_SAID = {"by_row": "read"}


def _agree(platform: str, table: str, having: Mapping[str, RawTable]) -> None:
    for field in ("delivery", "key", "version", "parent", "by_row"):
        said = {source: getattr(raw, field) for source, raw in having.items()}
        if len(set(said.values())) > 1:
            lines = [f"{source} says {_shown(value)}" for source, value in said.items()]
            if field == "by_row":
                lines = [
                    f"{source} brings {'single rows' if value else 'whole parents'}" for source, value in said.items()
                ]
            raise ConfigError(
                f"the sources of {platform} disagree about {_SAID.get(field, field)} of {table}",
                where=f"{PROJECT_FILE}, sources.<name>.tables.{table}.{_SAID.get(field, field)}",
                why=[*lines, "one staging model reads them together, so they must be alike"],
                hint="say the same for each, or give one of them a staging folder of its own",
            )


def _shown(value: object) -> str:
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value or "none")


def _widest(tables: list[RawTable]) -> RawTable:
    columns: dict[str, Column] = {}
    for column in (column for table in tables for column in table.columns):
        known = columns.setdefault(column.name, column)
        if known.type != column.type:
            columns[column.name] = known.model_copy(update={"type": "text"})
    return tables[0].model_copy(update={"columns": tuple(columns.values())})


class _Dbt(BaseModel):
    """Of dbt's own files only what matters here is looked at: dbt checks the rest."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class _Meta(_Dbt):
    files: str | None = None
    delivery: Delivery
    key: Words | None = None
    version: str | None = None
    parent: Words | None = None
    required: Words | None = None


class _Age(_Dbt):
    count: Annotated[int, Field(ge=1)]
    period: Literal["minute", "hour", "day"]

    def span(self) -> timedelta:
        return timedelta(**{f"{self.period}s": self.count})


class _Freshness(_Dbt):
    warn_after: _Age | None = None
    error_after: _Age | None = None


class _SourceConfig(_Dbt):
    freshness: _Freshness | None = None


class _TableConfig(_SourceConfig):
    meta: _Meta


class _Column(_Dbt):
    name: str
    data_type: ColumnType = "text"
    description: str = ""


class _Table(_Dbt):
    name: Name
    identifier: str
    description: str = ""
    config: _TableConfig
    columns: tuple[_Column, ...] = ()


def _raw(value: str) -> str:
    if value != "raw":
        raise mistake(
            f"can't be {value!r}", why="the engine shows the lake's tables in the schema raw", hint="write raw"
        )
    return value


class _Source(_Dbt):
    name: str
    in_schema: Annotated[str, AfterValidator(_raw)] = Field(alias="schema")
    description: str = ""
    config: _SourceConfig = _SourceConfig()
    tables: tuple[_Table, ...]


class _File(_Dbt):
    sources: tuple[_Source, ...]


def shown(folder: Path, file: Path) -> str:
    """How a file of a staging folder is called in messages: staging/olist/_olist__sources.yml."""
    return f"staging/{folder.name}/{file.relative_to(folder).as_posix()}"


def _read_platform(folder: Path) -> Declaration:
    file = folder / f"_{folder.name}__sources.yml"
    if not file.is_file():
        raise ConfigError(
            f"the platform {folder.name} declares no raw tables",
            where=f"looked for {file}",
            hint="list the tables there as dbt sources, with config.meta.files and config.meta.delivery",
        )
    stat = file.stat()
    return _read_sources(folder, file, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=64)
def _read_sources(folder: Path, file: Path, _time: int, _size: int) -> Declaration:
    name = shown(folder, file)
    document = read_yaml(file, shown_as=name)
    try:
        content = _File.model_validate(document.data)
    except ValidationError as error:
        raise mistakes(name, [*document.problems, *validation_problems(error, _File, document)]) from None
    problems = list(document.problems)
    tables: dict[str, RawTable] = {}
    description = ""
    for s, source in enumerate(content.sources):
        if source.name != folder.name:
            problems.append(Problem(document.line(("sources", s, "name")), f"the source must be called {folder.name}"))
        description = description or source.description
        for t, table in enumerate(source.tables):
            path = ("sources", s, "tables", t)
            problems += _table_problems(document, path, folder.name, table, tables)
            tables[table.name] = _raw_table(table, source)
            problems += _column_problems(
                tables[table.name], lambda field, path=path: document.line((*path, "config", "meta", field)), table.name
            )
    if problems:
        raise mistakes(name, problems)
    return Declaration(platform=folder.name, file=file, description=description, tables=tables)


def _raw_table(table: _Table, source: _Source) -> RawTable:
    meta = table.config.meta
    # A table that says `freshness: null` is exempt from what its source says.
    ages = table.config.freshness if "freshness" in table.config.model_fields_set else source.config.freshness
    return RawTable(
        name=table.name,
        description=table.description,
        files=meta.files,
        delivery=meta.delivery,
        key=meta.key or (),
        version=meta.version,
        parent=meta.parent or (),
        required=meta.required or (),
        freshness=Freshness(
            warn_after=ages.warn_after.span() if ages and ages.warn_after else None,
            error_after=ages.error_after.span() if ages and ages.error_after else None,
        ),
        columns=tuple(Column(name=c.name, type=c.data_type, description=c.description) for c in table.columns),
    )


def _table_problems(
    document: Document, path: tuple[str | int, ...], platform: str, table: _Table, before: Iterable[str]
) -> Iterator[Problem]:
    if table.name in before:
        yield Problem(document.line((*path, "name")), f"the table {table.name} is declared twice")
    if table.identifier != f"{platform}__{table.name}":
        hint = f"write identifier: {platform}__{table.name}"
        yield Problem(
            document.line((*path, "identifier")), f"{table.name}.identifier can't be {table.identifier}", hint=hint
        )
    names: set[str] = set()
    for index, column in enumerate(table.columns):
        if column.name in names:
            line = document.line((*path, "columns", index))
            yield Problem(line, f"the column {table.name}.{column.name} is declared twice")
        names.add(column.name)
    raw = document.data["sources"][path[1]]["tables"][path[3]]["config"]["meta"]
    for key in raw.keys() - _Meta.model_fields.keys():
        # Other tools may keep words of their own here, so that only what looks like a slip is one.
        if near := did_you_mean(key, _Meta.model_fields):
            yield Problem(
                document.line((*path, "config", "meta", key)), f"{table.name}: {key} means nothing here", hint=near
            )


def _column_problems(table: RawTable, line: Any, name: str) -> Iterator[Problem]:
    if not table.columns:
        return
    for field in ("key", "required", "version", "parent"):
        value = getattr(table, field)
        for column in (value,) if isinstance(value, str) else value or ():
            # A file without a key of its own has its rows' positions: the lineage columns are there without a word.
            if column not in table.types and not column.startswith("_"):
                yield Problem(
                    line(field),
                    f"{name}.{field}: there is no column {column}",
                    (f"columns: {', '.join(table.types)}",),
                    did_you_mean(column, table.types),
                )
    if table.parent and table.delivery != "upsert":
        yield Problem(line("parent"), f"{name}.parent has a meaning only with delivery upsert, not {table.delivery}")
    if table.delivery == "upsert" and not table.key:
        yield Problem(line("delivery"), f"{name}: delivery upsert needs a key", hint="write key: [<column>]")
