"""What is done when the app was uninstalled: the data are deleted, until it is done, and once more a while later."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreUnavailable
from bot.slack.token_state import TokenState
from bot.workspace.uninstall import Uninstall


class Keeps:
    """A store that is away for some tries."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.purged: list[str] = []
        self.twice = asyncio.Event()

    async def purge(self, team: str) -> int:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.purged.append(team)
        if len(self.purged) == 2:
            self.twice.set()
        return 7


def taken() -> TokenState:
    admission = TokenState()
    admission.answered()
    return admission


async def test_it_is_tried_until_redis_answers_and_done_once_more_later() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    keeps, admission = Keeps(away=2), taken()
    farewell = Uninstall("T1", keeps, admission, sleep=sleep)
    with capture_logs() as lines:
        farewell.say("app_uninstalled")
        farewell.say("tokens_revoked")  # Slack sends both
        assert farewell.is_over
        running = asyncio.create_task(farewell.run())
        async with asyncio.timeout(5):
            await keeps.twice.wait()
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
    assert slept == [5.0, 5.0, 60.0]
    assert keeps.purged == ["T1", "T1"]
    assert [line["log_level"] for line in lines] == ["error", "warning", "warning", "info", "info"]


async def test_what_is_kept_of_a_workspace_that_is_back_stays() -> None:
    keeps, admission = Keeps(), taken()

    async def sleep(seconds: float) -> None:
        admission.answered()  # the token is taken again

    farewell = Uninstall("T1", keeps, admission, sleep=sleep)
    farewell.say("app_uninstalled")
    running = asyncio.create_task(farewell.run())
    await asyncio.sleep(0.01)
    assert keeps.purged == ["T1"]
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
