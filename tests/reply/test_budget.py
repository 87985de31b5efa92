"""The write budget: what it lets through in any stretch of time, and what it learns from refusals."""

from __future__ import annotations

import itertools
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.reply.budget import HOLD, SHORT, STEP, WINDOW, Budget
from bot.slack.tiers import Key, Quota, keys

SMALL = Key("small", Quota(rate=0.5, burst=4))
OTHER = Key("other", Quota(rate=0.1, burst=2))
UPDATE = keys("chat.update", "C1")
POST = keys("chat.postMessage", "C1")

quotas = st.builds(Quota, rate=st.floats(0.05, 5.0), burst=st.integers(1, 30))
pauses = st.lists(st.floats(0.0, 4.0), min_size=1, max_size=80)


class Slack:
    """At most `most` calls in any minute, and never a call before Retry-After has passed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.calls: deque[float] = deque()

    def wait(self, now: float) -> float:
        while self.calls and self.calls[0] <= now - 60.0:
            self.calls.popleft()
        if len(self.calls) < self.most:
            self.calls.append(now)
            return 0.0
        return self.calls[0] + 60.0 - now


def eager(budget: Budget, slack: Slack, until: float) -> tuple[list[float], list[float]]:
    """Call chat.update whenever the budget allows: the times of the calls that were taken and that were refused."""
    now, taken, refused = 0.0, [], []
    while now < until:
        wait = budget.take(UPDATE, now)
        if wait > 0:
            now += wait
            continue
        if (stay_away := slack.wait(now)) > 0:
            refused.append(now)
            budget.limited(UPDATE, stay_away, now)
        else:
            taken.append(now)
        now += 0.1
    return taken, refused


# The rate ------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(quota=quotas, pauses=pauses)
def test_any_stretch_of_time_holds_burst_and_rate(quota: Quota, pauses: list[float]) -> None:
    budget, key = Budget(), Key("k", quota)
    times = [now for now in itertools.accumulate(pauses) if budget.take([key], now) == 0.0]
    for first, last in itertools.combinations(range(len(times)), 2):
        assert last - first + 1 <= quota.burst + quota.rate * (times[last] - times[first]) + 1e-6


@settings(deadline=None, max_examples=150)
@given(quota=quotas, pauses=pauses, reserve=st.floats(0.0, 40.0))
def test_the_wait_is_exact_and_a_token_is_there_then(quota: Quota, pauses: list[float], reserve: float) -> None:
    budget, key, now = Budget(), Key("k", quota), 0.0
    for pause in pauses:
        now += pause
        wait = budget.take([key], now, reserve=reserve)
        if wait > 0.0:
            if wait > 1e-3:
                assert budget.take([key], now + wait - 1e-3, reserve=reserve) > 0.0
            now += wait
            assert budget.take([key], now, reserve=reserve) == 0.0


@settings(deadline=None, max_examples=150)
@given(quota=quotas, pauses=pauses, reserve=st.floats(0.0, 40.0))
def test_what_is_reserved_remains(quota: Quota, pauses: list[float], reserve: float) -> None:
    budget, key = Budget(), Key("k", quota)
    for now in itertools.accumulate(pauses):
        before = budget.level(key, now)
        if budget.take([key], now, reserve=reserve) == 0.0:
            assert budget.level(key, now) >= min(reserve, quota.burst - 1) - 1e-6
            assert budget.level(key, now) == pytest.approx(before - 1.0, abs=1e-6)


@settings(deadline=None, max_examples=150)
@given(one=quotas, two=quotas, pauses=pauses)
def test_of_several_buckets_all_or_none(one: Quota, two: Quota, pauses: list[float]) -> None:
    budget, pair = Budget(), [Key("one", one), Key("two", two)]
    for now in itertools.accumulate(pauses):
        before = [budget.level(key, now) for key in pair]
        wait = budget.take(pair, now)
        after = [budget.level(key, now) for key in pair]
        spent = 1.0 if wait == 0.0 else 0.0
        assert after == [pytest.approx(level - spent, abs=1e-6) for level in before]
        assert (wait == 0.0) == all(level >= 1.0 - 1e-6 for level in before)


def test_a_bucket_fills_and_no_further() -> None:
    budget = Budget()
    assert [budget.take([SMALL], 0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, pytest.approx(2.0)]
    assert budget.level(SMALL, 3.0) == pytest.approx(1.5)
    assert budget.level(SMALL, 1000.0) == 4.0
    assert budget.level(OTHER, 1000.0) == 2.0


def test_the_scale_is_of_all_limits() -> None:
    double = Budget(scale=2.0)
    assert double.level(SMALL, 0.0) == 8.0
    assert double.quota(SMALL, 0.0) == Quota(1.0, 8)


def test_idle_channels_are_forgotten_and_busy_ones_are_not() -> None:
    budget = Budget()
    busy = Key("busy", OTHER.quota)
    for number in range(3000):
        budget.take([Key(f"channel {number}", SMALL.quota)], number * 1.0)
        if number == 2995:
            budget.take([busy], number * 1.0)
    assert len(budget._buckets) < 1200
    assert budget.level(busy, 3000.0) < 2.0


# Refusals ------------------------------------------------------------------------------------------------------------


def test_nothing_before_retry_after() -> None:
    budget = Budget()
    assert budget.take(UPDATE, 0.0) == 0.0
    budget.limited(UPDATE, 30.0, 0.1)
    assert budget.level(UPDATE[0], 29.0) == 0.0
    assert budget.take(UPDATE, 29.0) == pytest.approx(1.1)
    assert budget.take(UPDATE, 30.2) == 0.0
    assert budget.take(UPDATE, 30.3) > 1.0  # not the whole burst at once


def test_other_methods_are_not_slowed_down() -> None:
    budget = Budget()
    budget.take(UPDATE, 0.0)
    budget.limited(UPDATE, 30.0, 0.1)
    assert budget.take(POST, 0.2) == 0.0


@pytest.mark.parametrize("hidden", [2, 5, 12, 25, 40, 49])
def test_a_hidden_limit_is_met_once_and_then_kept_while_it_is_held(hidden: int) -> None:
    taken, refused = eager(Budget(), Slack(hidden), HOLD)
    # Below a twelfth of what we were told, the first lesson is not yet enough.
    assert len(refused) == (1 if hidden >= 5 else 2)
    later = [now for now in taken if now > HOLD / 2]
    assert later


@pytest.mark.parametrize("hidden", [5, 12, 25, 40])
def test_never_two_refusals_in_a_minute(hidden: int) -> None:
    taken, refused = eager(Budget(), Slack(hidden), 3600.0)
    assert all(later - earlier > 60.0 for earlier, later in itertools.pairwise(refused))
    assert len(refused) <= 3600.0 / HOLD + 1
    assert len(taken) >= 0.35 * hidden * 60  # about half of what it allows is used, which a burst and a rate can


def test_a_limit_that_is_gone_is_forgotten_step_by_step() -> None:
    budget = Budget()
    for _ in range(11):
        assert budget.take(UPDATE, 0.0) == 0.0
    budget.limited(UPDATE, 30.0, 1.0)
    assert budget.quota(UPDATE[0], 2.0).per_minute <= 10.0
    assert budget.quota(UPDATE[0], HOLD).per_minute <= 10.0
    after = [budget.quota(UPDATE[0], HOLD + 2.0 + step * STEP).per_minute for step in range(12)]
    assert after == sorted(after)
    assert after[0] <= 12.5
    assert after[-1] == UPDATE[0].quota.per_minute
    assert all(higher <= 1.6 * lower + 1 for lower, higher in itertools.pairwise(after))


def test_a_call_that_was_under_way_teaches_nothing_twice() -> None:
    budget = Budget()
    for _ in range(12):
        budget.take(UPDATE, 0.0)
    budget.limited(UPDATE, 20.0, 0.1)
    lesson = budget.quota(UPDATE[0], 0.2)
    budget.limited(UPDATE, 25.0, 0.2)
    assert budget.quota(UPDATE[0], 0.3) == lesson
    assert budget.take(UPDATE, 24.0) > 1.0  # but the longer of the two waits counts


def test_after_a_restart_one_refusal_does_not_strangle() -> None:
    budget = Budget()
    budget.take(UPDATE, 0.0)
    budget.limited(UPDATE, 10.0, 0.1)
    assert budget.quota(UPDATE[0], 1.0).per_minute >= 3.0


@pytest.mark.parametrize(
    ("before", "retry_after", "lowered"),
    [
        ("C1", SHORT, POST[1]),
        ("C1", SHORT + 1.0, POST[0]),
        ("C2", SHORT, POST[0]),  # the channel has let one call through, which no limit forbids
    ],
)
def test_which_limit_was_met(before: str, retry_after: float, lowered: Key) -> None:
    budget = Budget()
    budget.take(keys("chat.postMessage", before), 0.0)
    budget.take(POST, 0.0)
    budget.limited(POST, retry_after, 0.1)
    now = 0.1 + retry_after
    assert [key for key in POST if budget.quota(key, now) != key.quota] == [lowered]
    # All channels keep silent meanwhile.
    assert budget.take(keys("chat.postMessage", "C3"), now - 0.5) == pytest.approx(0.5)


def test_what_has_gathered_in_the_silence_does_not_come_at_once() -> None:
    budget = Budget()
    for _ in range(2):
        budget.take(POST, 0.0)
    budget.limited(POST, 3.0, 0.0)
    taken = [budget.take(keys("chat.postMessage", f"D{number}"), 3.0) == 0.0 for number in range(20)]
    assert taken == [True, *[False] * 19]


@settings(deadline=None, max_examples=60)
@given(
    retry_after=st.floats(0.0, 90.0),
    pauses=st.lists(st.floats(0.0, 30.0), min_size=5, max_size=60),
    at=st.integers(0, 4),
)
def test_a_learned_limit_holds_in_any_minute(retry_after: float, pauses: list[float], at: int) -> None:
    budget, made, lesson = Budget(), [], None
    for number, now in enumerate(itertools.accumulate(pauses)):
        if budget.take(UPDATE, now) == 0.0:
            made.append(now)
            if number >= at and lesson is None:
                made.pop()
                budget.limited(UPDATE, retry_after, now)
                lesson = now
    for now in made:
        if lesson is not None and lesson < now < lesson + HOLD:
            # As many as in the minute before the refusal, but for the floor of a first lesson.
            before = sum(1 for time in made if lesson - WINDOW < time <= lesson)
            assert sum(1 for time in made if now - 60.0 < time <= now) <= max(before, 4)


def test_an_urgent_call_waits_for_the_silence_but_not_for_what_a_refusal_taught() -> None:
    budget, update = Budget(), keys("chat.update", "C1")
    assert budget.take(update, 0.0) == 0.0
    budget.limited(update, 10.0, 0.0)
    assert budget.take(update, 1.0, urgent=True) == pytest.approx(9.0)
    assert budget.take(update, 10.0, urgent=True) == 0.0
    assert budget.take(update, 10.5) > 1.0
    assert budget.take(update, 10.5, urgent=True) == 0.0
