"""Shows what can be pressed under a whole answer."""

from __future__ import annotations

from bot.reply.contract import AnswerButtons
from bot.slack import wording, wording_of_forms
from bot.slack.text.answer_blocks import form_button, rating_buttons, suggestion_buttons
from bot.slack.text.block import Blocks
from bot.thread import BAD, GOOD, value_of


def answer_buttons(offered: AnswerButtons | None) -> Blocks:
    """The blocks of the buttons, none where there are none."""
    if offered is None:
        return ()
    line, reference = offered.line, offered.reference
    if offered.form:
        return (form_button(wording_of_forms.OPEN_FORM, value_of(line, reference)),)
    asked = (suggestion_buttons(offered.suggestions, value_of(line, reference)),) if offered.suggestions else ()
    if not offered.rates:
        return asked
    good = (wording.GOOD_ANSWER, value_of(line, reference, GOOD))
    bad = (wording.BAD_ANSWER, value_of(line, reference, BAD))
    return (*asked, rating_buttons(good, bad))
