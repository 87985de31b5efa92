"""Shows what can be pressed under a whole answer, in one place for all of it."""

from __future__ import annotations

from bot.records.thread import BAD, GOOD, value_of
from bot.reply.contract import AnswerButtons
from bot.slack import wording, wording_of_forms
from bot.slack.text.answer_blocks import form_button, rating_buttons, regenerate_button, suggestion_buttons
from bot.slack.text.block import Blocks


def answer_buttons(offered: AnswerButtons | None, *, has_words: bool = True) -> Blocks:
    """The blocks of the buttons, none where there are none. `has_words`: the answer has some of its own."""
    if offered is None:
        return ()
    line, reference = offered.line, offered.reference
    value = value_of(line, reference)
    if offered.form:
        return (form_button(wording_of_forms.OPEN_FORM, value),)
    blocks = [suggestion_buttons(offered.suggestions, value)] if offered.suggestions else []
    if offered.regenerates and has_words:
        blocks.append(regenerate_button(wording.REGENERATE, value))
    if offered.rates:
        good = (wording.GOOD_ANSWER, value_of(line, reference, GOOD))
        bad = (wording.BAD_ANSWER, value_of(line, reference, BAD))
        blocks.append(rating_buttons(good, bad))
    return tuple(blocks)
