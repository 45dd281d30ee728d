"""What runs the SQL: an engine makes the lake visible as `raw`, keeps `ops`, and publishes what was built.

Each engine is a folder: `engine.py` with a class of the shape of `Engine`, `dialect.sql` with the verbs in which its
SQL differs. The models themselves know no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from shophouse.engines.existing import Held, Relation, Seen
from shophouse.project import Project

if TYPE_CHECKING:
    import pyarrow as pa

    from shophouse.engines.plan import CompiledModel, CompiledTest, NodeResult

__all__ = ["Engine", "Held", "OnNode", "RawSource", "RawTable", "Relation", "Seen", "engine_of"]

OnNode = Callable[[str, str, int, int], None]
"""Called when a node begins (status `started`) and when it is done: its name, its status, nodes done, nodes in all."""


@dataclass(frozen=True)
class RawSource:
    """One source's share of a raw table: the files of the snapshot that this run reads, or what another loader has."""

    source: str
    timezone: str
    columns: Mapping[str, str]
    files: Sequence[str]
    identity: str = ""
    """Another one when the lake's table was dropped and made anew, so that its loads count from 1 again."""
    held: Held | None = None
    """The table that another loader keeps where the engine is; `files` is empty then."""


@dataclass(frozen=True)
class RawTable:
    """A raw table of a platform: every source that is bound to the platform, together.

    `columns` are the declared ones with their types; a table that never arrived is empty, with these columns.
    """

    platform: str
    name: str
    columns: Mapping[str, str]
    sources: Sequence[RawSource] = field(default=())

    @property
    def identifier(self) -> str:
        return f"{self.platform}__{self.name}"


class Engine(Protocol):
    """What a run needs of an engine."""

    def writing(self, what: str) -> AbstractContextManager[None]:
        """Hold the warehouse's write lock. Raises LockedError that says who holds it."""

    def writer(self) -> str | None:
        """Who holds the write lock, as far as it tells; None when nobody does."""

    def prepare(self) -> bool:
        """Create or upgrade the warehouse. True when it holds nothing that a build could go on from."""

    def reset(self) -> None:
        """Drop all models and forget what they have seen: the next build starts from the lake. Schema ops stays."""

    def examine(self, relations: Sequence[Relation]) -> list[Seen | None]:
        """What these relations of other loaders are now; None for one that isn't there and isn't expected.

        Raises SourceUnreachable or SourceMismatch.
        """

    def attach(self, tables: Sequence[RawTable]) -> None:
        """Make these raw tables, and no others, visible in schema raw."""

    def dbt(self) -> AbstractContextManager[None]:
        """What has to be around each call of dbt: what it needs to connect, and what it would leave behind."""

    def environment(self) -> AbstractContextManager[None]:
        """What has to be around dbt where it parses and compiles, and connects to nothing."""

    def session(self) -> AbstractContextManager[None]:
        """Keep what each call would open anew, for a process that calls often."""

    def replace(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Replace all rows of an ops table, in one transaction."""

    def append(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to an ops table, in one transaction."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Read from the warehouse that is being built, in the engine's own SQL."""

    def build(
        self,
        models: Sequence[CompiledModel],
        tests: Sequence[CompiledTest],
        on_node: OnNode,
        *,
        anew: bool = False,
        few: bool = False,
    ) -> list[NodeResult]:
        """Build these models and count the rows that break each test, each after what it reads.

        Each model is built in a transaction; after one that fails, nothing else begins. `anew` is for a warehouse that
        was reset: all of the plan's models, views and seeds, as a full run builds them, and tests of all rows; else
        tests look at what an incremental run wrote. `few` says that few rows changed, so that no query is worth more
        than one core.
        """

    def drop(self, models: Sequence[CompiledModel]) -> None:
        """Drop the tables and views of these models, those that are there."""

    def sizes(self, models: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
        """Rows and bytes of tables, by (schema, name)."""

    def publish(self) -> int:
        """Make what was built visible to readers, in one step. Returns the version's number."""

    def published(self) -> int | None:
        """Number of the newest published version; None before the first."""

    def reader(self) -> Any:
        """A DuckDB connection that reads the newest published version, as database shop, and can change nothing."""

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a query on the newest published version, read-only, in DuckDB's SQL; the result is a DuckDB relation."""

    def place(self) -> str:
        """Where other programs read what is published, in one line without a secret."""


def engine_of(project: Project) -> Engine:
    """The engine that `shophouse.yml` names. Raises ConfigError when its library is not installed."""
    if project.engine.kind == "postgres":
        from shophouse.engines.postgres.engine import PostgresEngine

        return PostgresEngine(project)
    from shophouse.engines.duckdb.engine import DuckdbEngine

    return DuckdbEngine(project)
