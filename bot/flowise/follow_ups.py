"""Reads the follow-up prompts that a flow suggests after an answer."""

from __future__ import annotations

from bot.flowise.json_text import read_json
from bot.flowise.sources import one_line

MOST = 5
"""Buttons under an answer. Flowise's own provider gives three."""
# In characters. A prompt is a question that a person might type.
_LONGEST = 1_000
_LONGEST_LIST = 20_000
# It is JSON in a JSON string, and sometimes in another one (measured on Flowise 3.1.4).
_MOST_LAYERS = 3


def follow_up_prompts(value: object) -> tuple[str, ...]:
    """The prompts of a `followUpPrompts` value, each as one line, MOST of them at most; none where it holds no list."""
    for _ in range(_MOST_LAYERS):
        if not isinstance(value, str):
            break
        try:
            value = read_json(value) if len(value) <= _LONGEST_LIST else None
        except ValueError:
            return ()
    return prompts(value)


def prompts(values: object) -> tuple[str, ...]:
    """The texts of a list of prompts, each as one line and once, MOST of them at most."""
    listed = values if isinstance(values, list) else []
    lines = (one_line(value, _LONGEST) for value in listed[: 10 * MOST] if isinstance(value, str))
    return tuple(dict.fromkeys(line for line in lines if line))[:MOST]
