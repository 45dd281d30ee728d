"""Files as they come: each format, each way of being broken, and what is read again."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from requirements import requirement
from shophouse.errors import ConfigError, SourceError, SourceMismatch, SourceUnreachable
from shophouse.settings import Operation
from shophouse.sources import Batch, Column, Position, Table, _work
from shophouse.sources._work import Work
from shophouse.sources.files import FilesSource, table_name

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
TYPES = {
    "id": "bigint",
    "price": "decimal(18,4)",
    "placed": "timestamp",
    "name": "text",
}
CSV = "id,price,placed,name\n1,2.50,2024-01-02 03:04:05,ann\n2,0.10,2024-01-03,bob\n"


def declared(*, name: str = "orders", columns: dict[str, str] | None = TYPES, **more: Any) -> Table:
    typed = None if columns is None else tuple(Column(column, kind) for column, kind in columns.items())
    return Table("shop", name, columns=typed, **more)


class Shop:
    """A folder of files, read by one source as the lake would: the position moves on after each read."""

    def __init__(
        self,
        folder: Path,
        path: str | Sequence[str] = "data/*",
        table: Table | None = None,
        **options: Any,
    ):
        self.folder = folder
        (folder / "data").mkdir(exist_ok=True)
        self.table = table or declared()
        self.notices: list[str] = []
        options.setdefault("tables", [self.table])
        self.source = FilesSource(
            "shop",
            folder,
            path,
            settle_seconds=0,
            notice=self.notices.append,
            **options,
        )
        self.position: Position | None = None
        self.load_id = 0

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, table: Table | None = None) -> list[Batch]:
        self.load_id += 1
        into = Path(tempfile.mkdtemp(dir=self.folder))
        batches = list(self.source.read(table or self.table, self.position, into, self.load_id, NOW))
        if batches:
            self.position = json.loads(json.dumps(batches[-1].position))
        assert not (into / "scratch").exists()
        return batches


def rows(batches: list[Batch], columns: str = "*") -> list[tuple[Any, ...]]:
    files = [str(path) for batch in batches for path in batch.parquet]
    if not files:
        return []
    return duckdb.sql(f"select {columns} from read_parquet({files}, union_by_name = true)").fetchall()


def rejected(batches: list[Batch]) -> list[tuple[Any, ...]]:
    return [(r.source_file, r.line, r.column_name, r.raw) for batch in batches for r in batch.rejected]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    yield lambda *args, **options: Shop(tmp_path, *args, **options)


@pytest.fixture(params=["beside others, in one pass", "alone, in two"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of reading delimited files, of which a small file sees the first one only."""
    if request.param.startswith("alone"):
        monkeypatch.setattr(Work, "_is_read_beside", lambda self, group: False)


EXPECTED = [
    (1, Decimal("2.5000"), datetime(2024, 1, 2, 3, 4, 5), "ann"),
    (2, Decimal("0.1000"), datetime(2024, 1, 3), "bob"),
]


