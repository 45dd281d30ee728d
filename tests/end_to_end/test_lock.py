"""One process writes at a time; another one is told who that is. Reading needs no lock."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shophouse.errors import LockedError
from shophouse.shop import Shop

from .shops import environment, shophouse, value

pytestmark = pytest.mark.slow

HOLD = """
import sys, time, shophouse
with shophouse.open(sys.argv[1]).engine.writing("shophouse run"):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is writing the shop's warehouse."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_a_second_writer_is_told_what_runs_by_which_process_on_which_host_since_when(storefront: Shop) -> None:
    with held(storefront.project.folder) as holder:
        with pytest.raises(LockedError) as raised:
            storefront.run()
        said = raised.value.render()
        assert "shophouse run is running" in said
        assert f"process {holder.pid} on {socket.gethostname()}" in said
        assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", said)
        assert raised.value.retryable
        done = shophouse("build", folder=storefront.project.folder)
        assert (done.returncode, str(holder.pid) in done.stderr) == (LockedError.exit_code, True)
        # readers don't wait
        assert value(storefront, "select count(*) from marts.sales_daily") > 0


def test_the_lock_of_a_writer_that_was_killed_is_free(storefront: Shop) -> None:
    with held(storefront.project.folder) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        told = json.loads((storefront.project.warehouse_folder / "build" / "lock.json").read_text())
        assert told["pid"] == holder.pid
        started = time.monotonic()
        assert storefront.run().status == "nothing new"
        assert time.monotonic() - started < 30
