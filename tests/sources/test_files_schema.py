from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from shophouse.errors import ConfigError, SourceMismatch
from shophouse.sources._files_schema import FilesSchema


def test_files_of_one_table_differ_in_digits_alone(tmp_path: Path) -> None:
    for name in ("orders-2024.csv", "orders-2025-01-31.csv", "order_items.csv", "users.csv.gz"):
        duckdb.sql("select 1 as id, 'x' as name").write_csv(str(tmp_path / name))
    found = {table.name: table.files for table in FilesSchema(tmp_path / "*").tables()}
    assert found == {"order_items": "order_items.*", "orders": "orders[-_. 0-9]*", "users": "users.*"}


def test_types_are_those_that_the_values_have(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "Order No;Placed;Paid;Postage;Zip;Count\n"
        "1;2025-11-03 09:12:00;true;49.50;01234;7\n"
        "2;2025-11-04 09:12:00;false;0;20095;8\n"
    )
    (table,) = FilesSchema(tmp_path / "*.csv").tables()
    types = {column.name: column.type for column in table.columns}
    assert types["Placed"] == "timestamp"
    assert types["Paid"] == "boolean"
    assert types["Postage"] == "decimal(18,4)"
    assert (types["Order No"], types["Count"]) == ("bigint", "bigint")
    # a number with a zero before it is a name made of digits
    assert types["Zip"] == "text"
    assert table.column("Zip").sample.distinct == ("01234", "20095")
    assert table.rows == 2


def test_a_parquet_file_is_a_table_too(tmp_path: Path) -> None:
    duckdb.sql("select 1 as id, cast(2.5 as decimal(10, 2)) as price").write_parquet(str(tmp_path / "items.parquet"))
    (table,) = FilesSchema(tmp_path / "*.parquet").tables()
    assert [column.type for column in table.columns] == ["integer", "decimal(10,2)"]


def test_no_file_and_a_broken_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="matches no file"):
        FilesSchema(tmp_path / "*.csv").tables()
    (tmp_path / "a.parquet").write_text("no parquet")
    with pytest.raises(SourceMismatch, match=r"a\.parquet can't be read"):
        FilesSchema(tmp_path / "*").tables()
