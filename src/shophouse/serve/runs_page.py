"""What ran, as a page in `reports/runs.html` and as rows in `reports/model_runs.csv`.

The page is one file that asks nothing of the outside, so that it can be mailed or served by anything. Durations are
compared with the last run of the same kind: a full refresh with a full refresh, an incremental run with one of those.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from pathlib import Path

from shophouse.run_log import ModelRun, RunRecord, records

__all__ = ["write_runs_page"]

_RUNS_READ = 500
_RUNS_SHOWN = 30
_SPARK = 12
_COLUMNS = (
    *("run_id", "started_at", "command", "is_full_refresh", "model", "schema", "status"),
    *("seconds", "rows", "bytes", "previous_seconds"),
)
_PHASES = ("ingest", "prepare", "build", "check", "publish", "export")


def write_runs_page(logs_folder: Path, reports_folder: Path) -> Path:
    """Write both files from the run records of `logs_folder`, and return the page's path."""
    runs = records(logs_folder, _RUNS_READ)
    reports_folder.mkdir(parents=True, exist_ok=True)
    _write(reports_folder / "model_runs.csv", _model_runs(runs))
    page = reports_folder / "runs.html"
    _write(page, _page(logs_folder.absolute().parent.name, runs))
    return page


def _write(file: Path, text: str) -> None:
    incoming = file.with_name(f".{file.name}.{os.getpid()}")
    incoming.write_text(text, "utf-8", newline="")
    incoming.replace(file)


class _Before:
    """Each model's earlier runs of one kind, oldest first."""

    def __init__(self, runs: Iterable[RunRecord]) -> None:
        self._seen: dict[tuple[str, bool], list[ModelRun]] = {}
        for run in runs:
            self.add(run)

    def add(self, run: RunRecord) -> None:
        for model in run.models:
            if model.status == "success":
                self._seen.setdefault((model.model, run.is_full_refresh), []).append(model)

    def of(self, model: ModelRun, run: RunRecord) -> list[ModelRun]:
        return self._seen.get((model.model, run.is_full_refresh), [])


