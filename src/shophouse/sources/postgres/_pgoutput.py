"""Messages of PostgreSQL's plugin pgoutput (version 1 of its protocol), parsed by columns, many at once.

A value of a row begins where the one before it ends, so a message can't be entered in the middle. But all messages of a
table have the same columns: the first values of all of them are found in one step, then the second ones.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Layout", "Rows", "Values", "begun", "committed", "layout", "relation_of", "rows", "truncated"]

BEGIN, COMMIT, RELATION, INSERT, UPDATE, DELETE, TRUNCATE = (ord(letter) for letter in "BCRIUDT")
CHANGES: Final = frozenset((INSERT, UPDATE, DELETE))
_NULL, _UNCHANGED, _TEXT = (ord(letter) for letter in "nut")
_NEW, _KEY, _OLD = (ord(letter) for letter in "NKO")

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """A table as the messages after this one have it. `names` are its columns, from left to right."""

    oid: int
    schema: str
    name: str
    names: tuple[str, ...]
    types: tuple[tuple[int, int], ...]
    """Number and modifier of each column's type."""


@dataclass(frozen=True)
class Values:
    """A column of some rows: where each value's text lies, whether it is null, and whether it was left out."""

    starts: Numbers
    lengths: Numbers
    is_null: Flags
    is_unchanged: Flags

    def text(self, data: Bytes) -> pa.Array:
        """The values as text, null where they are null or left out. Raises pyarrow.ArrowInvalid for no UTF-8."""
        import pyarrow as pa

        ends = np.cumsum(self.lengths)
        total = int(ends[-1]) if len(ends) else 0
        offsets = np.zeros(len(ends) + 1, np.int32)
        offsets[1:] = ends
        shifts = self.starts - offsets[:-1]
        gathered = data[np.repeat(shifts, self.lengths) + np.arange(total)]
        absent = self.is_null | self.is_unchanged
        bits = np.packbits(~absent, bitorder="little")
        buffers = [pa.py_buffer(bits), pa.py_buffer(offsets), pa.py_buffer(gathered)]
        found = pa.Array.from_buffers(pa.string(), len(ends), buffers)
        found.validate(full=True)
        return found


@dataclass(frozen=True)
class Rows:
    """Some messages of one table as rows, in their order; an update of the key is two, a delete and the new row.

    `operations` are INSERT, UPDATE or DELETE. `is_key_only` is true of a delete of which the key alone is known,
    `follows` of the new row of an update whose old one is the row before it.
    """

    columns: tuple[Values, ...]
    operations: Bytes
    is_key_only: Flags
    follows: Flags


def begun(message: bytes | memoryview) -> int:
    """Where the commit of the transaction lies that a message B begins."""
    return int(struct.unpack_from(">Q", message, 1)[0])


def committed(message: bytes | memoryview) -> int:
    """Where the commit ends that a message C tells of."""
    return int(struct.unpack_from(">Q", message, 10)[0])


def relation_of(message: bytes | memoryview) -> int:
    """The number of the table that a message R, I, U or D is about."""
    return int(struct.unpack_from(">I", message, 1)[0])


def truncated(message: bytes | memoryview) -> list[int]:
    """The numbers of the tables that a message T empties."""
    (count,) = struct.unpack_from(">I", message, 1)
    return list(struct.unpack_from(f">{count}I", message, 6))


def layout(message: bytes) -> Layout:
    """What a message R says."""
    oid = relation_of(message)
    schema, at = _string(message, 5)
    name, at = _string(message, at)
    (count,) = struct.unpack_from(">H", message, at + 1)
    at += 3
    names: list[str] = []
    types: list[tuple[int, int]] = []
    for _ in range(count):
        column, at = _string(message, at + 1)
        names.append(column)
        types.append(struct.unpack_from(">Ii", message, at))
        at += 8
    return Layout(oid, schema, name, tuple(names), tuple(types))


def _string(message: bytes, start: int) -> tuple[str, int]:
    end = message.index(b"\0", start)
    return message[start:end].decode(), end + 1


