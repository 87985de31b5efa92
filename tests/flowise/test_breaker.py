"""When Flowise is left alone: the breaker, told of failures by hand, with times as numbers."""

from __future__ import annotations

import pytest

from bot.flowise.breaker import (
    FAILURES,
    FIRST_REST,
    LONGEST_REST,
    PROBE_SECONDS,
    WITHIN,
    Breaker,
    GoAhead,
    Probe,
    Rest,
)

WHY = "no connection"


def rested(now: float = 0.0) -> Breaker:
    """A breaker whose first rest begins at `now`."""
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(now, WHY)
    return breaker


def test_it_begins_closed() -> None:
    breaker = Breaker()
    assert breaker.decide(0) == GoAhead()
    assert (breaker.resting, breaker.state(0)) == (False, "ok")


@pytest.mark.parametrize(
    ("failures", "rests"),
    [
        ((0, 1), False),
        ((0, 1, 2), True),
        ((0, WITHIN / 2, WITHIN), True),
        ((0, WITHIN / 2, WITHIN + 1), False),
        ((0, WITHIN, WITHIN + 1, WITHIN + 2), True),
    ],
)
def test_some_failures_within_a_while_make_it_rest(failures: tuple[float, ...], rests: bool) -> None:
    breaker = Breaker()
    for at in failures:
        breaker.failed(at, WHY)
    assert breaker.resting is rests
    assert breaker.decide(failures[-1]) == (Rest(FIRST_REST) if rests else GoAhead())


def test_an_answer_between_them_begins_the_count_anew() -> None:
    breaker = Breaker()
    for at in range(FAILURES - 1):
        breaker.failed(at, WHY)
    breaker.answered()
    for at in range(FAILURES - 1):
        breaker.failed(at, WHY)
    assert breaker.decide(0) == GoAhead()


def test_a_rest_that_is_ended_early_is_followed_by_a_probe_and_if_that_fails_by_a_longer_one() -> None:
    breaker = rested(now=100)
    breaker.probe_soon(101)
    assert breaker.state(101) == f"to be tried again: {WHY}"
    assert (breaker.decide(101), breaker.decide(101)) == (Probe(), Rest(PROBE_SECONDS))
    breaker.probe_soon(101)
    assert breaker.decide(101) == Rest(PROBE_SECONDS)  # one probe is enough
    breaker.probe_failed(102, WHY)
    assert breaker.decide(102) == Rest(2 * FIRST_REST)


@pytest.mark.parametrize("breaker", [Breaker(), rested(now=0)])
def test_a_rest_is_not_made_longer_by_that(breaker: Breaker) -> None:
    before = breaker.decide(FIRST_REST)
    breaker.probe_cancelled()
    breaker.probe_soon(FIRST_REST + 1)
    assert breaker.decide(FIRST_REST) == before


def test_a_rest_tells_what_is_left_of_it() -> None:
    breaker = rested(now=100)
    assert breaker.decide(103.5) == Rest(FIRST_REST - 3.5)
    assert breaker.state(103.5) == "resting for 12 s: no connection"
    assert breaker.state(100 + FIRST_REST) == "to be tried again: no connection"


def test_after_a_rest_one_question_probes() -> None:
    breaker = rested()
    assert breaker.decide(FIRST_REST) == Probe()
    assert breaker.decide(FIRST_REST) == Rest(PROBE_SECONDS)
    breaker.probe_cancelled()
    assert breaker.decide(FIRST_REST) == Probe()


def test_each_rest_is_longer_up_to_the_longest() -> None:
    breaker, now, rests = rested(), 0.0, []
    for _ in range(6):
        leave = breaker.decide(now)
        assert isinstance(leave, Rest)
        rests.append(leave.seconds)
        now += leave.seconds
        assert breaker.decide(now) == Probe()
        breaker.probe_failed(now, WHY)
    assert rests == [15, 30, 60, 120, LONGEST_REST, LONGEST_REST]


def test_after_a_good_probe_a_single_failure_is_enough() -> None:
    breaker = rested()
    breaker.decide(FIRST_REST)
    breaker.probed(FIRST_REST)
    assert breaker.decide(FIRST_REST) == GoAhead()
    assert breaker.state(FIRST_REST) == "on trial, after no connection"
    breaker.failed(50, "no answer in time")
    assert breaker.decide(50) == Rest(2 * FIRST_REST)
    assert breaker.state(50).endswith(": no answer in time")


def test_a_trial_ends_by_an_answer_or_by_itself() -> None:
    for answered, now in ((True, FIRST_REST), (False, FIRST_REST + WITHIN)):
        breaker = rested()
        breaker.decide(FIRST_REST)
        breaker.probed(FIRST_REST)
        if answered:
            breaker.answered()
        assert breaker.state(now) == "ok"
        breaker.failed(now, WHY)
        assert breaker.decide(now) == GoAhead()
        breaker.failed(now, WHY)
        breaker.failed(now, WHY)
        assert breaker.decide(now) == Rest(FIRST_REST)


def test_what_was_asked_before_a_rest_fails_without_making_it_longer() -> None:
    breaker = rested()
    breaker.failed(10, "another")
    assert breaker.decide(10) == Rest(FIRST_REST - 10)
    breaker.decide(FIRST_REST)
    breaker.failed(FIRST_REST, "another")
    breaker.probed(FIRST_REST)
    assert breaker.decide(FIRST_REST) == GoAhead()


def test_an_answer_to_what_was_asked_before_a_rest_ends_it() -> None:
    breaker = rested()
    breaker.answered()
    assert breaker.decide(1) == GoAhead()
