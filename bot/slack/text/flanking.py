"""Decides whether a run of marks may open or close emphasis, by the characters around it.

CommonMark (6.2) takes a mark with punctuation inside and a letter outside, as in `**Note:**text`, for neither. Chinese,
Japanese and Korean put no space there, so next to them their punctuation counts as a letter would. Text in which they
do not occur is read as CommonMark has it, but for one thing: a star between two digits multiplies.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter

from bot.slack.text.scripts import is_cjk

_RUN = re.compile(r"\*+|_+|~{2,}")
_STARS = re.compile(r"\*+")
_NEARBY = 300
MOST_PUNCTUATION = 4
"""How many quotes, brackets and stops may stand between a mark and the letter whose script they share."""

_DIGITS = frozenset("0123456789")


class Flanks(NamedTuple):
    """Whether a run of marks may open emphasis, and whether it may close one."""

    opens: bool
    closes: bool


def flanks(text: str, start: int, end: int, limit: int | None = None) -> Flanks:
    """How the run of marks from `start` to `end` stands in a text, which is seen up to `limit`."""
    limit = len(text) if limit is None else limit
    before, after = text[start - 1] if start else " ", text[end] if end < limit else " "
    if multiplies(text, start, end):
        return Flanks(opens=False, closes=ends_stress(text, start, end))
    stands = commonmark(text, start, end, limit)
    own_before = is_punctuation(before) and _is_by_cjk(text, range(start - 1, -1, -1))
    own_after = is_punctuation(after) and _is_by_cjk(text, range(end, limit))
    if not (own_before or own_after or is_cjk(before) or is_cjk(after)):
        return stands
    left = not _is_space(after) and (own_after or is_cjk(before) or _flanks(before, after))
    right = not _is_space(before) and (own_before or is_cjk(after) or _flanks(after, before))
    if text[start] != "_":
        return Flanks(left, right)
    # An underscore within a word is a part of it. Two of them between such letters are not: no name has them.
    between = is_cjk(before) and is_cjk(after)
    return Flanks(
        stands.opens or (left and between and (own_after or end - start > 1)),
        stands.closes or (right and between and (own_before or end - start > 1)),
    )


def commonmark(text: str, start: int, end: int, limit: int | None = None) -> Flanks:
    """The same as CommonMark has it."""
    limit = len(text) if limit is None else limit
    before, after = text[start - 1] if start else " ", text[end] if end < limit else " "
    left, right = _flanks(before, after), _flanks(after, before)
    if text[start] != "_":
        return Flanks(left, right)
    return Flanks(left and (not right or is_punctuation(before)), right and (not left or is_punctuation(after)))


def multiplies(text: str, start: int, end: int) -> bool:
    """Whether a run is stars between two digits, which open nothing."""
    return text[start] == "*" and text[start - 1 : start] in _DIGITS and text[end : end + 1] in _DIGITS


def ends_stress(text: str, start: int, end: int) -> bool:
    """Whether stars between two digits may close something, as in `*Q1*2024`: as many, nearby, are open there."""
    is_open = False
    for found in _STARS.finditer(text, max(0, start - _NEARBY), start):
        if len(found[0]) == end - start:
            is_open = not is_open and not multiplies(text, *found.span())
    return is_open


def _flanks(outside: str, inside: str) -> bool:
    return not _is_space(inside) and (not is_punctuation(inside) or _is_space(outside) or is_punctuation(outside))


def marks(state: StateInline, silent: bool) -> bool:
    """A rule for markdown-it, in place of its own for emphasis and strikethrough."""
    found = None if silent else _RUN.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    mark, stands = found[0][0], flanks(state.src, state.pos, found.end(), state.posMax)
    width = 2 if mark == "~" else 1
    count, odd = divmod(len(found[0]), width)
    for text in [mark] * odd + [mark * width] * count:
        state.push("text", "", 0).content = text
        if len(text) == width:
            state.delimiters.append(
                Delimiter(
                    marker=ord(mark),
                    length=count if width == 1 else 0,  # tildes know no rule of three
                    token=len(state.tokens) - 1,
                    end=-1,
                    open=stands.opens,
                    close=stands.closes,
                )
            )
    state.pos = found.end()
    return True


def _is_by_cjk(text: str, places: range) -> bool:
    """Whether punctuation belongs to Chinese, Japanese or Korean: by itself, or by the letter behind it."""
    for place in places[:MOST_PUNCTUATION]:
        if is_cjk(text[place]):
            return True
        if not is_punctuation(text[place]):
            return False
    return False


def is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)


def _is_space(char: str) -> bool:
    return isWhiteSpace(ord(char))
