"""Rows that a function of the shop's own yields: data frames, with how far it has read.

The function is called with the position of the last load, and what it yields becomes one load. It may be called again
with the same position, after a run that failed: so it reads from there, and remembers nothing itself.
"""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse import settings as described
from shophouse.errors import ConfigError, ShophouseError, SourceMismatch
from shophouse.settings import PythonTable
from shophouse.sources import Batch, Check, Notice, Position, Progress, Table
from shophouse.sources._frames import Frames, is_frame, tables_of
from shophouse.sources._functions import Function, parameters_of, resolved, secrets_of
from shophouse.sources._tolerance import USUAL_REJECTED_RATE

if TYPE_CHECKING:
    from shophouse.project import Project

__all__ = ["PythonSource"]

_log = logging.getLogger(__name__)


class PythonSource:
    """Functions of files below `folder`, or of modules.

    `function` is for every table that `own` gives none; a function of several tables has a parameter `table` for the
    name. `arguments` are given to each. `timezone` is the zone of times that name none.
    """

    def __init__(
        self,
        name: str,
        folder: Path | str,
        function: str | None = None,
        *,
        tables: Sequence[Table] = (),
        own: Mapping[str, PythonTable] | None = None,
        arguments: Mapping[str, Any] | None = None,
        timezone: str | None = None,
        max_rejected_rate: float = USUAL_REJECTED_RATE,
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> None:
        self.name = name
        self.folder = Path(folder).absolute()
        self.function = function
        self.declared = tuple(tables)
        self.own = dict(own or {})
        self.arguments = dict(arguments or {})
        self.timezone = timezone
        self.max_rejected_rate = max_rejected_rate
        self.progress = progress
        self._notice = notice

    @classmethod
    def of(
        cls,
        *,
        name: str,
        project: Project,
        settings: described.PythonSource,
        tables: Sequence[Table],
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> PythonSource:
        """The source that a project describes under `name`."""
        rate = settings.max_rejected_rate
        return cls(
            name,
            project.folder,
            settings.function,
            tables=tables,
            own=settings.tables,
            arguments=settings.arguments,
            timezone=project.timezone_of(name),
            max_rejected_rate=USUAL_REJECTED_RATE if rate is None else rate,
            progress=progress,
            notice=notice,
        )

    def tables(self) -> list[Table]:
        """The declared tables that a function is named for; without any, one that is called as the function."""
        if self.declared:
            return [table for table in self.declared if self._reference(table.name)]
        name = (self.function or "").rpartition(":")[2].rpartition(".")[2]
        return [Table(self.name, name.lower(), delivery="snapshot")]

    def check(self) -> Iterator[Check]:
        """Whether each function is there and can be called so. None is called."""
        for table in self.tables():
            try:
                self._call(table, None)
            except ShophouseError as error:
                yield Check(
                    "error", f"{table.name}: {error.what}: {'; '.join((*error.where, *error.why))}", *error.hint[:1]
                )
            else:
                yield Check("ok", f"{table.name}: {self._reference(table.name)}, delivery {table.delivery}")

    def read(
        self,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield what the function yields now, as one load, or nothing; see Source.read.

        Raises SourceError, too, where the function fails: with the line of its code.
        """
        function, positional, named = self._call(table, (since or {}).get("position"))
        before = since or {}
        is_new_label = table.delivery == "append"
        frames = Frames(
            table,
            into,
            f"{table.name}-{load_id}" if is_new_label else table.name,
            load_id,
            loaded_at,
            self._reference(table.name),
            self._rate(table),
            self.timezone in (None, "UTC"),
            dict(before.get("types", {})),
        )
        whole = f"{self.name}.{table.name}"
        reached: Any = None
        has_position = is_last_placed = False
        source = self._function(table)
        try:
            with source.importing(), closing(source_items(source, whole, function, positional, named)) as items:
                for item in items:
                    frame, position, is_placed = _split(item)
                    if is_placed:
                        reached, has_position = _plain(position, source.reference, whole), True
                    is_last_placed = is_placed
                    if frame is None:
                        continue
                    if not is_frame(frame):
                        raise SourceMismatch(
                            f"{whole}: {source.reference} yields {_called(frame)}",
                            why="it can take frames of pandas, Polars and Arrow, dictionaries and lists of these",
                            hint="yield frame   or   yield frame, position",
                        )
                    # rows told by a position need not be compared with those of the last load
                    frames.hashes = table.delivery == "snapshot" or not has_position
                    with source.told(whole):
                        for part in tables_of(frame):
                            frames.add(part)
                    self._tell_progress(whole, frames.rows)
            if table.delivery == "append" and frames.came and not is_last_placed:
                raise SourceMismatch(
                    f"{whole}: {source.reference} yields rows and no position",
                    where=source.setting,
                    why="each run would add all of them again to a table of delivery append",
                    hint=["yield frame, position", "or write   delivery: upsert   or   delivery: snapshot"],
                )
            batches = self._batches(frames, before, reached, has_position)
        except BaseException:
            frames.discard()
            raise
        yield from batches

    def _batches(self, frames: Frames, before: Position, reached: Any, has_position: bool) -> list[Batch]:
        is_snapshot = frames.table.delivery == "snapshot"
        position = {**before, "position": reached if has_position else before.get("position"), "types": frames.types}
        came = frames.came and (is_snapshot or frames.rows > 0 or frames.rejected)
        if came and frames.hashes:
            position["sha256"] = frames.hexdigest()
            came = position["sha256"] != before.get("sha256")
        if came:
            return list(frames.batches(position))
        frames.discard()
        # nothing came, but the function may have gone on
        return [Batch(position)] if before and position != before else []

    def _call(self, table: Table, position: Any) -> tuple[Any, list[Any], dict[str, Any]]:
        """The function and what it is called with. Raises ConfigError where it takes something else."""
        source = self._function(table)
        function = source.load()
        own = self.own.get(table.name)
        arguments = resolved(self.arguments if own is None or own.arguments is None else own.arguments)
        parameters = parameters_of(function)
        named = dict(arguments)
        if "table" in parameters and "table" not in named:
            named["table"] = table.name
        elif self._shared(table):
            raise ConfigError(
                f"{source.reference} doesn't say which table it is for",
                where=source.setting,
                why="it is named for several, and has no parameter `table`",
                hint="def orders(position, table): …   or name a function for each table",
            )
        places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        takes = [one.name for one in parameters.values() if one.kind in places and one.name not in named]
        is_open = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters.values())
        positional = [position] if takes or is_open else []
        try:
            inspect.signature(function).bind(*positional, **named)
        except TypeError as error:
            called = ", ".join([*(["position"] if positional else []), *(f"{name}=…" for name in named)])
            raise ConfigError(
                f"{source.reference} can't be called: {error}",
                where=source.setting,
                why=f"it is called as {source.reference.rpartition(':')[2]}({called})",
                hint="its first parameter is the position of the last load; others are under `arguments`",
            ) from None
        return function, positional, named

    def _shared(self, table: Table) -> bool:
        mine = self._reference(table.name)
        return sum(self._reference(other.name) == mine for other in self.declared) > 1

    def _reference(self, table: str) -> str:
        own = self.own.get(table)
        return (own.function if own else None) or self.function or ""

    def _function(self, table: Table) -> Function:
        own = self.own.get(table.name)
        setting = f"sources.{self.name}.tables.{table.name}" if own and own.function else f"sources.{self.name}"
        arguments = self.arguments if own is None or own.arguments is None else own.arguments
        return Function(
            self._reference(table.name), self.folder, f"{setting}.function in shophouse.yml", secrets_of(arguments)
        )

    def _rate(self, table: Table) -> float:
        own = self.own.get(table.name)
        return self.max_rejected_rate if own is None or own.max_rejected_rate is None else own.max_rejected_rate

    def _tell_progress(self, what: str, rows: int) -> None:
        if self.progress:
            self.progress(what, rows, 0)


def source_items(
    source: Function, what: str, function: Any, positional: Sequence[Any], named: Mapping[str, Any]
) -> Generator[Any, None, None]:
    """What a call of the function gives, one after the other; a generator is closed whatever happens."""
    with source.told(what):
        given = function(*positional, **named)
    if given is None:
        return
    if _is_one(given):
        yield given
        return
    if inspect.iscoroutine(given) or hasattr(given, "__aiter__"):
        if inspect.iscoroutine(given):
            given.close()
        raise SourceMismatch(f"{what}: {source.reference} is async", hint="write a plain function that yields")
    if not isinstance(given, Iterable):
        raise SourceMismatch(
            f"{what}: {source.reference} returns {_called(given)}", hint="yield frame   or   yield frame, position"
        )
    with source.told(what):
        items = iter(given)
    try:
        while True:
            with source.told(what):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
    finally:
        if hasattr(items, "close"):
            with source.told(what):
                items.close()


def _is_one(given: Any) -> bool:
    """Whether a function returned all that it has, and not something to go through."""
    if isinstance(given, tuple):
        return len(given) == 2 and (given[0] is None or is_frame(given[0]))
    if isinstance(given, list):
        return bool(given) and is_frame(given)
    return is_frame(given)


def _split(item: Any) -> tuple[Any, Any, bool]:
    """What was yielded as frame and position, and whether there is a position."""
    if isinstance(item, tuple) and len(item) == 2:
        return item[0], item[1], item[1] is not None
    return item, None, False


def _plain(position: Any, reference: str, what: str) -> Any:
    """The position as JSON keeps it. Raises SourceMismatch where that would be another."""
    try:
        kept = json.loads(json.dumps(position, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise SourceMismatch(
            f"{what}: the position that {reference} yields is no JSON",
            why=f"{error}: {position!r:.200}",
            hint="a time as text (.isoformat()), a number as int or str, several of them in a dict",
        ) from None
    if isinstance(position, dict) and set(kept) != set(position):
        raise SourceMismatch(
            f"{what}: the position that {reference} yields has keys that are no text",
            why=f"{position!r:.200}",
            hint="use text as keys",
        )
    return kept


def _called(value: Any) -> str:
    kind = type(value)
    return f"{kind.__name__}" if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
