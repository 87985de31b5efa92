"""Recognises the tags in which a model writes its reasoning, and decides which of them are not part of an answer.

Reasoning stands at the beginning of an answer or, where a flow asks a model several times, of a line. A tag in the
middle of a line is a word like others, and so is its end. An end that nothing has begun means that the beginning
was in the prompt: all before it was reasoning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = ("think", "thinking", "reasoning")
_TAG = re.compile(r"<\s{0,9}(?P<end>/?)\s{0,9}(?:thinking|think|reasoning)(?:\s[^<>]{0,400})?/?>", re.IGNORECASE)
END = re.compile(r"<\s{0,9}/\s{0,9}(?:thinking|think|reasoning)\s{0,400}>", re.IGNORECASE)
"""The end of reasoning, by any of the names: models mix them."""
LONGEST_END = 440
"""No end is longer."""
_HALF = re.compile(r"<\s{0,9}/?\s{0,9}(?P<name>[a-z]{0,9})(?P<rest>\s[^<>]{0,400})?/?", re.IGNORECASE)
_QUOTES = "\"'`\u201c\u2018\u201e\u00ab\u2039\u300c\u300e(["
_LEADING = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*")


@dataclass(frozen=True, slots=True)
class ReasoningTag:
    """A tag, where it ends, and whether it is the end of reasoning."""

    end: int
    closes: bool


def tag(text: str, at: int) -> ReasoningTag | None:
    """The tag that stands there."""
    found = _TAG.match(text, at)
    return ReasoningTag(found.end(), bool(found["end"])) if found else None


def may_be_tag(text: str, at: int) -> bool:
    """Whether all from there on may become such a tag."""
    found = _HALF.fullmatch(text, at)
    if found is None:
        return False
    name = found["name"].lower()
    return name in _NAMES if found["rest"] else any(full.startswith(name) for full in _NAMES)


def is_quoted(before: str) -> bool:
    """Whether a tag after that character is only spoken of."""
    return before in _QUOTES if before else False


def is_blank(text: str) -> bool:
    """Whether a text has nothing to see, so that reasoning after it is at the beginning."""
    return _LEADING.fullmatch(text) is not None
