"""Tests that the data of a workspace that uninstalled the app are deleted, for sure, and again a while later."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreUnavailable
from bot.slack.token_state import TokenState
from bot.workspace.uninstall import Uninstall


class Store:
    """A store that cannot be reached for the first `outages` attempts."""

    def __init__(self, outages: int = 0) -> None:
        self.outages = outages
        self.purged: list[str] = []
        self.twice = asyncio.Event()

    async def purge(self, team: str) -> int:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("Redis cannot be reached")
        self.purged.append(team)
        if len(self.purged) == 2:
            self.twice.set()
        return 7


def taken() -> TokenState:
    token = TokenState()
    token.answered()
    return token


async def test_it_is_tried_until_redis_answers_and_done_once_more_later() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    store, token = Store(outages=2), taken()
    uninstall = Uninstall("T1", store, token, sleep=sleep)
    with capture_logs() as lines:
        uninstall.report("app_uninstalled")
        uninstall.report("tokens_revoked")  # Slack sends both
        assert uninstall.is_over
        running = asyncio.create_task(uninstall.run())
        async with asyncio.timeout(5):
            await store.twice.wait()
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
    assert slept == [5.0, 5.0, 60.0]
    assert store.purged == ["T1", "T1"]
    assert [line["log_level"] for line in lines] == ["error", "info", "info", "info"]


async def test_what_is_kept_of_a_workspace_that_is_back_stays() -> None:
    store, token = Store(), taken()

    async def sleep(seconds: float) -> None:
        token.answered()  # the token is taken again

    uninstall = Uninstall("T1", store, token, sleep=sleep)
    uninstall.report("app_uninstalled")
    running = asyncio.create_task(uninstall.run())
    await asyncio.sleep(0.01)
    assert store.purged == ["T1"]
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
