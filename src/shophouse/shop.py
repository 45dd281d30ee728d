"""A shop's warehouse in Python: the verbs that the command line is made of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import BuildError, ConfigError
from shophouse.project import Project
from shophouse.run_log import RunRecord, records
from shophouse.state import Inputs, State
from shophouse.steps import Listener, Run, Silent, Steps

if TYPE_CHECKING:
    import duckdb

    from shophouse.engines import Engine
    from shophouse.lake import Lake

__all__ = ["Listener", "Run", "Shop"]


class Shop:
    """A shop's folder, ready for work. Opening it reads `shophouse.yml` and nothing else.

    Every verb raises a ShophouseError that says what to do; none leaves anything half done.
    """

    def __init__(self, project: Project, listener: Listener | None = None) -> None:
        self.project = project
        self.listener: Listener = listener or Silent()

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

    @cached_property
    def steps(self) -> Steps:
        """What the verbs are made of."""
        return Steps(self.project, self.lake, self.engine, self.listener)

    def ingest(self, sources: Sequence[str] = ()) -> Run:
        """Load what arrived into the lake, and build nothing."""
        with self.steps.recorded("ingest") as run:
            self.steps.ingest(run, sources)
        return run

    def build(self, *, select: Sequence[str] = (), full_refresh: bool = False) -> Run:
        """Build and test what is downstream of what arrived; publish nothing.

        `select` names models in dbt's words and builds these alone; `full_refresh` builds everything anew.
        """
        with (
            self.steps.recorded("build") as run,
            self.engine.writing("shophouse build"),
            nullcontext() if select else self.compiling(full_refresh),
        ):
            self.steps.build(run, select=select, full_refresh=full_refresh)
        return run

    def check(self) -> Run:
        """Run every test on what was built, and check freshness. Raises CheckFailed that names law and rows."""
        with self.steps.recorded("check") as run, self.engine.writing("shophouse check"):
            if State.load(self.project).behind:
                self.steps.build(run)
            self.steps.prepare_dbt()
            with self.steps.phase(run, "check"):
                results = self.steps.builder.dbt(run.record, "test")
            self.steps.builder.raise_for(results)
            self.steps.freshness(run)
        return run

    def publish(self) -> Run:
        """Make what was built visible to readers. Raises BuildError when the last build did not go through."""
        with self.steps.recorded("publish") as run, self.engine.writing("shophouse publish"):
            state = State.load(self.project)
            if state.built is None or not state.is_whole:
                raise BuildError(
                    "what was built last is not fit to be published",
                    why="a build or one of its tests failed, or was stopped, or only some models were built",
                    hint="mend it and type   shophouse run",
                )
            self.steps.publish(run)
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

    def report(
        self,
        period: str = "last month",
        *,
        compare: str = "previous",
        pages: Sequence[str] = (),
        where: str | None = None,
        output: Path | None = None,
        formats: Sequence[str] = (),
        with_personal_data: bool = False,
    ) -> list[Path]:
        """Write the dashboard's figures of a period as a file that needs no server; returns its path, for each format.

        `period` as "last month", 2025-09 or 2025-09-01..2025-09-30, `compare` previous, year or none, `pages` those of
        the dashboard, `formats` html and pdf. `output` is a file or a folder instead of the shop's folder of reports.
        """
        try:
            from shophouse.serve.report.made import Asked, comparison_of
            from shophouse.serve.report.writing import write_report
        except ImportError as error:
            raise ConfigError(
                "reports are not installed", why=str(error), hint='pip install "shophouse[serve]"'
            ) from error
        asked = Asked(period, comparison_of(compare), tuple(pages), where, with_personal_data)
        return write_report(self.project, self.engine, asked, formats=formats, output=output)

    def run(self, *, full_refresh: bool = False) -> Run:
        """Ingest, build, check, publish, export, write the reports that are due.

        Ends at once, with status "nothing new", when nothing changed.
        """
        with (
            self.steps.recorded("run") as run,
            self.engine.writing("shophouse run"),
            self.compiling(full_refresh) as before,
        ):
            self.steps.ingest(run)
            state = State.load(self.project)
            inputs = before.at(self.steps.heads())
            if (
                not full_refresh
                and state.published == inputs
                and not state.behind
                and self.engine.published() is not None
            ):
                self.steps.freshness(run)
                run.record.status = "nothing new"
                run.record.published = state.version
            else:
                # what one step has read the next finds in memory
                with self.steps.engine.session():
                    self.steps.build(run, full_refresh=full_refresh, inputs=inputs)
                    self.steps.freshness(run)
                    self.steps.publish(run)
            self.steps.export(run)
            self.steps.reports(run)
        return run

    def stream(
        self,
        *,
        seconds: float | None = None,
        stop: threading.Event | None = None,
        told: Callable[[str], None] | None = None,
        **pace: Any,
    ) -> RunRecord:
        """Run round after round, until `stop` is set or for so many seconds; returns the record of the last day.

        `pace` are settings of `stream:` in shophouse.yml, instead of what the file says. `told` is told of each round
        that failed: it publishes nothing, and the stream goes on when it can.
        """
        from shophouse.streaming import Stream

        def reopen() -> Steps:
            project = Project.load(self.project.folder)
            return Shop(project.with_stream(**pace), self.listener).steps

        return Stream(reopen, stop, told).run(seconds)

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        """Query the newest published version, read-only: `.df()`, `.pl()`, `.arrow()`, `.fetchall()` on the result."""
        relation: duckdb.DuckDBPyRelation = self.engine.read(query, parameters)
        return relation

    def runs(self, newest: int | None = None) -> list[RunRecord]:
        """What ran, oldest first."""
        return records(self.project.logs_folder, newest)

    @contextmanager
    def compiling(self, full_refresh: bool = False) -> Iterator[Inputs]:
        """Where the next run builds another project than the last: compile it beside this block. Gives inputs."""
        inputs, built = self.steps.inputs(), State.load(self.project).built
        with self.steps.builder.compiling(inputs, None if full_refresh else built):
            yield inputs
