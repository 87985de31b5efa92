"""Finds the line of a key in a TOML document, which tomllib does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence

Path = tuple[str | int, ...]


def line_of(lines: Sequence[str], path: Path) -> int:
    """Return the line, counted from 1, at which a key, or else the nearest table around it, begins.

    `lines` are those of a document that can be parsed. A key begins at the first line that its document cannot end
    before: the lines up to there are parsed, in as many steps as their number has bits.
    """
    while path and not _holds(_parsed(lines, len(lines))[1], path):
        path = path[:-1]
    if not path:
        return 1
    low, high = 0, len(lines)  # the key is not in the first `low` lines, and is in the first `high`
    while low + 1 < high:
        middle = (low + high) // 2
        end, document = _parsed(lines, middle)
        if _holds(document, path):
            high = middle
        else:
            low = max(middle, min(end, high - 1))
    return _first_of_statement(lines, high)


def _parsed(lines: Sequence[str], count: int) -> tuple[int, Mapping[str, object]]:
    """The document up to the first line from `count` on at which a statement ends, and the number of that line."""
    for end in range(count, len(lines) + 1):
        try:
            return end, tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
    raise ValueError("expected a document that can be parsed")


def _first_of_statement(lines: Sequence[str], line: int) -> int:
    """The first line of the statement that a line belongs to."""
    while line > 1 and _parsed(lines, line - 1)[0] != line - 1:
        line -= 1
    return line


def _holds(value: object, path: Path) -> bool:
    for key in path:
        match value:
            case Mapping() if key in value:
                value = value[key]
            case list() if isinstance(key, int) and key < len(value):
                value = value[key]
            case _:
                return False
    return True
