"""Keeps background work running: whatever it raises is logged, and it is started again after a pause that grows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass

import structlog

from bot.errors import BotError

log = structlog.get_logger(__name__)

# Seconds before work that has failed is started again, the more often it has failed in a row.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
# Seconds of work without a failure after which the earlier ones no longer count.
_CALM = 60.0


@dataclass(frozen=True, slots=True)
class _Failing:
    """Work that has failed so many `times` in a row, `until` a time at which it counts as well again."""

    error: str
    times: int
    until: float


class Supervisor:
    """The background work of one process, each by a name. `now` is monotonic, in seconds."""

    def __init__(self, now: Callable[[], float], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._now = now
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: dict[str, _Failing] = {}

    def start(
        self, name: str, work: Callable[[], Awaitable[None]], *, longest: float = _PAUSES[-1]
    ) -> asyncio.Task[None]:
        """Run `work` until it returns; when it raises, once more, after `longest` seconds at most.

        Several may share a name. Cancelling the task ends it.
        """
        # In a context of its own: its lines are not about the question that happened to start it.
        task = asyncio.create_task(self._supervised(name, work, longest), name=name, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def failing(self) -> str:
        """What has failed within the last minute, with how often, in words without secrets; empty where all is well."""
        now = self._now()
        found = [(name, one) for name, one in sorted(self._failing.items()) if now < one.until]
        return ", ".join(f"{name} ({one.error}, {one.times} times)" for name, one in found)

    async def stop(self) -> None:
        """End all of it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _supervised(self, name: str, work: Callable[[], Awaitable[None]], longest: float) -> None:
        failures = 0
        while True:
            began = self._now()
            try:
                return await work()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                error: BaseException = asyncio.CancelledError("something that it waited for was cancelled")
            except Exception as raised:  # noqa: BLE001  # whatever it is, it is logged, and the work goes on
                error = raised
            failures = 1 if self._now() - began > _CALM else failures + 1
            pause = min(_PAUSES[min(failures, len(_PAUSES)) - 1], longest)
            self._note(name, error, failures, pause)
            await self._sleep(pause)

    def _note(self, name: str, error: BaseException, failures: int, pause: float) -> None:
        kind = type(error).__name__
        self._failing[name] = _Failing(kind, failures, self._now() + pause + _CALM)
        trace = None if isinstance(error, BotError) else error
        log.error("background work failed", work=name, error=kind, reason=str(error), again_in=pause, exc_info=trace)
