"""Tables that another loader keeps where the engine is: how each engine finds, judges and shows them.

An engine says what columns a relation has and how its SQL spells what differs; the rest is the same on all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from shophouse.errors import SourceMismatch
from shophouse.quoting import identifier, literal
from shophouse.sources import LINEAGE
from shophouse.yamlfile import did_you_mean

__all__ = [
    "Found",
    "Held",
    "Relation",
    "Seen",
    "Spelling",
    "Statement",
    "absent",
    "columns_of",
    "judged",
    "looked_at",
    "rows_of",
]

_SIMPLE = ("boolean", "bigint", "integer", "double", "date", "timestamp", "text")


@dataclass(frozen=True)
class Relation:
    """A table or view as the project names it. `path` is the file that holds it, empty for the engine's own database.

    `loaded_at` and `deleted` are columns that it may lack, unless they are among the `required` ones. `types` are of
    the columns that are declared. One that is not `expected` may be absent.
    """

    source: str
    table: str
    path: str
    schema: str
    name: str
    loaded_at: str | None = None
    deleted: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    expected: bool = False

    @property
    def label(self) -> str:
        return f"{self.source}.{self.table}"

    @property
    def place(self) -> str:
        """The relation, for a person."""
        return f"{self.schema}.{self.name}" + (f" in {self.path}" if self.path else "")


@dataclass(frozen=True)
class Found:
    """A column: its name, and its type in the lake's words, or timestamptz, nested (arrays and the like), other."""

    name: str
    kind: str

    @property
    def type(self) -> str:
        """The type of the raw column that it becomes where none is declared."""
        if self.kind == "timestamptz":
            return "timestamp"
        return self.kind if self.kind in _SIMPLE or self.kind.startswith("decimal(") else "text"


@dataclass(frozen=True)
class Seen:
    """What a relation was found to be. Equal heads mean equal rows.

    `columns` are by their raw names; `rows` are those that count, `newest` the last time in loaded_at, in UTC.
    """

    relation: Relation
    columns: Mapping[str, Found]
    loaded_at: Found | None
    deleted: Found | None
    is_table: bool
    head: str = ""
    rows: int = 0
    newest: datetime | None = None
    tells_writes: bool = False
    """Whether the head is another one after each write, also when the rows are again what they were."""

    @property
    def types(self) -> dict[str, str]:
        """The raw columns and their types, lineage last."""
        own = {name: self.relation.types.get(name, column.type) for name, column in self.columns.items()}
        return {**own, **LINEAGE}


@dataclass(frozen=True)
class Held:
    """A relation as a build reads it: all of its rows are of one load, whose time is that of the last change seen."""

    seen: Seen
    load_id: int
    noticed_at: datetime


@dataclass(frozen=True)
class Spelling:
    """How an engine spells what its SQL has otherwise; each takes and gives an expression."""

    types: Mapping[str, str]
    """Column types of the lake that are called otherwise."""
    to_utc: Callable[[str], str]
    from_epoch: Callable[[str], str]
    as_json: Callable[[str], str]
    matches: Callable[[str, str], str]
    """An expression and a literal that is a regular expression."""
    fits: Callable[[str, str], str]
    """Whether a text is a value of a type."""

    def type(self, name: str) -> str:
        return self.types.get(name, name)


@dataclass(frozen=True)
class Statement:
    """A query of one row, and the columns in which it counts what can't be what is declared."""

    sql: str
    misfits: tuple[str, ...]


def columns_of(relation: Relation, columns: Mapping[str, str], *, is_table: bool) -> Seen:
    """The relation with its columns (name → kind). Raises SourceMismatch where one that is required is missing."""
    present = {name.lower(): Found(name, kind) for name, kind in columns.items()}
    if lacking := [name for name in relation.required if name.lower() not in present]:
        raise SourceMismatch(
            f"{relation.label} lacks {', '.join(lacking)}",
            where=relation.place,
            why=f"it has: {', '.join(columns)}",
            hint=did_you_mean(lacking[0], columns) or "change the name in shophouse.yml, or have the loader bring it",
        )
    declared = {name.lower(): name for name in relation.types}
    taken = {*LINEAGE, "_source", "_timezone"}
    named = {declared.get(lower, lower): found for lower, found in present.items() if lower not in taken}
    deleted = present.get((relation.deleted or "").lower())
    if deleted is not None and deleted.kind in ("text", "nested", "other", "double"):
        raise SourceMismatch(
            f"{relation.label}: {deleted.name} does not say whether a row is deleted",
            where=relation.place,
            why=f"it is {deleted.type}, and not boolean, a whole number or a time",
            hint="name another column under deleted: in shophouse.yml, or none, and filter in staging",
        )
    return Seen(relation, named, present.get((relation.loaded_at or "").lower()), deleted, is_table)


def _head_of(seen: Seen, sign: str) -> str:
    """A hash of what the rows are (`sign`) and of what raw columns are made of them."""
    made = [asdict(seen.relation), {name: asdict(column) for name, column in seen.columns.items()}, sign]
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:32]


def looked_at(seen: Seen, spelling: Spelling, place: str, content: str) -> Statement:
    """What is asked of a relation at `place`, whose row is `shophouse_row`. `content` sums up all of its rows."""
    misfit = _misfits(seen, spelling)
    cells = [
        "count(*)",
        content,
        f"count(*) filter (where {_counts(seen)})",
        _newest(seen, spelling),
        *(f"count(*) filter (where {condition})" for condition in misfit.values()),
    ]
    return Statement(f"select {', '.join(cells)} from {place} as shophouse_row", tuple(misfit))


