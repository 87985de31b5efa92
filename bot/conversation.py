"""Knows one question from claim to last word: whose turn it is, on which chat it is asked, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from uuid import uuid4

import structlog

from bot.errors import BotError, FlowiseError, SlackRefused, SlackUnavailable, StoreUnavailable
from bot.flowise.events import Action, AgentflowStarted, End, ErrorReported, Metadata
from bot.ports import Flowise, Prediction, Slack, Store
from bot.reply.contract import Failed, Finished, HeldBack, Noted, Place, Queued, ReplyEvent, Thinking, Told
from bot.runs import Runs
from bot.slack import wording
from bot.thread import Conversation, Run, Thread, seconds

log = structlog.get_logger(__name__)

# A place in the line that is not renewed for so long is given up: a killed replica holds a thread up no longer.
LEASE = 15.0
RENEWAL = 5.0
# How often a waiting question looks whether it is its turn.
TURN_POLL = 0.4


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked. `ts` orders the questions of a thread; `reference` names the turn in the log and in Slack.

    `joins` says that the bot was called into a thread that others began: its earlier messages may go along.
    """

    thread: Thread
    place: Place
    ts: str
    text: str
    reference: str
    notes: tuple[str, ...] = ()
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """How conversations are led: the settings of the same names. Times in seconds."""

    context_messages: int = 20
    left_run_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class _Chat:
    """The chat a question is asked on."""

    chat_id: str
    generation: int


@dataclass(slots=True)
class _UnderWay:
    """What is known of a turn while its answer is being written: its chat, once decided, and its messages so far."""

    chat_id: str = ""
    messages: list[str] = field(default_factory=list)


