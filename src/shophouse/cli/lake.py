"""`shophouse lake`: what a person does to the lake itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shophouse.cli.app import MAINTAIN, AsJson, ProjectFolder, command, group
from shophouse.cli.output import count, json_text, plural, say, size, table, working
from shophouse.errors import ConfigError

if TYPE_CHECKING:
    from shophouse.lake import Lake

__all__ = ["tables_named"]

lake = group("lake", MAINTAIN, "See and tidy the lake: history, compact, expire, …")

Tables = Annotated[
    list[str] | None, typer.Argument(metavar="[SOURCE.TABLE]...", help="These alone; a source's name means all of its.")
]
OneTable = Annotated[str, typer.Argument(metavar="SOURCE.TABLE")]


@lake.callback()
def about() -> None:
    """See and tidy the lake: every row that ever arrived.

    Rows, lineage and positions outlive all of this but drop: ingest never reads anything a second time.
    """


@command(of=lake)
def history(tables: Tables = None, project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """The snapshots that each table still has."""
    found = _lake(project)
    rows = [(*key, change) for key in tables_named(found, tables) for change in found.history(*key)]
    if as_json:
        say(json_text([{"source": s, "table": t, **dataclasses.asdict(change)} for s, t, change in rows], indent=1))
        return
    table(
        ["table", "committed", "what", "rows added", "rows", "files", "snapshot"],
        [
            (
                f"{source}.{name}",
                f"{change.committed_at:%Y-%m-%d %H:%M:%S}",
                change.operation,
                count(change.rows_added),
                count(change.rows),
                count(change.files),
                f"{change.snapshot_id}{' (current)' if change.current else ''}",
            )
            for source, name, change in rows
        ],
        right=(3, 4, 5),
    )


@command(of=lake)
def compact(tables: Tables = None, project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """Merge small files into bigger ones."""
    found = _lake(project)
    keys = tables_named(found, tables)
    done = []
    with working(quiet=as_json) as bars:
        bars.phase("compact")
        for number, (source, name) in enumerate(keys):
            bars.progress(f"{source}.{name}", number, len(keys))
            done.append((source, name, found.compact(source, name)))
    if as_json:
        say(json_text([{"source": s, "table": t, **dataclasses.asdict(result)} for s, t, result in done], indent=1))
        return
    for source, name, result in done:
        say(f"{source}.{name}: {plural(result.files_before, 'file')} before, {result.files_after:,} now")


@command(of=lake)
def expire(
    tables: Tables = None,
    keep: Annotated[int, typer.Option(min=1, help="How many snapshots stay, however old.")] = 1,
    days: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", min=0, help="Only snapshots older than this.")
    ] = 7,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Forget old snapshots, and delete the files that only they need."""
    found = _lake(project)
    keys = tables_named(found, tables)
    done = []
    with working(quiet=as_json) as bars:
        bars.phase("expire")
        for number, (source, name) in enumerate(keys):
            bars.progress(f"{source}.{name}", number, len(keys))
            done.append((source, name, found.expire(source, name, keep=keep, older_than=dt.timedelta(days=days))))
    if as_json:
        say(json_text([{"source": s, "table": t, **dataclasses.asdict(result)} for s, t, result in done], indent=1))
        return
    for source, name, result in done:
        freed = f"{plural(result.snapshots, 'snapshot')}, {plural(result.files, 'file')}, {size(result.bytes)}"
        say(f"{source}.{name}: {freed} less")


@command(of=lake)
def move(project: ProjectFolder = Path()) -> None:
    """Make a lake at home where it is now, after its folder was moved or restored.

    Iceberg's metadata holds absolute paths, so moving the folder is not enough.
    """
    found = _lake(project)
    say(f"{plural(found.move(), 'table')} of {found.root} put right")


@command(of=lake)
def repair(which: OneTable, project: ProjectFolder = Path()) -> None:
    """Rebuild the lost ledger of a table of files from its rows."""
    found = _lake(project)
    for source, name in tables_named(found, [which]):
        found.repair(source, name)
        say(f"{source}.{name}: the ledger is rebuilt")


@command(of=lake)
def drop(
    which: OneTable,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Delete a table with its history and its position: the next run reads its files anew."""
    found = _lake(project)
    for source, name in tables_named(found, [which]):
        rows = sum(load.rows for load in found.loads(source, name))
        if not yes and not typer.confirm(f"delete {source}.{name} with all that was loaded ({rows:,} rows)?"):
            raise typer.Exit(1)
        found.drop(source, name)
        say(f"{source}.{name}: deleted")


def _lake(project: Path) -> Lake:
    from shophouse.shop import Shop

    return Shop.open(project).lake


def tables_named(lake: Lake, names: list[str] | None) -> list[tuple[str, str]]:
    """The lake's tables that these words name, or all. Raises ConfigError for a word that names none."""
    from shophouse.yamlfile import did_you_mean

    present = lake.tables()
    if not names:
        return present
    words = {word: [(s, t) for s, t in present if word in (s, f"{s}.{t}")] for word in names}
    for word, matching in words.items():
        if not matching:
            known = [f"{source}.{name}" for source, name in present]
            raise ConfigError(
                f"the lake has no table {word}",
                why=f"tables: {', '.join(known) or 'none yet'}",
                hint=did_you_mean(word, known) or ("shophouse ingest" if not known else None),
            )
    return list(dict.fromkeys(key for matching in words.values() for key in matching))
