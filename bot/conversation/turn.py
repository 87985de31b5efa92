"""Takes one question from its turn to its answer: waits for the turn, asks its flow and yields what happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import structlog
from structlog.contextvars import bind_contextvars

from bot.background.question_log import flow_known
from bot.config.routing import choosable, follow_ups
from bot.conversation.admission import Admission, Slot
from bot.conversation.chats import Chats
from bot.conversation.context import Context
from bot.conversation.fair_use import FairUse
from bot.conversation.flow_turn import FlowTurns
from bot.conversation.flows import Flow, Flows, asked_at, asked_there, chosen, shown
from bot.conversation.passages import AnswerSources, passages_note
from bot.conversation.question import Question
from bot.conversation.until_stopped import until_stopped
from bot.conversation.workspace_flow import Around, WorkspaceFlow, WorkspaceFlows
from bot.errors import BotError, DecisionClosed, GivenUp, Interrupted, RunState, StoreUnavailable, advice
from bot.mailbox.lease import MOST_FAILURES, Lease
from bot.mailbox.retry import retried
from bot.records.thread import Conversation, NotedFlow, OpenAnswer, StopOutcome, Thread
from bot.reply import journal
from bot.reply.contract import Failed, Finished, Queued, Sentence, Stopped, Stopping, TurnEvent

log = structlog.get_logger(__name__)

# Places in the queue are shown exactly up to here, and then in steps of as many: each change costs a call.
_EXACT = 5


class Turns:
    """Answers the questions of all threads of one workspace."""

    def __init__(self, flows: Flows, around: Around, admission: Admission, fair_use: FairUse) -> None:
        self._store = around.store
        self._regenerates = around.settings.regenerate
        self._sleep = around.sleep
        self._admission = admission
        self._fair_use = fair_use
        self._follow_ups: set[str] = set()
        self.chats = Chats(around.store, wall=around.wall)
        self.flows = WorkspaceFlows(flows, around, self.chats)
        self._asking = FlowTurns(
            self.flows,
            around.store,
            self.chats,
            Context(around.slack, around.settings.context_messages),
            has_answered=lambda question: self._follow_ups.add(question.reference),
            configured=around.configured,
            sleep=around.sleep,
        )

    async def reads_answers(self, question: Question, opened: OpenAnswer) -> bool:
        """Whether another process can complete this answer if it is left unfinished."""
        flow = await self.flow_asked(question, opened)
        return flow is not None and flow.reads_answers

    async def flow_asked(self, question: Question, opened: OpenAnswer) -> Flow | None:
        """The flow that was asked for an answer; None where it is gone."""
        flow = await self._flow_asked(question, opened)
        return flow.flow if flow is not None else None

    @property
    def commands(self) -> frozenset[str]:
        """The slash commands that routes lead from."""
        routes = self.flows.effective.routes
        return frozenset(command for route in routes for command in route.commands or ())

    @property
    def may_follow_up(self) -> bool:
        """Whether there may be threads in which every message is a question."""
        effective = self.flows.effective
        return effective.follow_ups == "all" or any(route.follow_ups == "all" for route in effective.routes)

    def follows_up(self, thread: Thread, known: Conversation) -> bool:
        """Whether every message is a question in a thread, of which this is stored."""
        effective, asked = self.flows.effective, asked_at(thread, "", "")
        flow = chosen(effective, known.noted_flow, asked).flow
        return follow_ups(effective, asked, flow or "") == "all"

    async def flow_at(
        self, thread: Thread, *, text: str = "", command: str = "", user: str = ""
    ) -> WorkspaceFlow | None:
        """The flow that a question of a `user` would be asked of there; None where it would be asked of none. Raises
        StoreUnavailable."""
        effective, noted, asked = self.flows.effective, None, asked_at(thread, text, command)
        if "" not in effective.flows:
            noted = await self.chats.flow_of(thread, await self._store.conversation(thread))
        if noted is None and choosable(effective, asked)[1:]:
            asked = replace(asked, preferred=await self.chats.preferred(thread, user))
        name = chosen(effective, noted, asked).flow
        return self.flows.named(name) if name is not None else None

    async def flow_of(self, name: str, thread: Thread) -> WorkspaceFlow | None:
        """The flow of that name, as it was noted with an answer in that thread; None where it is gone. Raises
        StoreUnavailable."""
        flow = self.flows.noted(NotedFlow(name, ""))
        if flow is not None or name:
            return flow
        known = await self._store.conversation(thread)  # from before flows had names
        return self.flows.noted(NotedFlow("", known.chatflow_id)) if known is not None else None

    async def passages_of(self, line: str, reference: str) -> AnswerSources | None:
        """What an answer has used; None if it is not known any more. Raises StoreUnavailable, and FlowiseError where it
        cannot be read now."""
        note = await passages_note(self._store.passages, line, reference)
        thread = Thread.of_line(line)
        flow = await self.flow_of(note.flow, thread) if note is not None and thread is not None else None
        return await flow.passages.of(note) if note is not None and flow is not None else None

    async def turn(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """Yield everything that happens to a question, up to and including `Finished`, `Failed` or `Stopped`.

        `lease` is our hold on the question; the caller keeps it renewed.
        """
        question = replace(question, regenerable=question.regenerable and self._regenerates)
        self.chats.begin(question)
        # The events are read in a task of this question's own: all its lines carry the reference, the client's too.
        bind_contextvars(ref=question.reference)
        log_turn = log.bind(ref=question.reference, thread=str(question.thread))
        try:
            async with aclosing(self._until_stopped(question, lease)) as events:
                async for event in events:
                    if isinstance(event, Stopped):
                        log_turn.info("answer stopped", outcome=event.outcome.value)
                        yield replace(event, silently=lease.stop is not None and lease.stop.deleted)
                        return
                    yield event
        except BotError as error:
            log_turn.warning("turn failed", error=type(error).__name__, reason=str(error), do=advice(type(error)))
            yield Failed(error, question.reference, follows=await self._follows(question))
        except Exception as error:  # the person must get an ending even after a bug
            log_turn.exception("turn failed unexpectedly", error=type(error).__name__)
            yield Failed(BotError("internal error"), question.reference)
        else:
            log_turn.info("turn finished")
            yield Finished()
        finally:
            self._follow_ups.discard(question.reference)

    def is_follow_up(self, question: Question) -> bool:
        """Whether earlier questions of the thread were answered, as far as is known of a question that is asked now."""
        return question.reference in self._follow_ups

    async def _follows(self, question: Question) -> bool:
        """Whether earlier questions of the thread were answered, as far as the store tells now. Of a decision that is
        of no matter: there are no words to repeat."""
        if question.decided is not None:
            return False
        try:
            known = await self._store.conversation(question.thread)
        except StoreUnavailable:
            return False
        return known is not None and known.remembers

    async def _until_stopped(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """What happens to a question; where a person stops it before it was asked, or while its answer is looked for,
        that it was stopped."""
        was_asked = lease.was_asked
        event: TurnEvent | None = None

        def may_be_dropped() -> bool:
            return was_asked or not lease.was_asked

        async with aclosing(until_stopped(self._in_line(question, lease), lease.stopped, may_be_dropped)) as events:
            async for event in events:
                yield event
        if not lease.was_asked and lease.stopped.is_set():
            if question.decided is not None and (flow := await self._flow_of_decision(question)) is not None:
                # It is made anew, or never.
                yield await flow.decisions.offered_again(question, question.decided)
            yield Stopped(StopOutcome.NOT_ASKED)
        elif isinstance(event, Stopping):
            flow = await self._flow_asked(question, lease.opened)
            closing = _closed_without(lease) if flow is None else flow.recovery.closed(question, lease)
            async with aclosing(closing) as events:
                async for event in events:
                    yield event

    async def _in_line(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        if lease.failures >= MOST_FAILURES:
            raise GivenUp(f"{lease.failures} processes have not brought it to an end")
        shown, before = 0, await lease.place()
        while before:
            if before != shown and not lease.was_asked and (shown or lease.may_show):
                yield Queued(before)
                shown = before
            before = await lease.moved()
        lease.turn_came()
        work = self._recovered if lease.was_asked else self._admitted
        async with aclosing(work(question, lease)) as events:
            async for event in events:
                yield event

    async def _recovered(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """The answer to a question that a process which is gone has asked."""
        flow = await self._flow_asked(question, lease.opened)
        if flow is None:
            raise Interrupted("the process that wrote the answer is gone, and so is its flow from the configuration")
        flow_known(flow.flow.noted.name)
        answered_by = shown(self.flows.effective, flow.flow.noted.name, asked_there(question))
        question = replace(question, answered_by=answered_by)
        async with aclosing(flow.recovery.recovered(question, lease)) as events:
            async for event in events:
                yield event

    async def _resumed(self, question: Question, lease: Lease, slot: Slot) -> AsyncGenerator[TurnEvent, None]:
        flow = await self._flow_of_decision(question)
        if flow is None:
            raise DecisionClosed("its flow is gone from the configuration", run=RunState.NOT_STARTED)
        flow_known(flow.flow.noted.name)
        async with aclosing(self._asking.resumed(question, lease, slot, flow)) as events:
            async for event in events:
                yield event

    async def _flow_asked(self, question: Question, opened: OpenAnswer) -> WorkspaceFlow | None:
        """The flow that was asked for an answer, with all that is put together for it."""
        name = opened.flow
        return await retried(lambda: self.flow_of(name, question.thread), self._sleep, ref=question.reference)

    async def _flow_of_decision(self, question: Question) -> WorkspaceFlow | None:
        """The flow that waits for a decision."""
        assert question.decided is not None  # noqa: S101  # that is why it is asked for
        name = question.decided.asked.flow
        return await retried(lambda: self.flow_of(name, question.thread), self._sleep, ref=question.reference)

    async def _admitted(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """Ask the question once its asker may ask one more, and this process may run one more prediction."""
        async with aclosing(self._fair_use.share(question, lease)) as waiting:
            async for told in waiting:
                yield told
                if isinstance(told, Sentence):
                    return
        turn, reference = self._fair_use.takes_turns(question), question.reference
        with self._admission.place(turn, lambda: self._fair_use.left(reference)) as place:
            shown = 0
            while before := place.before:
                rounded = before if before <= _EXACT else -(-before // _EXACT) * _EXACT
                if rounded != shown:
                    yield Queued(rounded, busy=True)
                shown = rounded
                await place.moved()
            work = self._asking.asked if question.decided is None else self._resumed
            async with aclosing(work(question, lease, place)) as events:
                async for event in events:
                    yield event


async def _closed_without(lease: Lease) -> AsyncGenerator[TurnEvent, None]:
    """What had come of an answer that was stopped, whose flow is gone."""
    for event in journal.read(lease.opened.journal):
        yield event
    yield Stopped(StopOutcome.UNKNOWN)
