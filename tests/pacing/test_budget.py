"""Tests the write budget: what it allows in any period, and what it learns from refusals."""

from __future__ import annotations

import itertools
import math
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.budget import APART, DOUBT, HOLD, LOWEST, SHORT, STEP, WINDOW, Budget
from bot.slack.tiers import Key, Quota, keys
from tests.examples import examples

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


def test_a_bucket_whose_limit_was_told_anew_fills_by_the_new_one() -> None:
    budget, smaller = Budget(), Key(SMALL.name, SMALL.quota.scaled(0.5))
    assert [budget.take((SMALL,), 0.0) for _ in range(2)] == [0.0, 0.0]
    assert budget.quota(smaller, 0.0) == smaller.quota
    assert budget.level(SMALL, 100.0) == SMALL.quota.burst
    assert budget.level(smaller, 100.0) == smaller.quota.burst


@settings(deadline=None, max_examples=examples(150))
@given(quota=quotas, pauses=pauses)
def test_any_stretch_of_time_holds_burst_and_rate(quota: Quota, pauses: list[float]) -> None:
    budget, key = Budget(), Key("k", quota)
    times = [now for now in itertools.accumulate(pauses) if budget.take([key], now) == 0.0]
    for first, last in itertools.combinations(range(len(times)), 2):
        assert last - first + 1 <= quota.burst + quota.rate * (times[last] - times[first]) + 1e-6


@settings(deadline=None, max_examples=examples(150))
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


@settings(deadline=None, max_examples=examples(150))
@given(quota=quotas, pauses=pauses, reserve=st.floats(0.0, 40.0))
def test_what_is_reserved_remains(quota: Quota, pauses: list[float], reserve: float) -> None:
    budget, key = Budget(), Key("k", quota)
    for now in itertools.accumulate(pauses):
        before = budget.level(key, now)
        if budget.take([key], now, reserve=reserve) == 0.0:
            assert budget.level(key, now) >= min(reserve, quota.burst - 1) - 1e-6
            assert budget.level(key, now) == pytest.approx(before - 1.0, abs=1e-6)


@settings(deadline=None, max_examples=examples(150))
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
def test_a_hidden_limit_is_met_twice_at_most_and_then_kept_while_it_is_held(hidden: int) -> None:
    taken, refused = eager(Budget(), Slack(hidden), HOLD)
    assert len(refused) in {1, 2}
    assert refused[-1] - refused[0] > DOUBT or len(refused) == 1
    assert any(now > HOLD / 2 for now in taken)


@pytest.mark.parametrize("hidden", [5, 12, 25, 40])
def test_never_two_refusals_in_a_minute(hidden: int) -> None:
    taken, refused = eager(Budget(), Slack(hidden), 3600.0)
    assert all(later - earlier > 60.0 for earlier, later in itertools.pairwise(refused))
    assert len(refused) <= 3600.0 / HOLD + 1
    assert len(taken) >= 0.35 * hidden * 60  # about half of what it allows is used, which a burst and a rate can


def proven(budget: Budget, *, calls: int) -> float:
    """Let as many calls through as Slack is to allow in a minute, twice; returns when the second refusal came."""
    now = 0.0
    for _ in range(2):
        for _ in range(calls + 1):
            now += budget.wait(UPDATE[0], now)
            assert budget.take(UPDATE, now) == 0.0
            refused_at, now = now, now + 0.2
        budget.limited(UPDATE, WINDOW - 0.2 * calls, refused_at)
        now = refused_at + WINDOW
    return refused_at


def test_a_single_refusal_is_forgotten_after_a_minute() -> None:
    budget = Budget()
    for number in range(9):
        assert budget.take(UPDATE, 0.5 * number) == 0.0
    budget.limited(UPDATE, 2.0, 4.1)
    lowered = budget.quota(UPDATE[0], 4.1 + DOUBT - 0.1)
    assert UPDATE[0].quota.per_minute * LOWEST < lowered.per_minute < UPDATE[0].quota.per_minute
    assert budget.quota(UPDATE[0], 4.1 + DOUBT) == UPDATE[0].quota
    assert budget.level(UPDATE[0], 4.1 + DOUBT) > UPDATE[0].quota.burst / 2


