"""Whether the laws find what they are for: classic bugs are planted in the packaged SQL, and each has to be caught."""

from __future__ import annotations

from shophouse.mutations.bugs import Bug, bugs
from shophouse.mutations.planting import Found, plant

__all__ = ["Bug", "Found", "bugs", "plant"]
