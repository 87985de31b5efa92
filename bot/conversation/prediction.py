"""Asks Flowise one question, and recovers the answer to one that a process before this one has asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeGuard, assert_never

import structlog

from bot.conversation.chats import Chat, Chats
from bot.conversation.last_words import ends_with_question
from bot.conversation.question import Question
from bot.conversation.runs import Runs
from bot.conversation.stored_text import differing, pieces
from bot.errors import FlowiseBroke, FlowiseError, FlowiseSlow, Interrupted, KeyRefused, RunState
from bot.flowise.events import (
    Action,
    AgentflowStarted,
    End,
    ErrorReported,
    Event,
    Metadata,
    ShownEvent,
    SteeringEvent,
    StepEvent,
    Token,
)
from bot.flowise.limits import EVENT_SETTING, SILENCE_SETTING
from bot.flowise.prediction import Prediction
from bot.mailbox.lease import Lease
from bot.mailbox.retry import retried
from bot.ports import Flowise
from bot.reply import journal
from bot.reply.contract import (
    LONGEST,
    FetchingRest,
    Footnote,
    Remark,
    StoredText,
    TextComplete,
    Thinking,
    TurnEvent,
)
from bot.slack import wording
from bot.thread import Run

log = structlog.get_logger(__name__)


class _NotOursError(Exception):
    """Another process goes on with the question."""


class Predictions:
    """Asks one chatflow. `reads_answers`: there is an API key, with which its stored answers can be read."""

    def __init__(
        self,
        flowise: Flowise,
        runs: Runs,
        chats: Chats,
        *,
        reads_answers: bool,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._runs = runs
        self._chats = chats
        self._reads_answers = reads_answers
        self._sleep = sleep

    async def recovered(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """The answer to a question that a process which is gone has asked: recovered, and never asked for again."""
        opened, line = lease.opened, question.thread.line
        kept = journal.read(opened.journal)
        if opened.whole:
            for event in kept:
                yield event
            lease.then(self._chats.answered_again(question, opened.chat_id, asks=ends_with_question(kept)))
            return
        if question.place.thread_ts is not None:  # without a thread, it would overwrite what is there
            yield Thinking()
            if self._reads_answers:
                yield FetchingRest(quietly=True)
        stored = await self._runs.answer_of(line, opened, ref=question.reference)
        for event in kept:
            if stored is None or isinstance(event, Remark):
                yield event
        if stored is None:
            raise Interrupted("the process that wrote the answer is gone, and Flowise has no answer stored")
        log.info("answer recovered", ref=question.reference, source="Flowise's stored messages")
        for shown in _shown(stored):
            yield shown
        if opened.is_first:
            yield Footnote(wording.EVERY_MESSAGE)
        lease.then(self._chats.answered_again(question, opened.chat_id, asks=ends_with_question(_shown(stored))))

    async def predicted(
        self, question: Question, lease: Lease, chat: Chat, text: str, *, is_first: bool = False
    ) -> AsyncGenerator[TurnEvent, None]:
        """Ask Flowise, and yield the events of its answer that a reply shows.

        `is_first`: it will be the first answer in a thread where the bot answers every message, and says so.

        Raises:
            FlowiseError: the answer is incomplete, and the rest of it is not stored.
        """
        line, state = question.thread.line, _PredictionState(self._runs.new(), chat)
        prediction = Prediction(text, chat.chat_id, lambda: self._noted(lease, chat, text, state, is_first))
        try:
            async with aclosing(self._flowise.predict(prediction)) as events:
                async for event in events:
                    if state.takes(event):
                        yield event
                    elif isinstance(event, AgentflowStarted):
                        await self._runs.note(line, chat.chat_id, state.run)
        except _NotOursError:
            return
        except FlowiseError as error:
            async with aclosing(self._completed(question, lease, state, error)) as rest:
                async for shown in rest:
                    yield shown
        except (asyncio.CancelledError, GeneratorExit):
            if lease.ours and lease.was_asked:  # otherwise, whoever continues the answer needs the run
                await asyncio.shield(self._runs.left(line, chat.chat_id, state.run))
            raise
        await asyncio.shield(self._ended(question, lease, state, chat.chat_id))
        async with aclosing(self._last_events(question, lease, state, is_first=is_first)) as last_events:
            async for last in last_events:
                yield last

    async def _noted(self, lease: Lease, chat: Chat, text: str, state: _PredictionState, is_first: bool) -> None:
        """Note that Flowise is asked now, and how to recognise the answer. Done once, although a request that cannot
        have started anything is repeated."""
        if lease.was_asked:
            return
        after = "" if chat.is_new else await self._flowise.newest_stored(chat.chat_id)
        state.run = run = replace(state.run, question=text, after=after)

        async def note() -> bool:
            return await lease.asks(chat.chat_id, text, run, is_first=is_first)

        if not await retried(note, self._sleep, ref=lease.item.reference):
            raise _NotOursError

    async def _completed(
        self, question: Question, lease: Lease, state: _PredictionState, error: FlowiseError
    ) -> AsyncGenerator[TurnEvent, None]:
        """What is missing of an answer whose connection broke, as Flowise has stored it. Raises the error where it has
        not, or cannot tell."""
        line, opened = question.thread.line, lease.opened
        state.run = self._runs.broken(state.run)
        rest: tuple[ShownEvent | StoredText, ...] | None = None
        if _broke_off(error) and self._reads_answers and opened.expected is not None:
            try:
                found = await self._runs.answer_at_once(line, opened, ref=question.reference)
                if found is None:
                    yield FetchingRest()
                    found = await self._runs.answer_of(line, opened, ref=question.reference)
                rest = _missing(found or (), "".join(state.text_so_far))
            except KeyRefused as refused:
                log.info("stored answer not read", ref=question.reference, reason=str(refused))
        if rest is None:
            await self._failed(question, lease, state.run, error)
            raise error
        log.info("answer completed", ref=question.reference, source="Flowise's stored messages", reason=str(error))
        for event in rest:
            if isinstance(event, StoredText):
                state.begins_anew(event)
            else:
                state.hears(event)
            yield event

    async def _failed(self, question: Question, lease: Lease, run: Run, error: FlowiseError) -> None:
        """Note what became of the run of a failed prediction, as far as the error tells."""
        chat_id = lease.opened.chat_id
        if error.run is not RunState.UNKNOWN or not lease.was_asked:
            lease.run_over = chat_id
            return
        await self._runs.note(question.thread.line, chat_id, run)
        if run.agentflow:  # the person does not wait for it
            lease.then(lambda: self._runs.stop(chat_id))

    async def _ended(self, question: Question, lease: Lease, state: _PredictionState, noted: str) -> None:
        """Note the end of a complete answer. The chatId that Flowise reports takes precedence over ours."""
        chat, run = state.chat, state.run
        if chat.chat_id != noted or not run.awaits_decision:
            lease.run_over = noted
        if run.awaits_decision:
            paused = replace(run, after=state.row)
            await self._runs.waits(question.thread.line, chat.chat_id, paused, ref=question.reference)

    async def _last_events(
        self, question: Question, lease: Lease, state: _PredictionState, *, is_first: bool
    ) -> AsyncGenerator[TurnEvent, None]:
        """What is shown after the answer of a run that has ended: the text that Flowise has stored, where another one
        was seen, and our footnote."""
        said, stored = "".join(state.text_so_far), ""
        if state.text_may_differ and self._reads_answers and state.row:
            yield TextComplete()
            stored = await differing(self._flowise, state.chat.chat_id, state.row, said)
        if stored:
            log.info("answer replaced", ref=question.reference, source="Flowise's stored messages")
        asks = ends_with_question([Token(stored or said)])
        lease.then(self._chats.answered(question, state.chat, asks=asks))
        for piece in pieces(stored):
            yield piece
        if is_first:
            yield Footnote(wording.EVERY_MESSAGE)


class _PredictionState:
    """What the events of one answer have shown so far of its run, its chat and its text."""

    def __init__(self, run: Run, chat: Chat) -> None:
        self.run = run
        self.chat = chat
        self.row: str | None = None
        """The id of the row in which Flowise stored the answer."""
        self.text_may_differ = False
        """Flowise may have stored another text than it has streamed."""
        self.text_so_far: list[str] = []
        self._length = 0

    def takes(self, event: Event) -> TypeGuard[ShownEvent | StepEvent]:
        """Note an event, and say whether it is shown in Slack."""
        if isinstance(event, SteeringEvent):
            self._steer(event)
            return False
        if isinstance(event, Action):
            self.run = replace(self.run, awaits_decision=True)
        self.hears(event)
        return True

    def hears(self, event: Event) -> None:
        """Note the text of an event, if it is one of text."""
        if isinstance(event, Token):
            if self._length < LONGEST:  # what comes after that is not shown
                self.text_so_far.append(event.text[: LONGEST - self._length])
            self._length += len(event.text)

    def begins_anew(self, event: StoredText) -> None:
        """Note a piece of the text that takes the place of what was said so far."""
        if event.begins:
            self.text_so_far, self._length = [], 0
        self.hears(Token(event.text))

    def _steer(self, event: SteeringEvent) -> None:
        match event:
            case AgentflowStarted():
                self.run = replace(self.run, agentflow=True)
            case Metadata(chat_id=chat_id, chat_message_id=row):
                self.chat = replace(self.chat, chat_id=chat_id or self.chat.chat_id)
                self.row = row or None
            case End(text_may_differ=may_differ):
                self.text_may_differ = may_differ
            case ErrorReported():
                pass  # the client raises the error
            case _:
                assert_never(event)


def _shown(events: tuple[Event, ...]) -> tuple[ShownEvent, ...]:
    """The events that are shown in Slack."""
    return tuple(event for event in events if isinstance(event, ShownEvent))


def _broke_off(error: FlowiseError) -> bool:
    """Whether the stream of an answer broke off, or fell silent, while its run may go on."""
    if isinstance(error, FlowiseSlow):
        return error.setting in {EVENT_SETTING, SILENCE_SETTING} and error.run is RunState.UNKNOWN
    return isinstance(error, FlowiseBroke) and error.run is RunState.UNKNOWN


def _missing(found: tuple[Event, ...], text_so_far: str) -> tuple[ShownEvent | StoredText, ...] | None:
    """What of a stored answer was not said before; all of it, to take the place of what was said, if it begins with
    other words. None if there is nothing of it."""
    stored = _shown(found)
    text = "".join(event.text for event in stored if isinstance(event, Token))
    beside = tuple(event for event in stored if not isinstance(event, Token))
    if text.startswith(text_so_far):
        return (Token(text[len(text_so_far) :]), *beside) if stored else None
    return (*beside, *pieces(text)) if text.strip() else None
