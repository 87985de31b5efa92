"""Knows what has come of an answer: its text, its sources and remarks, how it ended; not how it is shown."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from bot.flowise.events import Action, CalledTools, SourceDocuments, Token, UsedTools
from bot.reply.contract import Failed, Finished, HeldBack, Noted, Queued, ReplyEvent, Thinking, Told
from bot.reply.sources import gathered
from bot.slack import wording
from bot.slack.blocks import ask_again, note, sources_blocks, tools_block
from bot.slack.calls import Block, Blocks

LONGEST = 200_000
"""Characters of text that are taken. Nobody reads on after some twenty messages, and a flow that never stops must not
fill a channel, or our memory."""


class Text(Protocol):
    """An answer's Markdown, growing."""

    def append(self, markdown: str) -> None:
        """Add what comes next: any text, cut anywhere."""
        ...

    def paragraph_break(self) -> None:
        """Let what follows start a new paragraph. Twice is once."""
        ...

    def shows(self, *, growing: bool) -> bool:
        """Whether there is anything to see. While it grows, a half-open beginning is not."""
        ...

    def rest(self) -> str:
        """What of the finished text is not shown, because the messages are full."""
        ...


T_co = TypeVar("T_co", bound=Text, covariant=True)


class Answer(Generic[T_co]):
    """The answer so far; its words go into `text`. `version` counts the changes that can be seen.

    `told` is a sentence of ours that stands for the answer. `rest_is_lost`: what did not fit could not be attached as
    a file.
    """

    def __init__(self, text: T_co) -> None:
        self.version = 0
        self.ended = False
        self.thinking = False
        self.running: tuple[str, ...] = ()
        self.rest_is_lost = False
        self.told = ""
        self._text = text
        self._length = 0
        self._waiting = ""
        self._sources: Blocks = ()
        self._tools: Block | None = None
        self._notes: tuple[str, ...] = ()
        self._failure: Failed | None = None
        self._asks = False
        self._break_due = False
        self._has_words = False

    @property
    def text(self) -> T_co:
        """Where the words are."""
        return self._text

    @property
    def length(self) -> int:
        """Characters of text that have come."""
        return self._length

    @property
    def rest(self) -> str:
        """The Markdown that no page shows, once the answer has ended."""
        return self._text.rest() if self.ended and not self.told else ""

    @property
    def empty(self) -> bool:
        """There is no word of the answer to show. While it grows, a half-open beginning is not shown yet."""
        if not self._has_words:  # asked with every token, so that it is looked up only until the first words are there
            self._has_words = self._text.shows(growing=not self.ended)
        return not self._has_words

    def receive(self, event: ReplyEvent) -> None:
        self.version += 1
        match event:
            case Token(text=text):
                self._write(text)
            case Told(text=text):
                self.told = text
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
            case Queued(before=before, busy=busy):
                self._waiting = wording.queued(before, busy=busy)
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
            self._text.paragraph_break()
            self._break_due = False
        self.running = ()  # not every flow says that a tool has ended; words do
        if self._length > LONGEST:
            return
        self._text.append(text[: LONGEST - self._length])
        self._length += len(text)
        if self._length > LONGEST:
            self._notes += (wording.TOO_LONG,)

    @property
    def waiting(self) -> str:
        """Why nothing is done for the answer yet; empty when something is."""
        return self._waiting

    def last_word(self, *, partly: bool) -> str:
        """What is said where there is no text, or, `partly`, under a text that is not whole."""
        if self._failure is None:
            # A flow that only asks for a decision, say: its remark is all there is.
            return self._notes[0] if self._notes else wording.NOTHING_TO_SHOW
        return wording.failure(self._failure.error, self._failure.reference, partly=partly)

    def extras(self) -> Blocks:
        """What stands under a last word."""
        notes = self._notes if self._failure else self._notes[1:]
        tools = (self._tools,) if self._tools else ()
        return (*map(note, notes), *tools, *self._sources, *self._button())

    def _button(self) -> Blocks:
        again = self._failure.again if self._failure else ""
        return (ask_again(wording.ASK_AGAIN, again),) if again else ()

    def footer(self) -> Blocks:
        """What stands under the text: what failed, remarks, tools, sources."""
        failed = (note(self.last_word(partly=True)),) if self._failure else ()
        tools = (self._tools,) if self._tools else ()
        rest = (note(wording.REST_LOST if self.rest_is_lost else wording.REST_ATTACHED),) if self.rest else ()
        return (*failed, *rest, *map(note, self._notes), *tools, *self._sources, *self._button())
