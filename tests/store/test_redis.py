"""Knows what the store promises, on a real server: what counts once, whose turn it is, what lives how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis, SSLConnection
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import SentinelManagedSSLConnection

from bot.errors import SettingsError, StoreUnavailable
from bot.ports import Store
from bot.store.connections import connect
from bot.store.redis import RedisStore
from bot.thread import Conversation, OpenAnswer, Run, Thread

THREAD = Thread("T1", "C1", "1700000000.000100")
DAY_MS = 86_400_000
ENOUGH = 10.0  # seconds: a lease that does not run out while a test runs


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def twins(redis_url: str) -> AsyncIterator[tuple[RedisStore, RedisStore]]:
    """Two replicas: two stores, with connections of their own, on the same keys."""
    prefix = f"test-{uuid4().hex}"
    pair = RedisStore.at(redis_url, prefix=prefix), RedisStore.at(redis_url, prefix=prefix)
    yield pair
    for one in pair:
        await one.aclose()


async def keys_of(store: RedisStore, raw: Redis) -> dict[str, int]:
    """Every key of a store, with what is left of its life in milliseconds (-1: for ever)."""
    return {key: await raw.pttl(key) async for key in raw.scan_iter(match=f"{store._prefix}:*")}


async def until(asked: Callable[[], Awaitable[object]], answer: object) -> None:
    """Ask until the answer is this one: for what the server's own clock decides."""
    async with asyncio.timeout(ENOUGH):
        while True:
            if await asked() == answer:
                return
            await asyncio.sleep(0.01)


def test_it_is_a_store(store: RedisStore) -> None:
    port: Store = store  # mypy holds the two together
    assert port is store


# Claims


async def test_a_claim_is_won_once_and_lives_as_long_as_said(store: RedisStore, raw: Redis) -> None:
    assert await store.claim("T1:C1:1.0", seconds=48 * 3600)
    assert not await store.claim("T1:C1:1.0", seconds=1)
    [left] = (await keys_of(store, raw)).values()
    assert 47 * 3600 * 1000 < left <= 48 * 3600 * 1000


async def test_of_200_claims_by_two_replicas_one_wins(twins: tuple[RedisStore, RedisStore]) -> None:
    won = await asyncio.gather(*(twins[i % 2].claim("T1:C1:2.0", seconds=60) for i in range(200)))
    assert won.count(True) == 1


async def test_a_claim_ends(store: RedisStore) -> None:
    assert await store.claim("short", seconds=0.03)
    await until(lambda: store.claim("short", seconds=60), True)


# Conversations


async def test_an_unknown_thread_has_no_conversation(store: RedisStore) -> None:
    assert await store.conversation(THREAD) is None


async def test_a_conversation_is_remembered_and_used_again(store: RedisStore, raw: Redis) -> None:
    assert await store.remember(THREAD, "chat-1", "flow-1", 0, now=100.25)
    assert await store.conversation(THREAD) == Conversation("chat-1", "flow-1", 0, 100.25, 100.25)

    [key] = await keys_of(store, raw)
    await raw.pexpire(key, 1000)
    assert await store.remember(THREAD, "chat-2", "flow-2", 0, now=200.5)
    assert await store.conversation(THREAD) == Conversation("chat-2", "flow-2", 0, 100.25, 200.5)
    assert 29 * DAY_MS < (await keys_of(store, raw))[key] <= 30 * DAY_MS


async def test_threads_are_kept_apart(store: RedisStore) -> None:
    others = [Thread("T2", "C1", THREAD.thread_ts), Thread("T1", "C2", THREAD.thread_ts), Thread("T1", "C1", "")]
    await store.remember(THREAD, "chat", "flow", 0, now=1)
    assert [await store.conversation(other) for other in others] == [None, None, None]


async def test_starting_over_empties_the_chat_and_wins_over_a_late_answer(store: RedisStore) -> None:
    await store.remember(THREAD, "chat-1", "flow-1", 0, now=100)
    assert await store.start_over(THREAD, now=200) == 1
    assert await store.conversation(THREAD) == Conversation("", "flow-1", 1, 200, 200)

    assert not await store.remember(THREAD, "chat-1", "flow-1", 0, now=300)
    assert await store.conversation(THREAD) == Conversation("", "flow-1", 1, 200, 200)

    assert await store.remember(THREAD, "chat-2", "flow-1", 1, now=400)
    assert await store.conversation(THREAD) == Conversation("chat-2", "flow-1", 1, 200, 400)
    assert await store.start_over(THREAD, now=500) == 2


