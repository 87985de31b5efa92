"""The buttons under an answer: under a whole one alone, in the write that ends it, by edits and by a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import Interrupted
from bot.flowise.events import Token
from bot.records.thread import StopOutcome, question_of
from bot.reply.contract import (
    AnswerButtons,
    ArrivedEvent,
    Failed,
    FetchingRest,
    Finished,
    Footnote,
    Place,
    Sentence,
    Stopped,
    Thinking,
)
from bot.reply.edited import EditedReply
from bot.reply.paged import PagedAnswer
from bot.reply.streamed import StreamedReply
from bot.reply.streams import Mode, StreamSupport
from bot.slack.calls import Accepted, Call, Posted, PostMessage, SetStatus, StopStream, UpdateMessage
from bot.slack.text.answer_blocks import REGENERATE
from bot.slack.text.block import Blocks

OFFERED = AnswerButtons("T1:C1:1.0", "a1b2c3d4", regenerates=True)
PLACE = Place("C1", "1.0", "U1", team="T1", since="1.0")


def actions(blocks: Blocks) -> list[str]:
    """The names of the actions of all buttons."""
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [str(element["action_id"]) for row in rows for element in row]  # type: ignore[attr-defined]


def shown(*events: ArrivedEvent) -> tuple[Blocks, ...]:
    answer = PagedAnswer()
    for event in events:
        answer.receive(event)
    return tuple(page.blocks for page in answer.pages(shows_work=False))


@pytest.mark.parametrize(
    ("events", "offered"),
    [
        ((Token("one"), OFFERED, Finished()), True),
        ((Token("one"), AnswerButtons("T1:C1:1.0", "a1b2c3d4"), Finished()), False),
        ((Token("one"), OFFERED), False),
        ((Token("one"), OFFERED, FetchingRest()), False),
        ((Token("one"), OFFERED, Failed(Interrupted("x"), "a1b2c3d4")), False),
        ((Token("one"), OFFERED, Stopped(StopOutcome.FINISHED)), False),
        ((OFFERED, Finished()), False),
        ((Sentence("A sentence of ours."), OFFERED, Finished()), False),
    ],
)
def test_a_whole_answer_with_words_alone_can_be_regenerated(events: tuple[ArrivedEvent, ...], offered: bool) -> None:
    pages = shown(*events)
    assert [name for blocks in pages for name in actions(blocks)] == [REGENERATE] * offered


def test_its_button_stands_above_the_footnote_and_names_the_question_alone() -> None:
    [blocks] = shown(Token("one"), OFFERED, Footnote("a footnote"), Finished())
    assert [block["type"] for block in blocks] == ["rich_text", "actions", "context"]
    elements: Any = blocks[1]["elements"]
    [button] = elements
    assert question_of(button["value"]) == ("T1:C1:1.0", "a1b2c3d4")
    assert json.loads(button["value"]) == ["T1:C1:1.0", "a1b2c3d4"]


def test_no_message_is_posted_for_it_alone() -> None:
    """Whatever the length of the last message."""
    for length in range(9_900, 10_001):
        text = "word " * (length // 5)
        assert len(shown(Token(text), OFFERED, Finished())) <= len(shown(Token(text), Finished()))


@pytest.mark.parametrize("offers", [True, False])
def test_it_costs_no_edit(offers: bool) -> None:
    reply = EditedReply(PLACE, reference="a1b2c3d4", interval=1.0, has_status=True)
    calls: list[Call] = []
    now = 0.0

    def bring(*events: ArrivedEvent) -> None:
        nonlocal now
        for event in events:
            reply.receive(event, now)
        for _ in range(10):
            now += 5.0
            call = reply.next_call(now)
            if call is None:
                return
            calls.append(call)
            reply.answered(call, Posted("2.0") if isinstance(call, PostMessage) else Accepted(), now)

    bring(Thinking(), Token("one"))
    bring(*([OFFERED] if offers else []), Finished())
    writes = [call for call in calls if not isinstance(call, SetStatus)]
    assert [type(call) for call in writes] == [PostMessage, UpdateMessage]
    assert isinstance(writes[-1], UpdateMessage)
    assert actions(writes[-1].blocks) == [REGENERATE] * offers


def test_a_stream_has_it_in_the_call_that_ends_it() -> None:
    reply = StreamedReply(PLACE, reference="a1b2c3d4", interval=1.0, most=10, streams=StreamSupport(Mode.STREAM))
    calls: list[Call] = []
    now = 0.0
    for events in ((Thinking(), Token("one ")), (Token("two"), OFFERED, Finished())):
        for event in events:
            reply.receive(event, now)
        for _ in range(10):
            now += 5.0
            if (call := reply.next_call(now)) is None:
                break
            calls.append(call)
            reply.answered(call, Accepted() if isinstance(call, SetStatus | StopStream) else Posted("2.0"), now)
    assert reply.left is None
    last = calls[-1]
    assert isinstance(last, StopStream)
    assert actions(last.blocks) == [REGENERATE]
