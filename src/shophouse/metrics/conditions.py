"""Conditions that a person types: `channel = 'email' and country in ('DE', 'AT')`, read into parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from shophouse.errors import ConfigError

__all__ = ["Condition", "parse_conditions"]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<mark><>|!=|=|\(|\)|,)|(?P<word>[^\s'\"(),=<>!]+))"
)
_HINT = "write   channel = 'email' and country in ('DE', 'AT')"


@dataclass(frozen=True)
class Condition:
    """A dimension that has, or with `is_not` hasn't, one of these values."""

    dimension: str
    values: tuple[str, ...]
    is_not: bool = False


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read `dimension = value`, `!=`, `in (…)` and `not in (…)`, joined by `and`. Raises ConfigError."""
    tokens = _Tokens(text)
    found = [tokens.condition()]
    while tokens.next_is("and"):
        found.append(tokens.condition())
    tokens.end()
    return tuple(found)


class _Tokens:
    def __init__(self, text: str) -> None:
        self._text = text
        self._left: list[tuple[Literal["text", "mark", "word"], str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.end() == at:
                raise self._refused(f"{text[at:].strip()} is not understood")
            for kind in ("text", "mark", "word"):
                if match[kind] is not None:
                    self._left.append((kind, match[kind]))
            at = match.end()

    def condition(self) -> Condition:
        kind, dimension = self._take("the name of a dimension")
        if kind != "word":
            raise self._refused(f"{dimension} stands where the name of a dimension should")
        if self.next_is("not"):
            self._must("in")
            return Condition(dimension, self._list(), is_not=True)
        if self.next_is("in"):
            return Condition(dimension, self._list())
        _, operator = self._take("=, !=, in or not in")
        if operator not in ("=", "!=", "<>"):
            raise self._refused(f"{operator} is not understood", "compare by =, !=, in or not in")
        return Condition(dimension, (self._value(),), is_not=operator != "=")

    def next_is(self, word: str) -> bool:
        if self._left and self._left[0][0] != "text" and self._left[0][1].lower() == word:
            self._left.pop(0)
            return True
        return False

    def end(self) -> None:
        if self._left:
            raise self._refused(f"{self._left[0][1]} is not understood", "conditions are joined by and")

    def _list(self) -> tuple[str, ...]:
        self._must("(")
        values = [self._value()]
        while self.next_is(","):
            values.append(self._value())
        self._must(")")
        return tuple(values)

    def _value(self) -> str:
        kind, token = self._take("a value")
        if kind == "mark":
            raise self._refused(f"{token} stands where a value should")
        return token[1:-1].replace(token[0] * 2, token[0]) if kind == "text" else token

    def _must(self, word: str) -> None:
        if not self.next_is(word):
            raise self._refused(f"{word} is missing")

    def _take(self, what: str) -> tuple[str, str]:
        if not self._left:
            raise self._refused(f"it ends where {what} should stand")
        return self._left.pop(0)

    def _refused(self, why: str, more: str = "") -> ConfigError:
        return ConfigError(
            f"the condition {self._text!r} can't be read", why=[why, *([more] if more else [])], hint=_HINT
        )
