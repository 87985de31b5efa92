"""Tests how answers are counted by the calls that they are permitted."""

from __future__ import annotations

import pytest

from bot.pacing.shared_counts import SharedCounts
from bot.ports.budget import Counts, ReplicaCounts


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
    shared = SharedCounts("ours")
    shared.begin("a")
    for method in calls:
        shared.called("a", method)
    assert shared.counts == counts
    shared.end("a")
    assert shared.counts == Counts()


def test_a_sentence_that_is_no_answer_is_not_counted() -> None:
    shared = SharedCounts("ours")
    shared.called("", "chat.postMessage")
    shared.called("a1b2c3-closed", "chat.postMessage")
    assert shared.counts == Counts()


def test_answers_are_counted_apart() -> None:
    shared = SharedCounts("ours")
    for answer in "abc":
        shared.begin(answer)
    shared.called("a", "chat.startStream")
    shared.called("b", "chat.postMessage")
    assert shared.counts == Counts(editing=2, standing=1, streaming=1)


def test_the_others_are_known_as_of_the_last_draw() -> None:
    shared = SharedCounts("ours")
    shared.begin("a")
    shared.called("a", "chat.postMessage")
    shared.grows(20.0)
    report = shared.report()
    assert report == ReplicaCounts("ours", Counts(editing=1, standing=1, speed=20.0))
    shared.begin("b")  # while the draw is under way
    shared.received(report, Counts(editing=4, standing=2, streaming=1, speed=90.0))
    assert shared.counts == Counts(editing=5, standing=2, streaming=1, speed=110.0)
    shared.alone()
    assert shared.counts == Counts(editing=2, standing=1, speed=40.0)


def test_what_is_told_with_a_draw_is_as_if_it_were_granted() -> None:
    shared = SharedCounts("ours")
    shared.begin("a")
    assert shared.report("a", "chat.startStream").counts == Counts(streaming=1)
    assert shared.report("a", "assistant.threads.setStatus").counts == Counts(editing=1)
    assert shared.report("unknown", "chat.postMessage").counts == Counts(editing=1)
    assert shared.counts == Counts(editing=1)


def test_a_speed_that_cannot_be_judged_is_the_last_one() -> None:
    shared = SharedCounts("ours")
    shared.begin("a")
    shared.grows(30.0)
    shared.grows(0.0)
    assert shared.counts.speed == 30.0
