"""What is no text in an answer, in both ways of delivering it, and what is kept of it."""

from __future__ import annotations

import pytest

from bot.flowise.events import CalledTools, ResultFiles, Token
from bot.reply.arriving import Arriving
from bot.reply.contract import LONGEST, ArrivedEvent, BeganAnew, Finished, Place, Reply, ReplyEvent, Thinking
from bot.reply.edited import EditedReply
from bot.reply.journal import Journal, read
from bot.reply.native_first import NativeFirst
from bot.reply.paged import PagedAnswer
from bot.reply.streams import Mode, StreamSupport
from bot.slack import wording
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    DeleteMessage,
    Posted,
    PostMessage,
    SendFile,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
    Uploaded,
)

PLACE = Place("C1", "1.1", "U1", team="T1", since="1.1")
PICTURE = "data:image/png;base64," + "iVBORw0KGgo" * 6_000


def arrived(*events: ReplyEvent) -> list[ArrivedEvent]:
    """The events of one answer as they are kept and shown."""
    arriving = Arriving()
    return [one for event in events for one in arriving.receive(event)]


class Channel:
    """Takes the calls of a reply, and notes what stands in its messages each time."""

    def __init__(self, *, streams: bool) -> None:
        self.reply: Reply
        if streams:
            support = StreamSupport(Mode.STREAM)
            self.reply = NativeFirst(PLACE, reference="r", interval=0.5, most=10, streams=support)
        else:
            self.reply = EditedReply(PLACE, reference="r", interval=0.5, has_status=True, most=10)
        self.messages: dict[str, str] = {}
        self.seen: list[str] = []
        self.shared: list[str] = []
        self._now = 0.0

    def hears(self, *events: ReplyEvent) -> str:
        """Pass on the events, each with all calls that follow; returns what stands in the end."""
        for event in arrived(Thinking(), *events, Finished()):
            self.reply.receive(event, self._now)
            for _ in range(12):
                self._now += 1
                if (call := self.reply.next_call(self._now)) is not None:
                    self.reply.answered(call, self._made(call), self._now)
                    self.seen.append("\n---\n".join(self.messages.values()))
        assert self.reply.done
        assert not self.reply.given_up
        return "\n---\n".join(self.messages.values())

    def _made(self, call: Call) -> Posted | Accepted | Uploaded:
        ts = f"1.{len(self.seen) + 2}"
        match call:
            case PostMessage(text=text) | StartStream(markdown=text):
                self.messages[ts] = text
                return Posted(ts)
            case UpdateMessage(ts=known, text=text):
                self.messages[known] = text
            case AppendStream(ts=known, markdown=text) | StopStream(ts=known, markdown=text):
                self.messages[known] += text
            case DeleteMessage(ts=known):
                del self.messages[known]
            case SendFile(key=key):
                return Uploaded(f"F{key}")
            case ShareFile(key=key, file_id=file_id):
                assert file_id == f"F{key}"
                self.shared.append(key)
        return Accepted()


deliveries = pytest.mark.parametrize("streams", [False, True], ids=["edits", "stream"])


@deliveries
def test_a_picture_in_the_text_is_attached_once_and_costs_no_message(streams: bool) -> None:
    channel = Channel(streams=streams)
    shown = channel.hears(Token(f"Your chart:\n\n![chart]({PICTURE})\n\n![]({PICTURE})Sales rose by 4 %."))
    assert shown == "Your chart:\n\nchart\n\n(a picture)Sales rose by 4 %."
    assert len(channel.shared) == 1


@deliveries
def test_reasoning_is_not_shown_even_while_it_grows(streams: bool) -> None:
    channel = Channel(streams=streams)
    tokens = ("<th", "ink>", "\nThe user wants 2+2.", "\n</thi", "nk>\n\n", "It is", " 4.")
    assert channel.hears(*map(Token, tokens)) == "It is 4."
    assert all("user" not in seen and "<" not in seen for seen in channel.seen)


@deliveries
def test_reasoning_that_never_closes_is_no_answer(streams: bool) -> None:
    assert Channel(streams=streams).hears(Token("<think>"), Token("a plan")) == wording.NOTHING_TO_SHOW


@deliveries
def test_a_lone_end_of_reasoning_takes_away_what_was_shown(streams: bool) -> None:
    channel = Channel(streams=streams)
    shown = channel.hears(*map(Token, ("My plan ", "is long.\n\n" * 900, "</think>\n\n", "It is", " 4.")))
    assert shown == "It is 4."
    assert any("My plan" in seen for seen in channel.seen)


@deliveries
def test_a_stream_that_is_left_in_the_middle_goes_on_with_what_was_held_back(streams: bool) -> None:
    channel = Channel(streams=streams)
    shown = channel.hears(Token("One <str"), CalledTools(("search",)), Token("<think>no"), Token("</think>Two"))
    assert shown == "One <str\n\nTwo".replace("<", "&lt;" if not streams else "<")


def test_what_is_no_text_does_not_count_against_the_longest_answer() -> None:
    answer = PagedAnswer()
    picture, plan = Token(f"![a]({PICTURE}{'A' * LONGEST}) after"), Token("\n\n<think>" + "x" * LONGEST)
    for event in arrived(picture, plan, Finished()):
        answer.receive(event)
    while answer.behind:
        answer.catch_up()
    assert answer.length < 100
    assert answer.footer() == ()


def test_what_is_no_text_is_not_kept() -> None:
    arriving, journal = Arriving(), Journal()

    def written(text: str) -> str:
        for event in arriving.receive(Token(text)):
            journal.receive(event)
        return journal.written(arriving.held)

    assert len(written(f"My plan</think>One ![a]({PICTURE}")) < 200
    assert len(written(f"{PICTURE[30:]}) two <b")) < 400
    assert read(written(">bold"))[0] == Token("One ![a](data:image,) two **bold")
    said, pictures = read(written("</b> <str"))
    assert said == Token("One ![a](data:image,) two **bold** <str")
    assert isinstance(pictures, ResultFiles)
    assert [file.content for file in pictures.files] == [""]


@pytest.mark.parametrize(
    ("events", "taken"),
    [
        ([Token("a"), Token("")], [Token("a")]),
        ([Token("a <"), Token("b"), Token("> c")], [Token("a "), Token(""), Token("**c")]),
        ([Token("a <"), CalledTools(("t",))], [Token("a "), Token("<"), CalledTools(("t",))]),
        ([Token("a <"), CalledTools(()), Finished()], [Token("a "), CalledTools(()), Token("<"), Finished()]),
        ([Token("plan</think>"), Finished()], [BeganAnew(), Token(""), Finished()]),
        ([Token("x" * (LONGEST + 1)), Token("<b>more")], [Token("x" * (LONGEST + 1)), Token("")]),
    ],
)
def test_each_piece_of_text_says_that_it_has_come(events: list[ReplyEvent], taken: list[ArrivedEvent]) -> None:
    assert arrived(*events) == taken
