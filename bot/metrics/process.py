"""Knows what is counted of the process itself: what it is, how late its event loop runs, its Socket Mode connection."""

from __future__ import annotations

import asyncio
import platform
from typing import Final

from bot import __version__
from bot.metrics.families import QUICK, Families

_LAG_EVERY: Final = 0.5
"""Seconds between two looks at the loop's lateness: short beside the pings of a socket, and 2 wake-ups a second."""


class LoopMetrics:
    """How late the event loop is. What it does meanwhile keeps every answer and every socket waiting."""

    def __init__(self, families: Families) -> None:
        self._lag = families.histogram(
            "event_loop_lag_seconds", "How much later than asked for the event loop woke a sleeper.", QUICK
        )
        build = families.gauge("build_info", "1, with what is running.", ["version", "python", "loop"])
        self._build = build

    async def watch(self) -> None:
        """Look for as long as it runs; never ends."""
        loop = asyncio.get_running_loop()
        kind = type(loop).__module__.partition(".")[0]
        self._build.labels(version=__version__, python=platform.python_version(), loop=kind).set(1)
        while True:
            due = loop.time() + _LAG_EVERY
            await asyncio.sleep(_LAG_EVERY)
            self._lag.observe(max(0.0, loop.time() - due))


class SocketMetrics:
    """Socket Mode's connection. There are none where Slack comes by HTTP."""

    def __init__(self, families: Families) -> None:
        self._connected = families.gauge("socket_connected", "1 while Socket Mode is connected, else 0.")
        self._connections = families.counter(
            "socket_connections", "Connections that Slack has greeted: the first one, and each reconnect."
        )

    def greeted(self) -> None:
        """Slack has said hello on a new connection."""
        self._connections.inc()

    def connected(self, *, connected: bool) -> None:
        self._connected.set(connected)
