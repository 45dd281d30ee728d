"""Trying again what a system that does not answer could not give: how often, and after which pauses."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shophouse.errors import SourceUnreachable
from shophouse.sources import Notice

__all__ = ["Retries", "retried"]

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Retries:
    """So many further tries after the first; pauses are in seconds, and each is `growth` times the one before."""

    times: int = 3
    first_pause: float = 1.0
    growth: float = 3.0
    longest_pause: float = 60.0

    def pause(self, failures: int) -> float:
        """How long to wait after so many failures in a row (1 or more).

        It is a random part of a range, from half of it to the whole, so that readers which failed together do not come
        back together.
        """
        # the power of a float is too large for one after some hundred failures
        longest = min(self.longest_pause, self.first_pause * self.growth ** min(failures - 1, 64))
        return longest * random.uniform(0.5, 1)


def retried(work: Callable[[], Result], retries: Retries, *, about: str, notice: Notice | None = None) -> Result:
    """What `work` returns, called again while it raises SourceUnreachable and tries are left.

    `work` must begin anew each time, and leave nothing when it raises. `notice` gets a line before each pause that
    begins with `about`. The last SourceUnreachable is raised, and says how often was tried; other errors at once.
    """
    began = time.monotonic()
    failures = 0
    while True:
        try:
            return work()
        except SourceUnreachable as error:
            failures += 1
            if failures > retries.times:
                if retries.times:
                    seconds = time.monotonic() - began
                    error.why = (*error.why, f"tried {failures} times in {seconds:.0f} seconds")
                raise
            pause = retries.pause(failures)
            again = f"{about}: {error.what}; trying again in {pause:.1f} s ({failures} of {retries.times})"
            _log.warning(again)
            if notice is not None:
                notice(again)
        time.sleep(pause)
