"""Which answers can be regenerated, and what stands under them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation.question import Question
from bot.conversation.regeneration import newest_answer, under_answer
from bot.records.thread import Item, Thread
from bot.reply.contract import AnswerButtons, Footnote, Place, Remark
from bot.slack import wording

ITEM = Item("T1", "T1:C1:1.0", "a1b2c3d4", "1.0", "message", "{}")
ASKED = Question(Thread("T1", "C1", "1.0"), Place("C1", "1.0", "U1"), "1.0", "why?", "a1b2c3d4", regenerable=True)
PRIVATE = replace(ASKED, place=replace(ASKED.place, response_url="https://hooks.slack.com/x"))


@pytest.mark.parametrize(
    ("question", "awaits", "kept"),
    [
        (ASKED, False, ITEM),
        (ASKED, True, None),
        (PRIVATE, False, None),
        (replace(ASKED, regenerable=False), False, None),
    ],
)
def test_what_is_kept_of_an_answer(question: Question, awaits: bool, kept: Item | None) -> None:
    assert newest_answer(question, ITEM, awaits_decision=awaits) == kept


@pytest.mark.parametrize(
    ("since", "same_chat", "says"),
    [(None, True, False), ("", True, True), ("0.5", True, True), ("0.5", False, False)],
)
def test_one_that_is_asked_anew_says_that_both_are_remembered_where_they_are(
    since: str | None, same_chat: bool, says: bool
) -> None:
    under = list(under_answer(replace(ASKED, since=since), ITEM, same_chat=same_chat, is_first=True))
    button = AnswerButtons(ITEM.line, ITEM.reference, regenerates=True)
    assert under == [*[Remark(wording.BOTH_REMEMBERED)] * says, button, Footnote(wording.EVERY_MESSAGE)]
    assert list(under_answer(ASKED, None, same_chat=same_chat, is_first=False)) == []
