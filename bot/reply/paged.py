"""Lays out what a person should see of an answer at this moment, as pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Final

from bot.flowise.events import Token
from bot.reply.answer import Answer
from bot.reply.contract import LONGEST, ArrivedEvent
from bot.reply.steps import Steps
from bot.slack import wording
from bot.slack.help_contact import NOBODY
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import fallback, note, plain, sentence_blocks, spoken, stop_button, text_alone
from bot.slack.text.citations import with_links
from bot.slack.text.escaping import units
from bot.slack.text.limits import MESSAGE_BLOCKS, MESSAGE_TEXT
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.moments import without_moments
from bot.slack.text.pages import Document, Page
from bot.slack.text.plain_pages import plain_pages
from bot.slack.wording_of_steps import working


class Form(IntEnum):
    """How an answer is shown, from the richest form to the plainest."""

    RENDERED = 0
    PLAIN = 1
    """The text as it came, in blocks without any shape, and what stands under it in its own."""
    TEXT_ALONE = 2
    """The same without blocks, whose form Slack cannot refuse. It has no button."""


STEP: Final = 2_000
"""Characters of text that one call lays out: laying out 200,000 at once would keep all other answers waiting."""

# Under an answer that grows by edits, so that nobody takes half of it for the whole.
_GROWING: Final = note(wording.GROWING)
# What stands above a footer that has no room under its text.
_LEAD: Final = plain(wording.GROWING)

# What an event costs beside its text, in characters.
_EVENT = 20


class PagedAnswer(Answer[Document]):
    """An answer as messages that can be edited, `most` of them at most, whatever its form.

    A long text is laid out step by step: while the answer is `behind` what it has received, `catch_up` does the next
    step. While the answer grows or waits, its last message has a button that stops it; `stop` is the value that the
    button sends, empty for none.
    """

    def __init__(
        self,
        *,
        most: int | None = None,
        asks: str = NOBODY,
        stop: str = "",
        steps: Steps | None = None,
        hosts: LinkHosts = ANY_HOST,
        attaches: bool = True,
    ) -> None:
        super().__init__(Document(most=most, hosts=hosts), asks, steps, hosts, attaches=attaches)
        self._button = (stop_button(wording.STOP, stop),) if stop else ()
        self._most = most
        self._form = Form.RENDERED
        self._plain: tuple[int, tuple[str, ...], str] = (-1, (), "")
        """The plain pages and what is left, and the version of which they are."""
        self._due: deque[ArrivedEvent] = deque()

    @property
    def behind(self) -> bool:
        """Whether something was received that is not laid out yet."""
        return bool(self._due)

    def receive(self, event: ArrivedEvent) -> None:
        if not self._due and not (isinstance(event, Token) and len(event.text) > STEP):
            super().receive(event)
            return
        behind = self.behind
        if isinstance(event, Token) and len(event.text) > LONGEST:
            event = Token(event.text[: LONGEST + 1])
        self._due.append(event)
        if not behind:
            self.catch_up()

    def catch_up(self) -> None:
        """Lay out what was received, up to STEP characters."""
        room = STEP
        while self._due and room > 0:
            event = self._due.popleft()
            if isinstance(event, Token):
                event, left = Token(event.text[:room]), event.text[room:]
                room -= len(event.text)
                if left:
                    self._due.appendleft(Token(left))
            room -= _EVENT
            super().receive(event)

    @property
    def half_open(self) -> bool:
        """Also where it was broken off: what was bold a moment ago does not turn into asterisks."""
        return super().half_open or self._failure is not None

    def becomes_plainer(self) -> bool:
        """Show all of it in a plainer form from now on; False where there is none. Slack may know blocks for ratings
        in some places only, so the buttons go first."""
        if self.lose_buttons():
            return True
        if self._form is Form.TEXT_ALONE:
            return False
        self._form = Form(self._form + 1)
        self._version += 1
        return True

    def pages(
        self,
        *,
        shows_work: bool,
        minutes: int = 0,
        steps: Blocks = (),
        step: str = "",
        standing: Sequence[Page] = (),
    ) -> tuple[Page, ...]:
        """What should stand in Slack now; empty when there is nothing to show yet.

        `shows_work`: the message itself must show that the bot is at work, and for how many `minutes`, because there is
        no status line. `steps` are shown under a text that grows, and `step`, what a status line would say, before it.
        When the answer has ended, the marks of its text are links; a page that is `standing` is not written anew for
        them alone.
        """
        pages = self._below_heading(shows_work=shows_work, minutes=minutes, steps=steps, step=step)
        pages = (self._headed(pages[0]), *pages[1:]) if pages and self.heading else pages
        return self._linked(pages, standing)

    def _linked(self, pages: tuple[Page, ...], standing: Sequence[Page]) -> tuple[Page, ...]:
        """Pages in which the marks of the text are links, once the answer has ended."""
        if not self.ended or self.empty or self._form is not Form.RENDERED or not (cited := self.sources.addresses):
            return pages
        beside = (*self.heading, *self.footer())
        linked = (replace(page, blocks=with_links(page.blocks, beside, cited)) for page in pages)
        stands = (number < len(standing) and page == standing[number] for number, page in enumerate(pages))
        return tuple(page if is_there else new for page, new, is_there in zip(pages, linked, stands, strict=True))

    def _headed(self, page: Page) -> Page:
        """A page with the line above the text, as far as there is room: what it costs is below what Slack takes."""
        line = spoken(self.heading)
        text = f"{line}\n{page.text}" if units(line) + units(page.text) < MESSAGE_TEXT else page.text
        if not page.blocks or len(page.blocks) == MESSAGE_BLOCKS:
            return replace(page, text=text)
        return replace(page, blocks=(*self.heading, *page.blocks), text=text)

    def _below_heading(self, *, shows_work: bool, minutes: int, steps: Blocks, step: str) -> tuple[Page, ...]:
        if self.sentence:
            page = self._page(without_moments(self.sentence), self.buttons)
            if self._form is Form.RENDERED:
                page = replace(page, blocks=(*sentence_blocks(self.sentence), *self.buttons))
            return (page,)
        if self.empty:
            return self._without_text(shows_work=shows_work, minutes=minutes, step=step)
        said = footer = self.footer()
        if self.fetching is not None:
            said = footer = (*footer, *self._button)
        elif not (self.ended or self.words_whole):
            steps = steps if self._form is Form.RENDERED else ()
            growing = note(working(self.running)) if shows_work and self.running else _GROWING
            said, footer = (*footer, growing, *self._button), (*footer, *steps, growing, *self._button)
        if self._form is not Form.RENDERED:
            *full, last = self._plain_pages()[0] or ("",)
            return (*map(self._page, full), self._page(last, footer))
        pages = self.text.pages(growing=self.half_open, footer=footer)
        own_page = (footer, (*_LEAD, *footer))
        if steps and pages and pages[-1].blocks in own_page:  # they take the room of what matters more
            footer, steps = said, ()
            pages = self.text.pages(growing=self.half_open, footer=footer)
        # Nobody is sent a message that holds nothing but these, for want of room in the one before.
        small = (*steps, _GROWING, *self._button, *self.buttons, *self.footnote, *_LEAD)
        if len(pages) > 1 and all(block in small for block in pages[-1].blocks):
            return pages[:-1]
        if not pages or not footer or pages[-1].blocks == (*_LEAD, *footer):
            return pages
        return (*pages[:-1], replace(pages[-1], text=self._with_spoken(pages[-1].text, said)))

    @property
    def rest(self) -> str:
        if self._form is Form.RENDERED:
            return super().rest
        return self._plain_pages()[1] if self.ended and not self.sentence else ""

    def _without_text(self, *, shows_work: bool, minutes: int, step: str) -> tuple[Page, ...]:
        if self.ended:
            return (self._page(self.last_word(partly=False), self.extras()),)
        if self.fetching is not None:
            return () if self.fetching.quietly else (self._page(wording.FETCHING_ANSWER, self._button),)
        if self.thinking and shows_work:
            return (self._page(working(self.running, minutes, step), self._button),)
        if self.waiting:
            return (self._page(self.waiting, self._button),)
        return ()

    def _plain_pages(self) -> tuple[tuple[str, ...], str]:
        version, pages, rest = self._plain
        if version != self.version:
            pages, rest = plain_pages(self.text.source, self._most)
            self._plain = (self.version, pages, rest)
        return pages, rest

    def _page(self, text: str, extras: Blocks = ()) -> Page:
        if self._form is Form.TEXT_ALONE:
            under, closing = self._parted(extras)
            return Page(blocks=(), text=_joined(text_alone(text, under), closing))
        shape = plain if self._form is Form.PLAIN else sentence_blocks
        return Page(blocks=(*shape(text), *extras), text=self._with_spoken(fallback(text), extras))

    def _with_spoken(self, text: str, under: Blocks) -> str:
        """The top-level text of a message, and what the blocks under its text say, as far as there is room: a screen
        reader, or a notification, may know that alone."""
        said, closing = self._parted(tuple(block for block in under if block is not _GROWING))
        return _joined(text, f"\n{spoken(said)}" if said else "", closing)

    def _parted(self, under: Blocks) -> tuple[Blocks, str]:
        """Blocks without the line for support, and that line, which holds a link of ours."""
        closing = f"\n{self.support}" if under and self.support else ""
        return (under[:-1], closing) if closing else (under, "")


def _joined(text: str, *more: str) -> str:
    """A top-level text with more of it, each where there is room for all of it."""
    for part in more:
        if part.strip() and units(text) + units(part) <= MESSAGE_TEXT:
            text += part
    return text
