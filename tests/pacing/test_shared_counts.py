"""Tests how answers are counted by the calls that they are permitted."""

from __future__ import annotations

import pytest

from bot.pacing.shared_counts import SharedCounts
from bot.ports import Counts, ReplicaCounts


@pytest.mark.parametrize(
    ("calls", "counts"),
    [
        ([], Counts(editing=1)),
        (["assistant.threads.setStatus"], Counts(editing=1)),
        (["chat.postMessage"], Counts(editing=1, standing=1)),
        (["chat.postMessage", "chat.update"], Counts(editing=1, standing=1)),
        (["chat.startStream"], Counts(streaming=1)),
        (["chat.startStream", "chat.appendStream", "assistant.threads.setStatus"], Counts(streaming=1)),
        (["chat.startStream", "chat.stopStream"], Counts(editing=1, standing=1)),
        (["chat.startStream", "chat.stopStream", "chat.startStream"], Counts(streaming=1)),
    ],
)
def test_an_answer_grows_by_what_it_was_granted(calls: list[str], counts: Counts) -> None:
    growth = SharedCounts("ours")
    growth.begin("a")
    for method in calls:
        growth.called("a", method)
    assert growth.counts == counts
    growth.end("a")
    assert growth.counts == Counts()


def test_a_sentence_that_is_no_answer_is_not_counted() -> None:
    growth = SharedCounts("ours")
    growth.called("", "chat.postMessage")
    growth.called("a1b2c3-closed", "chat.postMessage")
    assert growth.counts == Counts()


def test_answers_are_counted_apart() -> None:
    growth = SharedCounts("ours")
    for answer in "abc":
        growth.begin(answer)
    growth.called("a", "chat.startStream")
    growth.called("b", "chat.postMessage")
    assert growth.counts == Counts(editing=2, standing=1, streaming=1)


def test_the_others_are_known_as_of_the_last_draw() -> None:
    growth = SharedCounts("ours")
    growth.begin("a")
    growth.called("a", "chat.postMessage")
    growth.grows(20.0)
    told = growth.told()
    assert told == ReplicaCounts("ours", Counts(editing=1, standing=1, speed=20.0))
    growth.begin("b")  # while the draw is under way
    growth.heard(told, Counts(editing=4, standing=2, streaming=1, speed=90.0))
    assert growth.counts == Counts(editing=5, standing=2, streaming=1, speed=110.0)
    growth.alone()
    assert growth.counts == Counts(editing=2, standing=1, speed=40.0)


def test_what_is_told_with_a_draw_is_as_if_it_were_granted() -> None:
    growth = SharedCounts("ours")
    growth.begin("a")
    assert growth.told("a", "chat.startStream").counts == Counts(streaming=1)
    assert growth.told("a", "assistant.threads.setStatus").counts == Counts(editing=1)
    assert growth.told("unknown", "chat.postMessage").counts == Counts(editing=1)
    assert growth.counts == Counts(editing=1)


def test_a_speed_that_cannot_be_judged_is_the_last_one() -> None:
    growth = SharedCounts("ours")
    growth.begin("a")
    growth.grows(30.0)
    growth.grows(0.0)
    assert growth.counts.speed == 30.0
