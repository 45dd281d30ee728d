"""A table as an Excel workbook, written row by row so that a big one takes no memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

__all__ = ["ROWS_PER_SHEET", "write_workbook"]

ROWS_PER_SHEET = 1_048_575
"""What a sheet holds beside its header."""

_FORMATS = {"date": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm:ss", "money": "#,##0.00", "whole": "#,##0", "rate": "0.0%"}
_EXACT = 10**15


def write_workbook(
    relation: duckdb.DuckDBPyRelation,
    file: Path,
    name: str,
    descriptions: Mapping[str, str] | None = None,
    *,
    rows_per_sheet: int = ROWS_PER_SHEET,
) -> int:
    """Write all rows and return their number; more than a sheet holds go on in `<name> 2` and so on.

    Keys are text: a number in Excel has 15 digits. With descriptions there is a sheet of them, called `columns`.
    """
    import xlsxwriter

    columns = relation.columns
    kinds = [_kind(column, str(type_)) for column, type_ in zip(columns, relation.types, strict=True)]
    written = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        # a date of its own would make other bytes of the same rows
        book.set_properties({"title": name, "created": dt.datetime(2000, 1, 1)})
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        sheet: Any = None
        for row in _rows(relation):
            at = written % rows_per_sheet + 1
            if at == 1:
                sheet = _sheet(book, _title(name, written // rows_per_sheet + 1), columns, kinds, bold)
            for index, value in enumerate(row):
                _cell(sheet, at, index, value, formats.get(kinds[index]))
            written += 1
        if sheet is None:
            _sheet(book, _title(name, 1), columns, kinds, bold)
        if descriptions:
            about = book.add_worksheet("columns")
            about.set_column(0, 0, 34)
            about.set_column(1, 1, 100)
            about.write_row(0, 0, ["column", "what it is"], bold)
            for line, column in enumerate(columns, start=1):
                about.write_row(line, 0, [column, descriptions.get(column, "")])
    return written


def _rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    while rows := relation.fetchmany(10_000):
        yield from rows


def _title(name: str, number: int) -> str:
    # Excel takes 31 characters
    suffix = "" if number == 1 else f" {number}"
    return name[: 31 - len(suffix)] + suffix


def _sheet(book: Any, title: str, columns: list[str], kinds: list[str], bold: Any) -> Any:
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, 0, max(len(columns) - 1, 0))
    for index, column in enumerate(columns):
        sheet.set_column(index, index, max(len(column) + 3, 20 if kinds[index] in ("text", "time") else 12))
    sheet.write_row(0, 0, columns, bold)
    return sheet


def _kind(column: str, type_: str) -> str:
    if column.endswith("_key"):
        return "text"
    if type_ == "DATE":
        return "date"
    if type_.startswith("TIMESTAMP"):
        return "time"
    if column.endswith("_rate"):
        return "rate"
    if type_.startswith("DECIMAL"):
        return "money"
    return "whole" if "INT" in type_ else "text"


def _cell(sheet: Any, row: int, column: int, value: Any, format_: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int) and (format_ is None or abs(value) >= _EXACT):
        sheet.write_string(row, column, str(value))
    elif isinstance(value, int | float | Decimal):
        if value == value and abs(value) != float("inf"):
            sheet.write_number(row, column, float(value), format_)
    elif isinstance(value, dt.datetime | dt.date):
        plain = value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value
        sheet.write_datetime(row, column, plain, format_)
    else:
        sheet.write_string(row, column, str(value)[:32_767])
