"""All commands, in the order of the help."""

from __future__ import annotations

from shophouse.cli import engines, lake, look, maintain, quarantine, start, stream, work
from shophouse.cli.app import app

__all__ = ["app", "engines", "lake", "look", "maintain", "quarantine", "start", "stream", "work"]
