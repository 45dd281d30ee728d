"""A shop's warehouse in Python: the verbs that the command line is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shophouse.errors import BuildError, CheckFailed, ShophouseError
from shophouse.project import Project
from shophouse.run_log import RunLog, RunRecord, records
from shophouse.state import Inputs, State
from shophouse.version import __version__

if TYPE_CHECKING:
    import duckdb

    from shophouse.builder import Builder
    from shophouse.engines import Engine
    from shophouse.ingestion import Ingested
    from shophouse.lake import Lake

__all__ = ["Listener", "Run", "Shop"]

_RUNS_IN_OPS = 200


class Listener(Protocol):
    """Told what is going on, for progress bars and the like. Every method may be called often."""

    def phase(self, name: str) -> None:
        """A phase begins: ingest, prepare, build, check, publish, export."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Part of the phase is done: bytes of a file, models or tests of a build. A total of 0 is not known."""

    def notice(self, line: str) -> None:
        """Something that a person should see but that stops nothing."""


class _Silent:
    def phase(self, name: str) -> None: ...

    def progress(self, what: str, done: int, total: int) -> None: ...

    def notice(self, line: str) -> None: ...


@dataclass
class Run:
    """What a run did. `record` is what was written to `logs/`."""

    record: RunRecord
    ingested: Ingested | None = None
    exported: list[Path] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.record.status


