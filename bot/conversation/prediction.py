"""Asks Flowise one question, and recovers the answer to one that a process before this one has asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

import structlog

from bot.conversation.admission import Slot
from bot.conversation.chats import Chat, Chats
from bot.conversation.last_words import ends_with_question
from bot.conversation.prediction_state import PredictionState
from bot.conversation.question import Question
from bot.conversation.regeneration import newest_answer, under_answer
from bot.conversation.run_reader import RunReader
from bot.conversation.runs import Runs
from bot.conversation.stored_text import differing, pieces
from bot.conversation.unseen import StoppedRun, UnseenRuns
from bot.conversation.until_stopped import until_stopped
from bot.errors import FlowiseBroke, FlowiseError, FlowiseSlow, Interrupted, KeyRefused, RunState
from bot.flowise.events import Action, AgentflowStarted, Event, ShownEvent, Token
from bot.flowise.limits import EVENT_SETTING, SILENCE_SETTING
from bot.flowise.prediction import Prediction
from bot.mailbox.lease import Lease
from bot.mailbox.retry import retried
from bot.ports import Flowise
from bot.reply import journal
from bot.reply.contract import (
    FetchingRest,
    Remark,
    Stopped,
    Stopping,
    StoredText,
    TextComplete,
    Thinking,
    TurnEvent,
)
from bot.thread import Item, Run, StopOutcome

log = structlog.get_logger(__name__)


class _NotOursError(Exception):
    """Another process goes on with the question."""


class Predictions:
    """Asks one chatflow. `reads_answers`: there is an API key, with which its stored answers can be read."""

    def __init__(
        self,
        flowise: Flowise,
        runs: Runs,
        unseen: UnseenRuns,
        chats: Chats,
        *,
        reads_answers: bool,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._runs = runs
        self._unseen = unseen
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
            self._recovers(question, lease, kept)
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
        newest = self._recovers(question, lease, stored)
        for under in under_answer(question, newest, same_chat=bool(opened.after), is_first=opened.is_first):
            yield under

    def _recovers(self, question: Question, lease: Lease, events: Sequence[TurnEvent | Event]) -> Item | None:
        """Have it noted that a chat has answered, with these events; what is kept to regenerate the answer."""
        shown, chat_id = _shown(events), lease.opened.chat_id
        awaits = any(isinstance(event, Action) for event in shown)
        newest = newest_answer(question, lease.item, awaits_decision=awaits)
        lease.then(self._chats.answered_again(question, chat_id, asks=ends_with_question(shown), newest=newest))
        return newest

    async def closed(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """What had come of an answer that a process which is gone has asked for, where a person has stopped it.

        Nothing more of it is looked for. The run may go on in Flowise; if it is an agent flow's, it is asked to stop.
        """
        opened, line = lease.opened, question.thread.line
        for event in journal.read(opened.journal):
            yield event
        outcome = _told_before(opened.stopped)
        if outcome is None:
            run = await self._runs.noted(line, opened)
            await self._runs.left(line, opened.chat_id, run)
            outcome = StopOutcome.UNKNOWN
        yield Stopped(outcome)

    async def predicted(
        self, question: Question, lease: Lease, chat: Chat, text: str, slot: Slot, *, is_first: bool = False
    ) -> AsyncGenerator[TurnEvent, None]:
        """Ask Flowise, and yield the events of its answer that a reply shows. `slot` is its place among those that run.

        `is_first`: it will be the first answer in a thread where the bot answers every message, and says so.

        Raises:
            FlowiseError: the answer is incomplete, and the rest of it is not stored.
        """
        state = PredictionState(self._runs.new(), chat)
        prediction = Prediction(text, chat.chat_id, lambda: self._noted(lease, chat, text, state, is_first))
        reader = RunReader(self._flowise.predict(prediction))
        lease.when_stopped(reader.wake)
        event: TurnEvent | None = None
        try:
            async with aclosing(self._followed(question, lease, state, reader)) as events:
                async for event in events:
                    yield event
        except _NotOursError:
            return
        except (asyncio.CancelledError, GeneratorExit):
            try:
                await reader.close()
            finally:
                if lease.ours and lease.was_asked:  # otherwise, whoever continues the answer needs the run
                    await asyncio.shield(self._runs.left(question.thread.line, chat.chat_id, state.run))
            raise
        if isinstance(event, Stopped):
            return
        if reader.is_unwanted:
            async with aclosing(self._stopped(question, state, reader, slot)) as last:
                async for event in last:
                    yield event
            return
        await asyncio.shield(self._ended(question, lease, state, chat.chat_id))
        last_events = until_stopped(
            self._last_events(question, lease, state, is_first=is_first), lease.stopped, lambda: not state.is_decided
        )
        async with aclosing(last_events) as events:
            async for event in events:
                yield event
        if isinstance(event, Stopping):  # what is stored is no longer wanted
            lease.then(self._chats.answered(question, state.chat, asks=False))
            yield Stopped(StopOutcome.FINISHED)

    async def _followed(
        self, question: Question, lease: Lease, state: PredictionState, reader: RunReader
    ) -> AsyncGenerator[TurnEvent, None]:
        """The events of an answer that are shown, until it has ended or a person stops it."""
        line, chat_id = question.thread.line, state.chat.chat_id
        broken: FlowiseError | None = None
        try:
            async with aclosing(reader.shown(until=lambda: lease.stopped.is_set() and lease.was_asked)) as events:
                async for event in events:
                    if state.takes(event):
                        yield event
                    elif isinstance(event, AgentflowStarted):
                        await self._runs.note(line, chat_id, state.run)
        except FlowiseError as error:
            broken = error
        if broken is None:
            return
        completing = self._completed(question, lease, state, broken)
        async with aclosing(until_stopped(completing, lease.stopped, lambda: not state.is_decided)) as rest:
            async for shown in rest:
                yield shown
                if isinstance(shown, Stopping):  # nothing more is looked for
                    await self._runs.left(line, chat_id, state.run)
                    yield Stopped(StopOutcome.UNKNOWN)

    async def _stopped(
        self, question: Question, state: PredictionState, reader: RunReader, slot: Slot
    ) -> AsyncGenerator[TurnEvent, None]:
        """The end of an answer that a person has stopped. Its run is read on, unseen."""
        line, chat_id = question.thread.line, state.chat.chat_id
        yield Stopping()

        async def finished() -> None:
            if state.run.awaits_decision:
                paused = replace(state.run, after=state.row)
                await self._runs.waits(line, state.chat.chat_id, paused, ref=question.reference)
            await self._chats.answered(question, state.chat, asks=False)()

        stopped = StoppedRun(line, chat_id, question.reference, reader, state, slot, finished)
        yield Stopped(await self._unseen.follow(stopped))

    async def _noted(self, lease: Lease, chat: Chat, text: str, state: PredictionState, is_first: bool) -> None:
        """Note that Flowise is asked now, and how to recognise the answer. Done once, although a request that cannot
        have started anything is repeated."""
        if lease.was_asked:
            return
        after = "" if chat.is_new else await self._flowise.newest_stored(chat.chat_id)
        state.run = run = replace(state.run, question=text, after=after)

        async def note() -> bool:
            return await lease.asks(chat.chat_id, text, run, is_first=is_first)

        if not await retried(note, self._sleep, ref=lease.item.reference):
            raise _NotOursError  # or it was stopped

    async def _completed(
        self, question: Question, lease: Lease, state: PredictionState, error: FlowiseError
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
        state.is_decided = True
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

    async def _ended(self, question: Question, lease: Lease, state: PredictionState, noted: str) -> None:
        """Note the end of a complete answer. The chatId that Flowise reports takes precedence over ours."""
        chat, run = state.chat, state.run
        if chat.chat_id != noted or not run.awaits_decision:
            lease.run_over = noted
        if run.awaits_decision:
            paused = replace(run, after=state.row)
            await self._runs.waits(question.thread.line, chat.chat_id, paused, ref=question.reference)

    async def _last_events(
        self, question: Question, lease: Lease, state: PredictionState, *, is_first: bool
    ) -> AsyncGenerator[TurnEvent, None]:
        """What is shown after the answer of a run that has ended: the text that Flowise has stored, where another one
        was seen, and our footnote."""
        said, stored = "".join(state.text_so_far), ""
        if state.text_may_differ and self._reads_answers and state.row:
            yield TextComplete()
            stored = await differing(self._flowise, state.chat.chat_id, state.row, said)
        if stored:
            log.info("answer replaced", ref=question.reference, source="Flowise's stored messages")
        state.is_decided = True
        asks = ends_with_question([Token(stored or said)])
        newest = newest_answer(question, lease.item, awaits_decision=state.run.awaits_decision)
        lease.then(self._chats.answered(question, state.chat, asks=asks, newest=newest))
        for piece in pieces(stored):
            yield piece
        for under in under_answer(question, newest, same_chat=not state.chat.is_new, is_first=is_first):
            yield under


def _told_before(stopped: str) -> StopOutcome | None:
    """How the answer ended, as the process before us has told it; None where it has not."""
    with suppress(ValueError):
        return StopOutcome(stopped)
    return None


def _shown(events: Sequence[TurnEvent | Event]) -> tuple[ShownEvent, ...]:
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
