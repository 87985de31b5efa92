"""Knows how a table is drawn with plain characters: aligned cells, wide characters two columns, long cells wrapped."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

from bot.slack.inert import units
from bot.slack.limits import TABLE_TEXT, TABLE_WIDTH

_BETWEEN = " | "
_NARROWEST = 8


def draw(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """The table as lines; the first row is the header, `right` tells the columns that are aligned to the right.

    Where padding would make it larger than TABLE_TEXT, the cells of a row are only divided, not aligned.
    """
    widths = _widths(rows)
    lines = [line for row in rows[:1] for line in _row(row, widths, right)]
    lines.append("-+-".join("-" * width for width in widths))
    lines += [line for row in rows[1:] for line in _row(row, widths, right)]
    drawn = "\n".join(lines)
    return drawn if units(drawn) <= TABLE_TEXT else "\n".join(_BETWEEN.join(row).rstrip() for row in rows)


def columns(text: str) -> int:
    """The columns a text takes in a fixed-width font: East Asian wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Every column as wide as its widest cell; then the widest ones give way until a line fits."""
    widths = [max(1, *(columns(cell) for cell in column)) for column in zip_longest(*rows, fillvalue="")]
    room = TABLE_WIDTH - len(_BETWEEN) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widest = max(widths)
        second = max((width for width in widths if width < widest), default=_NARROWEST)
        share = -(-(sum(widths) - room) // widths.count(widest))
        narrower = max(_NARROWEST, second, widest - share)
        widths = [narrower if width == widest else width for width in widths]
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    wrapped = [_wrap(cell, width) for cell, width in zip(cells, widths, strict=False)]
    lines = []
    for parts in zip_longest(*wrapped, fillvalue=""):
        padded = [_pad(part, width, right=flush) for part, width, flush in zip(parts, widths, right, strict=False)]
        lines.append(_BETWEEN.join(padded).rstrip())
    return lines


def _pad(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - columns(text))
    return space + text if right else text + space


def _wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces where there are any."""
    lines: list[str] = []
    for word in text.split():
        if lines and columns(lines[-1]) + 1 + columns(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += _chop(word, width)
    return lines


def _chop(word: str, width: int) -> list[str]:
    parts, taken = [""], 0
    for char in word:
        size = _columns(char)
        if parts[-1] and taken + size > width:
            parts.append("")
            taken = 0
        parts[-1] += char
        taken += size
    return parts
