"""Writes the marks of emphasis so that Slack's own Markdown, which is CommonMark, reads them as the parser here does.

Something invisible is put beside a mark next to Chinese, Japanese or Korean where CommonMark would show it as a mark.
"""

from __future__ import annotations

import re

from bot.slack.text.flanking import commonmark, flanks, is_punctuation, multiplies

_RUN = re.compile(r"\*+|_+|~{2,}")
_NEARBY = 300
_PRODUCT = re.compile(r"(?<=\d)\*+(?=\d)")
# U+2060, word joiner: no width, no line break; neither a space nor punctuation.
_JOINER = "\u2060"
# U+200A, hair space: the narrowest character that is a space for CommonMark, which looks for one beside underscores.
_HAIR_SPACE = "\u200a"


def marked(word: str, before: str, after: str) -> str:
    """Some text whose marks are read as they are meant, between what stands before it in its line and after it."""
    if _RUN.search(word) is None:
        return word
    whole, start = before + word + after, len(before)
    parts, at = [], 0
    for run in _RUN.finditer(word):
        parts += [word[at : run.start()], _written(whole, start + run.start(), start + run.end())]
        at = run.end()
    return "".join([*parts, word[at:]])


def _written(text: str, start: int, end: int) -> str:
    run = text[start:end]
    if multiplies(text, start, end):
        return run if _is_open(text, start, run) else "\\*" * len(run)
    meant, read = flanks(text, start, end), commonmark(text, start, end)
    if meant == read:
        return run
    if run[0] != "_":
        before = _JOINER if meant.closes and not read.closes and is_punctuation(text[start - 1]) else ""
        return before + run + (_JOINER if meant.opens and not read.opens else "")
    closes = meant.closes and (not meant.opens or _is_open(text, start, run))
    return f"{run}{_HAIR_SPACE}" if closes else f"{_HAIR_SPACE}{run}"


def _is_open(text: str, start: int, run: str) -> bool:
    """Whether such marks have opened something in the line before, as far as counting them nearby tells."""
    return _PRODUCT.sub("", text[max(0, start - _NEARBY) : start]).count(run) % 2 == 1
