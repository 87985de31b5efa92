"""Knows the runs in Flowise: each is noted before it starts, so that one that we left is not run into by the next.

A stream that we leave goes on in Flowise, and a second request on its chatId would mix both answers (measured on
3.1.4). The note outlives a killed process; it is taken away when the run has been seen to end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from bot.errors import FlowiseError, RunState, StoreUnavailable
from bot.ports import Flowise, Store
from bot.thread import Run

log = structlog.get_logger(__name__)

# How often a question that is held back looks whether the earlier run is over, in seconds.
_POLL = 3.0


class Runs:
    """The runs of one chatflow. `wait` is how long a left run is waited for, in seconds from when it was left."""

    def __init__(
        self,
        flowise: Flowise,
        store: Store,
        *,
        wait: float,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._store = store
        self._wait = wait
        self._wall = wall
        self._sleep = sleep

    async def begin(self, chat_id: str) -> Run:
        """Note a run that is about to start. Raises StoreUnavailable: then it must not start."""
        run = Run(since=self._wall())
        await self._store.run_started(chat_id, run)
        return run

    async def note(self, chat_id: str, run: Run) -> None:
        """More is known of a run. An answer under way does not fail for a note."""
        with suppress(StoreUnavailable):
            await self._store.run_started(chat_id, run)

    async def ended(self, chat_id: str, run: Run, *, now_on: str) -> None:
        """A run came to its end; it goes on waiting, on the chat `now_on`, if it needs a person's decision."""
        try:
            if now_on != chat_id or not run.awaits_decision:
                await self._store.run_ended(chat_id)
            if run.awaits_decision:
                await self._store.run_started(now_on, run)
        except StoreUnavailable as error:
            log.warning("the end of a run could not be noted", reason=str(error))

    async def failed(self, chat_id: str, run: Run, error: FlowiseError) -> None:
        """A prediction failed; whether its run is over too, the error says."""
        if error.run is RunState.UNKNOWN:
            await self.left(chat_id, run)
            return
        with suppress(StoreUnavailable):
            await self._store.run_ended(chat_id)

    async def left(self, chat_id: str, run: Run) -> None:
        """We go, the run may stay: agent flows are asked to stop, of others a note is kept."""
        with suppress(StoreUnavailable):
            if run.agentflow and await self._flowise.abort(chat_id):
                await self._store.run_ended(chat_id)
            else:
                await self._store.run_started(chat_id, replace(run, left_at=self._wall()))

    async def on(self, chat_id: str) -> Run | None:
        """The run that is not over on a chat, as far as can be seen."""
        run = await self._store.run_on(chat_id)
        if run is None or run.awaits_decision or not await self._is_over(chat_id, run):
            return run
        return None

    async def _is_over(self, chat_id: str, run: Run) -> bool:
        over = run.agentflow and await self._flowise.abort(chat_id)
        over = over or await self._flowise.stored_since(chat_id, run.since)
        if over:
            await self._store.run_ended(chat_id)
        return over

    async def waited_for(self, chat_id: str, run: Run) -> bool:
        """Wait until a left run is over; False when the patience ran out first."""
        if not run.left_at:  # its process was killed, nobody knows when
            run = replace(run, left_at=self._wall())
            await self._store.run_started(chat_id, run)
        until = run.left_at + self._wait
        while (rest := until - self._wall()) > 0:
            await self._sleep(min(_POLL, rest))
            if await self._is_over(chat_id, run):
                return True
        return False
