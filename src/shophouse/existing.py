"""Tables that another loader keeps where the engine is: what they are now, and since when.

The lake has no copy of them. Of each, a file beside the warehouse notes which states were seen: a state is for such a
table what a load is for one of the lake. Rows that changed are not told apart from others, so that a state which is new
makes the next build a full one.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.declarations import source_declaration
from shophouse.engines.existing import Held, Relation, Seen
from shophouse.errors import SourceMismatch
from shophouse.lake import Lake, LoadFile, LoadRecord
from shophouse.project import ExistingSource, ExistingTable, Project
from shophouse.sources import Notice
from shophouse.sources._retries import Retries, retried

if TYPE_CHECKING:
    from shophouse.engines import Engine

__all__ = ["Existing", "Landed", "examined", "relations"]

_KEPT = 200

Key = tuple[str, str]


@dataclass(frozen=True)
class _State:
    """A state that a table was seen in. `noticed_at` and `newest` are UTC, in ISO 8601."""

    load_id: int
    head: str
    run_id: str | None
    noticed_at: str
    newest: str | None
    rows: int
    seconds: float

    @property
    def loaded_at(self) -> datetime:
        """When its loader wrote it, as far as it tells."""
        return datetime.fromisoformat(self.newest or self.noticed_at)


@dataclass
class Existing:
    """The tables of the project's sources of kind existing."""

    project: Project
    states: dict[Key, list[_State]] = field(default_factory=dict)
    """What was seen of each table, oldest first."""
    seen: dict[Key, Seen] = field(default_factory=dict)
    """What was found when this object looked last."""
    changed: set[Key] = field(default_factory=set)
    """Those that were found to be otherwise since."""
    looked: set[str] = field(default_factory=set)
    """The sources at which this object has looked."""

    @classmethod
    def of(cls, project: Project) -> Existing:
        """What was seen until now, as far as that can be read; no loader's table is looked at."""
        found = cls(project)
        try:
            noted = json.loads(_file(project).read_text("utf-8"))
            states = {(one["source"], one["table"]): [_State(**state) for state in one["states"]] for one in noted}
        except (OSError, ValueError, KeyError, TypeError):
            return found
        found.states = {key: known for key, known in states.items() if known and key[0] in found.sources}
        return found

    @property
    def sources(self) -> list[str]:
        return [name for name, settings in self.project.sources.items() if isinstance(settings, ExistingSource)]

    def heads(self) -> dict[Key, str]:
        """The newest state of each table: equal heads mean equal rows. Empty for those that changed since."""
        return {key: "" if key in self.changed else found[-1].head for key, found in self.states.items()}

    def look(
        self,
        engine: Engine,
        sources: Collection[str] = (),
        *,
        run_id: str | None = None,
        tries_again: bool = True,
        notice: Notice | None = None,
    ) -> list[LoadRecord]:
        """See what the tables of these sources, or of all, are now; returns the states that are new.

        A file that is being written is tried again as its settings say, or not at all. Raises SourceUnreachable or
        SourceMismatch.
        """
        found: list[LoadRecord] = []
        for name in self.sources:
            if sources and name not in sources:
                continue
            retries = Retries(self.project.source(name).retries if tries_again else 0)
            began = time.monotonic()
            work = functools.partial(examined, self.project, engine, name)
            wanted = retried(work, retries, about=name, notice=notice)
            seconds = time.monotonic() - began
            self.looked.add(name)
            self.changed = {key for key in self.changed if key[0] != name}
            for relation, one in wanted:
                key = (name, relation.table)
                if one is None:
                    self.seen.pop(key, None)
                    self.states.pop(key, None)
                    continue
                self.seen[key] = one
                known = self.states.get(key, [])
                if not known or known[-1].head != one.head:
                    state = _state(known, one, run_id, seconds / len(wanted))
                    self.states[key] = [*known, state][-_KEPT:]
                    found.append(_record(key, state))
        self._save()
        return found

    def look_again(self, engine: Engine, *, is_whole: bool) -> list[Key]:
        """The tables that are not what they were when this object looked last, and were not known to be.

        What `is_whole` has read all of them. Else those that tell of each write are left to the next look: of others, a
        change that is undone until then would be missed.
        """
        found: list[Key] = []
        for name in self.sources:
            asked = [
                one.relation
                for key, one in self.seen.items()
                if key[0] == name and key not in self.changed and (is_whole or not one.tells_writes)
            ]
            for relation, now in zip(asked, engine.examine(asked) if asked else (), strict=True):
                key = (name, relation.table)
                if now is None or now.head != self.seen[key].head:
                    found.append(key)
        self.changed.update(found)
        return found

    def held(self, source: str, table: str) -> Held | None:
        """The table as a build reads it; None for one that is not there."""
        one = self.seen.get((source, table))
        if one is None:
            return None
        state = self.states[source, table][-1]
        return Held(one, state.load_id, datetime.fromisoformat(state.noticed_at))

    def _save(self) -> None:
        file = _file(self.project)
        if not self.sources and not file.exists():
            return
        noted = [
            {"source": source, "table": table, "states": [asdict(state) for state in found]}
            for (source, table), found in self.states.items()
        ]
        file.parent.mkdir(parents=True, exist_ok=True)
        incoming = file.with_suffix(".tmp")
        incoming.write_text(json.dumps(noted, indent=1), encoding="utf-8")
        os.replace(incoming, file)


