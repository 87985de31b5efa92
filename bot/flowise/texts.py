"""Judges the text that Flowise has read from a document, and frees what is sent of what it cannot store."""

from __future__ import annotations

from collections.abc import Mapping
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


def body_without_nul(body: Mapping[str, object]) -> dict[str, object]:
    """The body of a request, with no U+0000 in any text of it."""
    return {name: _texts_without_nul(value) for name, value in body.items()}


def _texts_without_nul(value: object) -> object:
    match value:
        case str():
            return without_nul(value)
        case Mapping():
            return body_without_nul(value)
        case list():
            return [_texts_without_nul(inner) for inner in value]
    return value