def packed_zstd(text: str) -> bytes:
    return zstandard.ZstdCompressor().compress(text.encode())


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", CSV.encode(), {}),
        ("a.csv", CSV.rstrip("\n").encode(), {}),
        ("a.csv", CSV.replace("\n", "\r\n").encode(), {}),
        ("a.csv", CSV.replace("\n", "\r").encode(), {}),
        ("a.csv", CSV.replace("\n", "\r\n", 2).encode(), {}),
        ("a.csv", b"\xef\xbb\xbf" + CSV.encode(), {}),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0), {}),
        (
            "a.csv.gz",
            gzip.compress(CSV[:30].encode(), mtime=0) + gzip.compress(CSV[30:].encode(), mtime=0),
            {},
        ),
        ("a.csv.zst", packed_zstd(CSV), {}),
        ("a.csv.zst", packed_zstd(CSV[:30]) + packed_zstd(CSV[30:]), {}),
        ("a.dat", gzip.compress(CSV.encode(), mtime=0), {"compression": "gzip"}),
        ("a.csv", CSV.replace(",", ";").encode(), {}),
        ("a.tsv", CSV.replace(",", "\t").encode(), {}),
        ("a.csv", CSV.replace(",", "~").encode(), {"delimiter": "~"}),
        ("a.csv", CSV.encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv.gz", gzip.compress(CSV.encode("utf-16-le"), mtime=0), {"encoding": "utf-16-le"}),
        ("a.csv", CSV.split("\n", 1)[1].encode(), {"header": False}),
        ("a.csv", b"\xef\xbb\xbf" + CSV.split("\n", 1)[1].encode(), {"header": False}),
        ("it's [1] *.csv", CSV.encode(), {}),
        (
            "a.csv",
            CSV.replace(",", ";").replace(".", ",").encode(),
            {"decimal_separator": ","},
        ),
    ],
)
def test_each_way_of_writing_the_same_rows_reads_the_same(
    shop: Callable[..., Shop], name: str, content: bytes, options: dict[str, Any]
) -> None:
    it = shop(**options)
    it.write(name, content)
    batches = it.read()
    assert rows(batches, "id, price, placed, name") == EXPECTED
    assert rows(batches, "_load_id, _loaded_at, _source_file, _row_number, _operation") == [
        (1, NOW.replace(tzinfo=None), f"data/{name}", number, "insert") for number in (1, 2)
    ]
    assert [(f.rows, f.rejected_rows, f.bytes) for batch in batches for f in batch.files] == [(2, 0, len(content))]
    assert it.read() == []


def test_latin_1_and_cp1252_letters_arrive(shop: Callable[..., Shop]) -> None:
    for encoding in ("latin-1", "cp1252"):
        it = shop(encoding=encoding)
        it.write("a.csv", "id,name\n1,São Paulo ñ\n".encode(encoding))
        assert rows(it.read(), "name") == [("São Paulo ñ",)]


def test_a_file_that_is_not_in_the_encoding_is_refused(
    shop: Callable[..., Shop],
) -> None:
    it = shop(encoding="utf-16")
    it.write("a.csv", CSV.encode("utf-16")[:-1])
    with pytest.raises(SourceMismatch, match=r"a\.csv is not utf-16, or is cut off"):
        it.read()
    with pytest.raises(ConfigError, match="unknown encoding"):
        shop(encoding="utf-99")


def test_parquet_is_cast_to_the_declared_types_and_bad_values_are_quarantined(
    shop: Callable[..., Shop],
) -> None:
    it = shop(table=declared(columns={**TYPES, "tags": "text"}))
    table = pa.table(
        {
            "name": ["ann", "bob", "cy"],
            "id": pa.array([1, 2, 3], pa.int32()),
            "price": ["2.5", "x", None],
            "placed": pa.array([NOW] * 3, pa.timestamp("ns", "UTC")),
            "tags": [["a", "b"], [], None],
        }
    )
    pq.write_table(table, it.write("a.parquet", b""))
    batches = it.read()
    naive = NOW.replace(tzinfo=None)
    assert rows(batches, "id, price, placed, name, tags, _row_number") == [
        (1, Decimal("2.5000"), naive, "ann", '["a","b"]', 1),
        (3, None, naive, "cy", None, 3),
    ]
    assert [(r.line, r.column_name, r.reason) for r in batches[0].rejected] == [(2, "price", "not a decimal(18,4): x")]
    assert json.loads(batches[0].rejected[0].raw or "")["name"] == "bob"
    assert pq.read_schema(batches[0].parquet[0]).field("placed").type == pa.timestamp("us")


def test_json_lines_land_typed_and_broken_ones_in_quarantine(
    shop: Callable[..., Shop],
) -> None:
    it = shop(max_rejected_rate=0.9)
    lines = [
        '{"id": 1, "price": "2.5", "placed": "2024-01-02T03:04:05Z", "name": "ann, \\"a\\"", "more": {"x": [1]}}',
        "",
        '{"id": 2, "Price": 0.1, "name": null}',
        '{"id": 3,',
        "[1]",
        '{"id": "three"}',
        '{"id": 4, "name": true}',
    ]
    for name, content in (
        ("a.jsonl", "\n".join(lines).encode()),
        ("b.ndjson.gz", gzip.compress("\r\n".join(lines).encode(), mtime=0)),
        ("c.json", "\n".join(lines).encode()),
    ):
        path = it.write(name, content)
        batches = it.read()
        assert rows(batches, "id, price, placed, name, more, _row_number") == [
            (
                1,
                Decimal("2.5000"),
                datetime(2024, 1, 2, 3, 4, 5),
                'ann, "a"',
                '{"x":[1]}',
                1,
            ),
            (2, Decimal("0.1000"), None, None, None, 3),
            (4, None, None, "true", None, 7),
        ]
        assert [(r.line, r.column_name, r.reason) for r in batches[0].rejected] == [
            (4, None, "not a JSON object"),
            (5, None, "not a JSON object"),
            (6, "id", "not a bigint: three"),
        ]
        assert batches[0].columns == {**TYPES, "more": "text"}
        path.unlink()