def test_a_proven_limit_that_is_gone_is_forgotten_step_by_step() -> None:
    budget = Budget()
    at = proven(budget, calls=10)
    assert budget.quota(UPDATE[0], at + 0.1).per_minute <= 10.0
    assert budget.quota(UPDATE[0], at + HOLD - 1.0).per_minute <= 10.0
    after = [budget.quota(UPDATE[0], at + HOLD + 1.0 + step * STEP).per_minute for step in range(12)]
    assert after == sorted(after)
    assert after[0] <= 12.5
    assert after[-1] == UPDATE[0].quota.per_minute
    assert all(higher <= 1.6 * lower + 1 for lower, higher in itertools.pairwise(after))


@pytest.mark.parametrize(
    ("pause", "is_proof"),
    [
        (30.0, True),
        (HOLD - 30.0, True),
        (HOLD + 30.0, False),  # so much later it is another first one
    ],
)
def test_only_a_second_refusal_is_proof(pause: float, is_proof: bool) -> None:
    budget = Budget()
    for now in (0.0, pause):
        assert budget.take(UPDATE, now, urgent=True) == 0.0
        assert budget.take(UPDATE, now + 1.0, urgent=True) == 0.0
        budget.limited(UPDATE, 10.0, now + 1.1)
    until = pause + 1.1 + DOUBT
    assert (budget.quota(UPDATE[0], until + 1.0) != UPDATE[0].quota) == is_proof


def test_a_second_refusal_before_which_nothing_was_let_through_proves_nothing() -> None:
    budget, now = Budget(), 0.0
    for _ in range(6):
        assert budget.take(UPDATE, now, urgent=True) == 0.0
        budget.limited(UPDATE, 10.0, now)
        now += 10.0
    assert budget.quota(UPDATE[0], now - 10.0 + DOUBT) == UPDATE[0].quota


def test_a_call_that_was_under_way_tells_only_that_it_does_not_count() -> None:
    budget = Budget()
    for number in range(12):
        assert budget.take(UPDATE, 0.2 * number) == 0.0
    budget.limited(UPDATE, 57.0, 2.3)
    assert 10.0 < budget.quota(UPDATE[0], 2.4).per_minute <= 11.0
    budget.limited(UPDATE, 58.0, 2.4)
    assert 9.0 < budget.quota(UPDATE[0], 2.5).per_minute <= 10.0
    assert budget.take(UPDATE, 60.0) > 0.3  # the longer of the two waits counts
    assert budget.quota(UPDATE[0], 2.3 + DOUBT) == UPDATE[0].quota  # it proves nothing


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
    assert budget.take(keys("chat.postMessage", before), 0.0) == 0.0
    assert budget.take(POST, 0.2) == 0.0
    budget.limited(POST, retry_after, 0.3)
    now = 0.3 + retry_after
    # All channels keep silent meanwhile.
    assert budget.take(keys("chat.postMessage", "C3"), now - 0.5) == pytest.approx(0.5)
    assert [key for key in POST if budget.quota(key, now) != key.quota] == [lowered]


def test_what_has_gathered_in_the_silence_does_not_come_at_once() -> None:
    budget = Budget()
    for now in (-0.2, 0.0):
        assert budget.take(POST, now) == 0.0
    budget.limited(POST, 3.0, 0.0)
    taken = [budget.take(keys("chat.postMessage", f"D{number}"), 3.0) == 0.0 for number in range(20)]
    assert taken == [True, *[False] * 19]


@settings(deadline=None, max_examples=examples(60))
@given(
    retry_after=st.floats(1.0, 90.0),
    pauses=st.lists(st.floats(0.0, 30.0), min_size=5, max_size=60),
    at=st.integers(0, 4),
)
def test_a_learned_limit_holds_after_a_refusal(retry_after: float, pauses: list[float], at: int) -> None:
    budget, made, lesson, most = Budget(), [], math.inf, 0.0
    for number, now in enumerate(itertools.accumulate(pauses)):
        if budget.take(UPDATE, now) == 0.0:
            made.append(now)
            if number >= at and lesson == math.inf:
                made.pop()
                budget.limited(UPDATE, retry_after, now)
                lesson, most = now, budget.quota(UPDATE[0], now).per_minute
    after = [now for now in made if lesson < now < lesson + DOUBT]
    assert all(now >= lesson + retry_after - 1e-6 for now in after)
    assert len(after) <= max(most, 1.0) + 1e-6


def test_endings_of_a_proven_limit_need_not_come_evenly_but_no_more_come_in_a_minute_than_were_learned() -> None:
    budget = Budget()
    now = proven(budget, calls=5) + WINDOW + 5.0  # all of them are more than a minute ago
    times: list[float] = []
    while len(times) < 5:
        wait = budget.take(UPDATE, now, urgent=True)
        times += [now] if wait == 0.0 else []
        now += wait
    assert times == [pytest.approx(times[0] + APART * number) for number in range(5)]
    assert budget.take(UPDATE, now, urgent=True) == pytest.approx(WINDOW - APART * 4)
    assert budget.take(UPDATE, times[0] + WINDOW) > 10.0  # others are held back the longer


