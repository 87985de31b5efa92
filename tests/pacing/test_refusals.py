"""Tests in simulated time what refusals cost the answers under way, by the policy and the budget of the bot."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.crowd import Stream
from benchmarks.replicas import CALL, Run
from bot.pacing.budget import APART, DOUBT
from tests.examples import examples

# Seconds after Slack's word within which the first ending stands; the call itself comes on top.
SOON = 2.0 + CALL
# Where a second refusal has proved a lower limit, an ending keeps to that limit, too.
PROVEN = 6.0 + CALL


def answers(count: int, seconds: float, *, replicas: int = 1, apart: float = 0.2) -> list[Stream]:
    """Answers of 20 words a second that end `apart` seconds from each other, each in a channel of its own."""
    words = [number / 20 for number in range(int(seconds * 20) + 1)]
    return [Stream(str(one), f"C{one}", one % replicas, [word + one * apart for word in words]) for one in range(count)]


def written(some: list[Stream], refused: Mapping[int, float], *, replicas: int = 1) -> float:
    """Write the answers while Slack refuses edits by their number; returns when Slack allows the next call at last."""
    run = Run(some, replicas=replicas, told=1.0, real=1.0, by_chance=refused)
    run.go()
    assert all(answer.done_at is not None for answer in some)
    waits = [wait for _, wait in sorted(refused.items())]
    return max((at + wait for (*_, at), wait in zip(run.refused, waits, strict=False)), default=0.0)


def late(answer: Stream) -> float:
    """Seconds from an answer's last word to its being whole."""
    return (answer.done_at or 0.0) - answer.end


def in_a_row(first: int, times: int, retry_after: float) -> dict[int, float]:
    return dict.fromkeys(range(first, first + times), retry_after)


@pytest.mark.parametrize(
    ("refused", "most"),
    [
        *((in_a_row(number, 1, 2.0), 4.0) for number in range(1, 9)),
        *((in_a_row(number, 3, 2.0), 8.0) for number in range(1, 9)),
        *((in_a_row(number, 6, 3.0), 21.0) for number in range(1, 9)),
        (in_a_row(5, 1, 1.0), 3.0),
        (in_a_row(5, 1, 30.0), 32.0),
        (in_a_row(5, 1, 57.0), 59.0),
        ({3: 2.0, 5: 2.0, 6: 4.0}, 9.0),
    ],
)
def test_an_answer_of_four_seconds_is_whole_as_soon_as_slack_allows(refused: dict[int, float], most: float) -> None:
    [answer] = some = answers(1, 4.0)
    allowed = written(some, refused)
    assert answer.done_at is not None
    assert answer.done_at <= max(answer.end, allowed) + SOON
    assert late(answer) < most


@settings(deadline=None, max_examples=examples(25))
@given(
    seconds=st.floats(1.0, 15.0),
    refused=st.builds(in_a_row, st.integers(1, 14), st.integers(0, 6), st.floats(1.0, 12.0)),
)
def test_an_ending_stands_two_seconds_after_the_last_moment_that_slack_has_named(
    seconds: float, refused: dict[int, float]
) -> None:
    [answer] = some = answers(1, seconds)
    allowed = written(some, refused)
    assert answer.done_at is not None
    assert answer.done_at <= max(answer.end, allowed) + SOON


@settings(deadline=None, max_examples=examples(25))
@given(
    seconds=st.floats(1.0, 15.0),
    refused=st.dictionaries(st.integers(1, 14), st.floats(1.0, 12.0), max_size=6),
)
def test_refusals_with_calls_between_them_prove_a_lower_limit_which_an_ending_meets_within_seconds(
    seconds: float, refused: dict[int, float]
) -> None:
    [answer] = some = answers(1, seconds)
    allowed = written(some, refused)
    assert answer.done_at is not None
    assert answer.done_at <= max(answer.end, allowed) + PROVEN


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize(("number", "retry_after"), [(3, 2.0), (9, 2.0), (15, 5.0), (21, 20.0)])
def test_many_that_end_at_once_come_a_second_apart_and_the_oldest_first(
    replicas: int, number: int, retry_after: float
) -> None:
    some = answers(10, 4.0, replicas=replicas)
    allowed = written(some, {number: retry_after}, replicas=replicas)
    ends = [answer.done_at or 0.0 for answer in some]
    by_edits = [end for answer, end in zip(some, ends, strict=True) if answer.writes > 1 and end > allowed]
    assert by_edits == sorted(by_edits)
    for rank, end in enumerate(by_edits):
        assert end <= max(allowed, some[-1].end) + SOON + rank * (APART + 0.1)


def test_progress_is_as_before_a_minute_after_a_single_refusal() -> None:
    [answer] = some = answers(1, 80.0)
    written(some, {12: 2.0})
    assert max(answer.lags) < 5.0  # Slack's word, and the pace that explains it
    lately = [lag for lag, word in zip(answer.lags, answer.words, strict=True) if word > 8.0 + DOUBT]
    assert lately
    assert max(lately) < 1.5
