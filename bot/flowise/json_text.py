"""Reads and writes untrusted JSON: every fault is a ValueError, and every string can be encoded again."""

from __future__ import annotations

import json
import re

from pydantic_core import from_json

_WRITER = json.JSONEncoder(ensure_ascii=False)
_INDENTED = json.JSONEncoder(ensure_ascii=False, indent=2)

# JavaScript cuts text in the middle of an emoji and writes the half of it as an escape: a token may end so, and each
# chunk of a document. Where there are more of them than chunks and tokens could have, the text is not worth the time.
_HALF_PAIR = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|[c-fC-F][0-9a-fA-F]{2}(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))"
)
_MOST_HALVES = 2_000
# The most backslashes in a row that are examined.
_LONGEST_RUN = 1_000


def read_json(text: str) -> object:
    """The value of a JSON text. Half of a surrogate pair becomes U+FFFD.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    value: object = from_json(mended(text))
    return value


def mended(text: str) -> str:
    """A JSON text in which U+FFFD stands for half a surrogate pair, which no parser takes."""
    if "\\ud" in text or "\\uD" in text:
        return _HALF_PAIR.sub(_replaced, text, count=_MOST_HALVES)
    return text


def _replaced(half: re.Match[str]) -> str:
    """U+FFFD, unless the backslash is itself escaped."""
    before = half.string[max(0, half.start() - _LONGEST_RUN) : half.start()]
    is_escaped = (len(before) - len(before.rstrip("\\"))) % 2
    return half[0] if is_escaped else "\ufffd"


def write_json(value: object, longest: int, *, indented: bool = False) -> str:
    """A value as JSON for a person to read, cut off where it gets longer than `longest`."""
    parts: list[str] = []
    for part in (_INDENTED if indented else _WRITER).iterencode(value):
        parts.append(part)
        longest -= len(part)
        if longest < 0:
            return "".join(parts)[:longest]
    return "".join(parts)
