"""Closes the marks of a half-written run of Markdown: emphasis and code are closed, half a link is its label."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGN = re.compile(r"[\\`\[\]<*_~]")
_RUN = re.compile(r"\*+|_+|~+")
_EMPTY = "![*_~ \n"
# The beginning of an address in angle brackets, of a mention, or of a `<br>`.
_HALF_ANGLE = re.compile(
    r"<(?:[@#!][^<>\n]*|b(?:r\s*/?)?|[a-z][a-z0-9+.-]{0,31}:[^\s<>|]*(?:\|[^<>\n]*)?|ht{0,2}|https?)?\Z",
    re.ASCII | re.IGNORECASE,
)
_MOST_OPEN = 20  # more than a person opens; closing thousands would nest elements that deep
_LONGEST_RUN = 32
_LONGEST_ANGLE = 3_000  # an address in Slack has no more
# The beginning of an emoji's name, or of a picture, where a word begins.
_HALF_WORD = re.compile(r"(?:^|(?<=\s))(?::[a-z0-9_+-]{0,40}|!)\Z")


def closed(text: str) -> str:
    """A run of inline text, with what is open closed."""
    line = _Line(_HALF_WORD.sub("", text))
    while found := _SIGN.search(line.text, line.at):
        line.at = found.start()
        line.step(found[0])
    return line.end()


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a mark stands that nothing has closed."""

    mark: str
    at: int
    end: int


class _Line:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self._emphasis: list[_Mark] = []
        self._brackets: list[_Mark] = []
        self._closer = ""

    def step(self, sign: str) -> None:
        """Go past one sign, and what belongs to it."""
        match sign:
            case "\\":
                self._escape()
            case "`":
                self._code()
            case "[":
                self._bracket()
            case "]":
                self._label()
            case "<":
                self._angle()
            case _:
                self._delimiter()

    def _cut(self, at: int) -> None:
        self.text = self.text[:at]
        self.at = at

    def _escape(self) -> None:
        if self.at + 2 > len(self.text):
            self._cut(self.at)
        else:
            self.at += 2

    def _code(self) -> None:
        inside = self.at
        while self.text.startswith("`", inside):
            inside += 1
        marks = self.text[self.at : inside]
        end = re.compile(f"(?<!`){marks}(?!`)").search(self.text, inside)
        if end:
            self.at = end.end()
        elif not self.text[inside:].strip("` \n"):
            self._cut(self.at)
        else:
            self.text = self.text.rstrip("`")
            self.at = len(self.text)
            self._closer = marks

    def _angle(self) -> None:
        if len(self.text) - self.at < _LONGEST_ANGLE and _HALF_ANGLE.match(self.text, self.at):
            self._cut(self.at)
        else:
            self.at += 1

    def _bracket(self) -> None:
        image = self.text[: self.at].endswith("!")
        self._brackets.append(_Mark("[", self.at - image, self.at + 1))
        self.at += 1

    def _label(self) -> None:
        end = self.at
        self.at += 1
        if not self._brackets:
            return
        label = self.text[self._brackets[-1].end : end]
        if self.at == len(self.text) and not re.fullmatch(r"[0-9]+", label):
            self._cut(end)  # a target may follow
        elif not self.text.startswith("(", self.at):
            self._brackets.pop()
        else:
            self._target(end)

    def _target(self, label: int) -> None:
        depth = 0
        for found in re.finditer(r"[()]", self.text[self.at :]):
            depth += 1 if found[0] == "(" else -1
            if depth == 0:
                self._brackets.pop()
                self.at += found.end()
                return
        self._cut(label)  # half a target: the label alone is shown

    def _delimiter(self) -> None:
        start = self.at
        found = _RUN.match(self.text, start, start + _LONGEST_RUN)
        mark = found[0] if found else ""
        self.at += len(mark)
        before, after = self.text[start - 1 : start] or " ", self.text[self.at : self.at + 1]
        same = next((n for n in reversed(range(len(self._emphasis))) if self._emphasis[n].mark == mark), None)
        if same is not None and not before.isspace():
            del self._emphasis[same:]
        elif not after:
            self._cut(start)
        elif not after.isspace() and not (mark[0] == "_" and before.isalnum()):
            self._emphasis.append(_Mark(mark, start, self.at))

    def end(self) -> str:
        """The text without what has opened and holds nothing, and with what else is open closed."""
        last = len(self.text.rstrip(_EMPTY))
        empty = [] if self._closer else [one for one in self._emphasis if one.end >= last]
        shown, at = [], 0
        for gone in sorted([*self._brackets, *empty], key=lambda one: one.at):
            shown.append(self.text[at : gone.at])
            at = max(at, gone.end)
        text = "".join([*shown, self.text[at:]])
        marks = [one.mark for one in self._emphasis[-_MOST_OPEN:] if one not in empty]
        closing = self._closer + "".join(reversed(marks))
        return text.rstrip() + closing if closing else text
