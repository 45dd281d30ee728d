"""From the lake to proven tables: what is visible as raw, what this run has to pass on, the models, and the watermarks.

The order is what makes a crash harmless: what a build has seen is written down last, so a build that stopped is done
again with the same arrivals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shophouse.declarations import platform_declaration
from shophouse.engines import Engine, RawSource, RawTable
from shophouse.engines.plan import NodeResult
from shophouse.errors import BuildError, CheckFailed
from shophouse.existing import Landed
from shophouse.lake import Lake, LoadFile
from shophouse.project import Project

__all__ = ["Arrivals", "arrivals", "raise_for", "raw_tables", "write_loads"]


@dataclass
class Arrivals:
    """What the lake holds and what of it no build has passed on yet."""

    files: list[LoadFile] = field(default_factory=list)
    superseded: list[LoadFile] = field(default_factory=list)
    arrived: list[LoadFile] = field(default_factory=list)
    watermarks: dict[tuple[str, str], int] = field(default_factory=dict)
    """The newest load of each raw table: where the watermarks are to be when the build is done."""
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where the watermarks were."""

    @property
    def tables(self) -> set[tuple[str, str]]:
        return {(file.source, file.table) for file in self.arrived}

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.arrived)


def raw_tables(project: Project, lake: Lake) -> list[RawTable]:
    """Every raw table of the shop with the data files of the snapshot that the lake has now."""
    owned: dict[tuple[str, str], list[str]] = {}
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for platform in project.platforms:
        for name, table in platform_declaration(platform, project).tables.items():
            owned[platform, name] = list(project.sources_of(platform))
            columns[platform, name] = table.types
    present = lake.tables()
    for source, name in present:
        if source in project.sources:
            platform = project.sources[source].staging or source
            owned.setdefault((platform, name), [])
            columns.setdefault((platform, name), {})
            if source not in owned[platform, name]:
                owned[platform, name].append(source)
    return [
        RawTable(
            platform,
            name,
            columns[platform, name],
            [
                found
                for source in sources
                if (source, name) in present and (found := _raw_source(project, lake, source, name))
            ],
        )
        for (platform, name), sources in owned.items()
    ]


def _raw_source(project: Project, lake: Lake, source: str, table: str) -> RawSource | None:
    held = lake.existing.held(source, table) if isinstance(lake, Landed) else None
    files = [] if held else lake.data_files(source, table)
    if not files and held is None:
        return None
    identity = "" if held else lake.identity(source, table)
    return RawSource(source, project.timezone_of(source), lake.schema(source, table), files, identity, held)


def arrivals(project: Project, lake: Lake, watermarks: dict[tuple[str, str], int]) -> Arrivals:
    """Compare the lake with what the warehouse has seen.

    A file that was loaded again brings two arrivals under the deliveries append and snapshot: its new rows, and the old
    ones, which count no more.
    """
    found = Arrivals(seen=dict(watermarks))
    replacing = {
        (platform, name)
        for platform in project.platforms
        for name, table in platform_declaration(platform, project).tables.items()
        if table.delivery in ("append", "snapshot")
    }
    for source, table in lake.tables():
        if source not in project.sources:
            continue
        seen = watermarks.get((source, table), 0)
        files = lake.load_files(source, table)
        found.files += files
        found.watermarks[source, table] = max((file.load_id for file in files), default=0)
        superseded: list[LoadFile] = []
        if (project.sources[source].staging or source, table) in replacing:
            superseded = [file for file in files if file.superseded_by is not None]
        found.superseded += superseded
        found.arrived += [file for file in files if file.load_id > seen]
        found.arrived += [file for file in superseded if file.load_id <= seen and (file.superseded_by or 0) > seen]
    return found


def write_loads(engine: Engine, lake: Lake, found: Arrivals) -> None:
    """Tell the models, through schema ops, what was loaded, what is replaced and what is new."""
    loads = [load for source, table in found.watermarks for load in lake.loads(source, table)]
    engine.replace(
        "loads",
        [
            (
                load.source,
                load.table,
                load.load_id,
                load.run_id,
                load.loaded_at.replace(tzinfo=None),
                load.files,
                load.rows,
                load.rejected_rows,
                load.bytes,
                load.seconds,
            )
            for load in loads
        ],
    )
    engine.replace(
        "load_files", [(f.source, f.table, f.load_id, f.source_file, f.rows, f.rejected_rows) for f in found.files]
    )
    loaded_at = {(load.source, load.table, load.load_id): load.loaded_at.replace(tzinfo=None) for load in loads}
    engine.replace(
        "superseded_files",
        [
            (*pair, file.superseded_by, loaded_at.get((file.source, file.table, file.superseded_by or 0)))
            for pair, file in zip(_pairs(found.superseded), found.superseded, strict=True)
        ],
    )
    engine.replace("arrived_files", _pairs(found.arrived))
    rejected = [load for load in loads if load.rejected_rows]
    quarantined: list[tuple[object, ...]] = []
    for source, table in dict.fromkeys((load.source, load.table) for load in rejected):
        columns = ("_load_id", "_source_file", "line", "column_name", "reason")
        rows = lake.quarantine(source, table).select(columns).to_pylist()
        quarantined += [(source, table, *(row[column] for column in columns)) for row in rows]
    engine.replace("quarantine", quarantined)


def _pairs(files: Iterable[LoadFile]) -> list[tuple[str, str, int, str]]:
    return [(file.source, file.table, file.load_id, file.source_file) for file in files]


def raise_for(results: Sequence[NodeResult], examples: dict[str, list[str]] | None = None) -> None:
    """Raise BuildError for models that failed, else CheckFailed for tests that did.

    `examples` are failing rows, by test.
    """
    models = [result for result in results if result.failed and result.resource in ("model", "seed", "snapshot")]
    tests = [result for result in results if result.failed and result.resource in ("test", "unit_test")]
    if models:
        raise BuildError(
            f"{_counted(len(models), 'model')} could not be built: {', '.join(model.name for model in models)}",
            why=[line for model in models for line in _indented(model.message)],
            where=[model.compiled for model in models if model.compiled],
            hint="nothing was published; mend the model and type   shophouse run",
        )
    if tests:
        why: list[str] = []
        for test in tests:
            rows = _counted(test.failures, "row") if test.failures else test.message
            why.append(f"{test.name}: {rows}")
            why += [f"  {line}" for line in (examples or {}).get(test.name, ())]
        raise CheckFailed(
            f"{_counted(len(tests), 'test')} failed: {', '.join(test.name for test in tests)}",
            why=why,
            where=[test.compiled for test in tests if test.compiled],
            hint="nothing was published; the last published version still serves",
        )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _indented(message: str) -> list[str]:
    # dbt adds the stack of its macros, which says nothing about the model
    return [line.rstrip() for line in message.splitlines() if line.strip() and "> called by " not in line]
