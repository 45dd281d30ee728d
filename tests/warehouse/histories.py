"""The history of members that change, worked out by hand: what `versions` has to find."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .shops import loaded_at

BEGINNING = dt.datetime(1900, 1, 1)
END = dt.datetime(9999, 12, 31)
MEMBERS = [f"m{number:02}" for number in range(24)]


@dataclass(frozen=True)
class Received:
    """A row as it came. `value` stands for all that is tracked; `changed_at` is the declared version."""

    member: str
    value: str | None
    load_id: int
    file: str
    row_number: int
    changed_at: dt.datetime | None

    @property
    def rank(self) -> tuple[Any, ...]:
        return (self.changed_at is not None, self.changed_at or BEGINNING, self.load_id, self.file, self.row_number)


@dataclass(frozen=True)
class Version:
    value: str | None
    is_deleted: bool
    valid_from: dt.datetime
    valid_to: dt.datetime


# (what is so, since when it says, when it was loaded); None when the member is gone
_State = tuple[tuple[str | None] | None, dt.datetime, dt.datetime]


def versions(rows: Iterable[Received], delivery: str) -> dict[str, list[Version]]:
    """The versions of each member that ever was, oldest first."""
    by_member: dict[str, list[Received]] = defaultdict(list)
    everything = list(rows)
    for row in everything:
        by_member[row.member].append(row)
    found = {}
    for member, its in by_member.items():
        states = _upserted(its) if delivery == "upsert" else _replaced(its, everything)
        found[member] = _versions(states)
    return found


def _upserted(rows: Sequence[Received]) -> list[_State]:
    dated = any(row.changed_at is not None for row in rows)
    return [
        ((row.value,), (row.changed_at or BEGINNING) if dated else loaded_at(row.load_id), loaded_at(row.load_id))
        for row in sorted(rows, key=lambda row: row.rank)
    ]


def _replaced(rows: Sequence[Received], everything: Sequence[Received]) -> list[_State]:
    states: list[_State] = []
    before: Received | None = None
    for load in sorted({row.load_id for row in everything}):
        newest: dict[str, int] = {}
        for row in everything:
            if row.load_id <= load:
                newest[row.file] = max(newest.get(row.file, 0), row.load_id)
        alive = [row for row in rows if newest.get(row.file) == row.load_id]
        top = max(alive, key=lambda row: row.rank, default=None)
        if top != before:
            came = top is not None and top.load_id == load and top.changed_at is not None
            since = top.changed_at if came and top and top.changed_at else loaded_at(load)
            states.append(((top.value,) if top else None, since, loaded_at(load)))
        before = top
    return states


def _versions(states: Sequence[_State]) -> list[Version]:
    history: list[tuple[dt.datetime, tuple[str | None] | None]] = []
    clock = BEGINNING
    gone_since: dt.datetime | None = None
    for value, since, loaded in states:
        moment = loaded if gone_since is not None and since <= gone_since else since
        clock = max(clock, moment)
        while history and history[-1][0] == clock:
            history.pop()
        history.append((clock, value))
        gone_since = since if value is None else None
    told: list[tuple[dt.datetime, str | None, bool]] = []
    for moment, value in history:
        if value is None and not told:
            continue
        now = (told[-1][1], True) if value is None else (value[0], False)
        if not told or (told[-1][1], told[-1][2]) != now:
            told.append((moment, *now))
    starts = [BEGINNING, *(moment for moment, _, _ in told[1:])]
    ends = [*starts[1:], END]
    return [Version(value, gone, start, end) for (_, value, gone), start, end in zip(told, starts, ends, strict=True)]


class Changing:
    """Members that change at random, come late, go and come back; each load is one or two files."""

    def __init__(self, seed: int, *, dated: bool, shared_files: bool) -> None:
        self.random = random.Random(seed)
        self.dated = dated
        self.shared_files = shared_files
        self.rows: list[Received] = []

    def load(self, load_id: int, name: str) -> dict[str, list[Received]]:
        """The rows of the next load, by file."""
        files: dict[str, list[Received]] = defaultdict(list)
        for number in range(2):
            if number and self.random.random() < 0.4:
                continue
            file = f"{name}-{number}.csv"
            # under append no key comes twice, but for a file that is replaced
            own = MEMBERS[number::2]
            chosen = self.random.choices(MEMBERS, k=16) if self.shared_files else self.random.sample(own, k=8)
            for member in chosen:
                changed_at = None
                if self.dated and self.random.random() < 0.9:
                    changed_at = dt.datetime(2025, 1, 1) + dt.timedelta(days=self.random.randint(0, 6) * 10)
                value = self.random.choice(("x", "y", None))
                files[file].append(Received(member, value, load_id, file, len(files[file]) + 1, changed_at))
        for rows in files.values():
            self.rows += rows
        return files
