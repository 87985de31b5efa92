"""Shows what can be pressed under a whole answer, in one place for all of it."""

from __future__ import annotations

from bot.reply.contract import AnswerButtons
from bot.slack import wording
from bot.slack.text.answer_blocks import regenerate_button
from bot.slack.text.block import Blocks
from bot.thread import value_of


def answer_buttons(offered: AnswerButtons | None) -> Blocks:
    """The blocks of the buttons, none where there are none."""
    if offered is None or not offered.regenerates:
        return ()
    return (regenerate_button(wording.REGENERATE, value_of(offered.line, offered.reference)),)
