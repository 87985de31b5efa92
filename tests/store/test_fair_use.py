"""What people ask is counted exactly, by two replicas together, on a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.ports.fair_use import Frequency, Granted, Limits, Share, TooManyAtOnce, TooOften
from bot.store.redis import RedisStore

HOUR = 3600.0
LEASE = 15.0
THREE = Limits(person=Frequency(3, HOUR))


async def enter(store: RedisStore, reference: str, limits: Limits, user: str = "U1", channel: str = "C1") -> Share:
    return await store.fair_use.enter("T1", user, channel, reference, limits, LEASE)


async def test_of_many_at_once_on_two_replicas_as_many_are_let_in_as_may_be(
    twins: tuple[RedisStore, RedisStore],
) -> None:
    found = await asyncio.gather(*(enter(twins[number % 2], f"r{number}", THREE) for number in range(20)))
    assert found.count(Granted()) == 3
    assert all(isinstance(share, TooOften) and 3590 < share.wait <= HOUR for share in found if share != Granted())
    assert await enter(twins[0], "other", THREE, user="U2") == Granted()


async def test_a_question_counts_once_however_often_it_enters(store: RedisStore) -> None:
    for _ in range(5):
        assert await enter(store, "r1", Limits(Frequency(1, HOUR), Frequency(1, HOUR), 1)) == Granted()
    assert isinstance(await enter(store, "r2", Limits(Frequency(1, HOUR))), TooOften)


async def test_the_window_slides(store: RedisStore, raw: Redis) -> None:
    for number in range(3):
        await enter(store, f"r{number}", THREE)
        await _age(raw, store, "person:U1", 1000.0)
    share = await enter(store, "r3", THREE)
    assert isinstance(share, TooOften)
    assert 590 < share.wait <= 600  # the first was 3,000 seconds ago
    await _age(raw, store, "person:U1", 600.0)
    assert await enter(store, "r3", THREE) == Granted()
    again = await enter(store, "r4", THREE)
    assert isinstance(again, TooOften)
    assert 990 < again.wait <= 1000  # and the next 2,600


async def test_a_lower_limit_holds_for_what_was_asked_before(store: RedisStore, raw: Redis) -> None:
    for number in range(3):
        await enter(store, f"r{number}", THREE)
        await _age(raw, store, "person:U1", 1000.0)
    share = await enter(store, "r3", Limits(Frequency(1, HOUR)))
    assert isinstance(share, TooOften)
    assert 2590 < share.wait <= 2600  # until the newest of the three is an hour old


async def test_of_two_limits_the_one_that_lasts_longer_is_told_and_nothing_is_counted(store: RedisStore) -> None:
    limits = Limits(Frequency(1, HOUR), Frequency(1, 24 * HOUR))
    await enter(store, "r1", limits)
    share = await enter(store, "r2", limits)
    assert isinstance(share, TooOften)
    assert share.in_channel
    assert await enter(store, "r3", Limits(channel=Frequency(2, HOUR))) == Granted()
    assert isinstance(await enter(store, "r4", Limits(channel=Frequency(2, HOUR))), TooOften)


@pytest.mark.parametrize("how", ["left", "died"])
async def test_answers_under_way_end_when_they_are_left_or_with_their_process(
    store: RedisStore, raw: Redis, how: str
) -> None:
    two = Limits(at_once=2)
    assert [await enter(store, f"r{number}", two) for number in range(3)] == [Granted(), Granted(), TooManyAtOnce()]
    assert await enter(store, "other", two, user="U2") == Granted()
    if how == "left":
        await store.fair_use.leave("T1", "U1", "r0")
    else:
        await _age(raw, store, "under-way:U1", LEASE)
        await store.fair_use.renew("T1", [("U1", "r1"), ("U2", "other")], LEASE)
    assert [await enter(store, f"r{number}", two) for number in (2, 3)] == [Granted(), TooManyAtOnce()]


async def test_nothing_is_kept_for_longer_than_it_counts_and_all_of_it_goes(store: RedisStore, raw: Redis) -> None:
    await enter(store, "r1", Limits(Frequency(3, HOUR), Frequency(3, 60.0), 2))
    left = [await raw.pttl(_key(store, name)) for name in ("person:U1", "channel:C1", "under-way:U1")]
    assert [round(each / 1000) for each in left] == [3600, 60, 15]
    assert await store.purge("T1") == 3


def _key(store: RedisStore, name: str) -> str:
    return f"{store._prefix}:{{fair:T1}}:{name}"


async def _age(raw: Redis, store: RedisStore, name: str, seconds: float) -> None:
    kept: Any = await raw.zrange(_key(store, name), 0, -1, withscores=True)
    await raw.zadd(_key(store, name), {reference: at - seconds * 1000 for reference, at in kept})
