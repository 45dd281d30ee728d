"""Being asked to stop, by Ctrl-C or by a scheduler."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["code", "gently", "listen"]

_asked: int | None = None


def listen() -> None:
    """From now on SIGINT raises KeyboardInterrupt, SIGTERM SystemExit: leases and files are left in order."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)


def code() -> int | None:
    """The exit code for the signal that came, None when none did.

    To be asked after any exception: DuckDB turns what a signal raises during a query into a RuntimeError.
    """
    return None if _asked is None else 128 + _asked


@contextmanager
def gently() -> Iterator[threading.Event]:
    """In this block the first signal sets the event, so that what is under way can end; the second one stops it."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            _interrupt(number, frame)
        asked.set()

    before = [(number, signal.signal(number, ask)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield asked
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = number
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
