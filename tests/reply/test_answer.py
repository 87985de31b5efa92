"""An answer changes only when something that can be seen has changed: each change may be written anew."""

from __future__ import annotations

import pytest

from bot.flowise.events import Action, CalledTools, SourceDocument, SourceDocuments, Token, UsedTools
from bot.reply.contract import LONGEST, MOST_BREAKS, Finished, ParagraphBreak, ReplyEvent
from bot.reply.paged import PagedAnswer
from bot.slack import wording
from bot.slack.text.blocks import shown

SOURCES = SourceDocuments((SourceDocument("a"),))


def receive(answer: PagedAnswer, event: ReplyEvent) -> None:
    """Take an event to its end: a long text is taken step by step."""
    answer.receive(event)
    while answer.behind:
        answer.catch_up()


def changes(*events: ReplyEvent) -> list[bool]:
    answer, seen = PagedAnswer(), []
    for event in events:
        before = answer.version
        receive(answer, event)
        seen.append(answer.version != before)
    return seen


@pytest.mark.parametrize("event", [CalledTools(("t",)), UsedTools(("t",)), SOURCES, Action()])
def test_what_is_said_again_is_no_change(event: ReplyEvent) -> None:
    assert changes(event, event, event) == [True, False, False]


def test_what_says_something_else_is_a_change() -> None:
    assert changes(CalledTools(("t",)), CalledTools(("u",)), CalledTools(()), Token("a")) == [True] * 4
    assert changes(CalledTools(("t",)), Token("a"), CalledTools(("t",)), Token("")) == [True, True, True, False]
    assert changes(UsedTools(("t",)), UsedTools(())) == [True, True]
    assert changes(SOURCES, SourceDocuments(())) == [True, True]


def test_words_beyond_the_last_that_are_taken_are_no_change() -> None:
    answer = PagedAnswer(most=2)
    receive(answer, Token("x" * (LONGEST - 10)))
    assert changes(Token("x" * (LONGEST + 1)), Token("more"), CalledTools(("t",)), Token("y")) == [
        True,
        False,
        True,
        True,
    ]
    receive(answer, Token("y" * 50))
    receive(answer, Token("z"))
    assert answer.text.source == "x" * (LONGEST - 10) + "y" * 10
    receive(answer, Finished())
    footer = answer.pages(shows_work=False)[-1].blocks
    assert shown(footer).count(wording.TOO_LONG) == 1


def test_a_flow_that_never_stops_asking_asks_once() -> None:
    answer = PagedAnswer()
    for _ in range(1_000):
        receive(answer, Action())
    receive(answer, Finished())
    [page] = answer.pages(shows_work=False)
    assert shown(page.blocks).count(wording.DECISION_NEEDED.partition("`")[0]) == 1


def test_a_paragraph_break_is_seen_only_when_text_follows() -> None:
    answer = PagedAnswer()
    receive(answer, Token("one"))
    before = answer.version
    receive(answer, ParagraphBreak())
    assert answer.version == before
    assert not answer.running
    receive(answer, Token("two"))
    assert answer.text.source == "one\n\ntwo"


def test_a_rest_that_is_lost_is_a_change() -> None:
    answer = PagedAnswer()
    before = answer.version
    answer.lose_rest()
    assert answer.version != before


def test_paragraphs_are_bounded() -> None:
    answer = PagedAnswer(most=2)
    for _ in range(MOST_BREAKS + 20):
        receive(answer, CalledTools(("t",)))
        receive(answer, Token("a "))
    assert answer.text.source.count("\n\n") == MOST_BREAKS
