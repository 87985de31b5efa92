"""Knows what a handler may ask for: take a question in, answer it, say a sentence; and works on what was taken in."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from uuid import uuid4

import structlog

from bot.conversation.turn import Turns
from bot.errors import BotError, GivenUp, StoreUnavailable, Unreadable
from bot.mailbox import lease as leases
from bot.mailbox.lease import MOST_FAILURES, Lease
from bot.mailbox.mailbox import Mailbox
from bot.pacing.governor import Governor
from bot.ports import Slack, Store
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.identity import Identity
from bot.slack.payload import mentions
from bot.slack.payload import plain as plain_text
from bot.supervision import Supervisor
from bot.tasks import Tasks
from bot.thread import Thread
from bot.thread_codec import printable
from bot.workspace.answering import Answering, Clocks, DeliverySettings
from bot.workspace.apologies import Apologies

__all__ = ["DeliverySettings", "Desk", "Work", "reference_of"]

log = structlog.get_logger(__name__)

_NAMED = 10
# How long a question that was taken in waits for a store that is away, before it is looked at again, in seconds.
_STORE_POLL = 1.0


def reference_of(*names: str) -> str:
    """A short name for one question, told to the person and written to the log, the same for all who hear of it.

    It also marks the answer's messages, and claims the question in its thread: with 32 bits and a thousand questions
    in one thread within two days, the chance that two share one is about one in ten thousand.
    """
    return hashlib.sha256(":".join(names).encode()).hexdigest()[:8]


class Desk:
    """What handlers work with. `works` says what is done for a stored question, by the surface it came through; it may
    be done again by another process, from the beginning."""

    def __init__(  # noqa: PLR0913  # app wires all of it
        self,
        conversations: Turns,
        slack: Slack,
        store: Store,
        identity: Identity,
        *,
        gate: Governor,
        writing: DeliverySettings,
        works: Mapping[str, Work],
        now: Callable[[], float],
        wall: Callable[[], float],
        supervisor: Supervisor | None = None,
    ) -> None:
        self._supervisor = supervisor or Supervisor(now)
        self.identity = identity
        self.wall = wall
        self.slack = slack
        self.store = store
        self.conversations = conversations
        self.tasks = Tasks()
        process = uuid4().hex[:12]
        self.mailbox = Mailbox(store.mailboxes, identity.team, process, now=now, supervisor=self._supervisor)
        self.answering = Answering(
            conversations,
            slack,
            gate,
            self.mailbox,
            self.tasks,
            writing,
            Clocks(now, wall),
            invite=wording.invite(identity.name),
        )
        self.apologies = Apologies(self.answering, slack, self.mailbox, self.tasks, self.begin, process, now=now)
        self._gate = gate
        self._took_over = writing.answers.took_over
        self._watching: asyncio.Task[None] | None = None
        self._works = works

    # What was taken in ------------------------------------------------------------------------------------------------

    def begin(self, lease: Lease) -> None:
        """Work on a question that was taken in, until it is settled or another process goes on with it."""
        self.tasks.start(self._work(lease), name=lease.item.surface)

    async def _work(self, lease: Lease) -> None:
        failure: Exception | None = None
        try:
            async with self.mailbox.kept(lease):
                await self._worked(lease)
                if not lease.handed_over:
                    await self.mailbox.settled(lease, lease.again)
        except Exception as error:  # noqa: BLE001  # somebody else may succeed; it is logged there
            failure = error
        finally:
            if failure is None and lease.ours and not lease.is_settled:  # we are stopped
                lease.handed_over = True
            if lease.handed_over:
                await asyncio.shield(self.mailbox.handed_over(lease))
        if failure is not None:
            await self._failed(lease, failure)

    async def _failed(self, lease: Lease, error: Exception) -> None:
        """Hand on a question that this process could not bring to an end, or put it aside where nobody could."""
        reason = str(error) or type(error).__name__
        about = {
            "ref": printable(lease.item.reference),
            "line": printable(lease.item.line),
            "error": type(error).__name__,
            "reason": reason,
            "exc_info": None if isinstance(error, BotError) else error,
        }
        if not lease.ours or lease.is_settled:
            log.error("not done", **about)
        elif lease.failures + 1 < MOST_FAILURES:
            if await asyncio.shield(self.mailbox.failed(lease)):
                log.warning("handed on", failures=lease.failures + 1, **about)
        else:
            lease.unreadable = lease.unreadable or reason  # from now on what is stored of it stays as it was found
            await self._told_aside(lease, error if isinstance(error, Unreadable) else GivenUp(reason))
            key = await asyncio.shield(self.mailbox.put_aside(lease, f"{type(error).__name__}: {reason}"))
            if key:
                log.error("put aside", key=printable(key), **about)

    async def _told_aside(self, lease: Lease, error: BotError) -> None:
        """Say in its thread that a question is left out, if its mailbox is that of a thread; under its hold, as all."""
        thread, reference = Thread.of_line(lease.item.line), lease.item.reference
        if thread is None or thread.team != self.identity.team:
            return
        place = Place(thread.channel, thread.thread_ts or None, user="")
        known_as = reference if reference.isascii() and reference.isalnum() else reference_of(repr(reference))
        try:
            async with self.mailbox.kept(lease):
                await self.answering.fail(place, error, lease, known_as=known_as)
        except asyncio.CancelledError:  # we are stopped: another process tells it
            await asyncio.shield(self.mailbox.handed_over(lease))
            raise
        except Exception as mistake:  # it is put aside all the same
            log.exception("not told", ref=printable(reference), error=type(mistake).__name__)

    async def _worked(self, lease: Lease) -> None:
        if lease.unreadable:
            raise Unreadable(lease.unreadable)
        if lease.failures > MOST_FAILURES:
            raise GivenUp(f"{lease.failures} processes have not brought it to an end")
        work = self._works.get(lease.item.surface)
        if work is None:
            raise Unreadable(f"a question of a surface that is not known here: {lease.item.surface!r}")
        while True:
            try:
                await work(self, lease)
            except StoreUnavailable as error:
                log.info("waiting for the store", ref=lease.item.reference, reason=str(error))
                lease.look = True  # what it has posted stands, and is not posted again
                await asyncio.sleep(_STORE_POLL)
            else:
                return

    def watch(self) -> None:
        """From now on go on with what another process has left, until `stop`."""
        self._watching = self._supervisor.start("taking over", self._watch, longest=leases.LEASE)

    async def _watch(self) -> None:
        async for lease in self.mailbox.abandoned():
            self.begin(lease)
            self._took_over()

    @property
    def is_leaving(self) -> bool:
        """Nothing is taken in any more."""
        return self.tasks.leaving.is_set()

    async def stop(self, grace: float) -> None:
        """Wait `grace` seconds for the answers under way, give each its last word, end what is left.

        What was not asked yet is handed over at once where there is another process.
        """
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self.mailbox.withdraw()
        await self.tasks.stop(grace)
        await self._gate.stop()

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


Work: TypeAlias = Callable[[Desk, Lease], Awaitable[None]]
"""What is done for a stored question. Raises StoreUnavailable: to be done again; Unreadable."""