async def test_a_thread_can_start_over_before_it_began(store: RedisStore) -> None:
    assert await store.start_over(THREAD, now=7) == 1
    assert not await store.remember(THREAD, "chat", "flow", 0, now=8)
    assert not await store.remember(Thread("T1", "C1", "9.9"), "chat", "flow", 3, now=8)
    assert await store.conversation(Thread("T1", "C1", "9.9")) is None


async def test_generations_of_two_replicas_never_meet(twins: tuple[RedisStore, RedisStore]) -> None:
    numbers = await asyncio.gather(*(twins[i % 2].start_over(THREAD, now=i) for i in range(20)))
    assert sorted(numbers) == list(range(1, 21))


async def test_being_quiet_is_left_alone_by_everything_else(store: RedisStore, raw: Redis) -> None:
    await store.set_quiet(THREAD, True, now=1.5)
    assert await store.conversation(THREAD) == Conversation("", "", 0, 1.5, 1.5, quiet=True)
    await store.remember(THREAD, "chat", "flow", 0, now=2)
    await store.start_over(THREAD, now=3)
    kept = await store.conversation(THREAD)
    assert kept is not None
    assert kept.quiet
    await store.set_quiet(THREAD, False, now=4)
    assert await store.conversation(THREAD) == Conversation("", "flow", 1, 3, 4, quiet=False)
    assert min((await keys_of(store, raw)).values()) > 29 * DAY_MS


async def test_the_lifetime_of_conversations_is_a_setting(redis_url: str, raw: Redis) -> None:
    store = RedisStore.at(redis_url, prefix=f"test-{uuid4().hex}", conversation_days=2)
    await store.remember(THREAD, "chat", "flow", 0, now=1)
    await store.message_belongs("T1", "D1", "5.5", "chat", "flow")
    lifetimes = (await keys_of(store, raw)).values()
    assert len(lifetimes) == 2
    assert all(1.9 * DAY_MS < left <= 2 * DAY_MS for left in lifetimes)
    await store.aclose()


# Messages and runs


async def test_a_message_belongs_to_a_chat(store: RedisStore) -> None:
    assert await store.chat_of_message("T1", "D1", "5.5") is None
    await store.message_belongs("T1", "D1", "5.5", 'odd "chat"\n', "flow")
    assert await store.chat_of_message("T1", "D1", "5.5") == ('odd "chat"\n', "flow")
    assert await store.chat_of_message("T1", "D1", "5.6") is None


@pytest.mark.parametrize(
    "run", [Run(1.5), Run(2.25, agentflow=True), Run(3, awaits_decision=True), Run(4, left_at=5.5)]
)
async def test_a_run_is_noted_until_it_ends(store: RedisStore, raw: Redis, run: Run) -> None:
    assert await store.run_on("chat") is None
    await store.run_started("chat", Run(0))
    await store.run_started("chat", run)
    assert await store.run_on("chat") == run
    assert await store.run_on("other chat") is None
    [left] = (await keys_of(store, raw)).values()
    assert 0 < left <= (30 * DAY_MS if run.awaits_decision else DAY_MS)
    await store.run_ended("chat")
    await store.run_ended("chat")
    assert await store.run_on("chat") is None


# The line


async def test_a_line_is_served_in_order_of_score(store: RedisStore) -> None:
    assert await store.stand("line", "b", 2, ENOUGH) == 0
    assert await store.stand("line", "d", 4, ENOUGH) == 1
    assert await store.stand("line", "c", 3, ENOUGH) == 1
    assert await store.stand("line", "d", 4, ENOUGH) == 2

    await store.leave("line", "b")
    assert await store.stand("line", "d", 4, ENOUGH) == 1
    assert await store.stand("line", "c", 3, ENOUGH) == 0
    await store.leave("line", "c")
    assert await store.stand("line", "d", 4, ENOUGH) == 0


async def test_a_lower_score_does_not_take_the_turn_away(store: RedisStore) -> None:
    assert await store.stand("line", "late", 9, ENOUGH) == 0
    assert await store.stand("line", "early", 1, ENOUGH) == 1
    assert await store.stand("line", "late", 9, ENOUGH) == 0


