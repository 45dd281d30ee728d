"""The first line of a delimited file: its delimiter and its columns, told without guessing from the data.

DuckDB's sniffer looks at data lines, and a few broken ones lead it to another dialect. The header alone decides here,
with the declared names as the judge.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from shophouse.errors import SourceMismatch
from shophouse.sources import LINEAGE, Table

__all__ = ["Header", "match_columns", "read_header"]

_DELIMITERS = ",;\t|"
_FIRST = 1 << 20


@dataclass(frozen=True)
class Header:
    """How a file is laid out. `names` are its columns from left to right."""

    delimiter: str
    names: tuple[str, ...]


def read_header(path: Path, label: str, table: Table, delimiter: str | None, has_header: bool) -> Header | None:
    """The layout of a UTF-8 file, None when it has no bytes.

    Without a header line the declared names go by position, and columns beyond them are column3, column4, …
    """
    with path.open("rb") as file:
        first = file.read(_FIRST)
    text = first.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if not text.strip("\r\n"):
        return None
    declared = [column.name for column in table.columns or ()]
    if delimiter is None:
        delimiter = _delimiter(text, declared)
    fields = _first_line(text, delimiter)
    if not has_header:
        beyond = (f"column{position}" for position in range(len(declared) + 1, len(fields) + 1))
        return Header(delimiter, tuple([*declared, *beyond][: len(fields)]))
    return Header(delimiter, _usable(fields, label))


def _first_line(text: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])


def _delimiter(text: str, declared: Sequence[str]) -> str:
    wanted = {name.lower() for name in declared}

    def fitness(delimiter: str) -> tuple[int, int]:
        fields = _first_line(text, delimiter)
        return len(wanted & {field.strip().lower() for field in fields}), len(fields)

    return max(_DELIMITERS, key=fitness)


def _usable(fields: Sequence[str], label: str) -> tuple[str, ...]:
    """Names that a table can have: none empty, none twice (in either case), none of the lineage's."""
    names: list[str] = []
    taken: set[str] = set()
    for position, field in enumerate(fields, 1):
        name = field.strip() or f"column{position}"
        if name.lower() in LINEAGE:
            raise SourceMismatch(
                f"{label}: the column {name} has the name of a lineage column",
                hint="rename the column in the file",
            )
        plain, count = name, 1
        while name.lower() in taken:
            count += 1
            name = f"{plain}_{count}"
        taken.add(name.lower())
        names.append(name)
    return tuple(names)


def match_columns(table: Table, label: str, found: Sequence[str], known: dict[str, str]) -> dict[str, str | None]:
    """The table's columns, each with the file's name for it: None where the file lacks it.

    Declared names come first and match in either case, then what else the file has, under the name that an earlier
    file gave it (`known`, by lower-case name, is added to). Raises SourceMismatch when a required column is missing.
    """
    by_name = {name.lower(): name for name in found}
    for required in table.required:
        if required.lower() not in by_name:
            near = get_close_matches(required, found, n=1, cutoff=0.6)
            raise SourceMismatch(
                f"{table.name}: the required column {required} is missing",
                where=f"source {table.source}, file {label}",
                why=f"columns found: {', '.join(found) or 'none'}",
                hint=f"is it now called {near[0]}? Rename it in the file, or change `required` and the staging model"
                if near
                else "mend the file, or take the column out of `required`; without a header line: header: false",
            )
    columns: dict[str, str | None] = {}
    for column in table.columns or ():
        columns[column.name] = by_name.pop(column.name.lower(), None)
    for lower, name in by_name.items():
        columns[known.setdefault(lower, name)] = name
    return columns
