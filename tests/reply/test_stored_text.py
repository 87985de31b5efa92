"""The stored text of an answer takes the place of what was streamed, in the one edit that ends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from bot.errors import FlowiseBroke, RunState
from bot.flowise.events import CalledTools, Token, UsedTools
from bot.reply.arriving import Arriving
from bot.reply.contract import (
    LONGEST,
    Failed,
    Finished,
    Footnote,
    Place,
    Reply,
    StoredText,
    TextComplete,
    Thinking,
    TurnEvent,
)
from bot.reply.edited import EditedReply
from bot.reply.native_first import NativeFirst
from bot.reply.paged import PagedAnswer
from bot.reply.responded import RespondedReply
from bot.reply.streams import Mode, StreamSupport
from bot.slack import wording
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    DeleteMessage,
    Lost,
    Posted,
    PostMessage,
    Respond,
    Result,
    SetStatus,
    StartStream,
    StopStream,
    UpdateMessage,
)
from bot.slack.text.blocks import shown

PLACE = Place("C1", "1.1", "U1", team="T1", since="1.1")
PREAMBLE = "Let me look that up for you."
SAID = "It is 42."
TOOL = CalledTools(("calculator",))
PARAGRAPH = "A sentence of some words, and a few more of them.\n\n"


class Channel:
    """Takes the calls of a reply: what stands in its messages, each state of it, and the calls."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self._arriving = Arriving()
        self.messages: dict[str, str] = {}
        self.seen: list[str] = []
        self.calls: list[Call] = []
        self.now = 0.0

    def told(self, *events: TurnEvent) -> None:
        """Pass the events on, without a call."""
        for event in events:
            for arrived in self._arriving.receive(event):
                self.reply.receive(arrived, self.now)

    def hears(self, *events: TurnEvent) -> None:
        """Pass the events on, each with all calls that follow."""
        for event in events:
            self.told(event)
            for _ in range(12):
                self.now += 1
                if (call := self.reply.next_call(self.now)) is not None:
                    self.calls.append(call)
                    self.reply.answered(call, self._made(call), self.now)
                    self.seen.append(self.text)

    @property
    def text(self) -> str:
        return "\n---\n".join(self.messages.values())

    @property
    def counts(self) -> Counter[str]:
        return Counter(type(call).__name__ for call in self.calls if not isinstance(call, SetStatus))

    def _made(self, call: Call) -> Result:
        ts = f"1.{len(self.calls) + 2}"
        match call:
            case PostMessage(blocks=blocks) | Respond(blocks=blocks):
                self.messages[ts] = shown(blocks)
                return Posted(ts)
            case StartStream(markdown=text):
                self.messages[ts] = text
                return Posted(ts)
            case UpdateMessage(ts=known, blocks=blocks):
                self.messages[known] = shown(blocks)
            case AppendStream(ts=known, markdown=text) | StopStream(ts=known, markdown=text):
                self.messages[known] += text
            case DeleteMessage(ts=known):
                del self.messages[known]
        return Accepted()


Make = Callable[[], Channel]


def edits() -> Channel:
    return Channel(EditedReply(PLACE, reference="r", interval=0.5, has_status=True, most=10))


def stream() -> Channel:
    return Channel(NativeFirst(PLACE, reference="r", interval=0.5, most=10, streams=StreamSupport(Mode.STREAM)))


deliveries = pytest.mark.parametrize("make", [edits, stream], ids=["edits", "stream"])


@deliveries
@pytest.mark.parametrize("parts", [[SAID], list(SAID), ["It is", " 42", "."]], ids=["whole", "letters", "pieces"])
def test_it_is_what_stands_at_the_end_and_nothing_of_it_is_seen_before(make: Make, parts: Sequence[str]) -> None:
    channel = make()
    channel.hears(Thinking(), Token(PREAMBLE), TOOL, Token(SAID), UsedTools(("calculator",)))
    before, seen = channel.text, len(channel.seen)
    assert PREAMBLE in before
    for number, part in enumerate(parts):
        channel.hears(StoredText(part, begins=number == 0))
    assert len(channel.seen) == seen  # it stays as it is, growing
    channel.hears(Finished())
    assert channel.reply.done
    [text] = channel.messages.values()
    assert text.splitlines()[0] == SAID
    assert PREAMBLE not in text
    assert wording.GROWING not in text
    assert "calculator" in text


def calls_of(channel: Channel, *last: TurnEvent) -> Counter[str]:
    channel.hears(Thinking(), Token(PREAMBLE), TOOL, Token(SAID), *last, Finished())
    assert channel.reply.done
    return channel.counts


def test_by_edits_it_costs_none() -> None:
    assert calls_of(edits(), StoredText(SAID)) == calls_of(edits())


def test_a_stream_is_given_up_for_one_edit() -> None:
    plain, replaced = calls_of(stream()), calls_of(stream(), StoredText(SAID))
    assert plain["UpdateMessage"] == 0
    assert replaced["UpdateMessage"] == 1
    assert replaced - plain == Counter(UpdateMessage=1)


