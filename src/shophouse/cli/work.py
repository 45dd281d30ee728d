"""The commands that a shop runs by: ingest, build, check, publish, export, and run, which is all of them."""

from __future__ import annotations

import os.path
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shophouse.cli.app import RUN, AsJson, ProjectFolder, command
from shophouse.cli.output import count, json_text, plural, say, size, table, working

if TYPE_CHECKING:
    from shophouse.run_log import RunRecord
    from shophouse.shop import Run

__all__ = ["print_run"]

REASONS = 5
"""So many are listed when a run tells which rows it left out."""

FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Build everything anew from the lake.")]


@command(RUN)
def run(full_refresh: FullRefresh = False, project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """Read what is new, build, check, publish, export, report.

    Ends at once when nothing arrived and nothing changed. When a check fails, nothing is published, and what was
    published before still serves.
    """
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        done = Shop.open(project, bars).run(full_refresh=full_refresh)
    print_run(done, project, as_json=as_json)


@command(RUN)
def ingest(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="These alone.")] = None,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Read what is new into the lake, and build nothing."""
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        done = Shop.open(project, bars).ingest(sources or ())
    print_run(done, project, as_json=as_json)


@command(RUN)
def build(
    select: Annotated[
        list[str] | None,
        typer.Option("--select", "-s", metavar="MODELS", help="Only these, in dbt's words: fct_orders+, marts.sales"),
    ] = None,
    full_refresh: FullRefresh = False,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Build and test what changed, and publish nothing."""
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        done = Shop.open(project, bars).build(select=select or (), full_refresh=full_refresh)
    print_run(done, project, as_json=as_json)


