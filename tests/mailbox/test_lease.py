"""Tests one question that a process works on: what it may write, what it notes, and how it loses its lease."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.errors import StoreUnavailable
from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.lease import Lease
from bot.mailbox.mailbox import Mailbox
from bot.mailbox.stages import Stage
from bot.ports.mailboxes import TakenOver
from bot.records.thread import Hold, Item, OpenAnswer, Run, StopRequest, UnansweredQuestion
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore

LINE = "T1:C1:1.0"
LEASE, CALL_SECONDS = DURATIONS.lease, DURATIONS.call
ITEM = Item("T1", LINE, "a1b2c3d4", "1.0", "message", "{}")


@dataclass
class Clock:
    """A time that goes on when the test says so."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def held(store: RedisStore, clock: Clock, *, opened: OpenAnswer | None = None, lease: float = LEASE) -> Lease:
    """A lease on an item that was just stored."""
    hold, known = Hold(ITEM, "ours"), opened or OpenAnswer()
    assert await store.mailboxes.accept(hold, lease, opens=None, opened=known)
    return Lease(store.mailboxes, hold, known, now=clock)


async def stolen(store: RedisStore, lease: Lease) -> Lease:
    """The same item after another process has taken it over."""
    found: tuple[TakenOver, ...] = ()
    while not found:  # it may be renewed in between
        await store.mailboxes.release(lease.hold)
        found, _ = await store.mailboxes.abandoned(["T1"], "theirs", LEASE)
    [taken] = found
    return Lease(store.mailboxes, taken.hold, taken.opened, now=lease._now)


@asynccontextmanager
async def kept(store: RedisStore, lease: Lease, durations: Durations = DURATIONS) -> AsyncIterator[None]:
    """Renew a hold, and write down what changes, as its process does."""
    mailbox = Mailbox(store.mailboxes, "ours", now=time.monotonic, durations=durations)
    async with mailbox.kept(lease):
        yield


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110  # what is waited for is in the store
            await asyncio.sleep(0.005)


# Whether it may still be written