def test_without_a_declaration_everything_is_text_and_each_file_a_table(
    shop: Callable[..., Shop],
) -> None:
    it = shop(tables=[])
    it.write("OrderItems.csv.gz", gzip.compress(b"id,price\n007,1e3\n", mtime=0))
    it.write("web-events.jsonl", '{"b": 1.50, "a": "x"}\n')
    tables = it.source.tables()
    assert [table.name for table in tables] == ["order_items", "web_events"]
    batches = it.read(tables[0])
    assert batches[0].columns == {"id": "text", "price": "text"}
    assert rows(batches, "id, price") == [("007", "1e3")]
    it.position = None
    batches = it.read(tables[1])
    assert batches[0].columns == {"b": "text", "a": "text"}
    assert rows(batches, "a, b") == [("x", "1.5")]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/olist_orders.csv.gz", "olist_orders"),
        ("A b-C.parquet", "a_b_c"),
        ("2024 sales.tsv", "_2024_sales"),
        ("x.y.jsonl.zst", "x_y"),
    ],
)
def test_a_table_is_named_after_its_file(path: str, name: str) -> None:
    assert table_name(path) == name


def test_one_source_has_many_tables_by_file_name(shop: Callable[..., Shop]) -> None:
    orders, items = (
        declared(files="*order[s]*"),
        declared(name="items", files="item*", columns=None),
    )
    it = shop(path="data/**/*", tables=[orders, items])
    it.write("orders-1.csv", CSV)
    it.write("2024/01/orders-2.csv", CSV)
    it.write("2024/items.csv", "sku\na\n")
    it.write("readme.md", "no")
    assert [file.source_file for file in it.read(orders)[0].files] == [
        "data/2024/01/orders-2.csv",
        "data/orders-1.csv",
    ]
    it.position = None
    assert rows(it.read(items), "sku") == [("a",)]
    assert it.source.ignored() == ["data/readme.md"]


def test_a_file_of_two_tables_is_refused(shop: Callable[..., Shop]) -> None:
    one, two = declared(files="*a*"), declared(name="two", files="*csv")
    it = shop(tables=[one, two])
    it.write("a.csv", CSV)
    with pytest.raises(ConfigError, match="belongs to two tables"):
        it.read(one)


def test_columns_are_found_by_name_in_any_order_and_case(
    shop: Callable[..., Shop],
) -> None:
    it = shop()
    it.write("a.csv", "NAME,placed,Id,price\nann,2024-01-02 03:04:05,1,2.50\n")
    assert rows(it.read(), "id, price, placed, name") == EXPECTED[:1]


def test_absent_columns_are_null_and_new_ones_are_text(
    shop: Callable[..., Shop],
) -> None:
    it = shop()
    it.write("a.csv", "id,colour\n1,red\n")
    it.write("b.csv", "Colour,id\n5,2\n")
    batches = it.read()
    assert rows(batches, "id, price, colour") == [(1, None, "red"), (2, None, "5")]
    assert all(batch.columns == {**TYPES, "colour": "text"} for batch in batches)


def test_a_lost_required_column_is_refused_with_its_likely_name(
    shop: Callable[..., Shop],
) -> None:
    it = shop(table=declared(required=("id", "price")))
    it.write("a.csv", "id,unit_price\n1,2\n")
    with pytest.raises(SourceMismatch) as raised:
        it.read()
    text = str(raised.value)
    assert "required column price is missing" in text and "data/a.csv" in text
    assert "id, unit_price" in text and "now called unit_price" in text


