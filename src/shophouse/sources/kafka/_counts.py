"""How many of a read's messages could not be parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shophouse.errors import SourceMismatch
from shophouse.sources import FileRead, Rejected, Table
from shophouse.sources._tolerance import USUAL_REJECTED_RATE, is_refused

if TYPE_CHECKING:
    from shophouse.sources.kafka import KafkaSource

__all__ = ["Counts"]

_MOST_REJECTED = 100_000


class Counts:
    """Refuses a read of which too much can't be parsed."""

    def __init__(self, source: KafkaSource, table: Table) -> None:
        self.source = source
        self.table = table
        rate = source.settings.format_of(table.name).max_rejected_rate
        self.rate = USUAL_REJECTED_RATE if rate is None else rate
        self.rows = 0
        self.bad = 0
        self.judged = _MOST_REJECTED
        self.first: Rejected | None = None

    def add(self, files: Sequence[FileRead], rejected: Sequence[Rejected]) -> None:
        self.rows += sum(file.rows for file in files)
        self.bad += len(rejected)
        if rejected and self.first is None:
            self.first = rejected[0]
        if self.bad > self.judged:
            self.judged *= 2
            self.refuse_if_broken()

    def refuse_if_broken(self) -> None:
        if self.first is None or not is_refused(self.bad, self.rows, self.rate):
            return
        first, name = self.first, self.table.name
        raise SourceMismatch(
            f"{name}: {self.bad:,} of {self.rows + self.bad:,} messages can't be read",
            where=f"source {self.source.name}, first in {first.source_file.partition('@')[0]} "
            f"at offset {first.line}: {(first.raw or '')[:200]!r}",
            why=[
                f"{first.column_name}: {first.reason}" if first.column_name else first.reason,
                f"more than max_rejected_rate ({self.rate:g}) allows; nothing of {name} was loaded",
            ],
            hint="are format, columns and their types right? "
            f"Else raise max_rejected_rate of source {self.source.name}",
        )
