"""What is proposed: which table is which entity, which column which of the contract's, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shophouse.sources.schema import SourceTable

__all__ = ["Lookup", "Mapped", "Match", "Proposal"]


@dataclass(frozen=True)
class Lookup:
    """A name that stands in another table: `shippers.company_name` for the column `ship_via`."""

    table: str
    key: str
    name: str
    by: str


@dataclass(frozen=True)
class Mapped:
    """A column of the contract, and the SQL over the base model's columns that gives it.

    `note` is set where a person should look: what was assumed.
    """

    column: str
    sql: str
    sources: tuple[str, ...]
    reason: str
    note: str = ""
    lookup: Lookup | None = None


@dataclass(frozen=True)
class Match:
    """A table that is taken for an entity. `score` is 0 to 1."""

    entity: str
    table: SourceTable
    score: float
    reasons: tuple[str, ...]
    columns: Mapping[str, Mapped]
    missing: Mapping[str, str]
    """Required columns of the contract that nothing gives → an example of the SQL that would."""
    is_derived: bool = False
    """Whether the table's rows aren't the entity's: several may name one place."""

    @property
    def uncertain(self) -> list[Mapped]:
        return [mapped for mapped in self.columns.values() if mapped.note]


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a system. Without matches it is no shop's, and `why_not` says so."""

    place: str
    tables: Sequence[SourceTable]
    matches: Mapping[str, Match]
    considered: Mapping[str, str] = field(default_factory=dict)
    """Entities that a table may be, but was not taken for → why."""
    types: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Table and column → the type to declare, where it isn't the column's own."""
    moments: frozenset[tuple[str, str]] = frozenset()
    """Tables and columns whose days are moments of the contract: a day begins at the shop's midnight."""
    casts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Table and column → the SQL type that the base model makes of it."""
    why_not: str = ""

    def match_of(self, table: str) -> Match | None:
        """The entity that the table is taken for itself."""
        return next((m for m in self.matches.values() if m.table.name == table and not m.is_derived), None)

    @property
    def read(self) -> list[SourceTable]:
        """The tables that the models read, sorted."""
        names = {match.table.name for match in self.matches.values()}
        names |= {m.lookup.table for match in self.matches.values() for m in match.columns.values() if m.lookup}
        return [table for table in self.tables if table.name in names]
