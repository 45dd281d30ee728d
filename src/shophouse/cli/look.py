"""The commands to look with: query, status, docs, doctor. None of them changes what was built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shophouse.cli.app import LOOK, AsJson, ProjectFolder, command
from shophouse.cli.output import json_text, note, say, table
from shophouse.errors import ConfigError, ShophouseError

if TYPE_CHECKING:
    import duckdb

__all__: list[str] = []

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
    """Ask the newest published version something in SQL.

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
            raise ShophouseError("the statement gives no rows", hint="a query begins with select, from, with or describe")
        if as_json:
            _print_json(relation, limit)
        elif as_csv:
            _print_csv(relation, limit)
        else:
            _print_table(relation, 100 if limit is None else limit)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb"):
            raise
        first, *rest = str(error).splitlines()
        raise ShophouseError(f"the query failed: {first}", why=rest) from error


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