def test_a_lost_required_key_or_parquet_column_is_refused(
    shop: Callable[..., Shop],
) -> None:
    it = shop(table=declared(required=("price",)))
    it.write("a.jsonl", '{"id": 1}\n')
    with pytest.raises(SourceMismatch, match="required column price"):
        it.read()
    (it.folder / "data" / "a.jsonl").unlink()
    pq.write_table(pa.table({"id": [1]}), it.write("a.parquet", b""))
    with pytest.raises(SourceMismatch, match="required column price"):
        it.read()


def test_a_column_named_like_lineage_is_refused(shop: Callable[..., Shop]) -> None:
    it = shop()
    it.write("a.csv", "id,_load_id\n1,2\n")
    with pytest.raises(SourceMismatch, match="lineage"):
        it.read()


def test_odd_headers_get_usable_names(shop: Callable[..., Shop]) -> None:
    it = shop(tables=[])
    it.write("a.csv", 'id,,ID,"a ""b"", c",d.e,it\'s\n1,2,3,4,5,6\n')
    batches = it.read(it.source.tables()[0])
    assert list(batches[0].columns) == [
        "id",
        "column2",
        "ID_2",
        'a "b", c',
        "d.e",
        "it's",
    ]
    assert rows(
        batches,
        "* exclude (_load_id, _loaded_at, _source_file, _row_number, _operation)",
    ) == [("1", "2", "3", "4", "5", "6")]


@pytest.mark.usefixtures("way")
def test_broken_lines_go_to_quarantine_once_with_line_column_and_text(
    shop: Callable[..., Shop],
) -> None:
    it = shop(table=declared(columns={"id": "bigint", "price": "decimal(18,4)", "name": "text"}))
    it.write("a.csv", b"id,price,name\n1,2,a\nx,y,b\n3,4\n5,6,c,d\n7,8,\xff\xfe\n9,1.5,e\n")
    it.write("b.csv", "id,price,name\n1,z,a\n2,3,b\n")
    batches = it.read()
    assert rejected(batches)[:3] == [
        ("data/a.csv", 3, "price", "x,y,b"),
        ("data/a.csv", 4, "name", "3,4"),
        ("data/a.csv", 5, None, "5,6,c,d"),
    ]
    assert [(row[0], row[1]) for row in rejected(batches)[3:]] == [
        ("data/a.csv", 6),
        ("data/b.csv", 2),
    ]
    assert "z" in batches[0].rejected[4].reason and "price" in batches[0].rejected[4].reason
    assert [(f.source_file, f.rows, f.rejected_rows) for f in batches[0].files] == [
        ("data/a.csv", 2, 4),
        ("data/b.csv", 1, 1),
    ]
    assert rows(batches, "_source_file, _row_number, id") == [
        ("data/a.csv", 1, 1),
        ("data/a.csv", 2, 9),
        ("data/b.csv", 1, 2),
    ]


def test_too_many_broken_lines_refuse_the_load(shop: Callable[..., Shop]) -> None:
    it = shop(max_rejected_rate=0.1)
    lines = [f"{number},1,," for number in range(89)] + ["x,1,,"] * 11
    it.write("a.csv", "id,price,placed,name\n" + "\n".join(lines))
    with pytest.raises(SourceMismatch) as raised:
        it.read()
    assert "11 of 100 rows of data/a.csv can't be read" in str(raised.value)
    assert "first at line 91: 'x,1,,'" in str(raised.value)
    assert sum(b.files[0].rejected_rows for b in shop(max_rejected_rate=0.11).read()) == 11


