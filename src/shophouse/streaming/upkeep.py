"""Small files are merged and old snapshots forgotten while the stream runs, so that no reader is slowed by them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from shophouse.errors import LockedError

if TYPE_CHECKING:
    from shophouse.lake import Lake

__all__ = ["FILES", "tidy", "untidy"]

FILES = 40
"""A table that was given so many files since it was last merged is merged."""
# what each commit writes anew, and each merge looks through, grows with the snapshots
_CONTAINED = timedelta(minutes=1)


def untidy(lake: Lake, tables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the tables that need to be merged."""
    return [(source, table) for source, table in tables if lake.small_files(source, table) >= FILES]


def tidy(lake: Lake, tables: Iterable[tuple[str, str]], keep: timedelta) -> list[tuple[str, str]]:
    """Merge the tables and expire their snapshots; returns them but for those that are being written, which wait.

    What a merge replaced is kept for as long as `keep`, in the last snapshot before it.
    """
    done = []
    for source, table in tables:
        try:
            lake.compact(source, table, newest=True)
            lake.expire(source, table, older_than=keep, contained=_CONTAINED)
        except LockedError:
            continue
        done.append((source, table))
    return done
