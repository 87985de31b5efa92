"""Knows what has come of an answer: its text, its sources and remarks, how it ended; not how it is shown."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from bot.flowise.events import Action, CalledTools, SourceDocument, SourceDocuments, Token, UsedTools
from bot.reply.contract import (
    LONGEST,
    MOST_BREAKS,
    Failed,
    Finished,
    Queued,
    Remark,
    ReplyEvent,
    Sentence,
    Thinking,
    WaitingForRun,
)
from bot.reply.sources import gathered
from bot.slack import wording
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import ask_again, note, sources_blocks, tools_block


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
        self._documents: tuple[SourceDocument, ...] = ()
        self._sources: Blocks | None = None
        self._used: tuple[str, ...] = ()
        self._notes: tuple[str, ...] = ()
        self._failure: Failed | None = None
        self._asks = False
        self._break_due = False
        self._breaks = 0
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
        """Take what has come. What was said before, or is not shown any more, changes nothing that can be seen."""
        match event:
            case Token(text=text):
                changed = self._write(text)
            case CalledTools(names=names):
                changed = names != self.running
                self.running = names
                self._break_due = self._break_due or bool(names)
            case SourceDocuments(documents=documents):
                changed = documents != self._documents
                if changed:
                    self._documents, self._sources = documents, None
            case UsedTools(names=names):
                # Flowise names a tool as used that only waits to be allowed (measured on 3.1.4).
                changed = names != self._used and not self._asks
                self._used = names if changed else self._used
            case Action():
                changed, self._asks, self._used = not self._asks, True, ()
                self._notes += (wording.DECISION_NEEDED,) if changed else ()
            case _:
                changed = True
                self._progress(event)
        self.version += changed

    def _progress(self, event: ReplyEvent) -> None:
        match event:
            case Sentence(text=text):
                self.told = text
            case Remark(text=text):
                self._notes += (text,)
            case Queued(before=before, busy=busy):
                self._waiting = wording.queued(before, busy=busy)
            case WaitingForRun():
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

    def _write(self, text: str) -> bool:
        """Take words; whether any of it can be seen."""
        had_tools = bool(self.running)
        if text:
            self.running = ()  # not every flow says that a tool has ended; words do
        if not text or self._length > LONGEST:
            return had_tools and bool(text)
        if self._break_due and self._breaks < MOST_BREAKS:
            self._text.paragraph_break()
            self._breaks += 1
        self._break_due = False
        self._text.append(text[: LONGEST - self._length])
        self._length += len(text)
        if self._length > LONGEST:
            self._notes += (wording.TOO_LONG,)
        return True

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
        return (*map(note, notes), *self._tools(), *self._source_list(), *self._button())

    def _tools(self) -> Blocks:
        return (tools_block(self._used),) if self._used else ()

    def _source_list(self) -> Blocks:
        """Made when it is first shown: a flow may send one list after the other."""
        if self._sources is None:
            self._sources = sources_blocks(gathered(self._documents))
        return self._sources

    def _button(self) -> Blocks:
        again = self._failure.again if self._failure else ""
        return (ask_again(wording.ASK_AGAIN, again),) if again else ()

    def footer(self) -> Blocks:
        """What stands under the text: what failed, remarks, tools, sources."""
        failed = (note(self.last_word(partly=True)),) if self._failure else ()
        rest = (note(wording.REST_LOST if self.rest_is_lost else wording.REST_ATTACHED),) if self.rest else ()
        return (*failed, *rest, *map(note, self._notes), *self._tools(), *self._source_list(), *self._button())
