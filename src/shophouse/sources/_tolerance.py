"""How many rows of what was read may be unreadable before the whole is refused: one rule for every kind of source."""

from __future__ import annotations

from typing import Final

__all__ = ["USUAL_REJECTED_RATE", "is_refused"]

USUAL_REJECTED_RATE: Final = 0.1
_FEW = 10


def is_refused(rejected: int, rows: int, max_rejected_rate: float) -> bool:
    """Whether so many rejected rows are too many beside so many good ones. Ten never are, except at a rate of 0."""
    if max_rejected_rate <= 0:
        return rejected > 0
    return rejected > max(_FEW, max_rejected_rate * (rows + rejected))
