"""Who may write next: leave is given by worth, within the budget that all share, and whatever becomes of Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.governor import Governor
from bot.reply.policy import Kind, Want
from bot.slack.tiers import QUOTAS
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore

UPDATE = "chat.update"
BURST = QUOTAS[UPDATE].burst


def wanted(kind: Kind, *, channel: str = "C1", method: str = UPDATE, unseen: int = 100) -> Want:
    now = time.monotonic()
    return Want(method, channel, kind, since=now - 5.0, unseen=unseen, last_write=now - 60.0)


@asynccontextmanager
async def governing(store: RedisStore, *, scale: float = 1.0) -> AsyncIterator[Governor]:
    governor = Governor(store, "T1", scale=scale, now=time.monotonic)
    try:
        yield governor
    finally:
        await governor.stop()


async def test_a_call_of_no_method_needs_no_leave(store: RedisStore) -> None:
    async with governing(store) as governor:
        free = wanted(Kind.ENDING, method="")
        assert (await governor.granted(lambda: free)).method == ""


async def test_endings_are_granted_up_to_the_burst_and_no_further(store: RedisStore) -> None:
    async with governing(store) as governor:
        ending = wanted(Kind.ENDING)
        asked = [asyncio.create_task(governor.granted(lambda: ending)) for _ in range(BURST + 5)]
        done, waiting = await asyncio.wait(asked, timeout=0.5)
        assert len(done) in {BURST, BURST + 1}
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_an_ending_goes_before_progress_that_waits(store: RedisStore) -> None:
    async with governing(store) as governor:
        ending, progress = wanted(Kind.ENDING), wanted(Kind.PROGRESS)
        for _ in range(BURST):
            await governor.granted(lambda: ending)
        order: list[Kind] = []

        async def ask(want: Want) -> None:
            await governor.granted(lambda: want)
            order.append(want.kind)

        tasks = [asyncio.create_task(ask(progress))]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(ask(ending)))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert order == [Kind.ENDING]
        tasks[0].cancel()
        await asyncio.wait(tasks)


async def test_two_replicas_share_what_there_is(redis_url: str) -> None:
    prefix = f"test-{time.monotonic_ns()}"
    stores = [RedisStore.at(redis_url, prefix=prefix) for _ in range(2)]
    async with governing(stores[0]) as one, governing(stores[1]) as other:
        ending = wanted(Kind.ENDING)
        asked = [asyncio.create_task((one, other)[n % 2].granted(lambda: ending)) for n in range(2 * BURST)]
        done, waiting = await asyncio.wait(asked, timeout=0.5)
        assert len(done) in {BURST, BURST + 1}
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    for store in stores:
        await store.aclose()


async def test_a_channel_s_own_limit_holds_up_nobody_elsewhere(store: RedisStore) -> None:
    async with governing(store) as governor:
        post = "chat.postMessage"
        here = wanted(Kind.ENDING, method=post)
        held = [asyncio.create_task(governor.granted(lambda: here)) for _ in range(6)]
        done, waiting = await asyncio.wait(held, timeout=0.3)
        assert len(done) < 6
        elsewhere = wanted(Kind.ENDING, method=post, channel="C2")
        async with asyncio.timeout(1):
            await governor.granted(lambda: elsewhere)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_after_a_refusal_nobody_calls(store: RedisStore) -> None:
    async with governing(store) as governor:
        ending = wanted(Kind.ENDING)
        leave = await governor.granted(lambda: ending)
        await governor.refused(leave, 0.6)
        before = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await governor.granted(lambda: ending)
        assert time.monotonic() - before < 5


async def test_without_redis_a_budget_of_our_own_serves(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedValkey(tmp_path_factory.mktemp("store"))
    store = RedisStore.at(await server.start())
    await server.stop()
    async with governing(store, scale=0.2) as governor:
        ending = wanted(Kind.ENDING)
        asked = [asyncio.create_task(governor.granted(lambda: ending)) for _ in range(12)]
        done, waiting = await asyncio.wait(asked, timeout=3)
        assert len(done) == int(BURST * 0.2)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    await store.aclose()


async def test_who_no_longer_waits_is_forgotten(store: RedisStore) -> None:
    async with governing(store, scale=0.05) as governor:
        ending = wanted(Kind.ENDING)
        await governor.granted(lambda: ending)
        tasks = [asyncio.create_task(governor.granted(lambda: ending)) for _ in range(5)]
        await asyncio.wait(tasks, timeout=0.1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert not any(lane.waiting for lane in governor._lanes.values())
