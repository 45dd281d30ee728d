"""The replication slots of a shop's PostgreSQL databases: what each keeps on its server, and beginning anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from shophouse.errors import ConfigError
from shophouse.ingestion import readers
from shophouse.lake import Lake
from shophouse.project import PostgresSource as PostgresSettings
from shophouse.project import Project
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    from shophouse.sources.postgres import PostgresSource

__all__ = ["SlotState", "drop", "restart", "states"]

_MUCH = 1 << 30


@dataclass(frozen=True)
class SlotState:
    """A slot of a source's database. `use` is reads where the source reads it, missing where it should be there.

    `verdict` is error where reading can't go on, warning where the server keeps much or nobody reads; `why` says which.
    Sizes are bytes: `behind_bytes` what was written since the last load, `kept_bytes` what the server keeps on disk,
    `safe_bytes` what may still be written until it is lost.
    """

    source: str
    slot: str
    use: Literal["reads", "unread", "other", "missing"]
    is_active: bool
    wal_status: str | None
    behind_bytes: int | None
    kept_bytes: int | None
    safe_bytes: int | None
    idle_since: datetime | None
    verdict: Literal["ok", "warning", "error"]
    why: str


def states(project: Project, sources: Iterable[str] = ()) -> list[SlotState]:
    """The logical slots of the databases of these sources, or of all. Raises SourceError."""
    return [state for name in sources or _sources(project) for state in _states(_reader(project, name))]


def drop(project: Project, slot: str) -> str:
    """Drop a slot of one of the shop's databases, and return the source. Raises ConfigError where none has it."""
    found = states(project)
    for state in found:
        if state.slot == slot and state.use != "missing":
            _reader(project, state.source).following.drop(slot)
            return state.source
    present = [state.slot for state in found if state.use != "missing"]
    raise ConfigError(
        f"there is no slot {slot}", why=f"slots: {', '.join(present) or 'none'}", hint=did_you_mean(slot, present)
    )


def restart(project: Project, lake: Lake, word: str) -> list[str]:
    """Have the next run read tables anew, and return their names. `word` is a source, or source.table.

    Of a source, the slot is dropped too: the next run makes it. What the lake has stays; rows that are gone are deleted
    in it by the next run.
    """
    from shophouse.sources.postgres._following import AGAIN

    name, _, one = word.partition(".")
    if name not in _sources(project):
        raise ConfigError(
            f"there is no source {name} in PostgreSQL",
            why=f"sources: {', '.join(_sources(project)) or 'none'}",
            hint=did_you_mean(name, _sources(project)),
        )
    reader = _reader(project, name)
    tables = [table.name for table in reader.following.tables if one in ("", table.name)]
    if not tables:
        raise ConfigError(
            f"{word} is not read by its changes", hint=f"write   read: changes   under sources.{name}.tables"
        )
    begun = [table for table in tables if lake.head(name, table) is not None]
    for table in begun:
        lake.set_position(name, table, AGAIN)
    following = reader.following
    if not one and any(slot.name == following.slot for slot in following.slots()):
        following.drop(following.slot)
    return begun


def _sources(project: Project) -> list[str]:
    return [name for name, settings in project.sources.items() if isinstance(settings, PostgresSettings)]


def _reader(project: Project, name: str) -> PostgresSource:
    from shophouse.errors import SourceMismatch
    from shophouse.sources.postgres import PostgresSource

    for reader, _ in readers(project, name):
        assert isinstance(reader, PostgresSource)
        return reader
    raise SourceMismatch(f"source {name}: the database has no tables that may be read")


def _states(reader: PostgresSource) -> Iterator[SlotState]:
    following = reader.following
    is_followed = bool(following.tables)
    found = following.slots()
    for slot in found:
        is_own = slot.name == following.slot
        use: Literal["reads", "unread", "other"] = (
            "reads" if is_own and is_followed else "unread" if slot.name.startswith("shophouse_") else "other"
        )
        verdict: Literal["ok", "warning", "error"] = "ok"
        why = ""
        if use == "reads" and slot.is_lost:
            verdict, why = "error", "lost: the server removed the log that it needs"
        elif use == "reads" and slot.wal_status == "unreserved":
            verdict, why = "warning", "about to be lost: more is kept than max_slot_wal_keep_size allows"
        elif use == "reads" and (slot.kept_bytes or 0) >= _MUCH:
            verdict, why = "warning", "the server's disk fills until it is read"
        elif use == "unread" and not slot.is_active and (slot.kept_bytes or 0) >= _MUCH:
            verdict, why = "warning", "this shop does not read it, and the server's disk fills"
        yield SlotState(
            reader.name,
            slot.name,
            use,
            slot.is_active,
            slot.wal_status,
            slot.behind_bytes,
            slot.kept_bytes,
            slot.safe_bytes,
            slot.idle_since,
            verdict,
            why,
        )
    if is_followed and following.slot not in [slot.name for slot in found]:
        why = "the first run makes it; after that, it was dropped"
        yield SlotState(reader.name, following.slot, "missing", False, None, None, None, None, None, "warning", why)