def test_few_broken_lines_pass_in_a_small_file_unless_none_may(
    shop: Callable[..., Shop],
) -> None:
    it = shop()
    it.write("a.csv", "id,price,placed,name\n1,2,,\nx,,,\ny,,,\n")
    assert len(rejected(it.read())) == 2
    it = shop(max_rejected_rate=0)
    with pytest.raises(SourceMismatch, match="2 of 3 rows"):
        it.read()


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_packed_file_cut_anywhere_is_refused(shop: Callable[..., Shop], kind: str) -> None:
    it = shop(table=declared(columns=None))
    text = "id,name\n" + "".join(f"{n},{n * 7919 % 1000003}\n" for n in range(30_000))
    whole = gzip.compress(text.encode(), mtime=0) if kind == "gzip" else packed_zstd(text)
    name = "a.csv.gz" if kind == "gzip" else "a.csv.zst"
    for cut in (
        5,
        100,
        len(whole) // 2,
        len(whole) - 9,
        len(whole) - 4,
        len(whole) - 1,
    ):
        it.write(name, whole[:cut])
        with pytest.raises(SourceError, match=rf"{name} is (cut off|not a whole)"):
            it.read()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    it.write(name, bytes(damaged))
    if kind == "gzip":
        with pytest.raises(SourceError, match=name):
            it.read()
    it.write(name, whole)
    assert len(rows(it.read())) == 30_000


