"""Takes one question from its turn to its answer: waits, chooses its chat, asks Flowise and yields what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

import structlog
from structlog.contextvars import bind_contextvars

from bot.background.tasks import Share
from bot.conversation.admission import Admission, Slot
from bot.conversation.asker import Askers
from bot.conversation.chats import Chat, Chats
from bot.conversation.context import Context
from bot.conversation.decisions import Decisions
from bot.conversation.fair_use import FairUse
from bot.conversation.forms import Forms
from bot.conversation.offers import Offers
from bot.conversation.passages import Passages
from bot.conversation.prediction import Predictions
from bot.conversation.question import Asked, ConversationSettings, Question
from bot.conversation.question_files import PreparedFiles, QuestionFiles
from bot.conversation.ratings import Ratings
from bot.conversation.recovery import Recovery
from bot.conversation.runs import Runs
from bot.conversation.unseen import UnseenRuns
from bot.conversation.until_stopped import until_stopped
from bot.errors import BotError, GivenUp, StoreUnavailable, advice
from bot.mailbox.lease import MOST_FAILURES, Lease
from bot.mailbox.retry import retried
from bot.ports.flowise import Flowise
from bot.ports.slack import Slack
from bot.ports.store import Store
from bot.records.form import as_question
from bot.records.thread import Conversation, Run, StopOutcome
from bot.reply.contract import (
    Failed,
    Finished,
    Queued,
    Remark,
    Sentence,
    Stopped,
    Stopping,
    Thinking,
    TurnEvent,
    WaitingForRun,
)
from bot.slack import wording, wording_of_files, wording_of_forms, wording_of_quotes

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Seconds for which a question waits for a stopped answer before its asker is told so: most are over by then.
_UNTOLD = 3.0
# Places in the queue are shown exactly up to here, and then in steps of as many: each change costs a call.
_EXACT = 5


class Turns:
    """Answers the questions of all threads with one chatflow."""

    def __init__(  # noqa: PLR0913  # what a question meets on its way
        self,
        flowise: Flowise,
        slack: Slack,
        store: Store,
        settings: ConversationSettings,
        *,
        files: QuestionFiles,
        admission: Admission,
        fair_use: FairUse,
        tasks: Share,
        now: Callable[[], float],
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._settings = settings
        self._sleep = sleep
        self._context = Context(slack, settings.context_messages)
        self.forms = Forms(flowise)
        self._askers = Askers(slack, settings.told_of_asker)
        self.chats = Chats(store, flowise.chatflow_id, wall=wall)
        self._files = files
        self._admission = admission
        self._fair_use = fair_use
        self._follow_ups: set[str] = set()
        reads, wait = settings.reads_answers, settings.left_run_wait
        self._runs = Runs(flowise, store, wait=wait, reads_answers=reads, now=now, wall=wall, sleep=sleep)
        unseen = UnseenRuns(self._runs, tasks, sleep)
        who = settings.who_decides
        self.decisions = Decisions(flowise, store, reads_answers=reads, who=who, wall=wall, sleep=sleep)
        self.ratings = Ratings(flowise, store, tasks, wall=wall, sleep=sleep)
        self.passages = Passages(flowise, store.passages, reads_answers=reads)
        self.offers = Offers(flowise, store, settings.feedback, self.passages)
        self._asking = Predictions(
            flowise,
            self._runs,
            unseen,
            self.chats,
            self.decisions,
            self.offers,
            reads_answers=reads,
            sleep=sleep,
        )
        self._recovery = Recovery(self._runs, self.chats, self.decisions, self.offers, reads_answers=reads)

    @property
    def reads_answers(self) -> bool:
        """Whether another process can complete an answer that was left unfinished."""
        return self._settings.reads_answers

    async def turn(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """Yield everything that happens to a question, up to and including `Finished`, `Failed` or `Stopped`.

        `lease` is our hold on the question; the caller keeps it renewed.
        """
        question = replace(question, regenerable=question.regenerable and self._settings.regenerate)
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
            if question.decided is not None:  # it is made anew, or never
                yield await self.decisions.offered_again(question, question.decided)
            yield Stopped(StopOutcome.NOT_ASKED)
        elif isinstance(event, Stopping):
            async with aclosing(self._recovery.closed(question, lease)) as closing:
                async for event in closing:
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
        work = self._recovery.recovered if lease.was_asked else self._admitted
        async with aclosing(work(question, lease)) as events:
            async for event in events:
                yield event

    async def _stored(self, question: Question, ask: Callable[[], Awaitable[T]]) -> T:
        """What the store answers, however long it takes until it can be reached."""
        return await retried(ask, self._sleep, ref=question.reference)

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
            work = self._asked if question.decided is None else self._resumed
            async with aclosing(work(question, lease, place)) as events:
                async for event in events:
                    yield event

    async def _asked(self, question: Question, lease: Lease, slot: Slot) -> AsyncGenerator[TurnEvent, None]:
        known = await self._stored(question, lambda: self._store.conversation(question.thread))
        chat = await self._stored(question, lambda: self.chats.of(question, known))
        await self._stored(question, lambda: self.chats.keep(question, chat))
        remembers = await self._stored(question, lambda: self.chats.remembers(question, chat, known))
        if remembers:
            self._follow_ups.add(question.reference)
        for event in (in_place := await self.forms.in_place_of_answer(question, remembers=remembers)):
            yield event
        if in_place:
            return
        async with aclosing(self._free_chat(question, lease, chat, remembers=remembers)) as steps:
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
        async with aclosing(work(question, lease, slot, chat, known)) as events:
            async for event in events:
                yield event

    async def _with_words(
        self, question: Question, lease: Lease, slot: Slot, chat: Chat, known: Conversation | None
    ) -> AsyncGenerator[TurnEvent, None]:
        """Ask the question, once its files are prepared."""
        async with (
            self._files.prepared(question, chat) as files,
            aclosing(self._with_files(question, lease, slot, chat, known, files)) as events,
        ):
            async for event in events:
                yield event

    async def _form_sent(
        self, question: Question, lease: Lease, slot: Slot, chat: Chat, known: Conversation | None
    ) -> AsyncGenerator[TurnEvent, None]:
        """Send what was filled in, alone."""
        if question.files:
            yield Remark(wording_of_forms.FILES_LEFT_OUT)
        form = {entry.name: entry.value for entry in question.form}
        asked = await self._asked_with(question, known, as_question(question.form))
        async with aclosing(self._asking.predicted(question, lease, chat, replace(asked, form=form), slot)) as events:
            async for event in events:
                yield event

    async def _with_files(
        self,
        question: Question,
        lease: Lease,
        slot: Slot,
        chat: Chat,
        known: Conversation | None,
        files: PreparedFiles,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Ask the question with its files; where nothing of it can be asked, say so."""
        if not question.has_words and not files.go_along:
            yield Sentence(" ".join((*files.remarks, wording_of_files.IN_WORDS)))
            return
        if known is not None and known.files:
            if not question.files:
                yield Remark(wording_of_files.went_with(known.files))
            lease.then(lambda: self.chats.forgets(question.thread, ""))
        for remark in files.remarks:
            yield Remark(remark)
        # A transcript takes the place of all that is asked, so nothing is quoted to it.
        text = "" if files.clip else await self._context.with_quotes(question, known, files.unread)
        asked = await self._asked_with(question, known, text)
        async with aclosing(self._asking.predicted(question, lease, chat, asked, slot, files=files)) as events:
            async for event in events:
                yield event

    async def _asked_with(self, question: Question, known: Conversation | None, text: str) -> Asked:
        """What Flowise is asked; `known` is what is stored of the question's thread. A form and a transcript are not
        introduced: no words go beside them."""
        told = await self._askers.of(question)
        asked = text if question.form or not text else wording_of_quotes.introduced(told.line, text)
        return Asked(asked, told.overrides, is_first=self._is_first(question, known), greets=_greets(question, known))

    async def _resumed(self, question: Question, lease: Lease, slot: Slot) -> AsyncGenerator[TurnEvent, None]:
        """Have the run that waits for a decision go on, on its own chat."""
        assert question.decided is not None  # noqa: S101  # that is why it is resumed
        known = await self._stored(question, lambda: self._store.conversation(question.thread))
        chat = Chat(question.decided.asked.chat_id, known.generation if known else 0)
        self._follow_ups.add(question.reference)
        yield Thinking()
        asked = Asked("", (await self._askers.of(question)).overrides)
        async with aclosing(self._asking.predicted(question, lease, chat, asked, slot)) as events:
            async for event in events:
                yield event

    async def _free_chat(
        self, question: Question, lease: Lease, chat: Chat, *, remembers: bool
    ) -> AsyncGenerator[TurnEvent | Chat, None]:
        """What a person is told while an earlier run may be under way on the question's chat; if there was one, the
        chat to ask on, or a sentence in place of an answer."""
        line, briefly = question.thread.line, lease.opened.again or not remembers
        run = await self._stored(question, lambda: self._runs.on(line, chat.chat_id, briefly=briefly))
        if run is None:
            return
        if run.awaits_decision and not run.unseen:
            yield Sentence(wording.DECISION_PENDING if run.decision else wording.DECISION_PENDING_ELSEWHERE)
            return
        if run.unseen and not lease.opened.again:
            async with aclosing(self._after_stopped(question, chat, run, remembers=remembers)) as steps:
                async for step in steps:
                    yield step
            return
        # Nothing is lost with the old chat, or its asker, who has asked for another try, waits no longer.
        if not briefly:
            yield WaitingForRun()
            if await self._stored(question, lambda: self._runs.waited_for(line, chat.chat_id, run)):
                yield chat
                return
        yield await self._fresh(question)
        if remembers:
            yield Remark(wording.NOT_REMEMBERED_BEFORE)

    async def _after_stopped(
        self, question: Question, chat: Chat, run: Run, *, remembers: bool
    ) -> AsyncGenerator[TurnEvent | Chat, None]:
        """As `_free_chat`, while the run of an answer that a person has stopped is read on.

        Its chat remembers what was asked there, so it is waited for; but not once the thread is started over.
        """
        line = question.thread.line

        async def started_over() -> bool:
            known = await self._store.conversation(question.thread)
            return known is not None and known.generation != chat.generation

        async def waited() -> bool:
            return await self._runs.waited_for(line, chat.chat_id, run, until=started_over)

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
            anew = await self._stored(question, lambda: self.chats.of(question, known))
            await self._stored(question, lambda: self.chats.keep(question, anew))
            yield anew
            return
        yield await self._fresh(question)
        if remembers:
            yield Remark(wording.NOT_REMEMBERED_STOPPED)

    def _is_first(self, question: Question, known: Conversation | None) -> bool:
        """Whether the answer will be the first one in a thread of a channel where the bot answers every message."""
        place = question.place
        in_channel = not question.thread.channel.startswith("D") and not place.response_url
        return self._settings.follow_ups and in_channel and not (known is not None and known.answered)

    async def _fresh(self, question: Question) -> Chat:
        """A new chat for the question's thread, noted."""
        fresh = await self._stored(question, lambda: self.chats.fresh(question.thread))
        await self._stored(question, lambda: self.chats.keep(question, fresh))
        return fresh


def _greets(question: Question, known: Conversation | None) -> bool:
    """Whether the answer will be the first one to a person in a direct message."""
    is_outside_threads = question.thread.channel.startswith("D") and not question.thread.thread_ts
    return is_outside_threads and not (known is not None and known.answered)
