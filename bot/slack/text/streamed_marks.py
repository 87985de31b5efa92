"""Writes the marks of emphasis so that Slack's own Markdown, which is CommonMark, reads them as the parser here does.

Something invisible is put beside a mark next to Chinese, Japanese or Korean where CommonMark would show it as a mark.
"""

from __future__ import annotations

import re

from bot.slack.text.flanking import commonmark, ends_stress, flanks, multiplies

_RUN = re.compile(r"\*+|_+|~{2,}")
_RUNS = re.compile(rf"(?:{_RUN.pattern})+")
_NEARBY = 300
_PRODUCT = re.compile(r"(?<=\d)\*+(?=\d)")
# Marks that close something: they stand behind a word.
_CLOSING = re.compile(r"[^\s(\[*_~][*_~]{1,9}\Z")
# U+2060, word joiner: no width, no line break; neither a space nor punctuation.
_JOINER = "\u2060"
# U+200A, hair space: the narrowest character that is a space for CommonMark, which looks for one beside underscores.
_HAIR_SPACE = "\u200a"


def marked(word: str, source: tuple[str, str], shown: tuple[str, str]) -> str:
    """Some text whose marks are read as they are meant.

    `source` is what stands before it in its line and after it, `shown` what Slack is given in place of that.
    """
    if _RUN.search(word) is None:
        return word
    text, seen = (before + word + after for before, after in (source, shown))
    shift = len(shown[0]) - len(source[0])
    parts, at = [], 0
    for found in _RUNS.finditer(word):
        start, end = len(source[0]) + found.start(), len(source[0]) + found.end()
        parts += [word[at : found.start()], _written(text, start, end, seen, shift)]
        at = found.end()
    return "".join([*parts, word[at:]])


def beside(before: str, piece: str) -> str:
    """A piece behind that text, kept apart from it where the marks or ticks of both would be read as one run."""
    first = piece[:1]
    closed = first == "`" if before.endswith("`") else first in ("*", "_", "~") and _CLOSING.search(before) is not None
    return _JOINER + piece if closed else piece


def _written(text: str, start: int, end: int, shown: str, shift: int) -> str:
    """One run of marks, or several that touch each other. In what is shown, it stands so much further to the right."""
    if multiplies(text, start, end):
        return text[start:end] if ends_stress(text, start, end) else "\\*" * (end - start)
    runs = [(found.start(), found.end()) for found in _RUN.finditer(text, start, end)]
    meant = [flanks(text, *run) for run in runs]
    if meant == [commonmark(shown, start + shift, end + shift) for start, end in runs]:
        return text[start:end]
    first = text[slice(*runs[0])]
    closes = meant[0].closes and (not meant[0].opens or _is_open(text, start, first))
    return "".join(_set_off(text[slice(*run)], closes=closes) for run in runs)


def _set_off(run: str, *, closes: bool) -> str:
    """Marks with something beside them that lets them open or close, as CommonMark reads them.

    Stars and tildes want no punctuation inside, underscores a space outside.
    """
    if run[0] == "_":
        return f"{run}{_HAIR_SPACE}" if closes else f"{_HAIR_SPACE}{run}"
    return f"{_JOINER}{run}" if closes else f"{run}{_JOINER}"


def _is_open(text: str, start: int, run: str) -> bool:
    """Whether such marks have opened something in the line before, as far as counting them nearby tells."""
    return _PRODUCT.sub("", text[max(0, start - _NEARBY) : start]).count(run) % 2 == 1