def rows(data: Bytes, starts: Numbers, width: int, key: tuple[int, ...]) -> Rows:
    """The rows of messages I, U and D that begin at `starts` in `data`, of a table of `width` columns.

    `key` are the places of the columns whose change makes another row.
    """
    operations = data[starts]
    kinds = data[starts + 5]
    first, ends = _tuples(data, starts + 6, width)
    has_old = (operations == UPDATE) & (kinds != _NEW)
    second, _ = _tuples(data, ends[has_old] + 1, width)
    if not np.array_equal(data[ends[has_old]], np.full(int(has_old.sum()), _NEW, np.uint8)):
        raise ValueError("an update without its new row")
    old = np.flatnonzero(has_old)
    # of an old row that is known whole, what the new one leaves out
    whole = kinds[old] == _OLD
    merged = [_merged(_taken(before, old), after, whole) for before, after in zip(first, second, strict=True)]
    moved = np.zeros(len(old), np.bool_)
    for place in key:
        moved |= _differ(data, _taken(first[place], old), merged[place])
    return _ordered(first, merged, operations, kinds, old, moved)


def _ordered(
    first: list[Values], second: list[Values], operations: Bytes, kinds: Bytes, old: Numbers, moved: Flags
) -> Rows:
    """Rows of first tuples in the messages' order; of updates with an old one the second, after a delete if moved."""
    count = len(operations)
    plain = np.ones(count, np.bool_)
    plain[old] = False
    # first tuples have their message's place, second ones come after them
    source = np.concatenate([np.flatnonzero(plain), old[moved], count + np.arange(len(old))])
    place = np.concatenate([2 * np.flatnonzero(plain), 2 * old[moved], 2 * old + 1])
    kind = np.concatenate([operations[plain], np.full(int(moved.sum()), DELETE, np.uint8), operations[old]])
    follows = np.concatenate([np.zeros(len(source) - len(old), np.bool_), moved])
    key_only = np.concatenate([(operations == DELETE)[plain] & (kinds[plain] == _KEY), kinds[old[moved]] == _KEY])
    key_only = np.concatenate([key_only, np.zeros(len(old), np.bool_)])
    order = np.argsort(place, kind="stable")
    chosen = source[order]
    columns = tuple(_taken(_joined(one, two), chosen) for one, two in zip(first, second, strict=True))
    return Rows(columns, kind[order], key_only[order], follows[order])


def _tuples(data: Bytes, at: Numbers, width: int) -> tuple[list[Values], Numbers]:
    """The columns of the tuples that begin at these places, and where each tuple ends."""
    counts = (data[at].astype(np.int64) << 8) | data[at + 1]
    if not np.all(counts == width):
        raise ValueError("a row has another number of columns than its table")
    at = at + 2
    columns = []
    last = len(data) - 1
    for _ in range(width):
        kinds = data[at]
        is_text = kinds == _TEXT
        known = is_text | (kinds == _NULL) | (kinds == _UNCHANGED)
        if not known.all():
            raise ValueError(f"a value of the unknown kind {chr(kinds[~known][0])!r}")
        lengths = np.zeros(len(at), np.int64)
        for byte in range(1, 5):
            lengths = (lengths << 8) | data[np.minimum(at + byte, last)]
        lengths[~is_text] = 0
        columns.append(Values(at + 5, lengths, kinds == _NULL, kinds == _UNCHANGED))
        at = at + 1 + np.where(is_text, lengths + 4, 0)
    return columns, at


def _taken(values: Values, places: Any) -> Values:
    return Values(values.starts[places], values.lengths[places], values.is_null[places], values.is_unchanged[places])


def _joined(one: Values, two: Values) -> Values:
    return Values(
        np.concatenate([one.starts, two.starts]),
        np.concatenate([one.lengths, two.lengths]),
        np.concatenate([one.is_null, two.is_null]),
        np.concatenate([one.is_unchanged, two.is_unchanged]),
    )


def _merged(before: Values, after: Values, whole: Flags) -> Values:
    takes = after.is_unchanged & whole
    return Values(
        np.where(takes, before.starts, after.starts),
        np.where(takes, before.lengths, after.lengths),
        np.where(takes, before.is_null, after.is_null),
        np.where(takes, before.is_unchanged, after.is_unchanged),
    )


def _differ(data: Bytes, one: Values, two: Values) -> Flags:
    """Where two columns have different values; one that was left out is the same."""
    same = (one.is_null & two.is_null) | two.is_unchanged
    differs: Flags = ~same & ((one.is_null != two.is_null) | (one.lengths != two.lengths))
    alike = np.flatnonzero(~same & ~differs & (one.lengths > 0))
    if len(alike):
        lengths = one.lengths[alike]
        firsts = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
        here = data[np.repeat(one.starts[alike], lengths) + places]
        there = data[np.repeat(two.starts[alike], lengths) + places]
        differs[alike] = np.logical_or.reduceat(here != there, firsts)
    return differs
