"""Knows one question from claim to last word: whose turn it is, on which chat it is asked, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar
from uuid import uuid4

import structlog

from bot.admission import Admission
from bot.errors import (
    BotError,
    FlowiseBroke,
    FlowiseError,
    GivenUp,
    Interrupted,
    RunState,
    SlackRefused,
    SlackUnavailable,
    StoreUnavailable,
)
from bot.flowise.events import (
    Action,
    AgentflowStarted,
    CalledTools,
    End,
    ErrorReported,
    Event,
    Metadata,
    SourceDocuments,
    Token,
    UsedTools,
)
from bot.lease import Lease
from bot.ports import Flowise, Prediction, Slack, Store
from bot.reply import journal
from bot.reply.contract import Failed, Finished, HeldBack, Noted, Place, Queued, ReplyEvent, Thinking, Told
from bot.runs import Runs
from bot.slack import wording
from bot.thread import Conversation, Run, Thread

log = structlog.get_logger(__name__)

T = TypeVar("T")
Shown: TypeAlias = Token | SourceDocuments | UsedTools | CalledTools | Action

# How often a waiting question looks whether it is its turn, in seconds.
TURN_POLL = 0.4
# How often what the store must tell is asked for again while it is away, in seconds.
_STORE_POLL = 1.0
# Places in the queue are told exactly up to here, and then in steps of as many: each change is a call.
_EXACT = 5
# A question that so many processes in turn have not brought to an end may be what ends them.
_MOST_EPOCHS = 5


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
    """How conversations are led: the settings of the same names. Times in seconds.

    `reads_answers`: there is a key, by which an answer that Flowise has stored can be read.
    """

    context_messages: int = 20
    left_run_wait: float = 60.0
    most_predictions: int = 100
    reads_answers: bool = False


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
        self._admission = Admission(habits.most_predictions)
        self._runs = Runs(flowise, store, wait=habits.left_run_wait, wall=wall, sleep=sleep)

    @property
    def reads_answers(self) -> bool:
        """Whether another process can bring an answer to its end that was left in the middle."""
        return self._habits.reads_answers

    @property
    def waiting(self) -> int:
        """How many questions wait because this process has as many predictions as it may."""
        return self._admission.waiting

    async def turn(self, question: Question, lease: Lease) -> AsyncGenerator[ReplyEvent, None]:
        """Everything that happens to a question, up to and with `Finished` or `Failed`. Raises nothing of its own.

        `lease` is our hold on it, kept by the caller.
        """
        self._under_way[question.reference] = _UnderWay()
        log_turn = log.bind(ref=question.reference, thread=str(question.thread))
        try:
            async with aclosing(self._in_line(question, lease)) as events:
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

    async def _in_line(self, question: Question, lease: Lease) -> AsyncGenerator[ReplyEvent, None]:
        if lease.hold.epoch > _MOST_EPOCHS:
            raise GivenUp(f"taken over {lease.hold.epoch - 1} times")
        shown = 0
        while before := await self._before(lease):
            if before != shown and not lease.was_asked and (shown or await self._told(lease.may_show)):
                yield Queued(before)
                shown = before
            await self._sleep(TURN_POLL)
        lease.turn_came()
        work = self._recovered if lease.was_asked else self._admitted
        async with aclosing(work(question, lease)) as events:
            async for event in events:
                yield event

    async def _before(self, lease: Lease) -> int:
        """How many questions of the line come first. While the store is away, we stay where we are."""
        return await self._told(lease.stand)

    async def _told(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the store says, however long it is away: a question that was taken in is not lost for that."""
        while True:
            try:
                return await ask()
            except StoreUnavailable as error:
                log.info("waiting for the store", reason=str(error))
                await self._sleep(_STORE_POLL)

    async def _admitted(self, question: Question, lease: Lease) -> AsyncGenerator[ReplyEvent, None]:
        """The question is asked when this process may have one more prediction."""
        with self._admission.place() as place:
            shown = 0
            while before := place.before:
                rounded = before if before <= _EXACT else -(-before // _EXACT) * _EXACT
                if rounded != shown:
                    yield Queued(rounded, busy=True)
                shown = rounded
                await place.moved()
            async with aclosing(self._asked(question, lease)) as events:
                async for event in events:
                    yield event

    async def _recovered(self, question: Question, lease: Lease) -> AsyncGenerator[ReplyEvent, None]:
        """Flowise was asked by a process that is gone: its answer is looked for, and never asked for again."""
        opened, line = lease.opened, question.thread.line
        kept = journal.read(opened.journal)
        if opened.whole:
            for event in kept:
                yield event
            return
        if question.place.thread_ts is not None:  # elsewhere it would be written over what stands
            yield Thinking()
        stored = await self._runs.answer_of(line, opened)
        for event in kept:
            if stored is None or isinstance(event, Noted):
                yield event
        if stored is None:
            raise Interrupted("the process that wrote the answer is gone, and Flowise has no answer stored")
        log.info("completed from Flowise's stored answer", ref=question.reference)
        for shown in _shown(stored):
            yield shown
        lease.then(lambda: self._keep_again(question, opened.chat_id))

    async def _asked(self, question: Question, lease: Lease) -> AsyncGenerator[ReplyEvent, None]:
        line = question.thread.line
        known = await self._told(lambda: self._store.conversation(question.thread))
        chat = await self._told(lambda: self._chat(question, known))
        await self._told(lambda: self._keep(question, chat))
        run = await self._told(lambda: self._runs.on(line, chat.chat_id))
        if run is not None and run.awaits_decision:
            yield Told(wording.DECISION_PENDING)
            return
        if run is not None:
            yield HeldBack()
            left = run
            if not await self._told(lambda: self._runs.waited_for(line, chat.chat_id, left)):
                fresh = chat = await self._told(lambda: self._fresh(question.thread))
                await self._told(lambda: self._keep(question, fresh))
                yield Noted(wording.NOT_REMEMBERED_BEFORE)
        yield Thinking()
        for remark in question.notes:
            yield Noted(remark)
        text = await self._with_context(question, known)
        async with aclosing(self._predicted(question, lease, chat, text)) as events:
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

    async def _predicted(
        self, question: Question, lease: Lease, chat: _Chat, text: str
    ) -> AsyncGenerator[ReplyEvent, None]:
        noted, line = chat.chat_id, question.thread.line
        run = self._runs.new()
        if not await self._told(lambda: lease.asks(noted, text, run)):
            return  # another process goes on with the question
        said: list[str] = []
        try:
            async with aclosing(self._flowise.predict(Prediction(text, chat.chat_id))) as events:
                async for event in events:
                    match event:
                        case AgentflowStarted():
                            run = replace(run, agentflow=True)
                            await self._runs.note(line, noted, run)
                        case Metadata(chat_id=told) if told:
                            chat = replace(chat, chat_id=told)
                        case Metadata() | ErrorReported() | End():
                            pass
                        case _:
                            run = replace(run, awaits_decision=run.awaits_decision or isinstance(event, Action))
                            said += [event.text] if isinstance(event, Token) else []
                            yield event
        except FlowiseError as error:
            rest = await self._rest(question, lease, error, "".join(said))
            if rest is None:
                await self._failed(question, lease, run, error)
                raise
            for event in rest:
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            if lease.ours:  # else who goes on with the answer needs the run
                await asyncio.shield(self._runs.left(line, noted, run))
            raise
        await asyncio.shield(self._ended(question, lease, chat, noted, run))

    async def _rest(self, question: Question, lease: Lease, error: FlowiseError, said: str) -> tuple[Shown, ...] | None:
        """What is missing of an answer whose connection broke, where Flowise has it stored and it goes on from there."""
        if not isinstance(error, FlowiseBroke) or error.run is not RunState.UNKNOWN or not self.reads_answers:
            return None
        stored = _shown(await self._runs.answer_of(question.thread.line, lease.opened) or ())
        text = "".join(event.text for event in stored if isinstance(event, Token))
        if not stored or not text.startswith(said):
            return None
        log.info("the rest comes from Flowise's stored answer", ref=question.reference, reason=str(error))
        return (Token(text[len(said) :]), *(event for event in stored if not isinstance(event, Token)))

    async def _failed(self, question: Question, lease: Lease, run: Run, error: FlowiseError) -> None:
        """A prediction failed; whether its run is over too, the error says."""
        if error.run is RunState.UNKNOWN:
            await self._runs.left(question.thread.line, lease.opened.chat_id, run)
        else:
            lease.run_over = lease.opened.chat_id

    async def _ended(self, question: Question, lease: Lease, chat: _Chat, noted: str, run: Run) -> None:
        """The answer is whole. Flowise's word on the chatId wins over what we proposed."""
        if chat.chat_id != noted or not run.awaits_decision:
            lease.run_over = noted
        if run.awaits_decision:
            await self._runs.waits(question.thread.line, chat.chat_id, run)
        lease.then(lambda: self._keep(question, chat, answered=True))

    async def _keep_again(self, question: Question, chat_id: str) -> None:
        """The thread's chat has answered, unless the thread was started over meanwhile."""
        known = await self._store.conversation(question.thread)
        if known is not None and known.chat_id == chat_id:
            await self._keep(question, _Chat(chat_id, known.generation), answered=True)

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


def _shown(events: tuple[Event, ...]) -> tuple[Shown, ...]:
    """Those of the events that are seen in Slack."""
    return tuple(event for event in events if not isinstance(event, Metadata | ErrorReported | End | AgentflowStarted))