async def test_a_fresh_hold_may_write_without_asking(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    await stolen(store, lease)
    clock.time += LEASE - CALL_SECONDS - 0.1
    assert await lease.may_write()  # nobody can have taken it before its lease is over
    assert lease.call_seconds == CALL_SECONDS


async def test_a_hold_that_would_not_outlast_the_call_is_renewed_first(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    clock.time += LEASE - CALL_SECONDS
    assert lease.call_seconds == CALL_SECONDS
    clock.time += 3
    assert lease.call_seconds == CALL_SECONDS - 3
    assert await lease.may_write()
    assert lease.call_seconds == CALL_SECONDS
    assert not lease.is_stale


async def test_whoever_wakes_up_after_it_was_taken_over_may_not_write(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    successor = await stolen(store, lease)
    clock.time += LEASE + 60  # it stood still
    assert lease.is_stale
    assert not await lease.may_write()
    assert lease.lost.is_set()
    assert not lease.ours
    assert await successor.may_write()
    assert not await lease.may_write()


async def test_one_that_stood_still_and_was_not_missed_goes_on(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    clock.time += LEASE + 60
    assert await lease.may_write()
    assert not lease.is_stale


async def test_while_the_store_is_away_what_was_begun_is_brought_to_its_end(tmp_path: Path, clock: Clock) -> None:
    server = EmbeddedValkey(tmp_path / "store")
    store = RedisStore.at(await server.start(), patience=0.5)
    lease = await held(store, clock)
    await server.stop()
    clock.time += LEASE + 1
    with pytest.raises(StoreUnavailable):
        await lease.stand()
    assert lease.is_stale
    assert lease.call_seconds == CALL_SECONDS
    assert await lease.may_write()
    await server.start()
    assert await lease.may_write()  # known to be away: it is not asked for a while
    stale = [lease.is_stale]
    clock.time += LEASE
    assert await lease.may_write()
    assert [*stale, lease.is_stale] == [True, False]
    await store.aclose()
    await server.stop()


# What is noted


async def test_what_a_successor_needs_is_noted_directly_before_flowise_is_asked(
    store: RedisStore, clock: Clock
) -> None:
    lease = await held(store, clock)
    lease.turn_came()
    assert lease.stage is Stage.LEASED
    assert await lease.asks("chat", "why?", Run(5.5))
    assert lease.was_asked
    assert await store.run_on(LINE, "chat") == Run(5.5)
    successor = await stolen(store, lease)
    assert successor.was_asked
    assert successor.stage is Stage.ASKED
    assert successor.look
    assert successor.opened == OpenAnswer("chat", 5.5, question="why?")


async def test_who_is_stopped_while_it_notes_that_it_asks_has_not_asked(
    store: RedisStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, made, note = await held(store, clock), asyncio.Event(), store.mailboxes.note

    async def lost(hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool:
        assert await note(hold, opened, run)
        made.set()
        await asyncio.Event().wait()  # its reply does not come
        return True

    lease.turn_came()
    with monkeypatch.context() as patch:
        patch.setattr(store.mailboxes, "note", lost)
        asking = asyncio.create_task(lease.asks("chat", "why?", Run(5.5)))
        await made.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert await store.run_on(LINE, "chat") == Run(5.5)
    await lease.release()
    [taken] = (await store.mailboxes.abandoned(["T1"], "theirs", LEASE))[0]
    assert taken.opened == OpenAnswer()
    assert await store.run_on(LINE, "chat") is None


async def test_what_is_handed_over_while_it_is_noted_is_not_asked_and_counts_as_such(
    store: RedisStore, clock: Clock
) -> None:
    lease = await held(store, clock)
    lease.turn_came()
    async with lease._noting:
        asking = asyncio.create_task(lease.asks("chat", "why?", Run(5.5)))
        await asyncio.sleep(0)
        lease.handed_over = True
    assert not await asking
    await lease.release()
    [taken] = (await store.mailboxes.abandoned(["T1"], "theirs", LEASE))[0]
    assert taken.opened == OpenAnswer()
    assert await store.run_on(LINE, "chat") is None


async def test_it_knows_for_how_long_flowise_is_asked(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    assert lease.asked_for == math.inf
    lease.turn_came()
    assert await lease.asks("chat", "why?", Run(5.5))
    clock.time += 3
    assert lease.asked_for == 3


async def test_one_that_has_lost_its_question_does_not_ask(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    lease.turn_came()
    successor = await stolen(store, lease)
    assert not await lease.asks("chat", "why?", Run(5.5))
    assert lease.lost.is_set()
    assert not lease.was_asked
    assert await store.run_on(LINE, "chat") is None
    assert not (await stolen(store, successor)).was_asked


async def test_after_a_store_has_lost_its_data_the_note_is_made_all_the_same(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock, opened=OpenAnswer(messages=("1.1",)))
    lease.turn_came()
    await emptied(store)
    assert await lease.asks("chat", "why?", Run(5.5))
    assert (await stolen(store, lease)).opened == OpenAnswer("chat", 5.5, ("1.1",), question="why?")


async def emptied(store: RedisStore) -> None:
    await store._client.delete(*[key async for key in store._client.scan_iter(match=f"{store._prefix}:*")])


async def test_what_slack_has_accepted_is_written_down_soon(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    lease.turn_came()
    assert await lease.asks("chat", "why?", Run(5.5))
    async with kept(store, lease):
        lease.shows(messages=("1.1",), stream="1.1")
        assert lease.stage is Stage.STREAMING
        lease.knows("[]", whole=True)
        await until(lambda: is_noted(store, "whole"))
    assert (await stolen(store, lease)).opened == OpenAnswer(
        "chat", 5.5, ("1.1",), "1.1", "[]", whole=True, question="why?"
    )


async def is_noted(store: RedisStore, what: str) -> bool:
    kept = await store._client.hget(f"{store._prefix}:{{{LINE}}}:open", ITEM.reference)
    return bool(json.loads(kept or "{}").get(what))


@pytest.mark.parametrize("delayed", ["what is shown", "what is asked"])
async def test_what_was_asked_and_what_was_shown_at_the_same_time_are_both_noted(
    store: RedisStore, clock: Clock, monkeypatch: pytest.MonkeyPatch, delayed: str
) -> None:
    """Whichever note is on its way for longer: a second prediction would follow from an older one that came last."""
    lease, note, began, may_arrive = await held(store, clock), store.mailboxes.note, asyncio.Event(), asyncio.Event()

    async def slow(hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool | StopRequest:
        if (run is None) is (delayed == "what is shown") and not may_arrive.is_set():
            began.set()
            await may_arrive.wait()
        return await note(hold, opened, run)

    monkeypatch.setattr(store.mailboxes, "note", slow)
    lease.turn_came()
    noting = asyncio.create_task(lease.note_changes())
    if delayed == "what is shown":
        lease.shows(messages=("1.1",))
        await began.wait()
        asking = asyncio.create_task(lease.asks("chat", "why?", Run(5.5)))
    else:
        asking = asyncio.create_task(lease.asks("chat", "why?", Run(5.5)))
        await began.wait()
        lease.shows(messages=("1.1",))
    await asyncio.sleep(0.05)  # the other note would be made by now, if it did not wait
    may_arrive.set()
    assert await asking
    await until(lambda: is_noted(store, "messages"))
    noting.cancel()
    assert (await stolen(store, lease)).opened == OpenAnswer("chat", 5.5, ("1.1",), question="why?")


async def test_what_was_shown_last_is_noted_before_somebody_else_goes_on(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    lease.turn_came()
    assert await lease.asks("chat", "why?", Run(5.5))
    lease.shows(messages=("1.1",), stream="1.1")  # and nobody has written it down yet
    await lease.release()
    [taken] = (await store.mailboxes.abandoned(["T1"], "theirs", LEASE))[0]
    assert taken.opened == lease.opened


# Renewing


async def test_a_hold_is_renewed_until_the_end(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock, lease=0.4)
    async with kept(store, lease, Durations(lease=0.4, renewal=0.05)):
        for _ in range(6):
            await asyncio.sleep(0.1)
            assert (await store.mailboxes.abandoned(["T1"], "theirs", 0.4))[0] == ()
    await until(lambda: found(store))  # nobody renews it any more
    assert not lease.lost.is_set()


async def found(store: RedisStore) -> bool:
    return bool((await store.mailboxes.abandoned(["T1"], "theirs", LEASE))[0])


async def test_it_hears_soon_that_another_process_has_it(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    async with kept(store, lease, Durations(renewal=0.02)), asyncio.timeout(5):
        await stolen(store, lease)
        await lease.lost.wait()


async def test_nothing_is_left_running(store: RedisStore, clock: Clock) -> None:
    before = asyncio.all_tasks()
    lease = await held(store, clock)
    with pytest.raises(RuntimeError):
        async with kept(store, lease):
            raise RuntimeError
    assert asyncio.all_tasks() == before


# The end


async def test_what_is_to_be_written_first_is_written_before_it_is_settled(store: RedisStore, clock: Clock) -> None:
    lease = await held(store, clock)
    lease.turn_came()
    assert await lease.asks("chat", "why?", Run(5.5))
    places: list[int | None] = []
    fails = [StoreUnavailable("away")]

    async def first() -> None:
        places.append(await store.mailboxes.stand(lease.hold, LEASE))
        if fails:
            raise fails.pop()

    lease.then(first)
    lease.run_over = "chat"
    with pytest.raises(StoreUnavailable):
        await lease.settle()
    assert lease.stage is Stage.ASKED
    await lease.settle(UnansweredQuestion(ITEM, ("1.1",)))
    assert lease.is_settled
    assert places == [0, 0]
    assert await store.run_on(LINE, "chat") is None
    assert await store.mailboxes.asked(LINE, ITEM.reference) == UnansweredQuestion(ITEM, ("1.1",))
    assert await store.mailboxes.stand(lease.hold, LEASE) is None


async def test_who_stood_still_after_its_last_word_settles_nothing_of_its_successor_s(
    store: RedisStore, clock: Clock
) -> None:
    lease, written = await held(store, clock), []

    async def first() -> None:
        written.append("first")

    lease.then(first)
    await stolen(store, lease)
    clock.time += LEASE + 1
    await lease.settle()
    assert lease.lost.is_set()
    assert not lease.is_settled
    assert written == []
