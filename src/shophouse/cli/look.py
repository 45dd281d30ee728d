"""The commands to look with: query, status, docs, doctor. None of them changes what was built."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shophouse.cli.app import CHAPTERS, LOOK, AsJson, ProjectFolder, command
from shophouse.cli.output import ago, count, json_text, note, plural, say, size, table, working
from shophouse.errors import ConfigError, ShophouseError

if TYPE_CHECKING:
    import duckdb

__all__ = ["print_relation"]

_AT_ONCE = 10_000


@command(LOOK)
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help='In quotes; "-" reads it from stdin.')],
    limit: Annotated[
        int | None, typer.Option(min=0, help="The most rows to print; 100 for a table, all for JSON and CSV.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Ask the published warehouse something in SQL.

    Tables of marts need no schema before their name. JSON is an array of objects; decimals keep all of their digits.
    """
    from shophouse.shop import Shop

    if as_csv and as_json:
        raise ConfigError("--csv and --json exclude each other")
    text = sys.stdin.read() if sql == "-" else sql
    shop = Shop.open(project)
    try:
        relation = shop.sql(text)
        if relation is None:
            raise ShophouseError(
                "the statement gives no rows", hint="a query begins with select, from, with or describe"
            )
        print_relation(relation, limit, as_csv=as_csv, as_json=as_json)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb"):
            raise
        first, *rest = str(error).splitlines()
        raise ShophouseError(f"the query failed: {first}", why=rest) from error


def print_relation(relation: duckdb.DuckDBPyRelation, limit: int | None, *, as_csv: bool, as_json: bool) -> None:
    """Print rows as JSON, CSV or a table: at most `limit` rows, by default all, and 100 of a table."""
    if as_json:
        _print_json(relation, limit)
    elif as_csv:
        _print_csv(relation, limit)
    else:
        _print_table(relation, 100 if limit is None else limit)


def _chunks(relation: duckdb.DuckDBPyRelation, limit: int | None) -> Any:
    left = limit
    while left is None or left > 0:
        rows = relation.fetchmany(_AT_ONCE if left is None else min(left, _AT_ONCE))
        if not rows:
            return
        left = None if left is None else left - len(rows)
        yield rows


def _print_json(relation: duckdb.DuckDBPyRelation, limit: int | None) -> None:
    names = relation.columns
    before = "["
    for rows in _chunks(relation, limit):
        for row in rows:
            sys.stdout.write(f"{before}\n {json_text(dict(zip(names, row, strict=True)))}")
            before = ","
    sys.stdout.write("[]\n" if before == "[" else "\n]\n")


def _print_csv(relation: duckdb.DuckDBPyRelation, limit: int | None) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(relation.columns)
    for rows in _chunks(relation, limit):
        writer.writerows([_plain(value) for value in row] for row in rows)


def _print_table(relation: duckdb.DuckDBPyRelation, limit: int) -> None:
    types = [str(kind) for kind in relation.types]
    names = relation.columns
    numbers = [i for i, kind in enumerate(types) if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or "INT" in kind]
    rows = relation.fetchmany(limit + 1)
    table(names, [[_plain(value) for value in row] for row in rows[:limit]], right=numbers)
    if len(rows) > limit:
        note(f"the first {limit:,} rows; --limit shows more, --csv and --json all")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat())
    if isinstance(value, dict | list | tuple | bytes):
        return json_text(value)
    return format(value, "f") if type(value).__name__ == "Decimal" else str(value)


