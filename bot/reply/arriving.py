"""Turns the text of an answer into Markdown as it arrives, once, before it is counted, kept or shown."""

from __future__ import annotations

from collections.abc import Sequence

from bot.flowise.events import CalledTools, SourceDocuments, Token, WordsWhole
from bot.flowise.result_files import result_pictures
from bot.reply.contract import (
    LONGEST,
    ArrivedEvent,
    BeganAnew,
    Failed,
    Finished,
    ParagraphBreak,
    Stopped,
    StoredText,
    TurnEvent,
)
from bot.slack.text.incoming import Arrived, Incoming


class Arriving:
    """The events of one answer on their way in. Text beyond LONGEST is not shown, so it is not looked at either."""

    def __init__(self) -> None:
        self._incoming = Incoming()
        self._length = 0

    @property
    def held(self) -> str:
        """The end of the text that is held back."""
        return self._incoming.held

    def receive(self, event: TurnEvent) -> Sequence[ArrivedEvent]:
        """The events to take for one that came.

        Text may be held back until it is known what it is; a piece of it, empty or not, still says that it has come.
        """
        if isinstance(event, StoredText):
            if not event.begins:
                return self.receive(Token(event.text))
            self._incoming, self._length = Incoming(), 0
            return (BeganAnew(is_stored=True), *self.receive(Token(event.text)))
        if isinstance(event, Token):
            if not event.text:
                return ()
            return self._text(self._incoming.take(event.text) if self._length <= LONGEST else Arrived())
        if isinstance(event, SourceDocuments):
            event = SourceDocuments(event.documents)  # their texts are no part of the answer
        ends = isinstance(event, ParagraphBreak | WordsWhole | Finished | Failed | Stopped)
        if ends or (isinstance(event, CalledTools) and event.names):
            held = self._incoming.pause()
            return (*self._text(held), event) if held != Arrived() else (event,)
        return (event,)

    def _text(self, arrived: Arrived) -> tuple[ArrivedEvent, ...]:
        text = Token(arrived.markdown)
        files = (result_pictures(arrived.pictures),) if arrived.pictures else ()
        if arrived.anew:
            self._length = len(arrived.markdown)
            return (BeganAnew(), text, *files)
        self._length += len(arrived.markdown)
        return (text, *files)
