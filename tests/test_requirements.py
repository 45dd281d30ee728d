from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from requirements import coverage, known_ids, proofs_in

TESTS = """
import pytest
from requirements import requirement

@requirement("S0-15", "S0-16")
def test_that_passes(): pass

@requirement("S0-17")
def test_that_may_fail(): assert {passes}

@requirement("S0-18")
@pytest.mark.parametrize("case", [1, 2])
def test_with_a_case_that_may_fail(case): assert case == 1 or {passes}

@requirement("S0-19")
def test_that_may_be_skipped():
    if {skips}: pytest.skip("no data")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_it.py").write_text(TESTS.format(passes=True, skips=False))
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "requirements", "-p", "no:cacheprovider", *options]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


def proved(folder: Path) -> set[str]:
    return {identifier for identifier, tests in proofs_in((folder / "coverage.md").read_text()).items() if tests}


def test_all_requirements_are_known_and_open_until_proved() -> None:
    text = coverage({})
    assert len(known_ids()) == 211
    assert text.count("| open |") == 211


def test_the_file_lists_the_tests_that_passed_and_is_the_same_each_time(folder: Path) -> None:
    assert run(folder, "--coverage-doc", "coverage.md").returncode == 0
    text = (folder / "coverage.md").read_text()
    assert proved(folder) == {"S0-15", "S0-16", "S0-17", "S0-18", "S0-19"}
    assert "`test_it.py::test_with_a_case_that_may_fail`" in text
    assert proofs_in(coverage(proofs_in(text))) == proofs_in(text)
    run(folder, "--coverage-doc", "coverage.md")
    assert (folder / "coverage.md").read_text() == text


def test_a_run_that_fails_leaves_the_file_as_it_is(folder: Path) -> None:
    run(folder, "--coverage-doc", "coverage.md")
    before = (folder / "coverage.md").read_text()
    (folder / "test_it.py").write_text(TESTS.format(passes=False, skips=False))
    assert run(folder, "--coverage-doc", "coverage.md").returncode == 1
    assert (folder / "coverage.md").read_text() == before


def test_a_test_that_is_skipped_keeps_its_line_but_earns_none(folder: Path) -> None:
    (folder / "test_it.py").write_text(TESTS.format(passes=True, skips=True))
    run(folder, "--coverage-doc", "coverage.md")
    assert "S0-19" not in proved(folder)
    (folder / "test_it.py").write_text(TESTS.format(passes=True, skips=False))
    run(folder, "--coverage-doc", "coverage.md")
    (folder / "test_it.py").write_text(TESTS.format(passes=True, skips=True))
    assert run(folder, "--coverage-doc", "coverage.md", "--coverage-doc-check").returncode == 0
    assert "S0-19" in proved(folder)


def test_a_file_that_says_otherwise_fails_the_check_and_is_not_written(folder: Path) -> None:
    run(folder, "--coverage-doc", "coverage.md")
    old = (folder / "coverage.md").read_text().replace("| S0-15 |", "| S0-99 |")
    (folder / "coverage.md").write_text(old)
    done = run(folder, "--coverage-doc", "coverage.md", "--coverage-doc-check")
    assert done.returncode == 1
    assert "differs" in done.stdout
    assert (folder / "coverage.md").read_text() == old


def test_a_part_of_the_tests_cannot_write_the_file(folder: Path) -> None:
    done = run(folder, "--coverage-doc", "coverage.md", "-k", "passes")
    assert "whole run" in done.stderr
    assert not (folder / "coverage.md").exists()


def test_a_requirement_that_does_not_exist_stops_the_run(folder: Path) -> None:
    (folder / "test_it.py").write_text(TESTS.format(passes=True, skips=False).replace("S0-15", "S9-99"))
    done = run(folder)
    assert done.returncode != 0
    assert "unknown requirement S9-99" in done.stdout + done.stderr
