"""`shophouse quarantine`: the rows that could not be read, and why."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import LOOK, AsJson, ProjectFolder, command, group
from shophouse.cli.lake import Tables, tables_named
from shophouse.cli.output import count, json_text, note, plural, say, table

__all__: list[str] = []

quarantine = group("quarantine", LOOK, "The rows that could not be read: list, show, replay.")


@quarantine.callback()
def about() -> None:
    """See the rows that could not be read, with file, line, column and reason, and read them again.

    Of files: mend the file or shophouse.yml, and run; a file that changed is read anew and replaces what it brought
    before. Of topics, where the file is the topic and partition and the line the offset: mend shophouse.yml and replay.
    """


@command(of=quarantine, name="list")
def list_(tables: Tables = None, project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """How many rows of each table and file are in quarantine."""
    from shophouse.ingestion import replayed_until
    from shophouse.shop import Shop

    lake = Shop.open(project).lake
    keys = tables_named(lake, tables)
    until = {key: replayed_until(lake, *key) for key in keys}
    rows = [
        {
            "source": file.source,
            "table": file.table,
            "load_id": file.load_id,
            "file": file.source_file,
            "rejected_rows": file.rejected_rows,
            "rows": file.rows,
            "is_replaced": file.superseded_by is not None,
            "is_replayed": file.load_id <= until[key],
        }
        for key in keys
        for file in lake.load_files(*key)
        if file.rejected_rows
    ]
    if as_json:
        say(json_text(rows, indent=1))
        return
    if not rows:
        say("nothing is in quarantine")
        return
    table(
        ["table", "file", "rejected", "of rows", ""],
        [
            (
                f"{row['source']}.{row['table']}",
                str(row["file"]),
                f"{row['rejected_rows']:,}",
                f"{int(str(row['rows'])) + int(str(row['rejected_rows'])):,}",
                "read again" if row["is_replayed"] else "a newer load replaced it" if row["is_replaced"] else "",
            )
            for row in rows
        ],
        right=(2, 3),
    )


@command(of=quarantine)
def show(
    tables: Tables = None,
    limit: Annotated[int, typer.Option(min=1, help="The most rows to print of each table.")] = 20,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """The rows themselves, but for those read again: file, line, column, reason, and the line as the file has it."""
    from shophouse.ingestion import waiting
    from shophouse.shop import Shop

    lake = Shop.open(project).lake
    found = []
    more = 0
    for source, name in tables_named(lake, tables):
        if any(load.rejected_rows for load in lake.loads(source, name)):
            rows = waiting(lake, source, name)
            more += max(rows.num_rows - limit, 0)
            kept = rows if as_json else rows.slice(max(rows.num_rows - limit, 0))
            found += [{"source": source, "table": name, **row} for row in kept.to_pylist()]
    if as_json:
        say(json_text(found, indent=1))
        return
    if not found:
        say("nothing is in quarantine")
        return
    table(
        ["table", "file", "line", "column", "reason", "raw"],
        [
            (
                f"{row['source']}.{row['table']}",
                row["_source_file"],
                count(row["line"]),
                row["column_name"] or "",
                _one_line(row["reason"]),
                _one_line(row["raw"] or ""),
            )
            for row in found
        ],
        right=(2,),
    )
    if more:
        note(f"{more:,} older rows are left out; --limit shows more, --json all")


@command(of=quarantine)
def replay(tables: Tables = None, project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """Read the messages in quarantine again, after shophouse.yml was mended; what still can't be read stays there.

    They come from their topics, or where they are gone as the quarantine has them. To the lake they are new rows.
    """
    from shophouse.ingestion import replay as replay_
    from shophouse.shop import Shop

    shop = Shop.open(project)
    done = replay_(shop.project, shop.lake, tables_named(shop.lake, tables), run_id=None)
    if as_json:
        say(json_text([dataclasses.asdict(table) for table in done], indent=1))
        return
    if not done:
        say("nothing is in quarantine")
    for one in done:
        name = f"{one.source}.{one.table}"
        if one.rows is None:
            say(f"{name}: mend the rows where they come from, and run")
        else:
            say(f"{name}: {plural(one.rows, 'row')} in the lake, {one.rejected_rows:,} in quarantine again")
    if any(one.rows for one in done):
        note("shophouse run builds what follows from them")


def _one_line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 120 else plain[:119] + "…"
