"""The command that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import LOOK, ProjectFolder, command
from shophouse.cli.output import say, working

__all__: list[str] = []


@command(LOOK)
def report(
    period: Annotated[
        str, typer.Option(help='As "last month", 2025-09, 2025-Q3, 2025-09-01..2025-09-30, or 30d as in the dashboard.')
    ] = "last month",
    compare: Annotated[
        str,
        typer.Option(metavar="previous|year|none", help="The period before, the same days a year before, or nothing."),
    ] = "previous",
    pages: Annotated[
        str | None, typer.Option(metavar="PAGE,PAGE", help="These pages of the dashboard alone, as overview,sales.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="By store, channel, country, category: channel = 'email' and country in ('DE', 'AT')."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE|FOLDER", help="Instead of the shop's reports folder.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", metavar="html|pdf", help="May be given twice; html without it."),
    ] = None,
    personal_data: Annotated[
        bool, typer.Option("--with-personal-data", help="Also what shows personal data, as names of employees.")
    ] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Write the dashboard's figures of a period as one HTML file or PDF, to mail or to keep.

    It needs no browser (a PDF needs Chromium), and ends with the definitions and the reconciliation. The same published
    version and period give the same file.
    """
    from shophouse.shop import Shop

    with working() as bars:
        shop = Shop.open(project, bars)
        bars.phase("report")
        written = shop.report(
            period,
            compare=compare,
            pages=[name.strip() for name in (pages or "").split(",") if name.strip()],
            where=where,
            output=output,
            formats=formats or (),
            with_personal_data=personal_data,
        )
    for path in written:
        say(str(path))
