"""What was worked out once is kept, up to so many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

__all__ = ["Kept", "size_of"]

Value = TypeVar("Value")

_OF_A_VALUE = 64
_OF_A_ROW = 96


class Kept(Generic[Value]):
    """Values by key, worked out once however many ask at the same time. Safe for many threads.

    `size` says how many bytes a value takes; of more than `most` in all, those that nobody asked for longest go. What
    could not be worked out is not kept: all who waited get the same error, and the next one tries again.
    """

    def __init__(self, most: int, size: Callable[[Value], int]) -> None:
        self._most = most
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Future[Value]] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """What the values that are kept take together."""
        return self._bytes

    def get(self, key: Hashable, work_out: Callable[[], Value]) -> Value:
        """The value of `key`, worked out where there is none. Raises what `work_out` raises."""
        with self._lock:
            found = self._values.get(key)
            is_first = found is None
            if found is None:
                found = self._values[key] = Future()
            self._values.move_to_end(key)
        if is_first:
            self._work_out(key, found, work_out)
        return found.result()

    def clear(self) -> None:
        """Forget everything; who waits for a value still gets it."""
        with self._lock:
            self._values.clear()
            self._sizes.clear()
            self._bytes = 0

    def _work_out(self, key: Hashable, found: Future[Value], work_out: Callable[[], Value]) -> None:
        try:
            value = work_out()
        except BaseException as error:
            with self._lock:
                if self._values.get(key) is found:
                    del self._values[key]
            found.set_exception(error)
            return
        found.set_result(value)
        size = self._size(value)
        with self._lock:
            # it may have been forgotten while it was worked out
            if self._values.get(key) is not found:
                return
            self._sizes[key] = size
            self._bytes += size
            for other in list(self._values):
                if self._bytes <= self._most:
                    break
                if other in self._sizes:
                    del self._values[other]
                    self._bytes -= self._sizes.pop(other)


def size_of(rows: Sequence[Sequence[Any]]) -> int:
    """About how many bytes the rows of a result take."""
    texts = sum(len(value) for row in rows for value in row if isinstance(value, str))
    return _OF_A_ROW * (1 + len(rows)) + _OF_A_VALUE * sum(map(len, rows)) + texts
