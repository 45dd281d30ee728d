"""Each classic bug, planted in the SQL itself, is found by a law of the warehouse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shophouse.cli.commands import app
from shophouse.mutations import Bug, Found, bugs
from shophouse.project import package_warehouse

BUGS = {bug.bug: bug for bug in bugs()}


def a_bug(right: str, wrong: str) -> Bug:
    return Bug("a bug", "models/core/fct_orders.sql", right, wrong, ("law_1_ledger_is_orders",))


def test_a_bug_is_planted_whatever_white_space_is_in_the_sql() -> None:
    assert a_bug("a + b", "a - b").of("select\n    a\n    + b as c") == "select\n    a - b as c"


def test_sql_that_reads_otherwise_than_a_bug_remembers_is_an_error() -> None:
    with pytest.raises(ValueError, match="no longer says"):
        a_bug("a + b", "a - b").of("select a * b as c")


@pytest.mark.parametrize("name", BUGS)
def test_the_text_of_a_bug_is_in_the_sql(name: str) -> None:
    bug = BUGS[name]
    assert bug.is_in((package_warehouse() / bug.file).read_text("utf-8"))


def test_a_bug_that_only_other_tests_find_is_not_caught() -> None:
    bug = a_bug("a", "b")
    assert not Found(bug, ()).is_caught
    assert not Found(bug, ("fct_orders_columns",)).is_caught
    assert Found(bug, ("fct_orders_columns", "law_1_ledger_is_orders")).is_caught


@pytest.fixture(scope="module")
def planted() -> dict[str, dict[str, object]]:
    """What `shophouse check --mutations --json` says of each bug."""
    done = CliRunner().invoke(app, ["check", "--mutations", "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code == 0) == (told["caught"] == told["planted"] == len(told["bugs"]))
    return {str(one["bug"]): one for one in told["bugs"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_in_the_sql_is_found(planted: dict[str, dict[str, object]], name: str) -> None:
    assert planted[name]["caught"], f"found by {planted[name]['tests'] or 'nothing'}"


@pytest.mark.slow
def test_a_suite_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shophouse", "check", "--mutations"]
    where = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=where, stderr=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("*/shop/warehouse/build/shop.duckdb")) and time.monotonic() < until:
            time.sleep(0.1)
        assert list(tmp_path.iterdir())
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told.splitlines()[-1].startswith("stopped")
    assert list(tmp_path.iterdir()) == []
