"""Copies past the memory are the file, whatever its length; where that can't be, it is copied as usual."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shophouse.engines.duckdb import copying

SECTOR, AT_ONCE = 4096, 4 * 4096


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_LARGE", 0)
    monkeypatch.setattr(copying, "_AT_ONCE", AT_ONCE)


@pytest.mark.parametrize(
    "length", [0, 1, SECTOR - 1, SECTOR, SECTOR + 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 5 * AT_ONCE + 7]
)
def test_a_copy_is_the_file(tmp_path: Path, length: int) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(length))
    target.write_bytes(b"longer than before" * AT_ONCE)
    copying.copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_a_read_that_ends_inside_a_sector_before_the_file_does_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(file: int, buffers: list[memoryview]) -> int:
        with buffers[0][: SECTOR + 1] as part:
            return read(file, [part])

    read = os.readv
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(3 * SECTOR))
    # as on a file system that reads on from anywhere
    monkeypatch.setattr(os, "O_DIRECT", 0o2000000)
    monkeypatch.setattr(os, "readv", short)
    copying.copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_what_can_not_pass_the_memory_by_is_copied_all_the_same(tmp_path: Path) -> None:
    version = Path("/proc/version")
    if not version.exists():
        pytest.skip("needs a file system without files on a disk")
    copying.copy_file(version, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == version.read_bytes()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copying.copy_file(tmp_path / "source", tmp_path / "target")
