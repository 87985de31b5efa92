"""Knows what a handler may ask for: take a question in, answer it, say a sentence; and owns all work under way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import structlog

from bot import lease as leases
from bot.conversation import Conversations, Question
from bot.delivery import Keeper, deliver
from bot.errors import BotError, Interrupted, Postponed, StoreUnavailable
from bot.governor import Governor
from bot.keeping import Freely, Kept
from bot.lease import Lease
from bot.mailbox import Mailbox
from bot.ports import Identity, Slack, Store
from bot.reply.contract import Failed, Finished, Place, Reply, ReplyEvent, Told
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted
from bot.reply.native_first import NativeFirst
from bot.reply.observed import Answers, Enquiry
from bot.reply.policy import Kind, Want
from bot.reply.responded import RespondedReply
from bot.reply.streams import Mode, Streams
from bot.slack import wording
from bot.slack.blocks import fallback, plain
from bot.slack.calls import Limited, Lost, PostEphemeral, PostMessage, Result, UpdateMessage, method_of
from bot.slack.payload import mentions
from bot.slack.payload import plain as plain_text
from bot.thread import Asked, Thread, seconds

log = structlog.get_logger(__name__)

_TRIES = 4
_NAMED = 10
# After the grace period, how long the last words may take, in seconds.
_LAST_WORDS = 8.0
# How long a question that was taken in waits for a store that is away, before it is looked at again, in seconds.
_STORE_POLL = 1.0


def reference_of(*names: str) -> str:
    """A short name for one question, told to the person and written to the log, the same for all who hear of it.

    It also marks the answer's messages, and claims the question in its thread: with 32 bits and a thousand questions
    in one thread within two days, the chance that two share one is about one in ten thousand.
    """
    return hashlib.sha256(":".join(names).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Writing:
    """How answers are written: the settings SLACK_EDIT_INTERVAL, in seconds, BOT_MOST_MESSAGES and SLACK_DELIVERY.

    `answers` tells those who measure.
    """

    interval: float
    most_messages: int
    mode: Mode
    answers: Answers = field(default_factory=Answers)


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
        self._later: set[asyncio.Task[None]] = set()
        self._leaving = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self.mailbox = Mailbox(store.mailboxes, identity.team, uuid4().hex[:12], now=now)
        self._streams = Streams(writing.mode)
        self._watching: asyncio.Task[None] | None = None
        self._worker: Callable[[Lease], Awaitable[None]] = _no_worker

    # Work that outlives the event it came with ------------------------------------------------------------------------

    def works(self, worker: Callable[[Lease], Awaitable[None]]) -> None:
        """What is done for a question that was taken in: by `worker`, which may be run again by another process."""
        self._worker = worker

    def begin(self, lease: Lease) -> None:
        """Work on a question that was taken in, until it is settled or another process goes on with it."""
        self.start(self._work(lease), name=lease.item.surface)

    async def _work(self, lease: Lease) -> None:
        try:
            async with lease.kept():
                await self._worked(lease)
                if not lease.handed_over:
                    await self.mailbox.settled(lease, lease.again)
        finally:
            if lease.ours and not lease.is_settled:  # we are stopped, or the mistake is ours: somebody else may succeed
                lease.handed_over = True
            if lease.handed_over:
                await asyncio.shield(self.mailbox.handed_over(lease))

    async def _worked(self, lease: Lease) -> None:
        while True:
            try:
                await self._worker(lease)
            except StoreUnavailable as error:
                log.info("waiting for the store", ref=lease.item.reference, reason=str(error))
                await asyncio.sleep(_STORE_POLL)
            else:
                return

    def start(self, work: Coroutine[None, None, None], *, name: str, later: bool = False) -> None:
        """Run something to its end; `stop` waits for it. What it raises is logged.

        What is done `later` is nothing that anybody waits for.
        """
        task = asyncio.create_task(self._guarded(work, name))
        self._tasks.add(task)
        if later:
            self._later.add(task)
            task.add_done_callback(self._later.discard)
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
        return len(self._tasks) - len(self._later)

    def watch(self) -> None:
        """From now on go on with what another process has left, until `stop`."""
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async for lease in self.mailbox.abandoned():
            self._writing.answers.took_over()
            self.begin(lease)

    async def stop(self, grace: float) -> None:
        """After `leave`: wait `grace` seconds for the answers under way, give each its last word, end what is left.

        What was not asked yet is handed over at once where there is another process.
        """
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self.mailbox.withdraw()
        if self._tasks:
            log.info("waiting for answers under way", answers=len(self._tasks), seconds=grace)
            await self._done_within(grace)
        self._stopping.set()
        await self._done_within(_LAST_WORDS)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._gate.stop()

    async def _done_within(self, seconds: float) -> None:
        hurry = asyncio.create_task(self._hurry.wait())
        working = asyncio.create_task(_all(self._tasks))
        await asyncio.wait({hurry, working}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (hurry, working):
            task.cancel()

    @property
    def is_leaving(self) -> bool:
        """Nothing is taken in any more."""
        return self._leaving.is_set()

    def leave(self) -> None:
        """Take nothing in any more."""
        self._leaving.set()

    def hurry(self) -> None:
        """End at once: what is under way is left to others, or to the next start."""
        self._hurry.set()

    # Answering ------------------------------------------------------------------------------------------------------

    async def answer(self, question: Question, lease: Lease) -> None:
        """Ask the flow and bring its answer to Slack."""
        place, reference = question.place, question.reference

        async def posted(ts: str) -> None:
            await self.conversations.posted(question, ts)

        again = "" if place.response_url else json.dumps([lease.item.line, lease.item.reference])
        keeper = Kept(lease, lambda: self._last_word(lease, place, again), again, posted)
        about = Enquiry(question.thread, reference, max(0.0, self.wall() - seconds(question.ts)))
        reply = self._writing.answers.observed(self._answering(place, reference, lease), about)
        log.info("question", ref=reference, thread=str(question.thread), characters=len(question.text))
        try:
            async with self._gate.answering(reference):
                events = keeper.noted(self.conversations.turn(question, lease))
                ended = await self._deliver(reply, events, reference, keeper)
        except Exception:  # a mistake of ours: the person gets a last word all the same
            log.exception("answer failed by a mistake of ours", ref=reference)
            await self._close(place, lease, BotError("internal error"))
            ended = True
        finally:
            if not lease.ours:
                reply.taken_over()
            reply.close()
            self.conversations.delivered(question)
        if keeper.offers_again:
            lease.again = Asked(lease.item, lease.opened.messages)
        elif ended and lease.taken_over:
            self.start(self._write_again(tuple(keeper.stands.values())), name="write again", later=True)

    async def _last_word(self, lease: Lease, place: Place, again: str) -> Failed | None:
        """Waits until we are stopped; the last word of an answer that nobody else goes on with."""
        reference = lease.item.reference
        await self._leaving.wait()
        others = self.mailbox.others > 0
        if not (others and not lease.was_asked):
            await self._stopping.wait()
        if lease.was_asked and not (others and self.conversations.reads_answers and again):
            return Failed(Interrupted("the bot was stopped"), reference, again)
        lease.handed_over = True
        return None if others else Failed(Postponed("the bot was stopped"), reference)

    def _answering(self, place: Place, reference: str, lease: Lease) -> Reply:
        """How an answer is written; one that another process has begun is written by edits of what stands."""
        if place.response_url:
            return self._responded(place)
        opened = lease.opened
        if lease.look or opened.messages:
            return self._edited(place, reference, Adopted(opened.messages, opened.stream, lease.look))
        if self._streams.mode is Mode.EDIT:
            return self._edited(place, reference)
        writing = self._writing
        return NativeFirst(
            place,
            reference=reference,
            interval=writing.interval,
            most=writing.most_messages,
            streams=self._streams,
        )

    async def _write_again(self, calls: tuple[UpdateMessage, ...]) -> None:
        """Write the last state of an answer that we took over once more, one lease later.

        Its first process may have stood still in the middle of a call, which then came after ours: Slack cannot refuse
        it, so what it has overwritten is put right.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(leases.LEASE):
                await self._leaving.wait()
        for call in calls:
            await self.post(call)

    async def _close(self, place: Place, lease: Lease, error: BotError) -> None:
        """Say under an answer that it will not go on, in what stands of it."""
        opened, reference = lease.opened, lease.item.reference
        reply = self._edited(place, reference, Adopted(opened.messages, opened.stream, look=True))
        await self._deliver(reply, _events(Failed(error, reference)), reference)

    async def tell(self, place: Place, sentence: str, reference: str, *, look: bool = False) -> None:
        """Say a sentence where everybody in the place sees it; with `look`, unless it stands there already."""
        await self._deliver(self._told(place, reference, look=look), _events(Told(sentence), Finished()), reference)

    async def fail(self, place: Place, error: BotError, reference: str, *, look: bool = False) -> None:
        """Say that something went wrong; with `look`, in the message that stands already."""
        log.warning("apology", ref=reference, error=type(error).__name__, reason=str(error))
        await self._deliver(self._told(place, reference, look=look), _events(Failed(error, reference)), reference)

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

    def _told(self, place: Place, reference: str, *, look: bool = False) -> Reply:
        """How a sentence is written."""
        return self._responded(place) if place.response_url else self._edited(place, reference, Adopted(look=look))

    def _responded(self, place: Place) -> Reply:
        return RespondedReply(place, invite=wording.invite(self.identity.name))

    def _edited(self, place: Place, reference: str, adopted: Adopted = NOTHING) -> EditedReply:
        return EditedReply(
            place,
            reference=reference,
            interval=self._writing.interval,
            has_status=place.thread_ts is not None,
            most=self._writing.most_messages,
            adopted=adopted,
        )

    async def _deliver(
        self,
        reply: Reply,
        events: AsyncGenerator[ReplyEvent, None],
        reference: str,
        keeper: Keeper | None = None,
    ) -> bool:
        ended = await deliver(reply, events, self.slack, self._gate, now=self._now, keeper=keeper or Freely())
        if reply.given_up:
            log.warning("answer not delivered", ref=reference, reason=reply.given_up)
        return ended

    async def post(self, call: PostMessage | PostEphemeral | UpdateMessage) -> Result:
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


async def _all(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for all tasks, those that begin meanwhile included."""
    while tasks:
        await asyncio.wait(set(tasks))


async def _no_worker(lease: Lease) -> None:
    raise RuntimeError("nobody has said what to do with a question")
