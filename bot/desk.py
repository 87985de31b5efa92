"""Knows what a handler may ask for: claim a message, answer it, say a sentence; and owns every answer under way."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

import structlog

from bot.conversation import Conversations, Question
from bot.delivery import deliver, unheard
from bot.errors import BotError, Interrupted, StoreUnavailable
from bot.governor import Governor
from bot.open_answers import OpenAnswers
from bot.ports import Identity, Slack, Store
from bot.reply.contract import Failed, Finished, Place, Reply, ReplyEvent, Told
from bot.reply.edited import EditedReply
from bot.reply.native_first import NativeFirst
from bot.reply.policy import Kind, Want
from bot.reply.responded import RespondedReply
from bot.reply.streams import Mode, Streams
from bot.slack import wording
from bot.slack.blocks import fallback, plain
from bot.slack.calls import Call, Limited, Lost, PostEphemeral, PostMessage, Result, StartStream, method_of
from bot.slack.payload import mentions
from bot.slack.payload import plain as plain_text
from bot.thread import OpenAnswer, Thread

log = structlog.get_logger(__name__)

# Slack repeats deliveries for hours with Delayed Events; two days is safely more (Slack docs, The Events API).
CLAIM_SECONDS = 48 * 3600.0
_TRIES = 4
_REMEMBERED_APOLOGIES = 1_000
_NAMED = 10
# After the grace period, how long the last words may take, in seconds.
_LAST_WORDS = 8.0


def new_reference() -> str:
    """A short name for one turn, told to the person and written to the log.

    It is also what marks the answer's messages, so that two at once must not share one: with 32 bits and a thousand
    answers under way the chance is about one in ten thousand.
    """
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Writing:
    """How answers are written: the settings SLACK_EDIT_INTERVAL, in seconds, BOT_MOST_MESSAGES and SLACK_DELIVERY."""

    interval: float
    most_messages: int
    mode: Mode


class Desk:
    """What handlers work with."""

    def __init__(
        self,
        conversations: Conversations,
        slack: Slack,
        store: Store,
        identity: Identity,
        *,
        gate: Governor,
        writing: Writing,
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.identity = identity
        self.wall = wall
        self.slack = slack
        self.store = store
        self.conversations = conversations
        self._gate = gate
        self._writing = writing
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._open_answers = OpenAnswers(store, identity.team)
        self._streams = Streams(writing.mode)
        self._watching: asyncio.Task[None] | None = None
        self._apologised: OrderedDict[str, None] = OrderedDict()

    # Work that outlives the event it came with ------------------------------------------------------------------------

    def start(self, work: Coroutine[None, None, None], *, name: str) -> None:
        """Run something to its end; `stop` waits for it. What it raises is logged."""
        task = asyncio.create_task(self._guarded(work, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[None, None, None], name: str) -> None:
        try:
            await work
        except StoreUnavailable as error:
            log.warning("not done: the store is away", work=name, reason=str(error))
        except Exception as error:  # one failing message must not end the others
            log.exception("not done", work=name, error=type(error).__name__)

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    async def stop(self, grace: float) -> None:
        """Wait `grace` seconds for the answers under way, then give each its last word, then end what is left."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._tasks:
            log.info("waiting for answers under way", answers=len(self._tasks), seconds=grace)
            await asyncio.wait(self._tasks, timeout=grace)
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._gate.stop()

    # Claiming -------------------------------------------------------------------------------------------------------

    async def claim(self, key: str, place: Place) -> bool:
        """Take a message or command for us. When the store is away, the person is told so, once."""
        try:
            return await self.store.claim(key, CLAIM_SECONDS)
        except StoreUnavailable as error:
            if key not in self._apologised:
                self._apologised[key] = None
                if len(self._apologised) > _REMEMBERED_APOLOGIES:
                    self._apologised.popitem(last=False)
                await self.fail(place, error)
            return False

    # Answering ------------------------------------------------------------------------------------------------------

    async def answer(self, question: Question) -> None:
        """Ask the flow and bring its answer to Slack."""
        place = question.place
        reply = self._reply(place, question.reference)
        log.info("question", ref=question.reference, thread=str(question.thread), characters=len(question.text))
        try:
            async with self._noted(question) as streams, self._gate.answering(question.reference):

                async def posted(call: Call, ts: str) -> None:
                    if isinstance(call, StartStream):
                        streams(ts)
                    await self.conversations.posted(question, ts)

                await self._deliver(reply, self.conversations.turn(question), question.reference, posted)
        except Exception:  # a mistake of ours: the person gets a last word all the same
            log.exception("answer failed by a mistake of ours", ref=question.reference)
            await self._close(_left_open(question), BotError("internal error"))
        finally:
            self.conversations.delivered(question)

    def _noted(self, question: Question) -> AbstractAsyncContextManager[Callable[[str], None]]:
        if question.place.response_url:  # only the asker sees it, through an address that ends with the command
            return nullcontext(lambda _: None)
        return self._open_answers.noted(_left_open(question))

    def watch(self) -> None:
        """From now on close the answers that a killed replica left open, until `stop`."""
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async for left in self._open_answers.abandoned():
            self.start(self._close(left, Interrupted("the bot was killed")), name="close")

    async def _close(self, left: OpenAnswer, error: BotError) -> None:
        """Say under an answer that it will not go on: in a new message, for what the old ones show is not known.

        A stream of it is stopped first, or it would go on looking like one that is being written.
        """
        place = Place(channel=left.channel, thread_ts=left.thread_ts, user=left.user)
        # A mark of its own: the answer's first message carries the one its reference gives.
        reply = self._edited(place, f"{left.reference}-closed", streaming=left.stream)
        await self._deliver(reply, _events(Failed(error, left.reference)), left.reference)

    async def tell(self, place: Place, sentence: str) -> None:
        """Say a sentence where everybody in the place sees it."""
        reference = new_reference()
        await self._deliver(self._told(place, reference), _events(Told(sentence), Finished()), reference)

    async def fail(self, place: Place, error: BotError) -> None:
        """Say that something went wrong."""
        reference = new_reference()
        log.warning("apology", ref=reference, error=type(error).__name__, reason=str(error))
        await self._deliver(self._told(place, reference), _events(Failed(error, reference)), reference)

    async def whisper(self, place: Place, sentence: str) -> None:
        """Say a sentence to one person alone."""
        call = PostEphemeral(
            channel=place.channel,
            user=place.user,
            thread_ts=place.thread_ts,
            text=fallback(sentence),
            blocks=plain(sentence),
        )
        result = await self.post(call)
        log.debug("whispered", result=type(result).__name__)

    def _reply(self, place: Place, reference: str) -> Reply:
        """How an answer is written."""
        if place.response_url or self._streams.mode is Mode.EDIT:
            return self._told(place, reference)
        writing = self._writing
        return NativeFirst(
            place,
            reference=reference,
            interval=writing.interval,
            most=writing.most_messages,
            streams=self._streams,
        )

    def _told(self, place: Place, reference: str) -> Reply:
        """How a sentence is written."""
        if place.response_url:
            return RespondedReply(place, invite=wording.invite(self.identity.name))
        return self._edited(place, reference)

    def _edited(self, place: Place, reference: str, *, streaming: str = "") -> EditedReply:
        return EditedReply(
            place,
            reference=reference,
            interval=self._writing.interval,
            has_status=place.thread_ts is not None,
            most=self._writing.most_messages,
            streaming=streaming,
        )

    async def _deliver(
        self,
        reply: Reply,
        events: AsyncGenerator[ReplyEvent, None],
        reference: str,
        posted: Callable[[Call, str], Awaitable[None]] = unheard,
    ) -> None:
        await deliver(
            reply,
            events,
            self.slack,
            self._gate,
            now=self._now,
            stopping=self._stopping,
            reference=reference,
            posted=posted,
        )
        if reply.given_up:
            log.warning("answer not delivered", ref=reference, reason=reply.given_up)

    async def post(self, call: PostMessage | PostEphemeral) -> Result:
        """Make one call that is not part of an answer, patiently: again after a rate limit or a lost reply."""
        result: Result = Lost("not tried")
        wanted_at = self._now()
        want = Want(method_of(call), call.channel, Kind.FIRST, since=wanted_at, unseen=0, last_write=wanted_at)
        for attempt in range(_TRIES):
            leave = await self._gate.granted(lambda: want)
            result = await self.slack.call(call)
            match result:
                case Limited(retry_after=seconds):
                    await self._gate.refused(leave, seconds)
                case Lost():
                    await asyncio.sleep(2.0**attempt)
                case _:
                    return result
        return result

    # Reading --------------------------------------------------------------------------------------------------------

    async def plain(self, text: str) -> str:
        """A Slack text as a person reads it, without the mentions of the bot."""
        own = self.identity.bot_user
        # A sign of life waits for this, so no more are looked up than a question needs; the others stay ids.
        users = [user for user in mentions(text) if user != own][:_NAMED]
        names = await asyncio.gather(*(self.slack.name(user) for user in users))
        return plain_text(text, dict(zip(users, names, strict=True)), without=own)

    def without_mention(self, text: str) -> str:
        """A Slack text without the mentions of the bot, nobody's name looked up."""
        return plain_text(text, {}, without=self.identity.bot_user)

    def thread(self, channel: str, thread_ts: str) -> Thread:
        return Thread(self.identity.team, channel, thread_ts)


async def _events(*events: ReplyEvent) -> AsyncGenerator[ReplyEvent, None]:
    for event in events:
        yield event


def _left_open(question: Question) -> OpenAnswer:
    place = question.place
    return OpenAnswer(question.reference, question.thread.team, place.channel, place.thread_ts, place.user)
