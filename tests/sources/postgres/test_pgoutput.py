"""The parser by columns against one that goes through a message value by value, on messages that hypothesis makes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shophouse.sources.postgres import _pgoutput as pgoutput

Value = bytes | None | str
"""Text, null, or "u" for one that was left out."""


@dataclass(frozen=True)
class Change:
    kind: str
    old_kind: str
    old: tuple[Value, ...]
    new: tuple[Value, ...]

    def message(self) -> bytes:
        parts = [self.kind.encode(), struct.pack(">I", 7)]
        if self.old_kind:
            parts += [self.old_kind.encode(), packed(self.old)]
        if self.kind != "D":
            parts += [b"N", packed(self.new)]
        return b"".join(parts)

    def rows(self, key: tuple[int, ...]) -> list[tuple[str, tuple[Value, ...]]]:
        if self.kind == "D":
            return [("D", self.old)]
        if not self.old_kind:
            return [(self.kind, self.new)]
        filled = tuple(
            old if new == "u" and self.old_kind == "O" else new for old, new in zip(self.old, self.new, strict=True)
        )
        moved = any(filled[place] != "u" and filled[place] != self.old[place] for place in key)
        return [*([("D", self.old)] if moved else []), ("U", filled)]


def packed(values: tuple[Value, ...]) -> bytes:
    parts = [struct.pack(">H", len(values))]
    for value in values:
        if value is None:
            parts.append(b"n")
        elif isinstance(value, str):
            parts.append(b"u")
        else:
            parts.append(b"t" + struct.pack(">I", len(value)) + value)
    return b"".join(parts)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(str.encode)
known = st.one_of(st.none(), texts)
anything = st.one_of(known, st.just("u"))


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, list[Change]]:
    width = draw(st.integers(1, 4))

    def row(of: st.SearchStrategy[Value]) -> tuple[Value, ...]:
        return tuple(draw(of) for _ in range(width))

    changes = []
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from("IUD"))
        old_kind = (
            {"I": "", "D": draw(st.sampled_from("KO"))}.get(kind)
            if kind != "U"
            else draw(st.sampled_from(["", "K", "O"]))
        )
        assert old_kind is not None
        changes.append(Change(kind, old_kind, row(known), row(anything if kind == "U" else known)))
    return width, changes


@settings(max_examples=300, deadline=None)
@given(batches())
def test_rows_are_those_of_a_parser_that_goes_value_by_value(batch: tuple[int, list[Change]]) -> None:
    width, changes = batch
    messages = [change.message() for change in changes]
    data = np.frombuffer(b"".join(messages), np.uint8)
    starts = np.cumsum([0, *(len(message) for message in messages[:-1])])
    found = pgoutput.rows(data, starts, width, (0,))
    columns = [values.text(data).to_pylist() for values in found.columns]
    shown = [
        (
            chr(operation),
            tuple(
                "u" if values.is_unchanged[row] else None if column[row] is None else column[row].encode()
                for values, column in zip(found.columns, columns, strict=True)
            ),
        )
        for row, operation in enumerate(found.operations)
    ]
    expected = [row for change in changes for row in change.rows((0,))]
    assert shown == expected
    assert found.follows.sum() == len(expected) - len(changes)
    assert all(shown[row - 1][0] == "D" for row in np.flatnonzero(found.follows))


def test_a_layout_is_read() -> None:
    message = (
        b"R" + struct.pack(">I", 7) + b"public\0Orders\0" + b"d" + struct.pack(">H", 2)
        + b"\x01id\0" + struct.pack(">Ii", 20, -1) + b"\x00sum \xc3\xa9\0" + struct.pack(">Ii", 1700, 655366)
    )  # fmt: skip
    found = pgoutput.layout(message)
    assert found == pgoutput.Layout(7, "public", "Orders", ("id", "sum é"), ((20, -1), (1700, 655366)))


@pytest.mark.parametrize("damage", [lambda m: m[:6] + b"\0\x09" + m[8:], lambda m: m[:8] + b"b" + m[9:]])
def test_a_message_that_is_no_row_of_the_table_is_refused(damage: object) -> None:
    assert callable(damage)
    message = damage(Change("I", "", (), (b"1", None)).message())
    with pytest.raises(ValueError, match=r"columns|kind"):
        pgoutput.rows(np.frombuffer(message, np.uint8), np.array([0]), 2, (0,))


def test_text_that_is_no_utf8_is_refused() -> None:
    import pyarrow as pa

    data = np.frombuffer(Change("I", "", (), (b"\xff\xfe",)).message(), np.uint8)
    with pytest.raises(pa.ArrowInvalid):
        pgoutput.rows(data, np.array([0]), 1, (0,)).columns[0].text(data)
