"""The steps that a run is made of, over one shop: each is timed in the run's record and told to a listener."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from shophouse.errors import CheckFailed, ConfigError, ShophouseError, SourceError
from shophouse.project import Project
from shophouse.run_log import RunLog, RunRecord, records
from shophouse.state import Inputs, State
from shophouse.version import __version__

if TYPE_CHECKING:
    from shophouse.builder import Builder
    from shophouse.building import Arrivals
    from shophouse.engines import Engine
    from shophouse.existing import Existing, Landed
    from shophouse.ingestion import Ingested, Readers
    from shophouse.lake import Lake

__all__ = ["Listener", "Run", "Silent", "Steps"]

_RUNS_IN_OPS = 200
# so many rows are worth more than one core to each query that passes them on
_FEW_ROWS = 50_000


class Listener(Protocol):
    """Told what is going on, for progress bars and the like. Every method may be called often."""

    def phase(self, name: str) -> None:
        """A phase begins: ingest, prepare, build, check, publish, export, report."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Part of the phase is done: bytes of a file, models or tests of a build. A total of 0 is not known."""

    def notice(self, line: str) -> None:
        """Something that a person should see but that stops nothing."""


class Silent:
    """A listener that nobody listens to."""

    def phase(self, name: str) -> None: ...

    def progress(self, what: str, done: int, total: int) -> None: ...

    def notice(self, line: str) -> None: ...


@dataclass
class Run:
    """What a run did. `record` is what was written to `logs/`."""

    record: RunRecord
    ingested: Ingested | None = None
    exported: list[Path] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.record.status


