"""Pairs the marks of emphasis while a text grows, as the parser does when it is complete."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.slack.text.flanking import Flanks, flanks


@dataclass(frozen=True, slots=True)
class OpenMark:
    """Marks of a run of `length` that nothing has closed: `width` of them are left. `end`: where the text after them
    begins."""

    char: str
    width: int
    end: int
    length: int
    closes: bool


@dataclass(slots=True)
class OpenMarks:
    """The marks that are open, in their order."""

    open: list[OpenMark] = field(default_factory=list)
    _none_above: dict[tuple[str, bool, int], int] = field(default_factory=dict)
    """For a kind of run that closes: the number of open marks from the first on in which none fits it."""

    @property
    def closing(self) -> str:
        """The marks that close all that is open."""
        return "".join(mark.char * mark.width for mark in reversed(self.open))

    def opened_at(self, end: int) -> bool:
        """Whether the run that ends there has opened emphasis."""
        return bool(self.open) and self.open[-1].end == end

    def restore(self, before: tuple[OpenMark, ...]) -> None:
        """Let be open what was open before a link, whose label has marks of its own."""
        self.open[:] = before
        self._shrunk()

    def take(self, text: str, start: int, end: int) -> int:
        """Take the run of marks from `start` to `end`; returns how many of them close nothing."""
        char, stands = text[start], flanks(text, start, end)
        count = end - start - (end - start) % 2 if char == "~" else end - start
        left = self._close(char, count, stands) if stands.closes else count
        if left and stands.opens:
            self.open.append(OpenMark(char, left, end, 0 if char == "~" else end - start, stands.closes))
        return left + (end - start - count)

    def _close(self, char: str, count: int, stands: Flanks) -> int:
        length = 0 if char == "~" else count
        while count and (place := self._fitting(char, length, stands.opens)) is not None:
            opened = self.open[place]
            used = min(opened.width, count)
            count -= used
            del self.open[place:]
            if opened.width > used:
                self.open.append(replace(opened, width=opened.width - used))
            self._shrunk()
        return count

    def _shrunk(self) -> None:
        for kind, number in self._none_above.items():
            self._none_above[kind] = min(number, len(self.open))

    def _fitting(self, char: str, length: int, opens: bool) -> int | None:
        """The last open mark that a run of that length closes (CommonMark's rule of three included)."""
        kind = (char, opens, length % 3)
        for place in range(len(self.open) - 1, self._none_above.get(kind, 0) - 1, -1):
            mark = self.open[place]
            odd = (mark.closes or opens) and (mark.length + length) % 3 == 0 and (mark.length % 3 or length % 3)
            if mark.char == char and not odd:
                return place
        self._none_above[kind] = len(self.open)
        return None
