"""Figures on a real server: added up over hours and replicas, each call once, without a name."""

from __future__ import annotations

from uuid import uuid4

import pytest
from redis.asyncio import Redis

from bot.records.figures import Counted, Figures, first_text
from bot.store.redis import RedisStore

NOW = 1_700_000_000.0
HOUR = 3600.0


async def test_sums_are_of_the_last_day_week_and_month(store: RedisStore) -> None:
    figures = store.figures
    ago = {1: "U1", 23: "U2", 24: "U3", 24 * 7: "U4", 24 * 30: "U5"}
    for hours, person in ago.items():
        await figures.count("T1", {"whole": 1, "tokens": 10}, at=NOW - hours * HOUR, person=person)
    await figures.count("T1", {"good": 1}, at=NOW)
    await figures.count("T12", {"whole": 100}, at=NOW, person="U9")
    day, week, month = await figures.periods("T1", at=NOW)
    assert [(found.people, found[Counted.WHOLE], found[Counted.TOKENS]) for found in (day, week, month)] == [
        (2, 2, 20),
        (3, 3, 30),
        (4, 4, 40),
    ]
    assert [found[Counted.GOOD] for found in (day, week, month)] == [1, 1, 1]


async def test_nobody_is_named_and_all_of_it_expires_or_is_purged(store: RedisStore, raw: Redis) -> None:
    for _ in range(3):
        await store.figures.count("T1", {"whole": 1}, at=NOW, person="U0123ABCD")
    keys = [key async for key in raw.scan_iter(match=f"{store._prefix}:{{figures:T1}}:*")]
    hour = [key for key in keys if ":call:" not in key]
    assert len(hour) == 2
    assert [await raw.pttl(key) > 31 * 86_400_000 for key in hour] == [True, True]
    for key in hour:
        assert b"U0123ABCD" not in (await raw.dump(key) or b"")
    assert await store.purge("T1") == len(keys)
    assert (await store.figures.periods("T1", at=NOW))[0] == Figures()


@pytest.mark.parametrize(
    ("waits", "median"),
    [([], None), ([0.2], 0.5), ([0.6, 0.7, 9.0], 1.0), ([3.0, 3.0, 3.1], 3.0), ([500.0], float("inf"))],
)
def test_the_median_is_the_end_of_its_group(waits: list[float], median: float | None) -> None:
    counts: dict[str, int] = {}
    for wait in waits:
        counts[first_text(wait)] = counts.get(first_text(wait), 0) + 1
    assert Figures(counts=counts).median_first_text == median


async def test_a_month_is_read_with_one_request(redis_url: str) -> None:
    requests: list[str] = []
    store = RedisStore.at(redis_url, prefix=f"test-{uuid4().hex}", observer=lambda _, error: requests.append(error))
    await store.figures.count("T1", {"whole": 1}, at=NOW, person="U1")
    requests.clear()
    await store.figures.periods("T1", at=NOW)
    assert requests == [""]
    await store.aclose()
