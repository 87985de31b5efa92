"""A streamed answer: dialogues, and a seeded simulation with a Slack that ends streams as it likes."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

import pytest

from bot.errors import FlowiseBroke, RunState
from bot.flowise.events import CalledTools, ResultFile, ResultFiles, SourceDocument, SourceDocuments, Token
from bot.pacing.permits import Kind
from bot.records.thread import StopOutcome
from bot.reply.contract import Failed, Finished, Place, Remark, ReplyEvent, Sentence, Stopped, Stopping, Thinking
from bot.reply.native_first import NativeFirst
from bot.reply.streams import LAST_CALL, LIFE, MEMORY, PATIENCE, Mode, StreamSupport
from bot.slack import wording
from bot.slack.calls import (
    NOT_FETCHED,
    Accepted,
    AppendStream,
    Call,
    DeleteMessage,
    Limited,
    Lost,
    Posted,
    PostMessage,
    Refused,
    Result,
    SendFile,
    SetStatus,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
    Uploaded,
)
from bot.slack.text.blocks import shown
from bot.slack.text.limits import STREAM_BYTES

PLACE = Place(channel="C1", thread_ts="1.0", user="U1", team="T1")


def reply(
    place: Place = PLACE,
    *,
    mode: Mode = Mode.STREAM,
    most: int = 10,
    streams: StreamSupport | None = None,
    thinking: str = wording.STATUS_THINKING,
) -> NativeFirst:
    streams = streams or StreamSupport(mode)
    return NativeFirst(place, reference="abc123", interval=1.2, most=most, streams=streams, thinking=thinking)


@dataclass
class Slack:
    """Keeps messages as Slack would, with their streams."""

    messages: dict[str, str] = field(default_factory=dict)
    streams: dict[str, float] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    footers: str = ""
    status: str = ""
    files: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def make(self, call: Call, now: float) -> Result:
        self.calls.append(call)
        match call:
            case PostMessage(blocks=blocks):
                self.messages[ts := f"{len(self.calls)}.5"] = shown(blocks)
                self.status = ""
                return Posted(ts)
            case UpdateMessage(ts=ts, blocks=blocks):
                if self._runs(ts, now):
                    return Refused("streaming_state_conflict")
                self.messages[ts] = shown(blocks)
            case DeleteMessage(ts=ts):
                del self.messages[ts]
            case StartStream(markdown=markdown):
                self.messages[ts := f"{len(self.calls)}.5"] = markdown
                self.streams[ts] = now
                self.status = ""
                return Posted(ts)
            case AppendStream() | StopStream():
                return self._grow(call, now)
            case SetStatus(status=status):
                self.status = status
            case SendFile() | ShareFile():
                return self._attach(call)
        return Accepted()

    def _attach(self, call: SendFile | ShareFile) -> Result:
        if call.key in self.missing:
            return Refused(NOT_FETCHED)
        if isinstance(call, SendFile):
            self.sent.append(call.key)
            self.files.append(bytes(call.content or b"").decode())
            return Uploaded(f"F{call.key}")
        assert call.file_id == f"F{call.key}"
        self.shared.append(call.key)
        return Accepted()

    def _grow(self, call: AppendStream | StopStream, now: float) -> Result:
        if not self._runs(call.ts, now):
            return Refused("message_not_in_streaming_state")
        self.messages[call.ts] += call.markdown
        if len(self.messages[call.ts].encode()) > STREAM_BYTES:
            raise AssertionError("a streamed message of more than its limit")
        if isinstance(call, StopStream):
            self.footers += shown(call.blocks)
            del self.streams[call.ts]
        return Accepted()

    def _runs(self, ts: str, now: float) -> bool:
        return ts in self.streams and now - self.streams[ts] < 300

    @property
    def text(self) -> str:
        return "\n".join(self.messages.values())


def run(reply: NativeFirst, slack: Slack, now: float) -> None:
    """Make every call that is due at this moment."""
    while (call := reply.next_call(now)) is not None:
        reply.answered(call, slack.make(call, now), now)


def told(reply: NativeFirst, *events: ReplyEvent, now: float = 0.0) -> None:
    for event in events:
        reply.receive(event, now)


def kinds(slack: Slack) -> list[str]:
    return [type(call).__name__ for call in slack.calls]


def documents() -> SourceDocuments:
    return SourceDocuments((SourceDocument("Handbook", url="https://handbook.example/a"),))


def test_a_stream_begins_grows_and_ends_with_its_sources() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    assert slack.status == wording.STATUS_THINKING
    told(answer, Token("Hello wor"), now=1.0)
    run(answer, slack, 1.0)
    assert slack.text == "Hello "  # half a word may become an address
    told(answer, Token("ld."), documents(), now=2.0)
    run(answer, slack, 2.0)
    told(answer, Token(" Bye."), Finished(), now=3.0)
    run(answer, slack, 3.0)
    assert answer.done
    assert slack.text == "Hello world. Bye."
    assert "Handbook" in slack.footers
    assert kinds(slack) == ["SetStatus", "StartStream", "AppendStream", "StopStream"] or kinds(slack) == [
        "SetStatus",
        "StartStream",
        "StopStream",
    ]


def test_files_follow_a_stream_and_what_cannot_be_had_is_said_under_it() -> None:
    files = ResultFiles((ResultFile("plot.png"), ResultFile("b.csv")))
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Hello. "), files)
    run(answer, slack, 0.0)
    assert not slack.sent
    told(answer, files, Finished(), now=3.0)
    run(answer, slack, 3.0)
    assert (slack.sent, slack.shared, slack.footers) == ([":plot.png", ":b.csv"], [":plot.png", ":b.csv"], "")
    assert kinds(slack)[-5:] == ["StopStream", "SendFile", "ShareFile", "SendFile", "ShareFile"]
    assert answer.done
    answer, slack = reply(), Slack(missing={":b.csv"})
    told(answer, Thinking(), Token("Hello. "), files)
    run(answer, slack, 0.0)
    told(answer, Finished(), now=3.0)
    run(answer, slack, 3.0)
    assert slack.shared == [":plot.png"]
    assert list(slack.messages.values()) == ["Hello.\nThere is also b.csv, which I could not fetch."]
    assert answer.done


@pytest.mark.parametrize(
    "place",
    [
        Place(channel="D1", thread_ts=None, user="U1", team="T1"),
        Place(channel="C1", thread_ts="1.0", user="U1"),
        Place(channel="C1", thread_ts="1.0", user="", team="T1"),
    ],
    ids=["no thread", "a reader from elsewhere", "nobody"],
)
def test_where_a_stream_has_no_place_or_reader_the_answer_is_edited(place: Place) -> None:
    answer, slack = reply(place), Slack()
    told(answer, Thinking(), Token("Hello world. "), Finished())
    run(answer, slack, 0.0)
    assert answer.done
    assert slack.text == "Hello world. ".strip()
    assert not any(isinstance(call, StartStream) for call in slack.calls)


def test_an_answer_that_is_whole_before_it_is_seen_is_posted_whole() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Hello world."), Finished())
    run(answer, slack, 0.0)
    assert kinds(slack) == ["PostMessage"]


def test_a_sentence_of_ours_and_a_failure_before_the_first_word_are_posted() -> None:
    for event in (Sentence("Not now."), Failed(FlowiseBroke("x", run=RunState.OVER), "abc123")):
        answer, slack = reply(), Slack()
        told(answer, Thinking(), event, *((Finished(),) if isinstance(event, Sentence) else ()))
        run(answer, slack, 0.0)
        assert answer.done
        assert kinds(slack) == ["PostMessage"]


def test_a_refused_start_goes_on_by_edits_and_is_remembered_for_an_hour() -> None:
    streams = StreamSupport(Mode.STREAM)
    answer, slack = reply(streams=streams), Slack()
    told(answer, Thinking(), Token("Hello "))
    run_until(answer, slack, StartStream, Refused("unknown_method"))
    told(answer, Token("world."), Remark("A remark."), Finished(), now=1.0)
    run(answer, slack, 1.0)
    assert answer.done
    assert slack.text.startswith("Hello world.")
    assert not streams.is_open_to(PLACE, MEMORY - 1)
    assert streams.is_open_to(PLACE, MEMORY + 2)


@pytest.mark.parametrize("mode", [Mode.STREAM, Mode.AUTO])
def test_a_start_that_was_lost_is_settled_before_the_answer_is_posted(mode: Mode) -> None:
    answer, slack = reply(mode=mode), Slack()
    told(answer, Thinking(), Token("One two "))
    call = answer.next_call(0.0)
    while not isinstance(call, StartStream):
        assert call is not None
        answer.answered(call, slack.make(call, 0.0), 0.0)
        call = answer.next_call(0.0)
    started = slack.make(call, 0.0)
    assert isinstance(started, Posted)
    answer.answered(call, Lost("reset"), 0.0)
    told(answer, Token("three."), Finished(), now=0.5)
    again = answer.next_call(2.0)
    assert isinstance(again, StartStream)
    assert again.mark == call.mark
    assert answer.want(2.0).waits
    answer.answered(again, Posted(started.ts, found=True), 2.0)
    run(answer, slack, 3.0)
    assert answer.done
    assert list(slack.messages.values()) == ["One two three."]


def test_a_refusal_that_is_of_one_channel_does_not_close_the_others() -> None:
    streams = StreamSupport(Mode.AUTO)
    streams.refused(PLACE, "channel_type_not_supported", 0.0)
    assert not streams.is_open_to(PLACE, 1.0)
    assert streams.is_open_to(Place(channel="C2", thread_ts="1.0", user="U1", team="T1"), 1.0)


def run_until(answer: NativeFirst, slack: Slack, kind: type[Call], result: Result, now: float = 0.0) -> None:
    """Make calls until one of that kind, which gets this result without any effect."""
    while (call := answer.next_call(now)) is not None:
        if isinstance(call, kind):
            answer.answered(call, result, now)
            return
        answer.answered(call, slack.make(call, now), now)
    raise AssertionError(f"no {kind} was called")


def test_auto_does_not_wait_for_a_stream_and_stream_does() -> None:
    for mode, waits in ((Mode.AUTO, False), (Mode.STREAM, True)):
        answer, slack = reply(mode=mode), Slack()
        told(answer, Thinking(), Token("Hello "))
        while not isinstance(call := answer.next_call(0.0), StartStream):
            assert call is not None
            answer.answered(call, slack.make(call, 0.0), 0.0)
        want = answer.want(0.0)
        assert (want.waits, want.kind, want.answer) == (waits, Kind.FIRST, "abc123")
        answer.answered(call, Limited(20.0), 0.0)
        again = answer.next_call(0.0)
        assert (again is None) is waits
        assert isinstance(again, PostMessage | None)


def test_words_do_not_wait_for_the_stop_of_their_stream() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("One two three "))
    run(answer, slack, 0.0)
    told(answer, Token("four."), Finished(), now=2.0)
    call = answer.next_call(2.0)
    assert isinstance(call, StopStream)
    assert not answer.want(2.0).waits
    answer.answered(call, Limited(40.0), 2.0)  # there is no leave
    call = answer.next_call(2.0)
    assert isinstance(call, AppendStream)
    answer.answered(call, slack.make(call, 2.0), 2.0)
    assert slack.text == "One two three four."
    call = answer.next_call(2.0)
    assert isinstance(call, StopStream)
    assert answer.want(2.0).waits
    answer.answered(call, slack.make(call, 30.0), 30.0)
    assert answer.done
    assert slack.text == "One two three four."


def test_a_stop_brings_the_last_words_while_appends_are_refused() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("One two three "))
    run(answer, slack, 0.0)
    told(answer, Token("four "), now=2.0)
    run_until(answer, slack, AppendStream, Limited(5.0), 2.0)
    told(answer, Token("five "), now=3.0)
    assert answer.next_call(3.0) is None
    assert answer.wake_at(3.0) == 7.0
    told(answer, Token("six."), Finished(), now=4.0)
    run(answer, slack, 4.0)
    assert answer.done
    assert slack.text == "One two three four five six."


def test_nobody_waits_long_for_leave_to_stream() -> None:
    answer = reply()
    told(answer, Token("Hello "), now=1.0)
    call = answer.next_call(1.0)
    assert isinstance(call, StartStream)
    assert answer.want(1.0 + PATIENCE - 0.1).waits
    assert not answer.want(1.0 + PATIENCE).waits
    answer.answered(call, Limited(40.0), 1.0 + PATIENCE)
    assert isinstance(answer.next_call(1.0 + PATIENCE), PostMessage)


@pytest.mark.parametrize(
    ("result", "stops"),
    [
        (Refused("message_not_in_streaming_state"), False),
        (Refused("msg_too_long"), True),
        (Lost("reset"), True),
        (Limited(30.0), True),
    ],
    ids=str,
)
def test_a_stream_that_fails_is_settled_by_an_edit_of_the_same_message(result: Result, stops: bool) -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("One two three "))
    run(answer, slack, 0.0)
    told(answer, Token("four five "), now=2.0)
    if not stops:
        slack.streams.clear()
    run_until(answer, slack, AppendStream, result, 2.0)
    told(answer, Token("six."), Finished(), now=3.0)
    run(answer, slack, 4.0)
    assert answer.done
    assert slack.text == "One two three four five six."
    assert not slack.streams
    assert "PostMessage" not in kinds(slack)


def test_a_person_who_presses_stop_is_obeyed() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("One two three "))
    run(answer, slack, 0.0)
    told(answer, Token("four five "), now=2.0)
    run_until(answer, slack, AppendStream, Refused("stopped_by_user"), 2.0)
    slack.streams.clear()
    told(answer, Token("six "), Stopping(), now=2.5)
    assert answer.next_call(3.0) is None  # the rest waits for how it ended
    told(answer, Stopped(StopOutcome.GOES_ON), now=3.5)
    run(answer, slack, 3.5)
    assert answer.done
    assert not answer.given_up
    [message] = slack.messages.values()
    assert message.endswith(wording.stopped(StopOutcome.GOES_ON))


def test_the_end_of_an_answer_that_a_person_has_stopped_in_slack_is_not_written() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("One two three "))
    run(answer, slack, 0.0)
    told(answer, Token("four five "), Finished(), now=2.0)
    run_until(answer, slack, StopStream, Refused("stopped_by_user"), 2.0)
    assert answer.done
    assert answer.given_up
    assert answer.next_call(3.0) is None


def test_a_stream_that_is_stopped_ends_with_the_line_and_nothing_that_came_later() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("One two "))
    run(answer, slack, 0.0)
    told(answer, Token("three "), Stopping(), now=2.0)
    run(answer, slack, 2.0)
    assert kinds(slack).count("AppendStream") == 0
    told(answer, Stopped(StopOutcome.FORGOTTEN), now=2.5)
    run(answer, slack, 2.5)
    assert answer.done
    assert kinds(slack)[-1] == "StopStream"
    assert wording.stopped(StopOutcome.FORGOTTEN) in slack.footers


def test_the_status_of_an_answer_that_will_be_streamed_says_how_to_stop_it() -> None:
    answer, slack = reply(thinking=wording.thinking("Flowise")), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    assert "`@Flowise stop`" in slack.status
    assert wording.thinking("a bot with a name that leaves no room") == wording.STATUS_THINKING


def test_a_stream_is_ended_before_slack_ends_it_and_the_answer_goes_on_in_another() -> None:
    answer, slack, now, text = reply(), Slack(), 0.0, ""
    told(answer, Thinking())
    while now < 2.2 * LIFE:
        now += 0.5
        word = f"w{now} " + ("\n\n" if now % 7 == 0 else "")
        text += word
        told(answer, Token(word), now=now)
        run(answer, slack, now)
        assert all(now - since <= LIFE + LAST_CALL for since in slack.streams.values())
    told(answer, Finished(), now=now)
    run(answer, slack, now)
    assert answer.done
    assert len(slack.messages) >= 3
    assert slack.text.split() == text.split()
    assert not slack.streams


def test_a_stream_that_has_nothing_to_say_is_ended_in_time_and_its_sources_come_by_an_edit() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Let me look. "), CalledTools(("search",)))
    run(answer, slack, 0.0)
    at = answer.wake_at(1.0)
    while slack.streams:
        assert at is not None
        run(answer, slack, at)
        at = answer.wake_at(at)
        assert at is None or at <= LIFE + LAST_CALL + 200
    told(answer, CalledTools(()), documents(), Finished(), now=LIFE + 5)
    run(answer, slack, LIFE + 5)
    assert answer.done
    assert "Let me look." in slack.text
    assert "Handbook" in slack.text
    assert kinds(slack)[-1] == "UpdateMessage"


def test_an_answer_past_the_last_message_is_attached_once_its_last_word_stands() -> None:
    answer, slack = reply(most=2), Slack()
    text = " ".join(f"w{number}" for number in range(5_000))
    told(answer, Thinking(), Token(text))
    now = 0.0
    while now < 60:
        run(answer, slack, now)
        now += 1.0
    told(answer, Finished(), now=now)
    run(answer, slack, now)
    assert answer.done
    assert len(slack.messages) == 2
    assert (slack.text + " " + "".join(slack.files)).split() == text.split()
    assert wording.REST_ATTACHED in slack.footers


@dataclass
class Moody:
    """A Slack that loses, limits and refuses calls, and ends streams."""

    chance: random.Random
    slack: Slack = field(default_factory=Slack)
    lost: dict[str, str] = field(default_factory=dict)

    def make(self, call: Call, now: float) -> Result:
        fate = self.chance.random()
        if fate < 0.04 or (isinstance(call, StopStream) and fate < 0.3):
            return Limited(self.chance.uniform(0.5, 9.0))
        if fate < 0.06:
            return Lost("before its effect")
        if isinstance(call, PostMessage | StartStream) and call.mark in self.lost:
            return Posted(self.lost[call.mark], found=True)
        if fate < 0.07 and isinstance(call, StartStream):
            return Refused("internal_trouble")
        if fate < 0.08:
            self.slack.streams.clear()
        result = self.slack.make(call, now)
        if fate > 0.1:
            return result
        if isinstance(call, PostMessage | StartStream) and isinstance(result, Posted):
            self.lost[call.mark] = result.ts
        return Lost("after its effect")


def prose(chance: random.Random, paragraphs: int) -> str:
    """Text with code and a table, all of whose words differ."""
    parts = []
    for number in range(paragraphs):
        kind = chance.choice(["prose", "prose", "prose", "code", "table", "list"])
        some = [f"x{number}y{place}" for place in range(chance.randint(3, 60))]
        match kind:
            case "code":
                parts.append("```python\n" + "\n".join(some) + "\n```")
            case "table":
                parts.append(
                    f"| h{number}a | h{number}b |\n|---|---|\n" + "\n".join(f"| {one} | z{one} |" for one in some)
                )
            case "list":
                parts.append("\n".join(f"- {one}" for one in some))
            case _:
                parts.append(" ".join(some))
    return "\n\n".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_simulation_whatever_slack_does_the_answer_arrives_whole_in_order_once(seed: int) -> None:
    chance = random.Random(seed)
    text = prose(chance, chance.choice([1, 5, 20, 40]))
    answer, moody, now = reply(mode=chance.choice([Mode.STREAM, Mode.AUTO]), most=50), Moody(chance), 0.0
    pieces = [text[start : start + 7] for start in range(0, len(text), 7)]
    told(answer, Thinking())
    while not answer.done and now < 7200:
        now += chance.uniform(0.0, 0.3)
        if pieces:
            told(answer, Token(pieces.pop(0)), *(() if pieces else (Finished(),)), now=now)
        else:
            now = max(now, answer.wake_at(now) or now)
        call = answer.next_call(now)
        if call is not None:
            answer.answered(call, moody.make(call, now), now)
    assert answer.done
    assert answer.given_up == ""
    # A table that goes on in a further message has its header twice.
    headers = re.compile(r"h\d+[ab]")
    seen = [word for word in re.findall(r"\w+", moody.slack.text.replace("python", "")) if not headers.fullmatch(word)]
    wanted = [word for word in re.findall(r"\w+", text.replace("python", "")) if not headers.fullmatch(word)]
    assert seen == wanted
    assert not moody.slack.streams
    assert moody.slack.status == ""
