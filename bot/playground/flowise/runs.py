"""Connects runs with their listeners: one listener a chatId, and runs that go on when nobody listens.

Flowise keeps the connections of streams in a map keyed by chatId alone. A second request on a chatId takes the first
one's place: it hears both runs mixed, is closed by the end of the first, and the first connection stays open for ever
(measured on Flowise 3.1.4). All of this is kept here, because a client must never let it happen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from aiohttp import web

from bot.playground.flowise.plans import Ending, Plan, PlanStep
from bot.playground.flowise.wire import HEARTBEAT


@dataclass(slots=True, eq=False)
class Received:
    """A POST to /prediction. Times are seconds since the epoch.

    `flow` is the flow's name, empty for an unknown one. `ended` is when its run was over, heard or unheard; None while
    it goes on, and for a request that started none. `left` says that the client went away before its answer's end.
    """

    flow_id: str
    flow: str
    body: Mapping[str, object]
    chat_id: str
    headers: Mapping[str, str]
    at: float
    ended: float | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def question(self) -> str:
        return str(self.body.get("question", ""))

    @property
    def left(self) -> bool:
        return self._gone.is_set()

    async def gone(self) -> None:
        """Wait until the client has gone away."""
        await self._gone.wait()

    def leave(self) -> None:
        self._gone.set()

    async def over(self) -> None:
        """Wait until the run has ended."""
        await self._over.wait()

    def end(self, now: float) -> None:
        self.ended = now
        self._over.set()


@dataclass(slots=True, eq=False)
class Listener:
    """A client's connection that waits for a stream, or for nothing at all."""

    request: web.Request
    response: web.StreamResponse
    heartbeats: bool = True
    opened: bool = False
    broken: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        with suppress(ConnectionError):
            await self.response.prepare(self.request)
            self.opened = True

    async def send(self, data: bytes) -> None:
        """Send to a client that may be gone: Flowise does not care, so neither does the run."""
        if data and self.opened and not self.closed.is_set():
            with suppress(ConnectionError):
                await self.response.write(data)

    def close(self, *, broken: bool) -> None:
        if not self.closed.is_set():
            self.broken = broken
            self.closed.set()


@dataclass(slots=True, eq=False)
class LiveRun:
    """A prediction under way. `store` is called when it went well, before its last frames are sent."""

    plan: Plan
    received: Received
    store: Callable[[], None]
    listener: Listener | None
    abort: asyncio.Event = field(default_factory=asyncio.Event)
    has_begun: bool = False


class LiveRuns:
    """Plays runs, each in a task. `stop` ends all of them."""

    def __init__(self, *, heartbeat: float, wall: Callable[[], float]) -> None:
        self._heartbeat = heartbeat
        self._wall = wall
        self._listener_of: dict[str, Listener] = {}
        self._listeners: set[Listener] = set()
        self._runs: set[LiveRun] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.collisions = 0
        self.stopping = False

    def start(self) -> None:
        if self._heartbeat:
            self._own(asyncio.create_task(self._beat()))

    async def stop(self) -> None:
        """Break off every connection and run.

        Raises:
            ExceptionGroup: runs that failed with an error of this server's own.
        """
        self.stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close(broken=True)
        errors = [result for result in results if isinstance(result, Exception)]
        if errors:
            raise ExceptionGroup("runs of the local Flowise failed", errors)

    def begin(self, run: LiveRun) -> None:
        """Play a run; its listener takes the place of whoever listened on the chatId."""
        chat_id = run.received.chat_id
        self.collisions += any(other.received.chat_id == chat_id for other in self._runs)
        if run.listener:
            self._listener_of[chat_id] = run.listener
        self._runs.add(run)
        self._own(asyncio.create_task(self._play(run)))

    def abort(self, flow_id: str, chat_id: str) -> None:
        """Stop a flow's runs on a chat, where they are of a kind that can be stopped. Before the first event of a run,
        this is lost (measured on Flowise 3.1.4)."""
        for run in self._runs:
            is_meant = (run.received.flow_id, run.received.chat_id) == (flow_id, chat_id)
            if is_meant and run.plan.aborted is not None and run.has_begun:
                run.abort.set()

    def fail(self, flow_id: str, chat_id: str, last: bytes) -> bool:
        """Make a flow's runs on a chat fail at once, with these last bytes; returns whether there was one."""
        found = [run for run in self._runs if (run.received.flow_id, run.received.chat_id) == (flow_id, chat_id)]
        for run in found:
            run.plan = replace(run.plan, aborted=last)
            run.abort.set()
        return bool(found)

    async def listen(self, listener: Listener) -> None:
        """Stay until the listener's connection is to be closed."""
        self._listeners.add(listener)
        try:
            if self.stopping:
                listener.close(broken=True)
            await listener.closed.wait()
        finally:
            self._listeners.discard(listener)

    async def _play(self, run: LiveRun) -> None:
        plan, received = run.plan, run.received
        try:
            await asyncio.sleep(plan.head_wait)
            if run.listener:
                await run.listener.open()
            if not await self._steps(run):
                await self._send(run, run.plan.aborted or b"")
            elif plan.ending is Ending.OPEN:
                await asyncio.Event().wait()
            elif plan.ending is Ending.CLOSED:
                run.store()
                await self._send(run, plan.closing)
        finally:
            self._runs.discard(run)
            received.end(self._wall())
            if run.listener:
                self._dismiss(received.chat_id, broken=self.stopping or plan.ending is Ending.CUT)

    async def _steps(self, run: LiveRun) -> bool:
        """Send step by step, each at its time counted from the start; False when the run was aborted."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for step in run.plan.steps:
            abort = asyncio.Event() if step.deaf else run.abort
            if step.gate:
                await _first(step.gate, abort)
                due = max(due, loop.time())
            due += step.wait
            await _reach(due - loop.time(), abort)
            if abort.is_set():
                return False
            await self._step(run, step)
            run.has_begun = True
        return True

    async def _step(self, run: LiveRun, step: PlanStep) -> None:
        await self._send(run, step.data)
        if step.cut:
            self._dismiss(run.received.chat_id, broken=True)

    async def _send(self, run: LiveRun, data: bytes) -> None:
        """Send to whoever listens on the chatId now: this may be another request's connection."""
        listener = self._listener_of.get(run.received.chat_id)
        if run.listener and listener:
            await listener.send(data)

    def _dismiss(self, chat_id: str, *, broken: bool) -> None:
        listener = self._listener_of.pop(chat_id, None)
        if listener:
            listener.close(broken=broken)

    async def _beat(self) -> None:
        """One heartbeat for all streams of the server, so the first one may come at once."""
        while True:
            await asyncio.sleep(self._heartbeat)
            for listener in list(self._listener_of.values()):
                if listener.heartbeats:
                    await listener.send(HEARTBEAT)

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        # A failed one is kept: `stop` tells of it.
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)


async def _first(gate: asyncio.Event, abort: asyncio.Event) -> None:
    """Wait until either is set."""
    waits = [asyncio.create_task(event.wait()) for event in (gate, abort)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _reach(seconds: float, abort: asyncio.Event) -> None:
    """Wait so long, or until the run is aborted; always yields to other tasks."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await abort.wait()
