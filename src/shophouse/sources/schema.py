"""What tables a system has, before anyone has said what they mean: the ground of a proposal.

A kind of source whose tables can be looked at has a reader of its schema. Adding one is a class with `place` and
`tables`; what the tables mean is worked out from the result alone, in the same way for every kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

__all__ = ["SAMPLED_ROWS", "ForeignKey", "Sample", "SchemaReader", "SourceColumn", "SourceTable"]

SAMPLED_ROWS: Final = 500
"""The most rows of a table that are looked at."""


@dataclass(frozen=True)
class Sample:
    """Some values of a column, as text, and how many of the rows looked at had none.

    They are kept in memory alone. They are left out of `repr`, for they may be personal.
    """

    values: tuple[str, ...] = field(default=(), repr=False)
    rows: int = 0

    @property
    def distinct(self) -> tuple[str, ...]:
        """The different values, sorted."""
        return tuple(sorted(set(self.values)))

    @property
    def is_unique(self) -> bool:
        """Whether each row looked at had a value, and no two the same."""
        return 0 < self.rows == len(self.values) == len(set(self.values))

    def all_match(self, pattern: str) -> bool:
        """Whether there are values, and each is whole of this pattern."""
        compiled = re.compile(pattern)
        return bool(self.values) and all(compiled.fullmatch(value.strip()) for value in self.values)

    def numbers(self) -> list[float]:
        """The values as numbers; empty when one isn't."""
        return [float(value) for value in self.values] if self.all_match(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?") else []


@dataclass(frozen=True)
class SourceColumn:
    """A column as the system has it. `type` is that of the lake; `native` is the system's own word."""

    name: str
    type: str
    native: str = ""
    is_required: bool = False
    is_binary: bool = False
    comment: str = ""
    sample: Sample = Sample()


@dataclass(frozen=True)
class ForeignKey:
    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceTable:
    """A table as the system has it. `rows` is an estimate; -1 is not known."""

    name: str
    columns: tuple[SourceColumn, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int = -1
    is_view: bool = False
    comment: str = ""
    files: str | None = None
    """The pattern of the files that are this table, where it is files."""

    def column(self, name: str) -> SourceColumn:
        return next(column for column in self.columns if column.name == name)


class SchemaReader(Protocol):
    """Reads which tables a system has, and a few rows of each. Writes nothing, there or here."""

    @property
    def place(self) -> str:
        """Where it looks, for people; without secrets."""

    def tables(self) -> Sequence[SourceTable]:
        """What is there, sorted by name. Raises SourceUnreachable, or SourceMismatch when it may not be read."""
