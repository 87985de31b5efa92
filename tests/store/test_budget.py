"""Tests that the shared write budget's script agrees with the pure one, and that two replicas never take too much."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest

from bot.pacing.budget import Budget
from bot.ports.budget import Counts, ReplicaCounts
from bot.slack.tiers import QUOTAS, Key, Quota, keys
from bot.store.budget_script import FADE, GRACE, TIE
from bot.store.redis import RedisStore
from tests.store.clocks import set_clock

SMALL = Key("small", Quota(rate=0.5, burst=3))
OTHER = Key("other", Quota(rate=0.1, burst=1))


def call() -> str:
    return uuid4().hex


async def test_the_burst_then_a_wait(store: RedisStore) -> None:
    for left in (2, 1, 0):
        spent = await store.spend("T1", [SMALL], 0, call())
        assert spent.wait == 0
        assert spent.level == pytest.approx(left, abs=0.2)
    spent = await store.spend("T1", [SMALL], 0, call())
    assert 1.0 < spent.wait <= 2.0
    assert spent.quota.burst == 3
    assert spent.quota.rate == pytest.approx(0.5)
    assert (await store.spend("T2", [SMALL], 0, call())).wait == 0  # another workspace


async def test_the_same_call_counts_once(store: RedisStore) -> None:
    once = call()
    for _ in range(5):
        assert (await store.spend("T1", [SMALL], 0, once)).wait == 0
    assert (await store.spend("T1", [SMALL], 0, call())).level == pytest.approx(1, abs=0.2)


async def test_of_several_buckets_all_or_none(store: RedisStore) -> None:
    assert (await store.spend("T1", [SMALL, OTHER], 0, call())).wait == 0
    assert (await store.spend("T1", [SMALL, OTHER], 0, call())).wait > 5
    assert (await store.spend("T1", [SMALL], 0, call())).level == pytest.approx(1, abs=0.2)


async def test_the_reserve_stays(store: RedisStore) -> None:
    assert (await store.spend("T1", [SMALL], 2, call())).wait == 0
    assert (await store.spend("T1", [SMALL], 2, call())).wait > 0
    assert (await store.spend("T1", [SMALL], 0, call())).wait == 0


async def test_after_a_refusal_nobody_calls_and_the_limit_is_lower(store: RedisStore) -> None:
    update = (Key("chat.update", QUOTAS["chat.update"]),)
    last = ""
    for _ in range(6):
        last = call()
        assert (await store.spend("T1", update, 0, last)).wait == 0
    await store.refused("T1", update, 30.0, last)
    await store.refused("T1", update, 30.0, last)
    spent = await store.spend("T1", update, 0, call())
    assert 29.0 < spent.wait <= 62.0
    assert spent.level == 0
    assert spent.quota.per_minute < update[0].quota.per_minute / 4


async def test_what_one_channel_has_taught_holds_for_all(store: RedisStore) -> None:
    here, elsewhere = keys("chat.postMessage", "C1"), keys("chat.postMessage", "C2")
    assert (await store.spend("T1", here, 0, call())).wait == 0
    assert 0 < (await store.spend("T1", here, 0, call())).wait <= here[1].apart
    await asyncio.sleep(here[1].apart)
    last = call()
    assert (await store.spend("T1", here, 0, last)).wait == 0
    assert (await store.spend("T1", elsewhere, 0, call())).wait == 0
    await store.refused("T1", here, 0.4, last)
    await asyncio.sleep(0.4)
    spent = await store.spend("T1", elsewhere, 0, call())
    assert 0 < spent.wait < 2
    assert spent.shared_wait == 0  # the workspace's own limit was not met
    assert spent.quota == here[0].quota


async def test_each_hears_what_all_have_told(redis_url: str) -> None:
    prefix = f"test-{uuid4().hex}"
    one, other = (RedisStore.at(redis_url, prefix=prefix) for _ in range(2))
    ours, theirs = ReplicaCounts("one", Counts(3, 2, 1, 60.0)), ReplicaCounts("other", Counts(4, 1, 0, 20.5))
    assert (await one.spend("T1", [SMALL], 0, call(), ours)).counts == ours.counts
    assert (await other.spend("T1", [OTHER], 0, call(), theirs)).counts == Counts(7, 3, 1, 80.5)
    assert (await other.spend("T2", [OTHER], 0, call(), theirs)).counts == theirs.counts  # another workspace
    await one.report_counts("T1", ReplicaCounts("one"))
    assert (await other.spend("T1", [OTHER], 0, call(), theirs)).counts == theirs.counts
    for twin in (one, other):
        await twin.aclose()


async def test_what_a_dead_replica_told_fades(store: RedisStore) -> None:
    await store.report_counts("T1", ReplicaCounts("dead", Counts(editing=5)))
    ours = ReplicaCounts("ours", Counts(editing=1))
    assert (await store.spend("T1", [SMALL], 0, call(), ours)).counts.editing == 6
    [answers, *_] = store._buckets("T1", ())
    await store._client.hset(answers, "dead", f"{time.time() - FADE - 1:.3f} 5 0 0 0")
    assert (await store.spend("T1", [SMALL], 0, call(), ours)).counts.editing == 1


async def test_the_ending_that_has_been_due_for_longest_goes_first_whoever_has_it(store: RedisStore) -> None:
    pair = Key("pair", Quota(rate=2.0, burst=2))
    one, other = ReplicaCounts("one"), ReplicaCounts("other")
    for _ in range(2):
        assert (await store.spend("T1", [pair], 0, call(), other, due=9.0)).wait == 0
    wait = (await store.spend("T1", [pair], 0, call(), one, due=5.0)).wait
    assert 0 < wait <= 0.5
    await asyncio.sleep(wait + 0.01)
    # There is one token now: for the ending that has been waiting, not for a later one of another replica, nor for
    # anything else there.
    assert (await store.spend("T1", [pair], 0, call(), other, due=1.0)).wait > 0
    assert (await store.spend("T1", [pair], 0, call(), other)).wait > 0
    assert (await store.spend("T1", [pair], 0, call(), one, due=5.0 + wait)).wait == 0


async def test_of_two_endings_that_became_due_at_once_neither_waits_for_the_other(store: RedisStore) -> None:
    pair = Key("pair", Quota(rate=2.0, burst=2))
    one, other = ReplicaCounts("one"), ReplicaCounts("other")
    for _ in range(2):
        assert (await store.spend("T1", [pair], 0, call(), due=9.0)).wait == 0
    wait = (await store.spend("T1", [pair], 0, call(), one, due=5.0)).wait
    await asyncio.sleep(wait + 0.01)
    # The other's way to Redis took a little longer.
    assert (await store.spend("T1", [pair], 0, call(), other, due=5.0 + wait - TIE / 2)).wait == 0


async def test_a_place_is_lost_by_who_does_not_come_for_it(store: RedisStore) -> None:
    pair = Key("pair", Quota(rate=2.0, burst=2))
    for _ in range(2):
        assert (await store.spend("T1", [pair], 0, call(), due=9.0)).wait == 0
    assert (await store.spend("T1", [pair], 0, call(), ReplicaCounts("dead"), due=5.0)).wait > 0
    await asyncio.sleep(0.51)
    assert (await store.spend("T1", [pair], 0, call(), ReplicaCounts("ours"), due=1.0)).wait > 0
    [_, endings, *_] = store._buckets("T1", [pair])
    kept = await store._client.hget(endings, "dead")
    since, till, _ = (float(figure) for figure in str(kept).split())
    assert till == pytest.approx(since + 5.5 + GRACE, abs=0.2)
    await store._client.hset(endings, "dead", f"{since} {time.time() - 0.1:.3f}")
    assert (await store.spend("T1", [pair], 0, call(), ReplicaCounts("ours"), due=1.0)).wait == 0


async def test_a_hundred_at_once_by_two_replicas_take_what_there_is(redis_url: str) -> None:
    prefix = f"test-{uuid4().hex}"
    twins = [RedisStore.at(redis_url, prefix=prefix) for _ in range(2)]
    spent = await asyncio.gather(*(twins[i % 2].spend("T1", [SMALL], 0, call()) for i in range(100)))
    assert sum(one.wait == 0 for one in spent) == 3
    for twin in twins:
        await twin.aclose()


@pytest.mark.parametrize("retry_after", [4.0, 6.0])
@pytest.mark.parametrize("several", [False, True])
async def test_the_script_agrees_with_the_pure_budget(store: RedisStore, retry_after: float, several: bool) -> None:
    """The same draws at nearly the same times: the same grants; waits and levels differ by the time between."""
    for attempt in range(5):
        differences, delay = await compared(store, f"T{attempt}", retry_after, several=several)
        if not differences or delay < 0.05:  # on a machine that stood still, the times were not the same
            break
    assert differences == []


async def compared(
    store: RedisStore, team: str, retry_after: float, *, several: bool
) -> tuple[list[tuple[object, ...]], float]:
    """What the script and the pure budget differ in, and how far apart their times were at worst."""
    wide = Key("wide", Quota(rate=5.0, burst=30))
    pure, now = Budget(), asyncio.get_running_loop().time
    differences: list[tuple[object, ...]] = []
    delay = 0.0
    for step in range(60):
        buckets = [wide, SMALL] if several else [SMALL]
        reserve = 1.0 if step % 3 == 0 else 0.0
        urgent = step % 5 == 0
        began = now()
        spent = await store.spend(team, buckets, reserve, call(), due=0.0 if urgent else None)
        wait = pure.take(buckets, now(), reserve=reserve, urgent=urgent)
        theirs: tuple[object, ...] = (spent.wait == 0, spent.wait, spent.level, spent.quota.per_minute)
        ours: tuple[object, ...] = (
            wait == 0,
            pytest.approx(wait, abs=0.5),
            pytest.approx(pure.level(buckets[0], now()), abs=0.6),
            pytest.approx(pure.quota(buckets[0], now()).per_minute, rel=0.01),
        )
        delay = max(delay, now() - began)
        if theirs != ours:
            differences.append((step, theirs, ours))
        if step in {20, 21}:
            refused, began = call(), now()
            pure.limited(buckets, retry_after, began)
            await store.refused(team, buckets, retry_after, refused)
            delay = max(delay, now() - began)
    return differences, delay


@pytest.mark.slow
@pytest.mark.parametrize(("retry_after", "calls"), [(2.0, 8), (57.0, 5), (30.0, 5)])
async def test_the_script_agrees_with_the_pure_budget_after_refusals(
    store: RedisStore, retry_after: float, calls: int
) -> None:
    """The same draws at nearly the same times, between which the clock is set forward as if they had gone by."""
    update, pure, by = (Key("chat.update", QUOTAS["chat.update"], apart=0.15),), Budget(), 0.0

    async def both(pause: float, *, urgent: bool) -> None:
        nonlocal by
        by += pause
        await set_clock(store, pause)
        spent = await store.spend("T1", update, 0, call(), due=0.0 if urgent else None)
        now = asyncio.get_running_loop().time() + by
        wait = pure.take(update, now, urgent=urgent)
        assert spent.wait == pytest.approx(wait, abs=0.3)
        assert spent.quota.per_minute == pytest.approx(pure.quota(update[0], now).per_minute, rel=0.01)

    for _ in range(2):  # a suspicion, then proof
        for _ in range(calls):
            await both(0.5, urgent=True)
        await store.refused("T1", update, retry_after, call())
        pure.limited(update, retry_after, asyncio.get_running_loop().time() + by)
        await both(retry_after - 1.0, urgent=True)
        for pause in (1.5, 0.5, 1.0, 1.0):
            await both(pause, urgent=True)
        await both(5.0, urgent=False)
        await both(70.0, urgent=False)


async def test_a_limit_that_an_earlier_version_has_learned_is_proven(store: RedisStore) -> None:
    update = (Key("chat.update", QUOTAS["chat.update"]),)
    [_, _, _, _, lesson] = store._buckets("T1", update)
    await store._client.hset(lesson, mapping={"most": 5, "raise_at": f"{time.time() + 200.0:.6f}"})
    for _ in range(2):
        spent = await store.spend("T1", update, 0, call(), due=0.0)
        assert spent.quota.per_minute == pytest.approx(5.0, abs=0.5)
        await set_clock(store, 100.0)
    assert float(str(await store._client.hget(lesson, "raise_at"))) < time.time() + 1.0
    assert await store._client.hget(lesson, "proven") == "1"


# The clock is set -----------------------------------------------------------------------------------------------------

HOUR = 3600.0


@pytest.mark.parametrize("by", [-24 * HOUR, -HOUR, -61.0, -2.0, -0.2])
@pytest.mark.parametrize("silence", [0.0, 4.0, 30.0])
async def test_a_clock_that_is_set_back_makes_no_wait_longer(store: RedisStore, by: float, silence: float) -> None:
    for due in (None, None, 0.0, 0.0):
        before = await store.spend("T1", [SMALL], 0, call(), due=due)
    if silence:
        await store.refused("T1", [SMALL], silence, call())
        before = await store.spend("T1", [SMALL], 0, call(), due=0.0)
    await set_clock(store, by)
    after = await store.spend("T1", [SMALL], 0, call(), due=0.0)
    assert 0 < after.wait <= before.wait
    assert after.wait == pytest.approx(before.wait, abs=0.5)
    assert after.quota == before.quota
    assert (await store.spend("T1", [SMALL], 0, call())).wait <= max(
        silence, 61.0
    ) + SMALL.quota.burst / SMALL.quota.rate


@pytest.mark.parametrize("by", [HOUR, 2.0])
async def test_a_clock_that_is_set_forward_and_back_again_heals(store: RedisStore, by: float) -> None:
    for _ in range(4):
        await store.spend("T1", [SMALL], 0, call())
    await set_clock(store, by)
    grants = [(await store.spend("T1", [SMALL], 0, call())).wait == 0 for _ in range(6)]
    assert sum(grants) <= SMALL.quota.burst
    await set_clock(store, -by)
    assert (await store.spend("T1", [SMALL], 0, call())).wait <= 1 / SMALL.quota.rate


async def test_what_was_told_in_a_time_to_come_counts_no_more(store: RedisStore) -> None:
    pair = Key("pair", Quota(rate=2.0, burst=2))
    await store.report_counts("T1", ReplicaCounts("dead", Counts(editing=5)))
    for _ in range(3):
        await store.spend("T1", [pair], 0, call(), ReplicaCounts("dead", Counts(editing=5)), due=5.0)
    await set_clock(store, -HOUR)
    ours = ReplicaCounts("ours", Counts(editing=1))
    assert (await store.spend("T1", [OTHER], 0, call(), ours)).counts.editing == 1
    await asyncio.sleep((await store.spend("T1", [pair], 0, call(), ours)).wait)
    assert (await store.spend("T1", [pair], 0, call(), ours)).wait == 0


@pytest.mark.parametrize("several", [False, True])
async def test_the_script_agrees_with_the_pure_budget_while_the_clock_is_set(store: RedisStore, several: bool) -> None:
    # Slow buckets: what goes by between two looks is lost when the clock is set back, and the two look one by one.
    wide, pure, by = Key("wide", Quota(rate=0.5, burst=30)), Budget(), 0.0

    def now() -> float:
        return asyncio.get_running_loop().time() + by

    for step in range(60):
        buckets = [wide, SMALL] if several else [SMALL]
        if step % 7 == 3:
            jump = (-HOUR, 5.0, -6.0, HOUR, -30.0)[step // 7 % 5]
            by += jump
            await set_clock(store, jump)
        urgent = step % 5 == 0
        spent = await store.spend("T1", buckets, 0.0, call(), due=0.0 if urgent else None)
        wait = pure.take(buckets, now(), urgent=urgent)
        assert (wait == 0) == (spent.wait == 0), step
        assert spent.wait == pytest.approx(wait, abs=0.5)
        assert spent.level == pytest.approx(pure.level(buckets[0], now()), abs=0.6)
        assert spent.quota.per_minute == pytest.approx(pure.quota(buckets[0], now()).per_minute, rel=0.01)
        if step in {20, 21, 40}:
            pure.limited(buckets, 3.0, now())
            await store.refused("T1", buckets, 3.0, call())
