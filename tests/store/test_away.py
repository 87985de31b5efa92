"""Tests every way in which Redis can be unreachable: each is reported in bounded time, and clients recover."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.crc import key_slot

from bot.errors import StoreUnavailable
from bot.records.thread import Hold, Item, NotedFlow, OpenAnswer, Thread
from bot.slack.tiers import keys
from bot.store.connections import connect
from bot.store.redis import RedisStore
from bot.store.requests import asked
from tests.network.certificate import CERTIFICATE
from tests.store.conftest import TLS, WAIT, Server, Servers, free_port, until, with_tls

PATIENCE = 0.4  # seconds; what holds for these holds for the two of every day
SLACK = 1.5  # how much later than the patience a busy machine may be
ENOUGH = 1.8  # seconds of patience where an error is said at once, which the patience must not cut off

THREAD = Thread("T1", "C1", "1700000000.000100")


def reads(store: RedisStore) -> list[Callable[[], Awaitable[object]]]:
    return [lambda: store.conversation(THREAD), lambda: store.run_on(THREAD.line, "chat")]


def writes(store: RedisStore) -> list[Callable[[], Awaitable[object]]]:
    """A command, scripts of one key and of several, and the probe of readiness."""
    return [
        lambda: accepted(store, uuid4().hex),
        lambda: store.remember(THREAD, "chat", NotedFlow("", "flow"), 0, now=1),
        lambda: store.spend(uuid4().hex, keys("chat.postMessage", "C1"), 0, uuid4().hex),
        store.ping,
    ]


async def accepted(store: RedisStore, name: str) -> bool:
    """Take a question in whose line and reference have a name."""
    hold = Hold(Item("T1", name, name, "1.0", "message", "{}"), "process")
    return await store.mailboxes.accept(hold, 60, opens=None, opened=OpenAnswer())


async def away(store: RedisStore, questions: list[Callable[[], Awaitable[object]]]) -> str:
    """Ask all at once: each is told in time that the store is away. Returns what is said."""

    async def one(question: Callable[[], Awaitable[object]]) -> str:
        with pytest.raises(StoreUnavailable) as caught:
            async with asyncio.timeout(store._patience + SLACK):
                await question()
        return str(caught.value)

    return "\n".join(await asyncio.gather(*(one(question) for question in questions)))


async def comes_back(store: RedisStore) -> None:
    """Wait until all works again: soon, and by itself."""
    async with asyncio.timeout(WAIT):
        while True:
            try:
                for question in [*writes(store), *reads(store)]:
                    await question()
            except StoreUnavailable:
                await asyncio.sleep(0.02)
            else:
                return


@asynccontextmanager
async def opened(url: str, patience: float = PATIENCE) -> AsyncIterator[RedisStore]:
    store = RedisStore.at(url, patience=patience)
    try:
        yield store
    finally:
        await store.aclose()


@dataclass
class Way:
    """A port of its own that leads to another one, which may be changed, as a name's address may. Can be slow."""

    to: int
    port: int = 0
    delay: float = 0.0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, onward = await asyncio.open_connection("127.0.0.1", self.to)
        self.open |= {writer, onward}
        await asyncio.gather(self._pump(reader, onward), self._pump(upstream, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay)
                writer.write(data)
        except OSError:
            pass
        writer.close()


@asynccontextmanager
async def a_way(to: int) -> AsyncIterator[Way]:
    way = Way(to)
    server = await asyncio.start_server(way, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        for writer in way.open:
            writer.close()


# One server


async def test_refused(servers: Servers) -> None:
    server = await servers()
    async with opened(server.url, ENOUGH) as store:
        await comes_back(store)
        server.kill()
        assert "cannot be reached" in await away(store, writes(store) + reads(store))
        server.start()
        await comes_back(store)


async def test_slow(servers: Servers) -> None:
    server = await servers()
    async with a_way(server.port) as way, opened(f"redis://127.0.0.1:{way.port}") as store:
        await comes_back(store)
        way.delay = 3 * PATIENCE
        assert "in time" in await away(store, writes(store) + reads(store))
        way.delay = 0.0
        await comes_back(store)


async def test_frozen_with_more_questions_than_connections(servers: Servers) -> None:
    server = await servers()
    async with opened(server.url) as store:
        await comes_back(store)
        server.freeze()
        said = await away(store, (writes(store) + reads(store)) * 30)
        assert set(said.splitlines()) <= {
            "Redis does not answer in time (TimeoutError)",
            "Redis cannot be reached (ConnectionError)",  # none of its connections came free
        }
        server.thaw()
        await comes_back(store)


async def test_a_replica_takes_no_writes_until_it_is_promoted(servers: Servers) -> None:
    server = await servers()
    async with opened(server.url, ENOUGH) as store:
        await comes_back(store)
        await server("REPLICAOF", "127.0.0.1", 1)
        assert "is a replica and takes no writes (ReadOnlyError)" in await away(store, writes(store))
        await server("REPLICAOF", "NO", "ONE")
        await comes_back(store)


async def test_a_master_that_was_replaced_behind_its_name_is_left(servers: Servers) -> None:
    old, new = await servers(), await servers()
    async with a_way(old.port) as way, opened(f"redis://127.0.0.1:{way.port}", WAIT) as store:
        await comes_back(store)
        await asyncio.gather(*(accepted(store, uuid4().hex) for _ in range(20)))  # many connections to the old one
        way.to = new.port
        await old("REPLICAOF", "127.0.0.1", new.port)
        # Not one question is lost: the connections to the old one stay open, and are let go of where it refuses.
        await asyncio.gather(*(accepted(store, uuid4().hex) for _ in range(40)))
        await comes_back(store)  # the probe of readiness has no second try, and says once that it met the old one
        assert await new("DBSIZE")


async def test_out_of_memory(servers: Servers) -> None:
    server = await servers("--maxmemory-policy", "noeviction")
    async with opened(server.url, ENOUGH) as store:
        await comes_back(store)
        await server("CONFIG", "SET", "maxmemory", 1)
        # All but the budget, whose script begins with what frees memory: a script that has begun is let finish.
        claim, remember, _, ping = writes(store)
        said = await away(store, [claim, remember, ping])
        assert set(said.splitlines()) == {"Redis is out of memory (OutOfMemoryError)"}
        await server("CONFIG", "SET", "maxmemory", 0)
        await comes_back(store)


async def test_flushed_is_no_error(servers: Servers) -> None:
    server = await servers()
    async with opened(server.url, WAIT) as store:
        await comes_back(store)
        await server("FLUSHALL")
        await server("SCRIPT", "FLUSH")
        assert await store.conversation(THREAD) is None
        await comes_back(store)
        await server("SCRIPT", "FLUSH")
        await asyncio.gather(*(store.remember(THREAD, "chat", NotedFlow("", "flow"), 0, now=1) for _ in range(50)))
        kept = await store.conversation(THREAD)
        assert kept is not None
        assert kept.chat_id == "chat"


async def test_a_password_that_is_wrong_for_a_while(servers: Servers) -> None:
    server = await servers("--requirepass", "right-Secret")
    async with opened(f"redis://:right-Secret@127.0.0.1:{server.port}", ENOUGH) as store:
        await comes_back(store)
        await server("CONFIG", "SET", "requirepass", "other-Secret", password="right-Secret")
        await server("CLIENT", "KILL", "TYPE", "normal", password="other-Secret")
        said = await away(store, writes(store) + reads(store))
        assert "refuses the user name or the password (AuthenticationError)" in said
        assert "Secret" not in said
        await server("CONFIG", "SET", "requirepass", "right-Secret", password="other-Secret")
        await comes_back(store)


async def test_a_password_that_is_missing(servers: Servers) -> None:
    server = await servers()
    async with opened(server.url, ENOUGH) as store:
        await comes_back(store)
        await server("CONFIG", "SET", "requirepass", "new-Secret")
        await server("CLIENT", "KILL", "TYPE", "normal", password="new-Secret")
        assert "refuses the user name or the password" in await away(store, writes(store) + reads(store))
        await server("CONFIG", "SET", "requirepass", "", password="new-Secret")
        await comes_back(store)


async def test_a_server_that_is_frozen_at_the_first_question(own_redis: str) -> None:
    redis = connect(own_redis)
    pid = int((await redis.info("server"))["process_id"])
    await redis.aclose()
    async with opened(own_redis) as store:
        os.kill(pid, signal.SIGSTOP)
        try:
            said = await away(store, writes(store) + reads(store))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert set(said.splitlines()) == {"Redis does not answer in time (TimeoutError)"}
        await comes_back(store)


async def test_a_wrong_password_of_a_cluster_is_told_as_such(servers: Servers) -> None:
    node = await servers("--cluster-enabled", "yes", "--requirepass", "right-Secret")
    async with opened(f"redis+cluster://:wrong-Secret@127.0.0.1:{node.port}", ENOUGH) as store:
        said = await away(store, writes(store))
        assert set(said.splitlines()) == {"Redis refuses the user name or the password (AuthenticationError)"}


async def gives_no_one_another_s_answer(url: str) -> None:
    """Questions that are given up at any moment leave nothing behind on their connections."""
    client: Any = connect(url, patience=WAIT)
    names = [uuid4().hex for _ in range(200)]
    await asyncio.gather(*(client.set(name, name) for name in names))
    given_up = 0

    async def ask(name: str, patience: float) -> None:
        nonlocal given_up
        try:
            assert await asked(client.get(name), patience) == name
        except StoreUnavailable:
            given_up += 1

    for round_ in range(4):
        await asyncio.gather(*(ask(name, 0.001 + 0.0001 * number) for number, name in enumerate(names)))
        await asyncio.gather(*(ask(name, WAIT) for name in names))
        assert given_up or round_ < 3
    assert await asyncio.gather(*(asked(client.get(name), WAIT) for name in names)) == names
    await client.aclose()


async def test_a_question_that_was_given_up_answers_no_other(servers: Servers) -> None:
    await gives_no_one_another_s_answer((await servers()).url)


# Sentinels


async def watched(servers: Servers) -> tuple[Server, Server, Server]:
    """A master, its replica, and a Sentinel that knows both."""
    master = await servers("--repl-diskless-sync-delay", 0)
    replica = await servers("--replicaof", f"127.0.0.1 {master.port}")
    await until(partial(replica, "ROLE"), lambda role: "connected" in str(role))
    sentinel = await servers(
        sentinel=f"sentinel monitor main 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds main 300\n"
        "sentinel failover-timeout main 2000\n"
    )
    await until(partial(sentinel, "SENTINEL", "REPLICAS", "main"), lambda known: str(replica.port) in str(known))
    return master, replica, sentinel


async def test_sentinels_lead_to_the_new_master(servers: Servers) -> None:
    master, replica, sentinel = await watched(servers)
    nobody = free_port()
    async with opened(f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel.port}/main") as store:
        await comes_back(store)
        master.freeze()
        await away(store, writes(store) + reads(store))
        await comes_back(store)
        assert "master" in str(await replica("ROLE"))
        assert await replica("GET", "flowise-slack:probe:ping")
        # Without Sentinels, what is connected goes on.
        sentinel.freeze()
        await comes_back(store)


async def test_sentinels_that_are_away_or_know_no_master(servers: Servers) -> None:
    sentinel = await servers(sentinel="")
    async with opened(f"redis+sentinel://127.0.0.1:{sentinel.port}/main", ENOUGH) as store:
        assert "has no master that a Sentinel would name (MasterNotFoundError)" in await away(store, writes(store))
        master = await servers()
        await sentinel("SENTINEL", "MONITOR", "main", "127.0.0.1", master.port, 1)
        await comes_back(store)
    sentinel.freeze()
    async with opened(f"redis+sentinel://127.0.0.1:{sentinel.port}/main") as store:
        await away(store, writes(store) + reads(store))
        sentinel.thaw()
        await comes_back(store)


# A Cluster


async def test_a_cluster(servers: Servers) -> None:
    nodes = await servers.cluster()
    url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    threads = [Thread("T1", "C9", str(number)) for number in range(24)]

    async def remembered(store: RedisStore, thread: Thread) -> bool:
        """Whether a script and a command about a thread are answered; False in time where they are not."""
        try:
            async with asyncio.timeout(2 * (1.0 + SLACK)):
                await store.remember(thread, thread.thread_ts, NotedFlow("", "flow"), 0, now=1)
                kept = await store.conversation(thread)
        except StoreUnavailable:
            return False
        assert kept is not None
        assert kept.chat_id == thread.thread_ts
        return True

    async def all_of(store: RedisStore) -> list[bool]:
        return await asyncio.gather(*(remembered(store, thread) for thread in threads))

    async with opened(url, 1.0) as store:
        await comes_back(store)
        assert all(await all_of(store))
        for node in nodes:
            assert await node("DBSIZE")
            await node("SCRIPT", "FLUSH")
        assert all(await all_of(store))

        # One master is frozen: what it keeps is away, and nothing else, also where scripts are to be learnt anew. A
        # client that is new finds its way too.
        kept = len(cast("list[str]", await nodes[0]("KEYS", "*:C9:*")))
        nodes[0].freeze()
        await nodes[1]("SCRIPT", "FLUSH")
        assert (await all_of(store)).count(False) == kept > 0
        async with opened(url) as another:
            assert True in await all_of(another)
        nodes[0].thaw()
        await comes_back(store)
        assert all(await all_of(store))

        # A slot moves: the client is led there.
        slot, first = 16383, nodes[-1]
        owner = await nodes[0]("CLUSTER", "MYID")
        for node in (nodes[0], first, nodes[1]):
            await node("CLUSTER", "SETSLOT", slot, "NODE", owner)
        name = next(
            name
            for name in map(str, range(10**6))
            if key_slot(f"flowise-slack:{{{name}}}:claim:{name}".encode()) == slot
        )
        assert await accepted(store, name) is True
        assert await accepted(store, name) is False

    await gives_no_one_another_s_answer(url)


async def test_one_server_is_no_cluster(servers: Servers) -> None:
    server = await servers()
    async with opened(f"redis+cluster://127.0.0.1:{server.port}", ENOUGH) as store:
        assert "cannot be reached as a Cluster" in await away(store, writes(store))


async def test_a_cluster_s_node_is_no_single_server(servers: Servers) -> None:
    node = await servers("--cluster-enabled", "yes")
    await node("CLUSTER ADDSLOTSRANGE", 0, 1)
    async with opened(node.url, ENOUGH) as store:
        assert "Cluster" in await away(store, writes(store))


# TLS


@with_tls
async def test_tls_in_every_kind(servers: Servers) -> None:
    trusting = f"?ssl_ca_certs={CERTIFICATE}"
    one, watch, node = free_port(), free_port(), free_port()
    await servers("--tls-port", one, *TLS)
    await servers(
        *("--tls-port", watch, *TLS),
        sentinel=f"sentinel monitor main 127.0.0.1 {one} 1\n",
    )
    await servers.cluster(1, "--tls-port", node, *TLS)
    for place in (
        f"rediss://127.0.0.1:{one}/3{trusting}",
        f"rediss+sentinel://127.0.0.1:{watch}/main{trusting}&db=3",
        f"rediss+cluster://127.0.0.1:{node}{trusting}",
    ):
        async with opened(place) as store:
            await comes_back(store)


@with_tls
async def test_a_certificate_that_is_not_trusted_is_told_as_such(servers: Servers) -> None:
    port = free_port()
    await servers("--tls-port", port, *TLS)
    async with opened(f"rediss://127.0.0.1:{port}", ENOUGH) as store:
        said = await away(store, writes(store))
        assert set(said.splitlines()) == {
            "Redis shows a certificate that is not trusted here (SSLCertVerificationError)"
        }
