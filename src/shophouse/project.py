"""`shophouse.yml`: what a shop is called, where its data comes from, and what runs it.

A project that was loaded is right, as far as its file and folder can tell. Importing this is cheap (pydantic and
PyYAML), because every command starts with it.
"""

from __future__ import annotations

import functools
import importlib.metadata
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, PrivateAttr, ValidationError, create_model, model_validator

from shophouse.errors import ConfigError
from shophouse.lake_settings import LakeSettings, SqliteCatalog
from shophouse.settings import (
    AttributionSettings,
    CalendarSettings,
    DltSource,
    DuckdbEngine,
    EngineSettings,
    ExistingSource,
    ExistingTable,
    ExportSettings,
    FileFormat,
    FilesSource,
    FilesTable,
    Freshness,
    KafkaSource,
    KafkaTable,
    PostgresEngine,
    PostgresSource,
    PostgresTable,
    PythonSource,
    PythonTable,
    Reports,
    ServeSettings,
    Settings,
    SnapshotEntity,
    SourceSettings,
    StockSettings,
    StreamSettings,
    TableSettings,
)
from shophouse.values import ColumnType, Currency, Delivery, Name, Secret, TimeZone
from shophouse.yamlfile import Document, Problem, did_you_mean, mistakes, read_yaml, validation_problems

__all__ = [
    "PROJECT_FILE",
    "ColumnType",
    "Delivery",
    "DltSource",
    "DuckdbEngine",
    "EngineSettings",
    "ExistingSource",
    "ExistingTable",
    "ExportSettings",
    "FileFormat",
    "FilesSource",
    "FilesTable",
    "Freshness",
    "KafkaSource",
    "KafkaTable",
    "LakeSettings",
    "PostgresEngine",
    "PostgresSource",
    "PostgresTable",
    "Project",
    "PythonSource",
    "PythonTable",
    "Secret",
    "ServeSettings",
    "Settings",
    "SourceSettings",
    "SqliteCatalog",
    "TableSettings",
    "package_warehouse",
    "project_schema",
    "staging_folders",
]

PROJECT_FILE = "shophouse.yml"

_SOURCES: Mapping[str, type[SourceSettings]] = {
    "files": FilesSource,
    "kafka": KafkaSource,
    "postgres": PostgresSource,
    "python": PythonSource,
    "dlt": DltSource,
    "existing": ExistingSource,
}
_ENGINES: Mapping[str, type[EngineSettings]] = {"duckdb": DuckdbEngine, "postgres": PostgresEngine}

S = TypeVar("S", bound=Settings)


