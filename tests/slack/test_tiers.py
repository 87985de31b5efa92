"""The table of Slack's limits on writing: what a bucket lets through is what Slack allows, at any scale."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.calls import Call, FindStream, Respond, method_of
from bot.slack.tiers import POSTS_TO_A_CHANNEL, QUOTAS, SLOWEST, Quota, keys
from tests.examples import examples

# Slack's numbers a minute, written down here once more from its documentation.
DOCUMENTED = {
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postMessage": 300,
    "chat.postEphemeral": 100,
    "assistant.threads.setStatus": 600,
    "agents.sessions.setStatus": 50,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
}


def through(quota: Quota, seconds: float) -> int:
    """The most calls that a full bucket lets through in any stretch of that length."""
    return int(quota.burst + quota.rate * seconds + 1e-6)


@pytest.mark.parametrize("method", sorted(QUOTAS))
def test_a_minute_holds_what_slack_allows(method: str) -> None:
    assert through(QUOTAS[method], 60.0) <= DOCUMENTED[method]
    assert QUOTAS[method].per_minute > 0.85 * DOCUMENTED[method]


@pytest.mark.parametrize("kind", get_args(Call), ids=lambda kind: kind.__name__)
def test_every_call_has_a_method_and_a_quota_or_needs_none(kind: type[Call]) -> None:
    method = method_of(object.__new__(kind))
    assert method in QUOTAS or kind in {Respond, FindStream}


def test_posts_to_a_channel_are_about_one_a_second() -> None:
    assert through(POSTS_TO_A_CHANNEL, 5.0) <= 5
    assert through(POSTS_TO_A_CHANNEL, 60.0) <= 60


def test_a_post_draws_from_the_workspace_and_the_channel() -> None:
    assert [key.name for key in keys("chat.postMessage", "C1")] == ["chat.postMessage", "chat.postMessage:C1"]
    assert [key.name for key in keys("chat.update", "C1")] == ["chat.update"]
    assert keys("chat.update", "C1") == keys("chat.update", "C2")


def test_a_method_without_a_quota_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        keys("chat.meMessage", "C1")


@settings(deadline=None, max_examples=examples(300))
@given(
    rate=st.floats(0.01, 20.0),
    burst=st.integers(1, 300),
    factor=st.floats(0.001, 20.0),
)
def test_a_scaled_quota_keeps_the_scaled_limit(rate: float, burst: int, factor: float) -> None:
    quota = Quota(rate, burst)
    scaled = quota.scaled(factor)
    assert scaled.burst >= 1
    assert scaled.rate >= min(SLOWEST, rate * factor)
    assert through(scaled, 60.0) <= max(1.0, quota.per_minute * factor + 1e-6)


def test_a_tenth_of_the_documented_edits() -> None:
    assert through(QUOTAS["chat.update"].scaled(0.1), 60.0) in (4, 5)
