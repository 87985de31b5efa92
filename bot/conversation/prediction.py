"""Asks Flowise one question, or has a run that waited for a decision go on, and follows the answer to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import structlog

from bot.conversation.admission import Slot
from bot.conversation.chats import Chat, Chats
from bot.conversation.decisions import Decisions, choice_of, failure, may_be_made_again, without_echo
from bot.conversation.last_words import ends_with_question
from bot.conversation.offers import Offers
from bot.conversation.prediction_state import PredictionState
from bot.conversation.question import Asked, Decided, Question
from bot.conversation.question_files import PreparedFiles
from bot.conversation.regeneration import newest_answer, under_answer
from bot.conversation.run_reader import RunReader
from bot.conversation.runs import Runs
from bot.conversation.stored_text import differing, pieces
from bot.conversation.unseen import StoppedRun, UnseenRuns
from bot.conversation.until_stopped import until_stopped
from bot.errors import DecisionClosed, FlowiseBroke, FlowiseEmpty, FlowiseError, FlowiseSlow, KeyRefused, RunState
from bot.flowise.decisions import is_echo
from bot.flowise.events import AgentflowStarted, Event, ShownEvent, SteeringEvent, Token, TokensUsed, WordsWhole
from bot.flowise.limits import EVENT_SETTING, SILENCE_SETTING
from bot.flowise.prediction import Prediction
from bot.mailbox.lease import Lease
from bot.mailbox.retry import retried
from bot.ports.flowise import Flowise
from bot.records.thread import Run, StopOutcome
from bot.reply.contract import (
    FetchingRest,
    Heard,
    Remark,
    Stopped,
    Stopping,
    StoredText,
    TextComplete,
    TurnEvent,
)
from bot.slack import wording, wording_of_files

log = structlog.get_logger(__name__)


class _NotOursError(Exception):
    """Another process goes on with the question."""


class Predictions:
    """Asks one flow. `reads_answers`: there is an API key, with which its stored answers can be read."""

    def __init__(
        self,
        flowise: Flowise,
        runs: Runs,
        unseen: UnseenRuns,
        chats: Chats,
        decisions: Decisions,
        offers: Offers,
        *,
        reads_answers: bool,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._runs = runs
        self._unseen = unseen
        self._chats = chats
        self._decisions = decisions
        self._offers = offers
        self._reads_answers = reads_answers
        self._sleep = sleep

    async def predicted(
        self,
        question: Question,
        lease: Lease,
        chat: Chat,
        asked: Asked,
        slot: Slot,
        *,
        files: PreparedFiles | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Ask Flowise, or pass a decision on, and yield the events of its answer that a reply shows.

        `slot` is its place among those that run. `files` go along; a clip among them is the question, and its
        transcript is told at the end.

        Raises:
            FlowiseError: the answer is incomplete, and the rest of it is not stored.
        """
        waiting_node, files = question.decided.asked.node_id if question.decided else "", files or PreparedFiles()
        state = PredictionState(replace(self._runs.new(), spoken=bool(files.clip)), chat, waiting_node)
        state.documents = files.documents
        asking = partial(self._noted, question, lease, state, text=asked.text, is_first=asked.is_first)
        choice = choice_of(question.decided)
        prediction = Prediction(asked.text, chat.chat_id, asking, choice, files.uploads, asked.overrides, asked.form)
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
        if state.chat.chat_id != chat.chat_id or not state.run.awaits_decision:
            lease.run_over = chat.chat_id  # the chatId that Flowise reports takes precedence over ours
        async with aclosing(self._ending(question, lease, state, asked)) as last:
            async for event in last:
                yield event

    async def _ending(
        self, question: Question, lease: Lease, state: PredictionState, asked: Asked
    ) -> AsyncGenerator[TurnEvent, None]:
        """The last events of a run that has ended, unless a person stops it before they are known."""
        event: TurnEvent | None = None
        last = self._last_events(question, lease, state, asked)
        async with aclosing(until_stopped(last, lease.stopped, lambda: not state.is_decided)) as events:
            async for event in events:
                yield event
        if isinstance(event, Stopping):  # what is stored is no longer wanted
            await self._waits(question, state)
            lease.then(self._chats.answered(question, state.chat, asks=False))
            yield Stopped(StopOutcome.FINISHED)

    async def _followed(
        self, question: Question, lease: Lease, state: PredictionState, reader: RunReader
    ) -> AsyncGenerator[TurnEvent, None]:
        """The events of an answer that are shown, until it has ended or a person stops it."""
        line, chat_id = question.thread.line, state.chat.chat_id
        broken: FlowiseError | None = None
        coming = reader.shown(
            until=lambda: lease.stopped.is_set() and lease.was_asked,
            in_silence=lambda: self._decisions.prove_heard(question.decided, lease.opened),
        )
        try:
            async with aclosing(coming) as events:
                async for event in events:
                    if state.takes(event) or isinstance(event, WordsWhole):
                        yield event
                    elif isinstance(event, AgentflowStarted):
                        await self._runs.note(line, chat_id, state.run)
                    elif isinstance(event, TokensUsed):
                        lease.tokens_used += event.count
        except FlowiseError as error:
            broken = error
            await reader.close()  # where it is only silent
        if broken is None:
            return
        if await self._is_whole(lease, state, broken):
            log.info("answer not stored", ref=question.reference, reason=str(broken))
            state.is_forgotten = state.is_decided = True
            yield Remark(wording.ANSWER_NOT_REMEMBERED)
            return
        completing = self._completed(question, lease, state, broken)
        async with aclosing(until_stopped(completing, lease.stopped, lambda: not state.is_decided)) as rest:
            async for shown in rest:
                yield shown
                if isinstance(shown, Stopping):  # nothing more is looked for
                    await self._runs.left(line, chat_id, state.run)
                    yield Stopped(StopOutcome.UNKNOWN)

    async def _is_whole(self, lease: Lease, state: PredictionState, error: FlowiseError) -> bool:
        """Whether a run that has failed did so after the last word of its answer, while it made follow-up prompts.

        An agent flow tells before that its words are whole; of others, the stored rows tell it where they can be read.
        """
        if error.run is not RunState.OVER or not state.has_words:
            return False
        opened = lease.opened
        if state.words_whole or not self._reads_answers or opened.expected is None:
            return state.words_whole
        return await self._flowise.asked_last(opened.chat_id, opened.expected)

    async def _stopped(
        self, question: Question, state: PredictionState, reader: RunReader, slot: Slot
    ) -> AsyncGenerator[TurnEvent, None]:
        """The end of an answer that a person has stopped. Its run is read on, unseen."""
        line, chat_id = question.thread.line, state.chat.chat_id
        yield Stopping()

        async def finished() -> None:
            await self._waits(question, state)
            await self._chats.answered(question, state.chat, asks=False)()

        stopped = StoppedRun(line, chat_id, question.reference, reader, state, slot, finished)
        yield Stopped(await self._unseen.follow(stopped))

    async def _noted(
        self, question: Question, lease: Lease, state: PredictionState, *, text: str, is_first: bool
    ) -> None:
        """Note that Flowise is asked now, and how to recognise the answer. Done once, although a request that cannot
        have started anything is repeated. A decision is proved to be open first."""
        if lease.was_asked:
            return
        chat, decided = state.chat, question.decided
        if decided is not None:
            await self._prove_open(decided, lease)
            after = decided.asked.row or None
        else:
            after = "" if chat.is_new else await self._flowise.newest_stored(chat.chat_id)
        state.run = run = replace(state.run, question=text, after=after, resumes=decided is not None)

        async def note() -> bool:
            return await lease.asks(chat.chat_id, text, run, is_first=is_first, flow=chat.flow.name)

        if not await retried(note, self._sleep, ref=lease.item.reference):
            raise _NotOursError  # or it was stopped

    async def _prove_open(self, decided: Decided, lease: Lease) -> None:
        async def is_open() -> bool:
            return await self._decisions.is_open(decided.asked)

        if not await retried(is_open, self._sleep, ref=lease.item.reference):
            raise DecisionClosed("something newer is on its chat, or it was made in Flowise", run=RunState.NOT_STARTED)

    async def _completed(
        self, question: Question, lease: Lease, state: PredictionState, error: FlowiseError
    ) -> AsyncGenerator[TurnEvent, None]:
        """What is missing of an answer whose connection broke, as Flowise has stored it. Raises the error where it has
        not, or cannot tell."""
        line, opened = question.thread.line, lease.opened
        state.run = self._runs.broken(state.run)
        found: tuple[Event, ...] | None = None
        rest: tuple[ShownEvent | StoredText, ...] | None = None
        if _broke_off(error) and self._reads_answers and opened.expected is not None:
            try:
                found = await self._runs.answer_at_once(line, opened, ref=question.reference)
                if found is None:
                    yield FetchingRest()
                    found = await self._runs.answer_of(line, opened, ref=question.reference)
                found = without_echo(found or (), question.decided)
                rest = _missing(found, "".join(state.text_so_far))
            except KeyRefused as refused:
                log.info("stored answer not read", ref=question.reference, reason=str(refused))
        if rest is None:
            async with aclosing(self._given_up(question, lease, state, error)) as last:
                async for event in last:
                    yield event
            return
        state.is_decided = True
        log.info("answer completed", ref=question.reference, source="Flowise's stored messages", reason=str(error))
        for steering in found or ():
            if isinstance(steering, SteeringEvent):
                state.takes(steering)
        for shown in rest:
            if isinstance(shown, StoredText):
                state.begins_anew(shown)
            else:
                state.hears(shown)
            yield shown

    async def _given_up(
        self, question: Question, lease: Lease, state: PredictionState, error: FlowiseError
    ) -> AsyncGenerator[TurnEvent, None]:
        """Raise the error of a prediction, and note what became of its run. A decision that can safely be made again is
        offered again."""
        state.is_decided = True
        decided = question.decided
        if decided is not None and isinstance(error, FlowiseEmpty) and state.has_resumed:
            yield Remark(wording.DECISION_DONE)
            return
        own = failure(error) if decided is not None else error
        if decided is not None and may_be_made_again(decided.asked, own, state.failed_node):
            has_failed = error.run is not RunState.NOT_STARTED or decided.asked.has_failed
            yield await self._decisions.offered_again(question, decided, has_failed=has_failed)
            if has_failed:
                yield Remark(wording.may_run_again([tool.name for tool in decided.asked.tools]))
            raise error
        await self._failed(question, lease, state.run, own)
        raise own

    async def _failed(self, question: Question, lease: Lease, run: Run, error: FlowiseError) -> None:
        """Note what became of the run of a failed prediction, as far as the error tells."""
        chat_id = lease.opened.chat_id
        if error.run is not RunState.UNKNOWN or not lease.was_asked:
            lease.run_over = chat_id
            return
        await self._runs.note(question.thread.line, chat_id, run)
        if run.agentflow:  # the person does not wait for it
            lease.then(lambda: self._runs.stop(chat_id))

    async def _waits(self, question: Question, state: PredictionState) -> None:
        """Note a run that waits for a decision which is not offered."""
        if state.run.awaits_decision:
            paused = replace(state.run, after=state.row)
            await self._runs.waits(question.thread.line, state.chat.chat_id, paused, ref=question.reference)

    async def _last_events(
        self, question: Question, lease: Lease, state: PredictionState, asked: Asked
    ) -> AsyncGenerator[TurnEvent, None]:
        """What is shown after the answer of a run that has ended: the text that Flowise has stored, where another one
        was seen; what was understood of a spoken question, the decision that its flow waits for, or what can be
        pressed; and our footnote."""
        chat, said, stored = state.chat, "".join(state.text_so_far), ""
        yield TextComplete()  # what follows takes some moments: it is written together with the last words
        if state.text_may_differ and self._reads_answers and state.row:
            stored = await differing(self._flowise, chat.chat_id, state.row, said)
        if stored and is_echo(stored, choice_of(question.decided)):
            stored = ""
        if stored:
            log.info("answer replaced", ref=question.reference, source="Flowise's stored messages")
        state.is_decided = True
        for piece in pieces(stored):
            yield piece
        if state.run.spoken:
            yield Heard(state.question) if state.question.strip() else Remark(wording_of_files.NOTHING_HEARD)
        if state.decision is not None:
            yield await self._decisions.offered(question, chat.chat_id, state.decision, state.run, state.row or "")
        for passages in await self._offers.passages(lease.item, state, stored or said):
            yield passages
        newest = newest_answer(question, lease.item, awaits_decision=state.run.awaits_decision)
        buttons = await self._offers.buttons(question, state, greets=asked.greets)
        for under in under_answer(question, newest, buttons, same_chat=not chat.is_new, is_first=asked.is_first):
            yield under
        asks = ends_with_question([Token(stored or said)])
        lease.then(self._chats.answered(question, chat, asks=asks, newest=newest))
        if state.run.agentflow and state.documents:
            # Its nodes do not see a document again, but pictures; chatflows see both (measured on Flowise 3.1.4).
            forgotten = wording_of_files.named(state.documents)
            lease.then(lambda: self._chats.forgets(question.thread, forgotten))


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
