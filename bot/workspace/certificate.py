"""Keeps at hand what was verified of Slack in one workspace, and doubts for a day what fails in daily use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from bot.background.tasks import Share
from bot.errors import StoreUnavailable
from bot.ports.notes import Certificates
from bot.slack.verified import NOTHING, Verified, verified

log = structlog.get_logger(__name__)

# Seconds between two looks at the store: a report comes a few times a year, and what fails is doubted here at once.
_APART: Final = 300.0
_FIRST_LOOK: Final = 0.5
_DAY: Final = 86_400.0


class Certificate:
    """What was verified in the workspace `team`, as the store has it. `now` is monotonic, in seconds."""

    def __init__(self, certificates: Certificates, team: str, tasks: Share, *, now: Callable[[], float]) -> None:
        self._certificates = certificates
        self._team = team
        self._tasks = tasks
        self._now = now
        self._report = ""
        self._read = NOTHING
        self._failed: dict[str, float] = {}
        """Until when each assumption is doubted that has failed here, also where the store could not be told."""

    @property
    def verified(self) -> Verified:
        """What may be relied on now."""
        now = self._now()
        return self._read.without(frozenset(name for name, until in self._failed.items() if now < until))

    def fail(self, name: str) -> None:
        """Doubt an assumption for a day, in all processes."""
        log.warning("assumption failed", assumption=name)
        self._failed[name] = self._now() + _DAY
        self._tasks.start(self._certificates.fail(self._team, name), name="assumption failed", later=True)

    async def begin(self) -> None:
        """Look at the store for the first time, so that the first answer is written like the others. One that does not
        answer is not waited for."""
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK):
                await self.look()

    async def watch(self) -> None:
        """Look at the store now and again. Never returns."""
        while True:
            await asyncio.sleep(_APART)
            with suppress(StoreUnavailable):
                await self.look()

    async def look(self) -> None:
        """Read what the store has. Raises StoreUnavailable."""
        report = await self._certificates.kept(self._team) or ""
        failed = await self._certificates.failed(self._team) if report else frozenset[str]()
        read = verified(report).without(failed) if report else NOTHING
        if read != self._read:
            log.info("report on Slack read", links_by_edit=read.links_by_edit, shares=dict(read.shares))
        if report != self._report:  # a newer run knows better than what has failed before
            self._report, self._failed = report, {}
        self._read = read
