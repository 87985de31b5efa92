"""What people were told of late, on a real server: once, also where a call is repeated, and again later."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.redis import RedisStore


async def test_each_is_told_once_for_each_reason_until_the_time_is_over(store: RedisStore, raw: Redis) -> None:
    told = [await store.notices.first("T1", user, kind, 3600.0) for user in ("U1", "U2") for kind in ("a", "a", "b")]
    assert told == [True, False, True, True, False, True]
    name = f"{store._prefix}:{{told:T1}}:U1:a"
    assert 3_500_000 < await raw.pttl(name) <= 3_600_000
    await raw.delete(name)
    assert await store.notices.first("T1", "U1", "a", 3600.0)
    assert await store.purge("T1") == 4
