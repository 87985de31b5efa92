"""Tests that what waits for a question is dropped when the question is stopped, and only while it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import pytest

from bot.conversation.until_stopped import until_stopped
from bot.reply.contract import Queued, Stopping, Thinking, TurnEvent


class Waiting:
    """Events that wait for something after the first one; `let_go` is how they end when they are cancelled."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.lets_go = asyncio.Event()
        self.lets_go.set()
        self.is_over = False

    async def events(self) -> AsyncGenerator[TurnEvent, None]:
        try:
            yield Queued(1)
            await self.goes_on.wait()
            yield Thinking()
        finally:
            await self.lets_go.wait()
            self.is_over = True


async def seen(events: AsyncGenerator[TurnEvent, None]) -> list[TurnEvent]:
    async with aclosing(events):
        return [event async for event in events]


async def test_what_waits_is_dropped_when_it_is_stopped() -> None:
    waiting, stopped = Waiting(), asyncio.Event()
    watching = asyncio.create_task(seen(until_stopped(waiting.events(), stopped, lambda: True)))
    await asyncio.sleep(0.01)
    stopped.set()
    assert await watching == [Queued(1), Stopping()]
    assert waiting.is_over


async def test_what_may_not_be_dropped_goes_on() -> None:
    waiting, stopped, may_be_dropped = Waiting(), asyncio.Event(), True
    watching = asyncio.create_task(seen(until_stopped(waiting.events(), stopped, lambda: may_be_dropped)))
    await asyncio.sleep(0.01)
    may_be_dropped = False
    stopped.set()
    await asyncio.sleep(0.01)
    assert not watching.done()
    waiting.goes_on.set()
    assert await watching == [Queued(1), Thinking()]


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_it_is_cancelled_as_often_as_you_like_and_lets_go_of_everything(times: int) -> None:
    """The delivery loop cancels twice when the bot is stopped."""
    waiting = Waiting()
    waiting.lets_go.clear()
    watching = asyncio.create_task(seen(until_stopped(waiting.events(), asyncio.Event(), lambda: True)))
    await asyncio.sleep(0.01)
    for _ in range(times):
        watching.cancel()
        await asyncio.sleep(0.01)
    assert not watching.done()
    waiting.lets_go.set()
    with suppress(asyncio.CancelledError):
        await watching
    assert watching.cancelled()
    assert waiting.is_over
