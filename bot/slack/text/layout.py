"""Lays out pieces in messages: when one is full, where a piece is cut, and which blocks a message gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.slack.text.block import Blocks
from bot.slack.text.blocks import fallback, shown
from bot.slack.text.escaping import ELLIPSIS, SENTENCE_ENDS, WIDE_ENDS, between_characters, prefix, units
from bot.slack.text.limits import (
    HALF_PAGE,
    LAST_PAGE_TEXT,
    LEADING_TEXT,
    MESSAGE_BLOCK_TEXT,
    MESSAGE_BLOCKS,
    MESSAGE_TEXT,
    TABLE_COLUMNS,
    TABLE_ROWS,
    TABLES,
)
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.rich_text import GAP, Piece, Runs, Shape, Table, TextRun, plain_text, rich_text, strip, tidy, weight
from bot.slack.text.tables import as_text, block, divide

# Precedes a table that begins a message: the first block must be rich_text, and Slack wants a text in it.
_LEAD = (Piece(Shape.SECTION, (TextRun(" "),)),)


class Full(Exception):
    """The last message cannot hold the block."""


@dataclass(frozen=True, slots=True)
class Page:
    """One Slack message.

    The first block is always a rich_text block, because Slack refuses to replace one by another kind (Slack docs,
    chat.update: block_mismatch). `text` is the top-level fallback: escaped, without markup.
    """

    blocks: Blocks
    text: str


@dataclass(slots=True)
class Layout:
    """Pages being filled: the full ones, and the content and weight of the open one.

    At most `most` pages where that is not None; the last of them is filled to LAST_PAGE_TEXT only. Links are made on
    `hosts` alone.
    """

    most: int | None = None
    full: list[Page] = field(default_factory=list)
    open: list[Piece] = field(default_factory=list)
    taken: int = 0
    hosts: LinkHosts = ANY_HOST

    @property
    def started(self) -> bool:
        return bool(self.full or self.open)

    def copy(self) -> Layout:
        return Layout(self.most, list(self.full), list(self.open), self.taken, self.hosts)

    def restore(self, earlier: Layout) -> None:
        self.full, self.open, self.taken = earlier.full, earlier.open, earlier.taken

    def add(self, pieces: Iterable[Piece]) -> None:
        """Put pieces under what is there.

        Raises:
            Full: the last page has no room for all of them; some may have been put there.
        """
        for piece in map(self.hosts.applied, pieces):
            if piece.table is None:
                self._add(piece)
            else:
                self._add_table(piece, piece.table)

    def finish(self, footer: Blocks) -> tuple[Page, ...]:
        """The pages, with the footer under the last, or on a page of its own where it does not fit."""
        pages = [*self.full, *([_page(self.open)] if self.open else [])]
        if not footer:
            return tuple(pages)
        fits = self.taken + units(shown(footer, targets=True)) <= MESSAGE_BLOCK_TEXT
        if self.open and fits and len(pages[-1].blocks) + len(footer) <= MESSAGE_BLOCKS:
            pages[-1] = replace(pages[-1], blocks=(*pages[-1].blocks, *footer))
        else:
            pages.append(_footer_page(footer))
        return tuple(pages)

    @property
    def _last(self) -> bool:
        return self.most is not None and len(self.full) + 1 >= self.most

    @property
    def _room(self) -> int:
        # The only page holds its first piece whole, however long: an answer must show something.
        keeps_some = self._last and (self.full or self.open)
        return (LAST_PAGE_TEXT if keeps_some else MESSAGE_BLOCK_TEXT) - self.taken

    def _add(self, piece: Piece) -> None:
        left: Piece | None = piece
        while left is not None:
            if left.weight <= self._room:
                self._put(left)
                return
            if self.taken < HALF_PAGE and not self._last:
                head, left = _split(left, self._room - len(GAP))
                self._put(head)
            self._turn()

    def _add_table(self, piece: Piece, table: Table) -> None:
        """Add a table as Slack's own block if the page can hold one, or on the next page, or as text.

        A page that has its table draws others as text, but takes further rows of the one it has as long as it can.
        """
        left: Table | None = table
        while left is not None:
            above = self.open[-1] if self.open and left.goes_on else None
            if above is not None and above.table is not None:
                head, rest = divide(left, TABLE_ROWS - len(above.table.rows) + 1, self._room)
                if head is not None:
                    del self.open[-1]
                    self.taken -= above.weight
                    head = replace(above.table, rows=(*above.table.rows, *head.rows[1:]))
            else:
                head, rest = self._begun(left)
            if head is not None:
                self._put(replace(piece, table=head))
                left = rest
            elif self._turns_for(left):
                self._turn()
            else:
                self._add(as_text(piece, left))
                return

    def _begun(self, table: Table) -> tuple[Table | None, Table | None]:
        """The rows with which a table can begin here, and those that are left."""
        if self._tables >= TABLES:
            return None, table
        head, rest = divide(table, TABLE_ROWS, self._room - len(GAP))
        if head is not None and len(head.rows) < min(TABLE_ROWS, len(table.rows)) and self.taken >= HALF_PAGE:
            return None, table  # it moves to the next page whole, as a paragraph does
        return head, rest

    def _turns_for(self, table: Table) -> bool:
        fits_elsewhere = len(table.align) <= TABLE_COLUMNS and (table.goes_on or self._tables < TABLES)
        return self.taken >= HALF_PAGE and fits_elsewhere

    @property
    def _tables(self) -> int:
        return sum(piece.table is not None for piece in self.open)

    def _put(self, piece: Piece) -> None:
        self.open.append(piece)
        self.taken += piece.weight

    def _turn(self) -> None:
        if self._last:
            raise Full
        # A heading is no last line.
        goes_along = len(self.open) > 1 and self.open[-1].leads and self.open[-1].weight <= LEADING_TEXT
        carried = [self.open.pop()] if goes_along else []
        self.full.append(_page(self.open))
        self.open, self.taken = [], 0
        for piece in carried:
            self._put(piece)


def _page(pieces: Sequence[Piece]) -> Page:
    # Twice as much as is shown of it: what is cleaned away does not count.
    return Page(tuple(_blocks(pieces)), fallback(plain_text(pieces, 2 * MESSAGE_TEXT)))


def _blocks(pieces: Sequence[Piece]) -> Blocks:
    for place, piece in enumerate(pieces):
        if piece.table is not None:
            after = _blocks(pieces[place + 1 :]) if pieces[place + 1 :] else ()
            return (rich_text(pieces[:place] or _LEAD), block(piece.table), *after)
    return (rich_text(pieces),)


def _footer_page(footer: Blocks) -> Page:
    text = fallback(" ".join(shown(footer).split()))
    if footer[0].get("type") == "rich_text":
        return Page(footer, text)
    return Page((rich_text([Piece(Shape.SECTION, (TextRun(ELLIPSIS),))]), *footer), text)


def _split(piece: Piece, room: int) -> tuple[Piece, Piece | None]:
    """Split a piece in two, the first of at most `room` units; no link weighs more than that.

    The rest of a cut list item has no bullet.
    """
    place = _place(piece, _fitting(piece.runs, room))
    head, tail = _cut_runs(piece.runs, place)
    if piece.shape is Shape.CODE:
        tail = tidy((replace(tail[0], text=tail[0].text.removeprefix("\n")), *tail[1:])) if tail else ()
    else:
        head, tail = strip(head) or head, strip(tail)
    if not tail:
        return replace(piece, runs=head), None
    rest = replace(piece, runs=tail, joint="\n", bullet=None, leads=False)
    if piece.shape is Shape.ITEM:
        rest = replace(rest, shape=Shape.QUOTE if piece.quoted else Shape.SECTION, quoted=False)
    return replace(piece, runs=head), rest


def _fitting(runs: Runs, room: int) -> int:
    """How many characters of the runs' text weigh at most `room`."""
    count = 0
    for run in runs:
        if weight(run) > room:
            inside = room - (weight(run) - units(run.text))
            # A link stays whole, unless it is first and would never fit.
            return count if run.url and count else count + len(prefix(run.text, inside))
        room -= weight(run)
        count += len(run.text)
    return count


def _place(piece: Piece, limit: int) -> int:
    """The best place for a cut up to `limit`: a line end, a sentence's end or a space in the second half, or there."""
    text = piece.text[:limit]
    half = limit // 2
    line = text.rfind("\n", half)
    if line > 0:
        return line
    if piece.shape is Shape.CODE:
        return limit
    spaces = [place for place in range(max(half, 1), limit) if text[place] == " "]
    ends = [place for place in spaces if text[place - 1] in SENTENCE_ENDS]
    wide = [place for place in range(max(half, 1), limit) if text[place - 1] in WIDE_ENDS]
    if ends or wide:
        return max(*ends[-1:], *wide[-1:], 0)
    return spaces[-1] if spaces else between_characters(piece.text, limit)


def _cut_runs(runs: Runs, place: int) -> tuple[Runs, Runs]:
    head: list[TextRun] = []
    tail: list[TextRun] = []
    for run in runs:
        place = len(run.text) if run.emoji and 0 < place < len(run.text) else place
        head.append(replace(run, text=run.text[:place]))
        tail.append(replace(run, text=run.text[place:]))
        place = max(0, place - len(run.text))
    return tidy(head), tidy(tail)
