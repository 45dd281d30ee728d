"""The command that compares engines: parity."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shophouse.cli.app import MAINTAIN, AsJson, ProjectFolder, command
from shophouse.cli.output import count, json_text, note, say, table, working

if TYPE_CHECKING:
    from shophouse.parity import Digest

__all__: list[str] = []


@command(MAINTAIN)
def parity(
    engines: Annotated[
        str, typer.Option("--engines", metavar="ENGINES", help="Which, with commas between.")
    ] = "duckdb,postgres",
    dsn: Annotated[
        str | None,
        typer.Option("--dsn", metavar="env:NAME", help="An empty database for postgres, not the shop's own."),
    ] = None,
    schemas: Annotated[
        str, typer.Option("--schemas", metavar="SCHEMAS", help="Which tables, as marts,core,aggregates.")
    ] = "marts",
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="FOLDER", help="Keep what was built here, and go on from it the next time."),
    ] = None,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Build the shop on several engines and compare every mart.

    Rows and hashes are printed. Exits with an error when any table differs in as much as a digit. The shop itself stays
    as it is: what is built is in a temporary folder, or in that of --into.
    """
    from shophouse.parity import parity as compare
    from shophouse.shop import Shop

    with ExitStack() as stack:
        folder = into or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shophouse-parity-")))
        bars = stack.enter_context(working(quiet=as_json))
        found = compare(
            Shop.open(project, bars),
            folder.expanduser().absolute(),
            engines=_words(engines),
            dsn=dsn,
            schemas=_words(schemas),
            listener=bars,
        )
    unlike = dict(found.differences())
    if as_json:
        rows = [
            {
                "table": name,
                "equal": name not in unlike,
                "difference": unlike.get(name),
                "engines": {engine: {"rows": digest.rows, "hash": digest.hash} for engine, digest in digests.items()},
            }
            for name, digests in found.tables.items()
        ]
        say(json_text(rows, indent=1))
    else:
        table(
            ["table", *(f"{what} on {engine}" for engine in found.engines for what in ("rows", "hash")), ""],
            [
                (name, *_cells(found.engines, digests), "differs" if name in unlike else "equal")
                for name, digests in found.tables.items()
            ],
            right=range(1, 2 * len(found.engines), 2),
        )
    found.raise_for_differences()
    note(f"all {len(found.tables)} tables are equal on {' and '.join(found.engines)}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _cells(engines: Sequence[str], digests: Mapping[str, Digest]) -> list[str]:
    found = [digests.get(engine) for engine in engines]
    return [cell for digest in found for cell in ((count(digest.rows), digest.hash) if digest else ("", "not there"))]
