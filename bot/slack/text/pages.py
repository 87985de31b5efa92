"""Renders an answer's growing Markdown as Slack messages, of which the full ones never change."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.slack.text.block import Blocks
from bot.slack.text.cutting import ROOMS, cut
from bot.slack.text.escaping import clean, waits_for_more
from bot.slack.text.layout import Full, Layout, Page
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.markdown import outline, render
from bot.slack.text.rich_text import Piece
from bot.slack.text.seams import FRESH, Seam
from bot.slack.text.tail import Tail
from bot.slack.text.unfinished import heal

__all__ = ["Document", "Page"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Document:
    """An answer's Markdown, growing. What is finished is laid out once and never parsed again, only the tail is.

    With `most` there are never more pages than that (a footer that does not fit aside): the first
    top-level block that does not fit into the last one, and all after it, are not shown; `rest` returns them. Links are
    made on `hosts` alone.
    """

    def __init__(self, *, most: int | None = None, hosts: LinkHosts = ANY_HOST) -> None:
        self._most = most
        self._hosts = hosts
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all that was added."""
        self._layout = Layout(self._most, hosts=self._hosts)
        self._waiting = ""
        self._begin("", FRESH)
        self._rest: list[str] = []
        self._source: list[str] = []

    def _begin(self, tail: str, seam: Seam) -> None:
        """All before the tail is laid out."""
        self._tail, self._seam = tail, seam
        self._growing = Tail(tail, seam)
        self._look = ROOMS[0]

    @property
    def source(self) -> str:
        """All that was added, as it came."""
        return "".join(self._source)

    def append(self, markdown: str) -> None:
        """Add the next piece: any text, cut anywhere."""
        self._source.append(markdown)
        added = markdown
        if self._waiting or not markdown.isprintable():
            text = self._waiting + markdown
            self._waiting = text[-1:] if text and waits_for_more(text[-1]) else ""
            added = clean(text.removesuffix(self._waiting))
        if self._rest:
            self._rest.append(added)
            return
        self._tail += added
        self._growing.append(added)
        if len(self._tail) >= self._look:
            self._seal()

    def _seal(self) -> None:
        """Lay out what of the tail is finished."""
        while (found := cut(self._tail, self._seam)) is not None:
            if left := _lay_out(self._layout, found.head, self._seam, found.pieces):
                self._keep(left + self._tail[len(found.head) :])
                return
            self._begin(found.rest, found.seam)
        self._look = next(room for room in ROOMS if room > len(self._tail))

    def paragraph_break(self) -> None:
        """Let what follows start a new paragraph; an open code fence is closed. Twice is once."""
        self._source.append("\n\n")
        if self._rest:
            self._rest.append(clean(self._waiting) + "\n\n")
        elif left := self._lay_out_tail(self._layout):
            self._keep(left + "\n\n")
        self._begin("", FRESH)
        self._waiting = ""

    def shows(self, *, growing: bool) -> bool:
        """Whether there is anything to see. While it grows, a half-open beginning is not."""
        if not growing:
            return bool(self.pages(growing=False))
        return self._layout.started or bool(self._growing.pieces())

    def pages(self, *, growing: bool, footer: Blocks = ()) -> tuple[Page, ...]:
        """The messages that show the text.

        While it is growing, what is half open at its end is closed or held back. The footer stands under the text of
        the last page, or on a page of its own where it does not fit; it never moves text. Nothing to show: no page.
        """
        layout = self._layout.copy()
        if not self._rest:
            self._grow(layout) if growing else self._lay_out_tail(layout)
        return layout.finish(footer)

    def rest(self) -> str:
        """The Markdown that the pages of the finished text do not show; empty where they show all of it."""
        if self._rest:
            return "".join(self._rest) + clean(self._waiting)
        return self._lay_out_tail(self._layout.copy())

    def _lay_out_tail(self, layout: Layout) -> str:
        # Half a surrogate pair is left out while its other half may come, and shown as U+FFFD when nothing more does.
        source = self._tail + clean(self._waiting)
        return _lay_out(layout, source, self._seam, render(source, self._seam))

    def _grow(self, layout: Layout) -> None:
        pieces, before = self._growing.pieces(), layout.copy()
        try:
            layout.add(pieces)
        except Full:
            layout.restore(before)
            healed = heal(self._tail)
            _lay_out(layout, healed, self._seam, render(healed, self._seam))

    def _keep(self, left: str) -> None:
        self._rest.append(left)
        self._begin("", FRESH)


def _lay_out(layout: Layout, source: str, seam: Seam, pieces: Iterable[Piece]) -> str:
    """Put a source, which the pieces show, under what is there. Returns the source of the blocks that the last page has
    no room for."""
    before = layout.copy()
    try:
        layout.add(pieces)
    except Full:
        layout.restore(before)
    else:
        return ""
    lines = _LINE.findall(source)
    for number, block in enumerate(outline(source).spans):
        before = layout.copy()
        own = Seam(block.joint) if number else seam
        try:
            layout.add(render("".join(lines[block.start : block.end]), own))
        except Full:
            layout.restore(before)
            return _numbered("".join(lines[block.start :]), own)
    return ""


def _numbered(source: str, seam: Seam) -> str:
    """A source whose first list goes on counting, though its own numbers may not tell (Markdown reads the first)."""
    return source if seam.number is None else re.sub(r"\d{1,9}", str(seam.number), source, count=1)
