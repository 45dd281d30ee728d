"""JSON for programs: what commands print with --json, and what the API answers."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

__all__ = ["json_text"]


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON in which a decimal is a number with all of its digits, and a time is ISO 8601."""
    return _Json(indent).text(value)


class _Json:
    # json.dumps knows decimals only as floats or as text: sums would lose cents, or numbers be no numbers

    def __init__(self, indent: int | None) -> None:
        self.indent = indent

    def text(self, value: Any, depth: int = 1) -> str:
        if isinstance(value, Decimal):
            return format(value, "f") if value.is_finite() else "null"
        if isinstance(value, float):
            return json.dumps(value) if value - value == 0 else "null"
        if value is None or isinstance(value, str | bool | int):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            items = [f"{json.dumps(str(k), ensure_ascii=False)}: {self.text(v, depth + 1)}" for k, v in value.items()]
            return self._joined("{", items, "}", depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._joined("[", [self.text(item, depth + 1) for item in value], "]", depth)
        if isinstance(value, dt.datetime | dt.date | dt.time):
            return json.dumps(value.isoformat())
        if isinstance(value, bytes):
            return json.dumps(value.hex())
        return json.dumps(str(value), ensure_ascii=False)

    def _joined(self, first: str, items: list[str], last: str, depth: int) -> str:
        if self.indent is None or not items:
            return first + ", ".join(items) + last
        inner, outer = "\n" + " " * self.indent * depth, "\n" + " " * self.indent * (depth - 1)
        return first + inner + ("," + inner).join(items) + outer + last
