"""Knows the runs in Flowise: each is noted before it starts, so that one that we left is not run into by the next.

A stream that we leave goes on in Flowise, and a second request on its chatId would mix both answers (measured on
3.1.4). The note outlives a killed process; it is taken away when the run has been seen to end.
"""

from __future__ import annotations

import asyncio
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
# How long the abort is waited for when we leave: somebody waits for our last word.
_ABORT_SECONDS = 3.0
_ABORT_SETTLES = 2.0


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

    def new(self) -> Run:
        return Run(since=self._wall())

    async def begin(self, chat_id: str, run: Run) -> None:
        """Note a run that is about to start. Raises StoreUnavailable: then it must not start."""
        await self._store.run_started(chat_id, run)

    async def never_began(self, chat_id: str) -> None:
        """We were stopped before Flowise was asked."""
        with suppress(StoreUnavailable):
            await self._store.run_ended(chat_id)

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
                await self._store.run_started(now_on, replace(run, left_at=self._wall()))
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
            await self._store.run_started(chat_id, replace(run, left_at=self._wall()))
        if run.agentflow:
            with suppress(TimeoutError):  # the next question asks again
                async with asyncio.timeout(_ABORT_SECONDS):
                    await self._flowise.abort(chat_id)

    async def on(self, chat_id: str) -> Run | None:
        """The run that is not over on a chat, as far as can be seen."""
        run = await self._store.run_on(chat_id)
        return None if run is None or await self._is_over(chat_id, run) else run

    async def _is_over(self, chat_id: str, run: Run) -> bool:
        if run.awaits_decision:  # if it was given in Flowise, there is an answer since then
            over = await self._flowise.stored_since(chat_id, run.left_at)
        elif run.agentflow and run.left_at:
            # An abort is taken at once, but what a node is doing may need a moment to end.
            settled = self._wall() - run.left_at >= _ABORT_SETTLES
            over = await self._flowise.abort(chat_id) and settled
        else:
            over = await self._flowise.stored_since(chat_id, run.since)
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