def test_what_one_channel_has_taught_holds_for_all_channels() -> None:
    budget, here, elsewhere = Budget(), POST, keys("chat.postMessage", "C2")
    for now in (0.0, 0.5):
        assert budget.take(here, now) == 0.0
    assert budget.take(elsewhere, 0.6) == 0.0
    budget.limited(here, 5.0, 0.7)
    assert budget.quota(elsewhere[1], 1.0) == budget.quota(here[1], 1.0) != elsewhere[1].quota
    assert budget.quota(POST[0], 1.0) == POST[0].quota  # the workspace's own limit was not met
    # One post was taken at 0.0, and Slack allows the next at 5.7; elsewhere, as long after the post at 0.6.
    apart = 1.0 / budget.quota(here[1], 5.7).rate
    assert 5.7 <= apart < 7.5
    assert budget.take(elsewhere, 5.8) == pytest.approx(0.6 + apart - 5.8)


def test_what_a_channel_teaches_is_the_strictest_limit_that_explains_the_refusal() -> None:
    budget = Budget()
    for now in (0.0, 4.0, 4.5):
        assert budget.take(POST, now) == 0.0
    budget.limited(POST, 1.0, 4.6)  # two in 5.6 s, and not one in 1.6 s
    assert budget.quota(POST[1], 5.6).per_minute == pytest.approx(21.0, abs=1.0)


def test_edits_come_apart_so_that_seldom_one_is_under_way_when_another_is_refused() -> None:
    budget = Budget()
    assert budget.take(UPDATE, 0.0) == 0.0
    assert budget.take(UPDATE, 0.05, urgent=True) == pytest.approx(UPDATE[0].apart - 0.05)
    assert budget.take(UPDATE, UPDATE[0].apart) == 0.0
    assert budget.take(POST, 0.2) == 0.0
    assert budget.take(keys("chat.postMessage", "C2"), 0.2) == 0.0  # other channels are others


def test_the_wait_for_one_bucket_is_told_whatever_of_others() -> None:
    budget = Budget()
    for now in (0.0, 0.2):
        assert budget.take(POST, now) == 0.0
    assert budget.take(POST, 0.4) > 0.5
    assert budget.wait(POST[0], 0.4) == 0.0
    assert budget.wait(POST[1], 0.4) == pytest.approx(budget.take(POST, 0.4))


# The clock is set -----------------------------------------------------------------------------------------------------

jumps = st.lists(st.tuples(st.floats(0.0, 4.0), st.floats(-5000.0, 5000.0), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None, max_examples=examples(60))
@given(quota=quotas, steps=jumps, refused_at=st.integers(0, 60), retry_after=st.floats(0.5, 60.0))
def test_no_wait_grows_when_the_clock_is_set(
    quota: Quota, steps: list[tuple[float, float, bool]], refused_at: int, retry_after: float
) -> None:
    budget, bucket, now = Budget(), Key("one", quota), 1e6
    for number, (pause, jump, urgent) in enumerate(steps):
        now += pause
        if budget.take([bucket], now, urgent=urgent) == 0.0 and number == refused_at:
            budget.limited([bucket], retry_after, now)
        waits = [budget.wait(bucket, now, urgent=urgent) for urgent in (False, True)]
        quota_before = budget.quota(bucket, now)
        now += jump
        after = [budget.wait(bucket, now, urgent=urgent) for urgent in (False, True)]
        assert all(one <= before + 1e-3 for one, before in zip(after, waits, strict=True))
        if jump <= 0:
            assert after == pytest.approx(waits, abs=1e-3)
            assert budget.quota(bucket, now) == quota_before


@settings(deadline=None, max_examples=examples(40))
@given(quota=quotas, steps=jumps)
def test_a_clock_that_is_set_back_lets_no_more_through(quota: Quota, steps: list[tuple[float, float, bool]]) -> None:
    budget, now, real, taken = Budget(), 1e6, 0.0, []
    for pause, jump, _ in steps:
        now, real = now + pause, real + pause
        while budget.take([Key("one", quota)], now) == 0.0:
            taken.append(real)
        now -= abs(jump)
    for first, second in itertools.combinations_with_replacement(range(len(taken)), 2):
        assert second - first + 1 <= quota.burst + quota.rate * (taken[second] - taken[first]) + 1e-3
