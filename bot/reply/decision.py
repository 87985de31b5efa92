"""Shows the decision that an answer waits for: what would be done, who may decide, and the two buttons."""

from __future__ import annotations

from bot.reply.contract import DecisionOffered
from bot.slack import wording
from bot.slack.text.block import Blocks
from bot.slack.text.decision_blocks import decision_buttons, decision_note, tool_list


def decision(offered: DecisionOffered | None, *, with_sentence: bool) -> Blocks:
    """The blocks of a decision, none where there is none. Without its sentence where that stands above."""
    if offered is None:
        return ()
    sentence = (decision_note(offered.sentence),) if with_sentence else ()
    if not offered.value:
        return sentence
    means = (wording.MEANS_YES, wording.MEANS_NO)
    buttons = decision_buttons(offered.approve, offered.reject, means, offered.value)
    return (*tool_list((tool.name, tool.arguments) for tool in offered.tools), *sentence, buttons)
