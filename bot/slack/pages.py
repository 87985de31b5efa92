"""Knows how an answer's Markdown becomes Slack messages while it grows, and that a message once full stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bot.slack.blocks import fallback, shown
from bot.slack.calls import Blocks
from bot.slack.half_open import heal
from bot.slack.inert import ELLIPSIS, SENTENCE_ENDS, clean, prefix, units, waits_for_more
from bot.slack.limits import HALF_PAGE, MESSAGE_BLOCK_TEXT, MESSAGE_BLOCKS, TAIL_SOURCE
from bot.slack.markdown import FRESH, render
from bot.slack.rich_text import GAP, Piece, Run, Runs, Shape, plain_text, rich_text, strip, tidy, weight
from bot.slack.sealing import cut


@dataclass(frozen=True, slots=True)
class Page:
    """One Slack message.

    The first block is always a rich_text block, because Slack refuses to replace one by another kind (Slack docs,
    chat.update: block_mismatch). `text` is the top-level fallback: escaped, without markup.
    """

    blocks: Blocks
    text: str


class Document:
    """An answer's Markdown, growing. Finished top-level blocks are sealed and never parsed again, only the tail is."""

    def __init__(self) -> None:
        self._layout = _Layout()
        self._tail = ""
        self._seam = FRESH
        self._waiting = ""

    def append(self, markdown: str) -> None:
        """Add what comes next: any text, cut anywhere."""
        text = self._waiting + markdown
        self._waiting = text[-1:] if text and waits_for_more(text[-1]) else ""
        added = clean(text.removesuffix(self._waiting))
        self._tail += added
        if "\n" not in added and len(self._tail) < TAIL_SOURCE:
            return  # blocks end at line ends, or where they grow too large
        while (found := cut(self._tail, self._seam)) is not None:
            self._layout.add(render(found.head, self._seam))
            self._tail, self._seam = found.rest, found.seam

    def paragraph_break(self) -> None:
        """Let what follows start a new paragraph; an open code fence is closed. Twice is once."""
        self._tail += clean(self._waiting)
        self._layout.add(render(self._tail, self._seam))
        self._tail, self._seam, self._waiting = "", FRESH, ""

    @property
    def empty(self) -> bool:
        """Whether nothing is to be seen yet, as a growing text."""
        return not self._layout.started and not render(heal(self._tail), self._seam)

    def pages(self, *, growing: bool, footer: Blocks = ()) -> tuple[Page, ...]:
        """The messages that show the text.

        While it is growing, what is half open at its end is closed or held back. The footer stands under the text of
        the last page, or on a page of its own where it does not fit; it never moves text. Nothing to show: no page.
        """
        layout = self._layout.copy()
        # Half a surrogate pair is left out while its other half may come, and shown as U+FFFD when nothing more does.
        layout.add(render(heal(self._tail) if growing else self._tail + clean(self._waiting), self._seam))
        return layout.finish(footer)


@dataclass(slots=True)
class _Layout:
    """Pages being filled: the full ones, and what stands on the open one, of a given weight."""

    full: list[Page] = field(default_factory=list)
    open: list[Piece] = field(default_factory=list)
    taken: int = 0

    @property
    def started(self) -> bool:
        return bool(self.full or self.open)

    def copy(self) -> _Layout:
        return _Layout(list(self.full), list(self.open), self.taken)

    def add(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            self._add(piece)

    def _add(self, piece: Piece) -> None:
        left: Piece | None = piece
        while left is not None:
            room = MESSAGE_BLOCK_TEXT - self.taken
            if left.weight <= room:
                self.open.append(left)
                self.taken += left.weight
                return
            if self.taken >= HALF_PAGE:
                self._turn()
                continue
            head, left = _split(left, room - len(GAP))
            self.open.append(head)
            self._turn()

    def _turn(self) -> None:
        self.full.append(_page(self.open))
        self.open, self.taken = [], 0

    def finish(self, footer: Blocks) -> tuple[Page, ...]:
        pages = [*self.full, *([_page(self.open)] if self.open else [])]
        if not footer:
            return tuple(pages)
        fits = self.taken + _weight(footer) <= MESSAGE_BLOCK_TEXT and len(footer) < MESSAGE_BLOCKS
        if self.open and fits:
            pages[-1] = replace(pages[-1], blocks=(*pages[-1].blocks, *footer))
        else:
            pages.append(_footer_page(footer))
        return tuple(pages)


def _page(pieces: list[Piece]) -> Page:
    return Page((rich_text(pieces),), fallback(plain_text(pieces)))


def _footer_page(footer: Blocks) -> Page:
    text = fallback(" ".join(shown(footer).split()))
    if footer[0].get("type") == "rich_text":
        return Page(footer, text)
    return Page((rich_text([Piece(Shape.SECTION, (Run(ELLIPSIS),))]), *footer), text)


def _weight(blocks: Blocks) -> int:
    return units(shown(blocks, targets=True))


def _split(piece: Piece, room: int) -> tuple[Piece, Piece | None]:
    """A piece in two, the first of at most `room` units; no link weighs more than that.

    What follows a cut list item stands without its bullet.
    """
    place = _place(piece, _fitting(piece.runs, room))
    head, tail = _cut_runs(piece.runs, place)
    if piece.shape is Shape.CODE:
        tail = tidy((replace(tail[0], text=tail[0].text.removeprefix("\n")), *tail[1:])) if tail else ()
    else:
        head, tail = strip(head) or head, strip(tail)
    if not tail:
        return replace(piece, runs=head), None
    shape = (Shape.QUOTE if piece.quoted else Shape.SECTION) if piece.shape is Shape.ITEM else piece.shape
    quoted = piece.quoted and shape is Shape.CODE
    return replace(piece, runs=head), Piece(shape, tail, "\n", None, quoted)


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
    spaces = [place for place in range(half, limit) if text[place] == " " and place]
    ends = [place for place in spaces if text[place - 1] in SENTENCE_ENDS]
    return (ends or spaces or [limit])[-1]


def _cut_runs(runs: Runs, place: int) -> tuple[Runs, Runs]:
    head: list[Run] = []
    tail: list[Run] = []
    for run in runs:
        head.append(replace(run, text=run.text[:place]))
        tail.append(replace(run, text=run.text[place:]))
        place = max(0, place - len(run.text))
    return tidy(head), tidy(tail)
