"""Turns the text of an answer into Markdown as it arrives, before it is counted, kept or shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bot.flowise.events import CalledTools, Token, WordsWhole
from bot.reply.contract import LONGEST, Failed, Finished, ParagraphBreak, ReplyEvent, Stopped
from bot.slack.text.incoming import Arrived, Incoming


@dataclass(frozen=True, slots=True)
class BeganAnew:
    """The text before was the model's reasoning, and is no part of the answer."""


ArrivedEvent: TypeAlias = ReplyEvent | BeganAnew


class Arriving:
    """The events of one answer on their way in. Text beyond LONGEST is not shown, so it is not looked at either."""

    def __init__(self) -> None:
        self._incoming = Incoming()
        self._length = 0

    @property
    def held(self) -> str:
        """The end of the text that is held back."""
        return self._incoming.held

    def receive(self, event: ReplyEvent) -> Iterator[ArrivedEvent]:
        """The events to take for one that came.

        Text may be held back until it is known what it is; a piece of it, empty or not, still says that it has come.
        """
        if isinstance(event, Token):
            if event.text:
                yield from self._text(self._incoming.take(event.text) if self._length <= LONGEST else Arrived())
            return
        if isinstance(event, ParagraphBreak | WordsWhole | Finished | Failed | Stopped) or (
            isinstance(event, CalledTools) and event.names
        ):
            held = self._incoming.pause()
            yield from self._text(held) if held != Arrived() else ()
        yield event

    def _text(self, arrived: Arrived) -> Iterator[ArrivedEvent]:
        if arrived.anew:
            self._length = 0
            yield BeganAnew()
        self._length += len(arrived.markdown)
        yield Token(arrived.markdown)
