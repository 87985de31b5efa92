"""Knows how what has come of an answer is written down, so that another process can show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bot.flowise.events import Action, CalledTools, SourceDocuments, Token, UsedTools
from bot.reply.answer import LONGEST
from bot.reply.contract import Noted, ReplyEvent, Told

_KINDS: Final[dict[str, TypeAdapter[Any]]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Token, CalledTools, SourceDocuments, UsedTools, Action, Noted, Told)
}


class Journal:
    """The events of one answer that are seen in Slack, in as few as tell the same."""

    def __init__(self) -> None:
        self._events: list[ReplyEvent] = []
        self._words: list[str] = []
        self._length = 0

    def receive(self, event: ReplyEvent) -> None:
        match event:
            case Token(text=text):
                if self._length <= LONGEST:  # what comes after that is not shown either
                    self._length += len(text)
                    self._words.append(text)
            case CalledTools(names=names):
                if names:  # what is written before and after a tool call are two paragraphs
                    self._add(event)
            case SourceDocuments() | UsedTools():  # each says all that there is
                self._events = [old for old in self._events if type(old) is not type(event)]
                self._add(event)
            case Action() | Noted() | Told():
                self._add(event)

    def _add(self, event: ReplyEvent) -> None:
        self._events = [*self.events, event]
        self._words = []

    @property
    def events(self) -> tuple[ReplyEvent, ...]:
        """What was received, with the words that came together as one."""
        if len(self._words) > 1:
            self._words = ["".join(self._words)]
        return (*self._events, *map(Token, self._words))

    def written(self) -> str:
        """All of it as JSON."""
        text = json.dumps([(type(event).__name__, asdict(event)) for event in self.events], ensure_ascii=False)
        # Half a surrogate pair, whose other half has not come yet, has no UTF-8: it becomes U+FFFD.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read(written: str) -> tuple[ReplyEvent, ...]:
    """The events of a journal; those that cannot be read are left out, as another version may have written them."""
    try:
        kept = json.loads(written or "[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(_events(kept)) if isinstance(kept, list) else ()


def _events(kept: list[object]) -> Iterator[ReplyEvent]:
    for entry in kept:
        match entry:
            case [str(name), dict(fields)] if name in _KINDS:
                try:
                    yield _KINDS[name].validate_python(fields)
                except ValidationError:
                    continue
