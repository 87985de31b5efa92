"""Starts the whole playground in this process: local Slack, local Flowise, tap, page, and the real bot."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.app import Bot
from bot.playground.browser_demo import people_in
from bot.playground.demo_setup import COMMAND
from bot.playground.flowise import LocalFlowise
from bot.playground.page import PageServer
from bot.playground.sandbox import Sandbox
from bot.playground.slack import LocalSlack
from bot.playground.tap import Tap

_KEY = "a-key-that-no-page-may-show"


@dataclass(frozen=True, slots=True)
class Stage:
    """A sandbox with a page: `url` is where a browser goes. The people and channels are those of the demo."""

    sandbox: Sandbox
    tap: Tap
    page: PageServer
    key: str | None

    @property
    def url(self) -> str:
        return self.page.url

    @property
    def slack(self) -> LocalSlack:
        return self.sandbox.slack

    @property
    def general(self) -> str:
        return self.sandbox.channel

    @asynccontextmanager
    async def bot(self, **changes: object) -> AsyncIterator[Bot]:
        """The real bot, connected, with these settings changed. It reaches Flowise through the tap, and the page
        watches it."""
        own: dict[str, object] = {
            "flowise_url": self.tap.url,
            "flowise_chatflow_id": self.tap.chatflow_id,
            "flowise_api_key": self.key,
            "slack_command": COMMAND,
            "bot_stop_grace": 0,
        }
        async with (
            self.sandbox.bot(**own | changes) as bot,
            self.page.watching(f"http://127.0.0.1:{bot.port}", bot.probe_soon),
        ):
            yield bot


@asynccontextmanager
async def stage(
    redis_url: str,
    *,
    tokens_per_second: float = 150.0,
    latency: float = 0.0,
    key: str | None = _KEY,
    wall: Callable[[], float] = time.time,
) -> AsyncIterator[Stage]:
    """The playground without a bot. Calls of Slack take `latency` seconds; `key` protects the local Flowise; `wall` is
    what the clocks of both servers show, in seconds since the epoch."""
    async with (
        LocalFlowise(tokens_per_second=tokens_per_second, api_key=key) as flowise,
        Tap(flowise, wall=wall) as tap,
    ):
        slack = LocalSlack(latency=latency, wall=wall)
        page = PageServer(slack, tap, redis_url)
        async with slack:
            people_in(slack)
            sandbox = Sandbox(slack, flowise, redis_url, slack.user("ada"), slack.channel("general"))
            yield Stage(sandbox, tap, page, key)
