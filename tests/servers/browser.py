"""A real browser and a real dashboard for tests: Chromium without a window, and `shophouse serve` on a free port."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from servers.machine import ending, npm

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM: Final = "/usr/bin/chromium"
AXE: Final = "4.14.1"


def missing() -> str | None:
    """What this machine lacks, None when a browser can be started."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed: make setup"
    if not Path(CHROMIUM).is_file():
        return "Chromium is not installed: apt-get install chromium fonts-dejavu-core"
    return None


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for all tests of a process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@contextmanager
def serving(folder: Path, *words: str, port: int | None = None) -> Iterator[str]:
    """The address of the dashboard of a shop, a process of its own that is stopped by its id."""
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    command = [sys.executable, "-m", "shophouse", "serve", "-p", str(folder), "--port", str(port), *words]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, preexec_fn=ending(signal.SIGTERM)
        )
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 60
            while not _answers(address):
                if process.poll() is not None or time.monotonic() > end:
                    log.seek(0)
                    raise RuntimeError(f"the dashboard does not start:\n{log.read().decode('utf-8', 'replace')}")
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def axe() -> str:
    """axe-core's script, by which a page is checked for those who don't see, or use no mouse; downloaded once."""
    return (npm("axe-core", AXE) / "axe.min.js").read_text("utf-8")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/overview", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
