"""Ends what is done for a question as soon as a person stops it, while that may be dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bot.background.tasks import end
from bot.reply.contract import Stopping, TurnEvent


async def until_stopped(
    events: AsyncGenerator[TurnEvent, None], stopped: asyncio.Event, may_be_dropped: Callable[[], bool]
) -> AsyncGenerator[TurnEvent, None]:
    """Yield events until they end, or until they are `stopped` while they `may_be_dropped`.

    Whatever waits for the next event is cancelled then, and `Stopping` is the last event. Once they may not be dropped,
    they are yielded as they are.
    """
    stopping = asyncio.create_task(stopped.wait())
    async with aclosing(events):
        try:
            while may_be_dropped():
                following = asyncio.create_task(_next(events))
                try:
                    await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    is_dropped = stopped.is_set() and may_be_dropped()
                    event = None if is_dropped else await following
                finally:
                    await end(following)
                if is_dropped:
                    yield Stopping()
                if event is None:
                    return
                yield event
        finally:
            stopping.cancel()
        async for event in events:
            yield event


async def _next(events: AsyncGenerator[TurnEvent, None]) -> TurnEvent | None:
    """The next event; None after the last one."""
    return await anext(events, None)
