"""Tests mailboxes command by command: sent twice, interrupted after each, interleaved with another process's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.ports.mailboxes import TakenOver
from bot.records.thread import Hold, Item, OpenAnswer, Run, Thread, UnansweredQuestion
from bot.store.connections import connect
from bot.store.redis import RedisStore

THREAD = Thread("T1", "C1", "1700000000.000100")
LINE = THREAD.line
ENOUGH = 10.0  # seconds: a lease that does not run out while a test runs
SHORT = 0.03


class Died(BaseException):
    """What ends a process between two commands."""


class Client(Redis):
    """A client whose scripts are watched: their keys; each `twice`; each only when the test lets it, or not at all."""

    touched: list[tuple[str, ...]]
    twice = False
    lives: int | None = None
    gate: asyncio.Semaphore | None = None
    sent: asyncio.Event

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        execute: Callable[..., Awaitable[Any]] = super().execute_command
        if args[0] != "EVALSHA":
            return await execute(*args, **options)
        self.touched.append(tuple(map(str, args[3 : 3 + int(args[2])])))
        if self.gate is not None:
            await self.gate.acquire()
        if self.lives is not None:
            if self.lives == 0:
                raise Died
            self.lives -= 1
        try:
            for _ in range(int(self.twice)):
                await execute(*args, **options)
            return await execute(*args, **options)
        finally:
            self.sent.set()


@asynccontextmanager
async def replica(url: str, prefix: str) -> AsyncIterator[tuple[RedisStore, Client]]:
    pool = connect(url).connection_pool
    client = Client(connection_pool=pool)
    client.touched, client.sent = [], asyncio.Event()
    store = RedisStore(client, prefix=prefix, patience=ENOUGH)
    try:
        yield store, client
    finally:
        await pool.aclose()


def held(reference: str = "a", process: str = "ours", ts: float = 1.0, *, line: str = LINE) -> Hold:
    return Hold(Item("T1", line, reference, f"{ts:.6f}", "message", "{}"), process)


async def accept(store: RedisStore, hold: Hold, lease: float = ENOUGH) -> bool:
    return await store.mailboxes.accept(hold, lease, opens=None, opened=OpenAnswer())


async def sweep(store: RedisStore, process: str = "theirs", lease: float = ENOUGH) -> tuple[TakenOver, ...]:
    found, _ = await store.mailboxes.abandoned(["T1"], process, lease)
    return found


async def test_each_script_may_be_sent_twice(redis_url: str, store: RedisStore) -> None:
    async with replica(redis_url, store._prefix) as (twice, client):
        await all_scripts(twice)
        client.twice = True
        first, second = held("x", ts=5.0), held("y", ts=6.0)
        assert await accept(twice, first)
        assert not await accept(twice, first)
        assert await accept(twice, second)
        assert await twice.mailboxes.stand(second, ENOUGH) == 1
        assert await twice.mailboxes.stand(first, ENOUGH) == 0
        assert await twice.mailboxes.note(first, OpenAnswer("chat", 5.5), Run(5.5))
        again = UnansweredQuestion(first.item, ("1.1",))
        await twice.mailboxes.settle(first, again)
        assert await twice.mailboxes.asked(LINE, "x") == again
        assert await twice.mailboxes.stand(second, ENOUGH) == 0
        await twice.mailboxes.release(second, failed=True)
        client.twice = False
        assert [(taken.hold.token, taken.failures) for taken in await sweep(twice)] == [("theirs:2", 1)]
        client.twice = True
        aside = await twice.mailboxes.put_aside(replace(second, process="theirs", epoch=2), "nobody can")
        assert aside.endswith(f"{{{LINE}}}:aside:y")
        client.twice = False
        assert await sweep(twice) == ()


async def test_taking_twice_delays_by_a_lease_and_loses_nothing(redis_url: str, store: RedisStore) -> None:
    async with replica(redis_url, store._prefix) as (twice, client):
        assert await accept(store, held(), SHORT)
        await asyncio.sleep(SHORT)
        client.twice = True
        assert await sweep(twice, lease=SHORT) == ()  # its first take was the one that counted
        client.twice = False
        await asyncio.sleep(SHORT)
        assert [taken.hold.token for taken in await sweep(twice)] == ["theirs:3"]


async def all_scripts(store: RedisStore) -> None:
    """Everything that the mailboxes do, once."""
    hold = held()
    await store.mailboxes.accept(hold, ENOUGH, opens=THREAD, opened=OpenAnswer())
    await store.mailboxes.stand(hold, ENOUGH)
    await store.mailboxes.note(hold, OpenAnswer("chat", 5.5), Run(5.5))
    await store.mailboxes.release(hold)
    [taken] = await sweep(store)
    await store.mailboxes.settle(taken.hold, UnansweredQuestion(hold.item))
    await store.mailboxes.is_shown_before(hold)
    await store.mailboxes.put_aside(hold, "nobody can")


async def test_all_keys_of_a_script_share_one_hash_tag(redis_url: str, store: RedisStore) -> None:
    async with replica(redis_url, store._prefix) as (watched, client):
        await all_scripts(watched)
    assert len(client.touched) >= 10
    for keys in client.touched:
        assert len({key[key.index("{") : key.index("}") + 1] for key in keys}) == 1, keys


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_a_process_that_dies_while_it_takes_in_leaves_all_or_nothing(
    redis_url: str, store: RedisStore, steps: int
) -> None:
    async with replica(redis_url, store._prefix) as (dying, client):
        client.lives = steps
        died = False
        try:
            await accept(dying, held(), SHORT)
        except Died:
            died = True
    assert died == (steps < 2)
    # Slack has got no acknowledgement and delivers again: it is new, or its answer is on the way.
    anew = await accept(store, held(process="another"), SHORT)
    assert anew == died
    await asyncio.sleep(SHORT)
    [taken] = await sweep(store)
    assert taken.hold.token == "theirs:2"


async def scheduled(accepting: Client, sweeping: Client, work: list[asyncio.Task[Any]], schedule: str) -> None:
    """Let the commands of the two go one by one, in the order of the schedule."""
    clients = {"a": (accepting, work[0]), "s": (sweeping, work[1])}
    for step in schedule:
        client, task = clients[step]
        if task.done() or client.gate is None:
            continue
        client.sent.clear()
        client.gate.release()
        sent = asyncio.create_task(client.sent.wait())
        await asyncio.wait({sent, task}, return_when=asyncio.FIRST_COMPLETED)
        sent.cancel()
    for client in (accepting, sweeping):
        assert client.gate is not None
        for _ in range(20):
            client.gate.release()
    await asyncio.gather(*work)


SCHEDULES = ["".join("a" if at in places else "s" for at in range(8)) for places in combinations(range(8), 2)]


@pytest.mark.slow
@pytest.mark.parametrize("listed", ["not", "due", "later"])
async def test_no_order_of_taking_in_and_looking_forgets_an_item(redis_url: str, listed: str, raw: Redis) -> None:
    """The list says when somebody looks into a mailbox; it is not of the mailbox's slot, so no script changes both."""
    for schedule in SCHEDULES:
        prefix = f"test-{listed}-{schedule}-{id(raw)}"
        due, accepts, sweeps = f"{prefix}:{{lines}}:due", replica(redis_url, prefix), replica(redis_url, prefix)
        async with accepts as (accepting, one), sweeps as (sweeping, other):
            await all_scripts(accepting)  # the server knows the scripts now: each call is one command
            await raw.delete(due)
            if listed != "not":
                seconds, _ = await raw.time()
                await raw.zadd(due, {LINE: seconds * 1000 + (-1000 if listed == "due" else 5000)})
            one.gate, other.gate = asyncio.Semaphore(0), asyncio.Semaphore(0)

            async def twice(store: RedisStore = sweeping) -> None:
                assert await sweep(store) == ()
                assert await sweep(store) == ()

            work = [asyncio.create_task(accept(accepting, held("b"))), asyncio.create_task(twice())]
            await scheduled(one, other, work, schedule)
            assert await raw.zscore(due, LINE) is not None, schedule


async def test_one_who_stood_still_while_it_took_in_is_not_forgotten(redis_url: str, store: RedisStore) -> None:
    async with replica(redis_url, store._prefix) as (paused, client):
        await all_scripts(paused)
        client.sent.clear()
        client.gate = asyncio.Semaphore(1)
        accepting = asyncio.create_task(accept(paused, held("b", line="T1:C1:2.0"), SHORT))
        await client.sent.wait()
        await asyncio.sleep(2 * SHORT)
        await sweep(store)
        await asyncio.sleep(2 * SHORT)
        await sweep(store)
        for _ in range(9):
            client.gate.release()
        assert await accepting
    await asyncio.sleep(SHORT)
    assert [taken.hold.item.reference for taken in await sweep(store)] == ["b"]
