"""An edited answer, as dialogues and as a seeded simulation with an invented clock and an invented Slack."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bot.errors import FlowiseBroke, FlowiseFailed, Interrupted, RunState
from bot.flowise.events import CalledTools, SourceDocument, SourceDocuments, Token, ToolCall, UsedTools
from bot.pacing.permits import Kind
from bot.records.thread import StopOutcome
from bot.reply.contract import (
    DecisionOffered,
    Failed,
    Finished,
    OverLimit,
    Place,
    Queued,
    Remark,
    ReplyEvent,
    Sentence,
    Stopped,
    Stopping,
    Thinking,
    WaitingForRun,
)
from bot.reply.edited import PATIENCE, EditedReply
from bot.reply.messages import Adopted
from bot.reply.pace import BACKOFF
from bot.reply.status import RENEWAL
from bot.slack import wording
from bot.slack.calls import (
    Accepted,
    Call,
    DeleteMessage,
    FindStream,
    Limited,
    Lost,
    Posted,
    PostEphemeral,
    PostMessage,
    Refused,
    Result,
    SetStatus,
    StopStream,
    UpdateMessage,
)
from bot.slack.refusals import NO_TOKEN, NOT_WANTED
from bot.slack.text.block import Block

THREAD = Place(channel="C1", thread_ts="1.0", user="U1")
FLAT = Place(channel="D1", thread_ts=None, user="U1")


def reply(place: Place = THREAD, interval: float = 1.2, *, stop: str = "") -> EditedReply:
    has_status = place.thread_ts is not None
    return EditedReply(place, reference="abc123", interval=interval, has_status=has_status, stop=stop)


def words(blocks: tuple[Block, ...]) -> str:
    """All text in blocks, in order."""

    def walk(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                yield value["text"]
            for key in ("elements", "text"):
                yield from walk(value.get(key))
        elif isinstance(value, list | tuple):
            for part in value:
                yield from walk(part)

    return "".join(walk(list(blocks)))


@dataclass
class Slack:
    """Keeps messages as Slack would."""

    messages: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[float, Call]] = field(default_factory=list)
    status: str = ""

    def make(self, call: Call, now: float) -> Result:
        self.calls.append((now, call))
        match call:
            case PostMessage(blocks=blocks):
                ts = f"{len(self.calls)}.5"
                self.messages[ts] = words(blocks)
                self.status = ""
                return Posted(ts)
            case UpdateMessage(ts=ts, blocks=blocks):
                assert ts in self.messages
                self.messages[ts] = words(blocks)
            case DeleteMessage(ts=ts):
                del self.messages[ts]
            case SetStatus(status=status):
                self.status = status
        return Accepted()


def run(reply: EditedReply, slack: Slack, now: float) -> float:
    """Make every call that is due at this moment."""
    while (call := reply.next_call(now)) is not None:
        reply.answered(call, slack.make(call, now), now)
    return now


def told(reply: EditedReply, *events: ReplyEvent, now: float = 0.0) -> None:
    for event in events:
        reply.receive(event, now)


def kinds(slack: Slack) -> list[str]:
    return [type(call).__name__ for _, call in slack.calls]


def test_a_message_that_may_not_change_its_kind_of_blocks_moves() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Hello"))
    run(answer, slack, 0.0)
    told(answer, Token(" world."), Finished(), now=1.0)
    call = answer.next_call(1.0)
    assert isinstance(call, UpdateMessage)
    answer.answered(call, Refused("block_mismatch"), 1.0)
    run(answer, slack, 2.0)
    assert answer.done
    assert list(slack.messages.values()) == ["Hello world."]
    assert call.ts not in slack.messages
    assert kinds(slack)[-2:] == ["PostMessage", "DeleteMessage"]  # nothing is gone before it stands elsewhere


def test_a_status_then_a_message_then_its_end() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    assert slack.status == wording.STATUS_THINKING
    told(answer, Token("Hello"), now=0.5)
    run(answer, slack, 0.5)
    assert list(slack.messages.values()) == ["Hello…"]
    told(answer, Token(" world."), now=0.6)
    run(answer, slack, 0.6)
    assert list(slack.messages.values()) == ["Hello world.…"]
    told(answer, Finished(), now=1.8)
    run(answer, slack, 1.8)
    assert list(slack.messages.values()) == ["Hello world."]  # no word is new, but it looks finished now
    assert answer.done
    assert kinds(slack) == ["SetStatus", "PostMessage", "UpdateMessage", "UpdateMessage"]


def test_in_the_long_run_edits_are_not_more_often_than_the_interval() -> None:
    answer, slack, now = reply(interval=2.0), Slack(), 0.0
    told(answer, Thinking())
    while now < 60.0:
        now += 0.1
        told(answer, Token("word "), now=now)
        run(answer, slack, now)
    edits = [at for at, call in slack.calls if isinstance(call, UpdateMessage)]
    late = [at for at in edits if at > 30.0]
    assert len(late) == pytest.approx(15, abs=1)
    assert max(after - before for before, after in pairwise(late)) == pytest.approx(2.0, abs=0.2)
    assert len([at for at in edits if at < 2.0]) >= 10  # the first ones come fast
    told(answer, Finished(), now=now)
    run(answer, slack, now)
    assert answer.done  # an ending does not wait


def test_what_a_call_is_worth() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    told(answer, Token("Hello"), now=1.0)
    assert isinstance(answer.next_call(1.0), PostMessage)
    first = answer.want(1.5)
    assert (first.method, first.channel, first.kind, first.unseen) == ("chat.postMessage", "C1", Kind.FIRST, 5)
    run(answer, slack, 2.0)
    told(answer, Token(" you"), now=3.0)
    assert answer.next_call(3.0) is not None
    told(answer, Token(" there"), now=3.5)
    edit = answer.want(4.0)
    assert (edit.method, edit.kind, edit.since, edit.unseen) == ("chat.update", Kind.PROGRESS, 3.0, 10)
    assert edit.last_write == 2.0
    told(answer, Finished(), now=4.0)
    assert answer.want(4.0).kind is Kind.ENDING


def test_flat_in_a_direct_message_a_first_message_is_the_sign_of_life() -> None:
    answer, slack = reply(FLAT), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    assert list(slack.messages.values()) == [wording.THINKING]
    told(answer, CalledTools(("calculator",)), now=2.0)
    run(answer, slack, 2.0)
    assert "calculator" in next(iter(slack.messages.values()))
    told(answer, Token("42"), Finished(), now=4.0)
    run(answer, slack, 4.0)
    assert list(slack.messages.values()) == ["42"]
    assert "SetStatus" not in kinds(slack)


def test_a_long_wait_without_a_status_line_counts_its_minutes() -> None:
    answer, slack = reply(FLAT), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    for minutes in (1, 2):
        assert answer.wake_at(60.0 * minutes - 30.0) == 60.0 * minutes
        run(answer, slack, 60.0 * minutes)
        assert list(slack.messages.values()) == [f"{wording.THINKING} ({minutes} min)"]
    told(answer, Token("Done."), Finished(), now=130.0)
    run(answer, slack, 130.0)
    assert list(slack.messages.values()) == ["Done."]


def test_where_the_status_is_refused_a_first_message_takes_its_place() -> None:
    answer = reply()
    told(answer, Thinking())
    call = answer.next_call(0.0)
    assert isinstance(call, SetStatus)
    answer.answered(call, Refused("missing_scope"), 0.0)
    post = answer.next_call(0.0)
    assert isinstance(post, PostMessage)
    assert words(post.blocks) == wording.THINKING


def test_a_long_silence_renews_the_status_and_names_the_tool() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking())
    run(answer, slack, 0.0)
    assert answer.wake_at(0.0) == RENEWAL
    run(answer, slack, RENEWAL)
    told(answer, CalledTools(("search",)), now=100.0)
    run(answer, slack, 100.0)
    assert slack.status == "is using search"
    assert len(slack.calls) == 3


def test_a_text_that_stands_still_gets_a_status_and_loses_it_at_the_end() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Wait"))
    run(answer, slack, 0.0)
    at = answer.wake_at(0.0)
    assert at is not None
    run(answer, slack, at)
    assert slack.status == wording.STATUS_THINKING
    told(answer, Finished(), now=at + 5)
    run(answer, slack, at + 5)
    assert slack.status == ""
    assert answer.done


def test_a_waiting_question_shows_a_place_holder_that_becomes_its_answer() -> None:
    answer, slack = reply(), Slack()
    told(answer, Queued())
    run(answer, slack, 0.0)
    assert list(slack.messages.values()) == [wording.queued(1, busy=False)]
    told(answer, Thinking(), now=30.0)
    run(answer, slack, 30.0)
    assert list(slack.messages.values()) == [wording.queued(1, busy=False)]
    told(answer, Token("Here."), Finished(), now=31.0)
    run(answer, slack, 31.0)
    assert list(slack.messages.values()) == ["Here."]
    assert slack.status == ""
    assert answer.done


def test_an_earlier_run_holds_back() -> None:
    answer, slack = reply(), Slack()
    told(answer, WaitingForRun())
    run(answer, slack, 0.0)
    assert list(slack.messages.values()) == [wording.HELD_BACK]


def test_sources_tools_and_remarks_stand_under_the_answer_and_stay() -> None:
    answer, slack = reply(), Slack()
    told(
        answer, Thinking(), Token("Yes."), SourceDocuments((SourceDocument("a.pdf", page="3"),)), UsedTools(("search",))
    )
    told(answer, Remark("A remark."))
    run(answer, slack, 0.0)
    told(answer, Finished(), now=5.0)
    run(answer, slack, 5.0)
    [text] = slack.messages.values()
    assert text.startswith("Yes.")
    for part in ("a.pdf", "p. 3", "search", "A remark."):
        assert part in text


def test_a_tool_call_between_two_texts_makes_a_paragraph() -> None:
    answer, slack = reply(), Slack()
    told(
        answer, Thinking(), Token("Let me look."), CalledTools(("search",)), CalledTools(()), Token(""), Token("Found.")
    )
    told(answer, Finished())
    run(answer, slack, 0.0)
    [text] = slack.messages.values()
    assert text.split() == ["Let", "me", "look.", "Found."]


def test_a_failure_before_the_first_word_is_the_message() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Failed(FlowiseFailed("Error: secret", run=RunState.OVER), "abc123"))
    run(answer, slack, 0.0)
    [text] = slack.messages.values()
    assert text.endswith("Reference for support: abc123")
    assert "Something went wrong while I was answering" in text
    assert "secret" not in text
    assert answer.done


def test_a_failure_in_the_middle_keeps_what_had_come() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Half of it"), Failed(FlowiseBroke("cut"), "abc123"))
    run(answer, slack, 0.0)
    [text] = slack.messages.values()
    assert text.startswith("Half of it")
    assert "incomplete" in text


OFFERED = DecisionOffered("Proceed", "Reject", "[]", "I need a decision.", (ToolCall("calculator"),))


def test_a_decision_that_is_needed_is_said_with_and_without_words() -> None:
    for tokens in ((), (Token("Shall I?"),)):
        answer, slack = reply(), Slack()
        told(answer, Thinking(), *tokens, OFFERED, Finished())
        run(answer, slack, 0.0)
        [text] = slack.messages.values()
        assert text.count("I need a decision.") == 1


def test_a_tool_that_waits_to_be_allowed_is_not_named_as_used() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("May I?"), UsedTools(("calculator", "search")), OFFERED, Finished())
    run(answer, slack, 0.0)
    assert "Used: search" in next(iter(slack.messages.values()))


def test_a_sentence_of_ours_needs_no_thinking() -> None:
    answer, slack = reply(), Slack()
    told(answer, Sentence("Done."), Finished())
    run(answer, slack, 0.0)
    assert kinds(slack) == ["PostMessage"]


def test_a_rate_limit_is_waited_for_and_the_last_edit_lands() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("a"))
    run(answer, slack, 0.0)
    told(answer, Token(" b"), Finished(), now=2.0)
    call = answer.next_call(2.0)
    assert isinstance(call, UpdateMessage)
    answer.answered(call, Limited(30.0), 2.0)
    assert answer.next_call(31.9) is None
    assert answer.wake_at(3.0) == 32.0
    run(answer, slack, 32.0)
    assert list(slack.messages.values()) == ["a b"]
    assert answer.done


def test_a_lost_post_is_made_again_under_the_same_mark() -> None:
    answer = reply()
    told(answer, Sentence("Hi."), Finished())
    first = answer.next_call(0.0)
    assert isinstance(first, PostMessage)
    answer.answered(first, Lost("reset"), 0.0)
    assert answer.next_call(0.5) is None
    second = answer.next_call(BACKOFF[0] + 1.0)
    assert isinstance(second, PostMessage)
    assert second.mark == first.mark
    assert second.mark


def test_a_slack_that_stays_away_is_given_up() -> None:
    answer, now = reply(), 0.0
    told(answer, Sentence("Hi."), Finished())
    while not answer.done:
        call = answer.next_call(now)
        assert call is not None
        answer.answered(call, Lost("reset"), now)
        now += 60.0
    assert PATIENCE < now < 2 * PATIENCE
    assert answer.given_up


def test_a_slack_that_comes_back_gets_the_answer() -> None:
    answer, slack, now = reply(), Slack(), 0.0
    told(answer, Thinking(), Token("Half"))
    for _ in range(20):
        call = answer.next_call(now)
        if call is not None:
            answer.answered(call, Lost("reset"), now)
        now += 30.0
    told(answer, Token(" and whole."), Finished(), now=now)
    run(answer, slack, now + 31.0)
    assert list(slack.messages.values()) == ["Half and whole."]


def test_a_post_that_was_found_again_is_brought_up_to_date() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("Half"))
    call = answer.next_call(0.0)
    while not isinstance(call, PostMessage):
        assert call is not None
        answer.answered(call, Accepted(), 0.0)
        call = answer.next_call(0.0)
    slack.make(call, 0.0)
    answer.answered(call, Lost("reset"), 0.0)
    told(answer, Token(" and whole."), Finished(), now=1.0)
    again = answer.next_call(9.0)
    assert isinstance(again, PostMessage)
    answer.answered(again, Posted(next(iter(slack.messages)), found=True), 9.0)
    run(answer, slack, 20.0)
    assert list(slack.messages.values()) == ["Half and whole."]
    assert answer.done


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_edited_any_more_is_posted_again(code: str) -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("a"))
    run(answer, slack, 0.0)
    slack.messages.clear()
    told(answer, Token(" b"), Finished(), now=2.0)
    call = answer.next_call(2.0)
    assert call is not None
    answer.answered(call, Refused(code), 2.0)
    run(answer, slack, 10.0)
    assert list(slack.messages.values()) == ["a b"]
    assert len(answer._messages) == 1


@pytest.mark.parametrize("code", sorted(NOT_WANTED | NO_TOKEN))
@pytest.mark.parametrize("begun", [False, True])
def test_an_answer_that_is_not_wanted_or_cannot_be_given_ends_without_a_word(code: str, begun: bool) -> None:
    answer, slack = reply(), Slack()
    if begun:
        told(answer, Thinking(), Token("a"))
        run(answer, slack, 0.0)
    told(answer, Thinking(), Token(" b"), now=2.0)
    call = answer.next_call(3.0)
    assert isinstance(call, UpdateMessage if begun else PostMessage)
    answer.answered(call, Refused(code), 3.0)
    assert answer.done  # so that its prediction is ended
    assert code in answer.given_up
    told(answer, Token(" c"), Finished(), now=4.0)
    assert answer.next_call(60.0) is None
    assert kinds(slack) == (["PostMessage"] if begun else [])


def test_a_left_over_that_somebody_has_deleted_already_ends_nothing() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("a"))
    run(answer, slack, 0.0)
    told(answer, Token(" b"), Finished(), now=2.0)
    call = answer.next_call(2.0)
    assert isinstance(call, UpdateMessage)
    answer.answered(call, Refused("block_mismatch"), 2.0)
    call = answer.next_call(2.0)
    assert isinstance(call, PostMessage)
    answer.answered(call, slack.make(call, 2.0), 2.0)
    call = answer.next_call(2.0)
    assert isinstance(call, DeleteMessage)
    answer.answered(call, Refused("message_not_found"), 2.0)
    run(answer, slack, 4.0)
    assert answer.done
    assert answer.given_up == ""
    assert list(slack.messages.values()) == ["a…", "a b"]


@pytest.mark.parametrize("code", ["msg_blocks_too_long", "invalid_blocks", "block_mismatch"])
def test_a_shape_that_slack_dislikes_goes_as_plain_text_whole(code: str) -> None:
    answer, slack = reply(), Slack()
    text = "# Title\n\n" + "word " * 2_000
    told(answer, Thinking(), Token(text), Finished())
    while (call := answer.next_call(0.0)) is None:
        assert answer.wake_at(0.0) == 0.0
    answer.answered(call, Refused(code), 0.0)
    for now in range(2, 20, 2):
        run(answer, slack, float(now))
    assert "".join(slack.messages.values()).split() == text.split()
    assert answer.done


def test_a_refused_post_is_told_to_the_asker_alone_once() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking(), Token("a"))
    call = answer.next_call(0.0)
    assert isinstance(call, PostMessage)
    answer.answered(call, Refused("restricted_action_thread_locked"), 0.0)
    complaint = answer.next_call(0.0)
    assert isinstance(complaint, PostEphemeral)
    assert complaint.user == "U1"
    assert "Reference for support: abc123" in words(complaint.blocks)
    answer.answered(complaint, Refused("not_in_channel"), 0.0)
    assert answer.done
    assert "restricted_action" in answer.given_up
    assert slack.calls == []


def paragraphs(chance: random.Random, count: int) -> str:
    sentences = (
        " ".join(f"w{chance.randrange(10_000)}" for _ in range(chance.randrange(3, 60))) + "." for _ in range(count)
    )
    return "\n\n".join(sentences)


@dataclass
class Moody:
    """A Slack that limits or loses a part of the calls, the lost ones before or after their effect."""

    chance: random.Random
    slack: Slack = field(default_factory=Slack)
    lost: dict[str, str] = field(default_factory=dict)
    writes: list[float] = field(default_factory=list)

    def make(self, call: Call, now: float) -> Result:
        if isinstance(call, PostMessage | UpdateMessage):
            self.writes.append(now)
        fate = self.chance.random()
        if fate < 0.05:
            return Limited(self.chance.uniform(0.5, 5.0))
        if fate < 0.08:
            return Lost("before its effect")
        if isinstance(call, PostMessage) and call.mark in self.lost:
            return Posted(self.lost[call.mark])  # the client finds a lost post by its mark
        result = self.slack.make(call, now)
        if fate > 0.1:
            return result
        if isinstance(call, PostMessage) and isinstance(result, Posted):
            self.lost[call.mark] = result.ts
        return Lost("after its effect")


# Those with the longest texts.
LONGEST_SEEDS = (0, 5, 7, 9, 11)


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.slow) if seed in LONGEST_SEEDS else seed for seed in range(12)]
)
def test_simulation_whatever_slack_does_the_answer_arrives_whole_in_order_once(seed: int) -> None:
    chance = random.Random(seed)
    text = paragraphs(chance, chance.choice([1, 5, 60, 120]))
    answer, moody, now = reply(), Moody(chance), 0.0
    pieces = [text[start : start + 7] for start in range(0, len(text), 7)]
    told(answer, Thinking())
    while not answer.done and now < 3600:
        now += chance.uniform(0.0, 0.1)
        if pieces:
            told(answer, Token(pieces.pop(0)), *(() if pieces else (Finished(),)), now=now)
        else:
            now = max(now, answer.wake_at(now) or now)
        call = answer.next_call(now)
        if call is not None:
            answer.answered(call, moody.make(call, now), now)
    assert answer.done
    assert "\n".join(moody.slack.messages.values()).split() == text.split()
    assert answer.given_up == ""
    assert moody.slack.status == ""
    assert answer._messages.standing == tuple(moody.slack.messages)
    for start in moody.writes:
        assert sum(start <= at < start + 60.0 for at in moody.writes) <= 14 + 51


@pytest.mark.parametrize(
    "end",
    [
        (Finished(),),
        (Failed(FlowiseBroke("cut"), "abc123"),),
        (SourceDocuments(()), Finished()),
        (OFFERED, Finished()),
        (Token("\n\n| a | b |\n|---|---|\n| 1 | 2 |"), Finished()),
        (Token("\n```\ncode"), Finished()),
        (Failed(Interrupted("stopped"), "abc123", "again"),),
    ],
)
@pytest.mark.parametrize("place", [THREAD, FLAT])
def test_an_answer_looks_unfinished_while_it_grows_and_finished_in_the_end(
    end: tuple[ReplyEvent, ...], place: Place
) -> None:
    answer, slack = reply(place), Slack()
    told(answer, Thinking(), Token("Half"))
    run(answer, slack, 0.0)
    [text] = slack.messages.values()
    assert text.endswith(wording.GROWING)
    told(answer, *end, now=2.0)
    run(answer, slack, 2.0)
    assert answer.done
    assert not any(text.endswith(wording.GROWING) for text in slack.messages.values())


def test_no_message_holds_the_mark_alone() -> None:
    answer, slack = reply(), Slack()
    told(answer, Thinking())
    for number in range(400):
        told(answer, Token(f"word{number} " * 8), now=number * 2.0)
        run(answer, slack, number * 2.0)
        assert wording.GROWING not in slack.messages.values()


def seeking(*results: Result) -> tuple[Slack, list[str]]:
    """An answer that is taken over while a stream may be open, where the search for one, and its stop, have results."""
    answer, slack, now, left = (
        EditedReply(
            THREAD,
            reference="abc123",
            interval=1.2,
            has_status=True,
            adopted=Adopted(("1.5",), look=True, may_stream=True),
        ),
        Slack({"1.5": "Hello", "2.5": "Hel"}),
        0.0,
        list(results),
    )
    told(answer, Token("Hello world."), Finished())
    calls: list[str] = []
    while not answer.done:
        call = answer.next_call(now)
        if call is None:
            now = answer.wake_at(now) or now + 1.0
            continue
        calls.append(type(call).__name__)
        special = isinstance(call, FindStream | StopStream) and left
        answer.answered(call, left.pop(0) if special else slack.make(call, now), now)
    return slack, [name for name in calls if name != "SetStatus"]


def test_a_stream_that_was_found_is_stopped_and_belongs_to_the_answer() -> None:
    slack, calls = seeking(Posted("2.5", found=True), Accepted())
    assert calls == ["FindStream", "StopStream", "UpdateMessage", "DeleteMessage"]
    assert slack.messages == {"1.5": "Hello world."}


@pytest.mark.parametrize("refusal", ["message_not_in_streaming_state", "message_not_found"])
def test_what_was_found_and_is_no_open_stream_is_left_alone(refusal: str) -> None:
    _, calls = seeking(Posted("2.5", found=True), Refused(refusal))
    assert calls == ["FindStream", "StopStream", "UpdateMessage"]


def test_an_answer_waits_for_the_search_for_a_stream_only_for_a_while() -> None:
    _, calls = seeking(*[Lost("reset")] * 4)
    assert calls == ["FindStream"] * 4 + ["UpdateMessage"]


def buttons(call: Call) -> list[str]:
    """The values of the buttons in a message that is written."""
    blocks = call.blocks if isinstance(call, PostMessage | UpdateMessage) else ()
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [str(element["value"]) for row in rows if isinstance(row, list) for element in row]


@pytest.mark.parametrize(
    ("place", "first", "says"),
    [
        (THREAD, Queued(2), "after 2 others"),
        (THREAD, Queued(2, own=True), "other questions of yours"),
        (THREAD, OverLimit(), "within two minutes"),
        (THREAD, WaitingForRun(), "interrupted"),
        (THREAD, WaitingForRun(stopped=True), "new conversation"),
        (FLAT, Thinking(), wording.THINKING),
        (THREAD, Token("Hello"), "Hello"),
    ],
)
@pytest.mark.parametrize("last", [Finished(), Stopped(StopOutcome.FORGOTTEN), Failed(FlowiseFailed("x"), "a1b2c3")])
def test_the_button_stands_while_an_answer_waits_or_grows_and_goes_with_the_last_call(
    place: Place, first: ReplyEvent, says: str, last: ReplyEvent
) -> None:
    calls: dict[str, int] = {}
    for stop in ("", "value"):
        answer, slack = reply(place, stop=stop), Slack()
        told(answer, first)
        run(answer, slack, 0.0)
        assert says in slack.messages[next(iter(slack.messages))]
        assert all(buttons(call) == ([stop] if stop else []) for _, call in slack.calls)
        told(answer, Thinking(), Token(" world"), last, now=3.0)
        run(answer, slack, 3.0)
        assert answer.done
        assert buttons(slack.calls[-1][1]) == []
        calls[stop] = len(slack.calls)
    assert calls[""] == calls["value"]  # it costs no call


def test_only_the_last_message_has_the_button() -> None:
    answer, slack = reply(stop="value"), Slack()
    told(answer, Thinking(), Token("word " * 5_000))
    run_until_quiet(answer, slack)
    standing: dict[str, list[str]] = {}
    for number, (_, call) in enumerate(slack.calls, start=1):
        if isinstance(call, PostMessage | UpdateMessage):
            standing[call.ts if isinstance(call, UpdateMessage) else f"{number}.5"] = buttons(call)
    assert len(standing) > 1
    assert list(standing.values()) == [*([[]] * (len(standing) - 1)), ["value"]]


def test_nothing_is_written_between_the_stop_and_the_last_word() -> None:
    answer, slack = reply(stop="value"), Slack()
    told(answer, Thinking(), Token("One"))
    run(answer, slack, 0.0)
    told(answer, Token(" two"), Stopping(), now=2.0)
    assert answer.next_call(9.0) is None
    assert (answer.wake_at(9.0) or math.inf) > 9.0
    told(answer, Stopped(StopOutcome.GOES_ON), now=9.0)
    run(answer, slack, 9.0)
    assert list(slack.messages.values()) == [f"One two{wording.stopped(StopOutcome.GOES_ON)}"]


def test_the_rest_of_a_stopped_answer_is_not_attached() -> None:
    answer, slack = reply(stop="value"), Slack()
    answer = EditedReply(THREAD, reference="abc123", interval=1.2, has_status=True, most=1, stop="value")
    told(answer, Thinking(), Token("word " * 5_000), Stopped(StopOutcome.GOES_ON))
    run_until_quiet(answer, slack)
    assert answer.done
    assert not {"SendFile", "ShareFile"} & set(kinds(slack))


@pytest.mark.parametrize("stands", [True, False])
def test_of_a_deleted_question_nothing_is_said_where_nothing_stands(stands: bool) -> None:
    answer, slack = reply(), Slack()
    told(answer, *([Queued(1)] if stands else []))
    run(answer, slack, 0.0)
    told(answer, Stopped(StopOutcome.NOT_ASKED, silently=True), now=2.0)
    run(answer, slack, 2.0)
    assert answer.done
    assert list(slack.messages.values()) == ([wording.stopped(StopOutcome.NOT_ASKED)] if stands else [])


def run_until_quiet(answer: EditedReply, slack: Slack) -> None:
    """Let time pass until the answer has nothing more to do."""
    now = 0.0
    while now < 600.0:
        run(answer, slack, now)
        at = answer.wake_at(now)
        if at is None or answer.done:
            return
        now = max(at, now + 0.01)
