"""Deletes the data of a workspace that has uninstalled the app, and takes nothing more from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from bot.mailbox.retry import retried
from bot.slack.token_state import TokenState

log = structlog.get_logger(__name__)

# An answer that was under way when the app went, here or in another replica, may note something behind our back.
_AFTERWARDS = 60.0
_AGAIN = 5.0


class DeletesData(Protocol):
    """A store, as far as it is needed here."""

    async def purge(self, team: str) -> int:
        """Delete what is kept of a workspace; returns how many things that were. Raises StoreUnavailable."""
        ...


class Uninstall:
    """The end of one workspace's installation, should it come. Times are in seconds."""

    def __init__(
        self,
        team: str,
        store: DeletesData,
        token: TokenState,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._team = team
        self._store = store
        self._token = token
        self._sleep = sleep
        self._reported = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Slack takes no calls of ours, so that nothing that it sends can be answered."""
        return bool(self._token.refusal)

    def report(self, event: str) -> None:
        """Slack says by this event that the app or its token is gone."""
        self._token.withdrawn(event)
        self._reported.set()

    async def run(self) -> None:
        """Delete the data each time an uninstallation was reported, until it is done. Never returns."""
        while True:
            await self._reported.wait()
            self._reported.clear()
            await self._deleted()
            await self._sleep(_AFTERWARDS)
            if self.is_over:
                await self._deleted()

    async def _deleted(self) -> None:
        count = await retried(lambda: self._store.purge(self._team), self._sleep, pause=_AGAIN, team=self._team)
        log.info("workspace data deleted", team=self._team, keys=count)
