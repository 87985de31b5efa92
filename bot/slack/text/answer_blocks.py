"""Builds the buttons under a whole answer: questions to go on with, the same one anew, and a rating."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.slack.text.block import Block, Blocks
from bot.slack.text.decision_blocks import button_text

SUGGESTIONS = tuple(f"suggestion_{number}" for number in range(5))
"""The names of the actions of buttons that ask a question, in their order."""

RATING = "rating"
"""The name of the two buttons' action."""

FORM = "open_form"
"""The name of the action of the button that opens a form."""

REGENERATE = "regenerate"
"""The name of the action of the button that asks an answer's question anew."""

REGENERATE_BLOCK = "answer_regenerate"
"""The name of its block."""

ANSWER_BUTTONS = "answer_suggestions", "answer_rating"
"""The names of the blocks."""


def suggestion_buttons(labels: Sequence[str], value: str) -> Block:
    """Questions as buttons, as many as there are SUGGESTIONS. A press sends the `value`; its action tells which."""
    buttons = [
        {
            "type": "button",
            "action_id": action,
            "text": {"type": "plain_text", "text": button_text(label), "emoji": False},
            "value": value,
        }
        for action, label in zip(SUGGESTIONS, labels, strict=False)
    ]
    return {"type": "actions", "block_id": ANSWER_BUTTONS[0], "elements": buttons}


def form_button(label: str, value: str) -> Block:
    """A button that opens a form. A press sends the `value`."""
    button = {
        "type": "button",
        "action_id": FORM,
        "style": "primary",
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "value": value,
    }
    return {"type": "actions", "elements": [button]}


def regenerate_button(label: str, value: str) -> Block:
    """A button that asks an answer's question anew. A press sends its `value`, 2,000 characters at most."""
    button = {
        "type": "button",
        "action_id": REGENERATE,
        "text": {"type": "plain_text", "text": label},
        "accessibility_label": f"{label}: asks this question anew, below",
        "value": value,
    }
    return {"type": "actions", "block_id": REGENERATE_BLOCK, "elements": [button]}


def rating_buttons(good: tuple[str, str], bad: tuple[str, str]) -> Block:
    """Two buttons for a rating, each by its label and the value that a press sends."""
    positive, negative = (
        {"text": {"type": "plain_text", "text": label, "emoji": False}, "accessibility_label": label, "value": value}
        for label, value in (good, bad)
    )
    element = {
        "type": "feedback_buttons",
        "action_id": RATING,
        "positive_button": positive,
        "negative_button": negative,
    }
    return {"type": "context_actions", "block_id": ANSWER_BUTTONS[1], "elements": [element]}


def without_rating(blocks: Iterable[Mapping[str, object]]) -> Blocks:
    """The blocks of a message, as Slack gives them, without the buttons of a rating."""
    return tuple(block for block in blocks if not _rates(block))


def _rates(block: Mapping[str, object]) -> bool:
    elements = block.get("elements")
    return block.get("type") == "context_actions" and any(
        isinstance(element, Mapping) and element.get("action_id") == RATING
        for element in (elements if isinstance(elements, Sequence) else ())
    )
