"""Background work goes on whatever it raises, more patiently each time, and is seen to fail while it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
import structlog
from structlog.testing import capture_logs

from bot.background.supervision import Supervisor
from bot.errors import StoreUnavailable
from bot.mailbox.mailbox import Mailbox
from bot.playground.sandbox import Sandbox


@dataclass
class Time:
    """A clock that goes on by what is slept, and stands still otherwise."""

    now: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def supervisor(clock: Time) -> Supervisor:
    return Supervisor(clock, sleep=clock.sleep)


def failing(
    times: int, error: Exception | None = None, *, until: asyncio.Event | None = None
) -> Callable[[], Awaitable[None]]:
    """Work that raises so many times before it goes well, `until` then."""
    left = [times]

    async def run() -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error or KeyError("heard")
        if until is not None:
            await until.wait()

    return run


async def test_work_that_raises_is_started_again_after_longer_and_longer(supervisor: Supervisor, clock: Time) -> None:
    with capture_logs() as logs:
        await supervisor.start("taking over", failing(9))
        await supervisor.start("renewing holds", failing(5), longest=4.0)
    assert clock.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 1, 2, 4, 4, 4]
    assert [(log["event"], log["work"], log["error"]) for log in logs[:9]] == [
        ("background work failed", "taking over", "KeyError")
    ] * 9
    assert all(isinstance(log["exc_info"], KeyError) for log in logs)


async def test_what_went_well_for_a_while_begins_anew(supervisor: Supervisor, clock: Time) -> None:
    async def runs_for_long() -> None:
        clock.now += 61
        raise KeyError

    with capture_logs():
        await supervisor.start("it", failing(3))
        task = supervisor.start("other", runs_for_long)
        while len(clock.pauses) < 6:  # noqa: ASYNC110  # its only sign
            await asyncio.sleep(0)
        await supervisor.stop()
    assert task.cancelled()
    assert clock.pauses[:6] == [1, 2, 4, 1, 1, 1]


async def test_what_fails_is_told_until_it_has_gone_well_for_a_minute(supervisor: Supervisor, clock: Time) -> None:
    done = asyncio.Event()
    assert supervisor.failing == ""
    with capture_logs():
        one = supervisor.start("one", failing(2, until=done))
        two = supervisor.start("two", failing(1, StoreUnavailable("away")))
        await two
    assert supervisor.failing == "one (KeyError, 2 times), two (StoreUnavailable, 1 times)"
    clock.now += 59
    assert "one" in supervisor.failing
    clock.now += 10
    assert supervisor.failing == ""
    assert not one.done()
    done.set()
    await one


async def test_an_error_that_is_expected_has_no_trace(supervisor: Supervisor) -> None:
    with capture_logs() as logs:
        await supervisor.start("it", failing(1, StoreUnavailable("away")))
    assert logs[0]["exc_info"] is None
    assert logs[0]["reason"] == "away"


async def test_a_cancellation_that_comes_from_within_is_a_failure_like_others(
    supervisor: Supervisor, clock: Time
) -> None:
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cancelled.cancel()
    left = [cancelled]

    async def run() -> None:
        if left:
            await left.pop()

    with capture_logs() as logs:
        await supervisor.start("it", run)
    assert [log["error"] for log in logs] == ["CancelledError"]
    assert clock.pauses == [1]


async def test_all_of_it_ends_with_the_process() -> None:
    before, supervisor = asyncio.all_tasks(), Supervisor(time.monotonic)
    tasks = [supervisor.start("it", failing(0, until=asyncio.Event())) for _ in range(3)]
    await asyncio.sleep(0)
    await supervisor.stop()
    await supervisor.stop()
    assert all(task.cancelled() for task in tasks)
    assert asyncio.all_tasks() == before


# In the whole bot


async def tasks_at(port: int) -> tuple[int, object]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as response:
        return response.status, (await response.json())["tasks"]


async def test_a_watcher_that_fails_is_seen_and_starts_again(home: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, look = [0], Mailbox._left_to_others

    def broken_at_first(mailbox: Mailbox) -> list[tuple[str, str]]:
        looks[0] += 1
        if looks[0] == 1:
            raise KeyError("heard")
        return look(mailbox)

    monkeypatch.setattr(Mailbox, "_left_to_others", broken_at_first)
    async with home.bot() as bot:
        await home.slack.until(lambda: looks[0] >= 1)
        assert await tasks_at(bot.port) == (200, "failing: taking over (KeyError, 1 times)")
        await home.slack.until(lambda: looks[0] >= 2)
        await home.answered(await home.ask(f"{home.mention} why?"))
    monkeypatch.undo()
    async with home.bot() as bot:
        assert await tasks_at(bot.port) == (200, "ok")


async def test_its_lines_are_not_about_the_question_that_started_it(supervisor: Supervisor) -> None:
    seen = asyncio.Queue[dict[str, object]]()

    async def work() -> None:
        seen.put_nowait(structlog.contextvars.get_contextvars())

    with structlog.contextvars.bound_contextvars(ref="3fa9c1d0"):
        await supervisor.start("work", work)
    assert seen.get_nowait() == {}
