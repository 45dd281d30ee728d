"""`shophouse quarantine`: the rows that could not be read, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import LOOK, AsJson, ProjectFolder, command, group
from shophouse.cli.lake import Tables, tables_named
from shophouse.cli.output import count, json_text, note, say, table

__all__: list[str] = []

quarantine = group("quarantine", LOOK, "See the rows that could not be read: list, show.")


@quarantine.callback()
def about() -> None:
    """See the rows that could not be read, with file, line, column and reason.

    Mend the file or shophouse.yml, and run: a file that changed is read anew and replaces what it brought before.
    """


@command(of=quarantine, name="list")
def list_(tables: Tables = None, project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """How many rows of each table and file are in quarantine."""
    from shophouse.shop import Shop

    lake = Shop.open(project).lake
    rows = [
        {
            "source": file.source,
            "table": file.table,
            "load_id": file.load_id,
            "file": file.source_file,
            "rejected_rows": file.rejected_rows,
            "rows": file.rows,
            "is_replaced": file.superseded_by is not None,
        }
        for key in tables_named(lake, tables)
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
                "a newer load replaced it" if row["is_replaced"] else "",
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
    """The rows themselves: file, line, column, reason, and the line as the file has it."""
    from shophouse.shop import Shop

    lake = Shop.open(project).lake
    found = []
    more = 0
    for source, name in tables_named(lake, tables):
        if any(load.rejected_rows for load in lake.loads(source, name)):
            rows = lake.quarantine(source, name)
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


def _one_line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 120 else plain[:119] + "…"
