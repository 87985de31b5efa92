"""Slack refuses what we send: the answer goes on in a plainer form, in its messages and with one file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import FlowiseBroke
from bot.flowise.events import SourceDocument, SourceDocuments, Token
from bot.playground.slack.pings import pings
from bot.reply.contract import Failed, Finished, Place, Reply, Thinking
from bot.reply.edited import EditedReply
from bot.reply.native_first import NativeFirst
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
    PostEphemeral,
    PostMessage,
    Refused,
    Respond,
    Result,
    SendFile,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
    Uploaded,
)
from bot.slack.refusals import SHAPE
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import shown
from bot.slack.text.limits import MESSAGE_TEXT
from tests.examples import examples

PLACE = Place("C1", "1.1", "U1", team="T1")
LONG = "".join(f"Paragraph {number} says <!channel> & a few more words.\n\n" + "word " * 150 for number in range(28))
LIVE = re.compile(
    r"<!(?:here|channel|everyone|subteam|date)\b|<[@#][A-Z0-9]|(?<![\w\u2060])@(?:here|channel|everyone)\b"
)


@dataclass
class Slack:
    """Keeps what stands, and every version of it. It refuses with `word` after so many calls, `times` times, whatever
    brings blocks or, with `everything`, whatever writes a message."""

    word: str = ""
    after: int = 0
    times: int = 0
    everything: bool = False
    messages: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    versions: list[tuple[str, Blocks]] = field(default_factory=list)
    ephemerals: int = 0
    most_at_once: int = 0
    made: int = 0

    def make(self, call: Call) -> Result:
        blocks: Blocks = getattr(call, "blocks", ())
        if blocks or (self.everything and not isinstance(call, SendFile | ShareFile)):
            self.after -= 1
            if self.after < 0 < self.times:
                self.times -= 1
                return Refused(self.word)
        self.made += 1
        match call:
            case PostMessage(text=text) | UpdateMessage(text=text):
                assert len(text) <= MESSAGE_TEXT
                ts = call.ts if isinstance(call, UpdateMessage) else str(self.made)
                self.messages[ts] = shown(blocks) or text
                self.versions.append((text, blocks))
            case StartStream(markdown=markdown):
                ts = str(self.made)
                self.messages[ts] = markdown
                self.versions.append(("", ({"type": "markdown", "text": markdown},)))
            case AppendStream(ts=ts, markdown=markdown) | StopStream(ts=ts, markdown=markdown):
                self.messages[ts] += markdown + shown(blocks)
                self.versions.append(("", ({"type": "markdown", "text": self.messages[ts]},)))
            case DeleteMessage(ts=ts):
                del self.messages[ts]
            case SendFile(content=content):
                assert content is not None
                self.files.append(bytes(content).decode())
                return Uploaded("F1")
            case PostEphemeral():
                self.ephemerals += 1
        self.most_at_once = max(self.most_at_once, len(self.messages))
        return Posted(ts) if isinstance(call, PostMessage | StartStream) else Accepted()

    @property
    def text(self) -> str:
        return "\n".join(self.messages.values())


def edited(most: int = 2) -> EditedReply:
    return EditedReply(PLACE, reference="r", interval=1.2, has_status=True, most=most)


def streamed(most: int = 2) -> NativeFirst:
    return NativeFirst(PLACE, reference="r", interval=1.2, most=most, streams=StreamSupport(Mode.STREAM))


def play(reply: Reply, slack: Slack, text: str = LONG, *, pieces: int = 12, sources: bool = True) -> None:
    """The text comes in pieces, and every call is made that is due."""
    now, size = 0.0, -(-len(text) // pieces)
    reply.receive(Thinking(), now)
    if sources:
        reply.receive(SourceDocuments((SourceDocument("Handbook & more"),)), now)
    for start in range(0, len(text), size):
        reply.receive(Token(text[start : start + size]), now)
        now += 3.0
        made(reply, slack, now)
    reply.receive(Finished(), now)
    while not reply.done and now < 900:
        now += 3.0
        made(reply, slack, now)
    assert reply.done


def made(reply: Reply, slack: Slack, now: float) -> None:
    for _ in range(50):
        call = reply.next_call(now)
        if call is None:
            return
        reply.answered(call, slack.make(call), now)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("\u2060", "").replace("&lt;", "").replace("&gt;", "").replace("&amp;", ""))


def stands_whole(slack: Slack, most: int) -> None:
    """The whole answer stands in order, in its messages and the file, with a remark about the file and its sources."""
    assert 1 <= len(slack.messages) <= most
    assert len(slack.files) == 1
    said = words(slack.text)
    first = said.index("Paragraph")
    told = " ".join(words(wording.REST_ATTACHED))
    flat = " ".join(said[first:])
    before, found, _ = flat.partition(told)
    assert found
    assert words(before) + words(slack.files[0]) == words(LONG)
    assert "Handbook" in flat


@pytest.mark.parametrize(
    ("most", "after", "times"), [(2, 0, 1), (2, 1, 2), (3, 4, 1), (2, 9, 1), (2, 12, 1), (2, 13, 2)]
)
def test_one_refusal_leaves_the_number_of_messages_as_it_is(most: int, after: int, times: int) -> None:
    slack = Slack("invalid_blocks", after, times)
    reply = edited(most)
    play(reply, slack)
    stands_whole(slack, most)
    assert (reply.given_up, slack.ephemerals, slack.most_at_once) == ("", 0, len(slack.messages))


@pytest.mark.parametrize("word", sorted(SHAPE))
def test_whatever_slack_dislikes_about_the_shape(word: str) -> None:
    for after in (0, 12):
        slack = Slack(word, after, 1, everything=True)
        play(edited(), slack)
        stands_whole(slack, 2)


@pytest.mark.parametrize("kind", [edited, streamed])
def test_where_no_blocks_are_taken_at_all_the_answer_stands_as_text_alone(kind: Callable[[int], Reply]) -> None:
    slack, reply = Slack("invalid_blocks", 0, 1_000_000), kind(2)
    play(reply, slack)
    stands_whole(slack, 2)
    assert slack.ephemerals == 0
    assert not reply.given_up


def test_a_text_alone_may_be_all_that_is_to_be_said() -> None:
    slack, reply = Slack("invalid_blocks", 0, 1_000_000), edited()
    reply.receive(Thinking(), 0.0)
    reply.receive(Failed(FlowiseBroke("cut"), "r", again="x"), 0.0)
    made(reply, slack, 1.0)
    assert reply.done
    assert slack.text.endswith("Reference for support: r")
    assert wording.ASK_AGAIN not in slack.text


def test_what_is_refused_in_every_form_is_told_once() -> None:
    slack, reply = Slack("msg_too_long", 0, 3, everything=True), edited()
    play(reply, slack, "short", sources=False)
    assert "msg_too_long" in reply.given_up
    assert slack.ephemerals == 1


@pytest.mark.parametrize("pieces", [1, 12])
@pytest.mark.parametrize("broken", ["nothing", "stop", "append", "file"])
def test_a_stream_that_breaks_off_keeps_to_its_messages_and_one_file(pieces: int, broken: str) -> None:
    for after in (0, 1):
        slack, reply, left = Slack(), streamed(), [after, 6 if broken == "file" else 1]
        kinds = {"stop": StopStream, "append": AppendStream, "file": SendFile, "nothing": DeleteMessage}
        make = slack.make

        def answer(call: Call, *, of: type = kinds[broken], left: list[int] = left, make: object = make) -> Result:
            if isinstance(call, of):
                left[0] -= 1
                if left[0] < 0 < left[1]:
                    left[1] -= 1
                    return Lost("reset") if broken == "file" else Refused("message_not_in_streaming_state")
            return make(call)  # type: ignore[operator,no-any-return]

        slack.make = answer  # type: ignore[method-assign]
        reply.receive(Thinking(), 0.0)
        reply.receive(Token("Paragraph 0 says <!channel> "), 0.0)
        made(reply, slack, 1.0)
        play(reply, slack, LONG.removeprefix("Paragraph 0 says <!channel> "), pieces=pieces)
        assert reply.done
        assert len(slack.messages) <= 2
        assert len(slack.files) == 1
        shown_words = words(slack.text)
        assert all(f"{number}" in shown_words or f"Paragraph {number} " in slack.files[0] for number in range(28))
        assert " ".join(words(wording.REST_ATTACHED)) in " ".join(shown_words)


def test_code_that_fills_the_last_streamed_message_is_closed_once() -> None:
    slack, reply = Slack(), streamed(2)
    reply.receive(Thinking(), 0.0)
    reply.receive(Token("```python\n" + "x = 1\n" * 500), 0.0)
    made(reply, slack, 1.0)
    play(reply, slack, "x = 1\n" * 3_000, pieces=4, sources=False)
    assert all(len(re.findall(r"^```", message, re.MULTILINE)) == 2 for message in slack.messages.values())
    assert (slack.text + slack.files[0]).count("x = 1") == 3_500


def test_a_response_url_gets_the_same_pages_in_a_plainer_form() -> None:
    place = Place("C1", None, "U1", response_url="https://hooks.example/1")
    for times in (1, 2, 1_000):
        for after in (0, 1, 2):
            slack, reply, given = Slack("invalid_blocks", after, times), RespondedReply(place, invite="/invite"), []
            reply.receive(Thinking(), 0.0)
            reply.receive(Token(LONG[:15_000]), 0.0)
            reply.receive(Finished(), 0.0)
            while (call := reply.next_call(0.0)) is not None or reply.wake_at(0.0) == 0.0:
                if call is None:  # a long text is taken step by step
                    continue
                assert isinstance(call, Respond)
                result = slack.make(call)
                given += [shown(call.blocks) or call.text] if isinstance(result, Accepted) else []
                reply.answered(call, result, 0.0)
            assert reply.done
            assert not reply.given_up
            assert len(given) == 3
            if times == 1:  # a text alone may be a part of its page
                assert words(" ".join(given[1:])) == words(LONG[:15_000])


HOSTILE = (
    *(
        "<!here>",
        "<!channel|x>",
        "<@U12345678>",
        "<#C123456|x>",
        "@everyone ",
        "&lt;!here&gt;",
        "\\<!here>",
        "<!&#104;ere>",
    ),
    *(
        "```\n",
        "\n",
        "\n\n",
        "| a |\n|---|\n| ",
        "x" * 990,
        "x" * 2_990,
        " " * 990,
        "- ",
        "[x](",
        "](http://e.example)",
        "&" * 700,
    ),
)


@settings(max_examples=examples(25), deadline=None)
@given(
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=14),
    st.integers(1, 9),
    st.sampled_from([edited, streamed]),
    st.integers(0, 6),
    st.sampled_from([0, 1, 1_000]),
)
def test_nothing_is_live_in_any_version_of_any_message(
    fragments: list[str], pieces: int, kind: Callable[[int], Reply], after: int, times: int
) -> None:
    slack = Slack("invalid_blocks", after, times)
    play(kind(2), slack, "".join(fragments) + " end", pieces=pieces)
    assert len(slack.messages) <= 2
    for text, blocks in slack.versions:
        assert pings(text, blocks, (), frozenset({"general"}), parse=True) == []
        assert not LIVE.search(text) or blocks
        assert not [block for block in blocks if block["type"] == "markdown" and LIVE.search(str(block["text"]))]