class Project(Settings):
    """A shop's folder and what its `shophouse.yml` says. Made by `Project.load`."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]
    """The shop's name."""
    timezone: TimeZone = "UTC"
    """The shop's time zone (IANA): the days of its reports."""
    currency: Currency
    """The currency of the reports (ISO 4217)."""
    engine: EngineSettings = Field(default_factory=DuckdbEngine)
    """What runs the SQL."""
    lake: LakeSettings = Field(default_factory=LakeSettings)
    """The lake: every row that ever arrived."""
    sources: Mapping[Name, SourceSettings] = Field(default_factory=dict)
    """Where the data comes from, each under a name of your choice."""
    exports: ExportSettings = Field(default_factory=ExportSettings)
    """What is written for people."""
    serve: ServeSettings = Field(default_factory=ServeSettings)
    """What people see in a browser."""
    reports: Reports = ()
    """Reports that runs write, a list; each has a name."""
    calendar: CalendarSettings = Field(default_factory=CalendarSettings)
    """The years and holidays of the calendar."""
    attribution: AttributionSettings = Field(default_factory=AttributionSettings)
    """How orders are credited to marketing."""
    stock: StockSettings = Field(default_factory=StockSettings)
    """When stock is too low, too much, or dead."""
    snapshots: tuple[SnapshotEntity, ...] = ()
    """What builds keep the versions of, in schema `snapshots`. A build with news of it takes some seconds more."""
    stream: StreamSettings = Field(default_factory=StreamSettings)
    """How `shophouse stream` keeps the shop up to date."""

    _folder: Path = PrivateAttr(default_factory=Path)

    @model_validator(mode="before")
    @classmethod
    def _duckdb_unless_said(cls, data: object) -> object:
        engine = data.get("engine") if isinstance(data, dict) else None
        if isinstance(data, dict) and isinstance(engine, dict) and "kind" not in engine:
            return {**data, "engine": {"kind": "duckdb", **engine}}
        return data

    @classmethod
    def load(cls, folder: Path | str) -> Project:
        """Read `folder/shophouse.yml`.

        Raises ConfigError that lists every mistake of the file with its line, what is allowed and the nearest right
        word. A glob that matches no file is no mistake: the files may not have come yet.
        """
        root = Path(folder).expanduser().resolve()
        file = root / PROJECT_FILE
        if not file.is_file():
            raise ConfigError(
                f"there is no {PROJECT_FILE} here", where=f"looked in {root}", hint=f"shophouse init {folder}"
            )
        document = read_yaml(file, shown_as=PROJECT_FILE)
        sources, engines, problems = _kinds_used(document)
        model = _model(frozenset(sources.items()), frozenset(engines.items()))
        problems += [*document.problems, *_staging_problems(document, root), *_existing_problems(document)]
        try:
            project = model.model_validate(document.data)
        except ValidationError as error:
            problems += validation_problems(error, model, document)
        if problems:
            raise mistakes(PROJECT_FILE, problems)
        project._folder = root
        return project

    def with_stream(self, **settings: Any) -> Project:
        """This project with other settings of `stream`. Raises ValidationError of pydantic for those that can't be."""
        return self.model_copy(update={"stream": StreamSettings(**{**dict(self.stream), **settings})})

    @property
    def folder(self) -> Path:
        """The shop's folder, absolute."""
        return self._folder

    @property
    def file(self) -> Path:
        return self._folder / PROJECT_FILE

    def absolute(self, path: str | Path) -> Path:
        """A path or glob of the project file: `~` expanded, relative ones below the shop's folder."""
        return self._folder / Path(path).expanduser()

    @property
    def lake_folder(self) -> Path:
        """The lake; of one in a bucket, the folder of a SQLite catalog."""
        return self.folder / "lake" if self.lake.is_remote else self.absolute(self.lake.path)

    @property
    def reports_folder(self) -> Path:
        return self.absolute(self.exports.folder)

    @property
    def logs_folder(self) -> Path:
        return self._folder / "logs"

    @property
    def warehouse_folder(self) -> Path:
        """Holds the published versions, and `build/`."""
        return self._folder / "warehouse"

    @property
    def generated_folder(self) -> Path:
        """Holds what shophouse can write again at any time."""
        return self._folder / ".shophouse"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms that sources name, sorted."""
        return tuple(sorted({source.staging for source in self.sources.values() if source.staging}))

    def sources_of(self, platform: str) -> Mapping[str, SourceSettings]:
        """The sources that are read by the staging models of `platform`, sorted by name."""
        return {name: self.sources[name] for name in sorted(self.sources) if self.sources[name].staging == platform}

    def source(self, name: str) -> SourceSettings:
        """Raises ConfigError when there is no such source."""
        if name not in self.sources:
            raise ConfigError(
                f"there is no source {name}",
                where=f"{PROJECT_FILE} has: {', '.join(sorted(self.sources)) or 'no sources'}",
                hint=did_you_mean(name, self.sources),
            )
        return self.sources[name]

    @property
    def files_of_loaders(self) -> dict[str, str]:
        """The DuckDB files of sources of kind existing, as they are written here, and the name that each is given."""
        found: dict[str, str] = {}
        for name, settings in sorted(self.sources.items()):
            if isinstance(settings, ExistingSource) and settings.path is not None:
                found.setdefault(settings.path, f"existing_{name}")
        return found

    def timezone_of(self, source: str) -> str:
        return self.source(source).timezone or self.timezone

    def staging_folder(self, platform: str) -> Path:
        """The folder of a platform's staging models: the shop's own before the packaged one."""
        folders = staging_folders(self._folder)
        if platform not in folders:
            raise ConfigError(
                f"there is no staging for {platform}",
                why=f"known: {', '.join(sorted(folders)) or 'none'}",
                hint=did_you_mean(platform, folders),
            )
        return folders[platform]


def package_warehouse() -> Path:
    """The folder of the packaged dbt project."""
    return Path(__file__).parent / "warehouse"


def staging_folders(shop: Path | None = None) -> dict[str, Path]:
    """Each known platform and the folder of its staging models; a shop's own folder hides a packaged one."""
    roots = [package_warehouse() / "models" / "staging", *([shop / "models" / "staging"] if shop else [])]
    return {
        folder.name: folder
        for root in roots
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith((".", "_"))
    }


def project_schema() -> dict[str, Any]:
    """The JSON schema of `shophouse.yml`, for editors, with every kind of source and engine that is installed."""
    sources = {**_installed("shophouse.sources", SourceSettings), **_SOURCES}
    engines = {**_installed("shophouse.engines", EngineSettings), **_ENGINES}
    schema = _model(frozenset(sources.items()), frozenset(engines.items())).model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": PROJECT_FILE}


