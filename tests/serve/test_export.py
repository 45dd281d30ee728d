from __future__ import annotations

import csv
import re
import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest

import shophouse as package
from built_shop import DemoShop, shophouse
from requirements import requirement
from shophouse.errors import ConfigError
from shophouse.serve.export import _with_fast_decimals, listing
from shophouse.serve.workbook import write_workbook
from shophouse.shop import Shop


@pytest.fixture(scope="module")
def shop(demo_shop: DemoShop) -> Shop:
    return package.open(demo_shop.folder)


def marts(shop: Shop) -> set[str]:
    sql = "select table_name from information_schema.tables where table_schema = 'marts'"
    return {name for (name,) in shop.sql(sql).fetchall()}


@requirement("S0-24")
def test_a_run_exports_every_mart_and_the_named_exports(demo_shop: DemoShop, shop: Shop) -> None:
    found = {file.stem for file in (demo_shop.folder / "reports" / "csv").glob("*.csv")}
    assert found == marts(shop) | {"daily_revenue_trend", "top_10_products_by_revenue"}


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_an_exported_file_has_the_rows_of_its_mart(shop: Shop, tmp_path: Path, format_: str) -> None:
    [file] = shop.export(["sales_daily"], formats=[format_], folder=tmp_path)
    assert file == tmp_path / format_ / f"sales_daily.{format_}"
    read = duckdb.sql(f"select count(*), sum(net_sales_amount) from '{file}'").fetchall()
    count, total = shop.sql("select count(*), sum(net_sales_amount) from sales_daily").fetchall()[0]
    assert read[0][0] == count
    assert float(read[0][1]) == pytest.approx(float(total))
    assert listing(tmp_path)[f"{format_}/sales_daily.{format_}"].rows == count


def test_csv_has_a_header_and_plain_values(shop: Shop, tmp_path: Path) -> None:
    [file] = shop.export(["daily_revenue_trend"], formats=["csv"], folder=tmp_path)
    header, first, *_ = file.read_text("utf-8").splitlines()
    assert header.startswith("date_day,currency_code,net_sales_amount")
    assert re.match(r"\d{4}-\d\d-\d\d,USD,-?\d+\.\d{4},", first)


def test_the_top_ten_are_ten_and_in_order(shop: Shop, tmp_path: Path) -> None:
    [file] = shop.export(["top_10_products_by_revenue"], formats=["parquet"], folder=tmp_path)
    amounts = [row[0] for row in duckdb.sql(f"select net_sales_amount from '{file}'").fetchall()]
    assert len(amounts) == 10
    assert amounts == sorted(amounts, reverse=True)


@pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx"])
def test_the_same_rows_make_the_same_bytes(shop: Shop, tmp_path: Path, format_: str) -> None:
    first, second = (
        shop.export(["customer_360"], formats=[format_], folder=tmp_path / name)[0].read_bytes() for name in "ab"
    )
    assert first == second


def test_a_file_is_written_again_only_when_it_must_be(shop: Shop, tmp_path: Path) -> None:
    [file] = shop.export(["sales_daily"], formats=["csv"], folder=tmp_path)
    before = file.stat().st_ino
    shop.export(["sales_daily"], formats=["csv"], folder=tmp_path)
    assert file.stat().st_ino == before
    text = file.read_bytes()
    file.write_text("changed by hand")
    shop.export(["sales_daily"], formats=["csv"], folder=tmp_path)
    assert file.read_bytes() == text


def test_a_file_whose_mart_is_gone_is_removed_and_others_stay(shop: Shop, tmp_path: Path) -> None:
    shop.export(formats=["csv"], folder=tmp_path)
    stamp = tmp_path / ".exports.json"
    stamp.write_text(stamp.read_text().replace("csv/returns.csv", "csv/former.csv"))
    (tmp_path / "csv" / "former.csv").touch()
    (tmp_path / "csv" / "mine.csv").touch()
    shop.export(formats=["csv"], folder=tmp_path)
    assert not (tmp_path / "csv" / "former.csv").exists()
    assert (tmp_path / "csv" / "mine.csv").exists()


