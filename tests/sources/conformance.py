"""What any source has to keep to. A new kind makes a subclass in its own tests:

class TestMine(SourceConformance):
    @pytest.fixture
    def system(self, tmp_path): return MySystem(tmp_path)
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shophouse.sources import LINEAGE, Batch, Position, Source, Table, is_column_type

LOADED_AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class System(Protocol):
    """The system behind a source, with one table whose columns include `id`."""

    @property
    def source(self) -> Source: ...

    def arrive(self, ids: list[int]) -> None:
        """Have rows with these ids arrive together, to be read by the next read."""

    def arrive_broken(self) -> None:
        """Have one row arrive that can't be read."""


class SourceConformance:
    @pytest.fixture
    def system(self) -> System:
        raise NotImplementedError("give the fixture `system`")

    @staticmethod
    def read(system: System, since: Position | None, into: Path, load_id: int = 1) -> list[Batch]:
        into.mkdir()
        (table,) = system.source.tables()
        return list(system.source.read(table, since, into, load_id, LOADED_AT))

    @staticmethod
    def rows(batches: list[Batch]) -> list[dict[str, Any]]:
        return [row for batch in batches for path in batch.parquet for row in pq.read_table(path).to_pylist()]

    def test_it_is_a_source(self, system: System) -> None:
        assert isinstance(system.source, Source)
        system.arrive([1])
        (table,) = system.source.tables()
        assert isinstance(table, Table) and table.source == system.source.name

    def test_everything_is_read_at_first_and_nothing_twice(self, system: System, tmp_path: Path) -> None:
        system.arrive([1, 2])
        system.arrive([3])
        batches = self.read(system, None, tmp_path / "1")
        assert sorted(int(row["id"]) for row in self.rows(batches)) == [1, 2, 3]
        assert self.read(system, batches[-1].position, tmp_path / "2") == []

    def test_only_what_arrived_since_is_read(self, system: System, tmp_path: Path) -> None:
        system.arrive([1])
        position = self.read(system, None, tmp_path / "1")[-1].position
        system.arrive([2, 3])
        assert sorted(int(row["id"]) for row in self.rows(self.read(system, position, tmp_path / "2", 2))) == [2, 3]

    def test_a_read_that_is_not_committed_is_repeated(self, system: System, tmp_path: Path) -> None:
        system.arrive([1, 2])
        first = self.read(system, None, tmp_path / "1")
        again = self.read(system, None, tmp_path / "2")
        assert self.rows(first) == self.rows(again)

    def test_a_position_is_json_and_is_not_changed_by_reading(self, system: System, tmp_path: Path) -> None:
        system.arrive([1])
        position = self.read(system, None, tmp_path / "1")[-1].position
        assert json.loads(json.dumps(position)) == position
        before = copy.deepcopy(position)
        system.arrive([2])
        batches = self.read(system, position, tmp_path / "2", 2)
        assert position == before and batches[-1].position != before

    def test_rows_carry_their_lineage(self, system: System, tmp_path: Path) -> None:
        system.arrive([1, 2])
        batches = self.read(system, None, tmp_path / "1", 7)
        for batch in batches:
            for path in batch.parquet:
                assert path.is_relative_to(tmp_path / "1")
                schema = pq.read_schema(path)
                assert schema.names == [*batch.columns, *LINEAGE]
                assert schema.field("_loaded_at").type == pa.timestamp("us")
                assert all(field.metadata is None or b"PARQUET:field_id" not in field.metadata for field in schema)
            assert all(is_column_type(kind) for kind in batch.columns.values())
        for row in self.rows(batches):
            assert row["_load_id"] == 7 and row["_loaded_at"] == LOADED_AT.replace(tzinfo=None)
            assert row["_source_file"] and row["_row_number"] >= 1 and row["_operation"] == "insert"

    def test_files_read_add_up(self, system: System, tmp_path: Path) -> None:
        system.arrive([1, 2])
        system.arrive_broken()
        batches = self.read(system, None, tmp_path / "1")
        assert sum(file.rows for batch in batches for file in batch.files) == len(self.rows(batches)) == 2
        assert sum(file.rejected_rows for batch in batches for file in batch.files) == 1
        (bad,) = [row for batch in batches for row in batch.rejected]
        assert bad.reason and bad.source_file

    def test_nothing_is_left_beside_the_parquet(self, system: System, tmp_path: Path) -> None:
        system.arrive([1, 2])
        batches = self.read(system, None, tmp_path / "1")
        left = {path for path in (tmp_path / "1").rglob("*") if path.is_file()}
        assert left == {path for batch in batches for path in batch.parquet}
