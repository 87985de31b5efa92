"""Tests that a process keeps its questions until they are settled, and that others find them when it is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.errors import StoreUnavailable
from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.lease import Lease
from bot.mailbox.mailbox import Mailbox
from bot.records.thread import Item, OpenAnswer, UnansweredQuestion
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore

LINE = "T1:C1:1.0"
SHORT = Durations(lease=0.3, renewal=0.05, settling=0.02)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # what is waited for is in the store
            await asyncio.sleep(0.01)


async def until_counted(mailbox: Mailbox, others: int) -> None:
    async with asyncio.timeout(5):
        while await mailbox.others("T1") != others:  # noqa: ASYNC110  # what is waited for is in the store
            await asyncio.sleep(0.01)


def item(reference: str = "a", ts: float = 1.0) -> Item:
    return Item("T1", LINE, reference, f"{ts:.6f}", "message", "{}")


def process(store: RedisStore, name: str = "ours") -> Mailbox:
    mailbox = Mailbox(store.mailboxes, name, now=time.monotonic, durations=SHORT)
    mailbox.serve("T1")
    return mailbox


async def taken_in(mailbox: Mailbox, wanted: Item) -> Lease:
    lease = await mailbox.accept(wanted)
    assert lease is not None
    return lease


@asynccontextmanager
async def looking(mailbox: Mailbox) -> AsyncIterator[asyncio.Queue[Lease]]:
    """What a process takes over, while it looks."""
    found: asyncio.Queue[Lease] = asyncio.Queue()

    async def look() -> None:
        async for lease in mailbox.abandoned():
            found.put_nowait(lease)

    task = asyncio.create_task(look())
    try:
        yield found
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_is_taken_in_is_held_until_it_is_settled(store: RedisStore) -> None:
    mailbox = process(store)
    lease = await taken_in(mailbox, item())
    assert await mailbox.accept(item()) is None
    assert list(mailbox.held) == [lease]
    again = UnansweredQuestion(item(), ("1.1",))
    await mailbox.settled(lease, again)
    assert list(mailbox.held) == []
    assert await mailbox.asked(LINE, "a") == again
    assert await mailbox.accept(item()) is None


async def test_a_question_of_a_process_that_is_gone_is_taken_over_once(store: RedisStore) -> None:
    opened = OpenAnswer("chat", 5.5, ("1.1",))
    assert await process(store, "dead").accept(item(), opened=opened)
    ours, theirs = process(store), process(store, "theirs")
    async with looking(ours) as found, looking(theirs) as others, asyncio.timeout(5):
        queues = [asyncio.create_task(found.get(), name="ours"), asyncio.create_task(others.get(), name="theirs")]
        [taken], [waiting] = await asyncio.wait(queues, return_when=asyncio.FIRST_COMPLETED)
        lease = taken.result()
        assert (lease.hold.epoch, lease.opened, lease.item) == (2, opened, item())
        assert (lease.taken_over, lease.look, lease.was_asked) == (True, True, True)
        async with (theirs if taken.get_name() == "theirs" else ours).kept(lease):
            await asyncio.sleep(2 * SHORT.lease)
        assert not waiting.done()
        waiting.cancel()
    assert len(ours.held) + len(theirs.held) == 1


async def test_what_goes_on_is_left_alone(store: RedisStore) -> None:
    theirs = process(store, "theirs")
    lease = await taken_in(theirs, item())
    async with looking(process(store)) as found, theirs.kept(lease):
        await asyncio.sleep(2 * SHORT.lease)
        assert found.empty()


async def test_what_is_handed_over_is_taken_at_once(store: RedisStore) -> None:
    theirs = process(store, "theirs")
    lease = await taken_in(theirs, item())
    async with theirs.kept(lease):
        pass
    async with looking(process(store)) as found, asyncio.timeout(5):
        await theirs.handed_over(lease)
        began = time.monotonic()
        assert (await found.get()).item == item()
        assert time.monotonic() - began < SHORT.lease
    assert theirs.held == ()


async def test_a_process_that_stood_still_keeps_what_nobody_has_taken(store: RedisStore) -> None:
    mailbox = process(store)
    lease = await taken_in(mailbox, item())
    mailbox.durations = replace(SHORT, renewal=60)
    async with mailbox.kept(lease):
        await asyncio.sleep(1.5 * SHORT.lease)
        assert lease.is_stale
        mailbox.durations = SHORT
        async with looking(mailbox) as found:
            await asyncio.sleep(3 * SHORT.renewal)
            assert found.empty()  # renewed before it looked after others
    assert lease.ours
    assert list(mailbox.held) == [lease]


async def test_what_nobody_has_begun_to_work_on_is_not_kept_alive(store: RedisStore) -> None:
    mailbox = process(store)
    lease = await taken_in(mailbox, item())
    async with looking(mailbox) as found, asyncio.timeout(5):
        successor = await found.get()
    assert (successor.hold.epoch, successor.item) == (2, lease.item)
    assert list(mailbox.held) == [successor]


async def test_one_that_was_lost_is_settled_by_its_successor_alone(store: RedisStore) -> None:
    dead = process(store, "dead")
    lost = await taken_in(dead, item())
    async with looking(process(store)) as found, asyncio.timeout(5):
        successor = await found.get()
    await lost.stand()
    await dead.settled(lost, UnansweredQuestion(item()))
    assert dead.held == ()
    assert await store.mailboxes.asked(LINE, "a") is None
    assert await successor.stand() == 0
    assert not successor.lost.is_set()


async def test_who_leaves_in_the_middle_of_a_look_keeps_nothing_back_from_the_others(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = await taken_in(process(store, "dead"), item())
    await store.mailboxes.release(lost.hold)
    look, is_taken = store.mailboxes.abandoned, asyncio.Event()

    async def slow(*args: Any, **named: Any) -> object:
        found = await look(*args, **named)
        is_taken.set()
        await asyncio.sleep(0.05)
        return found

    leaving = Mailbox(store.mailboxes, "leaving", now=time.monotonic)
    leaving.serve("T1")
    with monkeypatch.context() as patch:
        patch.setattr(store.mailboxes, "abandoned", slow)
        async with looking(leaving) as nothing:
            await is_taken.wait()
    assert nothing.empty()
    async with looking(process(store)) as found, asyncio.timeout(DURATIONS.lease / 3):
        assert (await found.get()).failures == 0


async def test_processes_count_each_other_until_one_withdraws(store: RedisStore) -> None:
    ours, theirs = process(store), process(store, "theirs")
    assert await ours.others("T1") == 0
    async with looking(theirs):
        await until_counted(ours, 1)  # though we have not looked for anything meanwhile
    assert await theirs.others("T1") == 0
    await theirs.withdraw()
    assert await ours.others("T1") == 0


async def test_without_the_store_the_others_are_as_they_were_known_last(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    store = RedisStore.at(await server.start(), patience=0.3)
    ours, theirs = process(store), process(store, "theirs")
    try:
        async with looking(theirs), looking(ours):
            await until(lambda: ours._others == theirs._others == {"T1": 1})
    finally:
        await server.stop()
    assert await ours.others("T1") == 1
    assert await theirs.others("T2") == 0
    await store.aclose()


async def test_the_last_word_is_settled_when_the_store_is_back(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    store = RedisStore.at(await server.start(), patience=0.3)
    mailbox = process(store)
    lease = await taken_in(mailbox, item())
    await server.stop()
    settling = asyncio.create_task(mailbox.settled(lease))
    await asyncio.sleep(0.1)
    assert list(mailbox.held) == [lease]
    await server.start()
    async with asyncio.timeout(5):
        await settling
    assert list(mailbox.held) == []
    assert await mailbox.accept(item()) is None
    assert await store.mailboxes.stand(lease.hold, 1) is None
    await store.aclose()
    await server.stop()


async def test_after_a_store_was_away_all_may_renew_before_anybody_takes_over(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    url = await server.start()
    theirs_store, store = RedisStore.at(url, patience=0.3), RedisStore.at(url, patience=0.3)
    theirs = process(theirs_store, "theirs")
    lease = await taken_in(theirs, item())
    dead = await taken_in(process(theirs_store, "dead"), item("b", 2.0))
    async with looking(process(store)) as found:
        await asyncio.sleep(2 * SHORT.renewal)
        await server.stop()
        # In the worst case it is back just when who looks first noticed that it was away a lease ago.
        await asyncio.sleep(SHORT.lease + SHORT.renewal / 2)
        await server.start()
        await asyncio.sleep(0.7 * SHORT.lease)
        await lease.stand()
        async with theirs.kept(lease), asyncio.timeout(5):
            assert (await found.get()).item == dead.item
        assert not lease.lost.is_set()
    for one in (store, theirs_store):
        await one.aclose()
    await server.stop()


async def test_a_store_that_is_away_takes_nothing_in(tmp_path: Path) -> None:
    store = RedisStore.at(f"unix://{tmp_path}/nothing.sock", prefix=uuid4().hex)
    mailbox = process(store)
    with pytest.raises(StoreUnavailable):
        await mailbox.accept(item())
    assert list(mailbox.held) == []
    await mailbox.withdraw()
    await store.aclose()
