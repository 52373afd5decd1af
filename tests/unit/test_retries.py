"""When a request is sent again, how long that is waited for, and when it is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from doorward.aws.retries import BUSY, CONFLICT, LOST, Kind, Passing, Retries
from doorward.errors import Unavailable

ALL = (LOST, BUSY, CONFLICT)


class Time:
    """A clock that runs while somebody sleeps, or while a request takes its time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def failing(kinds: Iterable[Kind], time: Time | None = None, takes: float = 0) -> Callable[[], str]:
    """Return what fails in some ways, one after another, and then passes."""
    left = list(kinds)

    def send() -> str:
        if time:
            time.now += takes
        if left:
            raise Passing(left.pop(0), "reason")
        return "done"

    return send


def retries(time: Time, reserve: int = 100) -> Retries:
    return Retries("service", time.sleep, clock=lambda: time.now, reserve=reserve)


@pytest.mark.parametrize("kind", ALL)
def test_what_passes_in_the_last_try_has_passed(kind: Kind) -> None:
    assert retries(Time()).carry_out(failing([kind] * (kind.tries - 1))) == "done"


@pytest.mark.parametrize("kind", ALL)
def test_what_fails_in_each_try_is_unavailable(kind: Kind) -> None:
    time = Time()
    with pytest.raises(Unavailable) as caught:
        retries(time).carry_out(failing([kind] * kind.tries))
    assert caught.value.reason == "service:reason"
    assert len(time.pauses) == kind.tries - 1


def test_each_kind_of_failure_has_its_own_tries() -> None:
    assert retries(Time()).carry_out(failing([CONFLICT] * 7 + [LOST] * 2)) == "done"


def test_pauses_are_random_below_a_bound_that_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    monkeypatch.setattr("doorward.aws.retries.random.uniform", uniform)
    retries(Time()).carry_out(failing([BUSY] * 5))
    assert bounds == [(0, 0.01), (0, 0.02), (0, 0.04), (0, 0.08), (0, 0.16)]


def test_nothing_is_sent_again_when_the_function_is_about_to_end() -> None:
    time = Time()
    with pytest.raises(Unavailable):
        retries(time).carry_out(failing([LOST] * 2, time, takes=2.6))
    assert len(time.pauses) == 1


@pytest.mark.parametrize("kind", [LOST, BUSY])
def test_a_service_that_fails_for_everybody_is_spared_until_it_answers(kind: Kind) -> None:
    time = Time()
    rules = retries(time, reserve=2)
    rules.carry_out(failing([kind] * 2))  # takes two, and gives one back
    rules.carry_out(failing([kind]))
    with pytest.raises(Unavailable):
        rules.carry_out(failing([kind] * 2))
    time.pauses.clear()
    with pytest.raises(Unavailable):
        rules.carry_out(failing([kind]))
    assert time.pauses == []
    assert rules.carry_out(failing([CONFLICT])) == "done"
    assert rules.carry_out(failing([kind])) == "done"


def test_the_reserve_does_not_grow() -> None:
    rules = retries(Time(), reserve=1)
    for _ in range(5):
        rules.carry_out(failing([]))
    with pytest.raises(Unavailable):
        rules.carry_out(failing([BUSY, BUSY]))


def test_what_is_no_passing_failure_is_not_sent_again() -> None:
    sent = []

    def send() -> None:
        sent.append(1)
        raise ValueError

    with pytest.raises(ValueError, match="^$"):
        retries(Time()).carry_out(send)
    assert sent == [1]
