from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from built_shop import shophouse
from shophouse.errors import ConfigError, SourceError, SourceMismatch, SourceUnreachable
from shophouse.lake import Lake
from shophouse.sources import Batch, Column, Delivery, Position, Table, kinds
from shophouse.sources.python import PythonSource

from .conformance import LOADED_AT, SourceConformance, System


class Till:
    """A function of a shop that reads the lines of a file after the last that it has read."""

    def __init__(self, folder: Path) -> None:
        self.rows = folder / "rows.txt"
        self.rows.touch()
        (folder / "till.py").write_text(
            "from pathlib import Path\n"
            "def sold(position):\n"
            f"    lines = Path({str(self.rows)!r}).read_text().splitlines()\n"
            "    for number, line in enumerate(lines, 1):\n"
            "        if number > (position or 0):\n"
            "            yield {'id': line}, number\n"
        )
        table = Table("shop", "sold", columns=(Column("id", "bigint"),), required=("id",), delivery="append")
        self.source = PythonSource("shop", folder, "till.py:sold", tables=[table])

    def arrive(self, ids: list[int]) -> None:
        with self.rows.open("a") as file:
            file.writelines(f"{number}\n" for number in ids)

    def arrive_broken(self) -> None:
        with self.rows.open("a") as file:
            file.write("broken\n")


class TestPython(SourceConformance):
    @pytest.fixture
    def system(self, tmp_path: Path) -> System:
        return Till(tmp_path)


def test_python_is_a_kind() -> None:
    assert kinds()["python"] is PythonSource


