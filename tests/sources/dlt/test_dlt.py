from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shophouse.errors import ConfigError, SourceError, SourceMismatch, SourceUnreachable
from shophouse.ingestion import ingest, readers
from shophouse.lake import Lake, LoadRecord
from shophouse.project import Project
from shophouse.sources import Column, Table, kinds
from shophouse.sources.dlt import DltSource

from ..conformance import SourceConformance, System

SYSTEM = """
import json
from pathlib import Path
import dlt

HERE = Path(__file__).parent

@dlt.source(name="crm")
def crm(token="none"):
    def rows(name):
        (HERE / "asked").open("a").write(name + "\\n")
        return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]

    gone = {"gone": {"hard_delete": True, "data_type": "bool"}}

    @dlt.resource(primary_key="id", write_disposition="merge", columns=gone)
    def orders(changed=dlt.sources.incremental("at", initial_value="2020")):
        yield rows("orders")

    @dlt.resource(write_disposition="append")
    def visits(seen=dlt.sources.incremental("at", initial_value="2020")):
        yield rows("visits")

    @dlt.resource(write_disposition="replace")
    def sizes():
        yield rows("sizes")

    return orders, visits, sizes
"""


class Shop:
    """A shop whose source is a system of JSON files."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "crm.py").write_text(SYSTEM)
        (folder / "shophouse.yml").write_text(
            "name: kiosk\ncurrency: NOK\ntimezone: UTC\nsources:\n  crm:\n    kind: dlt\n    source: crm.py:crm\n"
            + textwrap.indent(extra, "    ")
        )
        for name in ("orders", "visits", "sizes"):
            self.write(name, [])

    def write(self, name: str, rows: list[dict[str, Any]]) -> None:
        (self.folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def ingest(self) -> list[LoadRecord]:
        return ingest(Project.load(self.folder), self.lake, run_id="x").loads

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake")

    def raw(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """All rows that ever came."""
        files = self.lake.data_files("crm", table)
        return duckdb.read_parquet(files, union_by_name=True).select(columns).order("all").fetchall() if files else []

    def appended(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """The rows that count of delivery append: those of paths that no later load replaced."""
        out = {(file.load_id, file.source_file) for file in self.lake.load_files("crm", table) if file.superseded_by}
        rows = self.raw(table, f"_load_id, _source_file, {columns}")
        return [row[2:] for row in rows if row[:2] not in out]

    def nested(self, columns: str) -> list[tuple[Any, ...]]:
        """Items that count: of delivery upsert with the order as parent."""
        files = self.lake.data_files("crm", "orders__items")
        relation = duckdb.read_parquet(files, union_by_name=True)
        return (
            duckdb.sql(
                f"select {columns} from (select *, max(_load_id) over (partition by _root_id) as newest from relation)"
                " where _load_id = newest and _operation <> 'delete' order by all"
            ).fetchall()
            if relation
            else []
        )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


class Calls:
    """A resource whose rows come one after the other, read by a cursor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "rows.txt").touch()
        (folder / "calls.py").write_text(
            "import dlt\nfrom pathlib import Path\n"
            "@dlt.resource(write_disposition='append')\n"
            "def calls(seen=dlt.sources.incremental('n', initial_value=0)):\n"
            f"    lines = Path({str(folder / 'rows.txt')!r}).read_text().splitlines()\n"
            "    for number, line in enumerate(lines, 1):\n"
            "        if number > seen.last_value:\n"
            "            yield {'id': line, 'n': number}\n"
        )
        table = Table("shop", "calls", columns=(Column("id", "bigint"),), required=("id",), delivery="append")
        self.source = DltSource("shop", folder, "calls.py:calls", folder / "scratch", tables=[table], timezone="UTC")

    def arrive(self, ids: list[int]) -> None:
        with (self.folder / "rows.txt").open("a") as file:
            file.writelines(f"{number}\n" for number in ids)

    def arrive_broken(self) -> None:
        with (self.folder / "rows.txt").open("a") as file:
            file.write("broken\n")


class TestDlt(SourceConformance):
    @pytest.fixture
    def system(self, tmp_path: Path) -> System:
        return Calls(tmp_path)

    @staticmethod
    def rows(batches: Any) -> list[dict[str, Any]]:
        """dlt gives each row a random id of its own."""
        found = SourceConformance.rows(batches)
        return [{name: value for name, value in row.items() if name != "_dlt_id"} for row in found]


