"""Asks Flowise one question, and recovers the answer to one that a process before this one has asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TypeGuard, assert_never

import structlog

from bot.conversation.chats import Chat, Chats
from bot.conversation.decisions import Decisions, choice_of, failure, may_be_made_again
from bot.conversation.last_words import ends_with_question
from bot.conversation.question import Decided, Question
from bot.conversation.runs import Runs
from bot.errors import (
    DecisionClosed,
    DecisionFailed,
    DecisionInterrupted,
    FlowiseBroke,
    FlowiseError,
    FlowiseSlow,
    Interrupted,
    KeyRefused,
    RunState,
)
from bot.flowise.decisions import StopState
from bot.flowise.events import (
    AgentflowStarted,
    Decision,
    End,
    ErrorReported,
    Event,
    Metadata,
    ShownEvent,
    SteeringEvent,
    Token,
)
from bot.flowise.limits import EVENT_SETTING, SILENCE_SETTING
from bot.flowise.prediction import Prediction
from bot.mailbox.lease import Lease
from bot.mailbox.retry import retried
from bot.ports import Flowise
from bot.reply import journal
from bot.reply.contract import LONGEST, DecisionOffered, FetchingRest, Footnote, Remark, ReplyEvent, Thinking
from bot.slack import wording
from bot.thread import OpenAnswer, Run

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
        decisions: Decisions,
        *,
        reads_answers: bool,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._runs = runs
        self._chats = chats
        self._decisions = decisions
        self._reads_answers = reads_answers
        self._sleep = sleep

    async def recovered(self, question: Question, lease: Lease) -> AsyncGenerator[ReplyEvent, None]:
        """The answer to a question that a process which is gone has asked: recovered, and never asked for again."""
        opened, line = lease.opened, question.thread.line
        kept = journal.read(opened.journal)
        if opened.whole or _has_decision(kept):
            for event in kept:
                yield event
            lease.then(self._chats.answered_again(question, opened.chat_id, asks=ends_with_question(kept)))
            return
        if question.place.thread_ts is not None:  # without a thread, it would overwrite what is there
            yield Thinking()
            if self._reads_answers:
                yield FetchingRest(quietly=True)
        if (again := await self._offered_untold(question)) is not None:
            yield again
            raise Interrupted("the process that was to pass a decision on is gone, and Flowise still waits for it")
        stored = await self._runs.answer_of(line, opened, ref=question.reference)
        for event in kept:
            if stored is None or isinstance(event, Remark):
                yield event
        if stored is None:
            raise _interruption(question)("the process that wrote the answer is gone, and Flowise has no answer stored")
        log.info("answer recovered", ref=question.reference, source="Flowise's stored messages")
        for shown in (*_shown(stored), *await self._last_lines_of(question, opened, stored)):
            yield shown
        lease.then(self._chats.answered_again(question, opened.chat_id, asks=ends_with_question(_shown(stored))))

    async def _last_lines_of(
        self, question: Question, opened: OpenAnswer, stored: tuple[Event, ...]
    ) -> tuple[ReplyEvent, ...]:
        """What stands under a stored answer: as `_last_lines`."""
        footnote = (Footnote(wording.EVERY_MESSAGE),) if opened.is_first else ()
        decision = next((event for event in stored if isinstance(event, Decision)), None)
        if decision is None:
            return footnote
        row = next((event.chat_message_id for event in stored if isinstance(event, Metadata)), "")
        offered = await self._decisions.offered(question, opened.chat_id, decision, Run(opened.asked_at), row)
        return (offered, *footnote)

    async def _offered_untold(self, question: Question) -> DecisionOffered | None:
        """What offers a decision again that Flowise certainly was not told of, although that was noted: it still waits.

        Raises:
            DecisionFailed: it was told, and the run has failed since.
        """
        decided = question.decided
        try:
            state = None if decided is None else await self._decisions.state_of(decided.asked)
        except FlowiseError as error:
            log.info("stored rows not read", ref=question.reference, reason=str(error))
            return None
        if decided is None or not decided.asked.node_id:  # those of older flows are not seen to run
            return None
        if state is StopState.FAILED and not decided.asked.has_failed:
            raise DecisionFailed("the run has failed after the decision", run=RunState.OVER)
        return (
            await self._decisions.offered_again(question, decided, has_failed=False)
            if state is StopState.OPEN
            else None
        )

    async def predicted(
        self, question: Question, lease: Lease, chat: Chat, text: str, *, is_first: bool = False
    ) -> AsyncGenerator[ReplyEvent, None]:
        """Ask Flowise, or pass a decision on, and yield the events of its answer that a reply shows.

        `is_first`: it will be the first answer in a thread where the bot answers every message, and says so.

        Raises:
            FlowiseError: the answer is incomplete, and the rest of it is not stored.
        """
        line, state = question.thread.line, _PredictionState(self._runs.new(), chat)
        asking = partial(self._noted, question, lease, state, text=text, is_first=is_first)
        prediction = Prediction(text, chat.chat_id, asking, choice_of(question.decided))
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
        async with aclosing(self._last_lines(question, state, is_first=is_first)) as last_lines:
            async for shown in last_lines:
                yield shown
        await asyncio.shield(self._ended(question, lease, state, chat.chat_id))

    async def _last_lines(
        self, question: Question, state: _PredictionState, *, is_first: bool
    ) -> AsyncGenerator[ReplyEvent, None]:
        """What stands under a complete answer: the decision that its flow waits for, and the footnote."""
        if state.decision is not None:
            row = state.row or ""
            yield await self._decisions.offered(question, state.chat.chat_id, state.decision, state.run, row)
        if is_first:
            yield Footnote(wording.EVERY_MESSAGE)

    async def _noted(
        self, question: Question, lease: Lease, state: _PredictionState, *, text: str, is_first: bool
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
            return await lease.asks(chat.chat_id, text, run, is_first=is_first)

        if not await retried(note, self._sleep, ref=lease.item.reference):
            raise _NotOursError

    async def _prove_open(self, decided: Decided, lease: Lease) -> None:
        async def is_open() -> bool:
            return await self._decisions.is_open(decided.asked)

        if not await retried(is_open, self._sleep, ref=lease.item.reference):
            raise DecisionClosed("something newer is on its chat, or it was made in Flowise", run=RunState.NOT_STARTED)

    async def _completed(
        self, question: Question, lease: Lease, state: _PredictionState, error: FlowiseError
    ) -> AsyncGenerator[ReplyEvent, None]:
        """What is missing of an answer whose connection broke, as Flowise has stored it. Raises the error where it has
        not, or cannot tell."""
        line, opened = question.thread.line, lease.opened
        state.run = self._runs.broken(state.run)
        found: tuple[Event, ...] | None = None
        rest: tuple[ShownEvent, ...] | None = None
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
            async with aclosing(self._given_up(question, lease, state, error)) as last:
                async for event in last:
                    yield event
            return
        log.info("answer completed", ref=question.reference, source="Flowise's stored messages", reason=str(error))
        for steering in found or ():
            if isinstance(steering, SteeringEvent):
                state.takes(steering)
        for event in rest:
            state.hears(event)
            yield event

    async def _given_up(
        self, question: Question, lease: Lease, state: _PredictionState, error: FlowiseError
    ) -> AsyncGenerator[ReplyEvent, None]:
        """Raise the error of a prediction, and note what became of its run. A decision that can safely be made again is
        offered again."""
        decided = question.decided
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

    async def _ended(self, question: Question, lease: Lease, state: _PredictionState, noted: str) -> None:
        """Note the end of a complete answer. The chatId that Flowise reports takes precedence over ours."""
        chat, run = state.chat, state.run
        if chat.chat_id != noted or not run.awaits_decision:
            lease.run_over = noted
        asks = ends_with_question(map(Token, state.text_so_far))
        lease.then(self._chats.answered(question, chat, asks=asks))


class _PredictionState:
    """What the events of one answer have shown so far of its run, its chat and its text."""

    def __init__(self, run: Run, chat: Chat) -> None:
        self.run = run
        self.chat = chat
        self.row: str | None = None
        """The id of the row in which Flowise stored the answer."""
        self.decision: Decision | None = None
        """What the flow waits for, if it has stopped for a person."""
        self.failed_node = ""
        """The node that failed last, by its id."""
        self.text_so_far: list[str] = []
        self._length = 0

    def takes(self, event: Event) -> TypeGuard[ShownEvent]:
        """Note an event, and say whether it is shown in Slack."""
        if isinstance(event, SteeringEvent):
            self._steer(event)
            return False
        self.hears(event)
        return True

    def hears(self, event: Event) -> None:
        """Note the text of an event, if it is one of text."""
        if isinstance(event, Token):
            if self._length < LONGEST:  # what comes after that is not shown
                self.text_so_far.append(event.text[: LONGEST - self._length])
            self._length += len(event.text)

    def _steer(self, event: SteeringEvent) -> None:
        match event:
            case AgentflowStarted():
                self.run = replace(self.run, agentflow=True)
            case Decision():
                self.decision, self.run = event, replace(self.run, awaits_decision=True)
            case Metadata(chat_id=chat_id, chat_message_id=row):
                self.chat = replace(self.chat, chat_id=chat_id or self.chat.chat_id)
                self.row = row or None
            case ErrorReported() | End():
                pass  # the client raises the error, and the generator's end says the rest
            case _:
                assert_never(event)


def _has_decision(kept: Iterable[ReplyEvent]) -> bool:
    """Whether an answer has come to a decision, which is offered last."""
    return any(isinstance(event, DecisionOffered) for event in kept)


def _interruption(question: Question) -> type[Interrupted]:
    return Interrupted if question.decided is None else DecisionInterrupted


def _shown(events: tuple[Event, ...]) -> tuple[ShownEvent, ...]:
    """The events that are shown in Slack."""
    return tuple(event for event in events if isinstance(event, ShownEvent))


def _broke_off(error: FlowiseError) -> bool:
    """Whether the stream of an answer broke off, or fell silent, while its run may go on."""
    if isinstance(error, FlowiseSlow):
        return error.setting in {EVENT_SETTING, SILENCE_SETTING} and error.run is RunState.UNKNOWN
    return isinstance(error, FlowiseBroke) and error.run is RunState.UNKNOWN


def _missing(found: tuple[Event, ...], text_so_far: str) -> tuple[ShownEvent, ...] | None:
    """What of a stored answer was not said before; None if it does not begin like that."""
    stored = _shown(found)
    text = "".join(event.text for event in stored if isinstance(event, Token))
    if not stored or not text.startswith(text_so_far):
        return None
    return (Token(text[len(text_so_far) :]), *(event for event in stored if not isinstance(event, Token)))
