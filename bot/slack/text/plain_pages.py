"""Cuts a text into messages without rendering it, for when Slack refuses the form of the rendered ones."""

from __future__ import annotations

from bot.slack.text.escaping import between_characters, clean, escape, units
from bot.slack.text.limits import PLAIN_PAGE

# A character becomes five at most: "&amp;".
_LONGEST_ENTITY = 5


def plain_pages(source: str, most: int | None) -> tuple[tuple[str, ...], str]:
    """The text's pages, `most` of them at most, and what is left of it. A page that is full stays as it is."""
    text, at = clean(source), 0
    pages: list[str] = []
    while at < len(text) and (most is None or len(pages) < most):
        end = _end(text, at)
        if text[at:end].strip():
            pages.append(text[at:end])
        at = end
    left = text[at:]
    return tuple(pages), left if left.strip() else ""


def _end(text: str, start: int) -> int:
    """Where a page ends: after a line or a word in the second half of the text that fits, where there is one."""
    room = text[start : start + PLAIN_PAGE]
    while (over := units(escape(room)) - PLAIN_PAGE) > 0:
        room = room[: len(room) - max(1, over // _LONGEST_ENTITY)]
    end = start + len(room)
    if end == len(text):
        return end
    for sign in ("\n", " "):
        if (place := room.rfind(sign, len(room) // 2)) > 0:
            return start + place + 1
    return max(start + 1, between_characters(text, end))
