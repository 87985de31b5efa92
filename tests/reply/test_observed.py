"""What observers are told of an answer: played by hand, with times as numbers, on a real reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.errors import BotError, FlowiseBroke, Interrupted
from bot.flowise.events import Token
from bot.records.thread import Thread
from bot.reply.contract import Failed, Finished, Place, Queued, ReplyEvent, Sentence, Thinking, WaitingForRun
from bot.reply.edited import EditedReply
from bot.reply.observed import AnswerContext, Answers, ObservedReply, Outcome, Repair, Waiting
from bot.slack.calls import Accepted, Call, Limited, Lost, Posted, PostMessage, Refused, Result, SetStatus

ASKED = AnswerContext(Thread("T1", "C1", "1.0"), "abc123", age=2.0)
BROKE = FlowiseBroke("cut")


@dataclass
class Notes:
    """An observer, and the one who gives it, that write down what they are told."""

    told: list[tuple[object, ...]] = field(default_factory=list)

    def answer(self, asked: AnswerContext) -> Notes:
        self.told.append(("answer", asked.reference))
        return self

    def took_over(self) -> None:
        self.told.append(("took over",))

    def waiting(self, why: Waiting) -> None:
        self.told.append(("waiting", why))

    def waited(self, why: Waiting, seconds: float) -> None:
        self.told.append(("waited", why, seconds))

    def first_token(self) -> None:
        self.told.append(("first token",))

    def first_shown(self, seconds: float) -> None:
        self.told.append(("first shown", seconds))

    def shown(self, arrived: Sequence[float], now: float) -> None:
        self.told.append(("shown", [now - at for at in arrived]))

    def repaired(self, how: Repair) -> None:
        self.told.append(("repaired", how))

    def ended(self, outcome: Outcome, error: BotError | None) -> None:
        self.told.append(("ended", outcome, error))


def begun(*, has_status: bool = False) -> tuple[ObservedReply, Notes]:
    place = Place(channel="C1", thread_ts="1.0", user="U1")
    inner = EditedReply(place, reference="abc123", interval=1.2, has_status=has_status)
    notes = Notes()
    reply = Answers([notes]).observed(inner, ASKED)
    notes.told.clear()
    return reply, notes


def given(reply: ObservedReply, now: float) -> Call:
    call = reply.next_call(now)
    assert call is not None
    return call


def play(reply: ObservedReply, events: list[ReplyEvent], now: float, result: Result | None = None) -> None:
    """These events, then every call that is due; the first one has that result."""
    for event in events:
        reply.receive(event, now)
    while (call := reply.next_call(now)) is not None:
        reply.answered(call, result or (Posted("5.0") if isinstance(call, PostMessage) else Accepted()), now)
        result = None


def test_first_text_is_counted_from_the_question_and_text_from_when_it_came() -> None:
    reply, notes = begun()
    assert reply.next_call(100.0) is None
    reply.receive(Thinking(), 100.0)
    reply.receive(Token("one "), 101.0)
    reply.receive(Token("two "), 101.5)
    post = given(reply, 102.0)
    reply.receive(Token("three "), 102.2)  # while the call is under way: it is not in it
    reply.answered(post, Posted("5.0"), 103.0)
    play(reply, [Finished()], 106.0)
    reply.close()
    assert notes.told == [
        ("first token",),
        ("first shown", 5.0),
        ("shown", [2.0, 1.5]),
        ("shown", [pytest.approx(3.8)]),
        ("ended", Outcome.FINISHED, None),
    ]


def test_a_status_line_shows_no_text_and_a_call_that_did_not_happen_shows_none_either() -> None:
    reply, notes = begun(has_status=True)
    reply.receive(Thinking(), 0.0)
    status = given(reply, 0.0)
    assert isinstance(status, SetStatus)
    reply.receive(Token("one "), 0.1)
    assert reply.next_call(0.1) is not None  # the pump looks again, and makes the call that was offered all the same
    reply.answered(status, Accepted(), 0.2)
    reply.answered(given(reply, 0.5), Limited(1.0), 0.6)
    assert notes.told == [("first token",)]
    play(reply, [Finished()], 2.1)
    assert notes.told[1:] == [("first shown", 4.1), ("shown", [2.0])]


def test_waits_are_told_when_they_begin_and_when_they_end() -> None:
    reply, notes = begun()
    play(reply, [Queued()], 10.0)
    play(reply, [WaitingForRun()], 14.0)
    play(reply, [Thinking()], 15.5)
    assert notes.told == [
        ("waiting", Waiting.TURN),
        ("waited", Waiting.TURN, 4.0),
        ("waiting", Waiting.EARLIER_RUN),
        ("waited", Waiting.EARLIER_RUN, 1.5),
    ]


def test_a_wait_ends_with_the_answer() -> None:
    reply, notes = begun()
    play(reply, [Queued()], 10.0)
    assert reply.next_call(13.0) is None
    reply.close()
    assert notes.told[1] == ("waited", Waiting.TURN, 3.0)


@pytest.mark.parametrize(
    ("result", "how"), [(Posted("5.0", found=True), Repair.FOUND), (Posted("5.0"), Repair.WRITTEN_AGAIN)]
)
def test_a_post_whose_answer_was_lost_is_repaired(result: Result, how: Repair) -> None:
    reply, notes = begun()
    play(reply, [Token("one")], 0.0, Lost("reset"))
    assert not [told for told in notes.told if told[0] in {"shown", "repaired"}]
    at = reply.wake_at(0.0)
    assert at is not None
    play(reply, [], at, result)
    assert [told for told in notes.told if told[0] == "repaired"] == [("repaired", how)]
    play(reply, [Finished()], at + 5.0)
    assert len([told for told in notes.told if told[0] == "repaired"]) == 1


@pytest.mark.parametrize(
    ("last", "outcome", "error"),
    [
        (Finished(), Outcome.FINISHED, None),
        (Failed(BROKE, "abc123"), Outcome.FAILED, BROKE),
        (Failed(Interrupted("the bot was stopped"), "abc123"), Outcome.INTERRUPTED, None),
    ],
)
def test_the_last_word_is_the_outcome(last: ReplyEvent, outcome: Outcome, error: BotError | None) -> None:
    reply, notes = begun()
    play(reply, [Sentence("a sentence"), last], 0.0)
    assert reply.done
    reply.close()
    assert notes.told == [("ended", outcome, error)]


def test_an_answer_that_slack_refuses_is_not_delivered() -> None:
    reply, notes = begun()
    play(reply, [Sentence("a sentence"), Finished()], 0.0, Refused("restricted_action"))
    assert reply.given_up
    reply.close()
    assert notes.told[-1] == ("ended", Outcome.NOT_DELIVERED, None)


def test_an_answer_without_a_last_word_is_a_mistake_of_ours() -> None:
    reply, notes = begun()
    play(reply, [Token("one")], 0.0)
    reply.close()
    [*_, (_, outcome, error)] = notes.told
    assert (outcome, type(error)) == (Outcome.FAILED, BotError)


def test_an_answer_that_another_replica_goes_on_with_did_not_fail() -> None:
    reply, notes = begun()
    play(reply, [Token("one")], 0.0)
    reply.taken_over()
    reply.close()
    assert notes.told[-1] == ("ended", Outcome.TAKEN_OVER, None)


def test_everybody_is_told_and_nobody_is_needed() -> None:
    one, other = Notes(), Notes()
    Answers([one, other]).took_over()
    assert one.told == other.told == [("took over",)]
    reply = Answers().observed(
        EditedReply(Place("C1", None, "U1"), reference="abc123", interval=1.2, has_status=False), ASKED
    )
    play(reply, [Token("one"), Finished()], 0.0)
    reply.close()
    assert reply.done
