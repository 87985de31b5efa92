"""Reads a text as a person sees it: nothing invisible in it, and plain characters in place of their look-alikes.

A label may hide an address from a program by characters that nobody notices. The results are compared, not shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, which Python does not know, and the null notehead.
_IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D159, 0x1D159), (0x1D173, 0x1D17A)),
    (0xE0000, 0xE0FFF),
)
# From Unicode's confusables (UTS 39), those that stand on the line; the dots of domain names (UTS 46) are among them.
_DOTS = "\u2024\u3002\uff0e\uff61\ufe52\ua4f8\u0701\u0702\ua60e\u06d4\U00010a50\U0001d16d"
_SLASHES = "\u2044\u2215\u2571\u29f8\u27cb\u1735\u2041\u3033\u31d3\U0001d23a"
_COLONS = "\u2236\ua789\u02d0\u02f8\u0589\u05c3\u0703\u0704\u16ec\u1803\u1809\u205a\ua4fd"
# White letters in black squares and circles; Unicode's normalisation knows only the black ones.
_BOXED = {first + place: ord("a") + place for first in (0x1F150, 0x1F170) for place in range(26)}
_ALIKE: dict[int, int | None] = {
    **{code: None for first, last in _IGNORABLE for code in range(first, last + 1)},
    **_BOXED,
    **{ord(sign): ord(plain) for plain, signs in ((".", _DOTS), ("/", _SLASHES), (":", _COLONS)) for sign in signs},
    0x2800: ord(" "),  # a pattern of Braille without a dot
    0xFFFC: None,
}
# So narrow that a word may seem whole: six-per-em, figure, punctuation, thin, hair, narrow and mathematical space.
_NARROW = dict.fromkeys((0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x202F, 0x205F))
# Dots above the line and zeros that look like dots, which scripts other than these use within words; and Catalan, l·l.
_RAISED = re.compile(
    "(?<=[0-9a-z\u00c0-\u052f])(?!(?<=l)\u00b7l)[\u00b7\u2022\u2027\u2219\u22c5\u2e31\u2e33\ua78f\u1427\u30fb\u0660\u06f0]"
    "(?=[0-9a-z\u00c0-\u052f])"
)
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKS = ("Mn", "Me")


def readings(text: str) -> frozenset[str]:
    """The ways in which a text may be read, in small letters: narrow spaces seen or not, accents seen or not, and from
    its end to its beginning where it has characters that turn it round."""
    if text.isascii() and text.isprintable():
        return frozenset({text.lower()})
    found = {_plain(text), _plain(text.translate(_NARROW))}
    found |= {_without_marks(reading) for reading in found}
    if _BIDI.search(text):
        found |= {reading[::-1] for reading in found}
    return frozenset(found)


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not text.strip() or not any(reading.strip() for reading in readings(text))


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.translate(_ALIKE)).translate(_ALIKE).lower()
    return _RAISED.sub(".", "".join(_visible(plain)))


def _visible(text: Iterable[str]) -> Iterator[str]:
    """Without controls, characters of format, and code points that mean nothing; private ones have a picture."""
    for char in text:
        kind = unicodedata.category(char)
        if kind[0] != "C" or kind == "Co" or char in "\t\n":
            yield char


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return _RAISED.sub(".", "".join(char for char in apart if unicodedata.category(char) not in _MARKS))