def judged(seen: Seen, asked: Statement, answer: Sequence[Any] | None, shape: str = "") -> Seen:
    """The relation as the answer says that it is; `shape` is what else makes it another. Raises SourceMismatch."""
    assert answer is not None
    total, content, rows, last, *numbers = answer
    _refuse_misfits(seen, dict(zip(asked.misfits, numbers, strict=True)), total)
    return replace(seen, head=_head_of(seen, f"{shape}{total}:{content}"), rows=rows, newest=last)


def _counts(seen: Seen) -> str:
    """The condition of rows that are not deleted."""
    if seen.deleted is None:
        return "true"
    name, kind = identifier(seen.deleted.name), seen.deleted.kind
    if kind == "boolean":
        return f"{name} is not true"
    if kind in ("date", "timestamp", "timestamptz"):
        return f"{name} is null"
    return f"coalesce({name}, 0) = 0"


def _misfits(seen: Seen, spelling: Spelling) -> dict[str, str]:
    """For each text that is declared to be something else, the condition of rows in which it can't be."""
    found = {}
    for name, column in seen.columns.items():
        type_ = seen.relation.types.get(name, "text")
        if column.kind in ("text", "other") and type_ != "text":
            value = f"cast({identifier(column.name)} as {spelling.type('text')})"
            found[name] = f"{value} is not null and not {spelling.fits(value, spelling.type(type_))}"
    return found


def _refuse_misfits(seen: Seen, counted: Mapping[str, int], rows: int) -> None:
    """Raise SourceMismatch for a column that can't be what is declared."""
    for name, number in counted.items():
        if number:
            relation = seen.relation
            raise SourceMismatch(
                f"{relation.label}: {name} is no {relation.types[name]} in {number:,} of {rows:,} rows",
                where=relation.place,
                hint=f"write   columns: {{{name}: text}}   under sources.{relation.source}.tables.{relation.table},"
                " and convert it in staging",
            )


def _newest(seen: Seen, spelling: Spelling) -> str:
    """The newest time in loaded_at."""
    return f"max({_loaded_at(seen, spelling)})" if seen.loaded_at else f"cast(null as {spelling.type('timestamp')})"


def rows_of(held: Held, relation: str, row_number: str, spelling: Spelling) -> str:
    """A query for the rows that count, with the columns of `held.seen.types`."""
    seen = held.seen
    types = seen.types
    noticed = f"cast({literal(held.noticed_at.replace(tzinfo=None).isoformat(sep=' '))} as timestamp)"
    loaded_at = f"coalesce({_loaded_at(seen, spelling)}, {noticed})" if seen.loaded_at else noticed
    lineage = {
        "_load_id": str(held.load_id),
        "_loaded_at": loaded_at,
        "_source_file": literal(f"{seen.relation.schema}.{seen.relation.name}"),
        "_row_number": row_number,
        "_operation": "'insert'",
    }
    cells = {name: _value(column, types[name], spelling) for name, column in seen.columns.items()} | lineage
    listed = ", ".join(
        f"cast({cell} as {spelling.type(types[name])}) as {identifier(name)}" for name, cell in cells.items()
    )
    return f"select {listed} from {relation} where {_counts(seen)}"


def _value(column: Found, type_: str, spelling: Spelling) -> str:
    name = identifier(column.name)
    if column.kind == "timestamptz":
        return spelling.to_utc(name) if type_ != "text" else f"cast({name} as {spelling.type('text')})"
    if column.kind == "nested":
        return spelling.as_json(name)
    if column.kind == "double" and type_.startswith("decimal("):
        # by its shortest text, as 0.1 and not as what comes nearest to it in binary
        return f"cast({name} as {spelling.type('text')})"
    if column.kind in ("text", "other") and type_ == "timestamp":
        return _time(f"cast({name} as {spelling.type('text')})", spelling)
    return name


def _time(text: str, spelling: Spelling) -> str:
    """A text as a time: in UTC where it names an offset, else as it stands."""
    aware = spelling.to_utc(f"cast({text} as timestamp with time zone)")
    is_aware = spelling.matches(text, "'[0-9]:[0-9.]+ ?(Z|[+-][0-9][0-9](:?[0-9][0-9])?)$'")
    return f"case when {is_aware} then {aware} else cast({text} as timestamp) end"


def _loaded_at(seen: Seen, spelling: Spelling) -> str:
    assert seen.loaded_at is not None
    name, kind = identifier(seen.loaded_at.name), seen.loaded_at.kind
    if kind == "timestamptz":
        return spelling.to_utc(name)
    if kind in ("date", "timestamp"):
        return f"cast({name} as timestamp)"
    if kind in ("bigint", "integer", "double") or kind.startswith("decimal("):
        return spelling.from_epoch(name)
    value = f"cast({name} as {spelling.type('text')})"
    is_number = spelling.matches(value, "'^[0-9]+([.][0-9]+)?$'")
    return f"case when {is_number} then {spelling.from_epoch(value)} else {_time(value, spelling)} end"


def absent(relation: Relation, others: Iterable[str], schemas: Iterable[str]) -> SourceMismatch:
    """There is no such relation: `others` are those of its schema, empty where there is no such schema."""
    others = sorted(others)
    where = f"sources.{relation.source} in shophouse.yml" + (f": {relation.path}" if relation.path else "")
    if not others:
        known = sorted(schemas)
        return SourceMismatch(
            f"{relation.label}: there is no schema {relation.schema}, or nothing in it that can be read",
            where=where,
            why=f"there are: {', '.join(known) or 'none'}",
            hint=did_you_mean(relation.schema, known) or "change database_schema, or let the loader run first",
        )
    return SourceMismatch(
        f"{relation.label}: there is no table {relation.schema}.{relation.name}",
        where=where,
        why=f"there are: {', '.join(others)}",
        hint=did_you_mean(relation.name, others)
        or f"write   table: <its name>   under sources.{relation.source}.tables.{relation.table}",
    )
