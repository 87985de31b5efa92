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

from bot.errors import FlowiseError, KeyRefused, StoreUnavailable
from bot.flowise.events import Event
from bot.ports import Flowise, Store
from bot.thread import OpenAnswer, Run

log = structlog.get_logger(__name__)

# How often a question that is held back looks whether the earlier run is over, in seconds.
_POLL = 3.0
# How long the abort is waited for when we leave: somebody waits for our last word.
_ABORT_SECONDS = 3.0
_ABORT_SETTLES = 2.0


class Runs:
    """The runs of one chatflow, each noted with its line. `wait` is how long a left run is waited for, in seconds from
    when it was left.
    """

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
        """A run that starts now; it is noted with its question, directly before Flowise is asked."""
        return Run(since=self._wall())

    async def note(self, line: str, chat_id: str, run: Run) -> None:
        """More is known of a run. An answer under way does not fail for a note."""
        with suppress(StoreUnavailable):
            await self._store.run_started(line, chat_id, run)

    async def waits(self, line: str, chat_id: str, run: Run) -> None:
        """A run has stopped, on that chat, and waits for a person's decision."""
        try:
            await self._store.run_started(line, chat_id, replace(run, left_at=self._wall()))
        except StoreUnavailable as error:
            log.warning("that a run waits could not be noted", reason=str(error))

    async def left(self, line: str, chat_id: str, run: Run) -> None:
        """We go, the run may stay: agent flows are asked to stop, of others a note is kept."""
        await self.note(line, chat_id, replace(run, left_at=self._wall()))
        if run.agentflow:
            with suppress(TimeoutError):  # the next question asks again
                async with asyncio.timeout(_ABORT_SECONDS):
                    await self._flowise.abort(chat_id)

    async def on(self, line: str, chat_id: str) -> Run | None:
        """The run that is not over on a chat, as far as can be seen."""
        run = await self._store.run_on(line, chat_id)
        return None if run is None or await self._is_over(line, chat_id, run) else run

    async def _is_over(self, line: str, chat_id: str, run: Run) -> bool:
        if run.awaits_decision:  # if it was given in Flowise, there is an answer since then
            over = await self._flowise.stored_since(chat_id, run.left_at)
        elif run.agentflow and run.left_at:
            # An abort is taken at once, but what a node is doing may need a moment to end.
            settled = self._wall() - run.left_at >= _ABORT_SETTLES
            over = await self._flowise.abort(chat_id) and settled
        else:
            over = await self._flowise.stored_since(chat_id, run.since)
        if over:
            await self._store.run_ended(line, chat_id)
        return over

    async def waited_for(self, line: str, chat_id: str, run: Run) -> bool:
        """Wait until a left run is over; False when the patience ran out first."""
        if not run.left_at:  # its process was killed, nobody knows when
            run = replace(run, left_at=self._wall())
            await self._store.run_started(line, chat_id, run)
        until = run.left_at + self._wait
        while (rest := until - self._wall()) > 0:
            await self._sleep(min(_POLL, rest))
            if await self._is_over(line, chat_id, run):
                return True
        return False

    async def answer_of(self, line: str, opened: OpenAnswer) -> tuple[Event, ...] | None:
        """The answer of a run that nobody listens to any more, as Flowise has stored it.

        Waits for it; None when there is none, or none that can be read: without a key, or when the patience ran out.
        """
        chat_id, began = opened.chat_id, self._wall()
        while True:
            try:
                stored = await self._flowise.stored_answer(chat_id, opened.asked_at, question=opened.question)
            except KeyRefused:
                break
            except FlowiseError as error:
                log.info("the stored answer cannot be read yet", chat=chat_id, reason=str(error))
                stored = None
            if stored is not None:
                with suppress(StoreUnavailable):
                    await self._store.run_ended(line, chat_id)
                return stored
            if self._wall() - began >= self._wait:
                break
            await self._sleep(_POLL)
        await self.note(line, chat_id, Run(since=opened.asked_at, left_at=began))
        return None
