"""Knows what a person should see of an answer at this moment, as pages; not when, nor by which calls."""

from __future__ import annotations

from collections import deque
from typing import Final

from bot.flowise.events import Token
from bot.reply.answer import LONGEST, Answer
from bot.reply.contract import ReplyEvent
from bot.slack import wording
from bot.slack.blocks import fallback, note, plain
from bot.slack.calls import Blocks
from bot.slack.pages import Document, Page

# A message in plain text, for when Slack refuses the shape of a rendered one: safely under its 4,000 for an edit.
_PLAIN_PAGE = 3_500

STEP: Final = 2_000
"""Characters of text that are taken in one call: laying out 200,000 at once would keep everybody else waiting."""

# What an event costs beside its text, in characters.
_EVENT = 20


class PagedAnswer(Answer[Document]):
    """An answer as messages that can be edited, `most` of them at most.

    `in_plain_text`: the text is shown as it came, without any shape. A long text is taken step by step: while the
    answer is `behind` what it has received, `catch_up` takes the next step.
    """

    def __init__(self, *, most: int | None = None) -> None:
        super().__init__(Document(most=most))
        self.in_plain_text = False
        self._due: deque[ReplyEvent] = deque()

    @property
    def behind(self) -> bool:
        """Something was received that is not taken yet."""
        return bool(self._due)

    def receive(self, event: ReplyEvent) -> None:
        behind = self.behind
        if isinstance(event, Token) and len(event.text) > LONGEST:
            event = Token(event.text[: LONGEST + 1])
        self._due.append(event)
        if not behind:
            self.catch_up()

    def catch_up(self) -> None:
        """Take what was received, up to some characters."""
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

    def pages(self, *, shows_work: bool, minutes: int = 0) -> tuple[Page, ...]:
        """What should stand in Slack now; empty when there is nothing to show yet.

        `shows_work`: the message itself must show that we are at it, and for how many `minutes`, because no status
        line can.
        """
        if self.told:
            return (_page(self.told),)
        if self.empty:
            return self._without_text(shows_work=shows_work, minutes=minutes)
        footer = self.footer()
        if self.in_plain_text:
            return self._as_plain_text(footer)
        if not self.ended and shows_work and self.running:
            footer = (note(wording.working(self.running)), *footer)
        return self.text.pages(growing=not self.ended, footer=footer)

    def _without_text(self, *, shows_work: bool, minutes: int) -> tuple[Page, ...]:
        if self.ended:
            return (_page(self.last_word(partly=False), self.extras()),)
        if self.thinking and shows_work:
            return (_page(wording.working(self.running, minutes)),)
        if self.waiting:
            return (_page(self.waiting),)
        return ()

    def _as_plain_text(self, footer: Blocks) -> tuple[Page, ...]:
        text = self.text.source
        cuts = [text[start : start + _PLAIN_PAGE] for start in range(0, len(text), _PLAIN_PAGE)]
        pages = [_page(cut) for cut in cuts if cut.strip()]
        return (*pages[:-1], Page(blocks=(*pages[-1].blocks, *footer), text=pages[-1].text))


def _page(text: str, extras: Blocks = ()) -> Page:
    return Page(blocks=(*plain(text), *extras), text=fallback(text))
