"""The loop: rounds while they go well, back-off while they don't, one record a day.

What was read and what was built says the lake and the warehouse, as in a run, so a stream that is killed is simply
started again. A round that fails publishes nothing: the next one begins with what had arrived, and what has since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError, LockedError, ShophouseError
from shophouse.run_log import RunRecord, close_records
from shophouse.state import Inputs, State
from shophouse.steps import Run, Steps
from shophouse.streaming.feeds import Feeds
from shophouse.streaming.latency import Latencies, measure
from shophouse.streaming.record import Rounds
from shophouse.streaming.upkeep import tidy, untidy

if TYPE_CHECKING:
    from shophouse.building import Arrivals
    from shophouse.project import Project

__all__ = ["Stream"]

_LONGEST_WAIT = 60.0
_UNEXPECTED_IN_A_ROW = 5
_SAVED_EVERY = 2.0
_PROJECT_READ_EVERY = 10.0
_FRESHNESS_EVERY = 300.0


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(_LONGEST_WAIT, 2.0 ** min(failures - 1, 6))


@dataclass
class _Due:
    """Something that is done from time to time."""

    every: float
    last: float = float("-inf")

    @property
    def now(self) -> bool:
        return time.monotonic() - self.last >= self.every

    def done(self) -> None:
        self.last = time.monotonic()


@dataclass
class _Publishing:
    """What a round has built, which becomes visible while the next one reads."""

    part: Run
    began_at: datetime
    arrived: Arrivals
    is_whole: bool
    visible_at: Future[datetime]


class Stream:
    """Runs rounds until `stop` is set, or for some seconds.

    `reopen` gives the steps of the shop as its files are now: they may be changed while the stream runs.
    """

    def __init__(
        self,
        reopen: Callable[[], Steps],
        stop: threading.Event | None = None,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self.reopen = reopen
        self.stop = stop or threading.Event()
        self.tell = told or (lambda line: None)
        self.started_at = datetime.now(UTC)
        self._visible: dict[tuple[str, str], int] = {}
        """The newest load of each table that this stream has published."""
        self._publishing: _Publishing | None = None
        self._take(reopen())

    def run(self, seconds: float | None = None) -> RunRecord:
        """Returns the record of the last day.

        Raises LockedError when something else is writing at the start, ConfigError whenever the project can't be read,
        and an error that is no shop's after five rounds in a row with one.
        """
        until = float("inf") if seconds is None else time.monotonic() + seconds
        is_first = True
        while True:
            with self.steps.recorded("stream") as run:
                self._serve(run, Rounds(run.record), until, must_begin=is_first)
            is_first = False
            if self._is_over(until):
                return run.record
            self._take(self.reopen())

    def _take(self, steps: Steps) -> None:
        self.steps = steps
        self.project: Project = steps.project
        self.pace = steps.project.stream
        self._inputs: Inputs | None = None
        self._mistake = ""
        self._whole = _Due(self.pace.whole_every.total_seconds())
        if not State.load(self.project).behind:
            self._whole.done()
        self._exported = _Due(self.pace.exports_every.total_seconds())
        self._saved = _Due(_SAVED_EVERY)
        self._checked = _Due(_FRESHNESS_EVERY)
        self._read = _Due(_PROJECT_READ_EVERY)

    def _is_over(self, until: float) -> bool:
        return self.stop.is_set() or time.monotonic() >= until

    def _serve(self, run: Run, rounds: Rounds, until: float, *, must_begin: bool) -> None:
        """Rounds, until the stream ends, the day does, or the project's files change."""
        failures, unexpected = 0, 0
        feeds = Feeds(self.steps, self.pace.full_reads_every, self._notice)
        while True:
            part = self._part(run)
            try:
                with ExitStack() as held:
                    held.enter_context(self.steps.engine.writing("shophouse stream"))
                    held.enter_context(self.steps.engine.session())
                    held.enter_context(closing(feeds))
                    held.enter_context(self._compiling())
                    beside = held.enter_context(ThreadPoolExecutor(1))
                    close_records(self.project.logs_folder, "stream", run.record)
                    must_begin = False
                    while not (self._is_over(until) or rounds.is_over or self._has_changed()):
                        part, began = self._part(run), time.monotonic()
                        self._round(part, rounds, feeds, beside)
                        if failures or time.monotonic() < began + self.pace.every.total_seconds():
                            self._settle(rounds)
                        if failures and part.record.published is not None:
                            self._notice("it goes on")
                            failures, unexpected = 0, 0
                        self._save()
                        self._pause(began, until, feeds)
                    self._settle(rounds)
                    self._catch_up(self._part(run), rounds, beside)
                return
            except ConfigError:
                raise
            except LockedError as error:
                if must_begin:
                    raise
                self._failed(rounds, part.record, error)
            except ShophouseError as error:
                self._failed(rounds, part.record, error)
            except Exception as error:
                unexpected += 1
                if unexpected >= _UNEXPECTED_IN_A_ROW or self.stop.is_set():
                    raise
                self._failed(rounds, part.record, error)
            failures += 1
            self.stop.wait(min(back_off(failures), max(0.0, until - time.monotonic())))
            if self._is_over(until):
                return

    def _compiling(self) -> AbstractContextManager[None]:
        """Where another project has to be built, compile it beside reading what arrived."""
        self._inputs = self._inputs or self.steps.inputs()
        return self.steps.builder.compiling(self._inputs, State.load(self.project).built)

    def _part(self, run: Run) -> Run:
        record = run.record
        return Run(RunRecord(record.run_id, record.command, record.started_at, record.version))

    def _has_changed(self) -> bool:
        """Whether the project is another than the one that was read."""
        if self._inputs is None:
            self._inputs = self.steps.inputs()
        elif self._read.now:
            self._read.done()
            try:
                return self.steps.inputs().project != self._inputs.project or self.reopen().project != self.project
            except ConfigError as error:
                if error.what != self._mistake:
                    self._mistake = error.what
                    self._notice(f"{error.render().removeprefix('error: ')}\n  the stream goes on as before")
        return False

    def _round(self, part: Run, rounds: Rounds, feeds: Feeds, beside: Executor) -> None:
        began_at = datetime.now(UTC)
        assert self._inputs is not None
        self._tidy(rounds, feeds)
        feeds.ingest(part)
        self._settle(rounds)
        state = State.load(self.project)
        inputs = self._inputs.at(self.steps.heads())
        is_whole = not self.pace.marts or self._whole.now
        if state.published == inputs and not (is_whole and state.behind):
            rounds.idle(part.record)
            return
        is_whole = self._build(part, inputs, began_at, beside, is_whole=is_whole)
        if is_whole and self._exported.now:
            self._settle(rounds)
            self.steps.export(part)
            self.steps.reports(part)
            self._exported.done()

    def _tidy(self, rounds: Rounds, feeds: Feeds) -> None:
        """Merge small files. They hold the same rows, so what was built of the old ones is built of the new."""
        assert self._inputs is not None
        wanting = untidy(self.steps.lake, feeds.tables)
        if not wanting:
            return
        self._settle(rounds)
        inputs = self._inputs.at(self.steps.heads())
        tidied = tidy(self.steps.lake, wanting, self.pace.snapshots_kept)
        for source, table in tidied:
            self._log(f"merged small files of {source}.{table}")
        state = State.load(self.project)
        if tidied and state.published == inputs:
            self.steps.attach()
            state.built = state.published = inputs.at(self.steps.heads())
            state.save(self.project)

    def _build(self, part: Run, inputs: Inputs, began_at: datetime, beside: Executor, *, is_whole: bool) -> bool:
        """Build what arrived, and begin to publish it; returns whether everything was built."""
        steps = self.steps
        arrived = steps.build(part, marts=None if is_whole else self.pace.marts, inputs=inputs)
        if self._checked.now:
            steps.freshness(part)
            self._checked.done()
        # a full build by dbt is whole, whatever was asked for
        is_whole = is_whole or not State.load(self.project).behind
        if is_whole:
            self._whole.done()

        def publish() -> datetime:
            steps.publish(part, with_history=is_whole)
            return datetime.now(UTC)

        self._publishing = _Publishing(part, began_at, arrived, is_whole, beside.submit(publish))
        return is_whole

    def _settle(self, rounds: Rounds) -> None:
        """Wait until what was built last is visible, and note how long its rows took."""
        done, self._publishing = self._publishing, None
        if done is None:
            return
        visible_at = done.visible_at.result()
        arrived = done.arrived
        # a full build brings again what could be seen before
        seen = {**arrived.seen, **self._visible}
        self._visible = arrived.watermarks
        since = {key: (seen.get(key, 0), last) for key, last in arrived.watermarks.items()}
        news = {key: loads for key, loads in since.items() if loads[0] < loads[1]}
        latencies = measure(self.project, self.steps.lake, news, visible_at, self.started_at) if news else Latencies()
        seconds = (visible_at - done.began_at).total_seconds()
        rounds.published(done.part.record, seconds, latencies, is_whole=done.is_whole)

    def _catch_up(self, part: Run, rounds: Rounds, beside: Executor) -> None:
        """Build what waits, so that whoever comes after the stream finds everything up to date."""
        if self._inputs is not None and State.load(self.project).behind:
            inputs = self._inputs.at(self.steps.heads())
            self._build(part, inputs, datetime.now(UTC), beside, is_whole=True)
            self._settle(rounds)

    def _pause(self, began: float, until: float, feeds: Feeds) -> None:
        """Wait until the next round is due, or so many rows wait that it can't."""
        end = min(began + self.pace.every.total_seconds(), until)
        while (left := end - time.monotonic()) > 0 and not self.stop.is_set():
            self.stop.wait(min(left, 0.5))
            if left > 0.5 and feeds.waiting() >= self.pace.rows:
                return

    def _failed(self, rounds: Rounds, part: RunRecord, error: Exception) -> None:
        what = error.what if isinstance(error, ShophouseError) else f"{type(error).__name__}: {error}"
        if rounds.record.stream.get("trouble") != what:
            self.tell(error.render() if isinstance(error, ShophouseError) else f"error: {what}")
        self._log(f"a round failed: {what}", is_error=True)
        rounds.failed(part, sum(part.phases.values()), what)
        self._save(at_once=True)

    def _notice(self, line: str) -> None:
        self.steps.listener.notice(line)
        self._log(line)

    def _log(self, line: str, *, is_error: bool = False) -> None:
        if self.steps.log is not None:
            self.steps.log.note(line, is_error=is_error)

    def _save(self, *, at_once: bool = False) -> None:
        if self.steps.log is not None and (at_once or self._saved.now):
            self.steps.log.save()
            self._saved.done()
