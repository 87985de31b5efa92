"""Closes what is open in a run of inline text that grows, and holds back what has no meaning yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.slack.text.addresses import address
from bot.slack.text.flanking import MOST_PUNCTUATION, is_punctuation
from bot.slack.text.open_marks import OpenMark, OpenMarks
from bot.slack.text.targets import target_at

# What opens or closes something in inline text, and an address, whose signs mean nothing.
_MARK = re.compile(r"[\\`\[\]*_~<]|(?<![a-z0-9+.-])https?://", re.IGNORECASE)
# The beginning of an address in angle brackets, of a link as Slack writes them, or of a `<br>`.
_HALF_ANGLE = re.compile(
    r"<(?:b(?:r\s*/?)?|[a-z][a-z0-9+.-]{0,31}:[^\s<>|]*(?:\|[^<>\n]*)?|h|ht|htt|https?"
    r"|https?://[^\s/?#<>|]+[/?#][^<>|\n]*(?:\|[^<>\n]*)?)?",
    re.ASCII | re.IGNORECASE,
)
# The end of a text that may become an entity, a picture or an address.
_HALF_WORD = re.compile(
    r"(?:&#?\w{0,31}|(?:^|(?<=\s))!|(?<![a-z0-9+.-])ht(?:tp?|tps?:?/{0,2})?)\Z", re.ASCII | re.IGNORECASE
)
_LONGEST_HALF_WORD = 40
# In code that has not ended, marks are shown when it has this length: before, its first tick may prove to be none.
_LONG_CODE = 400
_BRACKETS = 10
_LINE_START = re.compile(r"(?<![^\n])[ ]{0,3}\Z")
_BLOCK_SIGN = re.compile(r"[-+#>|=`\d]|\*(?!\*?[^\s*])|~~~")
# U+2060, word joiner: it is not seen.
_MARKS = ("*", "_", "~")
_CLOSING_MARKS = re.compile(r"[^\s(\[*_~][*_~]{1,9}\Z")
_JOINER = "\u2060"
_CODE_MARK = re.compile(r"[*_~\[\]\\<`]")
_ANGLED = re.compile(
    r"<(?:[a-z][a-z0-9+.-]{1,31}:[^\s<>]*|https?://[^\s/?#<>|]+(?:[/?#][^<>|\n]*)?(?:\|[^<>\n]*)?)>",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Bracket:
    """Where an opening bracket begins and ends, and what was open before it: nothing in the label of a link is closed
    outside of it."""

    start: int
    end: int
    before: tuple[OpenMark, ...] = ()


@dataclass(slots=True)
class Inline:
    """One pass over inline text that remembers what is open."""

    text: str
    at: int = 0
    marks: OpenMarks = field(default_factory=OpenMarks)
    brackets: list[_Bracket] = field(default_factory=list)
    """The `[` and `![` that nothing has closed yet."""
    addresses: set[int] = field(default_factory=set)
    """Where addresses end."""
    literal: int = 0
    """Where the last run of marks ends that are none, such as those with spaces around them."""
    escaped: int = 0
    """Where what a backslash took the meaning of ends, for the last of them."""
    closer: str = ""
    again: bool = False

    def closed_places(self) -> Iterator[tuple[int, int]]:
        start = 0
        while (mark := _MARK.search(self.text, self.at)) is not None:
            if not self.marks.open and not self.brackets:
                yield start, mark.start()
            self.at = mark.start()
            self._mark(mark[0])
            start = self.at
        if not self.marks.open and not self.brackets and not self.closer:
            yield start, len(self.text)

    def healed(self) -> str:
        tail = max(0, len(self.text) - _LONGEST_HALF_WORD)
        if half := _HALF_WORD.search(self.text, tail):
            self.text = self.text[: half.start()]
        while (mark := _MARK.search(self.text, self.at)) is not None:
            self.at = mark.start()
            self._mark(mark[0])
        self._forget_empty_emphasis()
        if not self.brackets:
            return self._closed()
        self._drop_brackets()
        # Marks may stand otherwise without the brackets.
        return self._closed() if self.again else Inline(self.text, again=True).healed()

    def _closed(self) -> str:
        body, closing = _without_empty_lines(self.text), self.closer + self.marks.closing
        if self.closer and body.endswith("`"):
            body += " "
        elif closing and len(body) == self.literal and body.endswith(closing[0]):
            body = body.rstrip(closing[0]).rstrip()  # those that close would join them
        elif (len(body) - len(body.rstrip("\\"))) % 2:
            body = body[:-1].rstrip()  # it would take the meaning of the mark after it
            while self.marks.open and not body[self.marks.open[-1].end :].strip():
                last = self.marks.open.pop()
                body = body[: last.end - last.width]
        closing = self.closer + self.marks.closing
        return body + closing if closing else self.text

    def _mark(self, sign: str) -> None:
        match sign:
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
            case "*" | "_" | "~":
                self._delimiter()
            case _:
                self._address(sign)

    def _drop_brackets(self) -> None:
        parts, at = [], 0
        for bracket in sorted(self.brackets, key=lambda bracket: bracket.start):
            parts.append(self.text[at : bracket.start])
            at = max(at, bracket.end)
            if bracket.start in self.addresses and at < len(self.text):
                parts.append(_JOINER)  # what follows is no part of the address
            elif self._changes_marks(bracket.start, at):
                parts.append(_JOINER)
            elif _LINE_START.search(self.text, max(0, bracket.start - 3), bracket.start) and _BLOCK_SIGN.match(
                self.text, at
            ):
                parts.append(_JOINER)  # without its bracket, the line would begin a list, or another block
        self.text = "".join(parts) + self.text[at:]

    def _changes_marks(self, start: int, end: int) -> bool:
        """Whether marks before a bracket would mean something else without it: before a space, or beside others."""
        before, after = self.text[max(0, start - 10) : start], self.text[end : end + 1]
        return before.endswith(_MARKS) and (
            after.isspace() or (after in _MARKS and _CLOSING_MARKS.search(before) is not None)
        )

    def _forget_empty_emphasis(self) -> None:
        """Marks with nothing after them would be closed at once, and show as marks."""
        while self.marks.open and not self.closer:
            last = self.marks.open[-1]
            if _without_empty_lines(self.text[last.end :]).strip("![*_~ \n"):
                return
            self.marks.open.pop()
            self.brackets.append(_Bracket(last.end - last.width, last.end))

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
            self.escaped = self.at

    def _code(self) -> None:
        marks = "`" * self._run()
        inside = self.at + len(marks)
        found = re.compile(rf"(?<!`){marks}(?!`)").search(self.text, inside)
        if found is not None and found.end() < len(self.text):
            self.at = found.end()
            return
        self.text = self.text.rstrip("`")  # more of them may follow
        if len(self.text) - inside < _LONG_CODE and (mark := _CODE_MARK.search(self.text, inside)):
            self.text = self.text[: mark.start()]
        if not self.text[inside:].strip("` \n"):
            self._end_at(self.at)
        else:
            self.at = len(self.text)
            self.closer = marks

    def _bracket(self) -> None:
        image = self.at > self.escaped and self.text[self.at - 1] == "!"
        # The parser takes none for a link's that stands in so many others.
        before = tuple(self.marks.open) if len(self.brackets) < _BRACKETS else ()
        self.brackets.append(_Bracket(self.at - image, self.at + 1, before))
        self.at += 1

    def _label_end(self) -> None:
        label_end = self.at
        self.at += 1
        if not self.brackets:
            return
        bracket = self.brackets[-1]
        if self.at == len(self.text):
            # A target may follow. The number of a source is shown when none does, for alone it means nothing.
            number = self.text[bracket.end : label_end].isdigit()
            if number:
                self.brackets.pop()
            self._end_at(bracket.start if number else label_end)
        elif not self.text.startswith("(", self.at):
            self.brackets.pop()
        elif (target := target_at(self.text, self.at)) is not None:
            self.brackets.pop()
            self.marks.restore(bracket.before)
            self.at = target.end
        elif _closing_parenthesis(self.text, self.at) is None:
            self._end_at(label_end)  # half a target: the label alone is shown, its bracket goes with the others
        else:
            self.brackets.pop()

    def _angle(self) -> None:
        if _HALF_ANGLE.fullmatch(self.text, self.at):
            self._end_at(self.at)
        else:
            angled = _ANGLED.match(self.text, self.at)
            self.at = angled.end() if angled else self.at + 1

    def _address(self, scheme: str) -> None:
        found = address(self.text, self.at)
        if found is not None and found.seen == len(self.text):
            self._end_at(self.at)  # it may lead elsewhere when it is complete
        else:
            self.at = (found.end or found.seen) if found else self.at + len(scheme)
            self.addresses.add(self.at)

    def _delimiter(self) -> None:
        char, count, start = self.text[self.at], self._run(), self.at
        self.at += count
        after = self.text[self.at : self.at + MOST_PUNCTUATION]
        if not after:
            self._end_at(start)  # more of them may follow; what is open is closed anyway
        elif char != "~" or count > 1:
            left = self.marks.take(self.text, start, self.at)
            if left == count and not self.marks.opened_at(self.at) and self._ends_with(after):
                self._end_at(start)  # the first letter that follows decides what these marks are
            elif left == count and not self.marks.opened_at(self.at):
                self.literal = self.at

    def _ends_with(self, after: str) -> bool:
        return self.at + len(after) == len(self.text) and all(map(is_punctuation, after))


def _without_empty_lines(text: str) -> str:
    """The text up to its last word: bars of quotes alone in a line are no words."""
    line = text.find("\n", len(text.rstrip("> \t\n")))
    return (text if line < 0 else text[:line]).rstrip()


def _closing_parenthesis(text: str, start: int) -> int | None:
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return None
