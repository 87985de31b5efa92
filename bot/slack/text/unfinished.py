"""Prepares unfinished Markdown for display: closes what is open, and holds back what has no meaning yet.

It examines only the end of a text, with less care than a parser: an error lasts until the next token, and the finished
text is not processed here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

# What a line may begin with before its text: bars of quotes, marks of list items, indentation.
_CONTAINERS = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*")
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})(?P<info>.*)")
# A line of nothing but marks, or of a number that may become one: a list item, heading, rule, fence or table begins.
# Its repetitions are possessive: a line of a thousand marks and a letter would be tried in a million ways.
_MARKS_ONLY = re.compile(r"[\s>]*+(?:(?:[-*+]|\d{1,9}[.)])\s++)*+(?:\d{1,9}[.)]?|[-*_=+#|:`~\s]*+)\s*+(?:\[[ xX]?\]?)?")
_TABLE_RULE = re.compile(r"[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_BLOCK_MARK = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]+)*")

# The characters of inline text that open or close something.
_INLINE_MARK = re.compile(r"[\\`\[\]*_~<]")
# The beginning of an address in angle brackets, of a link as Slack writes them, or of a `<br>`.
_HALF_ANGLE = re.compile(
    r"<(?:b(?:r\s*/?)?|[a-zA-Z][a-zA-Z0-9+.-]{0,31}:[^\s<>|]*(?:\|[^<>\n]*)?|h|ht|htt|https?)?", re.IGNORECASE
)


def heal(source: str) -> str:
    """The source as it is best shown while it grows. Accepts any text."""
    lines = source.split("\n")
    before = _open_fence(lines[:-1])
    if (fence := before or _open_fence(lines[-1:])) is not None:
        return _heal_code(source, lines[-1], fence)
    if lines[-1] and _MARKS_ONLY.fullmatch(lines[-1]):
        lines[-1] = ""
    _hold_table_header(lines)
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    if _fence_in(lines[-1]):
        return "\n".join(lines)
    start = _inline_start(lines)
    return "\n".join(lines[:start]) + ("\n" if start else "") + _heal_inline("\n".join(lines[start:]))


def closed_places(text: str) -> Iterator[tuple[int, int]]:
    """From where to where nothing inline is open, as far as one look can tell: elsewhere `heal` would change the text
    up to there."""
    at, lines = 0, text.split("\n")
    while lines:
        end = 1
        while end < len(lines) and not _begins_inline(lines, end):
            end += 1
        group = "\n".join(lines[:end])
        mark = _BLOCK_MARK.match(group)
        start = mark.end() if mark else 0
        for first, last in _Inline(group[start:]).closed_places():
            yield at + start + first, at + start + last
        at += len(group) + 1
        del lines[:end]


def _open_fence(lines: list[str]) -> str | None:
    """The marks of the fence that the text ends in, wherever it is nested."""
    fence: str | None = None
    for line in lines:
        found = _fence_in(line)
        if found is None:
            continue
        mark, info = found["mark"], found["info"]
        if fence is None:
            fence = None if mark[0] == "`" and "`" in info else mark
        elif mark[0] == fence[0] and len(mark) >= len(fence) and not info.strip():
            fence = None
    return fence


def _fence_in(line: str) -> re.Match[str] | None:
    containers = _CONTAINERS.match(line)
    return _FENCE.match(line, containers.end() if containers else 0)


def _heal_code(source: str, last: str, fence: str) -> str:
    mark = last.strip()
    closes = mark and not mark.strip(fence[0]) and len(mark) < len(fence)
    return source[: len(source) - len(last)] if closes else source


def _hold_table_header(lines: list[str]) -> None:
    """Take away a line that begins with a pipe and has no table above it: the rule that makes it one may follow."""
    last = len(lines) - 1
    while last > 0 and not lines[last].strip():
        last -= 1
    # A blank line after it decides that it is no table.
    if not lines[last].lstrip(" >").startswith("|") or last < len(lines) - 2:
        return
    above = lines[last - 1] if last else ""
    if not above.lstrip(" >").startswith("|") and not (above and _TABLE_RULE.fullmatch(above)):
        del lines[last:]
        lines.append("")


def _inline_start(lines: list[str]) -> int:
    """The line where the last run of inline text begins."""
    start = len(lines) - 1
    while start > 0 and not _begins_inline(lines, start):
        start -= 1
    return start


def _begins_inline(lines: list[str], number: int) -> bool:
    """Whether a run of inline text begins in this line, whatever is open before it."""
    above, line = lines[number - 1], lines[number]
    if not above.strip() or _fence_in(above) or line.lstrip().startswith("|"):
        return True
    mark = _BLOCK_MARK.match(line)
    return mark is not None and bool(mark[0].strip())


def _heal_inline(text: str) -> str:
    mark = _BLOCK_MARK.match(text)
    start = mark.end() if mark else 0
    if text.lstrip(" >").startswith("|"):  # only the last cell of a row is open
        start = max(start, text.rfind("|") + 1)
    return text[:start] + _Inline(text[start:]).healed()


@dataclass(slots=True)
class _Inline:
    """One pass over inline text that remembers what is open."""

    text: str
    at: int = 0
    emphasis: list[tuple[str, int, int]] = field(default_factory=list)
    """The character and number of marks that nothing has closed yet, and where the text after them begins."""
    open: Counter[str] = field(default_factory=Counter)
    """How many entries of `emphasis` each character has: a run that closes nothing is found at once."""
    brackets: list[tuple[int, int]] = field(default_factory=list)
    """Where a `[` or `![` begins and ends that nothing has closed yet."""
    closer: str = ""

    def closed_places(self) -> Iterator[tuple[int, int]]:
        start = 0
        while (mark := _INLINE_MARK.search(self.text, self.at)) is not None:
            if not self.emphasis and not self.brackets:
                yield start, mark.start()
            self.at = mark.start()
            self._mark(mark[0])
            start = self.at
        if not self.emphasis and not self.brackets and not self.closer:
            yield start, len(self.text)

    def healed(self) -> str:
        while (mark := _INLINE_MARK.search(self.text, self.at)) is not None:
            self.at = mark.start()
            self._mark(mark[0])
        self._forget_empty_emphasis()
        self._drop_brackets()
        body = self.text.rstrip()
        marks = "".join(char * count for char, count, _ in reversed(self.emphasis))
        return body + self.closer + marks if self.closer or marks else self.text

    def _mark(self, char: str) -> None:
        match char:
            case "\\":
                self._backslash()
            case "`":
                self._code()
            case "[":
                self._bracket()
            case "]":
                self._label_end()
            case "<":
                self._angle()
            case _:
                self._delimiter()

    def _drop_brackets(self) -> None:
        parts, at = [], 0
        for start, end in sorted(self.brackets):
            parts.append(self.text[at:start])
            at = max(at, end)
        self.text = "".join(parts) + self.text[at:]

    def _forget_empty_emphasis(self) -> None:
        """Marks with nothing after them would be closed at once, and show as marks."""
        while self.emphasis and not self.closer:
            _, count, end = self.emphasis[-1]
            if self.text[end:].strip("![*_~ \n"):
                return
            self.emphasis.pop()
            self.brackets.append((end - count, end))

    def _end_at(self, position: int) -> None:
        self.text = self.text[:position]
        self.at = position

    def _run(self) -> int:
        char, end = self.text[self.at], self.at
        while end < len(self.text) and self.text[end] == char:
            end += 1
        return end - self.at

    def _backslash(self) -> None:
        if self.at + 1 == len(self.text):
            self._end_at(self.at)
        else:
            self.at += 2

    def _code(self) -> None:
        marks = "`" * self._run()
        inside = self.at + len(marks)
        if found := re.compile(rf"(?<!`){marks}(?!`)").search(self.text, inside):
            self.at = found.end()
        elif not self.text[inside:].strip("` \n"):
            self._end_at(self.at)
        else:
            self.text = self.text.rstrip("`")
            self.at = len(self.text)
            self.closer = marks

    def _bracket(self) -> None:
        image = self.at > 0 and self.text[self.at - 1] == "!"
        self.brackets.append((self.at - image, self.at + 1))
        self.at += 1

    def _label_end(self) -> None:
        label_end = self.at
        self.at += 1
        if not self.brackets:
            return
        label = self.text[self.brackets[-1][1] : label_end]
        if self.at == len(self.text) and not label.isdigit():
            self._end_at(label_end)  # a target may follow; after the number of a source none does
            return
        if not self.text.startswith("(", self.at):
            self.brackets.pop()
            return
        end = _closing_parenthesis(self.text, self.at)
        if end is None:  # half a target: the label alone is shown, its bracket goes with the others that are open
            self._end_at(label_end)
        else:
            self.brackets.pop()
            self.at = end + 1

    def _angle(self) -> None:
        if _HALF_ANGLE.fullmatch(self.text, self.at):
            self._end_at(self.at)
        else:
            self.at += 1

    def _delimiter(self) -> None:
        char, count, start = self.text[self.at], self._run(), self.at
        before = self.text[start - 1] if start else " "
        after = self.text[start + count] if start + count < len(self.text) else ""
        self.at += count
        if char == "~" and count != 2 and after:
            return
        opens, closes = _flanks(char, before, after)
        left = self._close(char, count) if closes else count
        if not after:
            if left == count:
                self._end_at(start)
        elif left and opens:
            self._open(char, left, self.at)

    def _open(self, char: str, width: int, end: int) -> None:
        self.emphasis.append((char, width, end))
        self.open[char] += 1

    def _close(self, char: str, count: int) -> int:
        """Close what is open with this character; returns how many marks are left."""
        while count and self.open[char]:
            opened, width, end = self.emphasis.pop()
            self.open[opened] -= 1
            if opened != char:
                continue
            used = min(width, count)
            count -= used
            if width > used:
                self._open(char, width - used, end)
        return count


def _closing_parenthesis(text: str, start: int) -> int | None:
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return None


def _flanks(char: str, before: str, after: str) -> tuple[bool, bool]:
    """Whether a run of marks may open and may close emphasis, by the characters around it (CommonMark 6.2)."""
    after = after or " "
    left = not after.isspace() and (after.isalnum() or before.isspace() or not before.isalnum())
    right = not before.isspace() and (before.isalnum() or after.isspace() or not after.isalnum())
    if char == "_":
        return left and not (right and before.isalnum()), right and not (left and after.isalnum())
    return left, right
