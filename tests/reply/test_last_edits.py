"""The last edits of a streamed answer, played by hand: where they were seen to work, and what Slack may say to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.flowise.events import SourceDocument, SourceDocuments, Token, UsedTools
from bot.pacing.permits import Kind
from bot.records.thread import StopOutcome
from bot.reply.contract import AnswerButtons, Finished, Stopped, Thinking
from bot.reply.last_edits import PATIENCE, has_link
from bot.reply.native_first import NativeFirst
from bot.reply.streams import Mode, StreamSupport
from bot.slack.calls import Accepted, Limited, Lost, Refused, Result, StopStream, UpdateMessage
from bot.slack.text.blocks import shown
from bot.slack.verified import CONSULTED, EDIT_WITHOUT_PREVIEW, NOTHING, STREAM_TO_RICH_TEXT, Verified
from tests.reply.test_streamed import Slack, kinds, reply, run, told

LINKED = "Words. See [the guide](https://example.com/guide)."
BUTTONS = AnswerButtons("T1:C1:1.0", "abc123", rates=True)


@dataclass
class Certificate:
    """What was verified, and what was told to have failed."""

    verified: Verified = field(default_factory=lambda: Verified(frozenset(CONSULTED)))
    failed: list[str] = field(default_factory=list)

    def fail(self, name: str) -> None:
        self.failed.append(name)


def streamed(text: str, certificate: Certificate, *more: object) -> tuple[NativeFirst, Slack]:
    """An answer that has streamed its first words, and has just ended."""
    answer, slack = reply(streams=StreamSupport(Mode.STREAM, certificate)), Slack()
    told(answer, Thinking(), Token("First words. "))
    run(answer, slack, 0.0)
    told(answer, Token(text), *more, Finished(), now=2.0)  # type: ignore[arg-type]
    return answer, slack


def until_edit(answer: NativeFirst, slack: Slack, now: float) -> UpdateMessage:
    while not isinstance(call := answer.next_call(now), UpdateMessage):
        assert call is not None
        answer.answered(call, slack.make(call, now), now)
    return call


def test_one_edit_brings_the_link_and_all_that_stands_under_the_text() -> None:
    documents = SourceDocuments((SourceDocument("Handbook", url="https://handbook.example/a"),))
    answer, slack = streamed(LINKED, Certificate(), documents, UsedTools(("search",)), BUTTONS)
    edit = until_edit(answer, slack, 3.0)
    assert has_link(edit.blocks)
    assert all(said in shown(edit.blocks) for said in ("First words.", "the guide", "Handbook", "search"))
    assert any(block["type"] == "context_actions" for block in edit.blocks)
    assert answer.want(3.0).kind is Kind.PROGRESS
    answer.answered(edit, slack.make(edit, 3.0), 3.0)
    run(answer, slack, 3.0)
    assert answer.done
    assert (kinds(slack).count("UpdateMessage"), answer.given_up) == (1, "")


@pytest.mark.parametrize(
    ("text", "verified"),
    [
        ("Words without one. And `https://example.com` in code.", Verified(frozenset(CONSULTED))),
        (LINKED, NOTHING),
        (LINKED, Verified(frozenset({STREAM_TO_RICH_TEXT}))),
        (LINKED, Verified(frozenset({EDIT_WITHOUT_PREVIEW}))),
    ],
)
def test_without_a_link_or_a_report_there_is_none(text: str, verified: Verified) -> None:
    answer, slack = streamed(text, Certificate(verified))
    run(answer, slack, 3.0)
    assert answer.done
    assert "UpdateMessage" not in kinds(slack)


def test_marks_of_sources_become_links_too() -> None:
    documents = SourceDocuments((SourceDocument("Handbook", url="https://handbook.example/a"),))
    answer, slack = streamed("It is so [1].", Certificate(), documents)
    assert has_link(until_edit(answer, slack, 3.0).blocks)


def test_a_stopped_answer_keeps_its_last_word() -> None:
    answer, slack = reply(streams=StreamSupport(Mode.STREAM, Certificate())), Slack()
    told(answer, Thinking(), Token(f"{LINKED} And so on. "))
    run(answer, slack, 0.0)
    told(answer, Stopped(StopOutcome.FORGOTTEN), now=2.0)
    assert "topped" in shown(until_edit(answer, slack, 3.0).blocks)


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        (Refused("block_mismatch"), [STREAM_TO_RICH_TEXT]),
        (Refused("message_not_found"), []),
        (Refused("invalid_blocks"), []),
    ],
)
def test_a_refused_edit_leaves_the_answer_as_it_was_streamed(result: Result, failed: list[str]) -> None:
    certificate = Certificate()
    answer, slack = streamed(LINKED, certificate)
    edit = until_edit(answer, slack, 3.0)
    before = dict(slack.messages)
    answer.answered(edit, result, 3.0)
    run(answer, slack, 3.0)
    assert answer.done
    assert (slack.messages, certificate.failed, answer.given_up) == (before, failed, "")


def test_a_limited_edit_waits_and_a_lost_one_is_made_again_some_times() -> None:
    answer, slack = streamed(LINKED, Certificate())
    edit, now = until_edit(answer, slack, 3.0), 3.0
    answer.answered(edit, Limited(1.5), now)
    assert (answer.next_call(now), answer.wake_at(now)) == (None, 4.5)
    now, lost = 4.5, 0
    while (call := answer.next_call(now)) is not None:
        assert call == edit
        answer.answered(call, Lost("no answer"), now)
        lost, now = lost + 1, answer.wake_at(now) or now
    assert answer.done
    assert 2 <= lost <= 10


def test_an_edit_that_has_no_turn_in_time_is_left_out() -> None:
    answer, slack = streamed(LINKED, Certificate())
    edit = until_edit(answer, slack, 3.0)
    assert answer.want(3.0).waits
    late = 3.0 + PATIENCE
    assert answer.next_call(late) == edit
    assert not answer.want(late).waits
    answer.answered(edit, Limited(4.0), late)
    assert answer.next_call(late) is None
    assert (answer.done, "guide" in slack.text) == (True, True)


def test_each_message_that_has_a_link_is_edited_with_its_own_text() -> None:
    paragraph = "Words that fill a message until it is full of them. " * 18 + "\n\n"
    text = f"[first](https://example.com/1)\n\n{paragraph * 20}[last](https://example.com/2)"
    answer, slack = streamed(text, Certificate())
    run(answer, slack, 3.0)
    assert answer.done
    edits = [call for call in slack.calls if isinstance(call, UpdateMessage)]
    stops = [call.ts for call in slack.calls if isinstance(call, StopStream)]
    assert len(stops) >= 3
    assert [edit.ts for edit in edits] == [stops[0], stops[-1]]
    assert "First words." in shown(edits[0].blocks)
    assert shown(edits[0].blocks).count("Words that") + shown(edits[1].blocks).count("Words that") < 18 * 20
    words = [message.replace("\n", " ") for message in slack.messages.values()]
    assert sum(message.count("Words that") for message in words) == 18 * 20


def test_without_a_mode_it_follows_what_was_verified() -> None:
    certificate = Certificate()
    streams = StreamSupport(None, certificate)
    assert (streams.mode, StreamSupport(None).mode) == (Mode.AUTO, Mode.EDIT)
    certificate.verified = NOTHING
    assert streams.mode is Mode.EDIT
    assert StreamSupport(Mode.STREAM, certificate).mode is Mode.STREAM


def test_an_accepted_edit_is_made_once() -> None:
    answer, slack = streamed(LINKED, Certificate())
    edit = until_edit(answer, slack, 3.0)
    answer.answered(edit, Accepted(), 3.0)
    assert answer.next_call(3.0) is None
    assert answer.done
