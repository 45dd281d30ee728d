"""Where rows come from: what a source is, what it hands over, and which kinds there are.

A source knows how to read one kind of system. What the rows mean is said in staging, and what has been read
already is kept by the lake, which hands it back as a position. So a source holds no state of its own, and a run
that was killed can simply be run again.

A third party's kind is a class registered as an entry point of the group `shophouse.sources`; `SourceConformance`
in the tests is what it has to pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

from shophouse.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

    from shophouse.settings import Operation

__all__ = [
    "LINEAGE",
    "REJECTED",
    "Arriving",
    "Batch",
    "Check",
    "Column",
    "Delivery",
    "FileRead",
    "Follower",
    "Listening",
    "Newest",
    "Notice",
    "Position",
    "Progress",
    "Rejected",
    "Replaying",
    "Source",
    "Table",
    "is_column_type",
    "kind_of",
    "kinds",
]

_GROUP = "shophouse.sources"

Delivery: TypeAlias = Literal["append", "upsert", "snapshot"]

Position: TypeAlias = dict[str, Any]
"""How far a table has been read: JSON that only its source understands, but for `replayed`: the load up to which what
was in quarantine has been read again, where that was done."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being read, the bytes done and the bytes in all."""

Notice: TypeAlias = Callable[[str], None]
"""Called with one line that a person should see but that stops nothing."""

LINEAGE: Final[Mapping[str, str]] = {
    "_load_id": "bigint",
    "_loaded_at": "timestamp",
    "_source_file": "text",
    "_row_number": "bigint",
    "_operation": "text",
}
"""The columns that every raw row ends with, and their types."""

REJECTED: Final[Mapping[str, str]] = {
    "source_file": "text",
    "line": "bigint",
    "column_name": "text",
    "reason": "text",
    "raw": "text",
}
"""The columns of what could not be read, and their types."""

_COLUMN_TYPE = re.compile(r"text|bigint|integer|double|boolean|date|timestamp|decimal\((\d{1,2}),(\d{1,2})\)")


def is_column_type(name: str) -> bool:
    """Whether a raw column may be of it: text, bigint, integer, decimal(p,s), double, boolean, date, timestamp."""
    found = _COLUMN_TYPE.fullmatch(name)
    if found is None:
        return False
    return found[1] is None or (1 <= int(found[1]) <= 38 and int(found[2]) <= int(found[1]))


@dataclass(frozen=True)
class Column:
    name: str
    type: str = "text"

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", self.type.replace(" ", "").lower())
        if not is_column_type(self.type):
            raise ConfigError(
                f"column {self.name}: unknown type {self.type!r}",
                hint="one of text, bigint, integer, decimal(18,4), double, boolean, date, timestamp",
            )
        if self.name.lower() in LINEAGE:
            raise ConfigError(
                f"column {self.name}: the name is taken by a lineage column",
                hint="rename it in the source",
            )


@dataclass(frozen=True)
class Table:
    """A table of a source as it is declared.

    `files` is a pattern over base names (`*orders*.csv*`), None for every file of the source. Without `columns`
    everything lands as text. `required` columns must be in each file. `key`, `version` and `parent` are column names;
    reading does not need them, they travel with the table to those who apply the delivery. `operation` is how a file of
    changes says what happened to a row.
    """

    source: str
    name: str
    files: str | None = None
    columns: tuple[Column, ...] | None = None
    required: tuple[str, ...] = ()
    delivery: Delivery = "append"
    key: tuple[str, ...] = ()
    version: str | None = None
    parent: tuple[str, ...] = ()
    operation: Operation | None = None

    @property
    def types(self) -> dict[str, str]:
        """Declared column names and types, in order; empty when nothing is declared."""
        return {column.name: column.type for column in self.columns or ()}


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read. `line` is counted from 1, `raw` is the line as the file has it."""

    source_file: str
    line: int | None
    column_name: str | None
    reason: str
    raw: str | None


@dataclass(frozen=True)
class FileRead:
    """A file that was read whole: its rows in the batch, the rows left out of it, and its size on disk."""

    source_file: str
    rows: int
    rejected_rows: int
    bytes: int


@dataclass
class Batch:
    """What was read, and how far reading got.

    `parquet` are the files written, with the columns of `columns` and those of LINEAGE, without Iceberg field ids.
    `position` holds once this batch and those before it are stored. A batch with neither `files` nor `parquet` brings
    only a new position (the same files under another time): nothing has to be committed for it.
    """

    position: Position
    parquet: list[Path] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    files: list[FileRead] = field(default_factory=list)
    rejected: Sequence[Rejected] = ()


@dataclass(frozen=True)
class Check:
    """What a source found out about itself without reading; an error is what would stop a run."""

    verdict: Literal["ok", "warning", "error"]
    what: str
    hint: str = ""


@runtime_checkable
class Source(Protocol):
    """A system that rows are read from."""

    name: str

    def tables(self) -> list[Table]:
        """The tables that this source has, declared or found."""

    def read(
        self,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield what arrived in `table` after `since`, oldest first, as Parquet files in the folder `into`.

        None reads everything. Times are as the source has them, without conversion. Nothing new yields nothing. Rows
        that can't be read are not raised: they are in `Batch.rejected`, and counted.

        Raises SourceUnreachable (worth a retry) or SourceMismatch (a person must act: a file is cut off, a required
        column is missing); what was yielded before is then not to be committed.
        """