async def test_equal_scores_stand_by_ticket(store: RedisStore) -> None:
    await store.stand("line", "holder", 1, ENOUGH)
    assert await store.stand("line", "y", 5, ENOUGH) == 1
    assert await store.stand("line", "x", 5, ENOUGH) == 1
    assert await store.stand("line", "y", 5, ENOUGH) == 2


async def test_scores_as_close_as_slacks_timestamps_are_told_apart(store: RedisStore) -> None:
    await store.stand("line", "holder", 1, ENOUGH)
    assert await store.stand("line", "a", 1700000000.000101, ENOUGH) == 1
    assert await store.stand("line", "b", 1700000000.000100, ENOUGH) == 1
    assert await store.stand("line", "a", 1700000000.000101, ENOUGH) == 2


async def test_one_can_only_leave_for_oneself(store: RedisStore) -> None:
    await store.stand("line", "a", 1, ENOUGH)
    await store.stand("line", "b", 2, ENOUGH)
    await store.leave("line", "nobody")
    await store.leave("other line", "a")
    assert await store.stand("line", "b", 2, ENOUGH) == 1
    await store.leave("line", "b")
    assert await store.stand("line", "c", 3, ENOUGH) == 1


async def test_lines_are_kept_apart(store: RedisStore) -> None:
    assert await store.stand("one", "a", 1, ENOUGH) == 0
    assert await store.stand("two", "b", 2, ENOUGH) == 0


async def test_dead_tickets_are_passed_over_and_the_holders_turn_ends(store: RedisStore) -> None:
    await store.stand("line", "holder", 1, 0.05)
    await store.stand("line", "waiting", 2, 0.05)
    # Both have died. Whether the holder or the one waiting goes first does not matter here: in the end it is our turn.
    await until(lambda: store.stand("line", "alive", 3, ENOUGH), 0)
    # The dead holder comes back too late, and is told so.
    assert await store.stand("line", "holder", 1, ENOUGH) == 1


async def test_a_dead_ticket_gives_its_place_while_the_turn_goes_on(store: RedisStore) -> None:
    await store.stand("line", "holder", 1, ENOUGH)
    await store.stand("line", "dying", 2, 0.2)
    assert await store.stand("line", "alive", 3, ENOUGH) == 2
    await until(lambda: store.stand("line", "alive", 3, ENOUGH), 1)


async def test_standing_again_renews_the_lease(store: RedisStore, raw: Redis) -> None:
    await store.stand("line", "holder", 1, ENOUGH)
    await store.stand("line", "holder", 1, 2 * ENOUGH)
    await store.stand("line", "next", 2, ENOUGH)
    await store.stand("line", "next", 2, 2 * ENOUGH)
    await store.stand("line", "last", 3, 0.01)  # a short lease does not shorten the others' keys
    assert len(await keys_of(store, raw)) == 3
    assert all(left > 1000 * ENOUGH for left in (await keys_of(store, raw)).values())


async def test_a_line_leaves_nothing_behind(store: RedisStore, raw: Redis) -> None:
    for ticket in ("a", "b", "c"):
        await store.stand("line", ticket, 1, ENOUGH)
    assert all(left > 0 for left in (await keys_of(store, raw)).values())
    for ticket in ("a", "b", "c"):
        await store.leave("line", ticket)
    assert await keys_of(store, raw) == {}


async def test_the_keys_of_a_line_are_of_one_cluster_slot(store: RedisStore, raw: Redis) -> None:
    await store.stand("T1:C1:1.0", "a", 1, ENOUGH)
    await store.stand("T1:C1:1.0", "b", 1, ENOUGH)
    keys = await keys_of(store, raw)
    assert len(keys) == 3
    assert {key[key.index("{") : key.index("}") + 1] for key in keys} == {"{line:T1:C1:1.0}"}


async def test_40_tickets_of_two_replicas_are_served_one_at_a_time(twins: tuple[RedisStore, RedisStore]) -> None:
    serving: set[int] = set()
    served: list[int] = []
    assert await twins[0].stand("line", "opener", 99, ENOUGH) == 0

    async def one(number: int) -> None:
        store, ticket = twins[number % 2], f"ticket-{number}"
        await until(lambda: store.stand("line", ticket, number, ENOUGH), 0)
        assert not serving
        serving.add(number)
        await asyncio.sleep(0)
        assert await store.stand("line", ticket, number, ENOUGH) == 0
        serving.remove(number)
        served.append(number)
        await store.leave("line", ticket)

    tickets = [asyncio.create_task(one(number)) for number in reversed(range(40))]
    # All have come when a newcomer behind them sees the opener and forty others before itself.
    await until(lambda: twins[1].stand("line", "newcomer", 100, ENOUGH), 41)
    await twins[0].leave("line", "opener")
    await asyncio.gather(*tickets)
    assert served == list(range(40))
    assert await twins[1].stand("line", "newcomer", 100, ENOUGH) == 0