def test_a_mart_that_no_sheet_holds_is_a_file_when_it_is_named(demo_shop: DemoShop, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(demo_shop.folder, folder, symlinks=True)
    one = package.open(folder)
    rows = one.sql("select count(*) from sales_daily").fetchall()[0][0]
    assert (folder / "reports" / "csv" / "sales_daily.csv").is_file()
    settings = folder / "shophouse.yml"
    settings.write_text(
        settings.read_text("utf-8").replace("exports:\n", f"exports:\n  max_rows: {rows - 1}\n"), "utf-8"
    )
    shutil.rmtree(folder / "reports")
    done = shophouse("export", "--project", str(folder))
    told = f"sales_daily has {rows:,} rows and is not exported: shophouse export sales_daily writes it"
    assert told in " ".join(done.stderr.split())
    assert not (folder / "reports" / "csv" / "sales_daily.csv").exists()
    assert (folder / "reports" / "csv" / "sales_monthly.csv").is_file()
    shophouse("export", "sales_daily", "--project", str(folder))
    assert len((folder / "reports" / "csv" / "sales_daily.csv").read_text("utf-8").splitlines()) == rows + 1


def test_nothing_unfinished_is_left(shop: Shop, tmp_path: Path) -> None:
    shop.export(formats=["csv", "xlsx"], folder=tmp_path)
    assert [path.name for path in tmp_path.rglob(".*")] == [".exports.json"]


def test_an_unknown_mart_or_format_is_refused_with_the_nearest_right_word(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean sales_daily"):
        shop.export(["sale_daily"], folder=tmp_path)
    with pytest.raises(ConfigError, match="csv, parquet, xlsx"):
        shop.export(formats=["pdf"], folder=tmp_path)


def test_an_export_of_the_shops_own_is_a_file(demo_shop: DemoShop, tmp_path: Path) -> None:
    folder = demo_shop.folder / "exports"
    folder.mkdir()
    try:
        (folder / "days.sql").write_text("select count(*) as days from marts.executive_daily;\n")
        done = shophouse("export", "days", "--into", tmp_path, "-p", demo_shop.folder)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "csv" / "days.csv").read_text().startswith("days\n")
        (folder / "days.sql").write_text("select nix from marts.executive_daily")
        done = shophouse("export", "days", "--into", tmp_path / "b", "-p", demo_shop.folder)
        assert done.returncode == 2
        assert "days.sql" in done.stderr
    finally:
        shutil.rmtree(folder)


def sheets(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        return {name: book.read(f"xl/worksheets/sheet{n}.xml").decode() for n, name in enumerate(names, start=1)}


def test_a_workbook_explains_its_columns(shop: Shop, tmp_path: Path) -> None:
    [file] = shop.export(["sales_daily"], formats=["xlsx"], folder=tmp_path)
    found = sheets(file)
    assert list(found) == ["sales_daily", "columns"]
    assert "Local day of the store" in found["columns"]


def test_columns_are_told_beside_the_files(shop: Shop, tmp_path: Path) -> None:
    shop.export(["sales_daily"], formats=["csv"], folder=tmp_path)
    shop.export(["funnel_daily"], formats=["csv"], folder=tmp_path)
    with (tmp_path / "columns.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["table"], row["column"]): row for row in csv.DictReader(file)}
    header = (tmp_path / "csv" / "sales_daily.csv").read_text("utf-8").splitlines()[0].split(",")
    assert [column for table, column in rows if table == "sales_daily"] == header
    assert rows["sales_daily", "net_sales_amount"]["label"] == "Net sales"
    assert rows["sales_daily", "net_sales_amount"]["unit"] == "USD"
    assert rows["funnel_daily", "order_count"]["label"] == ""
    assert all(row["what it is"] for row in rows.values())


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path: Path) -> None:
    relation = duckdb.sql("select range as n from range(25)")
    assert write_workbook(relation, tmp_path / "many.xlsx", "many", rows_per_sheet=10) == 25
    found = sheets(tmp_path / "many.xlsx")
    assert list(found) == ["many", "many 2", "many 3"]
    assert [sheet.count("<row ") for sheet in found.values()] == [11, 11, 6]


def test_a_workbook_keeps_the_digits_of_keys_and_takes_no_text_for_a_formula(tmp_path: Path) -> None:
    relation = duckdb.sql(
        "select 997847361679047573 as store_key, '=1+1' as name, 12.5::decimal(18, 4) as amount,"
        " date '2024-02-29' as day"
    )
    write_workbook(relation, tmp_path / "one.xlsx", "one")
    sheet = sheets(tmp_path / "one.xlsx")["one"]
    assert "997847361679047573" in sheet
    assert "<t>=1+1</t>" in sheet
    assert "<v>12.5</v>" in sheet
    assert "<v>45351</v>" in sheet


def test_a_csv_has_the_digits_of_its_mart_however_wide_they_are(shop: Shop, tmp_path: Path) -> None:
    [file] = shop.export(["sales_daily"], formats=["csv"], folder=tmp_path)
    shop.sql("select * from sales_daily order by all").write_csv(str(tmp_path / "plain.csv"), header=True)
    assert file.read_bytes() == (tmp_path / "plain.csv").read_bytes()


def test_decimals_are_narrowed_only_where_all_of_their_values_fit(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table wide as select cast(x as decimal(28, 4)) as one, cast(x * 1e9 as decimal(38, 4)) as other,"
            " cast(null as decimal(38, 4)) as unknown, x from (values (-99999.1234), (1.5), (null)) as t (x)"
        )
        query = "select * from wide order by all"
        narrowed = _with_fast_decimals(connection, connection.sql(query), query)  # type: ignore[arg-type]
        assert list(map(str, narrowed.types))[:3] == ["DECIMAL(18,4)", "DECIMAL(18,4)", "DECIMAL(18,4)"]
        connection.execute("insert into wide values (99999999999999.9999, 1e20, 0, 0)")
        kept = _with_fast_decimals(connection, connection.sql(query), query)  # type: ignore[arg-type]
        assert list(map(str, kept.types))[:3] == ["DECIMAL(28,4)", "DECIMAL(38,4)", "DECIMAL(18,4)"]
        assert kept.fetchall() == connection.sql(query).fetchall()
