"""Judges the text that Flowise has read from a document."""

from __future__ import annotations

from typing import Final

MOST_TEXT: Final = 1_000_000
"""Characters of all documents of a question together: some 250,000 tokens, more than most models take."""


class TooMuchTextError(Exception):
    """A file holds more text than is read at once."""


def is_readable(text: str) -> bool:
    """Whether there is something to read. What Flowise makes of UTF-16 is full of U+0000 (measured on 3.1.4)."""
    return bool(text.strip("\x00 \t\r\n\ufeff")) and text.count("\x00") * 10 < len(text)


def without_nul(text: str) -> str:
    """A text without U+0000: a server on Postgres cannot store one, and forgets the turn (measured on 3.1.4)."""
    return text.replace("\x00", "")
