"""Tells which lines of an arriving text are code in Markdown, fenced or indented: they are passed on as they are."""

from __future__ import annotations

import re

LONGEST_START = 300
"""So much of a line is looked at to see what it is."""

_CONTAINERS = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*")
_LIST = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|\Z|\n)")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)")
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)")


class CodeLines:
    """What is known of the current line, and of those before it."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another text begins."""
        self._fence = ""
        self._opens_fence = False
        self._line: str | None = None
        """What has come of a line of code."""
        self.end(blank=True)
        self._in_list = False

    def end(self, *, blank: bool) -> None:
        """A line has ended that is no code, and was `blank`."""
        self.begins = True
        """A line begins, and it is not known yet what it is."""
        self._was_blank = blank

    @property
    def is_code(self) -> bool:
        """Whether the line is one of code."""
        return self._line is not None

    def begin(self, text: str, at: int, *, final: bool, in_html: bool) -> bool:
        """See what the line begins with that stands there; False if that cannot be told yet.

        `final`: no more of the text will come. What is indented in HTML is no code.
        """
        containers = _CONTAINERS.match(text, at)
        start = containers.end() if containers else at
        waits = not final and len(text) - at < LONGEST_START
        found = _FENCE.match(text, start)
        if found is not None and not (found["mark"][0] == "`" and "`" in found["info"]):
            if found.end() == len(text) and waits:
                return False
            self._fence, self._opens_fence = found["mark"], True
            self._line = ""
        elif found is None and waits and not text[start:].strip("`~") and "\n" not in text[start:]:
            return False
        elif self._is_indented(text, at, start) and not in_html:
            self._line = ""
        self.begins = False
        return True

    def take(self, text: str, at: int) -> int:
        """Take the line of code that goes on there, or what has come of it; returns where that ends."""
        end = text.find("\n", at) + 1
        line = f"{self._line}{text[at : end or len(text)]}"[:LONGEST_START]
        if not end:
            self._line = line
            return len(text)
        if not self._fence:
            self._line = None
            self._was_blank = True  # so that the next line is one of code too
        elif not self._opens_fence and self._closes_fence(line):
            self._fence, self._line, self._was_blank = "", None, False
        else:
            self._line = ""
        self._opens_fence = False
        self.begins = self._line is None
        return end

    def _is_indented(self, text: str, at: int, start: int) -> bool:
        if _LIST.match(text, at):
            self._in_list = True
        elif start == at and self._was_blank and not text.startswith("\n", start):
            self._in_list = False
        blank = text.startswith("\n", start) or start == len(text)
        indented = _INDENTED.match(text, at) is not None
        return indented and self._was_blank and not (blank or self._in_list)

    def _closes_fence(self, line: str) -> bool:
        mark = line.strip(" \t>\r\n")
        return len(mark) >= len(self._fence) and not mark.strip(self._fence[0])
