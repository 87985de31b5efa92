"""Cleans, escapes and shortens hostile text, so that Slack accepts it and nothing in it has an effect."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls other than tab and newline: JSON may carry them, Slack refuses or hides them. The two directional
# overrides make a text read backwards and are used for nothing but disguise; isolates and marks stay.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")
_HIGH_SURROGATES = ("\ud800", "\udbff")

ELLIPSIS = "…"

_JOINER = "\u200d"
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
_LONGEST_CHARACTER = 16

WIDE_ENDS = tuple("\u3002\uff01\uff1f")
"""Full-width marks that end a sentence; no space follows them."""

SENTENCE_ENDS = (*".!?…", *WIDE_ENDS)
"""Latin and full-width marks after which a text is best cut."""


def units(text: str) -> int:
    """The length of a text in UTF-16 units: an emoji counts two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def prefix(text: str, room: int) -> str:
    """The longest beginning of a text that has at most `room` units."""
    if units(text) <= room:
        return text
    end = max(0, min(len(text), room))
    while end and units(text[:end]) > room:
        end -= max(1, (units(text[:end]) - room) // 2)
    return text[:end]


def between_characters(text: str, place: int) -> int:
    """The place, or one just before it where no emoji of several parts and no letter with its accents is cut apart."""
    for earlier in range(place, max(1, place - _LONGEST_CHARACTER), -1):
        if not (text[earlier - 1] == _JOINER or _belongs_to_the_one_before(text[earlier : earlier + 1])):
            return earlier
    return place


def _belongs_to_the_one_before(char: str) -> bool:
    if not char:
        return False
    tone = _SKIN_TONES[0] <= char <= _SKIN_TONES[1]
    return char == _JOINER or tone or unicodedata.category(char) in ("Mn", "Me")


def clean(text: str) -> str:
    """A text without control characters; line ends are `\\n`, halves of surrogate pairs are joined or become U+FFFD."""
    if text.isprintable():  # then none of these is in it
        return text
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def waits_for_more(char: str) -> bool:
    """Whether the character that follows decides what this one is: CR before LF, first half of a surrogate pair."""
    return char == "\r" or _HIGH_SURROGATES[0] <= char <= _HIGH_SURROGATES[1]


def one_line(text: str) -> str:
    """A cleaned text with every run of white space made one space."""
    return " ".join(clean(text).split())


def escape(text: str) -> str:
    """The three characters that begin or end something in mrkdwn (Slack docs, Formatting message text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, room: int) -> str:
    """A text of at most `room` units; an ellipsis shows that something was cut off."""
    return text if units(text) <= room else prefix(text, room - units(ELLIPSIS)).rstrip() + ELLIPSIS


def escape_within(text: str, room: int) -> str:
    """A text, escaped and shortened so that the escaped form has at most `room` units and no entity is cut."""
    within = prefix(text, room)  # escaping makes no text shorter
    escaped = escape(within)
    if len(within) == len(text) and units(escaped) <= room:
        return escaped
    kept = prefix(escaped, room - units(ELLIPSIS))
    entity = kept.rfind("&")
    if entity >= 0 and ";" not in kept[entity:]:
        kept = kept[:entity]
    return kept.rstrip() + ELLIPSIS
