"""Tests that a stop reaches the process that works on the question, is noted once, and lets nothing more be asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from bot.mailbox.durations import Durations
from bot.mailbox.lease import Lease
from bot.mailbox.mailbox import Mailbox
from bot.mailbox.stages import Stage
from bot.records.thread import Hold, Item, OpenAnswer, Run, StopRequest, StopResult, UnansweredQuestion
from bot.store.redis import RedisStore

NEVER = 3_600.0
BY_ADA = StopRequest("U1", 5.5)
QUIET = Durations(renewal=NEVER, poll=NEVER, note=NEVER)
"""Nothing else asks the store."""


def item(number: int = 0, line: str = "T1:C1:1.0") -> Item:
    return Item("T1", line, f"item-{number}", f"{100 + number}.000000", "message", "{}")


def process(store: RedisStore, name: str, durations: Durations = QUIET) -> Mailbox:
    mailbox = Mailbox(store.mailboxes, name, now=time.monotonic, durations=durations)
    mailbox.serve("T1")
    return mailbox


async def taken_in(mailbox: Mailbox, wanted: Item) -> Lease:
    lease = await mailbox.accept(wanted)
    assert lease is not None
    return lease


@pytest.fixture
async def requests() -> list[str]:
    """The errors of the requests that the other process has made, empty ones where they went well."""
    return []


@pytest.fixture
async def other(redis_url: str, store: RedisStore, requests: list[str]) -> AsyncIterator[RedisStore]:
    """The same store, as another process sees it."""
    seen = RedisStore.at(redis_url, prefix=store._prefix, observer=lambda _, error: requests.append(error))
    yield seen
    await seen.aclose()


async def test_whoever_works_on_it_hears_of_it_within_a_second_with_one_request_for_all(
    store: RedisStore, other: RedisStore, requests: list[str]
) -> None:
    ours, theirs = process(store, "ours"), process(other, "theirs")
    async with AsyncExitStack() as stack:
        leases = [await taken_in(theirs, item(number, f"T1:C1:{number}.0")) for number in range(30)]
        for lease in leases:
            await stack.enter_async_context(theirs.kept(lease))
            await lease.place()
        requests.clear()
        assert await ours.stop("T1:C1:7.0", "item-7", BY_ADA) is StopResult.NOTED
        async with asyncio.timeout(1):
            await leases[7].stopped.wait()
        assert len(requests) <= 2  # and not one for each of the thirty
        assert leases[7].stop == BY_ADA
        assert [lease for lease in leases if lease.stop] == [leases[7]]
        assert await ours.stop("T1:C1:7.0", "item-7", StopRequest("U2", 6.5)) is StopResult.ALREADY
    requests.clear()
    await asyncio.sleep(2 * QUIET.stops)
    assert requests == []  # nothing is under way


async def test_a_process_that_works_on_it_itself_is_told_at_once(store: RedisStore) -> None:
    mailbox = process(store, "ours", replace(QUIET, stops=NEVER))
    lease = await taken_in(mailbox, item())
    async with mailbox.kept(lease):
        assert await mailbox.stop(lease.item.line, lease.item.reference, BY_ADA) is StopResult.NOTED
        assert lease.stopped.is_set()


async def test_what_is_settled_or_unknown_cannot_be_stopped_and_leaves_no_note(store: RedisStore) -> None:
    mailbox = process(store, "ours")
    lease = await taken_in(mailbox, item())
    assert await mailbox.stop(lease.item.line, "unknown", BY_ADA) is StopResult.GONE
    assert await mailbox.stop(lease.item.line, lease.item.reference, BY_ADA) is StopResult.NOTED
    await mailbox.settled(lease, UnansweredQuestion(lease.item))
    assert await mailbox.stop(lease.item.line, lease.item.reference, BY_ADA) is StopResult.GONE
    left = [key async for key in store._client.scan_iter(match=f"{store._prefix}:*stopped*")]
    assert left == [f"{store._prefix}:{{lines}}:stopped"]  # where it is told for a minute


async def test_one_that_was_stopped_before_is_not_asked_whoever_has_noted_it(
    store: RedisStore, other: RedisStore
) -> None:
    """The process that is about to ask has not heard of it yet."""
    theirs = process(other, "theirs", replace(QUIET, stops=NEVER))
    lease = await taken_in(theirs, item())
    lease.turn_came()
    assert await process(store, "ours").stop(lease.item.line, lease.item.reference, BY_ADA) is StopResult.NOTED
    assert not lease.stopped.is_set()
    assert not await lease.asks("chat", "why?", Run(5.5))
    assert lease.stop == BY_ADA
    assert lease.stage is Stage.LEASED
    assert not lease.lost.is_set()
    assert await store.run_on(lease.item.line, "chat") is None


async def test_a_note_that_was_made_before_the_stop_counts_when_it_arrives_again(store: RedisStore) -> None:
    """Its answer was lost: the run may have been asked for, and must not be taken for one that was not."""
    hold, opened, run = Hold(item(), "ours"), OpenAnswer("chat", 5.5), Run(5.5)
    assert await store.mailboxes.accept(hold, 10.0, opens=None, opened=OpenAnswer())
    assert await store.mailboxes.note(hold, opened, run) is True
    assert await store.mailboxes.stops.stop(hold.item.line, hold.item.reference, BY_ADA) is StopResult.NOTED
    assert await store.mailboxes.note(hold, opened, run) is True
    assert await store.mailboxes.note(hold, replace(opened, asked_at=6.5), run) == BY_ADA


async def test_who_takes_it_over_knows_of_it(store: RedisStore) -> None:
    short = Durations(lease=0.05, renewal=0.02)
    gone = await taken_in(process(store, "gone", short), item())
    ours = process(store, "ours", short)
    assert await ours.stop(gone.item.line, gone.item.reference, BY_ADA) is StopResult.NOTED
    async with asyncio.timeout(5):
        async for lease in ours.abandoned():
            assert lease.stop == BY_ADA
            break


async def test_the_items_of_a_mailbox_are_told_in_their_order(store: RedisStore) -> None:
    mailbox = process(store, "ours")
    for number in (2, 0, 1):
        await taken_in(mailbox, item(number))
    await store._client.hset(f"{store._prefix}:{{{item().line}}}:items", "broken", "no item")
    assert await mailbox.items(item().line) == (item(0), item(1), item(2))
