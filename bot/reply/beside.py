"""Keeps the events of an answer other than its text: of each kind, what later events have not replaced."""

from __future__ import annotations

from typing import assert_never

from bot.flowise.events import (
    AgentsSpoke,
    CalledTools,
    ModelThinking,
    ResultFiles,
    SourceDocuments,
    Step,
    Token,
    UsedTools,
)
from bot.reply.contract import (
    AnswerButtons,
    DecisionOffered,
    Footnote,
    Heard,
    PassagesOffered,
    ProgressEvent,
    Remark,
    ReplyEvent,
    Sentence,
)


class Beside:
    """The events of an answer other than its text, in as few as show the same: a flow may send thousands of them."""

    def __init__(self) -> None:
        self._events: dict[object, ReplyEvent] = {}
        self._notes = 0

    def add(self, event: ReplyEvent) -> None:
        """Note an event; one of a kind that replaces what came before takes its place.

        Raises:
            TypeError: it is text.
        """
        if isinstance(event, ProgressEvent):
            self._events[type(event)] = event
            return
        match event:
            case Token():
                raise TypeError("the text of an answer is kept elsewhere")
            case Remark():  # ours, a handful at most
                self._notes += 1
                self._events[Remark, self._notes] = event
            case CalledTools(names=names) if names:
                self._events.pop(_TOOLS_ENDED, None)
                self._events[CalledTools] = event
            case CalledTools():
                # Even after the tools have ended, the text that follows a call is a new paragraph.
                self._events[_TOOLS_ENDED] = event
            case ResultFiles():
                before, files = self._events.get(ResultFiles), event.without_contents
                self._events[ResultFiles] = before.and_later(files) if isinstance(before, ResultFiles) else files
            case Step() | AgentsSpoke() | ModelThinking():
                pass  # `bot.reply.steps` keeps how far the flow is
            case SourceDocuments() | UsedTools() | DecisionOffered() | PassagesOffered() | AnswerButtons():
                self._events[type(event)] = event
            case Heard() | Sentence() | Footnote():
                self._events[type(event)] = event
            case _:
                assert_never(event)

    def add_all(self, later: Beside) -> None:
        """Note what has come since."""
        for event in later.events:
            self.add(event)

    @property
    def events(self) -> tuple[ReplyEvent, ...]:
        """What is left, in the order in which its kinds came first."""
        return tuple(self._events.values())


_TOOLS_ENDED = "tools ended"
