"""Tests that a question over a limit, which lets others of its thread go first, is not asked beside them."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from bot.background.supervision import Supervisor
from bot.background.tasks import Share, Tasks
from bot.conversation.fair_use import FairUse
from bot.conversation.question import Question
from bot.mailbox.durations import DURATIONS
from bot.mailbox.lease import Lease
from bot.mailbox.mailbox import Mailbox
from bot.ports.fair_use import Frequency, Limits
from bot.records.thread import Item, Thread
from bot.reply.contract import OverLimit, Place
from bot.store.redis import RedisStore

THREAD = Thread("T1", "C1", "1.0")


async def comes_to(place: int, lease: Lease) -> None:
    """Wait until so many come before it."""
    async with asyncio.timeout(5):
        while lease.before != place:
            await lease.moved()


async def test_one_whose_limit_is_taken_away_still_waits_for_its_turn(store: RedisStore) -> None:
    limits, looked_again = Limits(Frequency(1, 60)), asyncio.Event()

    async def sleep(_: float) -> None:
        await looked_again.wait()

    supervisor, mailbox = Supervisor(time.monotonic), Mailbox(store.mailboxes, "ours", now=time.monotonic)
    fair_use = FairUse(
        store.fair_use,
        "T1",
        lambda: limits,
        tasks=Share(Tasks()),
        supervisor=supervisor,
        durations=DURATIONS,
        now=time.monotonic,
        sleep=sleep,
    )
    await store.fair_use.enter("T1", "U1", "C1", "earlier", limits, DURATIONS.lease)
    async with AsyncExitStack() as stack:
        leases = [await mailbox.accept(Item("T1", THREAD.line, f"q{n}", f"{n}.0", "message", "{}")) for n in (2, 3)]
        first, second = (lease for lease in leases if lease is not None)
        for lease in (first, second):
            await stack.enter_async_context(mailbox.kept(lease))
        await comes_to(0, first)
        question = Question(THREAD, Place("C1", "1.0", "U1"), "2.0", "why?", "q2")
        waiting = fair_use.share(question, first)
        assert await anext(waiting) == OverLimit()
        ended = asyncio.ensure_future(anext(waiting, None))
        await comes_to(0, second)
        limits = Limits()
        looked_again.set()
        await comes_to(1, first)
        assert not ended.done()
        await mailbox.settled(second)
        assert await ended is None
        assert first.before == 0
    await supervisor.stop()
