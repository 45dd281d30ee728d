from __future__ import annotations

import pytest

from shophouse.serve.dashboard.attempts import Attempts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def test_a_name_from_one_address_waits_after_five(attempts: Attempts, clock: Clock) -> None:
    for _ in range(5):
        assert attempts.wait("10.0.0.1", "anna") == 0
        attempts.failed("10.0.0.1", "anna")
        clock.now += 10
    assert attempts.wait("10.0.0.1", "anna") == 550
    assert attempts.wait("10.0.0.1", "vera") == attempts.wait("10.0.0.2", "anna") == 0
    clock.now += 550
    assert attempts.wait("10.0.0.1", "anna") == 0


def test_who_comes_from_many_addresses_waits_too(attempts: Attempts) -> None:
    for number in range(50):
        assert attempts.wait(f"10.0.{number}.1", "anna") == 0
        attempts.failed(f"10.0.{number}.1", "anna")
    assert attempts.wait("10.1.0.1", "anna") > 0
    assert attempts.wait("10.1.0.1", "vera") == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("unknown", "unknown", True),
    ],
)
def test_a_network_of_ipv6_is_one_address(attempts: Attempts, one: str, other: str, is_same: bool) -> None:
    for number in range(20):
        attempts.failed(one, f"name{number}")
    assert (attempts.wait(other) > 0) is is_same


def test_success_counts_for_the_pair_alone(attempts: Attempts) -> None:
    for _ in range(4):
        attempts.failed("10.0.0.1", "anna")
    attempts.succeeded("10.0.0.1", "anna")
    for number in range(16):
        assert attempts.wait("10.0.0.1", "anna" if number < 4 else f"name{number}") == 0
        attempts.failed("10.0.0.1", "anna" if number < 4 else f"name{number}")
    assert attempts.wait("10.0.0.1", "vera") > 0


def test_what_is_remembered_has_an_end(attempts: Attempts, clock: Clock) -> None:
    for number in range(30_000):
        attempts.failed(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", "x" * 4000)
    assert len(attempts._failures) <= 20_000
    assert all(len(part) <= 64 for key in attempts._failures for part in key)
    clock.now += 601
    attempts.failed("10.0.0.1")
    assert len(attempts._failures) == 1
