"""The files of an answer, call by call: whoever goes on, and wherever a process has died, each is shared once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.events import ResultFile, ResultFiles, Token
from bot.records.sent_file import SentFile
from bot.reply.attachments import Attachments
from bot.reply.contract import Finished, Place
from bot.reply.made_files import REST
from bot.reply.paged import PagedAnswer
from bot.slack.calls import NOT_FETCHED, Accepted, Limited, Lost, Refused, Result, SendFile, ShareFile, Uploaded
from bot.slack.text.blocks import shown

PLACE = Place("C1", "1.0", "U1", since="1.0")
LONG = "word " * 6_000


def answer(*names: str, text: str = "Done.") -> PagedAnswer:
    found = PagedAnswer(most=2)
    for event in (Token(text), ResultFiles(tuple(map(ResultFile, names))), Finished()):
        found.receive(event)
    while found.behind:
        found.catch_up()
    return found


@dataclass
class Slack:
    """Keeps what was shared. Sharing a file twice is an error, as is one that it does not have."""

    sent: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)

    def make(self, call: SendFile | ShareFile) -> Result:
        if isinstance(call, SendFile):
            self.sent.append(call.key)
            return Uploaded(f"F{len(self.sent)}")
        if call.look and call.file_id in self.shared:
            return Accepted()
        assert call.file_id not in self.shared
        self.shared.append(call.file_id)
        return Accepted()


def test_the_rest_comes_first_and_every_file_is_sent_and_then_shared() -> None:
    attachments, found, made = Attachments(PLACE), answer("a.png", "b.csv", text=LONG), list[tuple[str, str]]()
    while (call := attachments.next_call(found)) is not None:
        made.append((type(call).__name__, call.key))
        attachments.answered(found, call, Uploaded("F1") if isinstance(call, SendFile) else Accepted())
    assert made == [(kind, key) for key in (REST, ":a.png", ":b.csv") for kind in ("SendFile", "ShareFile")]


def test_nothing_is_attached_before_the_end() -> None:
    found = PagedAnswer(most=2)
    found.receive(ResultFiles((ResultFile("a.png"),)))
    assert Attachments(PLACE).next_call(found) is None


@pytest.mark.parametrize(
    ("result", "again"),
    [
        (Limited(3.0), ShareFile("C1", "1.0", ":a.png", "F1", since="1.0")),
        (Lost("reset"), ShareFile("C1", "1.0", ":a.png", "F1", since="1.0", look=True)),
        (Refused("file_not_found"), SendFile(":a.png")),
        (Refused("restricted_action"), None),
        (Accepted(), None),
    ],
)
def test_what_follows_a_sharing(result: Result, again: SendFile | ShareFile | None) -> None:
    attachments, found = Attachments(PLACE, [SentFile(":a.png", "F1")]), answer("a.png")
    first = attachments.next_call(found)
    assert first == ShareFile("C1", "1.0", ":a.png", "F1", since="1.0", look=True)
    attachments = Attachments(PLACE)
    sending = attachments.next_call(found)
    assert isinstance(sending, SendFile)
    attachments.answered(found, sending, Uploaded("F1"))
    sharing = attachments.next_call(found)
    assert isinstance(sharing, ShareFile)
    attachments.answered(found, sharing, result)
    assert attachments.next_call(found) == again
    assert attachments.has_lost == (result == Refused("restricted_action"))


def test_what_slack_forgets_a_second_time_is_lost() -> None:
    attachments, found = Attachments(PLACE), answer("a.png")
    for _ in range(2):
        for result in (Uploaded("F1"), Refused("file_not_found")):
            call = attachments.next_call(found)
            assert call is not None
            attachments.answered(found, call, result)
    assert attachments.next_call(found) is None
    assert attachments.has_lost


def test_an_answer_that_goes_on_for_another_says_what_was_lost() -> None:
    attachments, first = Attachments(PLACE), answer("a.png")
    call = attachments.next_call(first)
    assert call is not None
    attachments.answered(first, call, Refused(NOT_FETCHED))
    second = answer("a.png")
    attachments.tell(second)
    for one in (first, second):
        [page] = one.pages(shows_work=False)
        assert "There is also a.png, which I could not fetch." in shown(page.blocks)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=6))
def test_wherever_processes_die_each_file_is_shared_once(deaths: list[tuple[int, bool]]) -> None:
    """Each one dies after some calls, the last of which may have been made and not been noted: of a sending none is
    known then, of a sharing only that the file was sent."""
    slack, names = Slack(), ("a.png", "b.csv", "c.pdf")
    noted: dict[str, SentFile] = {}
    for calls, is_noted in (*deaths, (99, True)):
        attachments, found = Attachments(PLACE, tuple(noted.values())), answer(*names)
        for number in range(calls):
            call = attachments.next_call(found)
            if call is None:
                break
            result = slack.make(call)
            attachments.answered(found, call, result)
            if number + 1 == calls and not is_noted:
                break
            if isinstance(result, Uploaded):
                noted[call.key] = SentFile(call.key, result.file_id)
            elif isinstance(call, ShareFile):
                noted[call.key] = SentFile(call.key, call.file_id, shared=True)
    assert len(slack.shared) == len(names)
    shared = {file.file_id for file in noted.values() if file.shared}
    assert shared == set(slack.shared)
