"""Tells the questions of this process that a person has stopped them, whichever process has heard the person.

One request asks for all of them, twice a second, and none is made while nothing is under way. A subscription would hold
a connection per process, and be lost unnoticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from bot.background.supervision import Supervisor
from bot.errors import StoreUnavailable
from bot.mailbox.durations import Durations
from bot.mailbox.lease import Lease
from bot.ports.mailboxes import Stops

log = structlog.get_logger(__name__)


class StopWatch:
    """Asks which questions were stopped, while any of the `leases`, by line and reference, is worked on."""

    def __init__(
        self, stops: Stops, supervisor: Supervisor, leases: Mapping[tuple[str, str], Lease], durations: Durations
    ) -> None:
        self._stops = stops
        self._supervisor = supervisor
        self._leases = leases
        self._durations = durations
        self._worked_on = 0
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Ask for as long as the context is open."""
        self._worked_on += 1
        if self._task is None:
            self._task = self._supervisor.start("hearing of stops", self._run, longest=self._durations.renewal)
        try:
            yield
        finally:
            self._worked_on -= 1
            if not self._worked_on and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                await asyncio.wait([task])

    async def _run(self) -> None:
        is_away = False
        while True:
            await asyncio.sleep(self._durations.stops)
            try:
                found = await self._stops.stopped()
            except StoreUnavailable as error:
                if not is_away:
                    log.info("stops not read", reason=str(error))
                is_away = True
                continue
            is_away = False
            for stopped in found:
                if lease := self._leases.get((stopped.line, stopped.reference)):
                    lease.stops(stopped.request)