class Shop:
    """A shop's folder, ready for work. Opening it reads `shophouse.yml` and nothing else.

    Every verb raises a ShophouseError that says what to do; none leaves anything half done.
    """

    def __init__(self, project: Project, listener: Listener | None = None) -> None:
        self.project = project
        self.listener: Listener = listener or _Silent()
        self._made: Builder | None = None

    @classmethod
    def open(cls, folder: Path | str = ".", listener: Listener | None = None) -> Shop:
        """Raises ConfigError with every mistake in the project file."""
        return cls(Project.load(folder), listener)

    @cached_property
    def lake(self) -> Lake:
        from shophouse.lake import Lake

        return Lake.of(self.project)

    @property
    def engine(self) -> Engine:
        from shophouse.engines import engine_of

        return engine_of(self.project)

    def ingest(self, sources: Sequence[str] = ()) -> Run:
        """Load what arrived into the lake, and build nothing."""
        with self._run("ingest") as run:
            self._ingest(run, sources)
        return run

    def build(self, *, select: Sequence[str] = (), full_refresh: bool = False) -> Run:
        """Build and test what is downstream of what arrived; publish nothing.

        `select` names models in dbt's words and builds these alone; `full_refresh` builds everything anew.
        """
        with self._run("build") as run, self.engine.writing("shophouse build"):
            self._build(run, select=select, full_refresh=full_refresh)
        return run

    def check(self) -> Run:
        """Run every test on what was built, and check freshness. Raises CheckFailed that names law and rows."""
        with self._run("check") as run, self.engine.writing("shophouse check"):
            self._prepare_dbt()
            with self._phase(run, "check"):
                results = self._builder.dbt(run.record, "test")
            self._builder.raise_for(results)
            self._freshness(run)
        return run

    def publish(self) -> Run:
        """Make what was built visible to readers. Raises BuildError when the last build did not go through."""
        with self._run("publish") as run, self.engine.writing("shophouse publish"):
            state = State.load(self.project)
            if state.built is None or not state.is_whole:
                raise BuildError(
                    "what was built last is not fit to be published",
                    why="a build or one of its tests failed, or was stopped, or only some models were built",
                    hint="mend it and type   shophouse run",
                )
            self._publish(run)
        return run

    def export(
        self, marts: Sequence[str] = (), *, formats: Sequence[str] = (), folder: Path | None = None
    ) -> list[Path]:
        """Write the published marts, or those named, as files; returns their paths."""
        from shophouse.serve.export import export

        tell = self.listener
        return export(
            self.project,
            self.engine,
            marts,
            formats=formats,
            folder=folder,
            progress=tell.progress,
            notice=tell.notice,
        )

    def run(self, *, full_refresh: bool = False) -> Run:
        """Ingest, build, check, publish, export. Ends at once, with status "nothing new", when nothing changed."""
        with self._run("run") as run, self.engine.writing("shophouse run"), self.compiling(full_refresh) as before:
            self._ingest(run, ())
            state = State.load(self.project)
            inputs = before.at(self.lake.heads())
            if not full_refresh and state.published == inputs and self.engine.published() is not None:
                self._freshness(run)
                run.record.status = "nothing new"
                run.record.published = state.version
            else:
                self._build(run, full_refresh=full_refresh)
                self._freshness(run)
                self._publish(run)
            self._export(run)
        return run

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        """Query the newest published version, read-only: `.df()`, `.pl()`, `.arrow()`, `.fetchall()` on the result."""
        relation: duckdb.DuckDBPyRelation = self.engine.read(query, parameters)
        return relation

    def runs(self, newest: int | None = None) -> list[RunRecord]:
        """What ran, oldest first."""
        return records(self.project.logs_folder, newest)

    def _inputs(self) -> Inputs:
        from shophouse.scaffold import ensure_dbt_files

        ensure_dbt_files(self.project)
        return Inputs.of(self.project, self.lake.heads())

    @contextmanager
    def _run(self, command: str) -> Iterator[Run]:
        log = RunLog(self.project.logs_folder, command, __version__)
        run = Run(log.record)
        self._log = log
        try:
            yield run
        except ShophouseError as error:
            log.end("failed", error.what)
            raise
        except BaseException as error:
            # DuckDB makes a RuntimeError of a Ctrl-C that meets it in a query
            stopped = isinstance(error, KeyboardInterrupt | SystemExit) or str(error) == "Query interrupted"
            log.end("stopped" if stopped else "failed", f"{type(error).__name__}: {error}".strip(": "))
            raise
        else:
            log.end(run.record.status if run.record.status != "running" else "success")
        finally:
            self._write_page(run.record)

    def _write_page(self, record: RunRecord) -> None:
        """Failures too have to be on the page, so it is written whatever became of the run."""
        if record.loads or record.models or record.tests or record.status in ("failed", "stopped"):
            from shophouse.serve.runs_page import write_runs_page

            # a full disk is told by what came before
            with suppress(OSError):
                write_runs_page(self.project.logs_folder, self.project.reports_folder)

    @contextmanager
    def _phase(self, run: Run, name: str) -> Iterator[None]:
        self.listener.phase(name)
        with self._log.phase(name):
            yield

    def _ingest(self, run: Run, sources: Sequence[str]) -> None:
        from shophouse.ingestion import ingest

        with self._phase(run, "ingest"):
            run.ingested = ingest(
                self.project,
                self.lake,
                run_id=run.record.run_id,
                sources=sources,
                progress=self.listener.progress,
                notice=self.listener.notice,
            )
        run.record.loads = [
            {
                "source": load.source,
                "table": load.table,
                "load_id": load.load_id,
                "files": load.files,
                "rows": load.rows,
                "rejected_rows": load.rejected_rows,
                "bytes": load.bytes,
                "seconds": round(load.seconds, 3),
            }
            for load in run.ingested.loads
        ]

    @contextmanager
    def compiling(self, full_refresh: bool = False) -> Iterator[Inputs]:
        """Where the next run will build everything: compile the models beside the work in this block. Gives inputs."""
        inputs, built = self._inputs(), State.load(self.project).built
        if full_refresh or built is None or built.foundation != inputs.foundation:
            with self._builder.compiling(inputs.project):
                yield inputs
        else:
            yield inputs

    def _build(self, run: Run, *, select: Sequence[str] = (), full_refresh: bool = False) -> None:
        from shophouse.building import arrivals, raw_tables, write_loads

        engine = self.engine
        with self._phase(run, "prepare"):
            # others may load meanwhile: what is built, and what is noted as built, are of one moment
            lake = self.lake.pinned()
            inputs = self._inputs().at(lake.heads())
            state = State.load(self.project)
            is_empty = engine.prepare()
            tables = raw_tables(self.project, lake)
            full = full_refresh or (
                not select and (is_empty or state.built is None or state.built.foundation != inputs.foundation)
            )
            if full and not select:
                state.built = None
                state.save(self.project)
                engine.reset()
            engine.attach(tables)
            marks = self._watermarks(engine)
            found = arrivals(self.project, lake, marks)
            write_loads(engine, lake, found)
            run.record.is_full_refresh = full
        unchanged = state.built is not None and state.built.models == inputs.models
        was_whole = state.is_whole
        state.is_whole = False
        if state.built is not None:
            # models may be changed, built in part or in vain, and changed back: what is left must not pass for theirs
            state.built = state.built.shared_with(inputs)
        state.save(self.project)
        with self._phase(run, "build"):
            if select:
                # a test is run where all that it reads was selected or stands above it
                some = ["--select", *select, "--indirect-selection", "buildable"]
                if full:
                    some.insert(0, "--full-refresh")
                results = self._builder.dbt(run.record, "build", *some)
            else:
                changed = {self._identifier(*table) for table in found.tables}
                results = self._builder.build(run.record, inputs, changed, full=full, unchanged=unchanged)
            self._builder.raise_for(results)
        if not select:
            self._built(engine, found.watermarks, inputs)
        elif was_whole:
            state.is_whole = True
            state.save(self.project)

    def _built(self, engine: Engine, watermarks: dict[tuple[str, str], int], inputs: Inputs) -> None:
        engine.replace("model_watermarks", [(source, table, load) for (source, table), load in watermarks.items()])
        state = State.load(self.project)
        state.built = inputs
        state.is_whole = True
        state.save(self.project)

    def _identifier(self, source: str, table: str) -> str:
        return f"{self.project.sources[source].staging or source}__{table}"

    @staticmethod
    def _watermarks(engine: Engine) -> dict[tuple[str, str], int]:
        rows = engine.query("select source, table_name, load_id from ops.model_watermarks").to_pylist()
        return {(row["source"], row["table_name"]): row["load_id"] for row in rows}

    def _publish(self, run: Run) -> None:
        from shophouse.recording import record_runs

        with self._phase(run, "publish"):
            state = State.load(self.project)
            record_runs(self.engine, [*self.runs(_RUNS_IN_OPS), run.record])
            state.version = self.engine.publish()
            state.published = state.built
            state.save(self.project)
            run.record.published = state.version

    def _export(self, run: Run) -> None:
        state = State.load(self.project)
        if state.exported == state.version:
            return
        with self._phase(run, "export"):
            run.exported = self.export()
            state.exported = state.version
            state.save(self.project)

    def _freshness(self, run: Run) -> None:
        from shophouse.quality.freshness import freshness

        with self._phase(run, "check"):
            run.record.freshness = freshness(self.project, self.lake)
        stale = [result for result in run.record.freshness if result.status in ("warn", "error")]
        lines = [f"{r.source}.{r.table}: nothing arrived for {_age(r.age_seconds)}" for r in stale]
        for line in lines:
            self.listener.notice(line)
        if any(result.status == "error" for result in stale):
            raise CheckFailed(
                "data is older than it may be",
                why=lines,
                hint="see why nothing arrives, or change freshness in shophouse.yml",
            )

    @property
    def _builder(self) -> Builder:
        from shophouse.builder import Builder

        if self._made is None:
            self._made = Builder(self.project, self.engine, self.listener.progress)
        return self._made

    def _prepare_dbt(self) -> None:
        from shophouse.building import raw_tables

        self._inputs()
        self.engine.prepare()
        self.engine.attach(raw_tables(self.project, self.lake))


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "ever"
    hours = seconds / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
