"""Works on stored questions: each until it is settled, handed to another process, or put aside where none succeeds."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from bot.background.question_log import lines_of_question
from bot.errors import BotError, GivenUp, StoreUnavailable, Unreadable
from bot.mailbox.lease import MOST_FAILURES, Lease
from bot.mailbox.mailbox import Mailbox
from bot.mailbox.retry import retried
from bot.records.codec import printable
from bot.records.thread import Thread
from bot.reply.contract import Place

log = structlog.get_logger(__name__)


def reference_of(*names: str) -> str:
    """A short name for one question, told to the person and written to the log, the same for all who hear of it.

    It also marks the answer's messages, and claims the question in its thread: with 32 bits and a thousand questions
    in one thread within two days, the chance that two share one is about one in ten thousand.
    """
    return hashlib.sha256(":".join(names).encode()).hexdigest()[:8]


class Apologise(Protocol):
    """Says in a place that something went wrong."""

    async def __call__(self, place: Place, error: BotError, lease: Lease, *, known_as: str) -> None: ...


class TellTooLate(Protocol):
    """Tells a person that the answer which they have stopped had ended."""

    async def __call__(self, place: Place) -> None: ...


class Work:
    """What is done for the stored questions of the workspace `team`.

    `steps` says what, by the surface that a question came through: a step may be done again by another process, from
    the beginning. It raises StoreUnavailable, to be done again here, or Unreadable.
    """

    def __init__(
        self,
        team: str,
        mailbox: Mailbox,
        steps: Mapping[str, Callable[[Lease], Awaitable[None]]],
        apologise: Apologise,
        tell_too_late: TellTooLate,
    ) -> None:
        self._team = team
        self._mailbox = mailbox
        self._steps = steps
        self._apologise = apologise
        self._tell_too_late = tell_too_late

    async def on(self, lease: Lease) -> None:
        """Work on a question until it is settled or another process goes on with it."""
        with lines_of_question(printable(lease.item.reference)):
            await self._on(lease)

    async def _on(self, lease: Lease) -> None:
        failure: Exception | None = None
        try:
            async with self._mailbox.kept(lease):
                await self._done(lease)
                if not lease.handed_over:
                    await self._mailbox.settled(lease, lease.again)
                    await self._was_stopped_too_late(lease)
        except Exception as error:  # noqa: BLE001  # somebody else may succeed; it is logged there
            failure = error
        finally:
            if failure is None and lease.ours and not lease.is_settled:  # we are stopped
                lease.handed_over = True
            if lease.handed_over:
                await asyncio.shield(self._mailbox.handed_over(lease))
        if failure is not None:
            await self._failed(lease, failure)

    async def _was_stopped_too_late(self, lease: Lease) -> None:
        """Tell whoever has stopped an answer that had ended: the button is seen until its last call is made."""
        thread = Thread.of_line(lease.item.line)
        if lease.stop is None or not lease.stopped_too_late or not lease.stop.by or lease.stop.deleted or not thread:
            return
        await self._tell_too_late(Place(thread.channel, thread.thread_ts or None, user=lease.stop.by))

    async def _done(self, lease: Lease) -> None:
        if lease.unreadable:
            raise Unreadable(lease.unreadable)
        if lease.failures > MOST_FAILURES:
            raise GivenUp(f"{lease.failures} processes have not brought it to an end")
        step = self._steps.get(lease.item.surface)
        if step is None:
            raise Unreadable(f"a question of a surface that is not known here: {lease.item.surface!r}")

        async def attempt() -> None:
            try:
                await step(lease)
            except StoreUnavailable:
                lease.look = True  # what it has posted stands, and is not posted again
                raise

        await retried(attempt, asyncio.sleep, ref=lease.item.reference, pause=self._mailbox.durations.store)

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
            log.error("question not finished", **about)
        elif lease.failures + 1 < MOST_FAILURES:
            if await asyncio.shield(self._mailbox.failed(lease)):
                log.warning("question handed on", failures=lease.failures + 1, **about)
        else:
            lease.unreadable = lease.unreadable or reason  # from now on what is stored of it stays as it was found
            await self._say_put_aside(lease, error if isinstance(error, Unreadable) else GivenUp(reason))
            key = await asyncio.shield(self._mailbox.put_aside(lease, f"{type(error).__name__}: {reason}"))
            if key:
                log.error("question put aside", key=printable(key), **about)

    async def _say_put_aside(self, lease: Lease, error: BotError) -> None:
        """Say in its thread that a question is left out, if its mailbox is that of a thread; under its hold, as all."""
        thread, reference = Thread.of_line(lease.item.line), lease.item.reference
        if thread is None or thread.team != self._team:
            return
        place = Place(thread.channel, thread.thread_ts or None, user="")
        known_as = reference if reference.isascii() and reference.isalnum() else reference_of(repr(reference))
        try:
            async with self._mailbox.kept(lease):
                await self._apologise(place, error, lease, known_as=known_as)
        except asyncio.CancelledError:  # we are stopped: another process tells it
            await asyncio.shield(self._mailbox.handed_over(lease))
            raise
        except Exception as mistake:  # it is put aside all the same
            log.exception("sentence not sent", ref=printable(reference), error=type(mistake).__name__)