def test_dlt_is_a_kind() -> None:
    assert kinds()["dlt"] is DltSource


ORDERS: list[dict[str, Any]] = [
    {"id": 1, "at": "2026-01-01", "total": "12.50", "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]},
    {"id": 2, "at": "2026-01-02", "total": "7.00", "items": [{"sku": "c", "n": 1}]},
]
VISITS = [{"at": f"2026-01-0{n}", "page": f"/{n}"} for n in range(1, 4)]


def test_each_resource_and_each_list_in_it_is_a_table(shop: Shop) -> None:
    shop.write("orders", ORDERS)
    shop.write("visits", VISITS)
    shop.write("sizes", [{"size": "S"}, {"size": "M"}])
    assert {load.table: load.rows for load in shop.ingest()} == {
        "orders": 2, "orders__items": 3, "visits": 3, "sizes": 2,
    }  # fmt: skip
    assert shop.raw("orders", "id, total, _operation") == [(1, "12.50", "insert"), (2, "7.00", "insert")]
    assert shop.raw("orders__items", "_root_id, sku, n, _dlt_list_idx") == [
        (1, "a", 1, 0),
        (1, "b", 2, 1),
        (2, "c", 1, 0),
    ]
    parents = dict(shop.raw("orders", "id, _dlt_id"))
    assert {parents[root] == parent for root, parent in shop.raw("orders__items", "_root_id, _dlt_parent_id")} == {True}


def test_what_came_before_does_not_come_again_and_nothing_new_is_no_load(shop: Shop) -> None:
    shop.write("orders", ORDERS)
    shop.write("visits", VISITS)
    shop.write("sizes", [{"size": "S"}])
    shop.ingest()
    assert shop.ingest() == []
    shop.write("visits", [*VISITS, {"at": "2026-01-04", "page": "/4"}])
    assert [(load.table, load.rows) for load in shop.ingest()] == [("visits", 1)]
    assert shop.appended("visits", "page") == [("/1",), ("/2",), ("/3",), ("/4",)]
    shop.write("sizes", [{"size": "S"}, {"size": "L"}])
    assert [(load.table, load.rows) for load in shop.ingest()] == [("sizes", 2)]
    assert shop.appended("sizes", "size") == [("L",), ("S",)]


def test_a_row_that_came_again_replaces_what_was_nested_in_it(shop: Shop) -> None:
    shop.write("orders", ORDERS)
    shop.ingest()
    shop.write(
        "orders",
        [
            {**ORDERS[0], "at": "2026-01-03", "items": [{"sku": "b", "n": 3}]},
            {**ORDERS[1], "at": "2026-01-03", "items": []},
        ],
    )
    shop.ingest()
    assert shop.nested("_root_id, sku, n") == [(1, "b", 3)]
    assert shop.raw("orders__items", "_root_id, _operation") == [
        (1, "insert"), (1, "insert"), (1, "insert"), (2, "delete"), (2, "insert"),
    ]  # fmt: skip


def test_of_two_versions_in_one_extraction_only_the_later_has_nested_rows(shop: Shop) -> None:
    """Pages of an API shift while they are read."""
    later = {**ORDERS[0], "at": "2026-01-05", "items": [{"sku": "z", "n": 9}]}
    shop.write("orders", [*ORDERS, later])
    shop.ingest()
    assert shop.nested("_root_id, sku") == [(1, "z"), (2, "c")]


def test_a_row_marked_as_deleted_is_deleted(shop: Shop) -> None:
    shop.write("orders", ORDERS)
    shop.ingest()
    shop.write("orders", [{"id": 1, "at": "2026-01-03", "gone": True}])
    shop.ingest()
    assert shop.raw("orders", "id, _operation") == [(1, "delete"), (1, "insert"), (2, "insert")]
    assert shop.nested("_root_id") == [(2,)]


class Killed(BaseException):
    pass


@pytest.fixture
def die_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Have the process end before the commit after so many of them."""
    from shophouse.lake.load import Load

    commit = Load.commit

    def arm(commits: int) -> None:
        left = commits

        def dying(self: Load, batches: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return commit(self, batches)

        monkeypatch.setattr(Load, "commit", dying)

    yield arm
    monkeypatch.setattr(Load, "commit", commit)


@pytest.mark.parametrize("package", ["kept", "lost"])
@pytest.mark.parametrize("commits", [0, 1])
def test_killed_between_two_tables_of_an_extraction_nothing_is_lost_or_repeated(
    shop: Shop, die_after: Callable[[int], None], commits: int, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Visits have nested rows here, which are only added: what is loaded twice would be there twice."""
    clicks = [{**visit, "clicks": [{"x": 1}, {"x": 2}]} for visit in VISITS]
    shop.write("visits", clicks[:1])
    shop.write("orders", ORDERS[:1])
    shop.ingest()
    shop.write("visits", clicks)
    changed = {**ORDERS[0], "at": "2026-01-09", "items": [{"sku": "q", "n": 4}]}
    shop.write("orders", [changed, ORDERS[1] | {"at": "2026-01-09"}])
    for resource in ("orders", "visits"):
        with monkeypatch.context():
            die_after(commits)
            with pytest.raises(Killed):
                shop.ingest()
        if package == "lost":
            shutil.rmtree(shop.folder / ".shophouse" / "dlt")
        monkeypatch.undo()
        if resource == "orders":
            shop.ingest()
            assert shop.nested("_root_id, sku") == [(1, "q"), (2, "c")]
            assert sorted(shop.raw("orders", "id"))[-1] == (2,)
            clicks.append({"at": "2026-02-01", "page": "/x", "clicks": [{"x": 3}]})
            shop.write("visits", clicks)
    shop.ingest()
    pages = ["/1", "/2", "/3", "/x"]
    assert shop.appended("visits", "page") == [(page,) for page in pages]
    assert sorted(shop.appended("visits__clicks", "x")) == [(1,)] * 3 + [(2,)] * 3 + [(3,)]
    visits = {one for (one,) in shop.appended("visits", "_dlt_id")}
    assert {parent for (parent,) in shop.appended("visits__clicks", "_dlt_parent_id")} == visits
    assert shop.ingest() == []


def test_a_package_that_was_kept_is_not_extracted_again(shop: Shop, die_after: Callable[[int], None]) -> None:
    shop.write("orders", ORDERS)
    die_after(1)
    with pytest.raises(Killed):
        shop.ingest()
    assert (shop.folder / "asked").read_text().count("orders") == 1


def test_a_new_column_is_added_and_values_of_another_type_are_in_quarantine(shop: Shop) -> None:
    shop.write("visits", [{**visit, "seconds": 5} for visit in VISITS])
    shop.ingest()
    shop.write("visits", [{"at": "2026-02-01", "page": "/", "seconds": "many"}, {"at": "2026-02-02", "lang": "nb"}])
    (load,) = shop.ingest()
    assert (load.rows, load.rejected_rows) == (1, 1)
    assert shop.lake.schema("crm", "visits")["lang"] == "text" and "seconds__v_text" not in shop.lake.schema(
        "crm", "visits"
    )
    assert shop.lake.quarantine("crm", "visits").column("reason").to_pylist() == ["not a bigint: many"]


def test_declared_columns_have_their_types_whatever_json_says(tmp_path: Path) -> None:
    tables = "tables:\n  orders:\n    delivery: upsert\n    key: id\n"
    tables += "    columns: {id: bigint, total: 'decimal(18,4)', at: date}\n"
    shop = Shop(tmp_path / "shop", tables)
    totals = [12, 12.5, "12.505", 0.1]
    shop.write("orders", [{"id": n, "at": "2026-01-01", "total": total} for n, total in enumerate(totals)])
    shop.ingest()
    assert shop.raw("orders", "total") == [(Decimal(one),) for one in ("0.1000", "12.0000", "12.5000", "12.5050")]
    assert [kind for name, kind in shop.lake.schema("crm", "orders").items() if name in ("id", "total", "at")] == [
        "bigint", "decimal(18,4)", "date",
    ]  # fmt: skip


def test_a_delivery_that_dlt_does_not_keep_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", "tables:\n  orders: {delivery: append}\n")
    shop.write("orders", ORDERS)
    with pytest.raises(SourceMismatch, match="delivery: upsert"):
        shop.ingest()


def test_a_resource_may_be_called_as_dlt_calls_no_table(shop: Shop) -> None:
    (shop.folder / "crm.py").write_text(
        "import dlt\n@dlt.source\ndef crm():\n"
        "    @dlt.resource(name='BigDeals', primary_key='dealId', write_disposition='merge')\n"
        "    def deals(seen=dlt.sources.incremental('at', initial_value='2020')):\n"
        "        yield [{'dealId': 7, 'at': '2026-01-01', 'People': [{'n': 1}, {'n': 2}]}]\n"
        "    return deals\n"
    )
    source = readers(Project.load(shop.folder), "crm")[0][0]
    assert isinstance(source, DltSource)
    assert [(check.verdict, check.what) for check in source.check()] == [("ok", "crm.py:crm: BigDeals")]
    assert [(load.table, load.rows) for load in shop.ingest()] == [("big_deals__people", 2), ("big_deals", 1)]
    assert shop.raw("big_deals__people", "_root_deal_id, n") == [(7, 1), (7, 2)]
    assert shop.ingest() == []


def test_resources_are_chosen_and_unknown_ones_are_told(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", "resources: [visits]\n")
    shop.write("orders", ORDERS)
    shop.write("visits", VISITS)
    assert [load.table for load in shop.ingest()] == ["visits"]
    other = Shop(tmp_path / "other", "resources: [vistis]\n")
    with pytest.raises(ConfigError, match="it has: orders, visits, sizes"):
        other.ingest()


UNSTEADY = """
import dlt
import requests
from pathlib import Path

HERE = Path(__file__).parent

def fails(where):
    left = HERE / where
    if left.is_file() and (number := int(left.read_text())):
        left.write_text(str(number - 1))
        raise requests.exceptions.ConnectionError("reset by peer")

@dlt.source(name="crm")
def crm(token="none"):
    fails("at_first")

    @dlt.resource(write_disposition="append")
    def visits(seen=dlt.sources.incremental("n", initial_value=0)):
        yield [{"n": 1}, {"n": 2}]
        fails("midway")
        yield [{"n": 3}]

    return visits
"""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between tries, which are noted instead of waited for."""
    found: list[float] = []
    monkeypatch.setattr("shophouse.sources._retries.time.sleep", found.append)
    return found


@pytest.mark.parametrize("where", ["at_first", "midway"])
def test_a_system_that_fails_for_a_while_is_asked_again_and_each_row_comes_once(
    tmp_path: Path, pauses: list[float], where: str
) -> None:
    shop = Shop(tmp_path / "shop", "retries: 2\n")
    (shop.folder / "crm.py").write_text(UNSTEADY)
    (shop.folder / where).write_text("2")
    (load,) = shop.ingest()
    assert (load.rows, shop.raw("visits", "n")) == (3, [(1,), (2,), (3,)])
    assert len(pauses) == 2 and 0 < pauses[0] < pauses[1]
    assert shop.ingest() == []


@pytest.mark.parametrize("where", ["at_first", "midway"])
def test_a_system_that_goes_on_failing_leaves_nothing_and_the_next_run_has_all(
    tmp_path: Path, pauses: list[float], where: str
) -> None:
    shop = Shop(tmp_path / "shop", "retries: 1\n")
    (shop.folder / "crm.py").write_text(UNSTEADY)
    (shop.folder / where).write_text("9")
    with pytest.raises(SourceUnreachable, match="ConnectionError: reset by peer") as raised:
        shop.ingest()
    assert "tried 2 times" in raised.value.why[-1] and pauses
    assert shop.lake.tables() == []
    (shop.folder / where).write_text("0")
    assert [load.rows for load in shop.ingest()] == [3]


def test_a_mistake_is_not_tried_again(tmp_path: Path, pauses: list[float]) -> None:
    shop = Shop(tmp_path / "shop", "retries: 5\n")
    (shop.folder / "crm.py").write_text(UNSTEADY.replace("requests.exceptions.ConnectionError", "ValueError"))
    (shop.folder / "midway").write_text("1")
    with pytest.raises(SourceError, match="ValueError"):
        shop.ingest()
    assert pauses == []


def test_a_missing_secret_and_a_failing_resource_are_told(shop: Shop) -> None:
    text = (shop.folder / "crm.py").read_text()
    (shop.folder / "crm.py").write_text(text.replace('token="none"', "token: str = dlt.secrets.value"))
    with pytest.raises(ConfigError, match=r'arguments: \{token: "env:TOKEN"\}'):
        shop.ingest()
    (shop.folder / ".dlt").mkdir()
    (shop.folder / ".dlt" / "secrets.toml").write_text('token = "hush"\n')
    shop.write("orders", ORDERS)
    assert [load.table for load in shop.ingest()] == ["orders__items", "orders"]
    (shop.folder / "visits.jsonl").unlink()
    with pytest.raises(SourceError, match=r"visits: crm\.py:crm failed: FileNotFoundError"):
        shop.ingest()
