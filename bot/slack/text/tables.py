"""Renders a table as Slack's own block if it is within the limits, or else as text in aligned columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from bot.slack.text.block import Block
from bot.slack.text.escaping import units
from bot.slack.text.limits import TABLE_COLUMNS, TABLE_TEXT, TABLE_WIDTH
from bot.slack.text.rich_text import Piece, Shape, Table, TextRun, text_of

_BETWEEN = " | "
_NARROWEST = 8


def block(table: Table) -> Block:
    """Slack's own table. All cells wrap, because otherwise Slack cuts off the text that does not fit."""
    return {
        "type": "table",
        "rows": [row.shown for row in table.rows],
        "column_settings": [{"align": align, "is_wrapped": True} for align in table.align],
    }


def divide(table: Table, rows: int, room: int) -> tuple[Table | None, Table | None]:
    """A table in two, both with its header: the first of at most `rows` rows and `room` units, and the rest.

    None for the first where not even one row fits, or where the table has more columns than Slack allows.
    """
    weights = [row.weight for row in table.rows]
    count = 0
    while count < min(len(weights), rows) and weights[count] <= room:
        room -= weights[count]
        count += 1
    if len(table.align) > TABLE_COLUMNS or count < min(2, len(weights)):
        return None, table
    if count == len(weights):
        return table, None
    return (
        replace(table, rows=table.rows[:count]),
        replace(table, rows=(table.rows[0], *table.rows[count:]), goes_on=True),
    )


def as_text(piece: Piece, table: Table) -> Piece:
    """The same piece with its table drawn as text."""
    right = [align == "right" for align in table.align]
    return Piece(Shape.CODE, (TextRun(draw([list(map(text_of, row)) for row in table.rows], right)),), piece.joint)


def draw(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """The table as lines; the first row is the header, `right` tells the columns that are aligned to the right.

    Where padding would make it larger than TABLE_TEXT, the cells of a row are only divided, not aligned.
    """
    widths = _widths(rows)
    lines = [line for row in rows[:1] for line in _row(row, widths, right)]
    lines.append("-+-".join("-" * width for width in widths))
    lines += [line for row in rows[1:] for line in _row(row, widths, right)]
    drawn = "\n".join(lines)
    if units(drawn) <= TABLE_TEXT:
        return drawn
    return "\n".join(_BETWEEN.join(" ".join(cell.split()) for cell in row).rstrip() for row in rows)


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
