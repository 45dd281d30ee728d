"""The rows of a block as files for people: headers are labels with the unit, values are exact."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shophouse.serve.dashboard.contents import Chart, Column, Table
from shophouse.serve.dashboard.formats import Formats

__all__ = ["csv_file", "excel_file", "file_name"]

_NUMBERS = {
    "money": "#,##0.00",
    "amount": "#,##0.00",
    "count": "#,##0",
    "quantity": "#,##0.##",
    "rate": "0.0%",
    "times": "#,##0.00",
    "mean": "#,##0.00",
    "score": "0.00",
    "days": "#,##0.0",
    "seconds": "#,##0.0",
}
# what Excel takes for no sheet's name
_NO_NAME = re.compile(r"[\[\]:*?/\\']")


def csv_file(content: Chart | Table, formats: Formats) -> bytes:
    """All rows as CSV: numbers with all digits and a point, days as 2026-11-21, shares as 0.123."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_headers(content, formats, is_text=True))
    writer.writerows([_cell(value) for value in row] for row in content.rows)
    return text.getvalue().encode("utf-8")


def excel_file(content: Chart | Table, formats: Formats) -> bytes:
    """All rows as a workbook, with what each column means on a sheet of its own."""
    import xlsxwriter

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(target, options) as book:
        name = _NO_NAME.sub(" ", content.title)[:31]
        sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        written = {unit: book.add_format({"num_format": code}) for unit, code in _NUMBERS.items()}
        sheet.write_row(0, 0, _headers(content, formats, is_text=False), bold)
        for number, row in enumerate(content.rows, 1):
            for at, (column, value) in enumerate(zip(content.columns, row, strict=False)):
                if isinstance(value, datetime):
                    sheet.write_datetime(number, at, value.replace(tzinfo=None), time)
                elif isinstance(value, date):
                    sheet.write_datetime(number, at, value, day)
                elif isinstance(value, int | float | Decimal) and column.unit in written:
                    sheet.write_number(number, at, float(value), written[column.unit])
                elif value is not None:
                    # a key as a number would lose its last digits
                    sheet.write_string(number, at, str(value))
        sheet.freeze_panes(1, 0)
        sheet.autofit()
        # Excel takes names in other letters for the same
        about = book.add_worksheet("columns" if name.lower() != "columns" else "what they are")
        about.write_row(0, 0, ["column", "what it is"], bold)
        for number, column in enumerate(content.columns, 1):
            about.write_row(number, 0, [column.label, column.definition])
        about.autofit()
    return target.getvalue()


def file_name(content: Chart | Table) -> str:
    """The title as a file is called, without an ending."""
    return "".join(letter if letter.isalnum() else "_" for letter in content.title.lower()).strip("_")


def _cell(value: Any) -> Any:
    """A value as spreadsheets read it; an apostrophe keeps them from calculating what somebody wrote."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value


def _headers(content: Chart | Table, formats: Formats, *, is_text: bool) -> list[str]:
    return [_header(column, formats, is_text=is_text) for column in content.columns]


def _header(column: Column, formats: Formats, *, is_text: bool) -> str:
    if column.unit == "rate" and not is_text:
        # each cell says it
        return column.label
    unit = formats.unit(column.unit)
    return f"{column.label} ({unit})" if unit else column.label
