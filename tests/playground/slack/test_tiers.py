"""Rate limits as sliding windows; time is an argument."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.slack.tiers import PER_MINUTE, RateLimits
from tests.examples import examples


def test_a_window_slides() -> None:
    limits = RateLimits()
    for second in range(50):
        assert limits.take("T1", "chat.update", "C1", float(second)) == 0.0
    assert limits.take("T1", "chat.update", "C2", 50.0) == 10.0
    assert limits.take("T2", "chat.update", "C1", 50.0) == 0.0
    assert limits.take("T1", "chat.delete", "C1", 50.0) == 0.0
    assert limits.take("T1", "chat.update", "C2", 60.0) == 0.0
    assert limits.take("T1", "chat.update", "C2", 60.0) == pytest.approx(1.0)


def test_posts_are_counted_for_each_channel_and_for_all() -> None:
    limits = RateLimits()
    burst = [limits.take("T1", "chat.postMessage", "C1", 0.0) for _ in range(6)]
    assert burst == [0.0] * 5 + [5.0]
    others = [limits.take("T1", "chat.postMessage", f"C{n}", 0.0) for n in range(2, 300)]
    assert others[:295] == [0.0] * 295
    assert set(others[295:]) == {60.0}


def test_scale_multiplies() -> None:
    limits = RateLimits(scale=0.1)
    assert [limits.take("T1", "chat.update", "C1", 0.0) for _ in range(6)] == [0.0] * 5 + [60.0]


@settings(deadline=None, max_examples=examples(50))
@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200), st.sampled_from(["chat.update", "chat.startStream"]))
def test_no_minute_ever_has_more_than_the_limit(steps: list[float], method: str) -> None:
    limits, now, taken = RateLimits(), 0.0, list[float]()
    for step in steps:
        now += step
        wait = limits.take("T1", method, "C1", now)
        if wait:
            assert limits.take("T1", method, "C1", now) == wait
        else:
            taken.append(now)
        assert sum(at > now - 60.0 for at in taken) <= PER_MINUTE[method]
