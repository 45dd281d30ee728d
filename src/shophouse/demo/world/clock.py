"""Time that runs faster where more is bought.

People live in an even time, in days from the world's start, in which their rates hold; it is bent afterwards into each
market's busy hours, weekdays and seasons, so that rates and seasons don't meddle with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shophouse.demo.catalogue import DAY
from shophouse.demo.people import is_campaign
from shophouse.demo.tables import Ints

Floats = npt.NDArray[np.float64]

_WEEKDAY = np.array([1.06, 1.02, 1.0, 0.98, 0.93, 0.9, 1.11])
_LOCAL_HOUR = np.array([3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 9, 10, 9, 8, 8, 8, 9, 10, 12, 13, 13, 10, 6], dtype=np.float64)


def busy(start: int, days: int) -> Floats:
    """How much faster than on average time runs on each day, 1 on average."""
    day = start // DAY + np.arange(days)
    dates = day.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    yearly = 1 + 0.15 * np.cos(2 * np.pi * (of_year - 340) / 365.25)
    factor = _WEEKDAY[(day + 3) % 7] * yearly * np.where(is_campaign(day), 1.8, 1.0)
    return np.asarray(factor / factor.mean())


# After a pause, what would have been bought in it is bought in so many hours.
_CAUGHT_UP_IN = 6 * 3600


@dataclass(frozen=True)
class Clock:
    """Knots of even time, in days, and of seconds since 1970; in a pause, its first and last second, nothing is
    bought."""

    even: Floats
    seconds: Floats
    pause: tuple[int, int]

    @classmethod
    def of(cls, start: int, days: int, offset: Ints, stop: int) -> Clock:
        """`offset` is the seconds by day to add to UTC for local time.

        Where a new day begins before `stop`, that of the first delivery, the market sleeps until then: the delivery
        would else end in a day with the few orders of its first hours.
        """
        hour = (np.arange(24)[None, :] + offset[:, None] // 3600) % 24
        hourly = (busy(start, days)[:, None] * _LOCAL_HOUR[hour]).ravel()
        even = np.concatenate(([0.0], np.cumsum(hourly)))
        ahead = max(int(offset[(stop - start) // DAY - 1]), 0)
        seconds = start + 3600.0 * np.arange(days * 24 + 1, dtype=np.float64)
        return cls(even * (days / even[-1]), seconds, (stop - ahead, stop))

    def at(self, even: Floats) -> Ints:
        found = np.interp(even, self.even, self.seconds).astype(np.int64)
        begins, ends = self.pause
        until = ends + _CAUGHT_UP_IN
        later = ends + (found - begins) * _CAUGHT_UP_IN // (until - begins)
        return np.where((found >= begins) & (found < until), later, found)