class Steps:
    """The steps over one shop's lake and engine. What is dear to make, as the plan of a build, is kept between them."""

    def __init__(self, project: Project, lake: Lake, engine: Engine, listener: Listener) -> None:
        self.project = project
        self.lake = lake
        self.engine = engine
        self.listener = listener
        self.log: RunLog | None = None

    @cached_property
    def existing(self) -> Existing:
        """The tables that other loaders keep, as they were seen last."""
        from shophouse.existing import Existing

        return Existing.of(self.project)

    def landed(self) -> Landed:
        """The lake and the tables of other loaders, which are looked at where that was not done yet."""
        from shophouse.existing import Landed

        if left := [name for name in self.existing.sources if name not in self.existing.looked]:
            self.existing.look(self.engine, left, notice=self.listener.notice)
        return Landed(self.lake, self.existing)

    @cached_property
    def builder(self) -> Builder:
        from shophouse.builder import Builder

        return Builder(self.project, self.engine, self.listener.progress)

    def inputs(self) -> Inputs:
        from shophouse.scaffold import ensure_dbt_files

        ensure_dbt_files(self.project)
        return Inputs.of(self.project, {})

    def heads(self) -> dict[tuple[str, str], str]:
        """What there is to build from, by source and table: equal heads mean equal rows."""
        return self.landed().heads()

    @contextmanager
    def recorded(self, command: str) -> Iterator[Run]:
        """A run with its record, which is written whatever becomes of the block."""
        log = RunLog(self.project.logs_folder, command, __version__)
        # each run looks anew at what others keep
        self.__dict__.pop("existing", None)
        run = Run(log.record)
        self.log = log
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
    def phase(self, run: Run, name: str) -> Iterator[None]:
        assert self.log is not None
        self.listener.phase(name)
        with self.log.phase(name, None if run.record is self.log.record else run.record):
            yield

    def ingest(self, run: Run, sources: Sequence[str] = (), readers: Readers | None = None) -> None:
        """Load what arrived in these sources, or in all of them; `readers` makes what reads a source."""
        from shophouse.ingestion import ingest

        with self.phase(run, "ingest"):
            run.ingested = ingest(
                self.project,
                self.lake,
                run_id=run.record.run_id,
                sources=sources,
                readers_of=readers,
                progress=self.listener.progress,
                notice=self.listener.notice,
            )
            if self.existing.sources:
                run.ingested.loads += self.existing.look(
                    self.engine,
                    sources,
                    run_id=run.record.run_id,
                    # whoever keeps the readers tries again when it likes
                    tries_again=readers is None,
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

    def build(
        self,
        run: Run,
        *,
        select: Sequence[str] = (),
        full_refresh: bool = False,
        marts: Collection[str] | None = None,
        inputs: Inputs | None = None,
    ) -> Arrivals:
        """Build and test what is downstream of what arrived since the last build that went through; returns that.

        `select` names models in dbt's words and builds these alone. `marts` leaves other marts as they are, where that
        can wait; the next build without it makes up for them. `inputs` are the project's, where they are known.
        """
        from shophouse.building import arrivals, raw_tables, write_loads

        engine = self.engine
        with self.phase(run, "prepare"):
            # others may load meanwhile: what is built, and what is noted as built, are of one moment
            lake = self.landed().pinned()
            inputs = (self.inputs() if inputs is None else inputs).at(lake.heads())
            state = State.load(self.project)
            is_empty = engine.prepare()
            tables = raw_tables(self.project, lake)
            full = full_refresh or (
                not select
                and (
                    is_empty
                    or state.built is None
                    or state.built.foundation != inputs.foundation
                    or self._is_held_otherwise(state.built)
                )
            )
            if full and not select:
                state.built = None
                state.save(self.project)
                engine.reset()
            engine.attach(tables)
            marks = self._watermarks()
            found = arrivals(self.project, lake, marks)
            write_loads(engine, lake, found)
            run.record.is_full_refresh = full
        unchanged = state.built is not None and state.built.project == inputs.project
        was_whole, was_proved = state.is_whole, state.is_proved
        before = state.built.project if state.built is not None and was_whole else ""
        state.is_whole = state.is_proved = False
        if state.built is not None:
            # models may be changed, built in part or in vain, and changed back: what is left must not pass for theirs
            state.built = state.built.shared_with(inputs)
        state.save(self.project)
        behind: Collection[str] = state.behind
        with self.phase(run, "build"):
            if select:
                # a test is run where all that it reads was selected or stands above it
                some = ["--select", *select, "--indirect-selection", "buildable"]
                if full:
                    some.insert(0, "--full-refresh")
                results = self.builder.dbt(run.record, "build", *some)
            else:
                changed = {self._identifier(*table) for table in found.tables}
                built = self.builder.build(
                    run.record,
                    inputs,
                    changed,
                    full=full,
                    unchanged=unchanged,
                    proved=was_proved,
                    behind=behind,
                    marts=marts,
                    few=found.rows <= _FEW_ROWS,
                    before=before,
                )
                results, behind = built.results, built.behind
            self._look_again(is_whole=full)
            self.builder.raise_for(results)
        # of what changed meanwhile is not known what was built
        inputs = inputs.at(lake.heads())
        if not select:
            self._built(found.watermarks, inputs, behind)
        elif was_whole:
            state.is_whole = True
            state.save(self.project)
        return found

    def _is_held_otherwise(self, built: Inputs) -> bool:
        """Whether a table of another loader is not what was built: nothing tells which of its rows changed."""
        before = {
            table: head for table, head in built.heads.items() if table.partition(".")[0] in self.existing.sources
        }
        now = {f"{source}.{table}": head for (source, table), head in self.existing.heads().items()}
        return before != now

    def _look_again(self, *, is_whole: bool) -> None:
        """Tell which tables of other loaders changed while they were read, or of which that can't be said."""
        existing = self.existing
        if not existing.sources:
            return
        try:
            changed = existing.look_again(self.engine, is_whole=is_whole)
        except SourceError as error:
            existing.changed.update(existing.seen)
            self.listener.notice(
                f"{error.what}; whether it changed what was built is not known: the next look builds anew"
            )
            return
        for key in changed:
            self.listener.notice(
                f"{'.'.join(key)} changed while it was read: what was built may be of two moments;"
                " the next look at it builds anew"
            )

    def _built(self, watermarks: dict[tuple[str, str], int], inputs: Inputs, behind: Collection[str]) -> None:
        state = State.load(self.project)
        # what is behind first: a crash between the two has it built once more, and forgets nothing
        state.behind = sorted({*state.behind, *behind})
        state.save(self.project)
        rows = [(source, table, load) for (source, table), load in watermarks.items()]
        self.engine.replace("model_watermarks", rows)
        state.behind = sorted(behind)
        state.built = inputs
        state.is_whole = state.is_proved = True
        state.save(self.project)

    def _identifier(self, source: str, table: str) -> str:
        return f"{self.project.sources[source].staging or source}__{table}"

    def _watermarks(self) -> dict[tuple[str, str], int]:
        rows = self.engine.query("select source, table_name, load_id from ops.model_watermarks").to_pylist()
        return {(row["source"], row["table_name"]): row["load_id"] for row in rows}

    def publish(self, run: Run, *, with_history: bool = True) -> None:
        """Make what was built visible; `with_history` brings what ran into schema ops before."""
        from shophouse.laws import laws
        from shophouse.recording import record_runs

        with self.phase(run, "publish"):
            state = State.load(self.project)
            if with_history:
                assert self.log is not None
                runs = [*records(self.project.logs_folder, _RUNS_IN_OPS), self.log.record]
                record_runs(self.engine, runs, laws(self.project))
            state.version = self.engine.publish()
            state.published = state.built
            state.save(self.project)
            run.record.published = state.version

    def export(self, run: Run) -> None:
        """Write the files of `reports/`, unless they are of the newest version already."""
        from shophouse.serve.export import export

        state = State.load(self.project)
        if state.exported == state.version:
            return
        with self.phase(run, "export"):
            tell = self.listener
            run.exported = export(
                self.project, self.engine, (), formats=(), folder=None, progress=tell.progress, notice=tell.notice
            )
            state.exported = state.version
            state.save(self.project)

    def reports(self, run: Run) -> None:
        """Write the reports of shophouse.yml that are due, unless the newest version was looked at for them already."""
        state = State.load(self.project)
        asked = hashlib.sha256(repr(self.project.reports).encode()).hexdigest()[:16]
        looked_at = f"{state.version}-{asked}"
        if not self.project.reports or state.reported == looked_at:
            return
        try:
            from shophouse.serve.report.writing import write_due
        except ImportError as error:
            raise ConfigError(
                "reports are not installed", why=str(error), hint='pip install "shophouse[serve]"'
            ) from error
        with self.phase(run, "report"):
            run.reports = write_due(self.project, self.engine, notice=self.listener.notice)
            state.reported = looked_at
            state.save(self.project)

    def freshness(self, run: Run) -> None:
        """Raises CheckFailed where data is older than it may be."""
        from shophouse.quality.freshness import freshness

        with self.phase(run, "check"):
            run.record.freshness = freshness(self.project, self.landed())
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

    def prepare_dbt(self) -> None:
        self.inputs()
        self.engine.prepare()
        self.attach()

    def attach(self) -> None:
        """Show the lake's files as they are now."""
        from shophouse.building import raw_tables

        self.engine.attach(raw_tables(self.project, self.landed()))


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "ever"
    hours = seconds / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
