"""Tables that another loader keeps where the engine is: nothing is read from them, so nothing of them is in the lake.

`shophouse.existing` says what is known of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from shophouse.sources import Batch, Position, Table

__all__ = ["ExistingSource"]


class ExistingSource:
    """A source without tables to load."""

    def __init__(self, name: str, **_: Any) -> None:
        self.name = name

    def tables(self) -> list[Table]:
        return []

    def read(
        self, table: Table, since: Position | None, into: Path, load_id: int, loaded_at: datetime
    ) -> Iterator[Batch]:
        return iter(())
