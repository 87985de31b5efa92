"""Provides the store that tests run on, TEST_REDIS_URL or a private one, and reports where no browser was found."""

from __future__ import annotations

import asyncio
import gc
import math
import os
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import settings

from tests.examples import examples
from tests.groups import Groups

# The process that hands the tests out runs none: what only they need is loaded by them.
if TYPE_CHECKING:
    from bot.playground.sandbox import Sandbox
    from bot.store.redis import RedisStore

# Of those that name no number of their own.
settings.register_profile("ours", max_examples=examples(100))
settings.load_profile("ours")

# The fixtures of tests that run the whole bot, or put it on an own server, and of those that start servers of a kind.
_WHOLE = frozenset({"home", "own_redis", "servers"})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Schedule by groups, however xdist was asked to."""
    return Groups(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while the tests are collected, nor ever what they are: that took 40 % of a worker's start."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs the whole bot in this process, or programs beside it, as `program`: before marks select."""
    for item in items:
        if not _WHOLE.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.program)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was not run for want of a browser: a skipped test is a letter among thousands."""
    skipped = [report for report in terminalreporter.getreports("skipped") if "browser" in report.keywords]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests in a browser were not run: no Chromium was found. "
            "Install chromium-headless-shell, chromium or Google Chrome, or set CHROMIUM to the program."
        )


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis or Valkey to test on. Others may be on it too: keep to keys of your own, never FLUSH."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    from bot.store.embedded import EmbeddedValkey

    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    yield asyncio.run(server.start())
    asyncio.run(server.stop())


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisStore]:
    """A store that shares its keys with no other test."""
    from bot.store.redis import RedisStore

    store = RedisStore.at(redis_url, prefix=f"test-{uuid4().hex}")
    yield store
    await store.aclose()


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[str]:
    """A server of the test's own, for tests in which the same direct message would meet itself, or that stop it."""
    from bot.store.embedded import EmbeddedValkey

    server = EmbeddedValkey(tmp_path / "store")
    yield await server.start()
    await server.stop()


@pytest.fixture
async def home(request: pytest.FixtureRequest, own_redis: str) -> AsyncIterator[Sandbox]:
    """A local Slack and a local Flowise that answers as fast as it can; start bots with `home.bot()`.

    Its Slack allows ten times as much as the real one, and its bots know: tests would mostly wait for the one post a
    second of a channel. Where a test is marked `documented_limits`, it allows no more than the real one. Unless one is
    marked `tells_asker`, no request to its Flowise says who asks.
    """
    from bot.playground.sandbox import sandbox

    scale = 1 if request.node.get_closest_marker("documented_limits") else 10
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=scale) as built:
        yield built
        if not request.node.get_closest_marker("tells_asker"):
            assert [asked.body for asked in built.flowise.predictions if _tells_asker(asked.body)] == []


def _tells_asker(body: Mapping[str, object]) -> bool:
    return "overrideConfig" in body or str(body.get("question", "")).startswith("Asked ")
