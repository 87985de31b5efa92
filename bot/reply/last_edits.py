"""Makes the links of a streamed answer clickable: one last edit of each of its messages that has some.

A stream shows addresses as text, because nothing switches previews off in it. Where such an edit was seen to work in
the workspace, it brings the same text as blocks. Nothing is missing without it: what Slack refuses is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from bot.flowise.events import Token
from bot.reply.contract import ArrivedEvent, Finished, ParagraphBreak, Place
from bot.reply.paged import PagedAnswer
from bot.reply.steps import Steps
from bot.reply.streams import StreamSupport
from bot.slack.calls import Refused, Result, UpdateMessage
from bot.slack.refusals import BLOCK_MISMATCH
from bot.slack.text.block import Blocks
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.pages import Page
from bot.slack.verified import STREAM_TO_RICH_TEXT

PATIENCE: Final = 5.0
"""Seconds after the end of an answer for which its last edits wait for their turn: the next question of its thread
waits for them, and nothing is missing without."""


class LastEdits:
    """The last edits of one answer, one for each message at most. `asks` and `hosts` as in `StreamedReply`."""

    def __init__(self, place: Place, streams: StreamSupport, *, asks: str, hosts: LinkHosts = ANY_HOST) -> None:
        self._place = place
        self._streams = streams
        self._asks = asks
        self._hosts = hosts
        self._full: list[tuple[str, tuple[ArrivedEvent, ...]]] = []
        self._due: list[tuple[str, tuple[ArrivedEvent, ...], Steps | None]] = []
        self._call: UpdateMessage | None = None

    def message_full(self, ts: str, parts: Iterable[str]) -> None:
        """Note a message that has ended and is followed by another one, with its Markdown; a paragraph ends between
        its `parts`."""
        if self._streams.links_by_edit:
            self._full.append((ts, (*text_of(parts), Finished())))

    def answer_ended(self, ts: str, events: Iterable[ArrivedEvent], steps: Steps) -> None:
        """Begin: the last message stands, with all that is under it. `events` are those of that message."""
        if self._streams.links_by_edit:
            self._due = [*((full, text, None) for full, text in self._full), (ts, tuple(events), steps)]

    def next_call(self) -> UpdateMessage | None:
        """The next edit; None when there is none left."""
        while self._call is None and self._due:
            ts, events, steps = self._due.pop(0)
            page = self._page(events, steps)
            if page is not None:
                self._call = UpdateMessage(self._place.channel, ts, page.text, page.blocks)
        return self._call

    def settled(self, result: Result) -> None:
        """Note what came of the edit that is not made again."""
        self._call = None
        if result == Refused(BLOCK_MISMATCH):
            self._due = []
            self._streams.fail(STREAM_TO_RICH_TEXT)

    def _page(self, events: Iterable[ArrivedEvent], steps: Steps | None) -> Page | None:
        """A message as blocks; None where that would bring no link, or more than one message."""
        answer = PagedAnswer(most=2, asks=self._asks, steps=steps, hosts=self._hosts)
        for event in events:
            answer.receive(event)
        while answer.behind:
            answer.catch_up()
        pages = answer.pages(shows_work=False)
        return pages[0] if len(pages) == 1 and has_link(pages[0].blocks) else None


def text_of(parts: Iterable[str]) -> Iterator[ArrivedEvent]:
    """Markdown as events; a paragraph ends between its parts."""
    for number, part in enumerate(parts):
        if number:
            yield ParagraphBreak()
        yield Token(part)


def has_link(blocks: Blocks) -> bool:
    """Whether a rich_text or a table in these blocks has a link; the sources under a stream are links already."""
    return any(_has_link(block) for block in blocks if block.get("type") in {"rich_text", "table"})


def _has_link(value: object) -> bool:
    if isinstance(value, Mapping):
        return value.get("type") == "link" or any(map(_has_link, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(_has_link, value))
