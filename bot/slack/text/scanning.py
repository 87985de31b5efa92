"""Scans growing Markdown from left to right for streaming: which part may be sent, and what a next message must reopen.

Lines of code and rows of tables are sent whole, other text by words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.slack.text import neutralise as harmless
from bot.slack.text.nesting import Lists

BREAK = "\x1e"
"""Between two parts of an answer, where a tool ran: a control character that no cleaned text has."""

_END = re.compile(rf"[\n{BREAK}]")
_CONTAINERS = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*")
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)")
_RULE = re.compile(r"[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
# A line whose kind is not known before it is complete: a fence, a row of a table, marks without text.
_UNCLEAR = re.compile(r"(?:[\s>]|(?:[-*+]|\d{1,9}[.)])\s)*(?:[`~|].*|[-*_=+#:.)\d\s]*)")
# Of a line, so much is looked at to see what it is.
_LOOK = 200
# Before it, so much is looked at to see in which list it stands.
_LISTS = 2_000
# The most characters of code that are sent at once; longer rows of tables are sent by words.
_CHUNK = 1_000
# A header of a table, its rule with it, that is given again in a further message is no longer than that.
_HEADER = 2_000


@dataclass(frozen=True, slots=True)
class ScanState:
    """Where in the Markdown we are: `fence` is the line that opened a code block, `table` the two lines of a header
    whose rows go on. `begun`: in the middle of a line. `moved`: how far the code block was moved to the right."""

    fence: str = ""
    table: str = ""
    begun: bool = False
    moved: int = 0

    @property
    def reopened(self) -> str:
        """What a new message must begin with to go on from here."""
        return f"{self.fence}\n" if self.fence else self.table

    @property
    def closed(self) -> str:
        """What a message must end with here."""
        return ("\n" if self.begun else "") + _marks(self.fence) if self.fence else ""


@dataclass(frozen=True, slots=True)
class ScanStep:
    """A piece of a line: what is shown, where it ends in the source, the state then; whether a paragraph ends there."""

    shown: str
    end: int
    state: ScanState
    ends_paragraph: bool = False


class Scan:
    """One pass over a source from `at` on; `final`: no more of it will come."""

    def __init__(self, source: str, at: int, state: ScanState, *, final: bool) -> None:
        self._source = source
        self._at = at
        self._state = state
        self._final = final
        self._lists: Lists | None = None
        """The lists that are open, once a line is indented."""

    def steps(self) -> Iterator[ScanStep]:
        """What may be shown, piece by piece; ends before what is half open."""
        while self._at < len(self._source):
            found = _END.search(self._source, self._at)
            end = found.start() if found else len(self._source)
            yield from self._line(self._source[self._at : end], end, is_whole=found is not None or self._final)
            if found is None or self._at < end:
                return
            yield self._line_end(found[0], end)

    def _line(self, text: str, end: int, *, is_whole: bool) -> Iterator[ScanStep]:
        """What is left of a line, that ends at `end` or may go on."""
        space = " " * self._moved(text)
        for step in self._steps_of_line(text, end, space, is_whole=is_whole):
            yield replace(step, shown=space + step.shown) if space else step
            space = ""

    def _moved(self, text: str) -> int:
        """How far the line that begins here is moved, for Slack to read its list as it is meant."""
        if self._state.begun:
            return 0
        if self._lists is None and text.startswith("  "):
            self._lists = Lists()
            for line in self._source[max(0, self._at - _LISTS) : self._at].split("\n")[:-1]:
                self._lists.line(line)
        moved = max(0, len(self._lists.line(text)) - len(text)) if self._lists else 0
        if self._state.fence:
            return self._state.moved if text.startswith("  ") else 0
        return moved

    def _steps_of_line(self, text: str, end: int, space: str, *, is_whole: bool) -> Iterator[ScanStep]:
        state = self._state
        if state.fence:
            yield from self._code(text, end, is_whole=is_whole)
        elif state.begun or len(text) > _CHUNK or not _UNCLEAR.fullmatch(text[:_LOOK]):
            start = self._at
            begun = self._source[max(self._source.rfind("\n", 0, start) + 1, start - _LOOK) : start]
            for shown, length in harmless.line(text, final=is_whole, begun=begun):
                yield self._step(shown, start + length, replace(state, begun=True))
        elif is_whole:
            fence = _fence_in(text)
            opened = replace(state, begun=True)
            if fence:
                opened = ScanState(fence=space + _opening(text), begun=True, moved=len(space))
            if text:
                yield self._step(_opening(text) if fence else harmless.shown(text), end, opened)

    def _code(self, text: str, end: int, *, is_whole: bool) -> Iterator[ScanStep]:
        marks = _marks(self._state.fence).strip(" \t>")
        if not self._state.begun and not text.strip(f" \t>{marks[0]}"):
            if is_whole and text:
                closes = len(text.strip(" \t>")) >= len(marks)
                yield self._step(text, end, ScanState(begun=True) if closes else replace(self._state, begun=True))
            return
        if not is_whole:
            text = text[: harmless.last_word(text)]
        start = self._at
        for place in range(0, len(text), _CHUNK):
            chunk = text[place : place + _CHUNK]
            yield self._step(harmless.code(chunk), start + place + len(chunk), replace(self._state, begun=True))

    def _line_end(self, sign: str, end: int) -> ScanStep:
        state = self._state
        if sign == BREAK:
            return self._step(f"{state.closed}\n\n", end + 1, ScanState(), ends_paragraph=True)
        if state.fence:
            return self._step("\n", end + 1, replace(state, begun=False))
        before, line = self._lines_before(end)
        table = state.table if "|" in line else ""
        if "|" in before and _RULE.fullmatch(line):
            table = f"{harmless.shown(before)}\n{line}\n"
            table = table if len(table) <= _HEADER else ""
        return self._step("\n", end + 1, ScanState(table=table), ends_paragraph=not line.strip())

    def _lines_before(self, end: int) -> tuple[str, str]:
        """The line that ends there and the one before it."""
        lines = self._source[max(0, end - _HEADER) : end].split("\n")
        return (lines[-2] if len(lines) > 1 else ""), lines[-1]

    def _step(self, shown: str, end: int, state: ScanState, *, ends_paragraph: bool = False) -> ScanStep:
        self._at, self._state = end, state
        return ScanStep(shown, end, state, ends_paragraph)


def _fence_in(line: str) -> re.Match[str] | None:
    return _FENCE.fullmatch(line, containers.end() if (containers := _CONTAINERS.match(line)) else 0)


def _opening(line: str) -> str:
    """The line that opens a code block; what is written behind its marks calls nobody."""
    found = _fence_in(line)
    start = found.start("info") if found else 0
    return (line[:start] + harmless.code(line[start:_LOOK])).rstrip()


def _marks(fence: str) -> str:
    """The marks that close a code block which that line has opened, as far from the margin."""
    found = _fence_in(fence)
    return re.sub(r"[^>\t]", " ", fence[: found.start()]) + found["mark"] if found else ""
