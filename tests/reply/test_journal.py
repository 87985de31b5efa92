"""The journal of an answer: replayed by another process, it shows what the events themselves have shown."""

from __future__ import annotations

import json
import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Interrupted
from bot.flowise.events import (
    CalledTools,
    ResultFile,
    ResultFiles,
    SourceDocument,
    SourceDocuments,
    Token,
    ToolCall,
    UsedTools,
    WordsWhole,
)
from bot.records.thread import StopOutcome
from bot.reply.arriving import Arriving
from bot.reply.contract import (
    LONGEST,
    MOST_BREAKS,
    AnswerButtons,
    DecisionOffered,
    Failed,
    FetchingRest,
    Finished,
    Footnote,
    Heard,
    KeptEvent,
    OverLimit,
    ParagraphBreak,
    PassagesOffered,
    ProgressEvent,
    Queued,
    Remark,
    ReplyEvent,
    Sentence,
    Stopped,
    Stopping,
    TextComplete,
    Thinking,
    WaitingForRun,
)
from bot.reply.journal import Journal, read
from bot.reply.paged import PagedAnswer
from bot.slack.text.pages import Page

SOURCES = SourceDocuments((SourceDocument("A “b”", "https://a.b/c", "7", (1, 2)), SourceDocument("d")))
EVERY_KIND: tuple[ReplyEvent, ...] = (
    Remark("a remark"),
    CalledTools(("search", "find")),
    Token("words, ünïcode 🎈 and\u2028lines\n\n```"),
    SOURCES,
    ResultFiles((ResultFile("a.png"), ResultFile("", "5e")), more=True),
    UsedTools(("search",)),
    DecisionOffered("Yes", "No", "[]", "Decide.", (ToolCall("calculator", "c", (("input", "21*2"),)),)),
    Heard("a transcript"),
    Sentence("a sentence"),
    Footnote("a footnote"),
    AnswerButtons("T1:C1:1.5", "a1b2c3", ("What else?",), rates=True, regenerates=True),
    PassagesOffered("which answer"),
)
PASSING: tuple[ReplyEvent, ...] = (
    TextComplete(),
    Queued(2),
    OverLimit(),
    WaitingForRun(),
    Thinking(),
    FetchingRest(),
    ParagraphBreak(),
    WordsWhole(),
    Stopping(),
    Finished(),
    Stopped(StopOutcome.GOES_ON),
    Failed(Interrupted("x"), "a1b2c3"),
)


def test_every_kind_is_tried() -> None:
    assert {type(event) for event in EVERY_KIND} == set(get_args(KeptEvent))
    assert {type(event) for event in PASSING} == set(get_args(ProgressEvent))


def written(*events: ReplyEvent) -> str:
    arriving, journal = Arriving(), Journal()
    for event in events:
        for arrived in arriving.receive(event):
            journal.receive(arrived)
    return journal.written(arriving.held)


@pytest.mark.parametrize("event", EVERY_KIND, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_as_it_was(event: ReplyEvent) -> None:
    assert read(written(event)) == (event,)


def test_all_kinds_together_come_back_the_words_first() -> None:
    note, _, words, *beside = EVERY_KIND
    assert read(written(*EVERY_KIND)) == (CalledTools(("search",)), words, note, *beside)


@pytest.mark.parametrize("event", [*PASSING, CalledTools(())])
def test_what_passes_is_not_kept(event: ReplyEvent) -> None:
    assert read(written(Token("a"), event, Token("b"))) == (Token("ab"),)


def test_words_that_came_together_are_one_event_and_tool_calls_part_them() -> None:
    events = (Token("one "), Token("two"), CalledTools(("t",)), CalledTools(()), Token("three"), Token(" four"))
    assert read(written(*events)) == (Token("one two"), CalledTools(("t",)), Token("three four"))


def test_sources_and_tools_are_what_was_said_last() -> None:
    other = SourceDocuments((SourceDocument("e"),))
    events = (SOURCES, UsedTools(("a",)), Token("x"), UsedTools(("a", "b")), other)
    assert read(written(*events)) == (Token("x"), other, UsedTools(("a", "b")))


def test_a_pair_of_surrogates_may_come_in_two_tokens() -> None:
    assert read(written(Token("a\ud83c"), Token("\udf88"))) == (Token("a🎈"),)
    assert read(written(Token("a\ud83c"))) == (Token("a\ufffd"),)


def test_it_is_written_again_and_again_while_it_grows() -> None:
    journal = Journal()
    for number in range(5):
        journal.receive(Token(str(number)))
        assert read(journal.written()) == (Token("01234"[: number + 1]),)


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "not json",
        "{}",
        "null",
        "7",
        '["Token"]',
        '[["Token"]]',
        '[["Token", "x"]]',
        '[["Token", {"text": 7}]]',
        "[",
    ],
)
def test_what_cannot_be_read_says_nothing(kept: str) -> None:
    assert read(kept) == ()


