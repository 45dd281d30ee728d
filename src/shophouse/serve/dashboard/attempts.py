"""How often somebody may try to log in and fail."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable

__all__ = ["Attempts"]

_WITHIN = 600.0
# failures within ten minutes: of one address with one name, of one address, with one name
_MOST = {"both": 5, "address": 20, "name": 50}
_REMEMBERED = 20_000


class Attempts:
    """Failures of the last ten minutes. Somebody's IPv6 addresses are one: a network of 64 bits is given to each."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, ...], deque[float]] = {}

    def wait(self, address: str, name: str | None = None) -> int:
        """How many seconds there are to wait until the next attempt, 0 for none."""
        since = self._clock() - _WITHIN
        for key, most in _limits(address, name):
            times = [time for time in self._failures.get(key, ()) if time > since]
            if len(times) >= most:
                return max(1, int(times[0] - since))
        return 0

    def failed(self, address: str, name: str | None = None) -> None:
        now = self._clock()
        for key, most in _limits(address, name):
            times = self._failures.pop(key, None) or deque(maxlen=most)
            times.append(now)
            # at the end: they stand in the order of their newest failure
            self._failures[key] = times
        # the oldest go first, whoever sends names in masses
        while len(self._failures) > _REMEMBERED or self._newest_of_the_oldest() <= now - _WITHIN:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, address: str, name: str) -> None:
        self._failures.pop(_limits(address, name)[0][0], None)

    def _newest_of_the_oldest(self) -> float:
        return next(iter(self._failures.values()))[-1]


def _limits(address: str, name: str | None) -> list[tuple[tuple[str, ...], int]]:
    network = _network(address)
    of_address = (("address", network), _MOST["address"])
    if name is None:
        return [of_address]
    # nobody's name is longer, and what is kept of one must not be
    kept = name[:64]
    return [(("both", network, kept), _MOST["both"]), of_address, (("name", kept), _MOST["name"])]


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
