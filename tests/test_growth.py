"""How answers grow, by the calls they are granted."""

from __future__ import annotations

import pytest

from bot.growth import Growth
from bot.ports import Counts


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
    growth = Growth()
    growth.begin("a")
    for method in calls:
        growth.called("a", method)
    assert growth.counts == counts
    growth.end("a")
    assert growth.counts == Counts()


def test_a_sentence_that_is_no_answer_is_not_counted() -> None:
    growth = Growth()
    growth.called("", "chat.postMessage")
    growth.called("a1b2c3-closed", "chat.postMessage")
    assert growth.counts == Counts()


def test_answers_are_counted_apart() -> None:
    growth = Growth()
    for answer in "abc":
        growth.begin(answer)
    growth.called("a", "chat.startStream")
    growth.called("b", "chat.postMessage")
    assert growth.counts == Counts(editing=2, standing=1, streaming=1)
