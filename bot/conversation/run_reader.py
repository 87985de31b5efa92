"""Reads the events of one prediction in a task of its own, so that it can be read on when nobody is shown them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from bot.background.tasks import end
from bot.flowise.events import Event

# So many events may wait to be shown; then nothing more is read, so that a fast flow waits for us and fills no memory.
_AHEAD = 64
# Seconds without an event after which somebody is asked whether it is waited for in vain, again and again.
_SILENT = 10.0


async def _nothing() -> None:
    return


class RunReader:
    """The events of one prediction, from the moment it is made. Whoever has it must end with `close` or `read_on`."""

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        self.is_unwanted = False
        """Whether what is left of it is not to be shown."""
        self._due: deque[Event] = deque()
        self._unseen: Callable[[Event], object] | None = None
        self._woken = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._read(events))
        self._task.add_done_callback(lambda _: self.wake())

    def wake(self) -> None:
        """Have `shown` look again whether it is to go on."""
        self._woken.set()

    async def shown(
        self, *, until: Callable[[], bool], in_silence: Callable[[], Awaitable[None]] = _nothing
    ) -> AsyncGenerator[Event, None]:
        """Yield the events as they come, up to the end of the run or `until` they are not wanted any more.

        Raises what the prediction raises, after the events before it; and what `in_silence` raises, which is awaited
        after every ten seconds in which nothing came.
        """
        while not until():
            if self._due:
                event = self._due.popleft()
                self._room.set()
                yield event
            elif self._task.done():
                self._task.result()
                return
            else:
                self._woken.clear()
                try:
                    async with asyncio.timeout(_SILENT):
                        await self._woken.wait()
                except TimeoutError:
                    await in_silence()
        self.is_unwanted = True

    async def read_on(self, unseen: Callable[[Event], object]) -> None:
        """Read to the end of the run, and give `unseen` each event that was not shown. Raises what the prediction
        raises. Cancelled, it closes the stream."""
        self._unseen = unseen
        while self._due:
            unseen(self._due.popleft())
        self._room.set()
        try:
            await asyncio.wait({self._task})
            self._task.result()
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the stream, if it has not ended: the run goes on in Flowise."""
        await end(self._task)

    async def _read(self, events: AsyncGenerator[Event, None]) -> None:
        async with aclosing(events):
            async for event in events:
                if self._unseen is not None:
                    self._unseen(event)
                    continue
                self._due.append(event)
                self._woken.set()
                if len(self._due) >= _AHEAD:
                    self._room.clear()
                    await self._room.wait()