def test_what_another_version_wrote_is_read_as_far_as_it_is_known() -> None:
    kept = json.loads(written(Token("known")))
    assert read(json.dumps([["Hologram", {"depth": 3}], *kept])) == (Token("known"),)
    assert read('[["Sentence", {"text": "s", "colour": "red"}]]') == (Sentence("s"),)


words = st.text("aä🎈 *_`#>-\n|[]()<!@&.:/", max_size=12).map(Token)
names = st.lists(st.sampled_from(["search", "find", "<!here>"]), max_size=3).map(tuple)
documents = st.builds(SourceDocument, st.text(max_size=8), st.none() | st.just("https://a.b/c"))
events = st.lists(
    words
    | names.map(CalledTools)
    | names.map(UsedTools)
    | st.lists(documents, max_size=3).map(lambda found: SourceDocuments(tuple(found)))
    | st.lists(st.sampled_from("abc").map(ResultFile), max_size=2).map(lambda files: ResultFiles(tuple(files)))
    | st.just(EVERY_KIND[6])
    | st.text(max_size=8).map(Remark)
    | st.text(max_size=8).map(Footnote)
    | st.sampled_from([Thinking(), WaitingForRun(), Queued(3)]),
    max_size=25,
)


def shown(heard: tuple[ReplyEvent, ...], last: ReplyEvent) -> tuple[Page, ...]:
    arriving, answer = Arriving(), PagedAnswer(most=4)
    for event in (*heard, last):
        for arrived in arriving.receive(event):
            answer.receive(arrived)
    while answer.behind:
        answer.catch_up()
    return answer.pages(shows_work=False)


@pytest.mark.slow
@given(events, st.sampled_from([Finished(), Failed(Interrupted("stopped"), "a1b2c3", '["line", "a1b2c3"]')]))
def test_a_replayed_journal_shows_what_the_events_have_shown(heard: list[ReplyEvent], last: ReplyEvent) -> None:
    assert shown(read(written(*heard)), last) == shown(tuple(heard), last)


@pytest.mark.slow
@given(events, events)
def test_whoever_takes_over_may_go_on_writing_it(heard: list[ReplyEvent], more: list[ReplyEvent]) -> None:
    replayed = read(written(*heard))
    assert shown(read(written(*replayed, *more)), Finished()) == shown((*heard, *more), Finished())


def test_a_flow_that_never_ends_fills_neither_the_memory_nor_the_store() -> None:
    heard = tuple(Token(f"{number:>9} ") for number in range(30_000))
    kept = written(*heard)
    assert len(kept) < 250_000
    assert shown(read(kept), Finished()) == shown(heard, Finished())


FLOODS: dict[str, tuple[ReplyEvent, ...]] = {
    "tools": (CalledTools(("search",)), CalledTools(())),
    "tools between words": (CalledTools(tuple("t" * 80 for _ in range(20))), Token("a")),
    "words and sources": (Token("a"), SOURCES),
    "used tools": (UsedTools(("a",)), UsedTools(("a", "b"))),
    "files": tuple(ResultFiles((ResultFile(f"{name}.png"), ResultFile("", name))) for name in "ab"),
    "decisions": (EVERY_KIND[6],),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_no_kind_of_event_makes_it_grow_without_a_bound(flood: tuple[ReplyEvent, ...]) -> None:
    journal, lengths = Journal(), []
    for _ in range(2):
        for event in flood * 5_000:
            journal.receive(event)
        lengths.append(len(journal.written()))
    # Words may go on growing until they are too many; nothing else may.
    assert lengths[1] - lengths[0] <= sum(len(event.text) for event in flood if isinstance(event, Token)) * 5_000
    assert lengths[1] < 250_000


def test_a_token_as_large_as_a_book_is_cut() -> None:
    kept = written(Token("x" * 3 * LONGEST), Token("y"))
    assert read(kept) == (Token("x" * (LONGEST + 1)),)
    assert shown(read(kept), Finished()) == shown((Token("x" * 3 * LONGEST),), Finished())


def test_calls_of_tools_beyond_the_last_break_are_words_of_one_paragraph() -> None:
    heard = (CalledTools(("t",)), Token("a ")) * (MOST_BREAKS + 50)
    assert sum(isinstance(event, CalledTools) for event in read(written(*heard))) == MOST_BREAKS
    assert shown(read(written(*heard)), Finished()) == shown(heard, Finished())


def test_what_was_written_once_is_not_written_anew() -> None:
    journal, began = Journal(), time.thread_time()
    for event in (Token("word " * 8_000), SOURCES, CalledTools(("t",))) * 5:
        journal.receive(event)
    whole = journal.written()
    first = time.thread_time() - began
    again = []
    for _ in range(5):
        journal.receive(Token("."))
        began = time.thread_time()
        assert len(journal.written()) > len(whole)
        again.append(time.thread_time() - began)
    assert min(again) < first / 3
