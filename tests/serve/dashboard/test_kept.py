from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shophouse.serve.dashboard.kept import Kept, size_of


def test_what_many_ask_at_once_is_worked_out_once() -> None:
    kept: Kept[int] = Kept(1000, lambda _: 1)
    asked: list[int] = []
    everyone_is_here = threading.Barrier(8)

    def work_out() -> int:
        asked.append(1)
        return 7

    def one(_: int) -> int:
        everyone_is_here.wait(10)
        return kept.get("key", work_out)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, range(8))) == [7] * 8
    assert asked == [1]


def test_those_that_nobody_asked_for_longest_go_first() -> None:
    kept: Kept[str] = Kept(10, len)
    kept.get("a", lambda: "aaaa")
    kept.get("b", lambda: "bbbb")
    kept.get("a", lambda: "never")
    kept.get("c", lambda: "cccc")
    assert kept.bytes == 8
    assert [kept.get("a", lambda: "new"), kept.get("b", lambda: "new")] == ["aaaa", "new"]


def test_a_value_larger_than_the_bound_is_given_and_not_kept() -> None:
    kept: Kept[str] = Kept(3, len)
    assert kept.get("a", lambda: "too large") == "too large"
    assert kept.bytes == 0
    assert kept.get("a", lambda: "new") == "new"


def test_an_error_reaches_who_asks_and_the_next_one_tries_again() -> None:
    kept: Kept[int] = Kept(10, lambda _: 1)

    def fail() -> int:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        kept.get("a", fail)
    assert kept.get("a", lambda: 3) == 3


def test_what_is_forgotten_while_it_is_worked_out_is_not_kept() -> None:
    kept: Kept[int] = Kept(10, lambda _: 1)

    def work_out() -> int:
        kept.clear()
        return 1

    assert kept.get("a", work_out) == 1
    assert kept.bytes == 0
    assert kept.get("a", lambda: 2) == 2


def test_texts_count_by_their_length() -> None:
    assert size_of([("x" * 5000, 1)]) > 5000 > size_of([("x", 1)])
