"""Writes the tokens of parsed Markdown down as pieces of rich_text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from markdown_it.token import Token

from bot.slack.text.inline import runs_of
from bot.slack.text.languages import language
from bot.slack.text.limits import LIST_NUMBER
from bot.slack.text.rich_text import (
    GAP,
    LINE,
    PLAIN,
    Bullet,
    Piece,
    Row,
    Runs,
    Shape,
    Style,
    Table,
    TextRun,
    strip,
    tidy,
)
from bot.slack.text.seams import Seam
from bot.slack.text.tables import as_text

_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_RULE = "———"
_ALIGNMENT = re.compile(r"text-align:(left|center|right)")
_BOLD: Style = frozenset({"bold"})


def written(tokens: Iterable[Token], seam: Seam) -> tuple[Piece, ...]:
    writer = _Writer(seam)
    for token in tokens:
        writer.take(token)
    return tuple(writer.pieces)


def number_of(token: Token) -> int:
    """The number of an ordered list's first item."""
    # Slack counts from 1 (its `offset` cannot be negative), so a list that starts at 0 does too.
    return max(1, int(token.attrGet("start") or 1))


def _joint(token: Token, seam: Seam | None) -> str:
    if seam is None:
        return str(token.meta.get("joint", GAP))
    return LINE if seam.tight and "list" in token.type else seam.joint


@dataclass(slots=True)
class _List:
    next: int | None


class _Writer:
    """Walks the block tokens of one source and writes down its pieces."""

    def __init__(self, seam: Seam) -> None:
        self.pieces: list[Piece] = []
        self._seam: Seam | None = seam
        self._joint = GAP
        self._lists: list[_List] = []
        self._bullet: Bullet | None = None
        self._quotes = 0
        self._grows = False  # the last piece is the item or the quote that the next paragraph belongs to
        self._heading = False
        self._table: list[list[Runs]] | None = None
        self._align: list[str] = []
        self._table_goes_on = False

    def take(self, token: Token) -> None:
        if token.level == 0 and token.nesting >= 0:
            self._joint = _joint(token, self._seam)
        handler = _HANDLERS.get(token.type)
        if handler is not None:
            handler(self, token)
        if token.level == 0:
            self._seam = None

    def list_open(self, token: Token) -> None:
        number = number_of(token) if token.type == "ordered_list_open" else None
        if number is not None and self._seam is not None and self._seam.number is not None:
            number = self._seam.number
        self._lists.append(_List(number))

    def list_close(self, _token: Token) -> None:
        self._lists.pop()

    def item_open(self, _token: Token) -> None:
        inner = self._lists[-1]
        self._bullet = Bullet(len(self._lists) - 1, inner.next)
        self._grows = False
        if inner.next is not None:
            inner.next += 1

    def item_close(self, _token: Token) -> None:
        self._bullet = None
        self._grows = False

    def quote_open(self, _token: Token) -> None:
        self._quotes += 1
        self._grows = False

    def quote_close(self, _token: Token) -> None:
        self._quotes -= 1
        self._grows = False

    def heading_open(self, _token: Token) -> None:
        self._heading = True

    def inline(self, token: Token) -> None:
        if self._table is not None:
            self._table[-1].append(strip(runs_of(token.children or (), PLAIN if len(self._table) > 1 else _BOLD)))
            return
        leads, self._heading = self._heading, False
        runs = strip(runs_of(token.children or (), _BOLD if leads else PLAIN))
        if not runs:
            return
        if self._grows:
            between = GAP if self.pieces[-1].shape is Shape.QUOTE else LINE
            self.pieces[-1] = replace(self.pieces[-1], runs=tidy((*self.pieces[-1].runs, TextRun(between), *runs)))
        elif self._bullet is not None:
            self._item(_task(runs), self._bullet)
            self._grows = True
        elif self._quotes:
            self._add(Piece(Shape.QUOTE, runs))
            self._grows = True
        else:
            self._add(Piece(Shape.SECTION, runs, leads=leads))

    def code(self, token: Token) -> None:
        if content := token.content.removesuffix("\n"):
            self._add(Piece(Shape.CODE, (TextRun(content),), language=language(token.info)))

    def rule(self, _token: Token) -> None:
        self._add(Piece(Shape.QUOTE if self._quotes else Shape.SECTION, (TextRun(_RULE),)))

    def table_open(self, _token: Token) -> None:
        self._table, self._align = [], []
        self._table_goes_on = self._seam is not None and self._seam.table

    def row_open(self, _token: Token) -> None:
        if self._table is not None:
            self._table.append([])

    def header_open(self, token: Token) -> None:
        found = _ALIGNMENT.search(str(token.attrGet("style")))
        self._align.append(found[1] if found else "left")

    def table_close(self, _token: Token) -> None:
        rows, self._table = self._table or [], None
        fewest = 2 if self._table_goes_on else 1  # a header that is only repeated says nothing
        if len(rows) < fewest or not any(cell for row in rows for cell in row):
            return
        table = Table(tuple(map(Row, rows)), tuple(self._align), self._table_goes_on)
        piece = Piece(Shape.TABLE, (), table=table)
        # Slack's own table is a block of its own: within a list or a quote it would fall out of it.
        self._add(as_text(piece, table) if self._lists or self._quotes else piece)

    def _item(self, runs: Runs, bullet: Bullet) -> None:
        if bullet.number is not None and bullet.number > LIST_NUMBER:
            self._add(Piece(Shape.SECTION, tidy((TextRun(f"{bullet.number}. "), *runs))))
        else:
            self._add(Piece(Shape.ITEM, runs, bullet=bullet))

    def _add(self, piece: Piece) -> None:
        quoted = self._quotes > 0 and piece.shape in (Shape.ITEM, Shape.CODE)
        self.pieces.append(replace(piece, joint=self._joint, quoted=quoted))
        self._joint = LINE
        self._bullet = None
        self._grows = False


_HANDLERS: dict[str, Callable[[_Writer, Token], None]] = {
    "bullet_list_open": _Writer.list_open,
    "ordered_list_open": _Writer.list_open,
    "bullet_list_close": _Writer.list_close,
    "ordered_list_close": _Writer.list_close,
    "list_item_open": _Writer.item_open,
    "list_item_close": _Writer.item_close,
    "blockquote_open": _Writer.quote_open,
    "blockquote_close": _Writer.quote_close,
    "heading_open": _Writer.heading_open,
    "inline": _Writer.inline,
    "fence": _Writer.code,
    "code_block": _Writer.code,
    "hr": _Writer.rule,
    "table_open": _Writer.table_open,
    "tr_open": _Writer.row_open,
    "th_open": _Writer.header_open,
    "table_close": _Writer.table_close,
}


def _task(runs: Runs) -> Runs:
    box = _TASKS.get(runs[0].text[:4])
    return runs if box is None else (replace(runs[0], text=box + runs[0].text[4:]), *runs[1:])
