"""Tells whether an answer can be regenerated, and what stands under it for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.conversation.question import Question
from bot.records.thread import Item
from bot.reply.contract import AnswerButtons, Footnote, Remark
from bot.slack import wording, wording_of_flows


def newest_answer(question: Question, item: Item, *, awaits_decision: bool = False) -> Item | None:
    """What is kept of a question whose answer is whole, to ask it anew; None where it cannot be regenerated, which is
    while its flow waits for a person's decision, or where the answer is private."""
    return item if question.regenerable and not awaits_decision and not question.place.response_url else None


def under_answer(
    question: Question,
    newest: Item | None,
    buttons: AnswerButtons | None = None,
    *,
    same_chat: bool,
    is_first: bool,
) -> Iterator[Remark | AnswerButtons | Footnote]:
    """What stands under a whole answer.

    `buttons` are the others that stand there. `same_chat`: it was asked on a chat with earlier turns, so one that is
    asked anew is remembered besides the answer before. `is_first`: it is the first one in a thread where the bot
    answers every message, and says so. Where another flow could have answered, the last line names this one.
    """
    if question.since is not None and same_chat:
        yield Remark(wording.BOTH_REMEMBERED)
    if newest is not None:
        buttons = replace(buttons or AnswerButtons(newest.line, newest.reference), regenerates=True)
    if buttons is not None:
        yield buttons
    by = wording_of_flows.answered_by(question.answered_by) if question.answered_by else ""
    if footnote := " ".join(filter(None, [by, wording.EVERY_MESSAGE if is_first else ""])):
        yield Footnote(footnote)
