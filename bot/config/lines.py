"""Finds the line of a key in a TOML document, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

# What may hold brackets, quotes and ends of lines that are none of the document's own, and these.
_PART = re.compile(
    r'"{3}(?:[^\\]|\\.)*?"{3,5}'
    r"|'{3}.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}


class Lines:
    """The lines of a document that can be parsed, as `text`.

    A key begins with the first statement that the document up to there has it with. Each beginning is parsed once, in
    as many steps as the number of statements has bits, however many mistakes are to be found.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._ends = [*_ends(text), len(self._lines)]
        """The numbers of the lines in which statements end."""
        self._parsed: dict[int, Mapping[str, object]] = {}

    def line_of(self, path: Path) -> int:
        """Return the line, counted from 1, at which a key, or else the nearest table around it, begins."""
        while path and not self._holds(self._ends[-1], path):
            path = path[:-1]
        if not path:
            return 1
        number = bisect_left(self._ends, True, key=lambda end: self._holds(end, path))
        return self._ends[number - 1] + 1 if number else 1

    def _holds(self, end: int, path: Path) -> bool:
        """Whether the document up to a line at which a statement ends has a key."""
        if end not in self._parsed:
            self._parsed[end] = tomllib.loads("\n".join(self._lines[:end]))
        return _is_in(self._parsed[end], path)


def _ends(text: str) -> Iterator[int]:
    """The lines, counted from 1, at whose end no bracket and no string is open."""
    line, depth = 1, 0
    for found in _PART.finditer(text):
        part = found[0]
        if part == "\n" and not depth:
            yield line
        depth += _DEEPER.get(part, 0)
        line += part.count("\n")


def _is_in(value: object, path: Path) -> bool:
    for key in path:
        match value:
            case Mapping() if key in value:
                value = value[key]
            case list() if isinstance(key, int) and key < len(value):
                value = value[key]
            case _:
                return False
    return True
