"""Passes a person's rating of an answer on to Flowise, however long that cannot be reached, up to an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

import structlog

from bot.background.tasks import Share
from bot.errors import FlowiseError
from bot.flowise.feedback import AnswerRating
from bot.mailbox.lease import Lease
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.records.answer_note import GivenRating, KeptAnswer
from bot.records.thread import seconds

log = structlog.get_logger(__name__)

_LONGEST = 3600.0
# Seconds between two tries; the last one again and again.
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class RatingOutcome(Enum):
    """What became of a rating."""

    WRITTEN = "written"
    NOT_KEPT = "not kept"
    """Its answer is not kept any more: it is too old."""
    UNKNOWN = "unknown"
    """Flowise does not know its answer."""
    GIVEN_UP = "given up"
    """Flowise could not be reached for an hour."""
    LEFT = "left"
    """This process is being stopped, or another one goes on with it."""


class Ratings:
    """The ratings of one chatflow's answers. `wall` returns epoch seconds."""

    def __init__(
        self,
        flowise: Flowise,
        store: Store,
        tasks: Share,
        *,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._store = store
        self._tasks = tasks
        self._wall = wall
        self._sleep = sleep

    async def passed_on(self, given: GivenRating, lease: Lease) -> RatingOutcome:
        """Write a rating in Flowise, in the row of the answer's earlier one. Raises StoreUnavailable: to be done again.

        That it is tried is noted first, so that a process that takes over looks for the row before it makes one.
        """
        tries = 0
        while await lease.may_write():
            kept = await self._store.answers.kept(given.line, given.reference)
            if kept is None or not kept.note.message_id:
                return RatingOutcome.NOT_KEPT
            try:
                return await self._written(given, kept)
            except FlowiseError as error:
                if tries == 0:
                    log.warning("rating not written", ref=given.reference, reason=str(error))
                if self._wall() - seconds(lease.item.ts) > _LONGEST:
                    return RatingOutcome.GIVEN_UP
            if not await self._paused(_PAUSES[min(tries, len(_PAUSES) - 1)]):
                break
            tries += 1
        return RatingOutcome.LEFT

    async def _written(self, given: GivenRating, kept: KeptAnswer) -> RatingOutcome:
        note = kept.note
        # One that is good has nothing to add to; a bad one keeps the comment that was sent with it.
        comment = "" if given.good else given.comment
        rating = AnswerRating(note.chat_id, note.message_id, given.good, comment)
        if not kept.tried:
            await self._store.answers.rating(given.line, given.reference)
        row = await self._flowise.rate(rating, kept.row, look=kept.tried)
        if row is None:
            return RatingOutcome.UNKNOWN
        if row != kept.row:
            await self._store.answers.rated(given.line, given.reference, row)
        return RatingOutcome.WRITTEN

    async def _paused(self, pause: float) -> bool:
        """Wait for so many seconds; False if this process is to be stopped."""
        waiting = {asyncio.ensure_future(self._sleep(pause)), asyncio.ensure_future(self._tasks.leaving.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return not self._tasks.leaving.is_set()
