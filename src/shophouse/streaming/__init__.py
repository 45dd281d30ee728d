"""A shop that is always up to date: rounds of ingest, build, test and publish in one process that stays.

A round is what a run is, with what is dear kept open between them, so that it takes seconds. It can leave what nobody
waits for to a whole round that comes from time to time.
"""

from __future__ import annotations

from shophouse.streaming.stream import Stream

__all__ = ["Stream"]
