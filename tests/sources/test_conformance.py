from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shophouse.sources import Column, Table, kinds
from shophouse.sources.files import FilesSource

from .conformance import SourceConformance, System


class Folder:
    """Files of one format, a new one for each arrival."""

    def __init__(self, folder: Path, ending: str) -> None:
        self.folder = folder / "shop"
        self.folder.mkdir()
        self.ending = ending
        table = Table("shop", "orders", columns=(Column("id", "bigint"),), required=("id",))
        self.source = FilesSource("shop", self.folder, "*", tables=[table], settle_seconds=0)

    def write(self, values: list[str]) -> None:
        path = self.folder / f"{len(list(self.folder.iterdir())):03}{self.ending}"
        if "parquet" in self.ending:
            pq.write_table(pa.table({"id": values}), path)
            return
        lines = [json.dumps({"id": value}) for value in values] if "json" in self.ending else ["id", *values]
        content = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(content) if self.ending.endswith("gz") else content)

    def arrive(self, ids: list[int]) -> None:
        self.write([str(number) for number in ids])

    def arrive_broken(self) -> None:
        self.write(["broken"])


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".jsonl", ".parquet"])
class TestFiles(SourceConformance):
    @pytest.fixture
    def system(self, tmp_path: Path, ending: str) -> System:
        return Folder(tmp_path, ending)


def test_files_are_a_kind() -> None:
    assert kinds()["files"] is FilesSource