class Landed(Lake):
    """What models can read: the lake's tables, and beside them those that another loader keeps."""

    def __init__(self, lake: Lake, existing: Existing) -> None:
        super().__init__(storage=lake.storage, catalog=lake.catalog)
        self.existing = existing

    @classmethod
    def of(cls, project: Project) -> Landed:
        """As it was seen last."""
        return cls(Lake.of(project), Existing.of(project))

    def pinned(self) -> Landed:
        return Landed(super().pinned(), self.existing)

    def heads(self) -> dict[Key, str]:
        return super().heads() | self.existing.heads()

    def schema(self, source: str, table: str) -> dict[str, str]:
        held = self.existing.held(source, table)
        return held.seen.types if held else super().schema(source, table)

    def loads(self, source: str, table: str) -> list[LoadRecord]:
        states = self.existing.states.get((source, table))
        return super().loads(source, table) if states is None else [_record((source, table), one) for one in states]

    def rows(self, source: str, table: str) -> int:
        """How many rows there are, in all that was loaded."""
        loads = self.loads(source, table)
        return sum(load.rows for load in (loads[-1:] if (source, table) in self.existing.states else loads))

    def load_files(self, source: str, table: str) -> list[LoadFile]:
        held = self.existing.held(source, table)
        if held is None:
            return super().load_files(source, table)
        relation = held.seen.relation
        return [LoadFile(source, table, held.load_id, f"{relation.schema}.{relation.name}", held.seen.rows, 0, None)]


def relations(project: Project, source: str) -> list[Relation]:
    """The tables of a source, as they are declared. Raises ConfigError."""
    settings = project.source(source)
    assert isinstance(settings, ExistingSource)
    found = []
    for name, table in source_declaration(source, project).tables.items():
        own = settings.tables.get(name) or ExistingTable()
        schema, _, relation = (own.table or name).rpartition(".")
        explicit = [column for column in (own.loaded_at, own.deleted) if column]
        found.append(
            Relation(
                source,
                name,
                settings.path or "",
                schema or settings.database_schema,
                relation,
                own.loaded_at or settings.loaded_at,
                own.deleted or settings.deleted,
                table.types,
                tuple(dict.fromkeys([*table.required, *explicit])),
                expected=name in settings.tables,
            )
        )
    return found


def examined(project: Project, engine: Engine, source: str) -> list[tuple[Relation, Seen | None]]:
    """The tables of a source, and what they are now. Raises SourceUnreachable or SourceMismatch."""
    wanted = relations(project, source)
    seen = engine.examine(wanted)
    _refuse_strangers(project, source, wanted, seen)
    return list(zip(wanted, seen, strict=True))


def _refuse_strangers(project: Project, source: str, wanted: Sequence[Relation], seen: Sequence[Seen | None]) -> None:
    """Some tables may be missing, and some may lack a column that the source names for all: not all of them."""
    settings = project.source(source)
    assert isinstance(settings, ExistingSource)
    present = [one for one in seen if one is not None]
    if seen and not present:
        raise SourceMismatch(
            f"{source}: the schema {settings.database_schema} has none of its tables",
            where=f"sources.{source} in shophouse.yml",
            why=f"looked for: {', '.join(relation.name for relation in wanted)}",
            hint=f"say what they are called:   tables: {{{wanted[0].table}: {{table: …}}}}",
        )
    for setting, column in (("loaded_at", settings.loaded_at), ("deleted", settings.deleted)):
        if column and present and not any(getattr(one, setting) for one in present):
            raise SourceMismatch(
                f"{source}: no table has the column {column}",
                where=f"sources.{source}.{setting} in shophouse.yml",
                why=f"{present[0].relation.place} has: {', '.join(at.name for at in present[0].columns.values())}",
                hint=f"change {setting}, or leave it out",
            )


def _state(known: list[_State], seen: Seen, run_id: str | None, seconds: float) -> _State:
    newest = seen.newest.replace(tzinfo=UTC).isoformat() if seen.newest else None
    load_id = known[-1].load_id + 1 if known else 1
    return _State(load_id, seen.head, run_id, datetime.now(UTC).isoformat(), newest, seen.rows, seconds)


def _record(key: Key, state: _State) -> LoadRecord:
    return LoadRecord(*key, state.load_id, state.run_id, state.loaded_at, 1, state.rows, 0, 0, state.seconds)


def _file(project: Project) -> Path:
    return project.warehouse_folder / "build" / "existing.json"