def test_parquet_without_its_end_is_refused(shop: Callable[..., Shop]) -> None:
    it = shop()
    path = it.write("a.parquet", b"")
    pq.write_table(pa.table({"id": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SourceMismatch, match=r"data/a\.parquet"):
        it.read()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.csv.gz"])
def test_an_empty_file_is_read_as_no_rows(shop: Callable[..., Shop], name: str) -> None:
    it = shop()
    it.write(name, gzip.compress(b"", mtime=0) if name.endswith("gz") else b"")
    batches = it.read()
    assert [(f.source_file, f.rows) for f in batches[0].files] == [(f"data/{name}", 0)] and not batches[0].parquet
    assert it.notices == [f"shop.orders: data/{name} is empty"]
    assert it.read() == []


@pytest.mark.parametrize(
    "content",
    ["id,price,placed,name\n", "id,price,placed,name", "id,price,placed,name\r\n"],
)
def test_a_header_alone_is_no_rows(shop: Callable[..., Shop], content: str) -> None:
    it = shop()
    it.write("a.csv", content)
    batches = it.read()
    assert batches[0].files[0].rows == 0 and batches[0].columns == TYPES and not batches[0].parquet


def test_null_values_and_quoted_newlines(shop: Callable[..., Shop]) -> None:
    it = shop(
        null_values=["NA", "\\N"],
        table=declared(columns={"id": "bigint", "name": "text"}),
    )
    it.write("a.csv", 'id,name\nNA,\\N\n1,"two\nlines, ""q"""\n2,\n')
    assert rows(it.read(), "id, name, _row_number") == [
        (None, None, 1),
        (1, 'two\nlines, "q"', 2),
        (2, None, 3),
    ]


def test_only_new_and_changed_files_are_read_again(shop: Callable[..., Shop]) -> None:
    it = shop()
    one, two = it.write("a.csv", CSV), it.write("b.csv", CSV)
    it.read()
    assert it.read() == []
    os.utime(one, ns=(1, 1))
    touched = it.read()
    assert [(batch.files, batch.parquet) for batch in touched] == [([], [])]
    assert it.read() == []
    stat = two.stat()
    two.write_text(CSV.replace("bob", "eve"))
    it.write("c.csv", CSV)
    batches = it.read()
    assert [file.source_file for batch in batches for file in batch.files] == [
        "data/b.csv",
        "data/c.csv",
    ]
    assert it.position is not None and it.position["files"]["data/b.csv"]["load_id"] == it.load_id
    assert it.position["files"]["data/a.csv"]["load_id"] == 1
    one.unlink()
    assert it.read() == [] and "data/a.csv" in it.position["files"]
    assert stat.st_size == two.stat().st_size


def test_a_file_written_while_it_is_read_is_left_to_the_next_run(
    shop: Callable[..., Shop],
) -> None:
    it = shop()
    it.write("a.csv", CSV)
    path = it.write("b.csv", CSV)
    sizes: list[int] = []

    def grow(_: str, done: int, total: int) -> None:
        if done >= 2 * len(CSV) and not sizes:
            sizes.append(done)
            path.write_text(CSV + "3,1,,late\n")

    it.source.progress = grow
    batches = it.read()
    assert [file.source_file for batch in batches for file in batch.files] == ["data/a.csv"]
    assert it.notices == ["shop.orders: data/b.csv is being written, it is left to the next run"]
    assert len(rows(it.read())) == 3


def test_progress_ends_at_its_total(shop: Callable[..., Shop]) -> None:
    it = shop()
    it.write("a.csv", CSV)
    it.write("b.csv.gz", gzip.compress(CSV.encode(), mtime=0))
    seen: list[tuple[str, int, int]] = []
    it.source.progress = lambda *step: seen.append(step)
    it.read()
    assert seen[-1][0] == "shop.orders" and seen[-1][1] == seen[-1][2]
    assert [step[1] for step in seen] == sorted(step[1] for step in seen)


def test_a_folder_that_is_not_there_is_worth_a_retry(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="is not there"):
        FilesSource("shop", tmp_path, "data/*.csv").tables()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("count", [20, 120])
def test_many_small_files_become_one_and_keep_their_own_row_numbers(shop: Callable[..., Shop], count: int) -> None:
    it = shop(table=declared(columns={"id": "bigint"}))
    for file in range(count):
        it.write(
            f"{file:03}.csv",
            "id\n" + "".join(f"{file * 100 + row}\n" for row in range(1, file % 7 + 1)),
        )
    batches = it.read()
    assert len(batches) == 1 and len(batches[0].parquet) == 1
    expected = [(f"data/{f:03}.csv", r, f * 100 + r) for f in range(count) for r in range(1, f % 7 + 1)]
    assert rows(batches, "_source_file, _row_number, id") == expected
    assert {f.source_file: f.rows for f in batches[0].files} == {f"data/{f:03}.csv": f % 7 for f in range(count)}


@pytest.fixture
def groups_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_work, "_GROUP_BYTES", 0)


@pytest.mark.usefixtures("groups_of_one")
def test_files_read_beside_each_other_come_in_their_order_each_with_its_own_rows(shop: Callable[..., Shop]) -> None:
    it = shop(table=declared(columns={"id": "bigint"}), threads=3)
    # the first takes the longest
    lines = {f"{file:02}.csv": 1_500 if file == 0 else 50 * file for file in range(12)}
    for file, (name, count) in enumerate(lines.items()):
        it.write(name, "id\n" + "".join(f"{file * 100_000 + row}\n" for row in range(1, count + 1)) + "bad\n")
    batches = it.read()
    assert [file.source_file for batch in batches for file in batch.files] == [f"data/{name}" for name in lines]
    assert len(batches) == 12
    assert [list(batch.position["files"]) for batch in batches] == [
        [f"data/{name}" for name in list(lines)[:done]]
        for done in itertools.accumulate(len(batch.files) for batch in batches)
    ]
    assert rejected(batches) == [(f"data/{name}", count + 2, "id", "bad") for name, count in lines.items()]
    assert rows(batches, "_source_file, id, _row_number") == [
        (f"data/{name}", file * 100_000 + row, row)
        for file, (name, count) in enumerate(lines.items())
        for row in range(1, count + 1)
    ]


@pytest.mark.usefixtures("groups_of_one")
def test_a_broken_file_among_those_read_beside_it_is_named_and_ends_the_read(shop: Callable[..., Shop]) -> None:
    it = shop(threads=3)
    for file in range(9):
        it.write(f"{file}.csv", "id,price,placed,name\n" + ("x,1,,\n" if file == 4 else "1,1,,\n") * 20)
    with pytest.raises(SourceMismatch, match=r"20 of 20 rows of data/4\.csv can't be read"):
        it.read()
    it.write("4.csv", CSV)
    assert len(rows(it.read())) == 8 * 20 + 2


def test_a_file_of_many_blocks_keeps_its_order_and_its_line_numbers(
    shop: Callable[..., Shop],
) -> None:
    it = shop(table=declared(columns={"id": "bigint", "name": "text"}))
    filler = "x" * 40
    bad = {123_456, 1_111_111, 1_500_000}
    it.write(
        "a.csv",
        "id,name\n" + "".join(f"{'bad' if n in bad else n},{filler}\n" for n in range(1, 1_600_001)),
    )
    batches = it.read()
    assert {(row[1]) for row in rejected(batches)} == {n + 1 for n in bad}
    (wrong,) = rows(
        batches,
        "count(*) filter (where id <> _row_number + (id > 123456)::int + (id > 1111111)::int + (id > 1500000)::int)",
    )
    assert wrong == (0,)


text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(text, text), min_size=1, max_size=8))
def test_what_a_csv_writer_wrote_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, str]]
) -> None:
    import csv
    import io

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("a", "b"), *values])
    it = Shop(tmp_path_factory.mktemp("shop"), table=declared(columns=None))
    it.write("a.csv", buffer.getvalue())
    assert rows(it.read(), "coalesce(a, ''), coalesce(b, '')") == values


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            text.filter(lambda k: k.strip() and k.lower() not in {"k"}),
            text,
            max_size=3,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_a_json_writer_wrote_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, str]]
) -> None:
    it = Shop(tmp_path_factory.mktemp("shop"), table=declared(columns={"k": "bigint"}))
    it.write(
        "a.jsonl",
        "".join(json.dumps({"k": n, **value}) + "\n" for n, value in enumerate(values)),
    )
    batches = it.read()
    assert rejected(batches) == []
    columns = list(batches[0].columns)
    found = rows(batches, ", ".join('"' + column.replace('"', '""') + '"' for column in columns))
    for number, value in enumerate(values):
        row = dict(zip((column.lower() for column in columns), found[number], strict=True))
        assert {row[key.lower()] for key in value} <= set(value.values())
        assert row["k"] == number


