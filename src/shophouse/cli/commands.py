"""All commands, in the order of the help."""

from __future__ import annotations

from shophouse.cli import (
    connector,
    engines,
    lake,
    look,
    maintain,
    mcp,
    metric,
    quarantine,
    report,
    serve,
    slots,
    start,
    stream,
    users,
    work,
)
from shophouse.cli.app import app

__all__ = [
    "app",
    "connector",
    "engines",
    "lake",
    "look",
    "maintain",
    "mcp",
    "metric",
    "quarantine",
    "report",
    "serve",
    "slots",
    "start",
    "stream",
    "users",
    "work",
]
