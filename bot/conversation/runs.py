"""Notes each run in Flowise before it starts, so that the next question waits for a run whose stream was left.

After its stream is closed, a run continues in Flowise, and a second request on its chatId would mix both answers
(measured on 3.1.4). The note survives a killed process, and is deleted when the run is seen to have ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from bot.errors import FlowiseError, KeyRefused, StoreUnavailable
from bot.flowise.events import Event
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.records.thread import Expected, OpenAnswer, Run

log = structlog.get_logger(__name__)

# How often a waiting question checks whether the earlier run is over, in seconds.
_POLL = 3.0
# How often it checks whether the process that reads the run on has seen its end: this asks the store alone.
_LOOK = 0.5
# Seconds after which the note of a run that is read on is renewed, and after which one that was not tells that its
# process is gone: as long as a hold on a question lasts.
RENEWAL = 4.0
_READER_GONE = 15.0
# Seconds to wait for an abort when leaving a run, because the ending of an answer waits meanwhile.
_ABORT_SECONDS = 3.0
_ABORT_SETTLES = 2.0
# Seconds in which a run must be seen to be over where nothing is lost by not waiting for it.
_BRIEFLY = 2.0
# Seconds for which a person is not told that the connection broke: the answer may be stored by now.
_AT_ONCE = 1.0


class Runs:
    """The runs of one chatflow, each noted with its line. `wait` is how long to wait for a run after it was left, in
    seconds. `reads_answers`: there is an API key, with which an answer is seen to be stored. `now` returns monotonic
    seconds, `wall` epoch seconds.

    Only the time at which a run was left is taken from `wall`, because another process may need it. That process's
    clock may differ, so the time since then is never negative, and time spent waiting here is counted by `now`.
    """

    def __init__(
        self,
        flowise: Flowise,
        store: Store,
        *,
        wait: float,
        reads_answers: bool,
        now: Callable[[], float],
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._store = store
        self._wait = wait
        self._reads_answers = reads_answers
        self._now = now
        self._wall = wall
        self._sleep = sleep

    def new(self) -> Run:
        """A run that starts now. It is noted with its question, directly before Flowise is asked."""
        return Run(since=self._wall())

    async def note(self, line: str, chat_id: str, run: Run) -> None:
        """Note a run. An answer does not fail because a note cannot be written."""
        with suppress(StoreUnavailable):
            await self._store.run_started(line, chat_id, run)

    async def waits(self, line: str, chat_id: str, run: Run, *, ref: str) -> None:
        """Note that a run has paused on that chat for a person's decision; `run.after` is the row it stopped with."""
        try:
            await self._store.run_started(line, chat_id, replace(run, left_at=self._wall()))
        except StoreUnavailable as error:
            log.warning("pending decision not noted", ref=ref, reason=str(error))

    async def noted(self, line: str, opened: OpenAnswer) -> Run:
        """The run of an answer that was asked for before, as it was noted, or as far as its answer tells."""
        noted = None
        with suppress(StoreUnavailable):
            noted = await self._store.run_on(line, opened.chat_id)
        known = Run(since=opened.asked_at, question=opened.question, after=opened.after, spoken=opened.spoken)
        return noted or known

    def broken(self, run: Run) -> Run:
        """A run whose stream broke off now, or was left."""
        return replace(run, left_at=self._wall(), unseen=False)

    async def left(self, line: str, chat_id: str, run: Run) -> None:
        """Note that a run is left, which may continue. An agent flow is asked to stop."""
        await self.note(line, chat_id, self.broken(run))
        if run.agentflow:
            await self.stop(chat_id)

    async def unseen(self, line: str, chat_id: str, run: Run, *, renewed: int = 0) -> None:
        """Note that a person has stopped the answer of a run, which this process reads on; `renewed`: so many times
        before."""
        await self.note(line, chat_id, replace(run, unseen=True, renewed=renewed))

    async def over(self, line: str, chat_id: str) -> None:
        """Note that a run was seen to end. Raises StoreUnavailable."""
        await self._store.run_ended(line, chat_id)

    async def stop(self, chat_id: str) -> None:
        """Ask Flowise to stop the run of an agent flow."""
        with suppress(TimeoutError):  # the next question will ask again
            async with asyncio.timeout(_ABORT_SECONDS):
                await self._flowise.abort(chat_id)

    async def on(self, line: str, chat_id: str, *, briefly: bool = False) -> Run | None:
        """The run on a chat that is not over, as far as can be determined; `briefly`: within two seconds."""
        run = await self._store.run_on(line, chat_id)
        if run is None or run.unseen:
            return run
        with suppress(TimeoutError):
            async with asyncio.timeout(_BRIEFLY if briefly else None):
                return None if await self._is_over(line, chat_id, run, self._left_for(run)) else run
        return run

    def _left_for(self, run: Run) -> float:
        """The seconds since a run was left. A time in the future is another clock's: it counts as now."""
        return max(0.0, self._wall() - run.left_at)

    async def _is_over(self, line: str, chat_id: str, run: Run, left_for: float) -> bool:
        if run.agentflow and run.left_at and not run.awaits_decision:
            # An abort is accepted at once, but a node may take a moment to stop.
            over = await self._flowise.abort(chat_id) and left_for >= _ABORT_SETTLES
        else:  # after a decision made in Flowise, there is a newer answer
            over = run.expected is not None and await self._flowise.has_stored(chat_id, run.expected)
        if over:
            await self._store.run_ended(line, chat_id)
        return over

    async def waited_for(
        self, line: str, chat_id: str, run: Run, *, until: Callable[[], Awaitable[bool]] | None = None
    ) -> bool:
        """Wait until a run that was left is over; False if it is not in `wait` seconds, or nothing would show it.

        One that is read on unseen is waited for at most `until` nobody wants its chat any more.
        """
        if run.unseen:
            return await self._was_read(line, chat_id, run, until)
        if not run.agentflow and (run.expected is None or not self._reads_answers):
            return False
        if not run.left_at:  # its process was killed, at an unknown time
            run = replace(run, left_at=self._wall())
            await self._store.run_started(line, chat_id, run)
        before, began = self._left_for(run), self._now()
        while (rest := self._wait - before - (self._now() - began)) > 0:
            await self._sleep(min(_POLL, rest))
            if await self._is_over(line, chat_id, run, before + self._now() - began):
                return True
        return False

    async def _was_read(self, line: str, chat_id: str, run: Run, until: Callable[[], Awaitable[bool]] | None) -> bool:
        """Wait until the process that reads a run on has deleted its note: with its end. False after `wait` seconds.

        Where that process is gone, the run is one that was left.
        """
        before, began = self._left_for(run), self._now()
        last, last_at = run, began
        while (rest := self._wait - before - (self._now() - began)) > 0:
            await self._sleep(min(_LOOK, rest))
            if (noted := await self._store.run_on(line, chat_id)) is None:
                return True
            if until is not None and await until():
                return False
            if noted != last:
                last, last_at = noted, self._now()
            if not noted.unseen or self._now() - last_at >= _READER_GONE:
                return await self.waited_for(line, chat_id, replace(noted, unseen=False))
        # What is stored tells; of an agent flow, nothing is after an abort.
        return not run.agentflow and await self._is_over(line, chat_id, run, self._left_for(run))

    async def answer_of(self, line: str, opened: OpenAnswer, *, ref: str) -> tuple[Event, ...] | None:
        """The answer of a run whose stream is lost, as Flowise has stored it.

        Waits until it is stored; None if it cannot be read without a key, or was not stored within `wait` seconds.
        """
        began, left_at = self._now(), self._wall()
        while opened.expected is not None:
            try:
                stored = await self._stored(line, opened, opened.expected, ref=ref)
            except KeyRefused:
                break
            if stored is not None:
                return stored
            if (rest := self._wait - (self._now() - began)) <= 0:
                break
            await self._sleep(min(_POLL, rest))
        run = Run(opened.asked_at, left_at, question=opened.question, after=opened.after, spoken=opened.spoken)
        await self.note(line, opened.chat_id, run)
        return None

    async def answer_at_once(self, line: str, opened: OpenAnswer, *, ref: str) -> tuple[Event, ...] | None:
        """As `answer_of`, if it is stored by now and Flowise tells it within a second.

        Raises:
            KeyRefused: it can never be read.
        """
        if opened.expected is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AT_ONCE):
                    return await self._stored(line, opened, opened.expected, ref=ref)
        return None

    async def _stored(self, line: str, opened: OpenAnswer, expected: Expected, *, ref: str) -> tuple[Event, ...] | None:
        """The answer of a run that is over by now; None if it cannot be read now. Raises KeyRefused."""
        try:
            stored = await self._flowise.stored_answer(opened.chat_id, expected)
        except KeyRefused:
            raise
        except FlowiseError as error:
            log.info("stored answer not read", ref=ref, chat_id=opened.chat_id, reason=str(error))
            return None
        if stored is not None:
            with suppress(StoreUnavailable):
                await self._store.run_ended(line, opened.chat_id)
        return stored
