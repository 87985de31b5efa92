"""Measures the process itself: its build, how late its event loop runs, its Socket Mode connection."""

from __future__ import annotations

import asyncio
import platform
from typing import Final

from bot import __version__
from bot.metrics.families import QUICK, Families

_LAG_EVERY: Final = 0.5
"""Seconds between two measurements: short compared with a socket's pings, and only two wake-ups a second."""


class LoopMetrics:
    """Measures how late the event loop runs: while it is late, every answer and every socket waits."""

    def __init__(self, families: Families) -> None:
        self._lag = families.histogram("event_loop_lag_seconds", "How late the event loop ran a timer.", QUICK)
        build = families.gauge(
            "build_info",
            "Always 1; the labels say which versions and event loop are running.",
            ["version", "python", "loop"],
        )
        self._build = build

    async def watch(self) -> None:
        """Measure continually; never returns."""
        loop = asyncio.get_running_loop()
        kind = type(loop).__module__.partition(".")[0]
        self._build.labels(version=__version__, python=platform.python_version(), loop=kind).set(1)
        while True:
            due = loop.time() + _LAG_EVERY
            await asyncio.sleep(_LAG_EVERY)
            self._lag.observe(max(0.0, loop.time() - due))


class SocketMetrics:
    """The metrics of the Socket Mode connection. They do not exist if Slack sends events over HTTP."""

    def __init__(self, families: Families) -> None:
        self._connected = families.gauge("socket_connected", "1 while Socket Mode is connected, otherwise 0.")
        self._connections = families.counter(
            "socket_connections", "Socket Mode connections opened: the first one and each reconnect."
        )

    def greeted(self) -> None:
        """Count a new connection, on Slack's `hello`."""
        self._connections.inc()

    def connected(self, *, connected: bool) -> None:
        self._connected.set(connected)
