"""Which messages of a thread are read for a question, by what is known of the thread, and with how many reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from bot.conversation.context import Context
from bot.conversation.question import Question
from bot.errors import SlackRefused, SlackUnavailable
from bot.ports.slack import Slack
from bot.records.thread import Conversation, Thread
from bot.reply.contract import Place
from bot.slack.messages import EarlierMessage
from bot.slack.wording_of_quotes import with_quotes

THREAD = Thread("T1", "C1", "1700000000.000100")
SAID = (
    EarlierMessage("ada", "before"),
    EarlierMessage("bot", "an answer", is_ours=True),
    EarlierMessage("tom", "after"),
)


@dataclass
class Reads:
    """A Slack in which `said` can be read, or an error is met; `asked` is what it was asked for."""

    said: tuple[EarlierMessage, ...] = SAID
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def replies(self, _: Thread, **asked: object) -> tuple[EarlierMessage, ...]:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return self.said


def known(*, answered: bool = True, since: str = "") -> Conversation:
    return Conversation("chat", "flow", 0, 1.0, 1.0, answered=answered, context_since=since)


def question(ts: str = "1700000009.000100", *, joins: bool = True) -> Question:
    return Question(THREAD, Place("C1", THREAD.thread_ts, "U1"), ts, "what now?", "ref", joins=joins)


async def asked(slack: Reads, asks: Question, conversation: Conversation | None, *, limit: int = 20) -> str:
    return await Context(cast("Slack", slack), limit).with_quotes(asks, conversation)


@pytest.mark.parametrize(
    ("conversation", "after", "quoted"),
    [
        (None, "", ("ada", "bot", "tom")),
        (known(answered=False), "", ("ada", "bot", "tom")),
        (known(since="1700000005.000100"), "1700000005.000100", ("ada", "bot", "tom")),
        (known(answered=False, since="1700000005.000100"), "1700000005.000100", ("ada", "bot", "tom")),
        (known(), "", ("tom",)),  # another version noted only that it was answered
    ],
)
async def test_what_is_read_of_a_thread(conversation: Conversation | None, after: str, quoted: tuple[str, ...]) -> None:
    slack = Reads()
    said = [(message.author, message.text) for message in SAID if message.author in quoted]
    assert await asked(slack, question(), conversation) == with_quotes(said, (), "what now?")
    assert slack.asked == [{"before": "1700000009.000100", "limit": 20, "after": after, "asker": "U1"}]


@pytest.mark.parametrize("since", ["", "1700000005.000100"])
async def test_a_question_that_is_asked_anew_has_the_context_it_had_first(since: str) -> None:
    slack, asks = Reads(), replace(question(), since=since)
    said = [(message.author, message.text) for message in SAID]
    assert await asked(slack, asks, known(since=asks.ts)) == with_quotes(said, (), "what now?")
    assert slack.asked == [{"before": asks.ts, "limit": 20, "after": since, "asker": "U1"}]


@pytest.mark.parametrize(
    ("asks", "conversation", "limit"),
    [
        (question(joins=False), known(since="1700000005.000100"), 20),  # in a direct message, or the first of a thread
        (question(), None, 0),
        (question("1700000005.000100"), known(since="1700000005.000100"), 20),  # asked again, and answered meanwhile
        (question("1700000004.999999"), known(since="1700000005.000100"), 20),  # delivered late
    ],
)
async def test_where_nothing_can_have_been_said_nothing_is_read(
    asks: Question, conversation: Conversation | None, limit: int
) -> None:
    slack = Reads()
    assert await asked(slack, asks, conversation, limit=limit) == "what now?"
    assert slack.asked == []


async def test_what_was_stopped_is_not_quoted_and_takes_no_room_from_what_is() -> None:
    said = tuple(EarlierMessage("ada", f"line {n}", ts=f"170000000{n}.000100") for n in range(1, 6))
    slack = Reads(said)
    conversation = replace(known(answered=False), left_out=("1700000002.000100", "1700000005.000100"))
    quoted = [("ada", "line 1"), ("ada", "line 3"), ("ada", "line 4")]
    assert await asked(slack, question(), conversation, limit=3) == with_quotes(quoted, (), "what now?")
    assert [request["limit"] for request in slack.asked] == [5]
    assert await asked(slack, question(), conversation, limit=2) == with_quotes(quoted[1:], (), "what now?")


@pytest.mark.parametrize("error", [SlackRefused("conversations.replies", "missing_scope"), SlackUnavailable("429")])
async def test_where_slack_does_not_tell_the_question_goes_alone(error: Exception) -> None:
    slack = Reads(error=error)
    assert await asked(slack, question(), known(since="1700000005.000100")) == "what now?"
    assert len(slack.asked) == 1


async def test_nothing_that_is_sent_holds_the_sign_that_postgres_cannot_store() -> None:
    slack = Reads(said=(EarlierMessage("a\x00da", "be\x00fore"),))
    asks = replace(question(), text="what\x00 now?", quotes=(EarlierMessage("tom", "quo\x00ted"),))
    text = await Context(cast("Slack", slack), 20).with_quotes(asks, None, ["plan\x00.pdf"])
    assert "\x00" not in text
    assert all(part in text for part in ("before", "quoted", "plan", "what now?"))
