"""Renders the end of a growing text again and again, at the cost of what is new in it."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.text.cutting import settled
from bot.slack.text.emoji import without_half_name
from bot.slack.text.markdown import render
from bot.slack.text.rich_text import Piece, Shape, TextRun, tidy
from bot.slack.text.seams import FRESH, Seam
from bot.slack.text.unfinished import heal

# Less than this is rendered again rather than looked at for what of it is settled.
_STEP = 120


class Tail:
    """The unfinished end of a text, as it is shown while it grows.

    What of it is settled, such as the items of a list but the last, the rows of a table, the sentences of a paragraph,
    is rendered once; only what follows is rendered each time, with what is half open in it closed or held back.
    """

    def __init__(self, source: str = "", seam: Seam = FRESH) -> None:
        self._rest = source
        self._seam = seam
        self._settled: tuple[Piece, ...] = ()
        self._within = False
        """The rest goes on within the last of the settled pieces."""
        self._look = _STEP
        self._shown: tuple[Piece, ...] | None = None

    def append(self, markdown: str) -> None:
        self._rest += markdown
        self._shown = None

    def pieces(self) -> tuple[Piece, ...]:
        """The pieces that show what has come."""
        if self._shown is None:
            self._settle()
            pieces = _without_half_name(render(heal(self._rest), self._seam))
            self._shown = _followed(self._settled, pieces, within=self._within)
        return self._shown

    def _settle(self) -> None:
        while len(self._rest) >= self._look:
            found = settled(self._rest, self._seam)
            if found is None:
                self._look = 2 * len(self._rest)
                return
            self._settled = _followed(self._settled, found.pieces, within=self._within)
            self._rest, self._seam, self._within = found.rest, found.seam, found.within
            self._look = len(self._rest) + _STEP


def _without_half_name(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces without the beginning of an emoji's name at their end."""
    if not pieces or pieces[-1].shape in (Shape.CODE, Shape.TABLE):
        return pieces
    *before, last = pieces
    runs = without_half_name(last.runs)
    return (*before, replace(last, runs=runs)) if runs else tuple(before)


def _followed(first: tuple[Piece, ...], more: tuple[Piece, ...], *, within: bool) -> tuple[Piece, ...]:
    """Pieces and more of them, whose first one goes on with the last before it where the cut was `within` that."""
    if not (within and first and more and first[-1].shape is more[0].shape):
        return (*first, *more)
    return (*first[:-1], _joined(first[-1], more[0]), *more[1:])


def _joined(first: Piece, more: Piece) -> Piece:
    if first.table is not None and more.table is not None:
        return replace(first, table=replace(first.table, rows=(*first.table.rows, *more.table.rows[1:])))
    return replace(first, runs=tidy((*first.runs, TextRun(more.joint), *more.runs)))