@functools.cache
def _model(
    sources: frozenset[tuple[str, type[SourceSettings]]], engines: frozenset[tuple[str, type[EngineSettings]]]
) -> type[Project]:
    """Project with its sources and engine as unions of the given kinds."""
    source, engine = _union(sources), _union(engines)
    fields: dict[str, Any] = {
        "sources": (Mapping[Name, source], Project.model_fields["sources"]),  # type: ignore[valid-type]
        # a Field of its own: one that is handed on as it is would lose what tells the kinds apart
        "engine": (
            engine,
            Field(
                default_factory=DuckdbEngine,
                description=Project.model_fields["engine"].description,
                discriminator="kind" if len(engines) > 1 else None,
            ),
        ),
    }
    return create_model("Project", __base__=Project, **fields)


def _union(kinds: frozenset[tuple[str, type[S]]]) -> Any:
    members = tuple(settings for _, settings in sorted(kinds, key=lambda kind: kind[0]))
    if len(members) == 1:
        return members[0]
    return Annotated[functools.reduce(operator.or_, members), Field(discriminator="kind")]


def _kinds_used(
    document: Document,
) -> tuple[dict[str, type[SourceSettings]], dict[str, type[EngineSettings]], list[Problem]]:
    """The built-in kinds and those that the file names and an installed package has."""
    problems: list[Problem] = []
    raw_sources = document.data.get("sources")
    sources, engines = dict(_SOURCES), dict(_ENGINES)
    named = [(("sources", name), raw) for name, raw in raw_sources.items()] if isinstance(raw_sources, dict) else []
    for path, raw in [*named, (("engine",), document.data.get("engine"))]:
        kind = raw.get("kind") if isinstance(raw, dict) else None
        if not isinstance(kind, str):
            continue
        try:
            if path == ("engine",) and kind not in engines:
                engines |= _installed("shophouse.engines", EngineSettings, kind)
            elif path != ("engine",) and kind not in sources:
                sources |= _installed("shophouse.sources", SourceSettings, kind)
        except ImportError as error:
            line = document.line((*path, "kind"))
            problems.append(Problem(line, f"{'.'.join(path)}.kind: {kind} can't be loaded", (str(error),)))
    return sources, engines, problems


def _installed(group: str, base: type[S], kind: str | None = None) -> dict[str, type[S]]:
    """The settings that entry points of `group` name; with a `kind` only that one, and ImportError if it is broken."""
    found: dict[str, type[S]] = {}
    for entry in importlib.metadata.entry_points(group=group):
        if kind in (None, entry.name):
            try:
                settings = getattr(entry.load(), "Settings", None)
            except ImportError:
                if kind:
                    raise
                continue
            if isinstance(settings, type) and issubclass(settings, base):
                found[entry.name] = settings
    return found


def _staging_problems(document: Document, folder: Path) -> Iterator[Problem]:
    sources = document.data.get("sources")
    known = staging_folders(folder)
    for name, raw in sources.items() if isinstance(sources, dict) else ():
        staging = raw.get("staging") if isinstance(raw, dict) else None
        if isinstance(staging, str) and staging not in known:
            yield Problem(
                document.line(("sources", name, "staging")),
                f"sources.{name}.staging: there is no platform {staging!r}",
                (f"known: {', '.join(sorted(known)) or 'none'}",),
                did_you_mean(staging, known) or f"write staging models into models/staging/{staging}/",
            )


def _existing_problems(document: Document) -> Iterator[Problem]:
    """Tables of another loader are where the engine is: a file for DuckDB, the shop's database for others."""
    sources, engine = document.data.get("sources"), document.data.get("engine")
    kind = engine.get("kind", "duckdb") if isinstance(engine, dict) else "duckdb"
    for name, raw in sources.items() if isinstance(sources, dict) else ():
        if not isinstance(raw, dict) or raw.get("kind") != "existing":
            continue
        if kind == "duckdb" and not raw.get("path"):
            yield Problem(
                document.line(("sources", name)),
                f"sources.{name} has no path",
                ("the engine is duckdb: its tables are in the file that the loader writes",),
                "write   path: loader.duckdb",
            )
        elif kind != "duckdb" and raw.get("path"):
            yield Problem(
                document.line(("sources", name, "path")),
                f"sources.{name}.path is for the engine duckdb",
                (f"the engine is {kind}: its tables are in a schema of the shop's database",),
                "leave path out, and name that schema under database_schema",
            )
