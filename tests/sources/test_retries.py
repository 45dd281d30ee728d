from __future__ import annotations

from collections.abc import Callable

import pytest

from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.sources._retries import Retries, retried
from shophouse.sources._tolerance import is_refused

QUICK = Retries(2, first_pause=0.001)


def failing(times: int, error: Callable[[], Exception]) -> Callable[[], int]:
    """Work that fails so often, and then says how often it was called."""
    calls = 0

    def work() -> int:
        nonlocal calls
        calls += 1
        if calls <= times:
            raise error()
        return calls

    return work


def away() -> Exception:
    return SourceUnreachable("nobody answers", why="refused")


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_what_answers_in_the_end_is_taken_and_each_further_try_is_told(failures: int) -> None:
    told: list[str] = []
    assert retried(failing(failures, away), QUICK, about="shop.orders", notice=told.append) == failures + 1
    assert [line.partition(";")[0] for line in told] == ["shop.orders: nobody answers"] * failures
    assert [line[-8:] for line in told] == ["(1 of 2)", "(2 of 2)"][:failures]


def test_the_last_failure_is_raised_and_says_how_often_was_tried() -> None:
    with pytest.raises(SourceUnreachable) as caught:
        retried(failing(9, away), QUICK, about="shop")
    assert caught.value.why == ("refused", "tried 3 times in 0 seconds")


def test_what_a_person_must_mend_is_not_tried_again() -> None:
    told: list[str] = []
    with pytest.raises(SourceMismatch):
        retried(failing(1, lambda: SourceMismatch("gone")), QUICK, about="shop", notice=told.append)
    assert told == []


def test_pauses_grow_differ_and_end_at_the_longest() -> None:
    retries = Retries(first_pause=2, growth=3, longest_pause=10)
    for failures, longest in ((1, 2), (2, 6), (3, 10), (1000, 10)):
        pauses = [retries.pause(failures) for _ in range(100)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


@pytest.mark.parametrize(
    ("rejected", "rows", "rate", "refused"),
    [(10, 0, 0.1, False), (11, 99, 0.1, False), (11, 98, 0.1, True), (1, 1_000_000, 0, True), (0, 0, 0, False)],
)
def test_ten_rows_may_be_rejected_else_a_share_of_all(rejected: int, rows: int, rate: float, refused: bool) -> None:
    assert is_refused(rejected, rows, rate) is refused
