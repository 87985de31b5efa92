"""An answer whose connection broke off says so at once, however it grows, and no word of that stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.errors import FlowiseBroke
from bot.flowise.events import CalledTools, Token
from bot.pacing.permits import Kind
from bot.reply.contract import Failed, FetchingRest, Finished, Place, Reply, ReplyEvent, Thinking
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted
from bot.reply.native_first import NativeFirst
from bot.reply.streams import LIFE, Mode, StreamSupport
from bot.slack import wording, wording_of_failures
from bot.slack.calls import Limited, PostMessage, SetStatus, StopStream, UpdateMessage
from tests.reply.test_streamed import Slack

THREAD = Place(channel="C1", thread_ts="1.0", user="U1", team="T1")
FLAT = Place(channel="D1", thread_ts=None, user="U1", team="T1")
FAILED = Failed(FlowiseBroke("x"), "abc123")


def edited(place: Place = THREAD, adopted: Adopted = NOTHING) -> EditedReply:
    has_status = place.thread_ts is not None
    return EditedReply(place, reference="abc123", interval=60.0, has_status=has_status, adopted=adopted)


def streamed(place: Place = THREAD) -> NativeFirst:
    return NativeFirst(place, reference="abc123", interval=1.2, most=10, streams=StreamSupport(Mode.STREAM))


REPLIES: list[tuple[Callable[[Place], Reply], Place]] = [
    (edited, THREAD),
    (edited, FLAT),
    (streamed, THREAD),
    (streamed, FLAT),
]


def told(reply: Reply, slack: Slack, *events: ReplyEvent, now: float) -> None:
    for event in events:
        reply.receive(event, now)
    while (call := reply.next_call(now)) is not None:
        reply.answered(call, slack.make(call, now), now)


@pytest.mark.parametrize(("made", "place"), REPLIES)
@pytest.mark.parametrize("running", [True, False])
def test_what_broke_off_in_the_middle_is_told_and_completed(
    made: Callable[[Place], Reply], place: Place, running: bool
) -> None:
    reply, slack = made(place), Slack()
    told(reply, slack, Thinking(), Token("Half of "), now=0.0)
    told(reply, slack, *([CalledTools(("search",))] if running else []), FetchingRest(), now=1.0)
    assert wording.FETCHING_REST in slack.text
    assert "search" not in slack.text
    assert slack.status == (wording.STATUS_FETCHING if place is THREAD else "")
    told(reply, slack, Token("it."), Finished(), now=30.0)
    assert reply.done
    assert (slack.text.split(), slack.status) == (["Half", "of", "it."], "")


@pytest.mark.parametrize(("made", "place"), REPLIES)
@pytest.mark.parametrize("text", ["", "Half of "])
def test_giving_up_is_told_as_ever(made: Callable[[Place], Reply], place: Place, text: str) -> None:
    reply, slack = made(place), Slack()
    told(reply, slack, Thinking(), *([Token(text)] if text else []), now=0.0)
    told(reply, slack, FetchingRest(), now=1.0)
    assert (wording.FETCHING_REST if text else wording.FETCHING_ANSWER) in slack.text
    told(reply, slack, FAILED, now=60.0)
    assert reply.done
    assert "fetching" not in slack.text
    assert ("This answer is incomplete" in slack.text) is bool(text)
    assert wording_of_failures.failure(FAILED.error, partly=bool(text)) in slack.text
    assert len(slack.messages) == 1
    assert slack.status == ""


def test_it_is_worth_as_much_as_an_ending_and_waits_for_no_interval() -> None:
    reply, slack = edited(), Slack()
    told(reply, slack, Thinking(), now=0.0)
    for number in range(40):  # by now the answer may be edited once a minute
        told(reply, slack, Token(f"word{number} "), now=1.0 + number / 10)
    told(reply, slack, Token("more"), now=6.0)
    assert isinstance(slack.calls[-1], UpdateMessage)
    reply.receive(FetchingRest(), 6.1)
    call = reply.next_call(6.1)
    assert isinstance(call, SetStatus)
    reply.answered(call, Limited(4.0), 6.1)  # the message says it all the same
    call = reply.next_call(6.1)
    assert isinstance(call, UpdateMessage)
    assert (reply.want(6.1).kind, reply.want(6.1).waits) == (Kind.ENDING, True)


def test_where_nothing_is_known_of_what_stands_only_the_status_says_so() -> None:
    reply, slack = edited(adopted=Adopted(("5.5",), look=True)), Slack(messages={"5.5": "Half of"})
    told(reply, slack, Thinking(), FetchingRest(quietly=True), now=0.0)
    assert slack.messages == {"5.5": "Half of"}
    assert slack.status == wording.STATUS_FETCHING
    told(reply, slack, Token("Half of it."), Finished(), now=30.0)
    assert slack.messages == {"5.5": "Half of it."}
    assert slack.status == ""


def test_a_stream_that_has_gone_on_in_another_message_keeps_the_first_one() -> None:
    reply, slack = streamed(), Slack()
    told(reply, slack, Thinking(), Token("One.\n\n"), now=0.0)
    told(reply, slack, Token("Two.\n\n"), now=LIFE + 1)
    assert isinstance(slack.calls[-1], StopStream)
    told(reply, slack, FetchingRest(), now=LIFE + 2)
    told(reply, slack, Token("Three."), Finished(), now=LIFE + 9)
    assert reply.done
    assert slack.text.split() == ["One.", "Two.", "Three."]
    assert not any(isinstance(call, PostMessage) for call in slack.calls)
