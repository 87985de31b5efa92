"""What is kept beside an answer's words: enough to show the same, and no more however much comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flowise.events import (
    CalledTools,
    ResultFile,
    ResultFiles,
    SourceDocument,
    SourceDocuments,
    Token,
    ToolCall,
    UsedTools,
)
from bot.reply.beside import Beside
from bot.reply.contract import (
    DecisionOffered,
    FetchingRest,
    Finished,
    Queued,
    Remark,
    ReplyEvent,
    Thinking,
    WaitingForRun,
)
from bot.reply.paged import PagedAnswer
from bot.slack.text.pages import Page

OFFERED = DecisionOffered("Proceed", "Reject", "[]", "I need a decision.", (ToolCall("calculator"),))

EVENTS = st.lists(
    st.sampled_from(
        [
            Queued(2),
            Queued(1),
            WaitingForRun(),
            Thinking(),
            FetchingRest(),
            Remark("a"),
            Remark("b"),
            CalledTools(("search",)),
            CalledTools(("find",)),
            CalledTools(()),
            UsedTools(("search",)),
            UsedTools(()),
            SourceDocuments((SourceDocument("a"),)),
            SourceDocuments((SourceDocument("b"),)),
            SourceDocuments(()),
            ResultFiles((ResultFile("a.png"),)),
            ResultFiles((ResultFile("a.png"), ResultFile("b.png"))),
            ResultFiles((), more=True),
            OFFERED,
        ]
    ),
    max_size=20,
)


def shown(*events: ReplyEvent) -> list[tuple[Page, ...]]:
    """What stands after the first events, after words, and in the end."""
    answer, pages = PagedAnswer(), []
    for event in (*events, Token("words"), Finished()):
        answer.receive(event)
        if isinstance(event, Token | Finished) or event == events[-1]:
            pages.append(answer.pages(shows_work=True))
    return pages[-3:]


@given(EVENTS)
def test_what_is_kept_shows_the_same(heard: list[ReplyEvent]) -> None:
    beside = Beside()
    for event in (Token("before"), *heard):
        if not isinstance(event, Token):
            beside.add(event)
    assert shown(Token("before"), *beside.events)[-2:] == shown(Token("before"), *heard)[-2:]


@given(EVENTS, EVENTS)
def test_what_comes_later_is_added(heard: list[ReplyEvent], more: list[ReplyEvent]) -> None:
    first, later, whole = Beside(), Beside(), Beside()
    for event in heard:
        first.add(event)
        whole.add(event)
    for event in more:
        later.add(event)
        whole.add(event)
    first.add_all(later)
    assert shown(*first.events)[-2:] == shown(*whole.events)[-2:]


def test_text_is_not_kept_here() -> None:
    with pytest.raises(TypeError):
        Beside().add(Token("words"))


def test_thousands_of_events_are_a_handful() -> None:
    beside = Beside()
    for number in range(3_000):
        for event in (CalledTools((str(number),)), CalledTools(()), UsedTools((str(number),)), OFFERED, Thinking()):
            beside.add(event)
    assert len(beside.events) == 5
