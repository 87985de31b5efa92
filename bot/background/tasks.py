"""Runs what outlives the event it came with, and ends it in steps when the process stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import TypeVar

import structlog

from bot.errors import BotError, StoreUnavailable

log = structlog.get_logger(__name__)
T = TypeVar("T")

# After the grace period, how long the last words may take, in seconds.
LAST_WORDS = 8.0


class Tasks:
    """Work that outlives the event it came with. It ends in steps: `leaving`, then `stopping`, then by being cancelled.

    `leaving`: nothing new is taken in; `stopping`: the grace period is over, and each answer gets its last word.
    """

    def __init__(self) -> None:
        self.leaving = asyncio.Event()
        self.stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._later: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None], *, name: str, later: bool = False) -> asyncio.Task[None]:
        """Run something to its end; `stop` waits for it. What it raises is logged. Cancelling the task ends it.

        What is done `later` is nothing that anybody waits for.
        """
        task = asyncio.create_task(_guarded(work, name))
        self._tasks.add(task)
        if later:
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def under_way(self) -> int:
        """How much is being done that somebody waits for."""
        return len(self._tasks) - len(self._later)

    async def stop(self, grace: float) -> None:
        """Wait `grace` seconds for what is under way, then for the last words, then end what is left."""
        self.leaving.set()
        if self._tasks:
            log.info("running answers awaited", answers=self.under_way, seconds=grace)
            await self._done_within(grace)
        self.stopping.set()
        await self._done_within(LAST_WORDS)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _done_within(self, seconds: float) -> None:
        hurry, done = asyncio.create_task(self._hurry.wait()), asyncio.create_task(self._done())
        await asyncio.wait({hurry, done}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (hurry, done):
            task.cancel()

    async def _done(self) -> None:
        while self._tasks:  # those that begin meanwhile included
            await asyncio.wait(set(self._tasks))

    def hurry(self) -> None:
        """End at once: what is under way is left to others, or to the next start."""
        self._hurry.set()


class Share:
    """What is under way for one part of the process, which may end before the others do. It ends with all `tasks`."""

    def __init__(self, tasks: Tasks) -> None:
        self.leaving = tasks.leaving
        self.stopping = tasks.stopping
        self._tasks = tasks
        self._own: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None], *, name: str, later: bool = False) -> None:
        """As `Tasks.start`."""
        task = self._tasks.start(work, name=name, later=later)
        self._own.add(task)
        task.add_done_callback(self._own.discard)

    @property
    def under_way(self) -> int:
        """How much is being done, whether somebody waits for it or not."""
        return len(self._own)

    async def end(self) -> None:
        """End all of it at once."""
        ending = list(self._own)
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)


async def end(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended, however often we are cancelled meanwhile: whatever it has in its hands
    is free then. What it raises is passed over."""
    task.cancel()
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            is_cancelled = True
    if not task.cancelled():
        task.exception()
    if is_cancelled:
        raise asyncio.CancelledError


async def _guarded(work: Coroutine[None, None, None], name: str) -> None:
    try:
        await work
    except StoreUnavailable as error:
        log.warning("work not finished: store unreachable", work=name, reason=str(error))
    except Exception as error:  # one failing message must not end the others
        log.exception("work not finished", work=name, error=type(error).__name__)


def background(stack: AsyncExitStack, task: asyncio.Task[None]) -> None:
    """End a task before what it works with is closed."""

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)


def owned(stack: AsyncExitStack, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
    """A task that ends with the stack at the latest."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, BotError):  # those are told where the task is waited for
            raise error

    stack.push_async_callback(end)
    return task
