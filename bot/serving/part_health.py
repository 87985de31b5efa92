"""Tells how the parts of the process are, in words without secrets: to `/readyz`, and to admins in Slack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.background.supervision import Supervisor
from bot.config.live import LiveConfiguration
from bot.errors import StoreUnavailable
from bot.serving.flows import ConnectedFlows
from bot.slack import wording_of_home as words
from bot.store.redis import RedisStore


class PartHealth:
    """How Redis, Flowise, the background work and the configuration are. `store` and `flows` are None until they are
    there; `hears_slack` tells whether Slack is heard."""

    def __init__(
        self, supervisor: Supervisor, live: LiveConfiguration, hears_slack: Callable[[], Awaitable[bool]]
    ) -> None:
        self._supervisor = supervisor
        self._live = live
        self._hears_slack = hears_slack
        self.store: RedisStore | None = None
        self.flows: ConnectedFlows | None = None

    def details(self) -> Mapping[str, Callable[[], Awaitable[str]]]:
        """What each part is asked by, for `Health`."""
        own = {"redis": self._redis, "flowise": self._flowise, "tasks": self._tasks}
        return own | ({"configuration": self._configuration} if self._live.has_file else {})

    async def told(self) -> tuple[tuple[str, str], ...]:
        """How Slack, Redis and each flow are, as admins read it."""
        slack = words.OK if await self._hears_slack() else words.AWAY
        flows = self.flows.states() if self.flows is not None else {}
        own = ((words.SLACK, slack), (words.REDIS, await self._redis()))
        return (*own, *((name or words.FLOWISE, state) for name, state in flows.items()))

    async def _flowise(self) -> str:
        return self.flows.state() if self.flows is not None else "not asked yet"

    async def _tasks(self) -> str:
        failing = self._supervisor.failing
        return f"failing: {failing}" if failing else "ok"

    async def _configuration(self) -> str:
        problem = self._live.problem
        return f"rejected, the one before holds: {problem}" if problem else "ok"

    async def _redis(self) -> str:
        try:
            if self.store is None:
                raise StoreUnavailable("it has not been asked yet")
            await self.store.ping()
        except StoreUnavailable as error:
            return f"away: {error}"
        return "ok"
