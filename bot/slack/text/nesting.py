"""Indents sub-lists as far as Markdown wants, where people indent them by two.

What belongs to `1. First` must begin under its text, three further to the right. A sub-list that begins under its mark
or the character after it would end the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NESTED = re.compile(r"^[ \t>]*+(?:(?<=[ ]{2})|(?<=\t))(?:[-*+]|\d{1,9}[.)])[ \t]", re.MULTILINE)
_QUOTE = re.compile(r"(?: {0,3}> ?)*")
_INDENT = re.compile(r"[ \t]*")
_MARK = re.compile(r"(?:[-*+]|(?P<number>\d{1,9})[.)])(?P<space> {1,4}(?! )| |(?=\t|$))")
_RULE = re.compile(r"(?P<mark>[-*])[ \t]*(?:(?P=mark)[ \t]*){2,}$")
_FENCE = re.compile(r"`{3,}|~{3,}")
_LEAST = 2
# What stands that much further to the right than an item's text is code.
_CODE = 4


@dataclass(frozen=True, slots=True)
class _Item:
    """An open item: where its mark and its text begin, and how far its lines are moved to the right."""

    mark: int
    text: int
    moved: int


def nested(source: str) -> str:
    """The source with the same lines, where sub-lists are indented far enough."""
    if _NESTED.search(source) is None:
        return source
    lists = Lists()
    return "\n".join(map(lists.line, source.split("\n")))


class Lists:
    """The lists that are open at a line of a text that is read line by line."""

    def __init__(self) -> None:
        self._items: list[_Item] = []
        self._quotes = 0
        self._fence = ""
        self._after_blank = False

    def line(self, line: str) -> str:
        """The next line, moved to where it belongs."""
        quote = found[0] if (found := _QUOTE.match(line)) else ""
        if (quotes := quote.count(">")) != self._quotes:
            self._items, self._quotes, self._fence = [], quotes, ""
        space = found[0] if (found := _INDENT.match(line, len(quote))) else ""
        text = line[len(quote) + len(space) :]
        indent = len(space.expandtabs(4))
        moved = self._moved(indent, text) if text else 0
        self._after_blank = not text
        return f"{quote}{' ' * (indent + moved)}{text}" if moved else line

    def _moved(self, indent: int, text: str) -> int:
        fence = found[0] if (found := _FENCE.match(text)) else ""
        if self._fence:
            if fence.startswith(self._fence) and not text.strip(fence[0] + " \t"):
                self._fence = ""
            return self._around(indent)
        mark = None if _RULE.match(text) else _MARK.match(text)
        if mark is not None:
            return self._item(indent, mark)
        self._fence = fence
        if self._after_blank or fence or text.startswith("#"):
            while self._items and indent < self._items[-1].text:
                self._items.pop()
        return self._around(indent)

    def _around(self, indent: int) -> int:
        """How far a line that begins no item is moved: as far as the innermost item it stands under."""
        return next((item.moved for item in reversed(self._items) if item.text <= indent), 0)

    def _item(self, indent: int, mark: re.Match[str]) -> int:
        left: _Item | None = None
        while self._items and indent < self._items[-1].mark + _LEAST:
            left = self._items.pop()
        parent = self._items[-1] if self._items else None
        if indent >= (parent.text if parent else 0) + _CODE:
            return parent.moved if parent else 0
        if left is not None and left.mark == indent:
            moved = left.moved
        elif parent is None:
            moved = 0
        elif indent < parent.text and mark["number"] not in (None, "1"):
            self._items.pop()  # no list begins with such a number: it goes on with the one around it
            moved = parent.moved
        else:
            moved = max(indent, parent.text) + parent.moved - indent
        self._items.append(_Item(indent, indent + max(mark.end() - mark.start(), 2), moved))
        return moved
