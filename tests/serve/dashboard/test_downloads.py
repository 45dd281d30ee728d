from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date
from decimal import Decimal

from shophouse.serve.dashboard.contents import Column, Table
from shophouse.serve.dashboard.downloads import csv_file, excel_file, file_name
from shophouse.serve.dashboard.formats import Formats

FORMATS = Formats("de_DE", "EUR")
TABLE = Table(
    "Sales: by [day]",
    columns=(
        Column("day", "Day", "day"),
        Column("net_sales_amount", "Net sales", "money", "What is left."),
        Column("return_rate", "Return rate", "rate"),
        Column("store_key", "Store"),
    ),
    rows=(
        (date(2026, 11, 21), Decimal("1234.5678"), 0.125, 997847361679047573),
        (date(2026, 11, 22), None, None, "=1+1"),
    ),
)


def test_a_csv_has_labels_with_units_and_exact_values() -> None:
    rows = list(csv.reader(io.StringIO(csv_file(TABLE, FORMATS).decode("utf-8"))))
    assert rows == [
        ["Day", "Net sales (EUR)", "Return rate (share)", "Store"],
        ["2026-11-21", "1234.5678", "0.125", "997847361679047573"],
        ["2026-11-22", "", "", "'=1+1"],
    ]


def test_a_workbook_shows_shares_in_percent_keeps_keys_and_runs_no_formula() -> None:
    book = zipfile.ZipFile(io.BytesIO(excel_file(TABLE, FORMATS)))
    words = re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode())
    assert {"Net sales (EUR)", "Return rate", "997847361679047573", "=1+1", "What is left."} <= set(words)
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<v>1234.5678</v>" in sheet and "<v>0.125</v>" in sheet
    assert "0.0%" in book.read("xl/styles.xml").decode()
    assert 'name="Sales  by  day "' in book.read("xl/workbook.xml").decode()


def test_a_file_is_called_as_its_block() -> None:
    assert file_name(TABLE) == "sales__by__day"


def test_any_block_can_be_a_workbook() -> None:
    columns = (Column("column", "Column"), Column("rate", "Rate", "rate"))
    table = Table("Columns", columns=columns, rows=(("a", float("nan")), ("b", float("inf"))))
    book = zipfile.ZipFile(io.BytesIO(excel_file(table, FORMATS)))
    assert re.findall(r'<sheet name="([^"]*)"', book.read("xl/workbook.xml").decode()) == ["Columns", "what they are"]
