"""What the servers of the tests share: where downloads are kept, Java and its jars, and that none outlives them."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from filelock import FileLock

CACHE: Final = Path.home() / ".cache" / "shophouse-tests"
# seconds after which a registry that did not answer is asked again
_PAUSES: Final = (5, 15, 45, 90, 90)


class Missing(Exception):
    """What this machine lacks to start a server."""


def ending(kind: signal.Signals) -> Callable[[], None]:
    """What a new process calls, so that it gets this signal when the thread that started it ends."""
    return partial(_end_with_the_tests, kind)


def _end_with_the_tests(kind: signal.Signals) -> None:
    if sys.platform == "linux":
        # 1 is PR_SET_PDEATHSIG: tests that are killed leave no server
        ctypes.CDLL(None).prctl(1, kind)


def java() -> str:
    """The program. Raises Missing."""
    if found := shutil.which("java"):
        return found
    raise Missing("there is no java: install a JRE of version 17 or newer")


def kept(name: str, get: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache, which `get` fills in an empty one when this machine has none yet."""
    folder = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{name}.lock"):
        if not folder.is_dir():
            incoming = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=CACHE))
            try:
                get(incoming)
                incoming.rename(folder)
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
    return folder


def download(*command: str, folder: Path, **environment: str) -> None:
    """Run a command that asks a registry, which may not answer for some minutes. Raises RuntimeError with its words."""
    # tests have a cache of their own, which would be each program's, too
    inherited = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
    for pause in (0, *_PAUSES):
        time.sleep(pause)
        with tempfile.TemporaryFile("w+") as log:
            try:
                subprocess.run(
                    command,
                    cwd=folder,
                    env={**inherited, **environment},
                    stdout=log,
                    stderr=log,
                    timeout=600,
                    check=True,
                )
                return
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
                log.seek(0)
                words = f"{failure}\n{log.read()[-3000:]}"
    raise RuntimeError(words)


def npm(name: str, version: str) -> Path:
    """The folder of a package that npm got. Raises Missing."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Missing("Node.js is not installed: apt-get install npm")
    install = ("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", ".", f"{name}@{version}")
    return kept(f"{name}-{version}", lambda folder: download(*install, folder=folder)) / "node_modules" / name


def jars_of(name: str, pom: Path) -> Path:
    """The folder of what a `pom.xml` names, got by Maven when this machine has none yet. Raises Missing."""
    java()

    def get(folder: Path) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            raise Missing(f"there is no mvn, which gets the jars of {name}")
        goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}")
        # without -U, what Maven did not find it would not look for again on the same day
        download(maven, "-B", "-q", "-U", "-f", str(pom), *goal, folder=folder)

    return kept(f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}", get)