def _model_runs(runs: Sequence[RunRecord]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    before = _Before(())
    for run in runs:
        for model in run.models:
            earlier = before.of(model, run)
            writer.writerow(
                [
                    run.run_id,
                    run.started_at,
                    run.command,
                    str(run.is_full_refresh).lower(),
                    model.model,
                    model.schema,
                    model.status,
                    model.seconds,
                    model.rows,
                    model.bytes,
                    earlier[-1].seconds if earlier else None,
                ]
            )
        before.add(run)
    return text.getvalue()


def _page(shop: str, runs: Sequence[RunRecord]) -> str:
    css = Path(__file__).with_name("runs_page.css").read_text("utf-8")
    written = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>What ran: {escape(shop)}</title><style>{css}</style></head><body><main>",
        f"<h1>What ran: {escape(shop)}</h1><p>All times are UTC. Written {written}.</p>",
        *(_cards(runs) if runs else ["<p>Nothing ran yet.</p>"]),
        *_runs(runs),
        *_loads(runs),
        *_models(runs),
        *_tests(runs),
        *_freshness(runs),
        "<footer>The models' figures of all runs are in <code>model_runs.csv</code> beside this page.</footer>",
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _cards(runs: Sequence[RunRecord]) -> Iterator[str]:
    last = runs[-1]
    built = _last_with(runs, "models")
    tested = _last_with(runs, "tests")
    published = next((run.published for run in reversed(runs) if run.published is not None), None)
    rows = sum(load["rows"] for run in runs for load in run.loads)
    rejected = sum(load["rejected_rows"] for run in runs for load in run.loads)
    cards = [
        (f"<span class='status {_tone(last.status)}'>{escape(last.status)}</span>", f"{last.command}, {_when(last)}")
    ]
    if published is not None:
        cards.append((str(published), "published version"))
    if built is not None:
        cards.append((f"{_seconds(built.seconds)} s", f"last build, models: {len(built.models)}"))
    if tested is not None:
        failed = sum(_tone(test.status) == "bad" for test in tested.tests)
        told = f"<span class='bad'>{failed} failed</span>" if failed else f"{len(tested.tests):,} passed"
        cards.append((told, "tests of the last build"))
    cards.append((f"{rows:,}", "rows loaded in the runs below" + (f", {rejected:,} rejected" if rejected else "")))
    yield '<div class="cards">'
    for value, label in cards:
        yield f'<div class="card"><b>{value}</b><span>{escape(label)}</span></div>'
    yield "</div>"


def _runs(runs: Sequence[RunRecord]) -> Iterator[str]:
    if not runs:
        return
    # a schedule makes many runs that find nothing: one line for each stretch of them
    stretches = [list(group) for _, group in groupby(reversed(runs), key=_stretch)][:_RUNS_SHOWN]
    longest = max(sum(run.phases.values()) for stretch in stretches for run in stretch) or 1
    used = [name for name in _PHASES if any(name in stretch[0].phases for stretch in stretches)]
    yield "<h2>Runs</h2>"
    legend = "".join(f'<span><i style="background:var(--{name})"></i>{name}</span>' for name in used)
    yield f'<div class="legend">{legend}</div>'
    heads = ["status", "started", "command", "n:seconds", "where the time went", "n:rows", "n:rejected"]
    yield _head([*heads, "n:models", "n:tests", "n:version"], aside={2, 7, 8})
    for stretch in stretches:
        run = stretch[0]
        times = f" <small>× {len(stretch)}</small>" if len(stretch) > 1 else ""
        failed = sum(_tone(test.status) == "bad" for test in run.tests)
        tests = f"<span class='bad'>{failed} failed</span>" if failed else _count(len(run.tests))
        yield _row(
            [
                f"<span class='status {_tone(run.status)}'>{escape(run.status)}</span>{times}",
                _when(run),
                escape(run.command) + (" <small>full</small>" if run.is_full_refresh else ""),
                _seconds(run.seconds),
                _phases(run, longest),
                _count(sum(load["rows"] for load in run.loads)),
                _count(sum(load["rejected_rows"] for load in run.loads)),
                _count(len(run.models)),
                tests,
                str(run.published or ""),
            ],
            right={3, 5, 6, 7, 8, 9},
            aside={2, 7, 8},
        )
        if run.message:
            yield f'<tr><td></td><td class="text quiet" colspan="9">{escape(run.message)}</td></tr>'
    yield _FOOT


def _stretch(run: RunRecord) -> object:
    return "nothing new" if run.status == "nothing new" else run.run_id


def _phases(run: RunRecord, longest: float) -> str:
    parts = []
    for name, seconds in run.phases.items():
        colour = name if name in _PHASES else "other"
        width = 100 * seconds / longest
        parts.append(
            f'<i style="width:{width:.2f}%;background:var(--{colour})" title="{escape(name)} {seconds:.1f} s"></i>'
        )
    return f'<div class="phases">{"".join(parts)}</div>'


def _loads(runs: Sequence[RunRecord]) -> Iterator[str]:
    run = _last_with(runs, "loads")
    if run is None:
        return
    yield f"<h2>Loads</h2><p>Of the last run that brought something, {_when(run)}.</p>"
    yield _head(["table", "n:files", "n:rows", "n:rejected", "n:size", "n:seconds"], aside={1, 5})
    for load in sorted(run.loads, key=lambda load: -load["rows"]):
        rejected = load["rejected_rows"]
        yield _row(
            [
                escape(f"{load['source']}.{load['table']}"),
                _count(load["files"]),
                f"{load['rows']:,}",
                f"<span class='warn'>{rejected:,}</span>" if rejected else "",
                _size(load["bytes"]),
                _seconds(load["seconds"]),
            ],
            right={1, 2, 3, 4, 5},
            aside={1, 5},
        )
    yield _FOOT


def _models(runs: Sequence[RunRecord]) -> Iterator[str]:
    run = _last_with(runs, "models")
    if run is None:
        return
    before = _Before(earlier for earlier in runs if earlier.run_id < run.run_id)
    kind = "full refresh" if run.is_full_refresh else "incremental run"
    yield f"<h2>Models</h2><p>Of the {kind} of {_when(run)}, slowest first, beside the last {kind} before it.</p>"
    yield _head(
        ["model", "n:seconds", "n:before", "n:change", "seconds over time", "n:rows", "n:change", "n:size"],
        aside={2, 4, 6},
    )
    longest = max(model.seconds for model in run.models) or 1
    for model in sorted(run.models, key=lambda model: (-model.seconds, model.model)):
        earlier = before.of(model, run)
        last = earlier[-1] if earlier else None
        failed = f" <span class='bad'>{escape(model.status)}</span>" if _tone(model.status) == "bad" else ""
        bar = f'<span class="bar" style="width:{100 * model.seconds / longest:.1f}%"></span>'
        yield _row(
            [
                f"{escape(model.model)}{failed} <small>{escape(model.schema)}</small>{bar}",
                _seconds(model.seconds),
                _seconds(last.seconds) if last else "",
                _slower(model.seconds, last.seconds) if last else "",
                _spark([past.seconds for past in earlier[-(_SPARK - 1) :]] + [model.seconds]),
                "" if model.rows is None else f"{model.rows:,}",
                _change(model.rows, last.rows) if last else "",
                _size(model.bytes),
            ],
            right={1, 2, 3, 5, 6, 7},
            aside={2, 4, 6},
        )
    yield _FOOT


def _tests(runs: Sequence[RunRecord]) -> Iterator[str]:
    run = _last_with(runs, "tests")
    if run is None:
        return
    failed = [test for test in run.tests if _tone(test.status) != "good"]
    passed = [test for test in run.tests if _tone(test.status) == "good"]
    yield f"<h2>Tests</h2><p>{len(passed):,} of {len(run.tests):,} passed, {_when(run)}.</p>"
    if failed:
        yield _head(["status", "test", "n:failing rows", "what dbt says"])
        for test in failed:
            status = f"<span class='status {_tone(test.status)}'>{escape(test.status)}</span>"
            message = f"<span class='quiet'>{escape(test.message)}</span>"
            yield _row([status, escape(test.test), _count(test.failures), message], right={2}, text={3})
        yield _FOOT
    yield "<details><summary>Those that passed</summary>"
    yield _head(["test", "n:seconds"])
    for test in sorted(passed, key=lambda test: test.test):
        yield _row([escape(test.test), _seconds(test.seconds)], right={1})
    yield _FOOT + "</details>"


def _freshness(runs: Sequence[RunRecord]) -> Iterator[str]:
    run = _last_with(runs, "freshness")
    if run is None:
        return
    yield f"<h2>Freshness</h2><p>How old the newest load of each table was, {_when(run)}, against what it may be.</p>"
    yield _head(["table", "status", "n:age", "n:warn after", "n:error after"])
    for result in run.freshness:
        tone = {"fresh": "good", "warn": "warn", "error": "bad"}.get(result.status, "quiet")
        status = {"unknown": "no limit" if result.newest_load_at else "never arrived"}.get(result.status, result.status)
        yield _row(
            [
                escape(f"{result.source}.{result.table}"),
                f"<span class='status {tone}'>{escape(status)}</span>",
                _span(result.age_seconds),
                _span(result.warn_after_seconds),
                _span(result.error_after_seconds),
            ],
            right={2, 3, 4},
        )
    yield _FOOT


_FOOT = "</tbody></table></div>"


def _head(columns: Sequence[str], *, aside: Iterable[int] = ()) -> str:
    """The start of a table; `n:` before a heading sets it flush right, columns `aside` are left out on telephones."""
    hidden = set(aside)
    cells = []
    for index, column in enumerate(columns):
        classes = " ".join(["n"] * column.startswith("n:") + ["aside"] * (index in hidden))
        cells.append(f'<th class="{classes}">{escape(column.removeprefix("n:"))}</th>')
    return f'<div class="scroll"><table><thead><tr>{"".join(cells)}</tr></thead><tbody>'


def _row(
    cells: Sequence[str], *, right: Iterable[int] = (), aside: Iterable[int] = (), text: Iterable[int] = ()
) -> str:
    kinds = (("n", set(right)), ("aside", set(aside)), ("text", set(text)))
    drawn = [
        f'<td class="{" ".join(name for name, which in kinds if index in which)}">{cell}</td>'
        for index, cell in enumerate(cells)
    ]
    return f"<tr>{''.join(drawn)}</tr>"


def _last_with(runs: Sequence[RunRecord], what: str) -> RunRecord | None:
    return next((run for run in reversed(runs) if getattr(run, what)), None)


def _tone(status: str) -> str:
    if status in ("success", "pass", "nothing new", "no-op"):
        return "good"
    return "warn" if status in ("warn", "running", "stopped", "skipped", "partial success") else "bad"


def _when(run: RunRecord) -> str:
    return run.started_at[:16].replace("T", " ")


def _count(number: int | None) -> str:
    return f"{number:,}" if number else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:,.0f}"


def _size(number: int | None) -> str:
    if number is None:
        return ""
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number / 1e3:,.1f} kB"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def _change(now: float | None, before: float | None) -> str:
    if now is None or not before or now == before:
        return ""
    return f"{now / before - 1:+.0%}"


def _slower(now: float, before: float) -> str:
    # a tenth of a second up or down is the machine's mood
    changed = _change(now, before)
    if abs(now - before) < 0.1 or not changed:
        return f"<span class='quiet'>{changed}</span>"
    return f"<span class='{'warn' if now > before else 'good'}'>{changed}</span>"


def _spark(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ""
    top = max(values) or 1
    points = [(96 * index / (len(values) - 1), 20 - 18 * value / top) for index, value in enumerate(values)]
    line = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    x, y = points[-1]
    label = ", ".join(f"{value:.2f}" for value in values)
    return (
        f'<svg class="spark" viewBox="0 0 96 22" role="img" aria-label="seconds: {label}">'
        f'<path d="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2"/></svg>'
    )
