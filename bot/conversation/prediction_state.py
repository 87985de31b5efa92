"""Notes what the events of one prediction say of its run, its chat and its text."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TypeGuard, assert_never

from bot.conversation.chats import Chat
from bot.flowise.events import (
    AgentflowStarted,
    Decision,
    End,
    ErrorReported,
    Event,
    Metadata,
    ShownEvent,
    SourceDocuments,
    SteeringEvent,
    Step,
    StepEvent,
    StepState,
    Token,
    TokensUsed,
    WordsWhole,
)
from bot.records.thread import Run
from bot.reply.contract import LONGEST, StoredText


class PredictionState:
    """What the events of one answer have shown so far of its run, its chat and its text."""

    def __init__(self, run: Run, chat: Chat, waiting_node: str = "") -> None:
        self.run = run
        self.chat = chat
        self.agentflow = asyncio.Event()
        self.has_begun = False
        self.row: str | None = None
        """The id of the row in which Flowise stored the answer."""
        self.documents: tuple[str, ...] = ()
        """The names of the documents that have come with the question."""
        self.question = ""
        """What Flowise has taken for the question."""
        self.decision: Decision | None = None
        """What the flow waits for, if it has stopped for a person."""
        self.failed_node = ""
        """The node that failed last, by its id."""
        self.words_whole = False
        """Nothing more of its text comes, whatever Flowise still works on."""
        self.follow_ups: tuple[str, ...] = ()
        """The questions that the flow suggests to go on with."""
        self.is_forgotten = False
        """Flowise has stored its question, but not the answer."""
        self.has_resumed = False
        """The node that waited for a decision has run; of older flows, any agent has."""
        self._waiting_node = waiting_node
        self.text_may_differ = False
        """Flowise may have stored another text than it has streamed."""
        self.is_decided = False
        """What is shown of a stored text is known, and comes now."""
        self.text_so_far: list[str] = []
        self.sources: SourceDocuments | None = None
        self._length = 0

    @property
    def has_words(self) -> bool:
        """Whether there is text to be read."""
        return any(not text.isspace() for text in self.text_so_far)

    def takes(self, event: Event) -> TypeGuard[ShownEvent | StepEvent]:
        """Note an event, and say whether it is shown in Slack."""
        self.has_begun = True
        if isinstance(event, SteeringEvent):
            self._steer(event)
            return False
        if isinstance(event, StepEvent):
            self._step(event)
        self.hears(event)
        return True

    def hears(self, event: Event) -> None:
        """Note the text of an event, or its documents."""
        if isinstance(event, SourceDocuments):
            self.sources = event
        if isinstance(event, Token):
            if self._length < LONGEST:  # what comes after that is not shown
                self.text_so_far.append(event.text[: LONGEST - self._length])
            self._length += len(event.text)

    def _step(self, event: StepEvent) -> None:
        if isinstance(event, Step):
            self.has_resumed = self.has_resumed or event.key == self._waiting_node
            self.failed_node = event.key if event.state is StepState.FAILED else self.failed_node
        self.has_resumed = self.has_resumed or not self._waiting_node

    def begins_anew(self, event: StoredText) -> None:
        """Note a piece of the text that takes the place of what was said so far."""
        if event.begins:
            self.text_so_far, self._length = [], 0
        self.hears(Token(event.text))

    def _steer(self, event: SteeringEvent) -> None:
        match event:
            case AgentflowStarted():
                self.run = replace(self.run, agentflow=True)
                self.agentflow.set()
            case Decision():
                self.decision, self.run = event, replace(self.run, awaits_decision=True)
            case WordsWhole():
                self.words_whole = True
            case Metadata(chat_id=chat_id, chat_message_id=row, question=question):
                self.question = question
                self.chat = replace(self.chat, chat_id=chat_id or self.chat.chat_id)
                self.row = row or None
                self.follow_ups = event.follow_ups
            case End(text_may_differ=may_differ):
                self.text_may_differ = may_differ
            case ErrorReported() | TokensUsed():
                pass  # the client raises the error; whoever reads the events adds the tokens up
            case _:
                assert_never(event)
