"""Tests the doctor's Redis checks on a real Valkey: as it is, and misconfigured in every way that matters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.doctor.findings import Finding, Verdict
from bot.doctor.redis import eviction, persistence, redis, refused, server
from bot.store.connections import connect
from bot.store.health import RedisHealth

Rows = dict[str, Finding]
quick = partial(connect, patience=2.0, retries=0)


async def seen(url: str | None, folder: Path = Path("/nowhere")) -> Rows:
    found = await redis(url, folder, quick)
    rows = {finding.check: finding for finding in found}
    assert len(rows) == len(found)
    return rows


@pytest.fixture
async def operator(own_redis: str) -> AsyncIterator[Redis]:
    """A client that reconfigures the server."""
    client = Redis.from_url(own_redis, decode_responses=True)
    yield client
    await client.aclose()


async def test_all_is_well(own_redis: str) -> None:
    rows = await seen(own_redis)
    assert {check: finding.state for check, finding in rows.items()} == dict.fromkeys(
        ["server", "writing", "persistence", "eviction"], Verdict.WELL
    )
    assert rows["server"].found.startswith("Valkey ")


async def test_the_trial_leaves_nothing_for_long(own_redis: str, operator: Redis) -> None:
    await seen(own_redis)
    for key in await operator.keys("*"):
        assert 0 < await operator.pttl(key) <= 1000


@pytest.mark.parametrize(("limit", "state"), [("0", Verdict.WARNING), ("100mb", Verdict.WRONG)])
async def test_keys_that_may_be_thrown_away(own_redis: str, operator: Redis, limit: str, state: Verdict) -> None:
    await operator.config_set("maxmemory", limit)
    await operator.config_set("maxmemory-policy", "allkeys-lru")
    finding = (await seen(own_redis))["eviction"]
    assert finding.state is state
    assert "allkeys-lru" in finding.found
    assert "noeviction" in finding.do


async def test_no_persistence(own_redis: str, operator: Redis) -> None:
    await operator.config_set("appendonly", "no")
    finding = (await seen(own_redis))["persistence"]
    assert finding.state is Verdict.WARNING
    assert "everything" in finding.found
    assert "appendonly" in finding.do


async def test_snapshots_alone(own_redis: str, operator: Redis) -> None:
    await operator.config_set("appendonly", "no")
    await operator.config_set("save", "3600 1")
    finding = (await seen(own_redis))["persistence"]
    assert finding.state is Verdict.WARNING
    assert "snapshots only" in finding.found


async def test_a_replica(own_redis: str, operator: Redis) -> None:
    await operator.replicaof("127.0.0.1", 1)
    finding = (await seen(own_redis))["writing"]
    assert finding.state is Verdict.WRONG
    assert "replica" in finding.found


async def test_memory_that_is_used_up(own_redis: str, operator: Redis) -> None:
    await operator.config_set("maxmemory", "1")
    finding = (await seen(own_redis))["writing"]
    assert finding.state is Verdict.WRONG
    assert "memory" in finding.found


async def test_a_password_that_is_wanted(own_redis: str, operator: Redis) -> None:
    await operator.config_set("requirepass", "the-password")
    [none] = (await seen(own_redis)).values()
    [wrong] = (await seen(own_redis.replace("unix://", "unix://:guessed@"))).values()
    right = await seen(own_redis.replace("unix://", "unix://:the-password@"))
    await operator.config_set("requirepass", "")  # or nobody could end the server
    assert none.state is wrong.state is Verdict.WRONG
    assert "password" in none.do
    assert "password" in wrong.do
    assert "guessed" not in wrong.found + wrong.do
    assert right["server"].state is Verdict.WELL


async def test_a_user_who_may_not_run_scripts(own_redis: str, operator: Redis) -> None:
    await operator.acl_setuser("bot", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-eval"])
    rows = await seen(own_redis.replace("unix://", "unix://bot:pw@"))
    assert rows["writing"].state is Verdict.WRONG
    assert "EVAL" in rows["writing"].do


async def test_a_user_who_may_not_ask(own_redis: str, operator: Redis) -> None:
    await operator.acl_setuser("bot", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-info"])
    rows = await seen(own_redis.replace("unix://", "unix://bot:pw@"))
    assert rows["writing"].state is Verdict.WELL
    for check in ("server", "persistence", "eviction"):
        assert rows[check].state is Verdict.UNKNOWN


async def test_a_user_who_may_not_see_the_configuration(own_redis: str, operator: Redis) -> None:
    await operator.config_set("appendonly", "no")
    await operator.acl_setuser("bot", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-config"])
    finding = (await seen(own_redis.replace("unix://", "unix://bot:pw@")))["persistence"]
    assert finding.state is Verdict.WARNING
    assert "does not report" in finding.found


@pytest.mark.parametrize("url", ["redis://127.0.0.1:9", "unix:///nowhere/valkey.sock"])
async def test_nobody_there(url: str) -> None:
    [finding] = (await seen(url)).values()
    assert finding.state is Verdict.WRONG
    assert "REDIS_URL" in finding.do


async def test_an_address_that_cannot_be_read() -> None:
    [finding] = (await seen("redis://localhost:port")).values()
    assert finding.state is Verdict.WRONG


async def test_the_private_store_is_started_and_ended(tmp_path: Path) -> None:
    rows = await seen(None, tmp_path / "data")
    assert {finding.state for finding in rows.values()} == {Verdict.WELL}
    assert "one replica" in rows["private store"].found
    assert not [path for path in (tmp_path / "data").iterdir() if path.is_socket()]


async def test_a_private_store_that_runs_goes_on(own_redis: str, operator: Redis, tmp_path: Path) -> None:
    await operator.set("kept", "1")
    rows = await seen(None, tmp_path / "store")
    assert rows["private store"].state is Verdict.WELL
    assert await operator.get("kept") == "1"


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    [finding] = (await seen(None, tmp_path / "data")).values()
    assert finding.state is Verdict.WRONG
    assert "DATA_DIR" in finding.do


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (RedisHealth(version="Redis 8.0.1", compatible=(8, 0)), Verdict.WELL),
        (RedisHealth(version="Redis 7.0.0", compatible=(7, 0)), Verdict.WELL),
        (RedisHealth(version="Redis 6.2.14", compatible=(6, 2)), Verdict.WRONG),
        (RedisHealth(), Verdict.UNKNOWN),
    ],
)
def test_versions(told: RedisHealth, state: Verdict) -> None:
    assert server(told).state is state


def test_a_disk_that_is_full() -> None:
    finding = persistence(RedisHealth(append_only=True, writes_fail=True))
    assert finding.state is Verdict.WRONG
    assert "disk" in finding.do


def test_a_limit_that_is_not_told_counts_as_one() -> None:
    assert eviction(RedisHealth(eviction="volatile-lru", memory_limit=None)).state is Verdict.WRONG


def test_any_other_refusal_is_told_as_it_came() -> None:
    finding = refused(RedisError("MISCONF errors writing to disk"), RedisHealth())
    assert finding.state is Verdict.WRONG
    assert "MISCONF" in finding.found
