"""Knows what a person should see of an answer at this moment, as pages; not when, nor by which calls."""

from __future__ import annotations

from bot.flowise.events import Action, CalledTools, SourceDocuments, Token, UsedTools
from bot.reply.contract import Failed, Finished, HeldBack, Noted, Queued, ReplyEvent, Thinking, Told
from bot.reply.sources import gathered
from bot.slack import wording
from bot.slack.blocks import fallback, note, plain, sources_blocks, tools_block
from bot.slack.calls import Block, Blocks
from bot.slack.pages import Document, Page

# A message in plain text, for when Slack refuses the shape of a rendered one: safely under its 4,000 for an edit.
_PLAIN_PAGE = 3_500
# Nobody reads on after some twenty messages; a flow that never stops must not fill a channel, or our memory.
_LONGEST = 200_000


class Answer:
    """The answer so far, in `most` messages at most. `version` counts the changes that can be seen.

    `rest_is_lost`: what did not fit could not be attached as a file.
    """

    def __init__(self, *, most: int | None = None) -> None:
        self.version = 0
        self.ended = False
        self.thinking = False
        self.running: tuple[str, ...] = ()
        self.in_plain_text = False
        self.rest_is_lost = False
        self._document = Document(most=most)
        self._source: list[str] = []
        self._length = 0
        self._waiting = ""
        self._sources: Blocks = ()
        self._tools: Block | None = None
        self._notes: tuple[str, ...] = ()
        self._failure: Failed | None = None
        self._told = ""
        self._asks = False
        self._break_due = False
        self._has_words = False

    @property
    def length(self) -> int:
        """Characters of text that have come."""
        return self._length

    @property
    def rest(self) -> str:
        """The Markdown that no page shows, once the answer has ended."""
        return self._document.rest() if self.ended and not self._told else ""

    @property
    def empty(self) -> bool:
        """There is no word of the answer to show. While it grows, a half-open beginning is not shown yet."""
        if not self._has_words:  # asked with every token, so that it is looked up only until the first words are there
            self._has_words = bool(self._document.pages(growing=False)) if self.ended else not self._document.empty
        return not self._has_words

    def receive(self, event: ReplyEvent) -> None:
        self.version += 1
        match event:
            case Token(text=text):
                self._write(text)
            case Told(text=text):
                self._told = text
            case SourceDocuments(documents=documents):
                self._sources = sources_blocks(gathered(documents)) if documents else ()
            case UsedTools(names=names):
                # Flowise names a tool as used that only waits to be allowed (measured on 3.1.4).
                self._tools = tools_block(names) if names and not self._asks else None
            case CalledTools(names=names):
                self.running = names
                self._break_due = self._break_due or bool(names)
            case Noted(text=text):
                self._notes += (text,)
            case Action():
                self._asks = True
                self._tools = None
                self._notes += (wording.DECISION_NEEDED,)
            case _:
                self._progress(event)

    def _progress(self, event: ReplyEvent) -> None:
        match event:
            case Queued():
                self._waiting = wording.QUEUED
            case HeldBack():
                self._waiting = wording.HELD_BACK
            case Thinking():
                self.thinking = True
            case Finished():
                self._end()
            case Failed():
                self._failure = event
                self._end()

    def _end(self) -> None:
        self.ended = True
        self.thinking = False
        self.running = ()

    def _write(self, text: str) -> None:
        if not text:
            self.version -= 1
            return
        if self._break_due:
            self._document.paragraph_break()
            self._source.append("\n\n")
            self._break_due = False
        self.running = ()  # not every flow says that a tool has ended; words do
        if self._length > _LONGEST:
            return
        self._length += len(text)
        self._document.append(text)
        self._source.append(text)
        if self._length > _LONGEST:
            self._notes += (wording.TOO_LONG,)

    def pages(self, *, shows_work: bool, minutes: int = 0) -> tuple[Page, ...]:
        """What should stand in Slack now; empty when there is nothing to show yet.

        `shows_work`: the message itself must show that we are at it, and for how many `minutes`, because no status
        line can.
        """
        if self._told:
            return (_page(self._told),)
        if self.empty:
            return self._without_text(shows_work=shows_work, minutes=minutes)
        footer = self._footer()
        if self.in_plain_text:
            return self._as_plain_text(footer)
        if not self.ended and shows_work and self.running:
            footer = (note(wording.working(self.running)), *footer)
        return self._document.pages(growing=not self.ended, footer=footer)

    def _without_text(self, *, shows_work: bool, minutes: int) -> tuple[Page, ...]:
        if self.ended:
            return (_page(self._last_word(partly=False), self._extras()),)
        if self.thinking and shows_work:
            return (_page(wording.working(self.running, minutes)),)
        if self._waiting:
            return (_page(self._waiting),)
        return ()

    def _last_word(self, *, partly: bool) -> str:
        if self._failure is None:
            # A flow that only asks for a decision, say: its remark is all there is.
            return self._notes[0] if self._notes else wording.NOTHING_TO_SHOW
        return wording.failure(self._failure.error, self._failure.reference, partly=partly)

    def _extras(self) -> Blocks:
        notes = self._notes if self._failure else self._notes[1:]
        tools = (self._tools,) if self._tools else ()
        return (*map(note, notes), *tools, *self._sources)

    def _footer(self) -> Blocks:
        """Under the text: what failed, remarks, tools, sources."""
        failed = (note(self._last_word(partly=True)),) if self._failure else ()
        tools = (self._tools,) if self._tools else ()
        rest = (note(wording.REST_LOST if self.rest_is_lost else wording.REST_ATTACHED),) if self.rest else ()
        return (*failed, *rest, *map(note, self._notes), *tools, *self._sources)

    def _as_plain_text(self, footer: Blocks) -> tuple[Page, ...]:
        text = "".join(self._source)
        cuts = [text[start : start + _PLAIN_PAGE] for start in range(0, len(text), _PLAIN_PAGE)]
        pages = [_page(cut) for cut in cuts if cut.strip()]
        return (*pages[:-1], Page(blocks=(*pages[-1].blocks, *footer), text=pages[-1].text))


def _page(text: str, extras: Blocks = ()) -> Page:
    return Page(blocks=(*plain(text), *extras), text=fallback(text))
