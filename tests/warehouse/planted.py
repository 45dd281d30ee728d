"""A bug that is planted in tables that are right, and the law that must see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .shops import RawShop


@dataclass(frozen=True)
class Bug:
    law: str
    sql: str
    names: str
    """A column of the failing rows that says what the law points at."""
    value: object = None

    def is_seen(self, shop: RawShop, laws: Mapping[str, str]) -> None:
        """Plant the bug, and assert that its law names it."""
        shop.execute(self.sql)
        rows = shop.query(laws[self.law])
        assert rows, f"{self.law} does not see it"
        values = [row[self.names] for row in rows]
        assert self.value in values if self.value is not None else None not in values