Read = Callable[..., list[Batch]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a file of functions, and read what `rows` in it yields."""
    times = 0

    def reading(code: str, since: Position | None = None, delivery: Delivery = "upsert", **given: Any) -> list[Batch]:
        nonlocal times
        times += 1
        (tmp_path / "erp.py").write_text(textwrap.dedent(code))
        (into := tmp_path / str(times)).mkdir()
        columns = tuple(Column(name, kind) for name, kind in given.pop("columns", {}).items()) or None
        table = Table("shop", "rows", columns=columns, delivery=delivery, key=("id",))
        source = PythonSource("shop", tmp_path, "erp.py:rows", tables=[table], **given)
        return list(source.read(table, since, into, times, LOADED_AT))

    return reading


def rows_of(batches: list[Batch]) -> list[dict[str, Any]]:
    found = [row for batch in batches for path in batch.parquet for row in pq.read_table(path).to_pylist()]
    return [{name: value for name, value in row.items() if name[0] != "_"} for row in found]


FRAMES = {
    "pandas": "pd.DataFrame({'id': [1, 2], 'paid': [Decimal('1.10'), Decimal('22.25')], 'day': [day, day]})",
    "polars": "pl.DataFrame({'id': [1, 2], 'paid': [Decimal('1.10'), Decimal('22.25')], 'day': [day, day]})",
    "polars, lazy": "pl.LazyFrame({'id': [1, 2], 'paid': [Decimal('1.10'), Decimal('22.25')], 'day': [day, day]})",
    "arrow table": "pa.table({'id': [1, 2], 'paid': [Decimal('1.10'), Decimal('22.25')], 'day': [day, day]})",
    "arrow batch": "pa.record_batch({'id': [1, 2], 'paid': [Decimal('1.10'), Decimal('22.25')], 'day': [day, day]})",
    "arrow reader": "pa.table({'id': [1, 2], 'paid': [Decimal('1.10'), Decimal('22.25')], 'day': [day, day]})"
    ".to_reader()",
    "duckdb": "duckdb.sql('select * from (values (1, 1.10::decimal(9,2), $day), (2, 22.25, $day)) t (id, paid, day)',"
    " params={'day': day})",
    "dictionaries": "[{'id': 1, 'paid': Decimal('1.10'), 'day': day}, {'id': 2, 'paid': Decimal('22.25'), 'day': day}]",
}
HEAD = """
import datetime, duckdb
from decimal import Decimal
import pandas as pd, polars as pl, pyarrow as pa
day = datetime.date(2026, 3, 4)
"""


@pytest.mark.parametrize("frame", FRAMES)
def test_frames_of_any_library_land_alike(read: Read, frame: str) -> None:
    batches = read(f"{HEAD}\ndef rows(position):\n    yield {FRAMES[frame]}, 'x'\n")
    assert batches[-1].columns == {"id": "bigint", "paid": batches[-1].columns["paid"], "day": "date"}
    assert batches[-1].columns["paid"] == "decimal(38,9)"
    day = date(2026, 3, 4)
    assert rows_of(batches) == [
        {"id": 1, "paid": Decimal("1.10"), "day": day},
        {"id": 2, "paid": Decimal("22.25"), "day": day},
    ]


def test_a_position_goes_back_to_the_function_as_it_was_yielded(read: Read) -> None:
    code = """
    def rows(position):
        at = position or {"page": 0, "seen": []}
        yield [{"id": at["page"]}], {"page": at["page"] + 1, "seen": [*at["seen"], at["page"]]}
    """
    first = read(code)
    assert first[-1].position["position"] == {"page": 1, "seen": [0]}
    second = read(code, json.loads(json.dumps(first[-1].position)))
    assert rows_of(second) == [{"id": 1}] and second[-1].position["position"] == {"page": 2, "seen": [0, 1]}


@pytest.mark.parametrize("given", ["return None", "if False: yield", "yield None, None", "yield []", "return []"])
def test_nothing_yielded_is_nothing_new(read: Read, given: str) -> None:
    first = read("def rows(position): yield [{'id': 1}], 1")
    assert read(f"def rows(position):\n    {given}", first[-1].position) == []


def test_a_position_without_rows_is_kept_without_a_load(read: Read) -> None:
    first = read("def rows(position): yield [{'id': 1}], 1")
    (batch,) = read("def rows(position): yield None, 2", first[-1].position)
    assert (batch.parquet, batch.files, batch.position["position"]) == ([], [], 2)


def test_the_same_rows_again_are_nothing_new_in_whatever_frames(read: Read) -> None:
    first = read("def rows(): return [{'id': n} for n in range(7)]", delivery="snapshot")
    again = "def rows():\n    for n in range(7): yield {'id': n}"
    assert read(again, first[-1].position, delivery="snapshot") == []
    changed = read("def rows(): return [{'id': n} for n in range(8)]", first[-1].position, delivery="snapshot")
    assert len(rows_of(changed)) == 8


def test_an_empty_frame_of_a_snapshot_means_that_all_was_deleted(read: Read) -> None:
    first = read("def rows(): return [{'id': 1}]", delivery="snapshot")
    (batch,) = read("def rows():\n    yield []", first[-1].position, delivery="snapshot")
    assert batch.parquet == [] and [(file.source_file, file.rows) for file in batch.files] == [("rows", 0)]


def test_rows_to_append_need_a_position(read: Read) -> None:
    with pytest.raises(SourceMismatch, match="yields rows and no position"):
        read("def rows(): return [{'id': 1}]", delivery="append")
    with pytest.raises(SourceMismatch, match="yields rows and no position"):
        read("def rows():\n    yield {'id': 1}, 1\n    yield {'id': 2}", delivery="append")


def test_each_load_of_appended_rows_is_a_path_of_its_own(read: Read) -> None:
    """A load of the same path would replace the one before."""
    code = "def rows(position):\n    yield {'id': position or 0}, (position or 0) + 1"
    first = read(code, delivery="append")
    second = read(code, first[-1].position, delivery="append")
    assert first[0].files[0].source_file != second[0].files[0].source_file


def test_a_deleted_row_says_so(read: Read) -> None:
    batches = read(
        "def rows():\n    yield [{'id': 1, '_operation': 'insert'}, {'id': 2, '_operation': 'DELETE'}, {'id': 3}]"
    )
    (path,) = batches[0].parquet
    assert pq.read_table(path).column("_operation").to_pylist() == ["insert", "delete", "insert"]
    (batch,) = read("def rows():\n    yield [{'id': 1}, {'id': 2, '_operation': 'gone'}]")
    assert [row.reason for row in batch.rejected] == ["not one of insert, update, delete: gone"]


FITS: list[tuple[str, Any, Any]] = [
    ("decimal(18,4)", 19.99, Decimal("19.9900")),
    ("decimal(18,4)", 1e14 / 8, Decimal("12500000000000.0000")),
    ("decimal(18,4)", "12.5", Decimal("12.5000")),
    ("decimal(18,4)", " 12.50000 ", Decimal("12.5000")),
    ("decimal(18,4)", 7, Decimal("7.0000")),
    ("decimal(18,4)", Decimal("0.1234"), Decimal("0.1234")),
    ("bigint", 3.0, 3),
    ("bigint", "42", 42),
    ("bigint", Decimal("5.00"), 5),
    ("double", "2.5", 2.5),
    ("double", Decimal("2.25"), 2.25),
    ("boolean", "true", True),
    ("boolean", 0, False),
    ("date", datetime(2026, 5, 6), date(2026, 5, 6)),
    ("date", "2026-05-06", date(2026, 5, 6)),
    ("timestamp", "2026-05-06T07:08:09Z", datetime(2026, 5, 6, 7, 8, 9)),
    ("timestamp", "2026-05-06T07:08:09+02:00", datetime(2026, 5, 6, 5, 8, 9)),
    ("timestamp", "2026-05-06 07:08:09.123456", datetime(2026, 5, 6, 7, 8, 9, 123456)),
    ("timestamp", datetime(2026, 5, 6, 7, tzinfo=UTC), datetime(2026, 5, 6, 7)),
    ("timestamp", date(2026, 5, 6), datetime(2026, 5, 6)),
    ("text", 1.5, "1.5"),
    ("text", Decimal("1.50"), "1.50"),
    ("text", True, "true"),
    ("text", {"a": ["1", "é"]}, '{"a": ["1", "é"]}'),
]
MISFITS: list[tuple[str, Any]] = [
    ("decimal(18,4)", 0.1 + 0.2),
    ("decimal(18,4)", float("inf")),
    ("decimal(18,4)", Decimal("0.12345")),
    ("decimal(18,4)", "1,50"),
    ("decimal(5,2)", "1234.5"),
    ("decimal(5,2)", 12345),
    ("bigint", 3.5),
    ("bigint", "x"),
    ("bigint", Decimal("1.5")),
    ("integer", 2**31),
    ("bigint", 2**63),
    ("boolean", 2),
    ("date", datetime(2026, 5, 6, 1)),
    ("date", "2026-02-30"),
    ("timestamp", "yesterday"),
    ("bigint", datetime(2026, 5, 6)),
]


@pytest.mark.parametrize(("kind", "value", "landed"), FITS, ids=str)
def test_a_value_lands_exactly(tmp_path: Path, kind: str, value: Any, landed: Any) -> None:
    for frame in ([{"v": value}], pa.table({"v": [value]}), pd.DataFrame({"v": [value]})):
        assert landed_as(tmp_path, kind, frame) == ([landed], [])


@pytest.mark.parametrize(("kind", "value"), MISFITS, ids=str)
def test_a_value_that_does_not_fit_is_in_quarantine(tmp_path: Path, kind: str, value: Any) -> None:
    rows, rejected = landed_as(tmp_path, kind, [{"v": value}])
    assert rows == [] and len(rejected) == 1 and rejected[0].startswith(f"not a {kind}: ")


def landed_as(tmp_path: Path, kind: str, frame: Any) -> tuple[list[Any], list[str]]:
    from shophouse.sources._frames import Frames, tables_of

    table = Table("shop", "rows", columns=(Column("v", kind),))
    frames = Frames(table, tmp_path, "rows", 1, LOADED_AT, "here", 0.1, True)
    for part in tables_of(frame):
        frames.add(part)
    batches = list(frames.batches({}))
    return [row["v"] for row in rows_of(batches)], [row.reason for row in batches[-1].rejected]


def test_a_missing_number_of_pandas_is_null_and_not_zero(read: Read) -> None:
    code = f"{HEAD}\ndef rows(): return pd.DataFrame({{'id': [1, None, 3]}})"
    assert [row["id"] for row in rows_of(read(code, columns={"id": "bigint"}))] == [1, None, 3]


def test_a_column_keeps_the_type_that_it_had_at_first(read: Read) -> None:
    first = read("def rows(p): yield [{'id': 1, 'size': None}], 1")
    assert first[-1].columns == {"id": "bigint"}
    second = read("def rows(p): yield [{'id': 2, 'size': 'XL'}, {'id': 'three', 'size': 'S'}], 2", first[-1].position)
    assert second[-1].columns == {"id": "bigint", "size": "text"}
    assert rows_of(second) == [{"id": 2, "size": "XL"}]
    assert [(row.line, row.column_name, row.reason) for row in second[-1].rejected] == [
        (2, "id", "not a bigint: three")
    ]


def test_a_column_that_comes_later_is_added(read: Read) -> None:
    batches = read("def rows(p):\n    yield {'id': 1}, 1\n    yield {'id': 2, 'colour': 'red'}, 2")
    assert rows_of(batches) == [{"id": 1}, {"id": 2, "colour": "red"}]
    assert sum(len(batch.files) for batch in batches) == 1 and batches[-1].files[0].rows == 2


def test_too_many_bad_rows_refuse_the_load(read: Read, tmp_path: Path) -> None:
    with pytest.raises(SourceMismatch, match="20 of 100 rows can't be taken"):
        read("def rows(): return [{'id': n if n % 5 else 'x'} for n in range(100)]", columns={"id": "bigint"})
    assert list((tmp_path / "1").iterdir()) == []


@pytest.mark.parametrize("position", ["datetime.date(2026, 1, 1)", "{1: 2}", "Decimal('1')", "float('nan')", "{1}"])
def test_a_position_that_json_would_change_is_refused(read: Read, position: str) -> None:
    with pytest.raises(SourceMismatch, match=r"the position that erp\.py:rows yields"):
        read(f"{HEAD}\ndef rows(p): yield [{{'id': 1}}], {position}")


def test_times_with_a_zone_need_a_source_in_utc(read: Read) -> None:
    code = "import datetime\ndef rows(): return [{'id': 1, 'at': datetime.datetime.now(datetime.UTC)}]"
    with pytest.raises(SourceMismatch, match="the times of at have a zone"):
        read(code, timezone="Europe/Oslo")
    assert rows_of(read(code, timezone="UTC"))


def test_a_failure_of_the_function_names_its_own_line(read: Read, tmp_path: Path) -> None:
    code = """
    import json
    def rows(position):
        yield {"id": 1}, 1
        json.loads("{")
    """
    with pytest.raises(SourceError) as caught:
        read(code)
    assert caught.value.where == ('erp.py, line 5, in rows: json.loads("{")',)
    assert "erp.py:rows failed: JSONDecodeError" in caught.value.what and caught.value.exit_code == 5
    assert list((tmp_path / "1").iterdir()) == []


def test_a_system_that_does_not_answer_is_worth_a_retry_and_an_exit_is_no_success(read: Read) -> None:
    with pytest.raises(SourceUnreachable):
        read("def rows(): raise ConnectionRefusedError('no')")
    with pytest.raises(SourceError, match="SystemExit"):
        read("import sys\ndef rows():\n    yield {'id': 1}\n    sys.exit(0)")


def test_the_generator_is_closed_when_the_run_is_stopped(read: Read, tmp_path: Path) -> None:
    code = f"""
    from pathlib import Path
    def rows(position):
        try:
            yield {{"id": 1}}, 1
            yield {{"id": 2, "_load_id": 3}}, 2
        finally:
            Path({str(tmp_path / "closed")!r}).touch()
    """
    with pytest.raises(SourceMismatch, match="can't be called '_load_id'"):
        read(code)
    assert (tmp_path / "closed").exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def row(): ...", "did you mean row?"),
        ("rows = 3", "is no function"),
        ("def rows(: ...", "erp.py is no Python"),
        ("import nothing_of_the_kind\ndef rows(): ...", "pip install nothing_of_the_kind"),
        ("1 / 0", "erp.py, line 1"),
        ("def rows(position, token): ...", "can't be called"),
    ],
)
def test_a_function_that_can_not_be_had_is_a_mistake_of_the_project(read: Read, code: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(code)
    assert said in caught.value.render()


def test_arguments_reach_the_function_and_secrets_come_from_the_environment(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_TOKEN", "hush")
    code = "def rows(position, token, sizes, table): return [{'id': token + sizes[0] + table}]"
    assert rows_of(read(code, arguments={"token": "env:ERP_TOKEN", "sizes": ["XL"]})) == [{"id": "hushXLrows"}]


def test_a_secret_is_not_in_what_is_told(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_TOKEN", "hush-hush")
    code = "def rows(position, token): raise ValueError(f'{token} at https://x.org/a?key={token} or db://me:pw@host')"
    with pytest.raises(SourceError) as caught:
        read(code, arguments={"token": "env:ERP_TOKEN"})
    assert "ValueError: … at https://x.org/a?… or db://…@host" in caught.value.what
    assert "hush" not in caught.value.render()


def test_one_function_for_several_tables_is_told_which(tmp_path: Path) -> None:
    tables = [Table("shop", name, delivery="snapshot") for name in ("orders", "lines")]
    (tmp_path / "erp.py").write_text("def all_of_it(position, table): return [{'id': 1, 'of': table}]")
    source = PythonSource("shop", tmp_path, "erp.py:all_of_it", tables=tables)
    for table in tables:
        (into := tmp_path / table.name).mkdir()
        assert rows_of(list(source.read(table, None, into, 1, LOADED_AT))) == [{"id": 1, "of": table.name}]
    (tmp_path / "erp.py").write_text("def all_of_it(position): return [{'id': 1}]")
    assert [check.verdict for check in source.check()] == ["error", "error"]


def test_memory_does_not_grow_with_the_rows(read: Read) -> None:
    code = """
    import pyarrow as pa
    def rows(position):
        for n in range(0, 3_000_000, 100_000):
            assert pa.total_allocated_bytes() < 80 << 20
            yield pa.table({"id": list(range(n, n + 100_000)), "text": ["x" * 20] * 100_000}), n
    """
    assert sum(batch.files[0].rows for batch in read(code) if batch.files) == 3_000_000


def shop_of(folder: Path, code: str) -> None:
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "erp.py").write_text(textwrap.dedent(code))
    (folder / "shophouse.yml").write_text(
        "name: kiosk\ncurrency: NOK\nsources:\n  erp:\n    kind: python\n    tables:\n"
        "      orders: {function: 'sources/erp.py:orders', delivery: append}\n"
        "      stock: {function: 'sources/erp.py:stock', columns: {units: bigint}}\n"
    )


@pytest.mark.slow
def test_a_run_that_is_stopped_or_fails_closes_the_function_and_keeps_what_was_whole(tmp_path: Path) -> None:
    code = """
    import os, signal, time
    from pathlib import Path
    def orders(position):
        yield {"id": position or 0}, (position or 0) + 1
    def stock():
        try:
            yield [{"units": 1}] * 60_000
            if os.environ["HOW"] == "stop":
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            if os.environ["HOW"] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if os.environ["HOW"] == "fail":
                raise ValueError("the till is\\non fire")
        finally:
            Path("closed").touch()
    """
    shop_of(folder := tmp_path / "kiosk", code)
    doctor = shophouse("doctor", folder=folder)
    assert "orders: sources/erp.py:orders, delivery append" in doctor.stdout, doctor.stdout

    def ingest(how: str) -> tuple[int, str]:
        done = shophouse("ingest", folder=folder, HOW=how)
        return done.returncode, done.stderr

    def loaded() -> dict[str, int]:
        lake = Lake(folder / "lake")
        return {table: sum(load.rows for load in lake.loads("erp", table)) for _, table in lake.tables()}

    assert ingest("stop")[0] not in (0, 5) and (folder / "closed").exists() and loaded() == {"orders": 1}
    assert ingest("die")[0] == -9 and loaded() == {"orders": 2}
    code_, said = ingest("fail")
    assert code_ == 5 and loaded() == {"orders": 3}
    assert "erp.stock: sources/erp.py:stock failed: ValueError: the till is\n" in said
    assert "sources/erp.py, line 15, in stock: raise ValueError" in said and "  on fire\n" in said
    assert ingest("work")[0] == 0 and loaded() == {"orders": 4, "stock": 60_000}
    assert ingest("work")[0] == 0 and loaded() == {"orders": 5, "stock": 60_000}
    assert not list((folder / "lake" / "erp" / "stock" / "data").glob("load-00000002*"))


def test_frames_of_several_libraries_go_together(read: Read) -> None:
    code = f"{HEAD}\ndef rows(): return iter([pl.DataFrame({{'id': [1]}}), pd.DataFrame({{'id': [2]}})])"
    assert rows_of(read(code)) == [{"id": 1}, {"id": 2}]
