"""Builds Slack's rich_text: the pieces of a text, their weights, and how they follow one another.

Nothing in here can ping: of the inline elements only `text`, `link`, `emoji` and `date` are ever made.

How Slack lays it out: every element of a rich_text block begins on a line of its own, with no space between. So a blank
line is written: inside a section as two line ends, after a section that a list or quote follows as two at its end,
before a section that follows one as one at its beginning, and between two others as a section that is one line end.
A code box has a frame and needs no blank line, unless another one follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from bot.slack.text.block import Block
from bot.slack.text.escaping import units
from bot.slack.text.limits import LIST_INDENT
from bot.slack.text.moments import FORMAT

Style = frozenset[str]
"""Any of bold, italic, strike, code."""

PLAIN: Style = frozenset()

GAP = "\n\n"
"""The joint between two blocks of Markdown: a blank line."""

LINE = "\n"
"""The joint between two parts of one block: list items, lines of code."""


@dataclass(frozen=True, slots=True)
class TextRun:
    """Some text in one style, linked to `url` where there is one; `emoji`: Slack's name of the emoji that it is;
    `moment`: the epoch seconds of the time that it tells."""

    text: str
    style: Style = PLAIN
    url: str | None = None
    emoji: str = ""
    moment: int | None = None


Runs = tuple[TextRun, ...]

# Slack refuses an empty cell.
_EMPTY = (TextRun(" "),)


class Row(tuple[Runs, ...]):
    """The cells of a table's row. A table that grows is shown again and again, so each is worked out once."""

    @cached_property
    def weight(self) -> int:
        """Units it takes of a message: an empty cell takes one, because Slack wants a space in it."""
        return sum(1 + sum(map(weight, cell)) for cell in self)

    @cached_property
    def shown(self) -> Sequence[Block]:
        """Its cells as Slack's JSON. They are rich_text, so that styles and links stay and nothing pings."""
        return [rich_text([Piece(Shape.SECTION, cell or _EMPTY)]) for cell in self]

    @cached_property
    def text(self) -> str:
        return " | ".join(map(text_of, self)).strip()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, as many in each as there are columns; the first row is the header.

    `align` holds left, center or right for each column. `goes_on`: the header is that of the table just before, of
    which these are the next rows.
    """

    rows: tuple[Row, ...]
    align: tuple[str, ...]
    goes_on: bool = False

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    @property
    def weight(self) -> int:
        return sum(row.weight for row in self.rows)


class Shape(Enum):
    """What a piece looks like."""

    SECTION = "section"
    QUOTE = "quote"
    CODE = "code"
    ITEM = "item"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Bullet:
    """The mark of a list item: its number (1 or more), or a dot where that is None. `indent` counts from 0."""

    indent: int = 0
    number: int | None = None

    def precedes(self, other: Bullet) -> bool:
        """Whether an item with the other bullet can stand in the same rich_text_list, just below."""
        if self.number is None or other.number is None:
            return self == other
        return self.indent == other.indent and self.number + 1 == other.number


@dataclass(frozen=True)
class Piece:
    """A part of a text that a page holds whole or cut: a paragraph, a quote, a code box, a list item, a table.

    `joint` is the text between it and the piece before on the same page: GAP, LINE, a space or nothing.
    `quoted` gives lists and code the bar that a quote has. `leads`: it is a heading. `language` is that of a code box,
    as Slack calls it. A piece of shape TABLE has a `table` and no runs; it is no part of a rich_text block.
    """

    shape: Shape
    runs: Runs
    joint: str = GAP
    bullet: Bullet | None = None
    quoted: bool = False
    leads: bool = False
    language: str = ""
    table: Table | None = None

    @cached_property
    def text(self) -> str:
        return text_of(self.runs) if self.table is None else self.table.text

    @cached_property
    def weight(self) -> int:
        """Units it takes of a message: its text, its link targets, and a blank line."""
        return len(GAP) + (sum(map(weight, self.runs)) if self.table is None else self.table.weight)

    @cached_property
    def section(self) -> Block:
        """Its text as a section. The items of a list are shown with every edit, and made once."""
        return _inline("rich_text_section", self.runs)


def weight(run: TextRun) -> int:
    """Units a run takes of a message. Whether Slack counts link targets is not documented, so they count."""
    return units(run.text) + (units(run.url) if run.url else 0)


def text_of(runs: Iterable[TextRun]) -> str:
    return "".join(run.text for run in runs)


def tidy(runs: Iterable[TextRun]) -> Runs:
    """The same text with neighbours of one kind joined and empty runs left out, which Slack refuses."""
    tidied: list[TextRun] = []
    for run in runs:
        is_alone = _is_alone(run) or (tidied and _is_alone(tidied[-1]))
        if tidied and not is_alone and tidied[-1].style == run.style and tidied[-1].url == run.url:
            tidied[-1] = TextRun(tidied[-1].text + run.text, run.style, run.url, run.emoji)
        elif run.text:
            tidied.append(run)
    return tuple(tidied)


def _is_alone(run: TextRun) -> bool:
    """Whether it is joined with no neighbour."""
    return bool(run.emoji) or run.moment is not None


def strip(runs: Iterable[TextRun]) -> Runs:
    """The same text with no white space at its ends."""
    rest = list(tidy(runs))
    while rest and not rest[0].text.strip():
        del rest[0]
    while rest and not rest[-1].text.strip():
        del rest[-1]
    if rest and rest[0].text[0].isspace():
        rest[0] = replace(rest[0], text=rest[0].text.lstrip())
    if rest and rest[-1].text[-1].isspace():
        rest[-1] = replace(rest[-1], text=rest[-1].text.rstrip())
    return tuple(rest)


def rich_text(pieces: Sequence[Piece]) -> Block:
    """One rich_text block of at least one piece, none of them empty."""
    elements: list[Block] = []
    start = 0
    while start < len(pieces):
        end = start + 1
        while end < len(pieces) and _one_element(pieces[end - 1], pieces[end]):
            end += 1
        before = pieces[start - 1] if start else None
        after = pieces[end] if end < len(pieces) else None
        if (
            before is not None
            and Shape.SECTION not in (before.shape, pieces[start].shape)
            and _gap(before, pieces[start])
        ):
            elements.append(_inline("rich_text_section", (TextRun(LINE),)))
        elements.append(_element(pieces[start:end], before, after))
        start = end
    return {"type": "rich_text", "elements": elements}


def plain_text(pieces: Sequence[Piece], most: int | None = None) -> str:
    """The pieces as a text without any markup; with `most`, no more of them than make a text of that length."""
    parts: list[str] = []
    length = 0
    for index, piece in enumerate(pieces):
        if most is not None and length >= most:
            break
        length += len(piece.text)
        if index:
            parts.append(piece.joint)
        if piece.bullet is not None:
            mark = "•" if piece.bullet.number is None else f"{piece.bullet.number}."
            parts.append(f"{'  ' * piece.bullet.indent}{mark} ")
        parts.append(piece.text)
    return "".join(parts)


def _one_element(first: Piece, second: Piece) -> bool:
    if (first.shape, first.quoted, first.language) != (second.shape, second.quoted, second.language):
        return False
    if first.bullet is not None and second.bullet is not None:
        return second.joint != GAP and first.bullet.precedes(second.bullet)
    return first.shape is Shape.SECTION or second.joint != GAP


def _gap(first: Piece, second: Piece) -> bool:
    return second.joint == GAP and (first.shape is Shape.CODE) == (second.shape is Shape.CODE)


def _element(group: Sequence[Piece], before: Piece | None, after: Piece | None) -> Block:
    first, last = group[0], group[-1]
    if first.bullet is not None:
        return _list(group, first.bullet, quoted=first.quoted)
    runs: list[TextRun] = list(first.runs)
    for piece in group[1:]:
        runs += (TextRun(piece.joint), *piece.runs)
    if first.shape is Shape.CODE:
        return _code(runs, first)
    if first.shape is Shape.QUOTE:
        return _inline("rich_text_quote", runs)
    if before is not None and _gap(before, first):
        runs.insert(0, TextRun(LINE))
    if after is not None and _gap(last, after):
        runs.append(TextRun(GAP))
    return _inline("rich_text_section", runs)


def _code(runs: Iterable[TextRun], piece: Piece) -> Block:
    block = _inline("rich_text_preformatted", runs)
    if piece.language:
        block["language"] = piece.language
    if piece.quoted:
        block["border"] = 1
    return block


def _list(items: Sequence[Piece], bullet: Bullet, *, quoted: bool) -> Block:
    block: dict[str, object] = {
        "type": "rich_text_list",
        "style": "bullet" if bullet.number is None else "ordered",
        "indent": min(bullet.indent, LIST_INDENT),
        "elements": [item.section for item in items],
    }
    if bullet.number is not None and bullet.number > 1:
        block["offset"] = bullet.number - 1
    if quoted:
        block["border"] = 1
    return block


def _inline(kind: str, runs: Iterable[TextRun]) -> dict[str, object]:
    return {"type": kind, "elements": [_run(run) for run in tidy(runs)]}


def _run(run: TextRun) -> Block:
    element: dict[str, object]
    if run.emoji:
        name, _, tone = run.emoji.partition("::skin-tone-")
        element = {"type": "emoji", "name": name, **({"skin_tone": int(tone)} if tone else {})}
    elif run.moment is not None:
        element = {"type": "date", "timestamp": run.moment, "format": FORMAT, "fallback": run.text}
    else:
        element = {"type": "link", "url": run.url} if run.url else {"type": "text"}
        element["text"] = run.text
    if run.style:
        element["style"] = dict.fromkeys(sorted(run.style), True)
    return element
