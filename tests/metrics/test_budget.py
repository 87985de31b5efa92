"""Tests the metrics of the write budget and of those that wait for it."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import CollectorRegistry

from bot.metrics.slack import BudgetMetrics
from bot.pacing.governor import Governor
from bot.pacing.permits import Kind, Want
from bot.store.redis import RedisStore

METHOD = "chat.startStream"  # 3 at once with a quarter of the limits, and one more in 30 s
LEFT, SIZE, WAITING = (f"flowise_slack_slack_budget_{what}" for what in ("left", "size", "waiting"))


async def test_what_is_drawn_is_missing_and_who_gets_nothing_waits(store: RedisStore) -> None:
    governor, registry = Governor(store, "T1", scale=0.25, now=time.monotonic), CollectorRegistry()
    registry.register(BudgetMetrics(lambda: [governor]))

    def shown(name: str) -> float:
        value = registry.get_sample_value(name, {"method": METHOD})
        assert value is not None
        return value

    now = time.monotonic()
    want = Want(METHOD, "C1", Kind.ENDING, since=now, unseen=0, last_write=now)
    assert (shown(LEFT), shown(SIZE), shown(WAITING)) == (3, 3, 0)
    await governor.granted(lambda: want)
    assert 2 <= shown(LEFT) < 3
    await asyncio.gather(*(governor.granted(lambda: want) for _ in range(2)))
    late = asyncio.create_task(governor.granted(lambda: want))
    await asyncio.sleep(0.05)
    assert (shown(LEFT) < 1, shown(WAITING)) == (True, 1)
    late.cancel()
    await asyncio.wait([late])
    assert shown(WAITING) == 0
    await governor.stop()
