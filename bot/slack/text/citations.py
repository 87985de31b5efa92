"""Finds the citation marks in an answer, such as `[1]`, and links them to their sources when it has ended.

Marks are `[1]`, `[1, 3]`, `[[2]]`, `【3】` and the notes `[^4]` of Markdown, outside of code. What has a target behind
it is a link of the model's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.slack.text.block import Block, Blocks
from bot.slack.text.blocks import shown
from bot.slack.text.escaping import units
from bot.slack.text.limits import MESSAGE_BLOCK_TEXT

# Models escape the brackets now and then. Years have four digits, and are no marks.
_MARK = re.compile(
    r"\\?\[\\?\[(?P<double>\d{1,3})\\?\]\\?\](?!\()"
    r"|(?<!\[)\\?\[\^?(?P<list>\d{1,3}(?: ?, ?\d{1,3}){0,20})\\?\](?!\()"
    r"|【(?P<wide>\d{1,3})】"
)
_SIGNS = re.compile(r"[\[【]")
_NUMBER = re.compile(r"\d+")
_FENCE = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*(?P<mark>`{3,}|~{3,})(?P<rest>.*)")
# Bounded, so that a hostile line costs no more than its length.
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`]{1,400}\1(?!`)")


class CitationMarks:
    """The numbers of the marks in an answer's Markdown, as it grows."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all that was added."""
        self._numbers: set[int] = set()
        self._line: list[str] = []
        self._fence = ""

    def append(self, markdown: str) -> None:
        """Add the next piece, cut anywhere."""
        *ended, last = markdown.split("\n")
        for line in ended:
            self._take("".join((*self._line, line)))
            self._line = []
        self._line.append(last)

    def paragraph_break(self) -> None:
        """Let what follows start a new paragraph; an open code fence is closed."""
        self.append("\n")
        self._fence = ""

    def cited(self, most: int) -> frozenset[int]:
        """The numbers of all marks; none where one of them is not from 1 to `most`, for then they are no citations."""
        numbers = self._numbers | (set() if self._fence else set(_numbers("".join(self._line))))
        return frozenset(numbers) if all(1 <= number <= most for number in numbers) else frozenset()

    def _take(self, line: str) -> None:
        fence = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if self._fence:
            closes = fence and fence["mark"].startswith(self._fence) and not fence["rest"].strip()
            self._fence = "" if closes else self._fence
        elif fence and not (fence["mark"][0] == "`" and "`" in fence["rest"]):
            self._fence = fence["mark"]
        else:
            self._numbers.update(_numbers(line))


def _numbers(line: str) -> Iterator[int]:
    if not _SIGNS.search(line):
        return
    for mark in _MARK.finditer(_CODE.sub("", line) if "`" in line else line):
        yield from map(int, _NUMBER.findall(mark[0]))


def with_links(blocks: Blocks, under: Blocks, addresses: Mapping[int, str]) -> Blocks:
    """The blocks of a message in which each mark whose source has one of the `addresses` is a link to it.

    The blocks `under` the text stay as they are. Marks for whose targets the message has no room stay text.
    """
    room = MESSAGE_BLOCK_TEXT - units(shown(blocks, targets=True))
    linker = _Linker(addresses, room)
    return tuple(block if block in under else linker.block(block) for block in blocks)


class _Linker:
    """Makes links of marks, as long as there is `room` for their targets."""

    def __init__(self, addresses: Mapping[int, str], room: int) -> None:
        self._addresses = addresses
        self._room = room

    def block(self, block: Block) -> Block:
        """A block, or an element that has elements, with its marks linked; code stays as it is."""
        if block.get("type") == "rich_text_preformatted":
            return block
        parts = {key: self._elements(inner) for key, inner in block.items() if key in ("elements", "rows")}
        return {**block, **parts} if parts else block

    def _elements(self, elements: object) -> object:
        if not isinstance(elements, Sequence):
            return elements
        made: list[object] = []
        for element in elements:
            if isinstance(element, Mapping):
                made += self._parts(element) if element.get("type") == "text" else [self.block(element)]
            else:
                made.append(self._elements(element))  # a row of a table
        return made

    def _parts(self, element: Block) -> Iterator[Block]:
        text, style = str(element.get("text", "")), element.get("style")
        if not _SIGNS.search(text) or (isinstance(style, Mapping) and style.get("code")):
            yield element
            return
        at = 0
        for start, end, number in _places(text):
            url = self._addresses.get(number, "")
            if not url or (room := self._room - units(url)) < 0:
                continue
            self._room = room
            if at < start:
                yield {**element, "text": text[at:start]}
            yield {**element, "type": "link", "url": url, "text": text[start:end]}
            at = end
        if at < len(text):
            yield {**element, "text": text[at:]}


def _places(text: str) -> Iterator[tuple[int, int, int]]:
    """Where each mark of a text begins and ends, and its number; of a mark with several, each number."""
    for mark in _MARK.finditer(text):
        numbers = list(_NUMBER.finditer(text, mark.start(), mark.end()))
        for number in numbers:
            start, end = number.span() if len(numbers) > 1 else mark.span()
            yield start, end, int(number[0])
