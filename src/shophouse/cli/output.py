"""What commands print: results to stdout, everything else to stderr, plain wherever it isn't a terminal.

rich is imported by what draws with it, so that a command that prints one line doesn't pay for it.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from shophouse.json_text import json_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Bars", "ago", "amount", "count", "json_text", "note", "plural", "say", "size", "table", "working"]


def say(line: str = "") -> None:
    """A line of the result."""
    typer.echo(line)


def note(line: str) -> None:
    """A line for the person who watches."""
    typer.echo(line, err=True)


def count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def plural(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def amount(value: Decimal | int | float, currency: str) -> str:
    return f"{value:,.2f} {currency}"


def size(number: float | None) -> str:
    """Bytes as people read them."""
    if number is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def ago(moment: dt.datetime | str | None, now: dt.datetime | None = None) -> str:
    """How long ago a moment (UTC) was."""
    if not moment:
        return "never"
    if isinstance(moment, str):
        moment = dt.datetime.fromisoformat(moment)
    seconds = ((now or dt.datetime.now(dt.UTC)) - moment).total_seconds()
    for unit, length, until in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds < until * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds / 86400:.0f} days ago"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Rows under headings; `right` are the columns set flush right, as numbers are.

    On a terminal that is too narrow for it, each row becomes a block of lines.
    """
    listed = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(headings), *listed]) for i in range(len(headings))]
    if not sys.stdout.isatty():
        for row in [list(headings), *listed]:
            say(
                "  ".join(
                    c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
                ).rstrip()
            )
    elif sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        for row in listed:
            say()
            for heading, cell in zip(headings, row, strict=True):
                say(f"{heading:>{max(map(len, headings))}}  {cell}")
    else:
        _draw(headings, listed, right)


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)


class Bars:
    """Shows on a terminal what is going on, and tells notices anywhere. A `shophouse.shop.Listener`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.draws = sys.stderr.isatty() and not quiet and os.environ.get("TERM") != "dumb"
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._phase = ""

    def phase(self, name: str) -> None:
        self._phase = name
        # ingest and check are often over at once: they are shown when there is something to show
        if self.draws and (self._progress or name not in ("ingest", "check")):
            self._begin(total=None)

    def progress(self, what: str, done: int, total: int) -> None:
        if not self.draws:
            return
        if self._progress is None or self._task is None:
            self._begin(total)
        assert self._progress is not None
        assert self._task is not None
        both = f"{size(done)} of {size(total)}" if self._phase in ("ingest", "demo") else f"{done:,} of {total:,}"
        # without a total, nobody knows how long it takes
        self._progress.update(
            self._task, completed=done, total=total or None, detail=f"{both}  {what}" if total else what
        )

    def notice(self, line: str) -> None:
        if self._progress is not None:
            self._progress.console.print(f"note: {line}", markup=False, highlight=False, soft_wrap=True)
        else:
            note(f"note: {line}")

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _begin(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<8}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                TextColumn("{task.fields[detail]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(self._phase, total=total, detail="")


@contextmanager
def working(*, quiet: bool = False) -> Iterator[Bars]:
    """Bars that are gone afterwards, whatever happens."""
    bars = Bars(quiet=quiet)
    try:
        yield bars
    finally:
        bars.close()