class Conversations:
    """Leads every thread's conversation with one chatflow."""

    def __init__(
        self,
        flowise: Flowise,
        slack: Slack,
        store: Store,
        habits: Habits,
        *,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flowise = flowise
        self._slack = slack
        self._store = store
        self._habits = habits
        self._wall = wall
        self._sleep = sleep
        self._under_way: dict[str, _UnderWay] = {}
        self._runs = Runs(flowise, store, wait=habits.left_run_wait, wall=wall, sleep=sleep)

    async def turn(self, question: Question) -> AsyncGenerator[ReplyEvent, None]:
        """Everything that happens to a question, up to and with `Finished` or `Failed`. Raises nothing of its own."""
        self._under_way[question.reference] = _UnderWay()
        log_turn = log.bind(ref=question.reference, thread=str(question.thread))
        try:
            async with aclosing(self._in_line(question)) as events:
                async for event in events:
                    yield event
        except BotError as error:
            log_turn.warning("turn failed", error=type(error).__name__, reason=str(error))
            yield Failed(error, question.reference)
        except Exception as error:  # the person must get a last word whatever our own mistake is
            log_turn.exception("turn failed by a mistake of ours", error=type(error).__name__)
            yield Failed(BotError("internal error"), question.reference)
        else:
            log_turn.info("turn finished")
            yield Finished()

    async def _in_line(self, question: Question) -> AsyncGenerator[ReplyEvent, None]:
        line, ticket = question.thread.line, question.reference
        try:
            if await self._stand(line, ticket, question.ts):
                yield Queued()
                await self._turn_comes(line, ticket, question.ts)
            async with self._kept(line, ticket, question.ts), aclosing(self._asked(question)) as events:
                async for event in events:
                    yield event
        finally:
            with suppress(StoreUnavailable):  # then the lease gives it up
                await asyncio.shield(self._store.leave(line, ticket))

    async def queue_up(self, thread: Thread, reference: str, ts: str) -> None:
        """Take a place in the thread's line for a question that is still being prepared; `turn` goes on with it.

        A place that is not used is given up by itself. Raises StoreUnavailable.
        """
        await self._stand(thread.line, reference, ts)

    async def _stand(self, line: str, ticket: str, ts: str) -> int:
        return await self._store.stand(line, ticket, seconds(ts), LEASE)

    async def _turn_comes(self, line: str, ticket: str, ts: str) -> None:
        """Waits in the line. A store that is away for less than our lease costs nothing: our place is kept as long."""
        away = 0.0
        while True:
            await self._sleep(TURN_POLL)
            try:
                if not await self._stand(line, ticket, ts):
                    return
                away = 0.0
            except StoreUnavailable:
                away += TURN_POLL
                if away >= LEASE:
                    raise

    @asynccontextmanager
    async def _kept(self, line: str, ticket: str, ts: str) -> AsyncIterator[None]:
        """Renews our turn while an answer is being written; a store that is away for a moment costs nothing."""

        async def renew() -> None:
            while True:
                await self._sleep(RENEWAL)
                try:
                    if await self._stand(line, ticket, ts):
                        log.warning("turn lost to another question", ref=ticket)
                except StoreUnavailable as error:
                    log.warning("turn could not be renewed", ref=ticket, reason=str(error))

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _asked(self, question: Question) -> AsyncGenerator[ReplyEvent, None]:
        known = await self._store.conversation(question.thread)
        chat = await self._chat(question, known)
        await self._keep(question, chat)
        run = await self._runs.on(chat.chat_id)
        if run is not None and run.awaits_decision:
            yield Told(wording.DECISION_PENDING)
            return
        if run is not None:
            yield HeldBack()
            if not await self._runs.waited_for(chat.chat_id, run):
                chat = await self._fresh(question.thread)
                await self._keep(question, chat)
                yield Noted(wording.NOT_REMEMBERED_BEFORE)
        yield Thinking()
        for remark in question.notes:
            yield Noted(remark)
        text = await self._with_context(question, known)
        async with aclosing(self._predicted(question, chat, text)) as events:
            async for event in events:
                yield event

    # Which chat ---------------------------------------------------------------------------------------------------

    async def _chat(self, question: Question, known: Conversation | None) -> _Chat:
        thread, chatflow = question.thread, self._flowise.chatflow_id
        generation = known.generation if known else 0
        if known and known.chat_id and known.chatflow_id == chatflow:
            return _Chat(known.chat_id, generation)
        if known is None and thread.channel.startswith("D") and thread.thread_ts:
            root = await self._store.chat_of_message(thread.team, thread.channel, thread.thread_ts)
            if root and root[1] == chatflow:
                return _Chat(root[0], generation)
        return _Chat(_new_chat_id(), generation)

    async def _fresh(self, thread: Thread) -> _Chat:
        generation = await self._store.start_over(thread, self._wall())
        return _Chat(_new_chat_id(), generation)

    async def start_over(self, thread: Thread) -> None:
        """The thread's next question begins a new chat. Raises StoreUnavailable."""
        await self._store.start_over(thread, self._wall())

    # The prediction -------------------------------------------------------------------------------------------------

    async def _predicted(self, question: Question, chat: _Chat, text: str) -> AsyncGenerator[ReplyEvent, None]:
        noted, asked = chat.chat_id, False
        run = self._runs.new()
        try:
            await self._runs.begin(noted, run)
            asked = True
            async with aclosing(self._flowise.predict(Prediction(text, chat.chat_id))) as events:
                async for event in events:
                    match event:
                        case AgentflowStarted():
                            run = replace(run, agentflow=True)
                            await self._runs.note(noted, run)
                        case Action():
                            run = replace(run, awaits_decision=True)
                            yield event
                        case Metadata(chat_id=told) if told:
                            chat = replace(chat, chat_id=told)
                        case Metadata() | ErrorReported() | End():
                            pass
                        case _:
                            yield event
        except FlowiseError as error:
            await self._runs.failed(noted, run, error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            await asyncio.shield(self._runs.left(noted, run) if asked else self._runs.never_began(noted))
            raise
        await asyncio.shield(self._ended(question, chat, noted, run))

    async def _ended(self, question: Question, chat: _Chat, noted: str, run: Run) -> None:
        """The answer is whole. Flowise's word on the chatId wins over what we proposed."""
        await self._runs.ended(noted, run, now_on=chat.chat_id)
        with suppress(StoreUnavailable):
            await self._keep(question, chat, answered=True)

    async def _keep(self, question: Question, chat: _Chat, *, answered: bool = False) -> None:
        """Note the chat that the thread, and in a direct message each message, stands for."""
        if question.place.response_url:
            return  # nobody can follow up there
        thread, chatflow = question.thread, self._flowise.chatflow_id
        await self._store.remember(thread, chat.chat_id, chatflow, chat.generation, self._wall(), answered=answered)
        turn = self._under_way.setdefault(question.reference, _UnderWay())
        if thread.channel.startswith("D") and turn.chat_id != chat.chat_id:
            turn.chat_id = chat.chat_id
            for ts in (question.ts, *turn.messages):
                await self._store.message_belongs(thread.team, thread.channel, ts, chat.chat_id, chatflow)

    async def posted(self, question: Question, ts: str) -> None:
        """A message of the answer stands: a thread opened under it in a direct message goes on with its chat."""
        thread, turn = question.thread, self._under_way.get(question.reference)
        if turn is None or not thread.channel.startswith("D"):
            return
        turn.messages.append(ts)
        if turn.chat_id:
            with suppress(StoreUnavailable):
                chatflow = self._flowise.chatflow_id
                await self._store.message_belongs(thread.team, thread.channel, ts, turn.chat_id, chatflow)

    def delivered(self, question: Question) -> None:
        """The answer has its last word."""
        self._under_way.pop(question.reference, None)

    # Earlier messages -------------------------------------------------------------------------------------------------

    async def _with_context(self, question: Question, known: Conversation | None) -> str:
        """The question, with the thread's earlier messages until one was answered: Flowise forgets a failed turn."""
        if not question.joins or (known is not None and known.answered) or self._habits.context_messages == 0:
            return question.text
        try:
            said = await self._slack.replies(question.thread, before=question.ts, limit=self._habits.context_messages)
        except (SlackRefused, SlackUnavailable) as error:
            log.info("earlier messages could not be read", ref=question.reference, reason=str(error))
            return question.text
        return wording.with_earlier([(message.author, message.text) for message in said], question.text)


def _new_chat_id() -> str:
    """A chatId of our own, because Flowise tells the one it would choose only at the end, and not after an error."""
    return str(uuid4())
