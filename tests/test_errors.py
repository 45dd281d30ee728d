from __future__ import annotations

import inspect
import pickle
import re

import pytest

from shophouse import errors
from shophouse.errors import LockedError, ShophouseError, SourceError, SourceUnreachable

CLASSES = {name: cls for name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ShophouseError)}


def test_the_docstring_lists_every_error_with_its_exit_code_and_retry() -> None:
    rows = re.findall(r"^ {4}(\w+) +(\d+)  (yes|no)$", errors.__doc__ or "", re.MULTILINE)
    assert {name: (int(code), retry == "yes") for name, code, retry in rows} == {
        name: (cls.exit_code, cls.retryable) for name, cls in CLASSES.items()
    }


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn: dict[str, str] = {}
    open_at: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if not (match := re.match(r"^ {4}([ │├└─]*)(\w+(?:Error|Failed|Unreachable|Mismatch))(?:  .*[a-z]|$)", line)):
            continue
        if re.search(r"  \d+  ", line):
            continue
        depth = len(match[1])
        while open_at and open_at[-1][0] >= depth:
            open_at.pop()
        drawn[match[2]] = open_at[-1][1] if open_at else "Exception"
        open_at.append((depth, match[2]))
    assert drawn == {name: cls.__mro__[1].__name__ for name, cls in CLASSES.items()}


def test_no_two_errors_share_an_exit_code() -> None:
    codes = [cls.exit_code for cls in CLASSES.values()]
    assert len(set(codes)) == len(codes)
    assert 0 not in codes


def test_all_errors_are_exported() -> None:
    assert set(errors.__all__) == set(CLASSES)


def test_an_error_says_what_then_where_then_why_and_the_hint_last() -> None:
    error = ShophouseError(
        "order_items: unit_price is not a number in 3 of 53,211 rows",
        where="source shop, file data/items.csv, first at line 14: '12,50'",
        why=["the 3 rows are in quarantine", "nothing else was held back"],
        hint="write   decimal_separator: ','",
    )
    assert error.render() == (
        "error: order_items: unit_price is not a number in 3 of 53,211 rows\n"
        "  source shop, file data/items.csv, first at line 14: '12,50'\n"
        "  the 3 rows are in quarantine\n"
        "  nothing else was held back\n"
        "  hint: write   decimal_separator: ','"
    )


def test_an_error_with_nothing_but_what_is_one_line() -> None:
    assert ShophouseError("it broke").render() == "error: it broke"
    assert str(ShophouseError("it broke")) == "it broke"


def test_a_locked_error_says_who_holds_the_lock() -> None:
    error = LockedError("another run is writing", holder="process 4711 on shop-host, since 10:32")
    assert "held by process 4711 on shop-host, since 10:32" in error.render()
    assert error.holder == "process 4711 on shop-host, since 10:32"


def test_whoever_catches_source_errors_catches_an_unreachable_one() -> None:
    with pytest.raises(SourceError):
        raise SourceUnreachable("the file is being written")


def test_an_error_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(LockedError("locked", holder="me", hint="wait")))
    assert (type(error), error.render()) == (LockedError, "error: locked\n  held by me\n  hint: wait")
