"""Knows the pump: events in, Slack calls out, one timer. The only loop that waits for a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bot.errors import Interrupted
from bot.ports import Slack
from bot.reply.contract import Failed, Finished, Reply, ReplyEvent


async def deliver(
    reply: Reply,
    events: AsyncGenerator[ReplyEvent, None],
    slack: Slack,
    *,
    now: Callable[[], float],
    stopping: asyncio.Event,
    reference: str,
) -> None:
    """Bring an answer to Slack: returns when the last call is made and the events are closed.

    One call is under way at a time; events are received meanwhile. When `stopping` is set, the events are closed and
    the reply gets its last word.
    """
    wake = asyncio.Event()

    async def feed() -> None:
        async with aclosing(events):
            async for event in events:
                reply.receive(event, now())
                wake.set()
                if isinstance(event, Finished | Failed):
                    return
        raise RuntimeError("the events ended without a last word")

    async def stop() -> None:
        await stopping.wait()
        if not feeder.done():
            feeder.cancel()
            await asyncio.wait([feeder])
        if feeder.cancelled():
            reply.receive(Failed(Interrupted("the bot was stopped"), reference), now())
            wake.set()

    feeder = asyncio.create_task(feed())
    stopper = asyncio.create_task(stop())
    feeder.add_done_callback(lambda _: wake.set())
    try:
        await _pump(reply, slack, wake, feeder, now)
    finally:
        stopper.cancel()
        feeder.cancel()
        await asyncio.wait([feeder, stopper])
    if not feeder.cancelled():
        feeder.result()


async def _pump(
    reply: Reply, slack: Slack, wake: asyncio.Event, feeder: asyncio.Task[None], now: Callable[[], float]
) -> None:
    while True:
        wake.clear()
        call = reply.next_call(now())
        if call is not None:
            reply.answered(call, await slack.call(call), now())
            continue
        broken = feeder.done() and not feeder.cancelled() and feeder.exception() is not None
        if reply.done or broken:
            return
        at = reply.wake_at(now())
        try:
            async with asyncio.timeout(None if at is None else max(0.0, at - now())):
                await wake.wait()
        except TimeoutError:
            continue