@command(LOOK)
def status(
    newest: Annotated[int, typer.Option("--runs", min=1, help="How many runs to show.")] = 8,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """What ran, what is published, how old the data is."""
    from shophouse.serve.status import status as status_of
    from shophouse.shop import Shop

    shop = Shop.open(project)
    found = status_of(shop, newest)
    if as_json:
        say(json_text(found, indent=1))
        return
    published = found["published"]
    say(f"{found['shop']}: " + (f"version {published} is published" if published else "nothing is published yet"))
    if found["writing"]:
        say(f"being written: {found['writing']}")
    if found["stream"] is not None:
        _say_stream(found["stream"])
    if found["runs"]:
        say()
        table(
            ["run", "started", "command", "status", "seconds", "rows", "models", "tests", "version"],
            [
                (
                    run["run_id"],
                    ago(run["started_at"]),
                    run["command"],
                    run["status"] + (f": {run['message']}" if run["message"] else ""),
                    f"{run['seconds']:.1f}",
                    count(run["rows"]),
                    count(run["models"]),
                    count(run["tests"]),
                    str(run["published"] or ""),
                )
                for run in found["runs"]
            ],
            right=(4, 5, 6, 7),
        )
    if found["tables"]:
        say()
        table(
            ["table", "loads", "rows", "in quarantine", "newest load", "freshness"],
            [
                (
                    f"{row['source']}.{row['table']}",
                    count(row["loads"]),
                    count(row["rows"]),
                    count(row["rejected_rows"]),
                    ago(row["newest_load_at"]),
                    row["freshness"],
                )
                for row in found["tables"]
            ],
            right=(1, 2, 3),
        )
    if found["slots"]:
        say()
        table(
            ["source", "slot", "behind", "kept by the server", "log", ""],
            [
                (
                    slot["source"],
                    slot.get("slot", ""),
                    size(slot.get("behind_bytes")),
                    size(slot.get("kept_bytes")),
                    slot.get("wal_status") or "missing",
                    slot.get("error") or slot["why"],
                )
                for slot in found["slots"]
            ],
            right=(2, 3),
        )


def _say_stream(found: dict[str, Any]) -> None:
    """From event to mart, in the minutes that had news."""
    failed = f", {found['failed_rounds']:,} failed" if found["failed_rounds"] else ""
    say(f"stream: {found['status']}, {plural(found['rounds'], 'round')} since {ago(found['started_at'])}{failed}")
    if found["trouble"]:
        say(f"  it fails: {found['trouble']}")
    shown = [minute for minute in found["minutes"] if (minute.get("latency") or {}).get("rows")]
    if not shown:
        return
    say()
    table(
        ["minute (UTC)", "rounds", "rows", "from event to mart: p50", "p95", "p99", "max", "version"],
        [
            (
                minute["minute"][:16].replace("T", " "),
                count(minute["rounds"]),
                count(minute["rows"]),
                *(f"{minute['latency'][name]:.1f} s" for name in ("p50", "p95", "p99", "max")),
                str(minute["version"]),
            )
            for minute in shown
        ],
        right=(1, 2, 3, 4, 5, 6),
    )


@command(LOOK)
def doctor(project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """See what is set up, what is missing, and what to type.

    Ends with exit code 1 when something would keep a run from working.
    """
    from shophouse.doctor import examine

    findings = list(examine(project))
    if as_json:
        say(json_text([vars(finding) for finding in findings], indent=1))
    else:
        chapter = ""
        for finding in findings:
            if finding.about != chapter:
                say(f"{'' if not chapter else chr(10)}{finding.about}")
                chapter = finding.about
            say(f"  {finding.verdict:<8} {finding.what}")
            if finding.hint:
                say(f"           {finding.hint}")
        wrong = sum(finding.verdict == "error" for finding in findings)
        odd = sum(finding.verdict == "warning" for finding in findings)
        say()
        say("all is well" if not wrong + odd else f"{wrong} to mend, {odd} to look at")
    if any(finding.verdict == "error" for finding in findings):
        raise typer.Exit(1)


@command(LOOK)
def docs(
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the site goes; reports/docs when absent.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Write a site on every table, metric and setting, with the guides.

    It works from the folder that it is in and from any web server, and asks no other host for anything. dbt's own
    documentation is in it.
    """
    from typer.main import get_command

    from shophouse.cli.commands import app
    from shophouse.serve.docs import write_docs
    from shophouse.serve.docs.reference import command_parts
    from shophouse.shop import Shop

    with working() as bars:
        shop = Shop.open(project, bars)
        bars.phase("docs")
        page = write_docs(shop, list(command_parts(get_command(app), CHAPTERS)), output)
    say(str(page))
    if open_browser:
        webbrowser.open(page.resolve().as_uri())
