"""Watches by the bot's own health check whether it leaves Flowise alone after failures, and has it look again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp

_POLL_SECONDS = 0.5
_PATIENCE = aiohttp.ClientTimeout(total=2)
# What /readyz says of Flowise while questions are refused at once (bot/flowise/breaker.py).
_RESTING = "resting"


class BotWatch:
    """Says whether the bot rests; `changed` is called when that changes."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self.resting = False
        self._changed = changed
        self._probe_soon: Callable[[], object] = lambda: None
        self._woken = 0

    @asynccontextmanager
    async def watching(self, url: str, probe_soon: Callable[[], object]) -> AsyncIterator[None]:
        """Watch the bot whose health checks are at `url`; `probe_soon` has it look for Flowise at the next question."""
        self._probe_soon = probe_soon
        watching = asyncio.create_task(self._watch(f"{url}/readyz"))
        try:
            yield
        finally:
            self._probe_soon = lambda: None
            watching.cancel()
            await asyncio.wait([watching])
            self._note(resting=False)

    def wake(self) -> None:
        """End its rest."""
        self._woken += 1  # what was asked before this is no longer so
        self._probe_soon()
        self._note(resting=False)

    def _note(self, *, resting: bool) -> None:
        if resting != self.resting:
            self.resting = resting
            self._changed()

    async def _watch(self, address: str) -> None:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            while True:
                woken = self._woken
                # Without an answer, nothing is known of it: the demo itself sees when its bot has ended.
                with suppress(aiohttp.ClientError, TimeoutError, ValueError):
                    async with session.get(address) as response:
                        told = await response.json()
                    if woken == self._woken:
                        self._note(resting=str(told.get("flowise", "")).startswith(_RESTING))
                await asyncio.sleep(_POLL_SECONDS)
