"""Names as people give them, made comparable, and the table of synonyms."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shophouse.sources.schema import SourceColumn, SourceTable

__all__ = ["Words", "common_words", "form", "quoted", "snake", "synonyms", "tokens"]

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_WORDS_OF_SQL = """
and all any as asc between both by case cast check collate column constraint create cross current date day default desc
distinct do else end except exists false fetch filter for foreign from full grant group having hour in index inner
intersect interval into is join lateral leading left like limit minute month natural not null offset on only or order
outer primary range references right row rows second select session set some table then time timestamp to trailing true
union unique update user using values when where window with year
"""
_RESERVED = frozenset(_WORDS_OF_SQL.split())


def tokens(name: str) -> tuple[str, ...]:
    """The words of a name, singular: `OrderItems`, `order-items` and `ORDER_ITEM` are order, item."""
    plain = unicodedata.normalize("NFC", name).translate(_GERMAN)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    plain = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", plain))
    return tuple(_singular(word) for word in re.findall(r"[a-z0-9]+", plain.lower()))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search(r"(ss|sh|ch|x|us)es$", word):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def form(name: str) -> str:
    """A name without anything that people write differently."""
    return "".join(tokens(name))


def snake(name: str) -> str:
    """A name for SQL that no engine needs quotes for: `Order No` → order_no, `date` → date_value."""
    plain = unicodedata.normalize("NFC", name).translate(_GERMAN)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    plain = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", plain))
    word = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or "column"
    word = word if word[0].isalpha() else f"n_{word}"
    return f"{word}_value" if word in _RESERVED else word


def quoted(name: str) -> str:
    """A column of a raw table in SQL, in quotes only where it needs them."""
    if re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Words:
    """What an entity and its columns are called, as forms, the surest first."""

    names: tuple[tuple[str, ...], ...]
    refused: tuple[tuple[str, ...], ...]
    prefixes: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    numbers: tuple[str, ...]

    def column_forms(self, table: SourceTable, column: SourceColumn) -> Iterator[str]:
        """The forms that a column may go by: whole, and without the table's or entity's name before it."""
        whole = tokens(column.name)
        yield "".join(whole)
        for name in (*self.names, tokens(table.name)):
            for size in range(len(name), 0, -1):
                if len(whole) > size and whole[:size] == name[-size:]:
                    yield "".join(whole[size:])
        for prefix in self.prefixes:
            if len(whole) > 1 and whole[0] == prefix:
                yield "".join(whole[1:])

    @functools.cached_property
    def key_forms(self) -> frozenset[str]:
        """What a column that names one of these is called: customerid, kundennr."""
        stems = {"".join(name) for name in self.names} | set(self.prefixes)
        return frozenset(stem + number for stem in stems for number in self.numbers)

    @functools.cached_property
    def bare_forms(self) -> frozenset[str]:
        """What such a column is called where it has the entity's name alone: customer, artikel."""
        return frozenset("".join(name) for name in self.names)


@functools.cache
def synonyms() -> tuple[Mapping[str, Words], Mapping[str, Any]]:
    """Entity → its words, and what else the table of synonyms says (`address_prefixes`, `order_statuses`)."""
    raw: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "synonyms.yml").read_text("utf-8"))
    numbers = tuple(raw["numbers"])
    entities = {
        entity: Words(
            names=tuple(dict.fromkeys(tokens(name) for name in said["names"])),
            refused=tuple(tokens(name) for name in said.get("not", ())),
            prefixes=tuple(said.get("prefixes", ())),
            columns={
                column: tuple(dict.fromkeys(form(str(name)) for name in names))
                for column, names in said["columns"].items()
            },
            numbers=numbers,
        )
        for entity, said in raw["entities"].items()
    }
    return entities, raw


def common_words(names: Sequence[str]) -> frozenset[str]:
    """Words that most tables begin or end with (`tbl_`, `olist_…_dataset`) and that are no entity's own."""
    if len(names) < 3:
        return frozenset()
    own = {word for words in synonyms()[0].values() for name in words.names for word in name}
    found = set()
    for end in (0, -1):
        counts: dict[str, int] = {}
        for name in names:
            parts = tokens(name)
            if len(parts) > 1:
                counts[parts[end]] = counts.get(parts[end], 0) + 1
        found |= {word for word, count in counts.items() if 2 * count > len(names) and word not in own}
    # what most programs put before any table
    return frozenset(found | {"tbl", "tb", "t", "dim", "fact", "fct"})
