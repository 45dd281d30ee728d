"""Arrow values as column types of the lake: exactly, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["arrow_type", "fitted", "lake_type"]


def arrow_type(kind: str) -> Any:
    """The type of Arrow of a column type of the lake."""
    import pyarrow as pa

    if found := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
        return pa.decimal128(int(found[1]), int(found[2]))
    return {
        "text": pa.string(),
        "bigint": pa.int64(),
        "integer": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[kind]


def lake_type(type_: Any) -> str | None:
    """The column type for values of a type of Arrow where none is declared; None for nulls, which tell nothing.

    It takes what later values of the kind may need: whole numbers are bigint, decimals have 38 digits, nine of them
    behind the point, or more where the first values have more.
    """
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        return lake_type(type_.value_type)
    if types.is_null(type_):
        return None
    if types.is_decimal(type_):
        return f"decimal(38,{min(max(type_.scale, 9), 38)})"
    for is_of, kind in (
        (types.is_integer, "bigint"),
        (types.is_floating, "double"),
        (types.is_boolean, "boolean"),
        (types.is_date, "date"),
        (types.is_timestamp, "timestamp"),
    ):
        if is_of(type_):
            return kind
    return "text"


def fitted(values: Any, kind: str) -> tuple[Any, dict[int, str]]:
    """An array as a column type of the lake: null where a value can't be of it, and what stands there, by row.

    Nothing is rounded, but for times finer than a microsecond. A float becomes a decimal by its shortest text, the one
    that Python prints, and only if its digits fit. Moments with a zone become UTC.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    target = arrow_type(kind)
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), target), {}
    wrong: dict[int, str] = {}
    parts = list(_cast(values, target, 0, wrong))
    return (parts[0] if len(parts) == 1 else pa.concat_arrays(parts)), wrong


def _cast(values: Any, target: Any, start: int, wrong: dict[int, str]) -> Iterator[Any]:
    """The values in parts, halved until what can't be cast stands alone; that is null, and put into `wrong` by row."""
    import pyarrow as pa

    try:
        yield _exactly(values, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        if len(values) == 1:
            wrong[start] = str(values[0].as_py())
            yield pa.nulls(1, target)
            return
        middle = len(values) // 2
        yield from _cast(values.slice(0, middle), target, start, wrong)
        yield from _cast(values.slice(middle), target, start + middle, wrong)


def _exactly(values: Any, target: Any) -> Any:
    """Raises what Arrow raises where a value can't be of the type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types, given = pa.types, values.type
    if values.null_count == len(values):
        return pa.nulls(len(values), target)
    if types.is_string(target):
        return _text(values)
    if types.is_timestamp(target):
        return _moments(values, target)
    if types.is_date(target):
        if types.is_date(given):
            return values.cast(target)
        moments = _moments(values, pa.timestamp("us"))
        days = moments.cast(target, safe=False)
        if not pc.all(pc.equal(days.cast(moments.type), moments)).as_py():
            raise pa.ArrowInvalid("a time of day is no part of a date")
        return days
    if given == target:
        return values
    if (types.is_decimal(given) and not types.is_boolean(target)) or (
        types.is_floating(given) and types.is_integer(target)
    ):
        return values.cast(target)
    if types.is_integer(given) and not types.is_decimal(target) and not types.is_boolean(target):
        return values.cast(target)
    return _of_text(pc.utf8_trim_whitespace(_text(values)), target)


def _of_text(text: Any, target: Any) -> Any:
    import pyarrow as pa

    if not pa.types.is_decimal(target):
        return text.cast(target)
    # Arrow reads more digits than a type has, and drops them: so all are read, and cast without a loss
    from decimal import Decimal, InvalidOperation

    try:
        numbers = [None if one is None else Decimal(one) for one in text.to_pylist()]
    except InvalidOperation as error:
        raise pa.ArrowInvalid(str(error)) from None
    if any(one is not None and not one.is_finite() for one in numbers):
        raise pa.ArrowInvalid("not a number")
    return pa.array(numbers, target)


def _moments(values: Any, target: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    types, given = pa.types, values.type
    if types.is_timestamp(given):
        return values.cast(pa.timestamp("us", tz=given.tz), safe=given.unit == "s").cast(target)
    if types.is_date(given):
        return values.cast(target)
    text = pc.utf8_trim_whitespace(_text(values))
    try:
        return text.cast(target)
    except pa.ArrowInvalid:
        return text.cast(pa.timestamp("us", tz="UTC")).cast(target)


def _text(values: Any) -> Any:
    import pyarrow as pa

    types, given = pa.types, values.type
    if types.is_nested(given):
        return pa.array([None if one is None else _json(one) for one in values.to_pylist()], pa.string())
    if types.is_decimal(given) and given.scale:
        # without the noughts that only the type has
        return pa.array([None if one is None else f"{one:f}" for one in values.to_pylist()], pa.string())
    try:
        return values.cast(pa.string())
    except pa.ArrowNotImplementedError:
        return pa.array([None if one is None else str(one) for one in values.to_pylist()], pa.string())


def _json(value: Any) -> str:
    # a map comes as pairs
    is_map = isinstance(value, list) and value and all(isinstance(pair, tuple) for pair in value)
    return json.dumps(dict(value) if is_map else value, default=str, ensure_ascii=False)
