"""Tests what real servers report about themselves, and which of it is a warning."""

from __future__ import annotations

import pytest

from bot.errors import StoreUnavailable
from bot.store.connections import connect
from bot.store.health import RedisHealth, health
from tests.store.conftest import Servers


async def of(url: str, patience: float = 2.0) -> RedisHealth:
    client = connect(url)
    try:
        return await health(client, patience=patience)
    finally:
        await client.aclose()


async def test_what_keeps_the_promises_warns_of_nothing(own_redis: str) -> None:
    told = await of(own_redis)
    assert told.version is not None
    assert told.version.startswith("Valkey ")
    assert (told.role, told.cluster, told.persistence) == ("master", False, "append-only file")
    assert (told.append_only, told.snapshots, told.writes_fail) == (True, False, False)
    assert (told.eviction, told.memory_limit, told.old) == ("noeviction", 0, False)
    assert told.compatible is not None
    assert told.compatible >= (7, 0)
    assert told.memory_used is not None
    assert told.memory_used > 100_000
    assert told.warnings == ()


async def test_what_cannot_keep_them_is_named_with_what_to_change(servers: Servers) -> None:
    server = await servers("--maxmemory", "64mb", "--maxmemory-policy", "volatile-lru")
    told = await of(server.url)
    assert (told.persistence, told.eviction, told.memory_limit) == ("none", "volatile-lru", 64 * 2**20)
    evicts, forgets = told.warnings
    assert "maxmemory-policy is volatile-lru" in evicts
    assert "Set maxmemory-policy to noeviction" in evicts
    assert "Set appendonly to yes" in forgets
    await server("CONFIG", "SET", "maxmemory-policy", "noeviction")
    await server("CONFIG", "SET", "save", "60 1")
    [snapshots] = (await of(server.url)).warnings
    assert "snapshots only" in snapshots
    await server("CONFIG", "SET", "appendonly", "yes")
    assert (await of(server.url)).warnings == ()
    await server("REPLICAOF", "127.0.0.1", 1)
    [replica] = (await of(server.url)).warnings
    assert "is a replica" in replica


async def test_what_is_hidden_is_no_warning(servers: Servers) -> None:
    server = await servers()
    await server("ACL", "SETUSER", "bot", "on", ">secret", "~*", "+@all", "-config")
    url = f"redis://bot:secret@127.0.0.1:{server.port}"
    told = await of(url)
    assert (told.persistence, told.eviction, told.warnings) == (None, "noeviction", ())
    await server("ACL", "SETUSER", "bot", "-info")
    assert await of(url) == RedisHealth()


async def test_a_node_of_a_cluster_speaks_for_it(servers: Servers) -> None:
    [node] = await servers.cluster(masters=1)
    told = await of(f"redis+cluster://127.0.0.1:{node.port}")
    assert (told.cluster, told.role, told.persistence) == (True, "master", "none")


async def test_no_answer_is_said(servers: Servers) -> None:
    server = await servers()
    server.freeze()
    with pytest.raises(StoreUnavailable):
        await of(server.url, patience=0.3)


def test_an_old_one_is_named() -> None:
    [warning] = RedisHealth(version="Redis 6.2.14", compatible=(6, 2)).warnings
    assert "Redis 6.2.14" in warning