class Newest(Protocol):
    """What the lake has of a table that is loaded: of each key the newest row, unless that is a delete."""

    def __call__(
        self,
        key: Sequence[str],
        columns: Sequence[str],
        *,
        among: pa.Table | None = None,
        later: Sequence[Path] = (),
        absent_from: Sequence[Path] = (),
    ) -> Iterator[pa.RecordBatch]:
        """Yield these columns, null where the lake has no such.

        `among` has the keys that are asked for, None is all. `later` are Parquet files of the load under way, whose
        rows come after what is committed. Keys that are in the files `absent_from` are left out.
        """


@runtime_checkable
class Follower(Protocol):
    """A source that asks, while it reads, what the lake has."""

    def recall(self, table: Table, newest: Newest) -> None:
        """Called before each read of `table`; `newest` holds until that read is committed."""


@runtime_checkable
class Listening(Protocol):
    """A source with connections of its own, or one that wants to know what became of its rows."""

    def committed(self, table: Table, position: Position | None) -> None:
        """Called once the lake has `table` up to `position`, whether the read brought rows or not."""

    def close(self) -> None:
        """Let go of what reads have opened. A later read opens it again."""


@runtime_checkable
class Replaying(Protocol):
    """A source that can read again what went to quarantine."""

    def replay(
        self,
        table: Table,
        rejected: Sequence[Rejected],
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield the rows that `rejected` are now, as `read` would; what still can't be read is rejected again.

        The batches' position is `since`: whoever calls adds `replayed`.
        """


@runtime_checkable
class Arriving(Protocol):
    """A source of which one reading of its system feeds several tables."""

    def arriving(self, positions: Mapping[str, Position]) -> Iterator[Table]:
        """The tables that something may have arrived in, each to be read and committed before the next is asked for.

        `positions` are those of all tables that the lake has of the source. Raises what Source.read does.
        """


def kind_of(name: str) -> type[Source] | None:
    """The kind of source of that name, see `kinds`; None where there is none."""
    found = _built_in().get(name)
    if found is None:
        from importlib.metadata import entry_points

        # to look at all installed packages takes longer than to find that nothing is new
        found = next((point.load() for point in entry_points(group=_GROUP, name=name)), None)
    return found


def kinds() -> dict[str, type[Source]]:
    """The kinds of source by name: the built-in ones, and what installed packages register as `shophouse.sources`."""
    from importlib.metadata import entry_points

    found = _built_in()
    for point in entry_points(group=_GROUP):
        found.setdefault(point.name, point.load())
    return found


def _built_in() -> dict[str, type[Source]]:
    from shophouse.sources.dlt import DltSource
    from shophouse.sources.existing import ExistingSource
    from shophouse.sources.files import FilesSource
    from shophouse.sources.kafka import KafkaSource
    from shophouse.sources.postgres import PostgresSource
    from shophouse.sources.python import PythonSource

    return {
        "files": FilesSource,
        "postgres": PostgresSource,
        "kafka": KafkaSource,
        "python": PythonSource,
        "dlt": DltSource,
        "existing": ExistingSource,
    }
