"""Turns what a model sends into Markdown as it arrives: no reasoning, no files in the text, HTML as what it means.

It looks at each character once or, where something may begin, holds back what is not decided yet. What it decides
depends on the text alone, not on how it was cut. Code is passed on as it is.

HTML is read by a fixed list of names, so `List<String>` is text. An attribute counts only if it has a value, so
`a<b and c>d` is no tag; of addresses, only `http`, `https` and `mailto` do. Markdown that has passed once passes again
unchanged, so whoever takes an answer over reads it in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.slack.text.code_lines import LONGEST_START
from bot.slack.text.incoming_tags import IncomingTags

# So much is looked at in one go: what is held back is looked at again with the next piece.
_SLICE = 4_000
# What is longer is no code within a line.
_CODE = 1_000

_SPECIAL = re.compile(
    r"(?P<line>\n)|(?P<ticks>`+)|(?P<angle><)|(?P<escape>\\[^\n]?)|(?P<target>\](?=[(\[]|\Z))"
    r"|(?P<data>(?<!\w)d(?:ata:|at?a?\Z|\Z))",
    re.IGNORECASE,
)
# Marks right behind a tag that is one as well, the beginning of a special word included: what follows belongs to them.
_HALF_MARKS = re.compile(r"\s*[*_~]{1,9}(?:d|da|dat|data)?", re.IGNORECASE)
# Where inline code cannot go on: at a blank line, and at a line that begins another block.
_BLOCK = re.compile(r"\n[ \t]*(?:\n|[-*+][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|[|>]|```|~~~)")


@dataclass(frozen=True, slots=True)
class Arrived:
    """Markdown to be added. `anew`: all that came before it was reasoning, and is no part of the answer.

    `pictures` were in the text, as `data:` URIs; without content where they were too large.
    """

    markdown: str = ""
    anew: bool = False
    pictures: tuple[str, ...] = ()


class Incoming(IncomingTags):
    """An answer's text on its way in."""

    def __init__(self) -> None:
        super().__init__()
        self._flows = False
        """Nothing is held back and nothing is open: what is no special sign goes on as it is."""
        self._passed: list[str] = []
        """What went on as it is and was not looked at."""

    @property
    def held(self) -> str:
        """The end of what was taken that is held back, as it came but for the content of files."""
        return self._html.left + self._text

    def take(self, text: str) -> Arrived:
        """Take the next piece: any text, cut anywhere."""
        if self._flows and _SPECIAL.search(text) is None:  # most pieces are a word like others
            self._passed.append(text)
            return Arrived(text)
        self._look_back()
        for start in range(0, len(text), _SLICE):
            self._text += text[start : start + _SLICE]
            self._run()
        self._flows = self._is_within_words()
        return self._arrived()

    def _look_back(self) -> None:
        """Note what was not looked at when it went on."""
        if self._passed:
            text, self._passed = "".join(self._passed), []
            self._recent = (self._recent + text)[-LONGEST_START:]
            self._before = text[-1:] or self._before
            self._html.text(text)
            self._html.taken()

    def _is_within_words(self) -> bool:
        """Whether a line of text has begun and goes on, in which nothing is open."""
        if self._text or self._is_blank or self._begins_text or self._lines.begins or self._lines.is_code:
            return False
        skips = self._payload is not None or self._hidden is not None
        return not (skips or self._html.is_busy or self._html.is_code)

    def pause(self) -> Arrived:
        """The text goes on in a new paragraph, or has ended: what is held back will not become anything else."""
        self._look_back()
        self._flows = False
        self._final = True
        self._run()
        self._final = False
        if self._payload is not None and self._payload.in_link:
            self._html.text(")")
        self._end_payload()
        self._html.pause()
        self._lines.begin_anew()
        self._before, self._begins_text = "\n", True
        return self._arrived()

    def _arrived(self) -> Arrived:
        anew, self._anew = self._anew, False
        pictures, self._pictures = tuple(self._pictures), []
        return Arrived(self._html.taken(), anew, pictures)

    def _run(self) -> None:
        while self._at < len(self._text) and self._step():
            pass
        if self._at:
            self._before = self._text[self._at - 1]
        self._text, self._at = self._text[self._at :], 0

    def _step(self) -> bool:
        """Take one step; False if more text is needed for it."""
        if self._payload is not None:
            return self._skip_payload(self._payload)
        if self._hidden is not None:
            return self._skip_hidden(self._hidden)
        if self._html.is_code:
            return self._block_of_code()
        if self._lines.begins:
            if not self._lines.begin(self._text, self._at, final=self._final, in_html=self._html.is_busy):
                return False
            self._is_blank = self._is_blank and not self._lines.is_code
        return self._code_line() if self._lines.is_code else self._inline()

    def _code_line(self) -> bool:
        """Pass on a line of code, or what has come of it."""
        end = self._lines.take(self._text, self._at)
        self._html.raw(self._text[self._at : end])
        self._at, self._begins_text = end, False
        return True

    # Inline text ------------------------------------------------------------------------------------------------------

    def _inline(self) -> bool:
        found = _SPECIAL.search(self._text, self._at)
        if self._html.opens and not self._final and _HALF_MARKS.fullmatch(self._text, self._at):
            return False
        if found is None:
            return self._pass(len(self._text))
        start = found.start()
        if start > self._at:
            self._pass(start)
        return _STEPS[str(found.lastgroup)](self, start, found[0])

    def _escape(self, start: int, sign: str) -> bool:
        return (len(sign) > 1 or self._final or start + 1 < len(self._text)) and self._pass(start + len(sign))

    def _end_line(self, start: int, _sign: str) -> bool:
        line_start = self._text.rfind("\n", 0, start) + 1
        line = self._text[line_start:start]
        self._lines.end(blank=not line.strip() and (line_start > 0 or self._before == "\n"))
        self._pass(start + 1)
        self._begins_text = True
        return True

    def _ticks(self, start: int, ticks: str) -> bool:
        end = start + len(ticks)
        if end == len(self._text) and not self._final:
            return False
        limit = end + _CODE
        block = _BLOCK.search(self._text, end, limit)
        stop = block.start() if block else min(limit, len(self._text))
        closing = re.compile(rf"(?<!`){ticks}(?!`)").search(self._text, end, stop)
        if closing is not None and (self._final or closing.end() < len(self._text)):
            return self._pass(closing.end())
        if block is None and len(self._text) < limit and not self._final:
            return False
        return self._pass(end)


_STEPS: Mapping[str, Callable[[Incoming, int, str], bool]] = {
    "line": Incoming._end_line,
    "ticks": Incoming._ticks,
    "angle": Incoming._angle,
    "escape": Incoming._escape,
    "target": Incoming._target,
    "data": Incoming._data,
}