@command(RUN)
def check(
    mutations: Annotated[
        bool,
        typer.Option("--mutations", help="Plant classic bugs in a small shop's SQL instead: each has to be caught."),
    ] = False,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Run every test on what was built, and check its age.

    With --mutations the checks themselves are checked, in a temporary folder and about a minute: each planted bug is
    printed with the laws that caught it. The shop isn't looked at.
    """
    if mutations:
        _check_the_checks(as_json=as_json)
        return
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        done = Shop.open(project, bars).check()
    print_run(done, project, as_json=as_json)


def _check_the_checks(*, as_json: bool) -> None:
    from shophouse.errors import CheckFailed
    from shophouse.mutations import bugs, plant

    with working(quiet=as_json) as bars:
        found = plant(bugs(), bars)
    missed = [one.bug.bug for one in found if not one.is_caught]
    if as_json:
        rows = [
            {"bug": one.bug.bug, "file": one.bug.file, "caught": one.is_caught, "tests": list(one.tests)}
            for one in found
        ]
        say(json_text({"caught": len(found) - len(missed), "planted": len(found), "bugs": rows}, indent=1))
    else:
        table(["planted", "caught by"], [(one.bug.bug, _caught_by(one.tests, one.is_caught)) for one in found])
        say(f"{len(found) - len(missed)} of {len(found)} planted bugs were caught")
    if missed:
        raise CheckFailed(f"{plural(len(missed), 'planted bug')} not caught", why=missed)


def _caught_by(tests: tuple[str, ...], is_caught: bool) -> str:
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return f"{tests[0]}{more}" if is_caught else "NOT CAUGHT"


@command(RUN)
def publish(project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """Make what was built visible to readers."""
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        done = Shop.open(project, bars).publish()
    print_run(done, project, as_json=as_json)


@command(RUN)
def export(
    marts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MART]...", help="These alone, as sales_daily or top_10_products_by_revenue."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", metavar="csv|parquet|xlsx", help="Instead of those of shophouse.yml."),
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Instead of the shop's reports folder.")
    ] = None,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the published marts as CSV, Parquet or Excel files."""
    from shophouse.serve.export import listing
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        shop = Shop.open(project, bars)
        files = shop.export(marts or (), formats=formats or (), folder=into)
    root = (into or shop.project.reports_folder).expanduser().absolute()
    known = listing(root)
    written = [(file, known[file.relative_to(root).as_posix()]) for file in files]
    if as_json:
        rows = [{"path": str(file), "rows": found.rows, "bytes": found.bytes} for file, found in written]
        say(json_text(rows, indent=1))
        return
    table(
        ["file", "rows", "size"],
        [(str(file), count(found.rows), size(found.bytes)) for file, found in written],
        right=(1, 2),
    )


def print_run(run: Run, project: Path, *, as_json: bool) -> None:
    """Tell what a run did: one line when there was nothing to do."""
    record = run.record
    if as_json:
        exported = [str(path) for path in run.exported]
        reports = [str(path) for path in run.reports]
        ignored = run.ingested.ignored if run.ingested else []
        also = {"seconds": record.seconds, "exported": exported, "reports": reports, "ignored": ignored}
        say(json_text({**asdict(record), **also}, indent=1))
        return
    took = f"{_wall(record):.1f} s"
    if record.status == "nothing new":
        say(f"nothing arrived; everything is up to date ({took})")
        _print_reports(run, project)
        return
    if run.ingested is not None:
        _print_loads(run, took)
    if record.models or record.tests:
        _line("built" if record.models else "checked", _built(run))
    elif record.command == "build":
        _line("built", "nothing: no model is downstream of what arrived")
    if record.published is not None:
        _line("published", f"version {record.published}")
        _print_rejected(project)
    if run.exported:
        folder = Path(os.path.commonpath([file.parent for file in run.exported]))
        _line("exported", f"{plural(len(run.exported), 'file')} below {_near(folder, project)}")
    _print_reports(run, project)
    _line("took", took + (f": {_phases(record.phases)}" if len(record.phases) > 1 else ""))


def _print_reports(run: Run, project: Path) -> None:
    for index, file in enumerate(run.reports):
        _line("reports" if index == 0 else "", _near(file, project).rstrip("/"))


def _print_loads(run: Run, took: str) -> None:
    assert run.ingested is not None
    if not run.ingested.loads:
        _line("loaded", "nothing new")
    names = [f"{load.source}.{load.table}" for load in run.ingested.loads]
    width = max((len(name) for name in names), default=0)
    for index, (name, load) in enumerate(zip(names, run.ingested.loads, strict=True)):
        rejected = f"   {plural(load.rejected_rows, 'row')} in quarantine" if load.rejected_rows else ""
        _line("loaded" if index == 0 else "", f"{name:<{width}} {count(load.rows):>12} rows{rejected}")
    if run.ingested.rejected_rows:
        _line("", "see why:   shophouse quarantine list")
    if run.ingested.loads and run.ingested.ignored:
        few = ", ".join(run.ingested.ignored[:3]) + (" …" if len(run.ingested.ignored) > 3 else "")
        _line("ignored", f"{plural(len(run.ingested.ignored), 'file')} that belong to no table: {few}")


def _print_rejected(project: Path) -> None:
    """Which rows the published version leaves out because they break the input contract, and why."""
    from shophouse.shop import Shop

    counted = "select entity, reason, count(*) from ops.rejected_rows where rejection_kind = 'rejected' group by all"
    found = Shop.open(project).sql(f"{counted} order by 3 desc, 1, 2").fetchall()
    for index, (entity, reason, rows) in enumerate(found[:REASONS]):
        _line("" if index else "rejected", f"{plural(rows, 'row')} of {entity}: {reason}")
    if found:
        more = f"{plural(len(found) - REASONS, 'more reason')}; " if len(found) > REASONS else ""
        _line("", f'{more}see them:   shophouse query "from ops.rejected_rows"')


def _built(run: Run) -> str:
    tests = run.record.tests
    warned = sum(test.status == "warn" for test in tests)
    parts = [plural(len(run.record.models), "model")] if run.record.models else []
    if tests:
        parts.append(f"{plural(len(tests), 'test')} passed" + (f", {warned} with a warning" if warned else ""))
    return "; ".join(parts) + (" (everything anew)" if run.record.is_full_refresh else "")


def _phases(phases: dict[str, float]) -> str:
    return " · ".join(f"{name} {seconds:.1f}" for name, seconds in phases.items())


def _wall(record: RunRecord) -> float:
    if record.ended_at is None:
        return record.seconds
    return (datetime.fromisoformat(record.ended_at) - datetime.fromisoformat(record.started_at)).total_seconds()


def _near(folder: Path, project: Path) -> str:
    try:
        return f"{folder.relative_to(project.resolve())}/"
    except ValueError:
        return str(folder)


def _line(head: str, text: str) -> None:
    say(f"{head:<10} {text}".rstrip())
