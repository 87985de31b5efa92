"""Follows a run whose answer a person has stopped: asks Flowise to end it where that helps, and reads it to its end.

Flowise's abort endpoint ends agent flows alone, loses a request that comes before the run's first event, and hears a
tool or a sub-flow late or not at all (measured on 3.1.4). A chatflow goes on whatever is asked, and remembers its
answer. So the stream is read on, unseen, until it ends: only then another question may be asked on its chat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import structlog

from bot import errors
from bot.background.tasks import Share
from bot.conversation.admission import Slot
from bot.conversation.run_reader import RunReader
from bot.conversation.runs import RENEWAL, Runs
from bot.errors import FlowiseEmpty, FlowiseError
from bot.flowise.events import Event
from bot.mailbox.retry import retried
from bot.records.thread import Run, StopOutcome

log = structlog.get_logger(__name__)

# Seconds for which the answer's last edit waits for the outcome, so that it tells it: an aborted agent flow reports its
# error 20 to 40 ms after the request (measured on 3.1.4), and the person is to read the line within two seconds. Of a
# chatflow, only an end that is there already is waited for.
_OUTCOME_SECONDS = 0.8
_AT_HAND = 0.1
# After how many seconds a run that goes on is asked again to stop: the first request may have come too early.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class RunState(Protocol):
    """What is known of a run from its events so far. `agentflow` is set once it is known to be an agent flow's."""

    run: Run
    agentflow: asyncio.Event

    @property
    def has_begun(self) -> bool:
        """Whether an event came."""
        ...

    def takes(self, event: Event) -> object:
        """Note an event."""
        ...


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """A run that was stopped: its line, its chat, its stream, what is known of it, and its place among those that run.

    `finished` notes that it has ended well all the same.
    """

    line: str
    chat_id: str
    ref: str
    reader: RunReader
    state: RunState
    slot: Slot
    finished: Callable[[], Awaitable[None]]


class UnseenRuns:
    """Follows runs in the background, among the `tasks` of a workspace. Each keeps its place until it has ended."""

    def __init__(self, runs: Runs, tasks: Share, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._runs = runs
        self._tasks = tasks
        self._sleep = sleep

    async def follow(self, stopped: StoppedRun) -> StopOutcome:
        """Follow a run from now on. Returns within a second what became of it so far."""
        stopped.slot.keep()
        stopped.state.run = self._runs.broken(stopped.state.run)
        outcome: asyncio.Future[StopOutcome] = asyncio.get_running_loop().create_future()
        noted = asyncio.Event()
        may_end = stopped.state.agentflow.is_set() or not stopped.state.has_begun
        self._tasks.start(self._followed(stopped, outcome, noted), name="reading a stopped run", later=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_OUTCOME_SECONDS):
                await noted.wait()  # when the answer has ended, the next question must find that the run has not
                await asyncio.wait({outcome}, timeout=None if may_end else _AT_HAND)
        return outcome.result() if outcome.done() else StopOutcome.GOES_ON

    async def _followed(self, stopped: StoppedRun, outcome: asyncio.Future[StopOutcome], noted: asyncio.Event) -> None:
        try:
            found = await self._outcome(stopped, noted)
        except asyncio.CancelledError:
            await asyncio.shield(self._runs.left(stopped.line, stopped.chat_id, stopped.state.run))
            raise
        finally:
            stopped.slot.give_up()
        outcome.set_result(found)
        log.info("stopped run followed", ref=stopped.ref, outcome=found.value)
        if found is StopOutcome.UNKNOWN:
            await self._runs.left(stopped.line, stopped.chat_id, stopped.state.run)
            return
        if found is StopOutcome.FINISHED:
            await retried(stopped.finished, self._sleep, ref=stopped.ref)
        if not stopped.state.run.awaits_decision:
            await retried(lambda: self._runs.over(stopped.line, stopped.chat_id), self._sleep, ref=stopped.ref)

    async def _outcome(self, stopped: StoppedRun, noted: asyncio.Event) -> StopOutcome:
        """What became of a run: unknown if its stream breaks off, or the bot is being stopped before it has ended."""
        reading = asyncio.create_task(self._read(stopped, noted))
        leaving = asyncio.create_task(self._tasks.leaving.wait())
        beside = (self._aborted(stopped), self._renewed(stopped))
        tasks = {reading, leaving, *map(asyncio.create_task, beside)}
        try:
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else StopOutcome.UNKNOWN
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _read(self, stopped: StoppedRun, noted: asyncio.Event) -> StopOutcome:
        """Read a run to its end."""
        await self._runs.unseen(stopped.line, stopped.chat_id, stopped.state.run)
        noted.set()
        try:
            await stopped.reader.read_on(stopped.state.takes)
        except FlowiseEmpty:  # its turn is remembered, with an answer of no words
            return StopOutcome.FINISHED
        except FlowiseError as error:
            return StopOutcome.UNKNOWN if error.run is errors.RunState.UNKNOWN else StopOutcome.FORGOTTEN
        return StopOutcome.FINISHED

    async def _renewed(self, stopped: StoppedRun) -> None:
        """Note over and over that the run is read on: whoever waits for its end would take this process for dead."""
        for times in count(1):
            await self._sleep(RENEWAL)
            await self._runs.unseen(stopped.line, stopped.chat_id, stopped.state.run, renewed=times)

    async def _aborted(self, stopped: StoppedRun) -> None:
        """Ask Flowise to stop an agent flow, from its first event on, and again while it goes on."""
        if not stopped.state.agentflow.is_set():
            await stopped.state.agentflow.wait()
            await self._runs.unseen(stopped.line, stopped.chat_id, stopped.state.run)
        for pause in _PAUSES:
            await self._runs.stop(stopped.chat_id)
            await self._sleep(pause)
