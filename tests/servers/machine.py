"""What the servers of the tests share: where downloads are kept, Java and its jars, and that none outlives them."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from filelock import FileLock

CACHE: Final = Path.home() / ".cache" / "shophouse-tests"


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


def jars_of(name: str, pom: Path) -> Path:
    """The folder of what a `pom.xml` names, got by Maven when this machine has none yet. Raises Missing."""
    java()
    kept = CACHE / f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{name}.lock"):
        if kept.is_dir():
            return kept
        maven = shutil.which("mvn")
        if maven is None:
            raise Missing(f"there is no mvn, which gets the jars of {name}")
        incoming = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=CACHE))
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={incoming}"]
        subprocess.run([maven, "-B", "-q", "-f", str(pom), *goal], check=True, timeout=600)
        incoming.rename(kept)
    return kept
