"""Tests conversations and runs on a real server: what counts once, and how long it is kept."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis, SSLConnection
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import SentinelManagedSSLConnection

from bot.errors import SettingsError, StoreUnavailable
from bot.ports.store import Store
from bot.records.thread import STORED, Conversation, Item, MessageChat, NewestAnswer, NotedFlow, Run, Thread
from bot.store.connections import connect
from bot.store.redis import RedisStore

FLOW = NotedFlow("", "flow")
THREAD = Thread("T1", "C1", "1700000000.000100")
LINE = THREAD.line
DAY_MS = 86_400_000


async def keys_of(store: RedisStore, raw: Redis) -> dict[str, int]:
    """Every key of a store, with what is left of its life in milliseconds (-1: for ever)."""
    return {key: await raw.pttl(key) async for key in raw.scan_iter(match=f"{store._prefix}:*")}


def test_it_is_a_store(store: RedisStore) -> None:
    port: Store = store  # mypy holds the two together
    assert port is store


async def test_a_note_of_passages_is_kept_for_its_time_or_as_long_as_a_conversation(
    store: RedisStore, raw: Redis
) -> None:
    assert await store.passages.kept(LINE, "one") is None
    await store.passages.keep(LINE, "one", "first", seconds=86_400)
    await store.passages.keep(LINE, "two", "second")
    assert [await store.passages.kept(LINE, name) for name in ("one", "two", "three")] == ["first", "second", None]
    [day, month] = sorted((await keys_of(store, raw)).values())
    assert DAY_MS - 60_000 < day <= DAY_MS
    assert 29 * DAY_MS < month <= 30 * DAY_MS
    assert await store.purge("T1") == 2


# Conversations


async def test_an_unknown_thread_has_no_conversation(store: RedisStore) -> None:
    assert await store.conversation(THREAD) is None


async def test_a_conversation_is_remembered_and_used_again(store: RedisStore, raw: Redis) -> None:
    assert await store.remember(THREAD, "chat-1", NotedFlow("", "flow-1"), 0, now=100.25)
    assert await store.conversation(THREAD) == Conversation("chat-1", "flow-1", 0, 100.25, 100.25)

    [key] = await keys_of(store, raw)
    await raw.pexpire(key, 1000)
    assert await store.remember(THREAD, "chat-2", NotedFlow("", "flow-2"), 0, now=200.5)
    assert await store.conversation(THREAD) == Conversation("chat-2", "flow-2", 0, 100.25, 200.5)
    assert 29 * DAY_MS < (await keys_of(store, raw))[key] <= 30 * DAY_MS


def asked(reference: str) -> Item:
    return Item("T1", LINE, reference, "1700000009.000100", "message", "{}")


async def answered(store: RedisStore, newest: Item | None, since: str, generation: int = 0) -> None:
    await store.remember(THREAD, "chat", FLOW, generation, now=1, answered=True, context_since=since, newest=newest)


async def test_the_newest_answer_is_kept_with_what_its_question_was_asked_after(store: RedisStore, raw: Redis) -> None:
    assert await store.newest(THREAD) is None
    for _ in range(2):  # a command may come twice
        await answered(store, asked("one"), "1700000001.000100")
        assert await store.newest(THREAD) == NewestAnswer(asked("one"), "")
    await answered(store, asked("two"), "1700000002.000100")
    assert await store.newest(THREAD) == NewestAnswer(asked("two"), "1700000001.000100")
    await store.remember(THREAD, "chat", FLOW, 0, now=1)  # another question is asked
    assert await store.newest(THREAD) == NewestAnswer(asked("two"), "1700000001.000100")
    assert len({life // 1000 for life in (await keys_of(store, raw)).values()}) == 1
    await answered(store, None, "1700000003.000100")
    assert await store.newest(THREAD) is None


async def test_none_is_kept_once_its_thread_is_started_over(store: RedisStore) -> None:
    await answered(store, asked("one"), "1700000001.000100")
    await store.start_over(THREAD, now=2)
    assert await store.newest(THREAD) is None
    await answered(store, asked("late"), "1700000002.000100")
    assert await store.newest(THREAD) is None
    await answered(store, asked("two"), "1700000002.000100", generation=1)
    assert await store.newest(Thread("T1", "C1", "1")) is None
    assert await store.newest(THREAD) == NewestAnswer(asked("two"), "1700000001.000100")


async def test_what_cannot_be_read_of_it_is_none(store: RedisStore, raw: Redis) -> None:
    await answered(store, asked("one"), "")
    [key] = [key for key in await keys_of(store, raw) if ":newest:" in key]
    await cast("Any", raw.hset(key, "item", "[]"))
    assert await store.newest(THREAD) is None


async def test_threads_are_kept_apart(store: RedisStore) -> None:
    others = [Thread("T2", "C1", THREAD.thread_ts), Thread("T1", "C2", THREAD.thread_ts), Thread("T1", "C1", "")]
    await store.remember(THREAD, "chat", FLOW, 0, now=1)
    assert [await store.conversation(other) for other in others] == [None, None, None]


async def test_starting_over_empties_the_chat_and_wins_over_a_late_answer(store: RedisStore) -> None:
    await store.remember(THREAD, "chat-1", NotedFlow("", "flow-1"), 0, now=100)
    assert await store.start_over(THREAD, now=200) == 1
    assert await store.conversation(THREAD) == Conversation("", "flow-1", 1, 200, 200)

    assert not await store.remember(THREAD, "chat-1", NotedFlow("", "flow-1"), 0, now=300)
    assert await store.conversation(THREAD) == Conversation("", "flow-1", 1, 200, 200)

    assert await store.remember(THREAD, "chat-2", NotedFlow("", "flow-1"), 1, now=400)
    assert await store.conversation(THREAD) == Conversation("chat-2", "flow-1", 1, 200, 400)
    assert await store.start_over(THREAD, now=500) == 2


async def test_whether_the_last_answer_has_asked_something_is_known_until_the_next_one(store: RedisStore) -> None:
    async def asks(*, answered: bool, said: bool) -> bool:
        await store.remember(THREAD, "chat", FLOW, 0, now=1, answered=answered, asks=said)
        known = await store.conversation(THREAD)
        assert known is not None
        return known.asks

    assert not await asks(answered=False, said=True)
    assert await asks(answered=True, said=True)
    assert await asks(answered=False, said=False)  # the next question has come, and no answer yet
    assert not await asks(answered=True, said=False)
    assert await asks(answered=True, said=True)
    await store.start_over(THREAD, now=2)
    known = await store.conversation(THREAD)
    assert known is not None
    assert not known.asks


async def test_up_to_where_the_messages_of_a_thread_are_known_only_moves_on(store: RedisStore, raw: Redis) -> None:
    async def since(ts: str, generation: int = 0) -> str:
        await store.remember(THREAD, "chat", FLOW, generation, now=1, context_since=ts)
        known = await store.conversation(THREAD)
        assert known is not None
        return known.context_since

    assert await since("") == ""
    assert await since("1700000005.000100") == "1700000005.000100"
    assert await since("1700000004.999999") == "1700000005.000100"  # an older question that was asked again
    assert await since("") == "1700000005.000100"
    await store.start_over(THREAD, now=2, context_since="1700000007.000000")
    assert await since("1700000008.000000", generation=0) == "1700000007.000000"  # an answer that came too late
    assert await since("1700000006.000000", generation=1) == "1700000007.000000"
    await store.start_over(THREAD, now=3)
    assert await since("", generation=2) == "1700000007.000000"
    [key] = await keys_of(store, raw)
    await raw.hset(key, "context_since", "9" * 40)
    assert await since("1700000009.000000", generation=2) == "1700000009.000000"


async def test_a_thread_can_start_over_before_it_began(store: RedisStore) -> None:
    assert await store.start_over(THREAD, now=7) == 1
    assert not await store.remember(THREAD, "chat", FLOW, 0, now=8)
    assert not await store.remember(Thread("T1", "C1", "9.9"), "chat", FLOW, 3, now=8)
    assert await store.conversation(Thread("T1", "C1", "9.9")) is None


async def test_generations_of_two_replicas_never_meet(twins: tuple[RedisStore, RedisStore]) -> None:
    numbers = await asyncio.gather(*(twins[i % 2].start_over(THREAD, now=i) for i in range(20)))
    assert sorted(numbers) == list(range(1, 21))


async def test_being_quiet_is_left_alone_by_everything_else(store: RedisStore, raw: Redis) -> None:
    await store.set_quiet(THREAD, True, now=1.5)
    assert await store.conversation(THREAD) == Conversation("", "", 0, 1.5, 1.5, quiet=True)
    await store.remember(THREAD, "chat", FLOW, 0, now=2)
    await store.start_over(THREAD, now=3)
    kept = await store.conversation(THREAD)
    assert kept is not None
    assert kept.quiet
    await store.set_quiet(THREAD, False, now=4)
    assert await store.conversation(THREAD) == Conversation("", "flow", 1, 3, 4, quiet=False)
    assert min((await keys_of(store, raw)).values()) > 29 * DAY_MS


async def test_what_is_left_out_is_kept_once_beside_all_else(store: RedisStore, raw: Redis) -> None:
    await store.leave_out(THREAD, ["1.1", "1.2"], now=1.5)
    assert await store.conversation(THREAD) == Conversation("", "", 0, 1.5, 1.5, left_out=("1.1", "1.2"))
    await store.remember(THREAD, "chat", FLOW, 0, now=2)
    await store.leave_out(THREAD, ["1.2", "1.3"], now=3)
    kept = await store.conversation(THREAD)
    assert kept == Conversation("chat", "flow", 0, 1.5, 3, left_out=("1.1", "1.2", "1.3"))
    assert min((await keys_of(store, raw)).values()) > 29 * DAY_MS


async def test_of_many_messages_the_latest_are_left_out(store: RedisStore) -> None:
    for number in range(70):
        await store.leave_out(THREAD, [f"{number}.1", f"{number}.2"], now=number)
    kept = await store.conversation(THREAD)
    assert kept is not None
    assert kept.left_out == tuple(f"{number}.{part}" for number in range(40, 70) for part in (1, 2))


async def test_the_lifetime_of_conversations_is_a_setting(redis_url: str, raw: Redis) -> None:
    store = RedisStore.at(redis_url, prefix=f"test-{uuid4().hex}", conversation_days=2)
    await store.remember(THREAD, "chat", FLOW, 0, now=1)
    await store.message_belongs("T1", "D1", "5.5", MessageChat("chat", FLOW))
    lifetimes = (await keys_of(store, raw)).values()
    assert len(lifetimes) == 2
    assert all(1.9 * DAY_MS < left <= 2 * DAY_MS for left in lifetimes)
    await store.aclose()


# Messages and runs


async def test_a_message_belongs_to_a_chat(store: RedisStore) -> None:
    assert await store.chat_of_message("T1", "D1", "5.5") is None
    await store.message_belongs("T1", "D1", "5.5", MessageChat('odd "chat"\n', FLOW))
    assert await store.chat_of_message("T1", "D1", "5.5") == MessageChat('odd "chat"\n', FLOW)
    assert await store.chat_of_message("T1", "D1", "5.6") is None


@pytest.mark.parametrize(
    "run", [Run(1.5), Run(2.25, agentflow=True), Run(3, awaits_decision=True), Run(4, left_at=5.5)]
)
async def test_a_run_is_noted_until_it_ends(store: RedisStore, raw: Redis, run: Run) -> None:
    assert await store.run_on(LINE, "chat") is None
    await store.run_started(LINE, "chat", Run(0))
    await store.run_started(LINE, "chat", run)
    assert await store.run_on(LINE, "chat") == run
    assert await store.run_on(LINE, "other chat") is None
    assert await store.run_on("T1:C2:1.0", "chat") is None
    [left] = (await keys_of(store, raw)).values()
    assert 0 < left <= (30 * DAY_MS if run.awaits_decision else DAY_MS)
    await store.run_ended(LINE, "chat")
    await store.run_ended(LINE, "chat")
    assert await store.run_on(LINE, "chat") is None


async def test_the_keys_of_a_thread_are_of_one_cluster_slot(store: RedisStore, raw: Redis) -> None:
    await store.remember(THREAD, "chat", FLOW, 0, now=1)
    await store.message_belongs("T1", "C1", THREAD.thread_ts, MessageChat("chat", FLOW))
    await store.run_started(THREAD.line, "chat", Run(1))
    keys = await keys_of(store, raw)
    assert len(keys) == 3
    assert {key[key.index("{") : key.index("}") + 1] for key in keys} == {f"{{{LINE}}}"}


# Clients


async def test_ping_has_connections_of_its_own(store: RedisStore) -> None:
    pool = cast("Any", store._client.connection_pool)
    busy = [await pool.get_connection() for _ in range(pool.max_connections)]
    await store.ping()
    for connection in busy:
        await pool.release(connection)


async def test_a_refusing_server_is_named_by_its_code(store: RedisStore, raw: Redis) -> None:
    await store.remember(THREAD, "chat", FLOW, 0, now=1)
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
    assert issubclass(client.connection_pool.connection_class, SSLConnection)
    await client.aclose()


async def test_tls_is_for_sentinels_and_what_they_name() -> None:
    client = connect("rediss+sentinel://user:password@one,two/main?sentinel_password=other&ssl_cert_reqs=none&db=3")
    pool = cast("Any", client.connection_pool)
    assert issubclass(pool.connection_class, SentinelManagedSSLConnection)
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


# Files


async def test_a_file_is_added_to_a_vector_store_by_one_process_once(store: RedisStore, raw: Redis) -> None:
    first = [await store.begin_storing(LINE, "chat-1", "F1", "ours:1") for _ in range(2)]  # redis-py repeats
    assert first == ["ours:1", "ours:1"]
    assert await store.begin_storing(LINE, "chat-1", "F1", "theirs:2") == "ours:1"
    assert await store.begin_storing(LINE, "chat-1", "F2", "theirs:2") == "theirs:2"
    assert await store.begin_storing(LINE, "chat-2", "F1", "theirs:2") == "theirs:2"
    await store.stored_file(LINE, "chat-1", "F1", added=True)
    assert await store.begin_storing(LINE, "chat-1", "F1", "ours:1") == STORED
    await store.stored_file(LINE, "chat-1", "F2", added=False)
    assert await store.begin_storing(LINE, "chat-1", "F2", "ours:3") == "ours:3"
    assert all(29 * DAY_MS < left <= 30 * DAY_MS for left in (await keys_of(store, raw)).values())
    assert await store.purge("T1") == 2


async def test_files_that_a_flow_has_forgotten_are_noted_until_the_thread_starts_over(
    store: RedisStore, raw: Redis
) -> None:
    await store.remember(THREAD, "chat", FLOW, 0, now=1)
    await store.note_files(THREAD, "plan.pdf, größe.txt and 2 more")
    known = await store.conversation(THREAD)
    assert known is not None
    assert known.files == "plan.pdf, größe.txt and 2 more"
    await store.start_over(THREAD, now=2)
    known = await store.conversation(THREAD)
    assert known is not None
    assert known.files == ""
    await store.note_files(Thread("T1", "C9", "1700000000.000100"), "a.txt")
    assert all(left > 0 for left in (await keys_of(store, raw)).values())