# Clients


async def test_ping_has_connections_of_its_own(store: RedisStore) -> None:
    pool = cast("Any", store._client.connection_pool)
    busy = [await pool.get_connection() for _ in range(pool.max_connections)]
    await store.ping()
    for connection in busy:
        await pool.release(connection)


async def test_a_refusing_server_is_named_by_its_code(store: RedisStore, raw: Redis) -> None:
    await store.remember(THREAD, "chat", "flow", 0, now=1)
    [key] = await keys_of(store, raw)
    await raw.set(key, "not a hash")
    with pytest.raises(StoreUnavailable, match=r"\(ResponseError: WRONGTYPE\)"):
        await store.conversation(THREAD)


@pytest.mark.parametrize(
    "url",
    [
        "http://h:1",
        "redis://:s3cret@h:x",
        "redis://h:99999999",
        "redis://h?db=s3cret",
        "redis://h?s3cret=1",
        "redis+sentinel://h/main?s3cret=1",
        "redis+sentinel://h/main?db=s3cret",
        "redis+cluster://h?s3cret=1",
        "",
    ],
)
def test_a_url_that_cannot_be_read_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL: expected") as caught:
        connect(url)
    assert "s3cret" not in str(caught.value)


async def test_tls_by_url() -> None:
    client = connect("rediss://user:password@redis.example:6380/2")
    assert client.connection_pool.connection_class is SSLConnection
    await client.aclose()


async def test_tls_is_for_sentinels_and_what_they_name() -> None:
    client = connect("rediss+sentinel://user:password@one,two/main?sentinel_password=other&ssl_cert_reqs=none&db=3")
    pool = cast("Any", client.connection_pool)
    assert pool.connection_class is SentinelManagedSSLConnection
    assert (pool.connection_kwargs["password"], pool.connection_kwargs["db"]) == ("password", 3)
    for sentinel, host in zip(pool.sentinel_manager.sentinels, ("one", "two"), strict=True):
        options = sentinel.connection_pool.connection_kwargs
        assert sentinel.connection_pool.connection_class is SSLConnection
        assert (options["host"], options["password"], options["ssl_cert_reqs"]) == (host, "other", "none")
        assert "db" not in options or options["db"] == 0
    await client.aclose()


async def test_tls_is_for_every_node_of_a_cluster() -> None:
    client = cast("RedisCluster", connect("rediss+cluster://:password@one,two:7000"))
    nodes = client.nodes_manager.startup_nodes
    assert set(nodes) == {"one:6379", "two:7000"}
    for node in nodes.values():
        assert node.connection_class is SSLConnection
        assert node.connection_kwargs["password"] == "password"
    await client.aclose()


# Answers being written


async def test_an_answer_whose_writer_is_gone_is_given_out_once(store: RedisStore) -> None:
    left = OpenAnswer("abc123", "T1", "C1", "1.5", "U1")
    kept = OpenAnswer("def456", "T1", "D1", None, "U1")
    closed = OpenAnswer("aaa111", "T1", "C1", "1.6", "U1")
    elsewhere = OpenAnswer("bbb222", "T2", "C1", "1.7", "U1")
    for answer, lease in ((left, 0.02), (kept, ENOUGH), (closed, 0.02), (elsewhere, 0.02)):
        await store.answer_open(answer, lease)
    await store.answer_closed(closed)
    found: list[OpenAnswer] = []

    async def some() -> bool:
        found.extend(await store.abandoned("T1"))
        return bool(found)

    await until(some, True)
    assert found == [left]
    assert await store.abandoned("T1") == ()


async def test_an_answer_that_goes_on_is_kept(store: RedisStore) -> None:
    answer = OpenAnswer("abc123", "T1", "C1", "1.5", "U1")
    await store.answer_open(answer, 0.01)
    await store.answer_open(answer, ENOUGH)
    assert await store.abandoned("T1") == ()
