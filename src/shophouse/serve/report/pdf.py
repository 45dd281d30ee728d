"""A report as PDF, printed by a Chromium that is on this machine. It reads one local file and asks no host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from shophouse.errors import ConfigError, ShophouseError

__all__ = ["browser", "to_pdf"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_SECONDS = 180
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pdf-header-footer",
    # a page of ours asks for nothing; whatever else the browser would ask finds no host
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}([^)]*\))")


def browser() -> str:
    """The path of a Chromium. Raises ConfigError where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None) or next(
        (place for place in _PLACES if Path(place).is_file()), None
    )
    if found is None:
        raise ConfigError(
            "a PDF needs Chromium, which is not on this machine's PATH",
            why=f"looked for {', '.join(_NAMES)}",
            hint=[
                "apt-get install chromium   (or install Google Chrome)",
                "or leave out --format pdf: HTML needs none",
            ],
        )
    return found


def to_pdf(html: str, made_at: datetime) -> bytes:
    """The page as Chromium prints it, dated `made_at` (UTC), so that the same page gives the same bytes.

    Raises ConfigError where there is no Chromium, ShophouseError where it does not print.
    """
    program = browser()
    with tempfile.TemporaryDirectory(prefix="shophouse-report-") as name:
        folder = Path(name)
        page, target = folder / "report.html", folder / "report.pdf"
        page.write_text(html, "utf-8", newline="")
        # without a user's own rights to protect, Chromium refuses its sandbox
        as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [
            program,
            *_OPTIONS,
            *as_root,
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={target}",
            page.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ShophouseError("Chromium did not print the report", where=program, why=str(error)) from error
        if not target.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
            raise ShophouseError("Chromium did not print the report", where=program, why=said)
        written = f"{made_at:%Y%m%d%H%M%S}".encode()
        return _DATE.sub(lambda found: found[1] + written + found[2], target.read_bytes())
