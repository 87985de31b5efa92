"""What can be pressed stands under a whole answer alone, comes with its last edit, and costs it nothing else."""

from __future__ import annotations

import json

import pytest

from bot.errors import FlowiseFailed
from bot.flowise.events import Token, WordsWhole
from bot.playground.slack.blocks import check_blocks
from bot.playground.slack.pings import pings
from bot.records.thread import StopOutcome
from bot.reply.contract import (
    AnswerButtons,
    ArrivedEvent,
    Failed,
    Finished,
    Place,
    Sentence,
    Stopped,
    Thinking,
)
from bot.reply.edited import END_IS_NEAR, EditedReply
from bot.slack.calls import Accepted, Call, Posted, PostMessage, Refused, Result, SetStatus, UpdateMessage
from bot.slack.text.answer_blocks import ANSWER_BUTTONS
from bot.slack.text.blocks import shown

HOSTILE = "<!channel> *[x](https://evil.example)* <@U1> " + "y" * 200
OFFERED = AnswerButtons("T1:C1:1.0", "a1b2c3", ("What else?", HOSTILE), rates=True)


def answer(stop: str = "value") -> EditedReply:
    place = Place(channel="C1", thread_ts="1.0", user="U1")
    return EditedReply(place, reference="abc123", interval=1.2, has_status=True, stop=stop)


def play(reply: EditedReply, *events: ArrivedEvent, now: float, refuses: str = "") -> list[Call]:
    """Take events, and make every call that is due at this moment; Slack refuses blocks of that name."""
    made: list[Call] = []
    for event in events:
        reply.receive(event, now)
    while (call := reply.next_call(now)) is not None:
        made.append(call)
        result: Result = Posted("1.5") if isinstance(call, PostMessage) else Accepted()
        if refuses and refuses in offered(call):
            result = Refused("invalid_blocks")
        reply.answered(call, result, now)
    return [call for call in made if not isinstance(call, SetStatus)]


def offered(call: Call) -> list[str]:
    """The names of the blocks of buttons in a message that is written."""
    blocks = call.blocks if isinstance(call, PostMessage | UpdateMessage) else ()
    return [name for block in blocks if (name := block.get("block_id")) in ANSWER_BUTTONS and isinstance(name, str)]


def test_they_come_with_the_last_edit_and_are_inert() -> None:
    reply = answer()
    play(reply, Thinking(), Token("Hello"), now=0.0)
    [last] = play(reply, Token(" world."), OFFERED, Finished(), now=2.0)
    assert offered(last) == list(ANSWER_BUTTONS)
    assert isinstance(last, UpdateMessage)
    check_blocks(last.blocks)
    assert pings(last.text, last.blocks, (), frozenset(), parse=True) == []
    assert last.text == "Hello world."  # a notification reads no buttons
    assert HOSTILE[:50] not in shown(last.blocks[:1])
    assert reply.done


@pytest.mark.parametrize("last", [Stopped(StopOutcome.GOES_ON), Failed(FlowiseFailed("x"), "a1b2c3")])
def test_there_are_none_under_what_is_not_whole(last: ArrivedEvent) -> None:
    reply = answer()
    calls = play(reply, Thinking(), Token("Hello"), OFFERED, now=0.0)
    calls += play(reply, last, now=2.0)
    assert not any(map(offered, calls))


def test_a_sentence_of_ours_has_them_too() -> None:
    [call] = play(answer(), Sentence("Here is how to ask me."), OFFERED, Finished(), now=0.0)
    assert offered(call) == list(ANSWER_BUTTONS)


def test_where_slack_refuses_them_the_answer_stands_as_rich_as_before() -> None:
    reply = answer()
    play(reply, Thinking(), Token("**Hello**"), now=0.0)
    first, second = play(reply, OFFERED, Finished(), now=2.0, refuses=ANSWER_BUTTONS[1])
    assert offered(first)
    assert isinstance(second, UpdateMessage)
    assert not offered(second)
    assert "bold" in json.dumps(second.blocks)
    assert reply.done


def test_an_end_that_is_near_is_waited_for_with_the_mark() -> None:
    reply = answer()
    play(reply, Thinking(), Token("Hello"), now=0.0)
    assert play(reply, Token(" world."), WordsWhole(), now=2.0) == []
    assert reply.wake_at(2.0) == 2.0 + END_IS_NEAR
    [last] = play(reply, OFFERED, Finished(), now=2.1)
    assert offered(last)
    assert reply.done


def test_words_that_are_whole_lose_the_mark_and_the_end_costs_one_edit_more() -> None:
    reply = answer()
    play(reply, Thinking(), Token("Hello *wor"), now=0.0)
    play(reply, Token("ld*"), WordsWhole(), now=2.0)
    [whole] = play(reply, now=2.0 + END_IS_NEAR)
    assert isinstance(whole, UpdateMessage)
    assert "".join(shown(whole.blocks).splitlines()) == "Hello world"
    assert "stop" not in json.dumps(whole.blocks)
    for later in (3.0, 12.0, 100.0):  # nor is there a status again
        assert play(reply, now=later) == []
    assert [len(play(reply, event, now=110.0)) for event in (OFFERED, Finished())] == [0, 1]
    assert reply.done


def test_where_nothing_is_offered_the_end_costs_none() -> None:
    reply = answer()
    play(reply, Thinking(), Token("Hello"), now=0.0)
    play(reply, WordsWhole(), now=2.0)
    assert len(play(reply, now=3.0)) == 1
    assert play(reply, Finished(), now=9.0) == []
    assert reply.done


def test_words_that_come_nevertheless_grow_again() -> None:
    reply = answer()
    play(reply, Thinking(), Token("Hello"), now=0.0)
    play(reply, WordsWhole(), now=2.0)
    play(reply, now=3.0)
    [more] = play(reply, Token(" and more"), now=6.0)
    assert shown(more.blocks if isinstance(more, UpdateMessage) else ()).splitlines()[:2] == ["Hello and more", "…"]
