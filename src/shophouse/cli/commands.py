"""All commands, in the order of the help."""

from __future__ import annotations

from shophouse.cli import lake, look, maintain, quarantine, start, work
from shophouse.cli.app import app

__all__ = ["app", "lake", "look", "maintain", "quarantine", "start", "work"]