@deliveries
def test_where_nothing_stands_yet_it_is_posted_whole(make: Make) -> None:
    channel = make()
    channel.told(Thinking(), Token(PREAMBLE), TOOL, Token(SAID), StoredText(SAID), Finished())
    channel.hears(Footnote("small"))
    assert channel.counts == Counter(PostMessage=1)
    assert channel.text.splitlines()[0] == SAID


@deliveries
def test_a_shorter_text_leaves_no_message_too_many(make: Make) -> None:
    channel = make()
    channel.hears(Thinking(), *(Token(PARAGRAPH * 50) for _ in range(12)))
    assert len(channel.messages) > 2
    first = next(iter(channel.messages))
    channel.hears(StoredText(SAID), Finished())
    assert channel.reply.done
    assert channel.messages == {first: SAID}


@deliveries
def test_a_longer_text_goes_on_in_further_messages(make: Make) -> None:
    channel = make()
    channel.hears(Thinking(), Token(PREAMBLE))
    text = PARAGRAPH * 600
    for start in range(0, len(text), 4_000):
        channel.hears(StoredText(text[start : start + 4_000], begins=start == 0))
    assert len(channel.messages) == 1
    channel.hears(Finished(), Footnote("small"), Footnote("small"))
    assert channel.reply.done
    assert channel.text.count("A sentence") == 600
    assert PREAMBLE not in channel.text


def test_a_stream_that_fails_meanwhile_leaves_nothing_of_the_old_text() -> None:
    channel = stream()
    channel.hears(Thinking(), *(Token(PARAGRAPH * 50) for _ in range(6)))
    assert len(channel.messages) > 1
    channel.told(Token(PARAGRAPH * 50))
    while isinstance(call := channel.reply.next_call(channel.now), SetStatus):
        channel.reply.answered(call, Accepted(), channel.now)
    # A call is under way when the text comes, and its reply is lost.
    assert isinstance(call, AppendStream)
    channel.told(StoredText(SAID[:3]))
    channel.reply.answered(call, Lost("gone"), channel.now)
    seen = len(channel.seen)
    channel.hears(StoredText(SAID[3:], begins=False))
    assert len(channel.seen) == seen
    channel.hears(Finished(), Footnote("small"), Footnote("small"))
    assert channel.reply.done
    assert channel.text.splitlines()[0] == SAID
    assert "A sentence" not in channel.text


@deliveries
@pytest.mark.parametrize("last", [(), (StoredText(SAID),)], ids=["the same", "replaced"])
def test_no_write_is_wasted_on_an_answer_whose_end_is_near(make: Make, last: tuple[TurnEvent, ...]) -> None:
    channel = make()
    channel.told(Thinking(), Token(PREAMBLE), Token(SAID), TextComplete())
    calls = [channel.reply.next_call(now) for now in (0.0, 0.1, 0.5, 0.99)]
    assert [call for call in calls if not isinstance(call, SetStatus | None)] == []
    channel.now = 0.5
    channel.hears(*last, Finished())
    assert channel.counts == Counter(PostMessage=1)


@deliveries
def test_the_last_words_are_shown_where_the_end_does_not_come(make: Make) -> None:
    channel = make()
    channel.hears(Thinking(), Token(PREAMBLE))
    channel.told(Token(SAID), TextComplete())
    written: list[float] = []
    for tenths in range(20):
        call = channel.reply.next_call(channel.now + tenths / 10)
        if isinstance(call, SetStatus):
            channel.reply.answered(call, Accepted(), channel.now + tenths / 10)
        elif call is not None:
            written.append(tenths / 10)
    assert written[0] == 1.0
    assert channel.reply.wake_at(channel.now) == channel.now + 1.0


def test_an_answer_that_ends_early_shows_what_has_come() -> None:
    channel = edits()
    error = FlowiseBroke("gone", run=RunState.UNKNOWN)
    channel.hears(Thinking(), Token(PREAMBLE), StoredText(SAID), Failed(error, "12345678"))
    assert channel.reply.done
    assert channel.text.splitlines()[0] == SAID


def test_through_a_response_url_it_is_all_there_is() -> None:
    channel = Channel(RespondedReply(PLACE, invite="/invite @bot"))
    channel.hears(Thinking(), Token(PREAMBLE), TOOL, Token(SAID), StoredText(SAID), Finished())
    assert list(channel.messages.values())[1:] == [SAID]


def test_what_is_no_text_goes_from_it_as_well() -> None:
    channel = edits()
    channel.hears(Thinking(), Token(PREAMBLE), StoredText("<think>a pl"), StoredText("an</think>It", begins=False))
    channel.hears(StoredText(" is 42.", begins=False), Finished())
    assert channel.text == SAID


def test_the_remark_on_a_text_that_is_too_long_goes_with_that_text() -> None:
    arriving, answer = Arriving(), PagedAnswer(most=3)
    for event in (Token("x" * (LONGEST + 1)), StoredText(SAID), Finished()):
        for arrived in arriving.receive(event):
            answer.receive(arrived)
    while answer.behind:
        answer.catch_up()
    [page] = answer.pages(shows_work=False)
    assert shown(page.blocks) == SAID