CHANGES = Operation(column="Op")
FEED = [("I", 1, "paid"), ("U", 1, "shipped"), ("d", 2, ""), ("Q", 3, "paid"), ("", 4, "paid")]


def feed(ending: str) -> bytes:
    if ending == ".parquet":
        sink = pa.BufferOutputStream()
        columns = [list(column) for column in zip(*FEED, strict=True)]
        pq.write_table(pa.table(dict(zip(("op", "id", "state"), columns, strict=True))), sink)
        return bytes(sink.getvalue().to_pybytes())
    if ending == ".jsonl":
        return "".join(f"{json.dumps({'op': o, 'id': i, 'state': s})}\n" for o, i, s in FEED).encode()
    return "".join(f"{o},{i},{s}\n" for o, i, s in [("op", "id", "state"), *FEED]).encode()


@requirement("S2-03", "S2-22")
@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_change_feed_says_what_happened_to_a_row_and_an_unknown_word_is_quarantined(
    shop: Callable[..., Shop], ending: str
) -> None:
    place = shop(table=declared(columns={"id": "bigint"}, operation=CHANGES))
    place.write(f"a{ending}", feed(ending))
    batches = place.read()
    assert rows(batches, "id, _operation") == [(1, "insert"), (1, "update"), (2, "delete")]
    reasons = [(row.column_name, row.reason) for batch in batches for row in batch.rejected]
    shown = "null" if ending == ".csv" else ""
    assert reasons == [("op", "not a known operation: Q"), ("op", f"not a known operation: {shown}")]


def test_rows_of_files_without_the_operation_column_are_inserts(shop: Callable[..., Shop]) -> None:
    place = shop(table=declared(columns={"id": "bigint"}, operation=CHANGES))
    place.write("LOAD1.csv", "id,state\n1,paid\n")
    assert rows(place.read(), "id, _operation") == [(1, "insert")]


def test_the_words_of_a_change_feed_may_be_others(shop: Callable[..., Shop]) -> None:
    flags = Operation(column="__deleted", insert=("false",), update=(), delete=("true",))
    place = shop(table=declared(columns={"id": "bigint", "__deleted": "boolean"}, operation=flags))
    place.write("a.csv", "id,__deleted\n1,false\n2,true\n")
    assert rows(place.read(), "id, _operation") == [(1, "insert"), (2, "delete")]


def test_a_file_that_is_gone_takes_its_rows_along_where_that_is_said(shop: Callable[..., Shop]) -> None:
    place = shop(table=declared(delivery="snapshot"), removes_vanished=True)
    path = place.write("a.csv", CSV)
    place.write("b.csv", CSV)
    place.read()
    path.unlink()
    (batch,) = place.read()
    assert [(file.source_file, file.rows) for file in batch.files] == [("data/a.csv", 0)]
    assert batch.parquet == [] and place.read() == []
    place.write("a.csv", CSV)
    assert len(rows(place.read())) == 2
