"""Tests that work is repeated while the store cannot be reached, and that the outage is logged under its question."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreUnavailable
from bot.mailbox.retry import PAUSE, retried


class Outage:
    """Work that succeeds after so many failures, and a sleep that takes no time."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.slept: list[float] = []

    async def work(self) -> str:
        if len(self.slept) < self.failures:
            raise StoreUnavailable("Redis cannot be reached")
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize("failures", [0, 1, 3])
async def test_work_is_repeated_until_the_store_can_be_reached(failures: int) -> None:
    outage = Outage(failures)
    with capture_logs() as lines:
        assert await retried(outage.work, outage.sleep, ref="abc") == "done"
    assert outage.slept == [PAUSE] * failures
    assert [(line["event"], line["ref"]) for line in lines] == [("store unreachable", "abc")] * min(1, failures)


async def test_any_other_error_is_raised_at_once() -> None:
    async def work() -> None:
        raise KeyError("a bug")

    outage = Outage(0)
    with pytest.raises(KeyError):
        await retried(work, outage.sleep, ref="abc")
    assert outage.slept == []
