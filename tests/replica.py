"""Runs a bot in a process of its own, which a test can kill: its holds last as short as those of `SHORT`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.mailbox.durations import Durations
from bot.playground.program import environment
from bot.playground.sandbox import Sandbox

SHORT = Durations(lease=1.5, renewal=0.4)
"""A replica's hold on a thread, shortened for the tests: all that share a store must agree on it."""

_PROGRAM = f"""
from functools import partial
import bot.app
from bot.mailbox.durations import Durations
bot.app.Bot = partial(bot.app.Bot, durations={SHORT})
from bot.__main__ import main
main([])
"""


@asynccontextmanager
async def replica(home: Sandbox, folder: Path, **changes: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bot in a process of its own, connected; `changes` are settings as they stand in an environment."""
    settings = {
        "SLACK_BOT_TOKEN": home.slack.bot_token,
        "SLACK_APP_TOKEN": home.slack.app_token,
        "SLACK_API_URL": home.slack.url,
        "SLACK_EDIT_INTERVAL": "0.4",
        "SLACK_RATE_SCALE": f"{home.scale:g}",
        "FLOWISE_URL": home.flowise.url,
        "FLOWISE_CHATFLOW_ID": home.flowise.chatflow_id,
        "REDIS_URL": home.redis_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM), cwd=folder, env=environment(os.environ, settings | changes)
    )
    try:
        await home.slack.until(lambda: home.slack.sockets == 1, 20)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
