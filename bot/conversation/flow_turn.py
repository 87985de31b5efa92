"""Asks a question of its flow once its turn has come: chooses the flow and the chat, waits for what may run on it.

Where nothing can be asked, it yields the sentence that says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from bot.background.question_log import flow_known
from bot.config.routing import choosable, follow_ups
from bot.conversation.admission import Slot
from bot.conversation.chats import Chat, Chats
from bot.conversation.context import Context
from bot.conversation.flows import FlowChoice, asked_there, chosen
from bot.conversation.question import Asked, Question
from bot.conversation.question_files import PreparedFiles
from bot.conversation.workspace_flow import WorkspaceFlow, WorkspaceFlows
from bot.mailbox.lease import Lease
from bot.mailbox.retry import retried
from bot.ports.store import Store
from bot.records.form import as_question
from bot.records.thread import Conversation, NotedFlow, Run
from bot.reply.contract import Remark, Sentence, Thinking, TurnEvent, WaitingForRun
from bot.slack import wording, wording_of_files, wording_of_flows, wording_of_forms, wording_of_quotes

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Seconds for which a question waits for a stopped answer before its asker is told so: most are over by then.
_UNTOLD = 3.0
# How often a flow that is not known yet is looked for, in seconds.
_LOOK = 0.5


@dataclass(frozen=True, slots=True)
class _Asking:
    """A question that can be asked now: of which flow, on which chat; `known` is what is stored of its thread."""

    question: Question
    lease: Lease
    slot: Slot
    flow: WorkspaceFlow
    chat: Chat
    known: Conversation | None

    def predicted(self, asked: Asked, files: PreparedFiles | None = None) -> AsyncGenerator[TurnEvent, None]:
        """Ask Flowise that, and yield what comes."""
        predictions = self.flow.predictions
        return predictions.predicted(self.question, self.lease, self.chat, asked, self.slot, files=files)


class FlowTurns:
    """Asks the questions of one workspace. `has_answered` is called with each whose conversation was answered
    before. Each replica has read a change of the configuration within `configured` seconds."""

    def __init__(
        self,
        flows: WorkspaceFlows,
        store: Store,
        chats: Chats,
        context: Context,
        *,
        has_answered: Callable[[Question], None],
        configured: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._configured = configured
        self._flows = flows
        self._store = store
        self._chats = chats
        self._context = context
        self._has_answered = has_answered
        self._sleep = sleep

    async def asked(self, question: Question, lease: Lease, slot: Slot) -> AsyncGenerator[TurnEvent, None]:
        """Ask a question, and yield what happens."""
        known = await self._stored(question, lambda: self._store.conversation(question.thread))
        noted = None
        if "" not in self._flows.effective.flows:
            noted = await self._stored(question, lambda: self._chats.flow_of(question.thread, known))
        preferred = "" if noted is not None else await self._preferred(question)
        choice = await self._choice(question, noted, preferred)
        flow = self._flows.named(choice.flow) if choice.flow is not None else None
        if flow is None:
            if choice.sentence == wording_of_flows.GONE:  # said once, and not of each message that people write there
                await self._stored(question, lambda: self._chats.quieten(question.thread))
            yield Sentence(choice.sentence or wording_of_flows.GONE)
            return
        flow_known(flow.flow.noted.name)
        if choice.flow:
            log.info("flow chosen", ref=question.reference, flow=choice.flow)
        question = replace(question, text=choice.text, answered_by=choice.shown)
        async with aclosing(self._with_flow(question, lease, slot, flow, known)) as events:
            async for event in events:
                yield event

    async def _preferred(self, question: Question) -> str:
        """The flow that whoever asks has chosen, where there is anything to choose."""
        if not choosable(self._flows.effective, asked_there(question))[1:]:
            return ""
        return await self._stored(question, lambda: self._chats.preferred(question.thread, question.asker))

    async def _choice(self, question: Question, noted: NotedFlow | None, preferred: str) -> FlowChoice:
        """The flow of a question. One that another replica has noted, and this one does not know yet, is waited for."""
        waited = 0.0
        while True:
            asked = replace(asked_there(question), preferred=preferred)
            choice = chosen(self._flows.effective, noted, asked, question.wanted)
            if choice.sentence != wording_of_flows.GONE or waited >= self._configured:
                return choice
            await self._sleep(_LOOK)
            waited += _LOOK

    async def _with_flow(
        self, question: Question, lease: Lease, slot: Slot, flow: WorkspaceFlow, known: Conversation | None
    ) -> AsyncGenerator[TurnEvent, None]:
        chat = await self._stored(question, lambda: self._chats.of(question, known, flow.flow.noted))
        if chat.is_new and flow.flow.noted.name and known is not None and known.chat_id and known.remembers:
            question = replace(question, notes=(*question.notes, wording_of_flows.CHANGED))
        await self._stored(question, lambda: self._chats.keep(question, chat))
        remembers = await self._stored(question, lambda: self._chats.remembers(question, chat, known))
        if remembers:
            self._has_answered(question)
        for event in (in_place := await flow.forms.in_place_of_answer(question, remembers=remembers)):
            yield event
        if in_place:
            return
        async with aclosing(self._free_chat(question, lease, flow, chat, remembers=remembers)) as steps:
            async for step in steps:
                if isinstance(step, Chat):
                    chat = step
                    known = await self._stored(question, lambda: self._store.conversation(question.thread))
                    continue
                yield step
                if isinstance(step, Sentence):
                    return
        yield Thinking()
        for remark in question.notes:
            yield Remark(remark)
        work = self._form_sent if question.form else self._with_words
        async with aclosing(work(_Asking(question, lease, slot, flow, chat, known))) as events:
            async for event in events:
                yield event

    async def _with_words(self, asking: _Asking) -> AsyncGenerator[TurnEvent, None]:
        """Ask the question, once its files are prepared."""
        async with (
            asking.flow.files.prepared(asking.question, asking.chat) as files,
            aclosing(self._with_files(asking, files)) as events,
        ):
            async for event in events:
                yield event

    async def _form_sent(self, asking: _Asking) -> AsyncGenerator[TurnEvent, None]:
        """Send what was filled in, alone."""
        question = asking.question
        if question.files:
            yield Remark(wording_of_forms.FILES_LEFT_OUT)
        form = {entry.name: entry.value for entry in question.form}
        asked = replace(await self._asked_with(asking, as_question(question.form)), form=form)
        async with aclosing(asking.predicted(asked)) as events:
            async for event in events:
                yield event

    async def _with_files(self, asking: _Asking, files: PreparedFiles) -> AsyncGenerator[TurnEvent, None]:
        """Ask the question with its files; where nothing of it can be asked, say so."""
        question, known = asking.question, asking.known
        if not question.has_words and not files.go_along:
            yield Sentence(" ".join((*files.remarks, wording_of_files.IN_WORDS)))
            return
        if known is not None and known.files:
            if not question.files:
                yield Remark(wording_of_files.went_with(known.files))
            asking.lease.then(lambda: self._chats.forgets(question.thread, ""))
        for remark in files.remarks:
            yield Remark(remark)
        # A transcript takes the place of all that is asked, so nothing is quoted to it.
        text = "" if files.clip else await self._context.with_quotes(question, known, files.unread)
        async with aclosing(asking.predicted(await self._asked_with(asking, text), files)) as events:
            async for event in events:
                yield event

    async def _asked_with(self, asking: _Asking, text: str) -> Asked:
        """What Flowise is asked. A form and a transcript are not introduced: no words go beside them."""
        question, known = asking.question, asking.known
        told = await asking.flow.askers.of(question)
        asked = text if question.form or not text else wording_of_quotes.introduced(told.line, text)
        is_first = self._is_first(question, asking.flow, known)
        return Asked(asked, told.overrides, is_first=is_first, greets=_greets(question, known))

    async def resumed(
        self, question: Question, lease: Lease, slot: Slot, flow: WorkspaceFlow
    ) -> AsyncGenerator[TurnEvent, None]:
        """Have the run that waits for a decision go on, on its own chat."""
        assert question.decided is not None  # noqa: S101  # that is why it is resumed
        known = await self._stored(question, lambda: self._store.conversation(question.thread))
        chat = Chat(question.decided.asked.chat_id, known.generation if known else 0, flow.flow.noted)
        self._has_answered(question)
        yield Thinking()
        asked = Asked("", (await flow.askers.of(question)).overrides)
        async with aclosing(flow.predictions.predicted(question, lease, chat, asked, slot)) as events:
            async for event in events:
                yield event

    async def _free_chat(
        self, question: Question, lease: Lease, flow: WorkspaceFlow, chat: Chat, *, remembers: bool
    ) -> AsyncGenerator[TurnEvent | Chat, None]:
        """What a person is told while an earlier run may be under way on the question's chat; if there was one, the
        chat to ask on, or a sentence in place of an answer."""
        line, briefly = question.thread.line, lease.opened.again or not remembers
        run = await self._stored(question, lambda: flow.runs.on(line, chat.chat_id, briefly=briefly))
        if run is None:
            return
        if run.awaits_decision and not run.unseen:
            yield Sentence(wording.DECISION_PENDING if run.decision else wording.DECISION_PENDING_ELSEWHERE)
            return
        if run.unseen and not lease.opened.again:
            async with aclosing(self._after_stopped(question, flow, chat, run, remembers=remembers)) as steps:
                async for step in steps:
                    yield step
            return
        # Nothing is lost with the old chat, or its asker, who has asked for another try, waits no longer.
        if not briefly:
            yield WaitingForRun()
            if await self._stored(question, lambda: flow.runs.waited_for(line, chat.chat_id, run)):
                yield chat
                return
        yield await self._fresh(question, flow)
        if remembers:
            yield Remark(wording.NOT_REMEMBERED_BEFORE)

    async def _after_stopped(
        self, question: Question, flow: WorkspaceFlow, chat: Chat, run: Run, *, remembers: bool
    ) -> AsyncGenerator[TurnEvent | Chat, None]:
        """As `_free_chat`, while the run of an answer that a person has stopped is read on.

        Its chat remembers what was asked there, so it is waited for; but not once the thread is started over.
        """
        line = question.thread.line

        async def started_over() -> bool:
            known = await self._store.conversation(question.thread)
            return known is not None and known.generation != chat.generation

        async def waited() -> bool:
            return await flow.runs.waited_for(line, chat.chat_id, run, until=started_over)

        waiting = asyncio.create_task(self._stored(question, waited))
        try:
            await asyncio.wait({waiting}, timeout=_UNTOLD)
            if not waiting.done():
                yield WaitingForRun(stopped=True)
            if await waiting:
                yield chat
                return
        finally:
            waiting.cancel()
        if await self._stored(question, started_over):
            known = await self._stored(question, lambda: self._store.conversation(question.thread))
            anew = await self._stored(question, lambda: self._chats.of(question, known, flow.flow.noted))
            await self._stored(question, lambda: self._chats.keep(question, anew))
            yield anew
            return
        yield await self._fresh(question, flow)
        if remembers:
            yield Remark(wording.NOT_REMEMBERED_STOPPED)

    def _is_first(self, question: Question, flow: WorkspaceFlow, known: Conversation | None) -> bool:
        """Whether the answer will be the first one in a thread of a channel where the bot answers every message."""
        place = question.place
        in_channel = not question.thread.channel.startswith("D") and not place.response_url
        if not in_channel or (known is not None and known.answered):
            return False
        return follow_ups(self._flows.effective, asked_there(question), flow.flow.noted.name) == "all"

    async def _fresh(self, question: Question, flow: WorkspaceFlow) -> Chat:
        """A new chat for the question's thread, noted."""
        fresh = await self._stored(question, lambda: self._chats.fresh(question.thread, flow.flow.noted))
        await self._stored(question, lambda: self._chats.keep(question, fresh))
        return fresh

    async def _stored(self, question: Question, ask: Callable[[], Awaitable[T]]) -> T:
        """What the store answers, however long it takes until it can be reached."""
        return await retried(ask, self._sleep, ref=question.reference)


def _greets(question: Question, known: Conversation | None) -> bool:
    """Whether the answer will be the first one to a person in a direct message."""
    is_outside_threads = question.thread.channel.startswith("D") and not question.thread.thread_ts
    return is_outside_threads and not (known is not None and known.answered)
