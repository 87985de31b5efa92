"""Builds the buttons under a whole answer."""

from __future__ import annotations

from bot.slack.text.block import Block

REGENERATE = "regenerate"
"""The name of the action of the button that asks an answer's question anew."""

REGENERATE_BLOCK = "answer_regenerate"
"""The name of its block."""


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
