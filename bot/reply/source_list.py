"""Keeps the sources of one answer with the marks in its text that cite them, and shows both."""

from __future__ import annotations

from collections.abc import Mapping

from bot.flowise.events import SourceDocument
from bot.reply.sources import addresses, gathered, numbered
from bot.slack import wording
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import passages_button, sources_blocks
from bot.slack.text.citations import CitationMarks
from bot.slack.text.link_hosts import LinkHosts


class SourceList:
    """The list of sources under an answer, which is linked on `hosts` alone. The answer's text is added to `marks`."""

    def __init__(self, hosts: LinkHosts) -> None:
        self.marks = CitationMarks()
        self._hosts = hosts
        self._documents: tuple[SourceDocument, ...] = ()
        self._made: tuple[frozenset[int], Blocks] | None = None
        self._button: Blocks = ()

    def offer(self, value: str) -> bool:
        """Let the passages be shown by a button that sends this value; whether that is new."""
        before, self._button = self._button, (passages_button(wording.PASSAGES, value),)
        return self._button != before

    def replace(self, documents: tuple[SourceDocument, ...]) -> bool:
        """Take the documents so far; whether they are others than before."""
        changed = documents != self._documents
        if changed:
            self._documents, self._made = documents, None
        return changed

    @property
    def blocks(self) -> Blocks:
        """The list, and a button for its passages. It is made when it is first shown: a flow may send one list after
        the other."""
        if not self._documents:
            return ()
        cited = self._cited
        if self._made is None or self._made[0] != cited:
            self._made = cited, sources_blocks(gathered(self._documents, cited), self._hosts)
        return (*self._made[1], *self._button)

    @property
    def addresses(self) -> Mapping[int, str]:
        """The addresses to which the marks lead, by their numbers; none where the text does not cite the sources."""
        return addresses(self._documents, self._cited, self._hosts)

    @property
    def _cited(self) -> frozenset[int]:
        return self.marks.cited(max(numbered(self._documents), default=0))
