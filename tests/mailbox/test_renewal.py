"""Tests that waiting questions learn of their turn, in one process and across two, hundreds at the cost of ten."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.lease import Lease
from bot.mailbox.mailbox import Mailbox
from bot.records.thread import Item, UnansweredQuestion
from bot.store.connections import connect
from bot.store.redis import RedisStore

NEVER = 3_600.0


def item(number: int) -> Item:
    return Item("T1", "T1:C1:1.0", f"item-{number}", f"{100 + number}.000000", "message", "{}")


UNASKED = Durations(renewal=NEVER, poll=NEVER)
"""Nobody looks again by itself."""


def process(store: RedisStore, name: str = "ours", durations: Durations = DURATIONS) -> Mailbox:
    return Mailbox(store.mailboxes, name, now=time.monotonic, durations=durations)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def kept(stack: AsyncExitStack, mailbox: Mailbox, number: int) -> Lease:
    """A question that was taken in and is worked on."""
    lease = await mailbox.accept(item(number))
    assert lease is not None
    await stack.enter_async_context(mailbox.kept(lease))
    return lease


async def comes_to(place: int, lease: Lease) -> None:
    """Wait until so many come before it."""
    async with asyncio.timeout(5):
        while await lease.moved() != place:
            pass


async def test_who_is_next_in_the_same_process_is_woken(store: RedisStore, stack: AsyncExitStack) -> None:
    mailbox = process(store, durations=UNASKED)
    held = [await kept(stack, mailbox, number) for number in range(3)]
    for number in range(3):
        await comes_to(number, held[number])
    await mailbox.settled(held[0])
    await comes_to(0, held[1])
    await comes_to(1, held[2])
    await mailbox.put_aside(held[1], "nobody can")
    await comes_to(0, held[2])


async def test_who_is_next_in_another_process_hears_of_it_within_a_poll(
    store: RedisStore, stack: AsyncExitStack
) -> None:
    unrenewed = Durations(renewal=NEVER)  # it is not the renewal that brings it
    ours, theirs = process(store, durations=unrenewed), process(store, "theirs", unrenewed)
    first = await kept(stack, ours, 0)
    await comes_to(0, first)
    one, two, three = await kept(stack, theirs, 1), await kept(stack, ours, 2), await kept(stack, theirs, 3)
    for number, lease in enumerate((one, two, three)):
        await comes_to(number + 1, lease)
    await ours.settled(first)
    await comes_to(0, one)
    await comes_to(1, two)
    await comes_to(2, three)
    await theirs.settled(one)
    await comes_to(0, two)
    await comes_to(1, three)


async def test_a_question_may_be_seen_to_wait_when_the_one_before_it_is(
    store: RedisStore, stack: AsyncExitStack
) -> None:
    often = Durations(poll=0.01)
    ours, theirs = process(store, durations=often), process(store, "theirs", often)
    held = [await kept(stack, (ours, theirs)[number % 2], number) for number in range(3)]
    for number, lease in enumerate(held):
        await comes_to(number, lease)
    await asyncio.sleep(0.05)
    assert [lease.may_show for lease in held[1:]] == [False, False]
    held[0].shows(messages=("1.1",))
    await comes_to(1, held[1])
    assert [lease.may_show for lease in held[1:]] == [True, False]
    held[1].shows(messages=("1.2",))
    await comes_to(2, held[2])
    assert held[2].may_show


async def commands(client: Redis, seconds: float) -> float:
    """How many commands a second the server was asked for, those of scripts included."""
    before, began = await counted(client), time.monotonic()
    await asyncio.sleep(seconds)
    return (await counted(client) - before) / (time.monotonic() - began)


async def counted(client: Redis) -> int:
    return sum(one["calls"] for one in (await client.info("commandstats")).values())


async def test_hundreds_that_wait_cost_what_ten_do(own_redis: str) -> None:
    often = Durations(renewal=0.1, poll=0.05)
    store, client = RedisStore.at(own_redis), connect(own_redis)
    ours, theirs = process(store, durations=often), process(store, "theirs", often)
    costs = {}
    async with AsyncExitStack() as stack:
        await kept(stack, ours, 0)
        for many in (10, 300):
            have = len(ours.held) + len(theirs.held) - 1
            numbers = range(have + 1, many + 1)
            held = [await kept(stack, (ours, theirs)[number % 2], number) for number in numbers]
            await asyncio.gather(*(comes_to(number, lease) for number, lease in zip(numbers, held, strict=True)))
            costs[many] = await commands(client, 0.5)
    assert costs[300] <= 1.5 * costs[10]
    await client.aclose()
    await store.aclose()


async def test_nothing_is_left_of_what_has_ended(store: RedisStore) -> None:
    mailbox, tasks = process(store), asyncio.all_tasks()
    for number in range(5):
        async with AsyncExitStack() as stack:
            lease = await kept(stack, mailbox, number)
            await comes_to(0, lease)
            if number == 0:
                await mailbox.settled(lease, UnansweredQuestion(lease.item))
            elif number == 1:
                await mailbox.put_aside(lease, "nobody can")
        if number == 2:
            await mailbox.handed_over(lease)
        elif number == 3:
            await mailbox.failed(lease)
        elif number == 4:
            lease.lost.set()
            await mailbox.settled(lease)
        if number > 1:  # make room for the next
            found = (await store.mailboxes.abandoned(["T1"], "theirs", 0.001))[0]
            for taken in found:
                await store.mailboxes.settle(taken.hold)
    assert (mailbox._leases, mailbox._lines) == ({}, {})
    mailbox._now = lambda: math.inf
    assert mailbox._left_to_others() == []
    assert mailbox._failed == {}
    assert asyncio.all_tasks() == tasks
