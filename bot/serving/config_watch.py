"""Looks again and again at what the configuration is read from, so that each replica takes a change without a restart.

A change is in force after two looks that find the same: within three looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.config.live import LiveConfiguration
from bot.errors import StoreUnavailable

log = structlog.get_logger(__name__)


async def watch(
    live: LiveConfiguration,
    read_home: Callable[[], Awaitable[str]],
    seconds: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Look at the file, and at what admins have set in Slack, which `read_home` returns, each so many seconds. Never
    returns.

    While the store cannot be reached, what was set stays in force.
    """
    while True:
        # A file may be on a disk of the network.
        live.take(await asyncio.to_thread(live.read))
        try:
            live.take_home(await read_home())
        except StoreUnavailable as error:
            log.debug("settings of App Home not read", reason=str(error))
        await sleep(seconds)
